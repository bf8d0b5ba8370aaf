//! Lists in pages: how many, from where, and the token that leads on.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use lanyard_store::Page;
use uuid::Uuid;

/// What is wrong with a request for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The size.
    #[error("must be from 1 to {MAX_PAGE}, or 0 for {DEFAULT_PAGE}, not {0}")]
    Size(i32),
    /// The token.
    #[error("must be the next_page_token of the page before, unchanged, or empty")]
    Token,
}

/// How many to return at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(usize);

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageToken(Option<Uuid>);

/// A request for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many to return at most.
    pub size: PageSize,
    /// Where it begins.
    pub token: PageToken,
}

/// A page, and the token of the next one; empty on the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paged<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins.
    pub next_page_token: String,
}

impl TryFrom<i32> for PageSize {
    type Error = PageError;

    fn try_from(size: i32) -> Result<Self, Self::Error> {
        match usize::try_from(size) {
            Ok(0) => Ok(Self(DEFAULT_PAGE)),
            Ok(size) if size <= MAX_PAGE => Ok(Self(size)),
            _ => Err(PageError::Size(size)),
        }
    }
}

impl std::str::FromStr for PageToken {
    type Err = PageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| PageError::Token)?;
        Uuid::from_slice(&bytes)
            .map(|id| Self(Some(id)))
            .map_err(|_| PageError::Token)
    }
}

impl PageRequest {
    /// What to ask the store for: one more than the page holds, which tells whether there is a next.
    pub(crate) fn lookup<K>(&self, key: impl FnOnce(Uuid) -> K) -> Page<K> {
        Page {
            after: self.token.0.map(key),
            limit: self.size.0.saturating_add(1),
        }
    }

    /// Makes the page from what the store gave.
    pub(crate) fn page<T>(&self, mut items: Vec<T>, id: impl FnOnce(&T) -> Uuid) -> Paged<T> {
        let has_next = items.len() > self.size.0;
        items.truncate(self.size.0);
        let last = items.last().filter(|_| has_next);
        let next_page_token = last
            .map(|last| BASE64_URL_SAFE_NO_PAD.encode(id(last).as_bytes()))
            .unwrap_or_default();
        Paged {
            items,
            next_page_token,
        }
    }
}

const DEFAULT_PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_1000_and_0_means_100() {
        for (given, size) in [(0, 100), (1, 1), (1000, 1000)] {
            assert_eq!(PageSize::try_from(given), Ok(PageSize(size)));
        }
        for bad in [-1, 1001, i32::MIN, i32::MAX] {
            assert_eq!(PageSize::try_from(bad), Err(PageError::Size(bad)));
        }
    }

    #[test]
    fn only_a_page_with_a_next_one_has_a_token_and_it_leads_on() {
        let request = PageRequest {
            size: PageSize(2),
            token: PageToken(None),
        };
        let ids = [1, 2, 3].map(Uuid::from_u128);
        let first = request.page(ids.to_vec(), |id| *id);
        assert_eq!(first.items, ids[..2]);
        let token: PageToken = first.next_page_token.parse().unwrap();
        assert_eq!(token, PageToken(Some(ids[1])));
        assert_eq!(
            request.page(ids[..2].to_vec(), |id| *id).next_page_token,
            ""
        );
    }

    #[test]
    fn a_changed_token_is_refused() {
        for bad in [
            "x",
            "====",
            "AAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(bad.parse::<PageToken>(), Err(PageError::Token), "{bad}");
        }
    }
}
