//! What the tests are written in: a server of their own, callers with credentials, and the taking
//! apart of what comes back.

mod binary;
mod caller;
mod condition;
mod credential;
mod data;
mod failure;
pub(crate) mod http;
mod known_key;
/// The published tables, read as the tests of the policy read them.
#[path = "../../crates/policy/tests/tables/pages.rs"]
pub(crate) mod pages;
mod replicas;
mod server;
mod token;
mod watching;

pub(crate) use binary::lanyard;
pub(crate) use caller::{Caller, issue_request, scopes, spec};
pub(crate) use condition::{DEADLINE, eventually};
pub(crate) use credential::{Bearer, Credential, now};
pub(crate) use data::Data;
pub(crate) use failure::{describe, fields, reason, refused_field};
pub(crate) use known_key::KnownKey;
pub(crate) use replicas::Replicas;
pub(crate) use server::{Exited, Server};
pub(crate) use token::{Parts, forge, hs256};
pub(crate) use watching::Watching;
