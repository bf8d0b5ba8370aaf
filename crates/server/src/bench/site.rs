//! Where calls go: connections, and the bearer that they carry.

use std::num::NonZeroUsize;
use std::time::Duration;

use lanyard_load::workload::{Authorization, Connections};
use tokio::{sync::watch, time};
use tonic::metadata::AsciiMetadataValue;

use super::BenchError;
use crate::client::{ClientError, ConnectionArgs, Purpose, Session};

/// Opens connections, all as the same caller.
pub(super) async fn connect(
    args: &ConnectionArgs,
    purpose: Purpose,
    count: NonZeroUsize,
) -> Result<Connections, BenchError> {
    let session = Session::open(args, purpose).await?;
    let mut channels = vec![session.channel()];
    for _ in 1..count.get() {
        channels.push(session.another_channel().await?);
    }
    let (says, said) = watch::channel(bearer(&session)?);
    tokio::spawn(renew(session, says));
    Ok(Connections::new(channels, Authorization::new(said)))
}

/// The same caller, at another endpoint if one is named.
pub(super) fn at(args: &ConnectionArgs, endpoint: Option<String>) -> ConnectionArgs {
    let mut there = args.clone();
    there.endpoint = endpoint.or(there.endpoint);
    there
}

/// Signs a new bearer long before the old one expires, for as long as somebody calls with it.
async fn renew(session: Session, says: watch::Sender<AsciiMetadataValue>) {
    loop {
        tokio::select! {
            () = says.closed() => return,
            () = time::sleep(RENEW_EVERY) => {}
        }
        // One that cannot be signed now is seen by the calls, once the old one has expired.
        if let Ok(bearer) = bearer(&session) {
            says.send_replace(bearer);
        }
    }
}

/// The bearer as nearly every client sends it: marked as a secret, it would be written out in each
/// request instead of once for each connection.
fn bearer(session: &Session) -> Result<AsciiMetadataValue, ClientError> {
    let mut bearer = session.authorization()?;
    bearer.set_sensitive(false);
    Ok(bearer)
}

/// Half of what a bearer lives.
const RENEW_EVERY: Duration = Duration::from_mins(5);
