//! What `--out` writes: credential files, in the forms that [`credential_file`] reads.
//!
//! Each also says where the authority is, so that `--credential FILE` alone is enough to call it.
//!
//! [`credential_file`]: super::credential_file

use lanyard_proto::v1::{AccessKey, AccessKeySlot, Resource, ServiceKey, ServiceKeyRole};

use super::names;
use super::records::SECRET;
use super::render::Record;
use super::secret::Secret;
use crate::serve::PublicEndpoint;

/// The file of a new resource: what its callers need to reach it. It has no connection string where
/// the authority was called by what is no endpoint for others, such as a URL with a path.
pub(super) fn resource(resource: &Resource, keys: &[AccessKey], endpoint: &str) -> Record {
    let of_slot = |slot| keys.iter().find(|key| key.slot() == slot);
    let mut kept = Record::new()
        .text("endpoint", endpoint)
        .text("subscription_id", &resource.subscription_id)
        .text("resource_id", &resource.id);
    let primary = of_slot(AccessKeySlot::Primary);
    if let Some(key) = primary {
        kept = kept.record("primary", credential(key));
    }
    if let Some(key) = of_slot(AccessKeySlot::Secondary) {
        kept = kept.record("secondary", credential(key));
    }
    match (primary, endpoint.parse()) {
        (Some(key), Ok(public)) => {
            let made = connection_string(&public, &key.secret);
            kept.secret("connection_string", made)
        }
        _ => kept,
    }
}

/// The file of a rotated access key.
pub(super) fn access_key(key: &AccessKey, resource_id: &str, endpoint: &str) -> Record {
    Record::new()
        .text("endpoint", endpoint)
        .text("resource_id", resource_id)
        .text("id", &key.id)
        .told(SECRET, key.secret.clone())
        .text("slot", names::typed_of::<AccessKeySlot>(key.slot))
}

/// The file of a new service key.
pub(super) fn service_key(key: &ServiceKey, endpoint: &str) -> Record {
    Record::new()
        .text("endpoint", endpoint)
        .text("id", &key.id)
        .told(SECRET, key.secret.clone())
        .text("role", names::typed_of::<ServiceKeyRole>(key.role))
}

fn credential(key: &AccessKey) -> Record {
    Record::new()
        .text("id", &key.id)
        .told(SECRET, key.secret.clone())
}

/// The form that the Azure SDKs take.
pub(super) fn connection_string(endpoint: &PublicEndpoint, secret: &str) -> Secret {
    Secret::new(format!("endpoint={endpoint}/;accesskey={secret}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::client::credential_file::{CredentialFile, Role};

    #[test]
    fn the_file_of_a_resource_holds_what_its_callers_need() {
        let about = Resource {
            id: "r".to_owned(),
            subscription_id: "s".to_owned(),
            ..Resource::default()
        };
        let keys = [
            key("k1", AccessKeySlot::Primary),
            key("k2", AccessKeySlot::Secondary),
        ];

        let kept = resource(&about, &keys, "http://127.0.0.1:7400/");

        let expected = serde_json::json!({
            "endpoint": "http://127.0.0.1:7400/",
            "subscription_id": "s",
            "resource_id": "r",
            "primary": {"id": "k1", "secret": "AQ=="},
            "secondary": {"id": "k2", "secret": "AQ=="},
            "connection_string": "endpoint=http://127.0.0.1:7400/;accesskey=AQ==",
        });
        assert_eq!(serde_json::to_value(&kept).expect("JSON"), expected);
        assert_eq!(id_of(&read(&kept), Role::Secondary), "k2");
    }

    #[test]
    fn the_file_of_a_resource_has_no_connection_string_that_leads_nowhere() {
        let keys = [key("k1", AccessKeySlot::Primary)];
        for endpoint in ["https://h/path", "https://a@h", "unix:/run/lanyard"] {
            let kept = resource(&Resource::default(), &keys, endpoint);
            let kept = serde_json::to_value(&kept).expect("JSON");
            assert_eq!(kept["endpoint"], endpoint);
            assert_eq!(kept.get("connection_string"), None, "{endpoint}");
        }
    }

    #[test]
    fn a_connection_string_leaves_out_the_port_that_goes_without_saying_and_no_other() {
        for (endpoint, told) in [
            ("https://lanyard.example:443", "https://lanyard.example"),
            ("http://lanyard.example:80/", "http://lanyard.example"),
            ("https://[::1]:443", "https://[::1]"),
            ("https://lanyard.example:80", "https://lanyard.example:80"),
            ("http://lanyard.example:443", "http://lanyard.example:443"),
            (
                "https://lanyard.example:7443",
                "https://lanyard.example:7443",
            ),
            ("https://lanyard.example", "https://lanyard.example"),
        ] {
            let public = endpoint.parse().expect("an endpoint");
            let made = connection_string(&public, "AQ==");
            assert_eq!(made.expose(), format!("endpoint={told}/;accesskey=AQ=="));
        }
    }

    #[test]
    fn the_file_of_an_access_key_names_its_slot_and_resource() {
        let file = read(&access_key(
            &key("k2", AccessKeySlot::Secondary),
            "r",
            "http://h",
        ));

        assert_eq!(id_of(&file, Role::Secondary), "k2");
        assert!(file.of_role(Role::Primary).is_err());
        assert_eq!(file.resource_id.as_deref(), Some("r"));
        assert_eq!(file.endpoint.as_deref(), Some("http://h"));
    }

    #[test]
    fn the_file_of_a_service_key_names_its_role() {
        for (role, name) in [
            (ServiceKeyRole::Operator, Role::Operator),
            (ServiceKeyRole::Enforcer, Role::Enforcer),
        ] {
            let key = ServiceKey {
                id: "k".to_owned(),
                role: role.into(),
                create_time: None,
                secret: "AQ==".to_owned(),
            };
            assert_eq!(id_of(&read(&service_key(&key, "http://h")), name), "k");
        }
    }

    fn read(kept: &Record) -> CredentialFile {
        let text = serde_json::to_string(kept).expect("JSON");
        CredentialFile::parse(Path::new("file.json"), &text).expect("a credential file")
    }

    fn id_of(file: &CredentialFile, role: Role) -> String {
        file.of_role(role)
            .expect("a credential of the role")
            .credential
            .id
    }

    fn key(id: &str, slot: AccessKeySlot) -> AccessKey {
        AccessKey {
            id: id.to_owned(),
            slot: slot.into(),
            create_time: None,
            secret: "AQ==".to_owned(),
        }
    }
}
