//! What the tests are written in: a server of their own, callers with credentials, and the taking
//! apart of what comes back.

mod backlog;
mod binary;
mod caller;
mod condition;
mod credential;
mod curl;
mod data;
mod failure;
mod figures;
mod fleet;
pub(crate) mod http;
mod known_key;
mod ledger;
mod load;
/// The published tables, read as the tests of the policy read them.
#[path = "../../crates/policy/tests/tables/pages.rs"]
pub(crate) mod pages;
mod replicas;
pub(crate) mod rest;
mod said;
mod server;
mod stepped_clock;
pub(crate) mod tls;
mod token;
mod watching;

pub(crate) use backlog::Backlog;
pub(crate) use binary::lanyard;
pub(crate) use caller::{Caller, issue_request, scopes, spec};
pub(crate) use condition::{DEADLINE, eventually};
pub(crate) use credential::{Bearer, Credential, now};
pub(crate) use curl::{Curled, curl};
pub(crate) use data::Data;
pub(crate) use failure::{describe, fields, reason, refused_field};
pub(crate) use figures::Figures;
pub(crate) use fleet::Fleet;
pub(crate) use known_key::KnownKey;
pub(crate) use ledger::{Ledger, Missing};
pub(crate) use load::Load;
pub(crate) use replicas::Replicas;
pub(crate) use rest::{Connection, Http, Request, Response, Rest};
pub(crate) use said::{Said, question};
pub(crate) use server::{Exited, Server};
pub(crate) use stepped_clock::SteppedClock;
pub(crate) use token::{Parts, forge, hs256};
pub(crate) use watching::Watching;
