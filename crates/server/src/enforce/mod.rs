//! `lanyard enforce`: an enforcement point as a process, beside a backend of any language.
//!
//! It answers the policy service from what it knows, and follows an authority to know it. It starts
//! without one and goes on without one, and what it cannot tell it refuses.
//!
//! | file | idea |
//! |---|---|
//! | `args` | what can be chosen |
//! | `listen` | TCP or a unix socket |
//! | `uds_authority` | the `:authority` of clients on a unix socket |
//! | `feed_numbers` | how the following goes, as metrics |
//! | `run` | from nothing to serving, and back |

mod args;
mod feed_numbers;
mod listen;
mod run;
mod uds_authority;

pub(crate) use self::{
    args::EnforceArgs,
    run::{EnforceError, run},
};
