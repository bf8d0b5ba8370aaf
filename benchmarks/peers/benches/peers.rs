//! What the peers take for what Lanyard does, in turns with it: the same questions over the same
//! tables, and the same tokens.
#![expect(clippy::expect_used, reason = "a measurement that cannot go on ends")]

use lanyard_peers::{Casbin, Cedar, Jwt, Peer, Question, Rego, questions, token};
use lanyard_token::{Clock as _, SystemClock};
use lanyard_yardstick::{Comparison, keys, verifier};

fn main() {
    println!("deciding, over all questions");
    println!("{}", deciding());
    println!("verifying");
    println!("{}", verifying());
}

fn deciding() -> Comparison<'static> {
    let lanyard = Comparison::with_floor("lanyard", questions(), Question::is_allowed);
    let compared = beside(lanyard, "cedar-policy", Cedar::default());
    let compared = beside(compared, "casbin", Casbin::default());
    beside(compared, "regorus", Rego::default()).run(ROUNDS)
}

fn beside<P: Peer + 'static>(
    comparison: Comparison<'static>,
    name: &'static str,
    mut peer: P,
) -> Comparison<'static> {
    let asked = questions()
        .iter()
        .map(|question| peer.ask(question))
        .collect();
    comparison.beside(name, asked, move |asked| peer.allows(asked))
}

fn verifying() -> Comparison<'static> {
    let (verifier, keys, jwt) = (verifier(), keys(), Jwt::default());
    let tokens = || (0..TOKENS).map(token).collect();
    let verify = move |token: &String| {
        let authentic = verifier.authenticate(token, &keys).expect("authentic");
        authentic
            .at(SystemClock.wall().expect("a clock"))
            .expect("alive");
    };
    Comparison::with_floor("lanyard", tokens(), verify)
        .beside("jsonwebtoken", tokens(), move |token: &String| {
            assert!(jwt.accepts(token));
        })
        .run(ROUNDS)
}

const ROUNDS: u32 = 500;
const TOKENS: u64 = 1000;
