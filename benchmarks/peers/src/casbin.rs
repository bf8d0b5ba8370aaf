//! Casbin: a row for each cell, and the conditions in the matcher.

use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter, MgmtApi as _};

use crate::question::SUBJECT;
use crate::{Peer, Question, rows};

/// The tables as rows.
pub struct Casbin(Enforcer);

impl Casbin {
    async fn new() -> casbin::Result<Self> {
        let model = DefaultModel::from_str(MODEL).await?;
        let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
        let rows = rows().into_iter().map(|row| {
            let row = [
                row.scope.as_str(),
                row.capability.as_str(),
                row.condition.as_str(),
            ];
            row.map(str::to_owned).to_vec()
        });
        enforcer.add_policies(rows.collect()).await?;
        Ok(Self(enforcer))
    }
}

impl Default for Casbin {
    fn default() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let ready = runtime.expect("a runtime").block_on(Self::new());
        ready.expect("an enforcer")
    }
}

impl Peer for Casbin {
    /// Scope, capability, subject, sender, and whether invited and whether the role suffices.
    type Asked = (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        bool,
        bool,
    );

    fn ask(&self, question: &Question) -> Self::Asked {
        (
            question.scope.as_str(),
            question.capability.as_str(),
            SUBJECT,
            question.sender(),
            question.is_invited(),
            question.role_suffices(),
        )
    }

    fn allows(&mut self, asked: &Self::Asked) -> bool {
        self.0.enforce(*asked).expect("an answer")
    }
}

const MODEL: &str = r#"
[request_definition]
r = scope, capability, subject, sender, invited, role

[policy_definition]
p = scope, capability, condition

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.capability == p.capability && r.scope == p.scope && (p.condition == "nothing" || p.condition == "own" && r.sender == r.subject || p.condition == "invited" && r.invited || p.condition == "role" && r.role)
"#;
