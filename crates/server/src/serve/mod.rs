//! `lanyard serve`: the authority as a process.
//!
//! | file | idea |
//! |---|---|
//! | `args`, `redis_args`, `redis_servers`, `rest_args` | what can be chosen, and its limits |
//! | `ports`, `signals` | what a process has of the system |
//! | `public_endpoint` | where clients call it, if that is not where it listens |
//! | `tls` | what is spoken on the service port, if not plain text |
//! | `open`, `home` | the store, of either kind, and the files that go with it |
//! | `bootstrap_file`, `endpoint_rewrite`, `master_key`, `files` | those files, and how they are written |
//! | `start` | from a store to an authority that can serve |
//! | `run` | from nothing to serving, and back |
//! | `announcement` | what it says to a person then |
//! | `service_port` | gRPC, REST and the keys on one port |
//! | `jwks` | the key set over HTTP: caching and CORS |
//! | `accept` | from a port to connections |
//! | `first_word` | how long a connection may say nothing at all |
//! | `connection` | HTTP/1.1 and HTTP/2 on a connection, until the drain |
//! | `host` | the host that a request names |
//! | `call`, `deadline` | the status, the count and the deadline of one gRPC call |
//! | `front` | what every request there meets first: who calls, and what is counted |
//! | `protocol` | whether a request there is a call, plain HTTP, or neither |
//! | `admin_port` | `/healthz`, `/readyz`, `/metrics` |
//! | `upkeep` | what goes on in the background |
//! | `clock_note` | what `/readyz` shows of clocks that were stepped |
//! | `health_task`, `readiness` | which calls this process can answer, as health and `/readyz` show it |
//! | `metrics` | what is counted |
//! | `list_numbers`, `log_numbers`, `dropped_lines` | what is counted elsewhere, and read when somebody asks |

mod accept;
mod admin_port;
mod announcement;
mod args;
mod bootstrap_file;
mod call;
mod clock_note;
mod connection;
mod deadline;
mod dropped_lines;
mod endpoint_rewrite;
mod error;
mod files;
mod first_word;
mod front;
mod health_task;
mod home;
mod host;
mod jwks;
mod list_numbers;
mod log_numbers;
mod master_key;
mod metrics;
mod open;
mod ports;
mod protocol;
mod public_endpoint;
mod readiness;
mod redis_args;
mod redis_servers;
mod replicas;
mod rest_args;
mod run;
mod service_port;
mod signals;
mod start;
mod tls;
mod upkeep;

pub(crate) use self::{
    accept::{connections, or_pause},
    admin_port::{Shown, router as admin_router},
    args::{LogLevel, ServeArgs, freshness_bound, switch},
    bootstrap_file::to_base64,
    connection::{answer, answer_admin},
    dropped_lines::DroppedLines,
    error::ServeError,
    list_numbers::ListNumbers,
    metrics::{Metrics, Page},
    ports::bind,
    public_endpoint::PublicEndpoint,
    run::{LOG, SIGNALS, run},
    service_port::{ServicePort, enforcer_routes},
    signals::{Hangups, Signals, StopSignal},
    tls::CA_IN_DATA,
    upkeep::Upkeep,
};
