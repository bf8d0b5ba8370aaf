//! `lanyard serve`: the authority as a process.
//!
//! | file | idea |
//! |---|---|
//! | `args` | what can be chosen, and its limits |
//! | `files` | the master key, `bootstrap.json` and where the endpoint is written |
//! | `run` | from nothing to serving, and back |
//! | `service_port` | gRPC and HTTP on one port |
//! | `admin_port` | `/healthz`, `/readyz`, `/metrics` |
//! | `upkeep` | what goes on in the background |
//! | `metrics`, `log_gauges` | what is counted |

mod admin_port;
mod args;
mod files;
mod log_gauges;
mod metrics;
mod run;
mod service_port;
mod upkeep;

pub(crate) use self::{
    admin_port::{Shown, router as admin_router},
    args::{LogLevel, ServeArgs, freshness_bound, switch},
    files::to_base64,
    metrics::Metrics,
    run::{ServeError, Signals, answer, bind, log_to_stderr, run},
    service_port::enforcer_routes,
    upkeep::Upkeep,
};
