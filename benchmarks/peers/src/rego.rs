//! Rego, as Regorus evaluates it: the tables as data, and one rule over them.

use regorus::{Engine, Value};
use serde_json::{Map, json};

use crate::question::SUBJECT;
use crate::{Peer, Question, rows};

/// The tables as data.
#[derive(Debug)]
pub struct Rego(Engine);

impl Default for Rego {
    fn default() -> Self {
        let mut engine = Engine::new();
        engine
            .add_policy("lanyard.rego".to_owned(), POLICY.to_owned())
            .expect("a policy");
        engine.add_data_json(&table()).expect("a table");
        Self(engine)
    }
}

impl Peer for Rego {
    type Asked = Value;

    fn ask(&self, question: &Question) -> Value {
        let input = json!({
            "scope": question.scope.as_str(),
            "capability": question.capability.as_str(),
            "subject": SUBJECT,
            "sender": question.sender(),
            "invited": question.is_invited(),
            "role": question.role_suffices(),
        });
        Value::from_json_str(&input.to_string()).expect("an input")
    }

    fn allows(&mut self, asked: &Value) -> bool {
        self.0.set_input(asked.clone());
        let answer = self.0.eval_rule("data.lanyard.allow".to_owned());
        answer.expect("an answer") == Value::Bool(true)
    }
}

fn table() -> String {
    let mut table = Map::new();
    for row in rows() {
        let scopes = table
            .entry(row.capability.as_str())
            .or_insert_with(|| json!({}));
        let scopes = scopes.as_object_mut().expect("an object");
        scopes.insert(row.scope.to_string(), json!(row.condition.as_str()));
    }
    json!({ "table": table }).to_string()
}

const POLICY: &str = r#"
package lanyard

import rego.v1

default allow := false

allow if {
    met(data.table[input.capability][input.scope])
}

met(condition) if condition == "nothing"

met(condition) if {
    condition == "own"
    input.sender == input.subject
}

met(condition) if {
    condition == "invited"
    input.invited
}

met(condition) if {
    condition == "role"
    input.role
}
"#;
