//! One server.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::node::{Node, Recipe};
use crate::tls;

/// One server. It can do everything that a [`Node`] can.
pub struct Standalone {
    node: Node,
    authority: Option<PathBuf>,
}

impl Standalone {
    /// Starts a server that keeps what it acknowledges and asks nobody for a password.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A server that is different from that.
    pub fn builder() -> StandaloneBuilder {
        StandaloneBuilder::default()
    }

    /// Where it is, for somebody who need not log in.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme(), self.node.address())
    }

    /// Where it is, for somebody who logs in. A name or a password must need no escaping.
    #[must_use]
    pub fn url_as(&self, user: &str, password: &str) -> String {
        let (scheme, address) = (self.scheme(), self.node.address());
        format!("{scheme}://{user}:{password}@{address}")
    }

    /// The certificate, in PEM, of the authority that vouches for this server and for nothing else.
    /// Only a server that speaks TLS has one.
    #[must_use]
    pub fn authority(&self) -> &Path {
        self.authority.as_deref().expect("a server with TLS")
    }

    fn scheme(&self) -> &'static str {
        if self.authority.is_some() {
            "rediss"
        } else {
            "redis"
        }
    }
}

impl Deref for Standalone {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

/// What a server is to be.
#[derive(Default)]
#[must_use]
pub struct StandaloneBuilder {
    lines: Vec<String>,
    environment: Vec<(String, String)>,
    tls: bool,
}

impl StandaloneBuilder {
    /// Adds a line of configuration, which overrules any before it: `appendfsync everysec`,
    /// `requirepass secret`, `user alice on >secret ~* +@all`, `maxmemory 10mb`. An `aclfile` is refused
    /// by the engine, since the fixture has a user of its own among the lines.
    pub fn config(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// Adds a variable to the environment of the server's processes.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Has the server speak TLS, with a certificate for 127.0.0.1 and `localhost`, and nothing else.
    pub const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Starts the server and waits until it answers.
    #[must_use]
    pub fn start(self) -> Standalone {
        let home = Node::new_home();
        let files = self.tls.then(|| tls::Files::new(home.path()));
        let recipe = Recipe {
            sentinel: false,
            listen: &|port| match &files {
                Some(files) => files.listen(port),
                None => format!("port {port}"),
            },
            lines: &self.lines,
            environment: &self.environment,
        };
        Standalone {
            node: Node::start(home, &recipe),
            authority: files.map(tls::Files::into_authority),
        }
    }
}
