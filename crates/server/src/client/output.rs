//! Standard output: for people, for scripts, or one field alone.

use std::io::{self, Write as _};

use serde::Serialize;
use zeroize::Zeroizing;

use super::connection::ConnectionArgs;
use super::error::ClientError;
use super::records::SECRET;
use super::render::Record;
use crate::terminal::{escape, escape_json};

/// Where answers go, in which form, and the fields that they may have.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) form: Form,
    fields: Vec<&'static str>,
}

/// The form of an answer.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Text.
    People,
    /// One JSON object.
    Json,
    /// One field of that object, by its path, as a line.
    Field(String),
}

impl Output {
    /// Returns the form that the flags request, for an answer with these fields.
    ///
    /// # Errors
    /// If the flags request another field. It comes before the call: what a call has created cannot
    /// always be had again.
    pub(super) fn new(args: &ConnectionArgs, fields: &[&'static str]) -> Result<Self, ClientError> {
        let form = match &args.field {
            Some(path) if fields.contains(&path.as_str()) => Form::Field(path.clone()),
            Some(_) if fields.is_empty() => return Err(ClientError::NoFields),
            Some(path) => {
                return Err(ClientError::NoField {
                    path: path.clone(),
                    known: fields.join(", "),
                });
            }
            None if args.json => Form::Json,
            None => Form::People,
        };
        let fields = fields.to_vec();
        Ok(Self { form, fields })
    }

    /// Prints an answer.
    pub(super) fn show(&self, record: &Record) -> Result<(), ClientError> {
        self.answer(&record.people(), record)
    }

    /// Prints one of many answers, each on a line of its own. An answer without the field is left out.
    pub(super) fn line(&self, record: &Record) -> Result<(), ClientError> {
        match &self.form {
            Form::Field(path) if record.field(path).is_none() => Ok(()),
            Form::People | Form::Json | Form::Field(_) => self.answer(&record.line(), record),
        }
    }

    /// Prints an answer that people are told in words of its own.
    pub(super) fn answer(&self, people: &str, record: &Record) -> Result<(), ClientError> {
        self.ensure_declared(record);
        match &self.form {
            Form::People => write(&format!("{people}\n")),
            Form::Json => write(&format!("{}\n", *json(record)?)),
            Form::Field(path) => write(&field_line(record, path)),
        }
    }

    /// The fields are declared apart from the answer.
    pub(super) fn ensure_declared(&self, record: &Record) {
        debug_assert!(
            record
                .field_paths()
                .iter()
                .all(|path| self.fields.contains(&path.as_str())),
            "{:?} has a field that is not declared: {:?}",
            record.field_paths(),
            self.fields
        );
    }

    /// Prints what was done, and then the answer.
    pub(super) fn done(&self, what: &str, record: &Record) -> Result<(), ClientError> {
        let what = escape(what);
        match record.people().as_str() {
            "" => self.answer(&what, record),
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
        .map(|json| Zeroizing::new(escape_json(&json)))
        .map_err(|error| ClientError::Output(error.into()))
}

/// The field of a record under a path, as it stands in the JSON and without its quotes. The line of an
/// optional field that is absent is empty.
pub(super) fn field_line(record: &Record, path: &str) -> Zeroizing<String> {
    let field = record.field(path).map(Zeroizing::new).unwrap_or_default();
    Zeroizing::new(format!("{}\n", *field))
}

/// Writes and flushes. `println!` would panic where the reader has gone.
pub(crate) fn write(text: &str) -> Result<(), ClientError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

const TOLD_ONCE: &str = "secrets are told this once; --out FILE keeps them in a file";
