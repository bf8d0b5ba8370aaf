//! Where an enforcement point listens: TCP, or a socket in the file system.

use std::{
    fmt, fs,
    io::{self, ErrorKind},
    net::SocketAddr,
    os::unix::{fs::FileTypeExt as _, net::UnixStream as BlockingStream},
    path::{Path, PathBuf},
    str::FromStr,
};

use futures_util::{Stream, stream};
use tokio::net::{UnixListener, UnixStream};

use super::uds_authority::UdsAuthority;
use crate::serve::or_pause;

/// An address as it is written on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListenAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// `unix:` and a path.
    Unix(PathBuf),
}

/// Neither of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an address such as 127.0.0.1:7401, or unix:PATH")]
pub(crate) struct InvalidListenAddress;

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some("") => Err(InvalidListenAddress),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| InvalidListenAddress),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Listens on a socket in the file system. One that a process left there which has gone is replaced;
/// one that answers, or anything else of that name, is not.
pub(super) fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let found = fs::symlink_metadata(path);
    if found.is_ok_and(|found| found.file_type().is_socket()) {
        match BlockingStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            Ok(_) | Err(_) => return Err(ErrorKind::AddrInUse.into()),
        }
    }
    UnixListener::bind(path)
}

/// The connections to a socket, one after the other.
pub(super) fn connections(
    listener: UnixListener,
) -> impl Stream<Item = io::Result<UdsAuthority<UnixStream>>> + Send {
    stream::unfold(listener, async |listener| {
        loop {
            let accepted = listener.accept().await.map(|(connection, _)| connection);
            if let Some(connection) = or_pause(accepted).await {
                return Some((Ok(UdsAuthority::new(connection)), listener));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_two_forms() {
        for text in ["127.0.0.1:7401", "[::1]:0", "unix:/run/lanyard.sock"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for text in ["", "unix:", "7401", "localhost:7401", "/run/x"] {
            assert_eq!(text.parse::<ListenAddress>(), Err(InvalidListenAddress));
        }
    }

    #[tokio::test]
    async fn a_socket_that_was_left_behind_is_replaced_and_one_in_use_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = bind_unix(&path).unwrap();
        assert_eq!(bind_unix(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        drop(listener);
        bind_unix(&path).unwrap();
    }

    #[tokio::test]
    async fn a_file_of_that_name_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "mine").unwrap();
        assert!(bind_unix(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}
