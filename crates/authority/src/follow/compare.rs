//! Comparing a whole log with what is known, and giving back to it what it has lost.

use std::time::Duration;

use lanyard_revocation::{Cursor, Entry, GENERATION_JUMP, LogRead, PartitionId};
use lanyard_store::{Healing, Store, StoreError};
use lanyard_token::{Clock, Position};

use super::{
    reader::{Stand, next_cursor, unknown_partition},
    scan::{Limits, Moved, Scan, Verdict},
    status::{LogFault, Resync},
};
use crate::{Authority, Entropy, Error};

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Reads the whole log, gives it what it lacks, and only then confirms the view.
    pub(super) async fn compare(
        &self,
        stand: &mut Stand,
        why: Option<Resync>,
    ) -> Result<(), Error> {
        self.note_reason(stand, why);
        for _ in 0..ATTEMPTS {
            if self.scan_and_heal(stand).await? {
                return Ok(());
            }
        }
        Err(Error::Internal(
            "the log changes faster than it can be compared",
        ))
    }

    /// Says and counts why the log is compared, once for each reason.
    fn note_reason(&self, stand: &mut Stand, why: Option<Resync>) {
        let Some(why) = why.filter(|_| why != stand.resync) else {
            return;
        };
        let (partition, reason) = (stand.partition, why.as_str());
        tracing::warn!(%partition, reason, "the whole revocation log is read and compared");
        self.status.count_resync(why);
        stand.resync = Some(why);
    }

    /// Reads the log once from its start, and heals it. `false` if it has to be read again.
    async fn scan_and_heal(&self, stand: &mut Stand) -> Result<bool, Error> {
        let partition = stand.partition;
        let mut scan = self.begin_scan(partition)?;
        for _ in 0..ATTEMPTS {
            if self.scan_on(partition, &mut scan).await? == Err(Moved) {
                return Ok(false);
            }
            self.note_reason(stand, scan.flaw.map(Resync::Break));
            let end = scan
                .cursor
                .ok_or(Error::Internal("a log was read without an end"))?;
            match scan.verdict(end, stand.cursor) {
                Verdict::Whole(end) => {
                    stand.cursor = Some(end);
                    stand.resync = None;
                    stand.repair_due = None;
                    self.status.set_repair_pending(partition, false);
                    self.confirm(partition, end.position, scan.sent)?;
                    return Ok(true);
                }
                Verdict::Missing => return Err(LogFault::Missing(partition).into()),
                Verdict::Contradiction => return Err(LogFault::Contradiction(partition).into()),
                Verdict::Heal(healing) => {
                    let (mends, beyond) = (healing.mends, healing.beyond);
                    let healed = match self.heal(partition, healing).await {
                        Err(Error::Store(StoreError::Unavailable(cause)))
                            if self.may_postpone(&scan, end, beyond)? =>
                        {
                            tracing::warn!(
                                %partition,
                                cause,
                                "could not append lost revocations again; the list is complete, and \
                                 the log is repaired when the store takes writes"
                            );
                            self.postpone_repair(stand, end)?;
                            self.confirm(partition, end.position, scan.sent)?;
                            return Ok(true);
                        }
                        healed => healed?,
                    };
                    // A flaw is seen to be gone, or to have moved, only from the start.
                    if mends || !healed && scan.flaw.is_some() {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Whether the view can be confirmed before the log has got back what it has lost.
    ///
    /// The view then has everything that is in the log, and more. What the log lacks is missing to those
    /// that do not know it, whether or not this view is confirmed. It must be certain, though, that
    /// positions go on above all that are known of. The next generation sees to that, unless they are
    /// further ahead than it jumps.
    fn may_postpone(&self, scan: &Scan, end: Cursor, beyond: Position) -> Result<bool, Error> {
        let is_gone = end.log.as_uuid().is_nil();
        let now = self.clock.wall()?.as_millis();
        let next = Duration::from_millis(now.max(end.position.millis())) + GENERATION_JUMP;
        let is_below = Duration::from_millis(beyond.millis()) < next;
        Ok(scan.flaw.is_none() && !is_gone && is_below)
    }

    fn postpone_repair(&self, stand: &mut Stand, end: Cursor) -> Result<(), Error> {
        stand.cursor = Some(end);
        stand.resync = None;
        stand.repair_due = Some(self.clock.boot()?.saturating_add(REPAIR_AGAIN_AFTER));
        self.status.set_repair_pending(stand.partition, true);
        Ok(())
    }

    fn begin_scan(&self, partition: PartitionId) -> Result<Scan, Error> {
        let known = self
            .view
            .revocations(partition)
            .map_err(unknown_partition)?;
        let vouched = self.retention_time()?;
        let (live, expired): (Vec<_>, Vec<_>) = known
            .into_iter()
            .partition(|(_, expires_at)| vouched < *expires_at);
        let floor = self.view.floor(partition).map_err(unknown_partition)?;
        // Expired ones are not appended again: like those that were trimmed, they count by the floor.
        let expired = expired.iter().map(|(revocation, _)| revocation.position);
        let limits = Limits {
            beyond: self.view.furthest(partition).map_err(unknown_partition)?,
            floor: expired.fold(floor, Position::max),
        };
        let live = live.into_iter().map(|(revocation, _)| revocation);
        Ok(Scan::new(live, limits))
    }

    /// Reads on to the end of the log, and takes in what is there.
    async fn scan_on(
        &self,
        partition: PartitionId,
        scan: &mut Scan,
    ) -> Result<Result<(), Moved>, Error> {
        loop {
            scan.sent = self.clock.boot()?;
            let read = self.read_log(partition, scan.cursor).await?;
            if scan.take(&read).is_err() {
                return Ok(Err(Moved));
            }
            match scan.flaw {
                None => self.take_in(partition, &read)?,
                Some(_) => self.learn_of(partition, &read)?,
            }
            scan.cursor = Some(next_cursor(&read)?);
            if read.complete {
                return Ok(Ok(()));
            }
        }
    }

    /// Takes in what is there of a log that is not whole. Its positions do not count as reached:
    /// something before them may be missing.
    fn learn_of(&self, partition: PartitionId, read: &LogRead) -> Result<(), Error> {
        let learn = |entry: &Entry| self.view.learn(partition, entry);
        read.entries
            .iter()
            .try_for_each(learn)
            .and_then(|()| self.view.raise_floor(partition, read.floor))
            .map_err(unknown_partition)?;
        self.feed.withdraw_fingerprint();
        Ok(())
    }

    /// Gives a log back what it lacks, a part at a time. `false` if the log has changed meanwhile.
    async fn heal(&self, partition: PartitionId, healing: Healing) -> Result<bool, Error> {
        let Healing {
            mut as_of,
            lost,
            beyond,
            mends,
            floor,
        } = healing;
        let mut parts = lost.chunks(PART).peekable();
        loop {
            let lost = parts.next().unwrap_or_default().to_vec();
            let (count, is_last) = (lost.len(), parts.peek().is_none());
            let part = Healing {
                as_of,
                lost,
                beyond,
                // Nothing is mended before all of it is back.
                mends: mends && is_last,
                floor,
            };
            let Some(end) = self.store.heal(partition, part).await? else {
                return Ok(false);
            };
            as_of = end;
            self.status.count_healed(count);
            tracing::warn!(%partition, count, mends, "lost revocations were appended again");
            if is_last {
                return Ok(true);
            }
        }
    }
}

/// How often a log is read on, or from its start, while it changes under the reader.
const ATTEMPTS: usize = 8;
/// How long after a repair has failed the next one is tried: it takes a read of the whole log.
const REPAIR_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How many revocations are given back in one step.
const PART: usize = 1000;
