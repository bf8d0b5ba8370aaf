//! What another hand may do to a log, for the tests of those who have to notice.

use redb::ReadableTable as _;
use uuid::Uuid;

use super::{
    EmbeddedStore, log,
    tables::{Meta, Writes, set_meta},
};
use crate::StoreError;

impl EmbeddedStore {
    /// Takes an entry out of the log.
    ///
    /// # Errors
    /// The store's.
    pub async fn take_out(&self, number: u64) -> Result<(), StoreError> {
        let step = move |tables: &mut Writes<'_>| {
            tables.log.remove(number)?;
            Ok(())
        };
        self.write(step).await
    }

    /// Makes an entry one of a kind that nobody knows.
    ///
    /// # Errors
    /// The store's.
    pub async fn garble(&self, number: u64) -> Result<(), StoreError> {
        let step = move |tables: &mut Writes<'_>| {
            let row = tables.log.get(number)?.map(|row| row.value());
            if let Some((position, time, _, id, counted, is_final)) = row {
                let garbled = (position, time, UNKNOWN_KIND, id, counted, is_final);
                tables.log.insert(number, garbled)?;
            }
            Ok(())
        };
        self.write(step).await
    }

    /// Makes the log what it was when it ended with an entry, as an older copy of it is.
    ///
    /// # Errors
    /// The store's.
    pub async fn go_back_to(&self, number: u64) -> Result<(), StoreError> {
        let step = move |tables: &mut Writes<'_>| {
            tables.log.retain(|one, _| one <= number)?;
            let last = tables.log.get(number)?.map(|row| row.value());
            let end = match last {
                Some(row) => log::from_value(number, row)?.position,
                None => return Ok(()),
            };
            set_meta(&mut tables.meta, Meta::LastNumber, number)?;
            set_meta(&mut tables.meta, Meta::EndMillis, end.millis())?;
            set_meta(&mut tables.meta, Meta::EndSequence, end.sequence())
        };
        self.write(step).await
    }

    /// Puts an empty log in the place of the log.
    ///
    /// # Errors
    /// The store's.
    pub async fn replace_log(&self, by: Uuid) -> Result<(), StoreError> {
        let step = move |tables: &mut Writes<'_>| {
            tables.log.retain(|_, _| false)?;
            for of_old in [
                Meta::LastNumber,
                Meta::EndMillis,
                Meta::EndSequence,
                Meta::Removed,
                Meta::MendedTo,
            ] {
                set_meta(&mut tables.meta, of_old, 0_u128)?;
            }
            set_meta(&mut tables.meta, Meta::LogId, by.as_u128())
        };
        self.write(step).await
    }
}

const UNKNOWN_KIND: u8 = 99;
