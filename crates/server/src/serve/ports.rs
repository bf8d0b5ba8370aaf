//! The ports that a process binds before it does anything else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use super::{args::ServeArgs, error::ServeError, public_endpoint::PublicEndpoint};

/// What is bound.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) service: TcpListener,
    pub(super) admin: TcpListener,
    is_tls: bool,
}

/// Where this process listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) service: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) scheme: &'static str,
}

impl Ports {
    pub(super) async fn bind(args: &ServeArgs, is_tls: bool) -> Result<Self, ServeError> {
        Ok(Self {
            service: bind("--listen", args.listen, is_tls || args.plaintext).await?,
            admin: bind("--admin-listen", args.admin_listen, true).await?,
            is_tls,
        })
    }

    pub(super) fn bound(&self) -> Result<Bound, ServeError> {
        Ok(Bound {
            service: self
                .service
                .local_addr()
                .map_err(ServeError::system("read the bound address"))?,
            admin: self
                .admin
                .local_addr()
                .map_err(ServeError::system("read the bound address"))?,
            scheme: if self.is_tls { "https" } else { "http" },
        })
    }
}

impl Bound {
    pub(super) fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.service)
    }

    /// Where clients are told to call it.
    pub(super) fn told(&self, public: Option<&PublicEndpoint>) -> String {
        public.map_or_else(|| self.local_endpoint(), PublicEndpoint::to_string)
    }

    /// Where to call it from this machine: an address that stands for all of them is none to call.
    fn local_endpoint(&self) -> String {
        let mut address = self.service;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        format!("{}://{address}", self.scheme)
    }
}

pub(crate) async fn bind(
    flag: &'static str,
    address: SocketAddr,
    may_be_reached: bool,
) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() && !may_be_reached {
        return Err(ServeError::NotLoopback { flag, address });
    }
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| ServeError::Listen {
        flag,
        address,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_beyond_this_machine_is_bound_only_where_that_was_said() {
        let any = "0.0.0.0:0".parse().unwrap();
        let refused = bind("--listen", any, false).await.unwrap_err();
        assert!(matches!(
            &refused,
            ServeError::NotLoopback {
                flag: "--listen",
                ..
            }
        ));
        assert!(refused.to_string().contains("--plaintext"));
        assert!(bind("--listen", any, true).await.is_ok());
        for loopback in ["127.0.0.1:0", "127.9.9.9:0"] {
            assert!(
                bind("--listen", loopback.parse().unwrap(), false)
                    .await
                    .is_ok()
            );
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_its_flag() {
        let taken = bind("--listen", "127.0.0.1:0".parse().unwrap(), false)
            .await
            .unwrap();
        let refused = bind("--admin-listen", taken.local_addr().unwrap(), true)
            .await
            .unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("choose another with --admin-listen")
        );
    }
}
