//! The turn to make the first start of a store.
//!
//! Any number of processes may be started on an empty store at once. One of them has the turn to make
//! what it needs, and the others wait. Whoever dies in its turn holds the others up until the turn is
//! over; then the next one clears away what is there and begins again. A process that was away for so
//! long and comes back ends with nothing, since the operator is kept only in its own turn.

use std::time::Duration;

use lanyard_store::{FirstStart, Store};
use lanyard_token::{Clock, CredentialId};
use tokio::time;

use crate::{BootstrapError, Entropy, Error, ids::Ids};

/// The turn to make the first start. Give it back if it is not used.
#[derive(Debug)]
pub struct FirstTurn {
    operator: CredentialId,
}

impl FirstTurn {
    /// Waits for the turn. `None` if the first start is over, as it is on every later start.
    ///
    /// # Errors
    /// The store's, and [`BootstrapError::Elsewhere`] if others do not come to an end with it.
    pub async fn wait(
        store: &impl Store,
        clock: &impl Clock,
        entropy: &impl Entropy,
    ) -> Result<Option<Self>, BootstrapError> {
        let now = clock.wall().map_err(Error::from)?;
        let operator = Ids::default().next(entropy, now).map_err(Error::from)?;
        let operator = CredentialId::from_uuid(operator);
        let waiting = async {
            loop {
                let taken = store.take_first_turn(operator, LENGTH).await;
                match taken.map_err(Error::from)? {
                    FirstStart::Over => return Ok(None),
                    FirstStart::Yours => return Ok(Some(Self { operator })),
                    FirstStart::AnothersTurn => time::sleep(AGAIN_AFTER).await,
                }
            }
        };
        let waited = time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or(Err(BootstrapError::Elsewhere))
    }

    /// The id of the operator that the first start is to end with. No other turn has the same.
    #[must_use]
    pub const fn operator(&self) -> CredentialId {
        self.operator
    }

    /// Whether it still is. If so, it begins anew.
    pub(crate) async fn is_on(&self, store: &impl Store) -> Result<bool, Error> {
        let taken = store.take_first_turn(self.operator, LENGTH).await?;
        Ok(taken == FirstStart::Yours)
    }

    /// Lets the next one begin at once.
    pub async fn give_back(self, store: &impl Store) {
        let given = store.take_first_turn(self.operator, Duration::ZERO).await;
        if let Err(error) = given {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the turn to make the first start ends by itself");
        }
    }
}

/// Far more than a first start takes, and no more than somebody may have to wait whose predecessor
/// was killed.
const LENGTH: Duration = Duration::from_secs(10);
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Several turns: if all of them were in vain, waiting for another is, too.
const PATIENCE: Duration = Duration::from_mins(1);
