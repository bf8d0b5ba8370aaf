//! Standard output: for people, for scripts, or one field alone.

use std::io::{self, Write as _};

use serde::Serialize;
use zeroize::Zeroizing;

use super::connection::ConnectionArgs;
use super::error::ClientError;
use super::records::SECRET;
use super::render::Record;

/// Where answers go, and in which form.
#[derive(Clone, Debug)]
pub(super) enum Output {
    /// As text.
    People,
    /// As one JSON object.
    Json,
    /// One field of that object, by its path, as a line.
    Field(String),
}

impl Output {
    /// The form that the flags ask for.
    pub(super) fn new(args: &ConnectionArgs) -> Self {
        match &args.field {
            Some(path) => Self::Field(path.clone()),
            None if args.json => Self::Json,
            None => Self::People,
        }
    }

    /// Prints an answer.
    pub(super) fn show(&self, record: &Record) -> Result<(), ClientError> {
        self.answer(&record.people(), record)
    }

    /// Prints one of many answers, each on a line of its own.
    pub(super) fn line(&self, record: &Record) -> Result<(), ClientError> {
        self.answer(&record.line(), record)
    }

    /// Prints an answer that people are told in words of its own.
    pub(super) fn answer(&self, people: &str, record: &Record) -> Result<(), ClientError> {
        match self {
            Self::People => write(&format!("{people}\n")),
            Self::Json => write(&format!("{}\n", *json(record)?)),
            Self::Field(path) => match field(record, path) {
                Ok(text) => write(&format!("{}\n", *text)),
                // What was done is done, and what was told is told once: nothing of it gets lost.
                Err(error) => {
                    write(&format!("{}\n", *json(record)?))?;
                    Err(error)
                }
            },
        }
    }

    /// Prints what was done, and then the answer.
    pub(super) fn done(&self, what: &str, record: &Record) -> Result<(), ClientError> {
        match record.people().as_str() {
            "" => self.answer(what, record),
            lines => self.answer(&format!("{what}\n\n{lines}"), record),
        }
    }

    /// Prints the answer to a command that made a key: where its secret is kept, or else the secret.
    pub(super) fn made(&self, file: Option<String>, answer: Record) -> Result<(), ClientError> {
        match file {
            Some(file) => {
                let done = format!("the secret is in {file}, for --credential");
                self.done(&done, &answer.without(SECRET))
            }
            None => self.answer(&format!("{}\n\n{TOLD_ONCE}", answer.people()), &answer),
        }
    }
}

/// Makes the JSON of a record. It may hold secrets, so it is wiped after use.
pub(super) fn json(record: &impl Serialize) -> Result<Zeroizing<String>, ClientError> {
    serde_json::to_string(record)
        .map(Zeroizing::new)
        .map_err(|error| ClientError::Output(error.into()))
}

/// The field of a record under a path, as it stands in the JSON and without its quotes.
pub(super) fn field(record: &Record, path: &str) -> Result<Zeroizing<String>, ClientError> {
    record
        .field(path)
        .map(Zeroizing::new)
        .ok_or_else(|| ClientError::NoField {
            path: path.to_owned(),
            known: record.field_paths().join(", "),
        })
}

/// Writes and flushes. `println!` would panic where the reader has gone.
pub(crate) fn write(text: &str) -> Result<(), ClientError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

const TOLD_ONCE: &str = "secrets are told this once; --out FILE keeps them in a file";
