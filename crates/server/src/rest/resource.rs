//! Which resource a request may be for, going by its host.

use std::net::IpAddr;

use lanyard_authority::ResourceName;

use super::signature::without_port;

/// What the first label of the host says, if it can be the name of a resource. An address is no name,
/// although its first number could be one.
pub(super) fn of_host(host: &str) -> Option<ResourceName> {
    let host = without_port(host);
    let is_address = host.parse::<IpAddr>().is_ok() || host.starts_with('[');
    let label = host.split('.').next().filter(|_| !is_address)?;
    label.to_ascii_lowercase().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_label_of_a_host_may_name_a_resource() {
        for (host, name) in [
            ("contoso.example.com", "contoso"),
            ("contoso.example.com:443", "contoso"),
            ("CONTOSO", "contoso"),
            ("localhost:7400", "localhost"),
        ] {
            assert_eq!(of_host(host).unwrap().as_str(), name, "{host}");
        }
    }

    #[test]
    fn an_address_or_what_is_no_label_names_none() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:7400",
            "[::1]:7400",
            "[::1]",
            "",
            "_x.y",
            ".a",
        ] {
            assert_eq!(of_host(host), None, "{host}");
        }
    }
}
