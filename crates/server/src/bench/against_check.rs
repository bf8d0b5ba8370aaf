//! Another way of checking, beside `Check` of the same service about the same tokens.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use lanyard_load::workload::{Checks, Connections, Workload};
use lanyard_load::{Report, Setting};

use super::compare::{Subject, compare};
use super::ground::{Ground, on_own_ground};
use super::load_args::LoadArgs;
use super::place::PlaceArgs;
use super::{BenchError, site, told};
use crate::client::{ConnectionArgs, Purpose};

/// The flags of what is compared with `Check`.
#[derive(Debug, Args)]
pub(super) struct AgainstCheck {
    /// What it is compared with
    #[arg(long, value_enum, default_value = "check")]
    against: CheckOrNone,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    load: LoadArgs,
}

/// Another call of the same service, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckOrNone {
    /// `Check`, of the same service, about the same tokens
    Check,
    /// Nothing
    None,
}

/// Another way of checking, in the words of the report.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) bench: &'static str,
    /// How many tokens are asked about in turn.
    pub(super) tokens: usize,
    /// What else can be set.
    pub(super) settings: BTreeMap<&'static str, Setting>,
}

impl AgainstCheck {
    /// Measures, and prints what it measured. The target is made of connections and tokens.
    pub(super) async fn measure<T: Workload>(
        &self,
        way: Way,
        connection: &ConnectionArgs,
        target: impl FnOnce(Connections, &[String]) -> T,
    ) -> Result<(), BenchError> {
        let bench = on_own_ground(connection, async |ground| {
            let tokens = ground.tokens(way.tokens).await?;
            let there = self.place.reached_by(connection);
            let there = site::connect(&there, Purpose::Check, self.load.connections()).await?;
            let target = target(there.clone(), &tokens);
            let floor = Checks::new(there, &tokens);
            let report = self.compare(way, ground, (&target, floor)).await?;
            told::tell(&report, connection)
        });
        bench.await
    }

    async fn compare<T: Workload>(
        &self,
        way: Way,
        ground: &Ground,
        (target, floor): (&T, Checks),
    ) -> Result<Report, BenchError> {
        let Way {
            bench,
            tokens,
            mut settings,
        } = way;
        settings.insert("tokens", tokens.into());
        let floor = (self.against == CheckOrNone::Check).then_some(floor);
        let subject = Subject {
            bench,
            unit: "checks",
            settings,
            against: floor.is_some().then(|| "check".to_owned()),
        };
        let endpoint = self.place.or(ground.endpoint());
        compare(subject, (&self.load, endpoint), (target, floor.as_ref())).await
    }
}
