//! The rules of the authority.
//!
//! [`Authority`] is what a server puts on the wire. It decides; the store beneath it makes its
//! decisions atomic and durable, and the [`View`](lanyard_revocation::View) beside it is what the
//! authority's own checks go by.
//!
//! Every call takes a proof of who asks: [`Authority::authenticate`] turns a bearer into a
//! [`Caller`], and a caller into an [`Operator`], a [`KeyHolder`], a [`Checker`] or a [`Watcher`], if
//! the role allows. The calls take those and nothing less, so that a call without its authorization does not
//! compile.
//!
//! | file | idea |
//! |---|---|
//! | `authority` | the struct and what all calls share |
//! | `bearer`, `caller` | who asks |
//! | `signature`, `signers` | who asks by a signature that names no key |
//! | `tenancy`, `access_keys`, `service_keys` | what operators manage |
//! | `identities`, `tokens` | what the holders of access keys manage |
//! | `signing_keys`, `keyring` | the keys that sign |
//! | `follow` | keeping the view complete and fresh, and the log whole |
//! | `log_repair` | what an operator does about a log that is not |
//! | `feed` | handing all of that on to enforcement points |
//! | `first_turn`, `bootstrap` | the first start on an empty store |
//! | `secret`, `seal`, `entropy`, `ids`, `names`, `paging`, `issue_times`, `refusals`, `remembered` | what they need |

mod access_keys;
mod authority;
mod bearer;
mod bootstrap;
mod caller;
mod entropy;
mod error;
mod feed;
mod first_turn;
mod follow;
mod identities;
mod ids;
mod issue_times;
mod keyring;
mod log_repair;
mod names;
mod paging;
mod refusals;
mod remembered;
mod seal;
mod secret;
mod service_keys;
mod signature;
mod signers;
mod signing_keys;
mod tenancy;
mod tokens;
mod write_check;

pub use self::{
    access_keys::{AccessKey, RotatedKey},
    authority::{Authority, Settings},
    bearer::{BEARER_AUDIENCE, MAX_BEARER_LIFETIME},
    bootstrap::{Bootstrap, BootstrapError},
    caller::{Caller, Checker, KeyHolder, LoneEnforcer, Operator, Watcher},
    entropy::{Entropy, EntropyError, SystemEntropy},
    error::{Entity, Error},
    feed::{FeedPlace, News, NoFurther, Snapshot, SnapshotList, TrustFeed},
    first_turn::FirstTurn,
    follow::{LogFault, LogStatus, RetentionStatus},
    identities::CreatedIdentity,
    log_repair::LogFaults,
    names::{CustomId, DisplayName, NameError, ResourceName},
    paging::{PageError, PageRequest, PageSize, PageToken, Paged},
    seal::{MasterKey, MasterKeyError, SealError},
    secret::Secret,
    service_keys::{ServiceKey, ServiceRole},
    signature::{Signed, Sought},
    signing_keys::RevokedSigningKey,
    tokens::{IssuedToken, TokenSpec},
};
