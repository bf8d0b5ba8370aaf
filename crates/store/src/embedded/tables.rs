//! What is kept where, and the two ways in: a snapshot to read, a transaction to write.

use lanyard_token::UnixTime;
use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTable, StorageError, Table, TableDefinition,
    WriteTransaction,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::StoreError;

/// Ids are kept as 128-bit numbers, whose order is that of the ids.
type Id = u128;

/// An entry of the log by its number: its position, its time, its handle's kind and id, the position
/// that counts, and whether it is final.
pub(super) type LogValue = ((u64, u64), u64, u8, Id, (u64, u64), bool);

/// Declares each table once, and from that the structs that hold all of them open, to read and to
/// write.
macro_rules! tables {
    ($($(#[$doc:meta])* $constant:ident, $field:ident: $key:ty => $value:ty;)*) => {
        $(
            $(#[$doc])*
            pub(super) const $constant: TableDefinition<'static, $key, $value> =
                TableDefinition::new(stringify!($field));
        )*

        /// All tables, open on a snapshot of what was committed.
        #[expect(dead_code, reason = "what some tables have, only changes look at")]
        pub(super) struct Reads {
            $($(#[$doc])* pub(super) $field: ReadOnlyTable<$key, $value>,)*
        }

        impl Reads {
            pub(super) fn begin(transaction: &ReadTransaction) -> Result<Self, StoreError> {
                Ok(Self { $($field: transaction.open_table($constant)?,)* })
            }
        }

        /// All tables, open in the one write transaction.
        pub(super) struct Writes<'txn> {
            /// The time that this transaction's entries carry.
            pub(super) now: UnixTime,
            $($(#[$doc])* pub(super) $field: Table<'txn, $key, $value>,)*
        }

        impl<'txn> Writes<'txn> {
            pub(super) fn begin(
                transaction: &'txn WriteTransaction,
                now: UnixTime,
            ) -> Result<Self, StoreError> {
                Ok(Self { now, $($field: transaction.open_table($constant)?,)* })
            }
        }
    };
}

tables! {
    /// Single numbers: see [`Meta`].
    META, meta: &'static str => u128;
    /// Subscriptions as JSON.
    SUBSCRIPTIONS, subscriptions: Id => &'static [u8];
    /// Resources as JSON.
    RESOURCES, resources: Id => &'static [u8];
    /// The resource that has a name.
    RESOURCE_NAMES, resource_names: &'static str => Id;
    /// The resources of a subscription.
    RESOURCES_OF, resources_of: (Id, Id) => ();
    /// Credentials of every role as JSON.
    CREDENTIALS, credentials: Id => &'static [u8];
    /// The access key in a resource's slot.
    ACCESS_KEYS, access_keys: (Id, u8) => Id;
    /// The service keys, and whether each is an operator's.
    SERVICE_KEYS, service_keys: Id => bool;
    /// Identities of a resource as JSON.
    IDENTITIES, identities: (Id, Id) => &'static [u8];
    /// The identity that has a custom id in a resource.
    CUSTOM_IDS, custom_ids: (Id, &'static str) => Id;
    /// Deleted resources whose identities are still to be swept out.
    DELETED_RESOURCES, deleted_resources: Id => ();
    /// Signing keys as JSON.
    SIGNING_KEYS, signing_keys: Id => &'static [u8];
    /// The log.
    LOG, log: u64 => LogValue;
}

/// The single numbers of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meta {
    /// The layout of the tables, so that a later version knows what it finds.
    Layout,
    /// The id of the log; another log has another.
    LogId,
    /// The number of the last entry that was ever appended.
    LastNumber,
    /// The milliseconds of the position at which the log ends.
    EndMillis,
    /// The sequence of the position at which the log ends.
    EndSequence,
    /// The time of the last entry.
    LastTime,
    /// How many entries were taken out of the log rightly: trimmed, struck or given up.
    Removed,
    /// Up to this number the numbers of the log may have gaps.
    MendedTo,
    /// The milliseconds of the position of the last entry that was trimmed.
    FloorMillis,
    /// The sequence of the position of the last entry that was trimmed.
    FloorSequence,
    /// The latest vouched time of a sweep. Absent until there is one.
    Vouched,
    /// The version of the signing keys.
    SigningKeysVersion,
    /// The signing key that signs.
    ActiveSigningKey,
    /// The number of the writer's last commit.
    Commits,
}

impl Meta {
    const fn key(self) -> &'static str {
        match self {
            Self::Layout => "layout",
            Self::LogId => "log_id",
            Self::LastNumber => "last_number",
            Self::EndMillis => "end_millis",
            Self::EndSequence => "end_sequence",
            Self::LastTime => "last_time",
            Self::Removed => "removed",
            Self::MendedTo => "mended_to",
            Self::FloorMillis => "floor_millis",
            Self::FloorSequence => "floor_sequence",
            Self::Vouched => "vouched",
            Self::SigningKeysVersion => "signing_keys_version",
            Self::ActiveSigningKey => "active_signing_key",
            Self::Commits => "commits",
        }
    }
}

/// Reads one of the single numbers.
pub(super) fn meta(
    table: &impl ReadableTable<&'static str, u128>,
    which: Meta,
) -> Result<Option<u128>, StoreError> {
    Ok(table.get(which.key())?.map(|found| found.value()))
}

/// Reads one that must fit 64 bits; absent is zero.
pub(super) fn meta_u64(
    table: &impl ReadableTable<&'static str, u128>,
    which: Meta,
) -> Result<u64, StoreError> {
    u64::try_from(meta(table, which)?.unwrap_or(0)).map_err(|error| corrupt(which.key(), error))
}

/// Writes one of the single numbers.
pub(super) fn set_meta(
    table: &mut Table<'_, &'static str, u128>,
    which: Meta,
    value: impl Into<u128>,
) -> Result<(), StoreError> {
    table.insert(which.key(), value.into())?;
    Ok(())
}

/// Takes one of the single numbers out.
pub(super) fn clear_meta(
    table: &mut Table<'_, &'static str, u128>,
    which: Meta,
) -> Result<(), StoreError> {
    table.remove(which.key())?;
    Ok(())
}

/// The first key that is after the last one of the page before. There is none after the greatest.
pub(super) fn after(last: Option<Uuid>) -> Option<Id> {
    match last {
        Some(id) => id.as_u128().checked_add(1),
        None => Some(0),
    }
}

/// Reads the record under a key.
pub(super) fn record<K: redb::Key + 'static, T: DeserializeOwned>(
    table: &impl ReadableTable<K, &'static [u8]>,
    key: K::SelfType<'_>,
    kind: &'static str,
) -> Result<Option<T>, StoreError> {
    table
        .get(key)?
        .map(|found| decode(found.value(), kind))
        .transpose()
}

/// Makes a record from the bytes that it is kept as.
pub(super) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    kind: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| corrupt(kind, error))
}

/// Makes the bytes that a record is kept as.
pub(super) fn encode<T: Serialize>(record: &T, kind: &'static str) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record).map_err(|error| corrupt(kind, error))
}

/// A record that makes no sense.
pub(super) fn corrupt(
    record: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Corrupt {
        record,
        source: source.into(),
    }
}

/// Damage that the database found by itself is damage; every other error of it means to a caller
/// that it is away.
impl From<StorageError> for StoreError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corrupted(_) => corrupt("page", error),
            _ => Self::Unavailable(error.into()),
        }
    }
}

macro_rules! unavailable_from {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                match error {
                    redb::$error::Storage(error) => error.into(),
                    error => Self::Unavailable(error.into()),
                }
            }
        })*
    };
}

unavailable_from!(TransactionError, TableError, CommitError);

impl From<redb::SetDurabilityError> for StoreError {
    fn from(error: redb::SetDurabilityError) -> Self {
        Self::Unavailable(error.into())
    }
}
