//! What else one would reach for, asked the same questions as Lanyard.
//!
//! The tables that the peers are given are read off Lanyard's own answers when they are set up
//! ([`rows`]), so that they cannot drift from it. Each peer must answer every question as Lanyard
//! does before it is timed.
//!
//! The peers are given every advantage: a question is put into their terms beforehand, and only the
//! answer is timed.
//!
//! One thing is not said to them: which role in a room may do what. They are told whether the role
//! suffices, and Lanyard looks it up.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this is for benches, and a measurement that cannot go on ends"
)]

mod casbin;
mod cedar;
mod jwt;
mod question;
mod rego;

pub use casbin::Casbin;
pub use cedar::Cedar;
pub use jwt::{Jwt, token};
pub use question::{Condition, Question, Row, questions, rows};
pub use rego::Rego;

/// Somebody who answers the questions.
pub trait Peer {
    /// A question in its own terms.
    type Asked;

    /// Puts a question into its terms.
    fn ask(&self, question: &Question) -> Self::Asked;

    /// Whether the answer is yes.
    fn allows(&mut self, asked: &Self::Asked) -> bool;
}
