//! The versions of the interface, which each request names.

use lanyard_token::excerpt;

use super::{errors::Fault, target::Target};

/// A version of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ApiVersion {
    name: &'static str,
    has_custom_ids: bool,
}

impl ApiVersion {
    /// The version that a request names.
    pub(super) fn of(target: &Target<'_>) -> Result<Self, Fault> {
        let named = target
            .parameter(API_VERSION)
            .filter(|name| !name.is_empty());
        let named = named.ok_or(Fault::VersionMissing)?;
        let known = VERSIONS.into_iter().find(|known| known.name == named);
        known.ok_or_else(|| Fault::VersionUnknown(excerpt(&named)))
    }

    /// Its name.
    pub(super) const fn as_str(&self) -> &'static str {
        self.name
    }

    /// Whether identities have custom ids in it and tell when a token was last issued for them.
    pub(super) const fn has_custom_ids(&self) -> bool {
        self.has_custom_ids
    }
}

const fn first(name: &'static str) -> ApiVersion {
    ApiVersion {
        name,
        has_custom_ids: false,
    }
}

const fn later(name: &'static str) -> ApiVersion {
    ApiVersion {
        name,
        has_custom_ids: true,
    }
}

/// All of them, the oldest first.
const VERSIONS: [ApiVersion; 8] = [
    first("2021-03-07"),
    first("2022-06-01"),
    first("2022-10-01"),
    first("2023-10-01"),
    later("2025-03-02-preview"),
    later("2025-06-30"),
    later("2026-07-22"),
    later("2026-09-23"),
];

/// What each answer says of them.
pub(super) const SUPPORTED: &str = "2021-03-07, 2022-06-01, 2022-10-01, 2023-10-01, \
     2025-03-02-preview, 2025-06-30, 2026-07-22, 2026-09-23";

/// The parameter that names one.
pub(super) const API_VERSION: &str = "api-version";

#[cfg(test)]
mod tests {
    use axum::http::Uri;

    use super::*;

    fn of(query: &str) -> Result<ApiVersion, Fault> {
        let uri: Uri = format!("/identities{query}").parse().unwrap();
        ApiVersion::of(&Target::from(&uri))
    }

    #[test]
    fn what_is_said_to_be_supported_is_what_is() {
        assert_eq!(VERSIONS.map(|version| version.name).join(", "), SUPPORTED);
        for version in VERSIONS {
            let named = of(&format!("?api-version={}", version.name));
            assert_eq!(named.unwrap(), version);
        }
    }

    #[test]
    fn custom_ids_came_with_the_preview_of_2025() {
        let with: Vec<_> = VERSIONS.iter().filter(|one| one.has_custom_ids()).collect();
        assert_eq!(with.first().unwrap().name, "2025-03-02-preview");
        assert_eq!(with.len(), 4);
    }

    #[test]
    fn none_or_another_is_refused() {
        for none in [
            "",
            "?",
            "?api-version",
            "?api-version=",
            "?version=2023-10-01",
        ] {
            assert!(matches!(of(none), Err(Fault::VersionMissing)), "{none}");
        }
        for other in [
            "2023-10-02",
            "2023-10-01-preview",
            "2023-10-01%20",
            "latest",
        ] {
            let found = of(&format!("?api-version={other}"));
            assert!(matches!(found, Err(Fault::VersionUnknown(_))), "{other}");
        }
    }
}
