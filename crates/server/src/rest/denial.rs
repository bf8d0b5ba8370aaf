//! Why a signature is refused. The log is told, and callers only if the operator wants that.

use std::time::Duration;

use lanyard_token::ResourceId;

/// What is wrong with a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denial {
    /// A header that it needs is not there.
    #[error("the header `{0}` is missing")]
    HeaderMissing(&'static str),
    /// A header that it needs is there more than once.
    #[error("the header `{0}` is there more than once")]
    HeaderTwice(&'static str),
    /// A header that it needs is not what it should be.
    #[error("the header `{0}` cannot be read")]
    HeaderUnreadable(&'static str),
    /// It is none.
    #[error(
        "the header `authorization` is not of the form \
         `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=...`"
    )]
    NotAnHmac,
    /// It covers something else.
    #[error("the signed headers are not exactly `x-ms-date;host;x-ms-content-sha256`")]
    OtherHeadersSigned,
    /// Its date is none.
    #[error("the date is not one such as `Sun, 22 Nov 2026 03:17:15 GMT`")]
    DateUnreadable,
    /// Its date is too old or too far ahead.
    #[error(
        "the date is {} seconds {} the clock of this server, and at most 900 are accepted",
        .off.as_secs(),
        if *.is_behind { "behind" } else { "ahead of" }
    )]
    DateOff {
        /// How far off.
        off: Duration,
        /// Which way.
        is_behind: bool,
    },
    /// The body is another one.
    #[error(
        "the body hash differs: the body that came is not the one whose hash is in \
         `x-ms-content-sha256`"
    )]
    OtherBody,
    /// The hash that was sent is not the one that was signed, and that is the body's.
    #[error(
        "the body hash differs: that of the body was signed, but `x-ms-content-sha256` is another"
    )]
    OtherHash,
    /// The key was good when it was last looked at, and is gone.
    #[error("the access key that signed this is gone: it was rotated, or its resource deleted")]
    KeyGone,
    /// No key has signed this request, and it is known how what was signed differs.
    #[error("{0}")]
    Differs(&'static str),
    /// No key has signed this request, for whatever reason.
    #[error(
        "no access key of {} has signed this: compare it with what was signed, and if \
         host, path, date and hash are the same, the access key is another one: {text:?}",
        list(.resources)
    )]
    NotSigned {
        /// What should have been signed.
        text: String,
        /// Whose keys were tried.
        resources: Vec<ResourceId>,
    },
    /// There is no resource that is meant.
    #[error(
        "neither the host nor the identity says which resource is meant, and there is none of the \
         name that --default-resource gives"
    )]
    NoResource,
}

fn list(resources: &[ResourceId]) -> String {
    let named = resources.iter().map(|id| format!("resource `{id}`"));
    named.collect::<Vec<_>>().join(" or ")
}
