//! Cedar: a policy for each cell, and the scope as a group that the principal is in.

use std::collections::HashSet;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use crate::question::SUBJECT;
use crate::{Condition, Peer, Question, Row, rows};

/// The tables as a set of policies.
#[derive(Debug)]
pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
}

impl Default for Cedar {
    fn default() -> Self {
        let policies: String = rows().into_iter().map(policy).collect();
        Self {
            authorizer: Authorizer::new(),
            policies: policies.parse().expect("policies"),
        }
    }
}

impl Peer for Cedar {
    type Asked = (Request, Entities);

    fn ask(&self, question: &Question) -> Self::Asked {
        let subject = uid("Identity", SUBJECT);
        let action = uid("Action", question.capability.as_str());
        let resource = uid("Resource", "any");
        let request = Request::new(subject.clone(), action, resource, context(question), None);
        let scope = uid("Scope", question.scope.as_str());
        let identity = Entity::new_no_attrs(subject, HashSet::from([scope.clone()]));
        let entities = [identity, Entity::new_no_attrs(scope, HashSet::new())];
        let entities = Entities::from_entities(entities, None).expect("entities");
        (request.expect("a request"), entities)
    }

    fn allows(&mut self, (request, entities): &Self::Asked) -> bool {
        let response = self
            .authorizer
            .is_authorized(request, &self.policies, entities);
        response.decision() == Decision::Allow
    }
}

fn policy(row: Row) -> String {
    let (scope, capability) = (row.scope, row.capability);
    let when = match row.condition {
        Condition::Nothing => "",
        Condition::Own => "when { context.sender == context.subject }",
        Condition::Invited => "when { context.invited }",
        Condition::Role => "when { context.role }",
    };
    format!(
        "permit(principal in Scope::\"{scope}\", action == Action::\"{capability}\", resource) \
         {when};\n"
    )
}

fn context(question: &Question) -> Context {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let pairs = [
        ("subject", text(SUBJECT)),
        ("sender", text(question.sender())),
        (
            "invited",
            RestrictedExpression::new_bool(question.is_invited()),
        ),
        (
            "role",
            RestrictedExpression::new_bool(question.role_suffices()),
        ),
    ];
    Context::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value))).expect("a context")
}

fn uid(kind: &str, id: &str) -> EntityUid {
    format!("{kind}::{id:?}").parse().expect("an id")
}
