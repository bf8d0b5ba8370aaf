//! Access tokens: what they say, how they are made, and how they are told from all others.
//!
//! A token is a JWT with one algorithm, one header and one set of claims. [`SigningKey::mint`]
//! makes it; [`Verifier::authenticate`] and then [`VerifiedToken::at`] check it. Neither reads a
//! clock, draws a random number or fetches a key: time, ids and keys come in as arguments.
//!
//! # The order of checks, and why
//!
//! Each check may rely on those before it, and none does work that an earlier one would have
//! spared.
//!
//! 1. **Size**, before anything is looked at: at most [`MAX_TOKEN_BYTES`]. Everything later is work
//!    that a stranger can order, and this bounds it.
//! 2. **Shape**: three segments, each in the only base64url there is for its bytes, the last of 64
//!    bytes. One token has one text, so that a cache or a log of tokens cannot be fooled by
//!    another.
//! 3. **Header**: `alg`, `typ` and `kid` and nothing else. `alg` is compared with the two names of
//!    Ed25519 and chooses nothing: a verifier that lets the token choose can be told to take the
//!    public key for a shared secret, or to check nothing at all. A header that says more could
//!    bring its own key or ask for another reading. `typ` keeps other kinds of signed tokens out.
//! 4. **Key**: the one of that `kid`, from the set that was handed in. An unknown one is refused
//!    and never fetched, else strangers could make a verifier fetch.
//! 5. **Signature**, strictly, over the bytes that were sent. Nothing that the token claims is
//!    parsed before, so the reader of claims meets only what the authority wrote.
//! 6. **Was the key revoked?** Asked now and not earlier: only who holds a real token learns it.
//! 7. **Claims**: each exactly once and of exactly its type. A signature proves who wrote the text,
//!    not that two readers understand it alike.
//! 8. **Issuer and audience**: the authority may sign for others, too.
//! 9. **Times**, apart from all of the above because only they change: [`VerifiedToken::at`].
//!
//! Whether a token has been revoked, and what its scopes allow, is for other crates to say.

mod acs;
mod algorithm;
mod claims;
mod clock;
mod compact;
mod excerpt;
mod header;
mod ids;
mod key_set;
mod key_state;
mod lifetime;
mod log_limit;
mod object;
mod passed_over;
mod payload;
mod position;
mod seen;
mod signing;
mod text;
mod time;
mod verify;

pub use acs::MAX_NAME_BYTES_WITH_ACS_CLAIMS;
pub use algorithm::{TokenAlgorithm, UnknownTokenAlgorithm};
pub use claims::{Audience, Claims, InvalidPartyName, Issuer};
pub use clock::{Clock, ClockError, ManualClock, SystemClock};
pub use compact::MAX_TOKEN_BYTES;
pub use excerpt::excerpt;
pub use ids::{CredentialId, IdentityId, InvalidId, KeyId, ResourceId, SubscriptionId, TokenId};
pub use key_set::{InvalidPublicKey, KeySet, PublicKey, PublishedKey};
pub use key_state::{KeyState, KeyStateError};
pub use lifetime::{LEEWAY, Lifetime, LifetimeError, PropagationBound, PropagationBoundError};
pub use log_limit::LogLimit;
pub use object::{Object, not_null, read_object};
pub use position::{InvalidPosition, Position};
pub use seen::Seen;
pub use signing::{MintError, SigningKey};
pub use time::{BootTime, UnixTime};
pub use verify::{TokenRefusal, VerifiedToken, Verifier};
