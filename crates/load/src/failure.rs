//! Calls that failed. They are counted by kind and never mixed with the latencies of the others: a
//! refusal is quick, and would make a broken server look fast.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::iter;

use serde::Serialize;
use tonic::{Code, Status};

/// Why one call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was refused, or never reached anybody.
    #[error("{message}")]
    Refused {
        /// The status code.
        code: Code,
        /// What came with it.
        message: String,
    },
    /// It was answered, but not as it should have been.
    #[error("{0}")]
    Answer(String),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let message = match status.message() {
            "" => status.code().description(),
            message => message,
        };
        // The transport says that something is wrong with it, and only its last cause says what.
        let causes = iter::successors(status.source(), |cause| (*cause).source());
        let message = causes.last().map_or_else(
            || message.to_owned(),
            |cause| format!("{message} ({cause})"),
        );
        Self::Refused {
            code: status.code(),
            message,
        }
    }
}

impl Failure {
    /// What failures are counted by.
    fn code(&self) -> String {
        match self {
            Self::Refused { code, .. } => format!("{code:?}"),
            Self::Answer(_) => "WrongAnswer".to_owned(),
        }
    }
}

/// All failures of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// How many there were.
    pub count: u64,
    /// What the first of them said.
    pub first: String,
}

/// Failures by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Failures(BTreeMap<String, Failed>);

impl Failures {
    /// Counts a failure.
    pub fn count(&mut self, failure: &Failure) {
        self.add(failure.code(), 1, || failure.to_string());
    }

    /// Counts what somebody else counted.
    pub fn merge(&mut self, other: &Self) {
        for (code, Failed { count, first }) in &other.0 {
            self.add(code.clone(), *count, || first.clone());
        }
    }

    /// How many there are of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().map(|failed| failed.count).sum()
    }

    /// The kinds, with their codes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Failed)> {
        self.0.iter().map(|(code, failed)| (code.as_str(), failed))
    }

    fn add(&mut self, code: String, count: u64, first: impl FnOnce() -> String) {
        let failed = self.0.entry(code).or_insert_with(|| Failed {
            count: 0,
            first: first(),
        });
        failed.count += count;
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn failures_are_counted_by_code_and_the_first_of_each_is_told() {
        let mut all = Failures::default();
        all.count(&Status::unavailable("one").into());
        all.count(&Status::unavailable("two").into());
        let mut others = Failures::default();
        others.count(&Status::unavailable("three").into());
        others.count(&Failure::Answer("denied".to_owned()));
        all.merge(&others);

        assert_eq!(all.total(), 4);
        let told: Vec<_> = all
            .iter()
            .map(|(code, failed)| (code, failed.count, failed.first.as_str()))
            .collect();
        let expected = [("Unavailable", 3, "one"), ("WrongAnswer", 1, "denied")];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_the_transport_met_with_is_told_by_its_last_cause() {
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        let broken = Status::from_error(Box::new(io::Error::other(reset)));
        let told = Failure::from(broken).to_string();
        assert!(told.ends_with("(connection reset)"), "{told}");
    }

    #[test]
    fn a_status_without_words_is_told_by_its_code() {
        let failure = Failure::from(Status::new(Code::Internal, ""));
        assert_eq!(failure.to_string(), Code::Internal.description());
    }
}
