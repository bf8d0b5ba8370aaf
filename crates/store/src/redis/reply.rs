//! What a step answers: a status, the reign that it ran in, then its own, an entry that is to be recorded
//! as durable, and the server's time.

use std::str::FromStr;

use lanyard_revocation::{Entry, Handle, HandleKind, PartitionId, Revocation};
use lanyard_token::UnixTime;
use redis::Value;
use uuid::Uuid;

use super::failure::Failure;
use crate::{Appended, StoreError};

/// The answer of a step.
#[derive(Debug)]
pub(super) struct Reply {
    status: String,
    reign: String,
    fields: Vec<Value>,
    unrecorded: Option<LastEntry>,
    server_time: UnixTime,
}

/// The last entry of a log, which is to be recorded as durable once the replicas have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LastEntry {
    pub(super) number: String,
    pub(super) position: String,
}

impl Reply {
    pub(super) fn read(answer: Value) -> Result<Self, Failure> {
        let mut fields: Vec<Value> =
            redis::from_redis_value(answer).map_err(Failure::unexpected)?;
        if fields.len() < 4 {
            return Err(Failure::Corrupt("a step answers too little".into()));
        }
        let server_time = fields.pop().unwrap_or(Value::Nil);
        let server_time = redis::from_redis_value(server_time).map_err(Failure::unexpected)?;
        let unrecorded = fields.pop().unwrap_or(Value::Nil);
        let unrecorded: String =
            redis::from_redis_value(unrecorded).map_err(Failure::unexpected)?;
        let unrecorded = unrecorded
            .split_once(' ')
            .map(|(number, position)| LastEntry {
                number: number.to_owned(),
                position: position.to_owned(),
            });
        let own = fields.split_off(2);
        let mut fields = fields.into_iter();
        let mut text = || {
            let value = fields.next().unwrap_or(Value::Nil);
            redis::from_redis_value::<String>(value).map_err(Failure::unexpected)
        };
        Ok(Self {
            status: text()?,
            reign: text()?,
            fields: own,
            unrecorded,
            server_time: UnixTime::from_millis(server_time),
        })
    }

    pub(super) fn status(&self) -> &str {
        &self.status
    }

    pub(super) fn reign(&self) -> &str {
        &self.reign
    }

    /// The entry that has to be recorded as durable before the step is acknowledged.
    pub(super) const fn unrecorded(&self) -> Option<&LastEntry> {
        self.unrecorded.as_ref()
    }

    /// The wall clock of the server when the step ran.
    pub(super) const fn server_time(&self) -> UnixTime {
        self.server_time
    }

    /// Whether the step did nothing because it ran outside of the period in which it may act.
    pub(super) fn is_expired(&self) -> bool {
        self.status == EXPIRED
    }

    /// One of the step's own fields, as it came.
    pub(super) fn value(&self, at: usize) -> Value {
        self.fields.get(at).cloned().unwrap_or(Value::Nil)
    }

    /// One of the step's own fields, as text.
    pub(super) fn text(&self, at: usize) -> Result<String, StoreError> {
        redis::from_redis_value(self.value(at)).map_err(|error| odd(error.to_string()))
    }

    /// One of the step's own fields, as whatever can be read from text.
    pub(super) fn parsed<T: FromStr>(&self, at: usize) -> Result<T, StoreError> {
        let text = self.text(at)?;
        text.parse()
            .map_err(|_| odd(format!("field {at} has no value of its kind")))
    }

    /// One of the step's own fields, as a time.
    pub(super) fn time(&self, at: usize) -> Result<UnixTime, StoreError> {
        self.parsed(at).map(UnixTime::from_millis)
    }

    /// The entry that the step has appended, told by its first three fields.
    pub(super) fn appended(
        &self,
        partition: PartitionId,
        (kind, id): (HandleKind, Uuid),
        is_final: bool,
    ) -> Result<Appended, StoreError> {
        let position = self.parsed(1)?;
        let handle = Handle { kind, id };
        let entry = Entry {
            number: self.parsed(0)?,
            position,
            time: self.time(2)?,
            revocation: Revocation {
                handle,
                position,
                is_final,
            },
        };
        Ok(Appended { partition, entry })
    }

    /// The same answer with other fields, for one that comes as one text.
    pub(super) fn with(&self, fields: impl Iterator<Item = String>) -> Self {
        let bulk = fields.map(|field| Value::BulkString(field.into_bytes()));
        Self {
            status: self.status.clone(),
            reign: self.reign.clone(),
            fields: bulk.collect(),
            unrecorded: None,
            server_time: self.server_time,
        }
    }

    /// A status that the step does not have.
    pub(super) fn unexpected(&self) -> StoreError {
        odd(format!("the status `{}`", self.status))
    }
}

fn odd(what: String) -> StoreError {
    StoreError::Corrupt {
        record: "answer of a step",
        source: what.into(),
    }
}

/// The status of a step that ran outside of the period in which it may act.
pub(super) const EXPIRED: &str = "expired";
