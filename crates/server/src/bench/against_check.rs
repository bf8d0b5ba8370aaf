//! Another way of checking, beside `Check` of the same authority about the same tokens.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use lanyard_load::workload::{Checks, Connections, Workload};
use lanyard_load::{Report, Setting};

use super::compare::{Subject, compare};
use super::ground::{Ground, on_own_ground};
use super::load_args::LoadArgs;
use super::{BenchError, site, told};
use crate::client::{ConnectionArgs, Purpose};

/// The flags of what is compared with `Check`.
#[derive(Debug, Args)]
pub(super) struct AgainstCheck {
    /// What it is compared with
    #[arg(long, value_enum, default_value = "check")]
    against: CheckOrNone,
    #[command(flatten)]
    load: LoadArgs,
}

/// Another call of the same authority, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckOrNone {
    /// `Check`, of the same authority, about the same tokens
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
        let report = on_own_ground(connection, async |ground| {
            let tokens = ground.tokens(way.tokens).await?;
            let connections = self.load.connections();
            let there = site::connect(connection, Purpose::Check, connections).await?;
            let target = target(there.clone(), &tokens);
            let floor = Checks::new(there, &tokens);
            self.compare(way, ground, (&target, floor)).await
        });
        told::tell(&report.await?, connection)
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
        compare(subject, (&self.load, ground), (target, floor.as_ref())).await
    }
}
