//! Holds every answer of the policy to the published pages.
//!
//! - `facts`: cell by cell, what the pages say and what `decide` answers.
//! - `golden`: the same answers printed as matrices, for people to review.
//! - `oracle`: a naive reading of the pages, asked together with `decide` in every context.

#[cfg(test)]
mod ask;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod pages;
