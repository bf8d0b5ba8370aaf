//! The life of the keys that sign.

use lanyard_store::{Appended, SigningKeyChange, SigningKeyRecord, SigningKeys, Store};
use lanyard_token::{Clock, KeyId, KeyState, KeyStateError, SigningKey, UnixTime};

use crate::{Authority, Entity, Entropy, Error, Operator, keyring::is_active};

/// What came of revoking a signing key.
#[derive(Debug)]
pub struct RevokedSigningKey {
    /// The key, now revoked.
    pub key: SigningKeyRecord,
    /// The revocation of what it signed.
    pub revocation: Appended,
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Makes a signing key and publishes it.
    ///
    /// # Errors
    /// The store's.
    pub async fn prepare_signing_key(&self, _: Operator) -> Result<SigningKeyRecord, Error> {
        let made = self.make_signing_key(self.clock.wall()?)?;
        let changed = self
            .change_keys(|_, _| Ok(Change::of([made.clone()])))
            .await?;
        drop(changed);
        Ok(made)
    }

    /// Makes a prepared key the one that signs, and retires the one before, in one step.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::SigningKeyState`] if it is not prepared or not for long enough,
    /// and the store's.
    pub async fn activate_signing_key(
        &self,
        _: Operator,
        id: KeyId,
    ) -> Result<SigningKeyRecord, Error> {
        let bound = self.settings.propagation_bound;
        let changed = self.change_keys(|keys, now| {
            let next = moved(find(keys, id)?, |state| state.activate(now, bound))?;
            let before = keys.keys.iter().filter(|record| is_active(record));
            let before = before.map(|record| moved(record, |state| state.retire(now)));
            let mut change = Change::of([next]);
            change
                .records
                .extend(before.collect::<Result<Vec<_>, _>>()?);
            change.active = Some(id);
            Ok(change)
        });
        changed.await?.into_record()
    }

    /// Withdraws a key that was prepared.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::SigningKeyState`] in particular for the active key, and the
    /// store's.
    pub async fn retire_signing_key(
        &self,
        _: Operator,
        id: KeyId,
    ) -> Result<SigningKeyRecord, Error> {
        let changed = self.change_keys(|keys, now| {
            let record = find(keys, id)?;
            if is_active(record) {
                return Err(KeyStateError::OutOfOrder {
                    state: record.state.name(),
                    verb: "retired",
                    remedy: "activate another key, which retires this one",
                }
                .into());
            }
            Ok(Change::of([moved(record, |state| state.retire(now))?]))
        });
        changed.await?.into_record()
    }

