//! What an answer looks like: one [`Record`], for people as aligned lines and tables, for scripts as
//! a JSON object.
//!
//! Both forms come out of the same fields, so that neither can say what the other leaves out by
//! accident. Field names are those of the protos.

use std::mem;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_types::{Duration, Timestamp};
use serde::{Serialize, Serializer};

use super::secret::Secret;
use super::table::Table;
use crate::terminal::escape;

/// Named values, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    fields: Vec<(&'static str, Value)>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Value {
    Flag(bool),
    Text(String),
    Secret(#[serde(serialize_with = "Secret::serialize_exposed")] Secret),
    List(Vec<String>),
    Record(Record),
    Records(Vec<Record>),
}

impl Record {
    /// A record without fields.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub(super) fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.with(name, Value::Text(text.into()))
    }

    /// Adds a text, if there is one.
    pub(super) fn maybe(self, name: &'static str, text: Option<String>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Adds a secret, which is shown: the command is there to hand it out.
    pub(super) fn secret(self, name: &'static str, secret: Secret) -> Self {
        self.with(name, Value::Secret(secret))
    }

    /// Adds a secret, if it is told: an empty one means that it was told before.
    pub(super) fn told(self, name: &'static str, secret: String) -> Self {
        if secret.is_empty() {
            self
        } else {
            self.secret(name, Secret::new(secret))
        }
    }

    /// Adds a yes or no.
    pub(super) fn flag(self, name: &'static str, flag: bool) -> Self {
        self.with(name, Value::Flag(flag))
    }

    /// Adds texts.
    pub(super) fn list(self, name: &'static str, texts: Vec<String>) -> Self {
        self.with(name, Value::List(texts))
    }

    /// Adds a time as RFC 3339, if there is one.
    pub(super) fn time(self, name: &'static str, time: Option<Timestamp>) -> Self {
        self.maybe(name, time.map(|time| time.to_string()))
    }

    /// Adds a duration as seconds, `1.500s`, if there is one.
    pub(super) fn duration(self, name: &'static str, duration: Option<Duration>) -> Self {
        self.maybe(name, duration.as_ref().map(seconds))
    }

    /// Adds bytes as base64.
    pub(super) fn bytes(self, name: &'static str, bytes: &[u8]) -> Self {
        self.text(name, STANDARD.encode(bytes))
    }

    /// Adds a record. People see its fields among the others.
    pub(super) fn record(self, name: &'static str, record: Self) -> Self {
        self.with(name, Value::Record(record))
    }

    /// Adds records. People see a table.
    pub(super) fn records(self, name: &'static str, records: Vec<Self>) -> Self {
        self.with(name, Value::Records(records))
    }

    /// The same without a field, at whatever depth: it is shown elsewhere.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| *field != name);
        for (_, value) in &mut self.fields {
            match value {
                Value::Record(inner) => *inner = mem::take(inner).without(name),
                Value::Records(all) => {
                    *all = mem::take(all)
                        .into_iter()
                        .map(|inner| inner.without(name))
                        .collect();
                }
                Value::Flag(_) | Value::Text(_) | Value::Secret(_) | Value::List(_) => {}
            }
        }
        self
    }

    /// The record for people: a line for each field that says something, then the tables.
    pub(super) fn people(&self) -> String {
        let lines = self.lines();
        let width = lines
            .iter()
            .map(|(label, _)| width(label))
            .max()
            .unwrap_or_default();
        let mut blocks = Vec::new();
        if !lines.is_empty() {
            let aligned = lines
                .iter()
                .map(|(label, text)| format!("{label:width$}  {text}"));
            blocks.push(aligned.collect::<Vec<_>>().join("\n"));
        }
        for (_, value) in &self.fields {
            if let Value::Records(records) = value {
                blocks.push(Table::of(records).whole(records));
            }
        }
        blocks.join("\n\n")
    }

    /// The record for people who read one after the other: its fields on one line.
    pub(super) fn line(&self) -> String {
        let fields = self.lines().into_iter();
        let fields: Vec<String> = fields
            .map(|(label, text)| format!("{label} {text}"))
            .collect();
        fields.join("  ")
    }

    /// The field under a path such as `identity.id`, on one line.
    pub(super) fn field(&self, path: &str) -> Option<String> {
        let (name, rest) = match path.split_once('.') {
            Some((name, rest)) => (name, Some(rest)),
            None => (path, None),
        };
        let (_, value) = self.fields.iter().find(|(field, _)| *field == name)?;
        match (value, rest) {
            (Value::Record(inner), Some(rest)) => inner.field(rest),
            (plain, None) => plain.people(),
            (_, Some(_)) => None,
        }
    }

    /// The paths that [`Record::field`] answers.
    pub(super) fn field_paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (name, value) in &self.fields {
            match value {
                Value::Record(inner) => {
                    paths.extend(
                        inner
                            .field_paths()
                            .iter()
                            .map(|path| format!("{name}.{path}")),
                    );
                }
                Value::Records(_) => {}
                plain => paths.extend(plain.people().map(|_| (*name).to_owned())),
            }
        }
        paths
    }

    fn with(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push((name, value));
        self
    }

    fn lines(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for (name, value) in &self.fields {
            match value {
                Value::Record(inner) => lines.extend(inner.lines()),
                Value::Records(_) => {}
                plain => {
                    let label = format!("{}:", name.replace('_', " "));
                    lines.extend(plain.people().map(|text| (label, text)));
                }
            }
        }
        lines
    }

    /// The names of its fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(name, _)| *name)
    }

    /// The field for a table, `-` where it says nothing.
    pub(super) fn cell(&self, column: &str) -> String {
        self.fields
            .iter()
            .find(|(name, _)| *name == column)
            .and_then(|(_, value)| value.people())
            .unwrap_or_else(|| "-".to_owned())
    }
}

impl Value {
    /// The value on one line, if it says something.
    fn people(&self) -> Option<String> {
        let text = match self {
            Self::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            // A `custom_id` may hold any character.
            Self::Text(text) => escape(text).into_owned(),
            Self::Secret(secret) => escape(secret.expose()).into_owned(),
            Self::List(texts) => escape(&texts.join(", ")).into_owned(),
            Self::Record(_) | Self::Records(_) => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.fields.iter().map(|(name, value)| (name, value)))
    }
}

/// A duration in seconds, to the millisecond: nobody reads further.
pub(super) fn seconds(duration: &Duration) -> String {
    let Duration { seconds, nanos } = duration;
    let sign = if *seconds < 0 || *nanos < 0 { "-" } else { "" };
    let millis = nanos.unsigned_abs() / 1_000_000;
    format!("{sign}{}.{millis:03}s", seconds.unsigned_abs())
}

/// How many columns of a terminal a text takes, near enough.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests;
