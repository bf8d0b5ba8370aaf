//! Collecting what is wrong with a request, field by field, so that a caller learns of it at once and
//! not one field at a time.

use std::{fmt::Display, str::FromStr};

use tonic_types::FieldViolation;

use super::status::Fault;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    violations: Vec<FieldViolation>,
}

impl Fields {
    /// Takes a field that was made, or notes why it could not be.
    pub(super) fn take<T, E: Display>(
        &mut self,
        path: impl Into<String>,
        made: Result<T, E>,
    ) -> Option<T> {
        match made {
            Ok(value) => Some(value),
            Err(error) => {
                if self.violations.len() < MAX_TOLD {
                    self.violations
                        .push(FieldViolation::new(path, error.to_string()));
                }
                None
            }
        }
    }

    /// Makes a field from its text.
    pub(super) fn parse<T: FromStr<Err: Display>>(
        &mut self,
        path: impl Into<String>,
        text: &str,
    ) -> Option<T> {
        self.take(path, text.parse())
    }

    /// All fields together, if nothing was wrong with any.
    pub(super) fn all<T>(self, made: Option<T>) -> Result<T, Fault> {
        match made {
            Some(made) if self.violations.is_empty() => Ok(made),
            Some(_) | None => Err(Fault::Fields(self.violations)),
        }
    }
}

/// How many wrong fields a caller is told of at once. A batch can have thousands, and an error
/// travels in the trailers, of which many clients take no more than 8 KiB.
const MAX_TOLD: usize = 10;