    /// Declares a key compromised. If it was the active one, the prepared key that was published
    /// first takes its place in the same step, or a new one if there is none: the authority goes on
    /// issuing, and verifiers that have not heard of the new key yet refuse its tokens for a moment.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn revoke_signing_key(
        &self,
        _: Operator,
        id: KeyId,
    ) -> Result<RevokedSigningKey, Error> {
        let spare = self.make_signing_key(self.clock.wall()?)?;
        let changed = self.change_keys(|keys, now| {
            let record = find(keys, id)?;
            let revoked = moved(record, |state| Ok(state.revoke(now)))?;
            let mut change = Change {
                revoked: Some(id),
                ..Change::of([revoked])
            };
            if is_active(record) {
                let prepared = keys.keys.iter().find(|other| is_prepared(other));
                let next = prepared.unwrap_or(&spare);
                change
                    .records
                    .push(moved(next, |state| state.activate_unpropagated(now))?);
                change.active = Some(next.id);
            }
            Ok(change)
        });
        let changed = changed.await?;
        let revocation = changed.appended.last().copied();
        let revocation = revocation.ok_or(Error::Internal(
            "the store has revoked a key without an entry",
        ))?;
        Ok(RevokedSigningKey {
            key: changed.into_record()?,
            revocation,
        })
    }

    /// Lists the signing keys that are still known.
    ///
    /// # Errors
    /// The store's.
    pub async fn list_signing_keys(&self, _: Operator) -> Result<Vec<SigningKeyRecord>, Error> {
        Ok(self.store.signing_keys().await?.keys)
    }

    /// On an empty store: makes the first key and lets it sign at once, since there is no verifier
    /// yet that could not know it.
    pub(crate) async fn ensure_active_signing_key(&self) -> Result<(), Error> {
        let spare = self.make_signing_key(self.clock.wall()?)?;
        let changed = self.change_keys(|keys, now| {
            if keys.keys.iter().any(is_active) {
                return Ok(Change::default());
            }
            let first = moved(&spare, |state| state.activate_unpropagated(now))?;
            Ok(Change {
                active: Some(first.id),
                ..Change::of([first])
            })
        });
        changed.await.map(drop)
    }

    /// Works out a change from the keys as they are and makes it, again if others were faster.
    async fn change_keys(
        &self,
        work_out: impl Fn(&SigningKeys, UnixTime) -> Result<Change, Error>,
    ) -> Result<Changed, Error> {
        for _ in 0..ATTEMPTS {
            let keys = self.store.signing_keys().await?;
            let Change {
                records,
                active,
                revoked,
            } = work_out(&keys, self.stamp_time()?)?;
            let record = records.first().cloned();
            let from_version = keys.version;
            let change = SigningKeyChange {
                from_version,
                records,
                active,
                revoked,
            };
            if let Some(appended) = self.store.change_signing_keys(change).await? {
                appended.iter().try_for_each(|one| self.learn(one))?;
                self.reload_signing_keys().await?;
                return Ok(Changed { record, appended });
            }
        }
        Err(Error::SigningKeysContended)
    }

    fn make_signing_key(&self, now: UnixTime) -> Result<SigningKeyRecord, Error> {
        let id = KeyId::from_uuid(self.id_at(now)?);
        let seed = self.new_secret()?;
        let bytes = seed.as_bytes().try_into();
        let bytes = bytes.map_err(|_| Error::Internal("a new seed is not 32 bytes"))?;
        let key = SigningKey::from_seed(id, bytes, self.settings.token_algorithm);
        Ok(SigningKeyRecord {
            id,
            state: KeyState::Prepared { since: now },
            create_time: now,
            seed: self.master_key.seal(id.as_uuid(), seed.as_bytes())?,
            public_key: *key.public_key().as_bytes(),
            algorithm: key.algorithm(),
        })
    }
}

/// A change as it is worked out. The record that it is about comes first.
#[derive(Default)]
struct Change {
    records: Vec<SigningKeyRecord>,
    active: Option<KeyId>,
    revoked: Option<KeyId>,
}

impl Change {
    fn of(records: [SigningKeyRecord; 1]) -> Self {
        Self {
            records: records.into(),
            active: None,
            revoked: None,
        }
    }
}

/// A change as it was made.
struct Changed {
    record: Option<SigningKeyRecord>,
    appended: Vec<Appended>,
}

impl Changed {
    fn into_record(self) -> Result<SigningKeyRecord, Error> {
        self.record
            .ok_or(Error::Internal("a change of no signing key"))
    }
}

fn find(keys: &SigningKeys, id: KeyId) -> Result<&SigningKeyRecord, Error> {
    let found = keys.keys.iter().find(|record| record.id == id);
    found.ok_or_else(|| Error::not_found(Entity::SigningKey, id))
}

fn moved(
    record: &SigningKeyRecord,
    transition: impl FnOnce(KeyState) -> Result<KeyState, KeyStateError>,
) -> Result<SigningKeyRecord, Error> {
    Ok(SigningKeyRecord {
        state: transition(record.state)?,
        ..record.clone()
    })
}

fn is_prepared(record: &SigningKeyRecord) -> bool {
    matches!(record.state, KeyState::Prepared { .. })
}

/// How often a change is tried while others change the keys, too.
const ATTEMPTS: usize = 5;
