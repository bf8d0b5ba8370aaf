//! The proof that an answer came from the primary, shared by those who need it at the same time.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::sync::Mutex as AsyncMutex;

use super::{
    failure::Failure,
    options::RedisAddress,
    slot::Slot,
    topology::{Primaries, Topology},
};

/// Confirms that nodes are the primaries of what they answered for.
///
/// A confirmation counts for every answer that was there before it was asked for, so that calls that
/// come while one is under way share the next.
#[derive(Debug, Default)]
pub(super) struct Confirmer {
    runs: Mutex<Runs>,
    running: AsyncMutex<()>,
}

#[derive(Debug, Default)]
struct Runs {
    begun: u64,
    last: Option<(u64, Arc<Confirmed>)>,
}

/// Who was the primary of what at one moment, and in which reign.
#[derive(Debug)]
struct Confirmed {
    primaries: Arc<Primaries>,
    /// Asked after the majority was, so that a node which was deposed and promoted again in between
    /// is found out.
    reigns: Vec<(RedisAddress, String)>,
}

/// An answer that may have come from a node that is not the primary any more.
#[derive(Debug, thiserror::Error)]
#[error("{0} answered and is not confirmed to be the primary")]
struct NotConfirmed(RedisAddress);

impl Confirmer {
    /// Confirms that a node, which answered in a reign, is the primary of a slot.
    pub(super) async fn confirm(
        &self,
        topology: &Topology,
        slot: Slot,
        (address, reign): (&RedisAddress, &str),
    ) -> Result<(), Failure> {
        let confirmed = self.next_run(topology).await?;
        let is_primary = confirmed.primaries.of(slot).as_ref() == Some(address);
        let in_reign = |(node, found): &(RedisAddress, String)| node == address && found == reign;
        if is_primary && confirmed.reigns.iter().any(in_reign) {
            return Ok(());
        }
        topology.doubt();
        Err(Failure::Away(NotConfirmed(address.clone()).into()))
    }

    /// The outcome of a run that began after this was called.
    async fn next_run(&self, topology: &Topology) -> Result<Arc<Confirmed>, Failure> {
        let needed = self.with(|runs| runs.begun) + 1;
        let _turn = self.running.lock().await;
        let last = self.with(|runs| runs.last.clone());
        if let Some((_, confirmed)) = last.filter(|(run, _)| *run >= needed) {
            return Ok(confirmed);
        }
        let run = self.with(|runs| {
            runs.begun += 1;
            runs.begun
        });
        let confirmed = Arc::new(ask(topology).await?);
        self.with(|runs| runs.last = Some((run, Arc::clone(&confirmed))));
        Ok(confirmed)
    }

    // A lock whose holder panicked is used all the same: each change is one assignment.
    fn with<T>(&self, look: impl FnOnce(&mut Runs) -> T) -> T {
        look(&mut self.runs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn ask(topology: &Topology) -> Result<Confirmed, Failure> {
    let primaries = topology.ask().await?;
    let addresses = primaries.addresses();
    let asked = addresses.iter().map(|address| {
        let node = topology.node(address);
        async move { (node.address.clone(), node.reign().await) }
    });
    let answers = join_all(asked).await.into_iter();
    let reigns = answers.filter_map(|(address, reign)| Some((address, reign.ok()??)));
    Ok(Confirmed {
        reigns: reigns.collect(),
        primaries,
    })
}
