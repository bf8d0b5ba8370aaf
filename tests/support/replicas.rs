//! Replicas of the authority on one Redis, with the files that they share.

use std::process::Command;

use super::{Data, Exited, Server, lanyard};

/// Where a store on Redis is, and what its replicas are started with. Each gets free ports, the same
/// master key file and the same place for the first credentials.
#[derive(Clone, Debug)]
pub(crate) struct Replicas {
    url: String,
    data: Data,
    flags: Vec<String>,
}

impl Replicas {
    /// On these servers, which are named as `--redis` has them.
    pub(crate) fn on(url: &str) -> Self {
        Self::with(url, &[])
    }

    /// The same, with further flags for each of them.
    pub(crate) fn with(url: &str, flags: &[&str]) -> Self {
        let data = Data::new();
        std::fs::create_dir(data.path()).expect("a directory");
        Self {
            url: url.to_owned(),
            data,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        }
    }

    /// The files that they share. The first credentials are among them.
    pub(crate) const fn data(&self) -> &Data {
        &self.data
    }

    /// Starts one more.
    pub(crate) async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// Starts one more with flags of its own.
    pub(crate) async fn start_with(&self, flags: &[&str]) -> Server {
        Server::run(&self.data, self.command(flags)).await
    }

    /// Starts one that is expected to give up, and waits until it has.
    pub(crate) async fn refuses_to_start(&self, flags: &[&str]) -> Exited {
        Server::gives_up(self.command(flags)).await
    }

    /// What starts one more.
    pub(crate) fn command(&self, flags: &[&str]) -> Command {
        let mut command = self.command_without_url(flags);
        command.args(["--redis", &self.url]);
        command
    }

    /// The same without the servers, which are to be named by the environment.
    pub(crate) fn command_without_url(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(lanyard());
        command.arg("serve").env_clear();
        let said: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let said = [&said[..], flags].concat();
        for (flag, path) in [
            ("--master-key-file", self.data.master_key_path()),
            ("--bootstrap-file", self.data.bootstrap_path()),
        ] {
            if !said.contains(&flag) {
                command.arg(flag).arg(path);
            }
        }
        // Replicas go and come back.
        let address = Server::own_address();
        let listen = ["--listen", address.as_str()];
        let listens = said.contains(&listen[0]);
        let own = if listens { &[][..] } else { &listen };
        Server::on_free_ports(&mut command, &[&said, own].concat());
        command
    }
}
