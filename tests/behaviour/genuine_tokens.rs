//! Tokens that are signed with a key of the authority and still say something that they must not.

use lanyard_proto::v1::DecisionReason;
use lanyard_proto::v1::DecisionReason::{
    Allowed, TokenExpired, TokenMalformed, TokenNotYetValid, TokenRevoked, TokenSignatureInvalid,
    TokenWrongAudience, TokenWrongIssuer,
};
use serde_json::{Value, json};

use crate::support::{Data, KnownKey, Server, now, refused_field};

#[tokio::test]
async fn what_the_key_signs_is_good_if_it_is_in_order() {
    let forge = Forge::start().await;
    let now = now();
    let good = [
        forge.claims(),
        forge.with(&[("exp", json!(now + 60)), ("iat", json!(now + 60 - 3600))]),
        forge.with(&[("iat", json!(now + 30)), ("exp", json!(now + 30 + 3600))]),
        forge.with(&[("scope", json!("voip chat"))]),
        forge.with(&[("nbf", json!(now - 10))]),
        forge.with(&[("of a newer authority", json!([1, {"a": null}]))]),
    ];
    forge
        .all_are(&good.map(|claims| claims.to_string()), Allowed)
        .await;
}

#[tokio::test]
async fn a_token_is_dead_from_the_second_of_its_expiry_on() {
    let forge = Forge::start().await;
    let now = now();
    let expired = [now, now - 1, now - 60, now - 3600].map(|exp| {
        let claims = forge.with(&[("exp", json!(exp)), ("iat", json!(exp - 3600))]);
        claims.to_string()
    });
    forge.all_are(&expired, TokenExpired).await;
    // It can be taken back all the same, and who it was is told.
    let token = forge.sign(&expired[1]);
    forge.server.primary().revoke(&token).await.unwrap();
    let told = forge.server.enforcer().introspect(&token).await.unwrap();
    assert!(!told.active && told.claims.is_some(), "{told:?}");
}

#[tokio::test]
async fn a_token_of_the_future_is_not_valid_yet() {
    let forge = Forge::start().await;
    let now = now();
    let early = [
        forge.with(&[("iat", json!(now + 300)), ("exp", json!(now + 300 + 3600))]),
        forge.with(&[("nbf", json!(now + 300))]),
    ];
    forge
        .all_are(&early.map(|claims| claims.to_string()), TokenNotYetValid)
        .await;
}

#[tokio::test]
async fn a_token_of_another_issuer_or_for_another_audience_is_refused() {
    let forge = Forge::start().await;
    for (member, expected) in [("iss", TokenWrongIssuer), ("aud", TokenWrongAudience)] {
        let others = ["other", "Lanyard", "lanyard-", "lanyard-access2"];
        let claims = others.map(|other| forge.with(&[(member, json!(other))]).to_string());
        forge.all_are(&claims, expected).await;
    }
}

#[tokio::test]
async fn a_claim_of_another_type_or_form_is_malformed() {
    let forge = Forge::start().await;
    let exp = forge.claims()["exp"].as_u64().unwrap();
    let mut bad = Vec::new();
    for name in [
        "iss",
        "aud",
        "sub",
        "iat",
        "exp",
        "jti",
        "scope",
        "client_id",
        "pos",
    ] {
        let values = [
            Value::Null,
            json!([]),
            json!({}),
            json!(true),
            json!(-1),
            json!(""),
        ];
        bad.extend(values.map(|value| forge.with(&[(name, value)]).to_string()));
        let mut without = forge.claims();
        without.as_object_mut().unwrap().remove(name);
        bad.push(without.to_string());
    }
    bad.push(forge.with(&[("exp", json!(exp.to_string()))]).to_string());
    bad.push(
        forge
            .with(&[("aud", json!(["lanyard-access"]))])
            .to_string(),
    );
    bad.push(forge.with(&[("scope", json!(["chat"]))]).to_string());
    bad.push(forge.with(&[("nbf", json!("now"))]).to_string());
    let plain = forge.claims().to_string();
    for number in [".0", ".5", "e0"] {
        bad.push(plain.replace(&exp.to_string(), &format!("{exp}{number}")));
    }
    for scope in [
        "root",
        "chat  voip",
        " chat",
        "chat ",
        "chat chat",
        "chat,voip",
        "CHAT",
    ] {
        bad.push(forge.with(&[("scope", json!(scope))]).to_string());
    }
    for position in ["0", "1-", "01-0", "1-1-1"] {
        bad.push(forge.with(&[("pos", json!(position))]).to_string());
    }
    forge.all_are(&bad, TokenMalformed).await;
}

#[tokio::test]
async fn a_life_that_no_authority_gives_is_malformed() {
    let forge = Forge::start().await;
    let now = now();
    let lives = [
        0,
        60,
        3600 - 60,
        3599,
        1440 * 60 + 1,
        1441 * 60,
        1 << 40,
        u64::MAX - now,
    ];
    let bad = lives.map(|life| forge.with(&[("iat", json!(now)), ("exp", json!(now + life))]));
    forge
        .all_are(&bad.map(|claims| claims.to_string()), TokenMalformed)
        .await;
}

#[tokio::test]
async fn members_that_come_twice_are_malformed_whatever_they_say() {
    let forge = Forge::start().await;
    let plain = forge.claims().to_string();
    let open = plain.strip_suffix('}').unwrap();
    let exp = forge.claims()["exp"].clone();
    let bad = [
        format!("{open},\"exp\":{exp}}}"),
        format!("{open},\"scope\":\"chat voip\"}}"),
        format!("{open},\"\\u0065xp\":{exp}}}"),
        format!("{open},\"x\":1,\"x\":1}}"),
    ];
    forge.all_are(&bad, TokenMalformed).await;
}

#[tokio::test]
async fn what_is_no_object_of_claims_is_malformed_however_deep() {
    let forge = Forge::start().await;
    let plain = forge.claims().to_string();
    let bad = [
        "[".repeat(300) + &"]".repeat(300),
        "{\"a\":".repeat(100) + "1" + &"}".repeat(100),
        "[".repeat(600),
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "\"claims\"".to_owned(),
        format!("{plain}{plain}"),
        format!("{plain} x"),
        format!("\u{feff}{plain}"),
        plain.replace('{', ""),
    ];
    forge.all_are(&bad, TokenMalformed).await;
}

#[tokio::test]
async fn a_token_beyond_a_kibibyte_is_malformed_though_it_is_signed() {
    let forge = Forge::start().await;
    let padded = |length: usize| forge.with(&[("x", json!("x".repeat(length)))]).to_string();
    let fits = (0..400)
        .rev()
        .find(|length| forge.sign(&padded(*length)).len() <= 1024)
        .unwrap();
    forge.all_are(&[padded(fits)], Allowed).await;
    forge
        .all_are(&[padded(fits + 1), padded(fits + 300)], TokenMalformed)
        .await;
}

#[tokio::test]
async fn the_header_is_what_it_must_be_though_it_is_signed() {
    let forge = Forge::start().await;
    let (good, claims) = (forge.key.header(), forge.claims().to_string());
    let open = good.strip_suffix('}').unwrap();
    let headers = [
        format!("{open},\"crit\":[\"exp\"]}}"),
        format!("{open},\"jku\":\"http://127.0.0.1:1\"}}"),
        format!("{open},\"x5u\":\"http://127.0.0.1:1\"}}"),
        format!("{open},\"jwk\":{{}}}}"),
        format!("{open},\"typ\":\"at+jwt\"}}"),
        good.replace("EdDSA", "none"),
        good.replace("EdDSA", "HS256"),
        good.replace("at+jwt", "JWT"),
    ];
    let enforcer = forge.server.enforcer();
    for header in headers {
        let token = forge.key.sign(&header, &claims);
        assert_eq!(
            enforcer.verdicts(&[token]).await,
            [TokenMalformed],
            "{header}"
        );
    }
    // The other name of the algorithm is none of this key, although the signature would verify.
    let other_name = forge.key.sign(&good.replace("EdDSA", "Ed25519"), &claims);
    let verdict = enforcer.verdicts(&[other_name]).await;
    assert_eq!(verdict, [TokenSignatureInvalid]);
    let own_name = forge.key.sign(&good, &claims);
    assert_eq!(enforcer.verdicts(&[own_name]).await, [Allowed]);
}

#[tokio::test]
async fn a_forged_position_of_the_past_is_covered_by_the_revocation() {
    let forge = Forge::start().await;
    let token = forge.sign(&forge.claims().to_string());
    let later = forge
        .with(&[("pos", json!("99999999999999-0"))])
        .to_string();
    let caller = forge.server.primary();
    caller.revoke_all(&forge.identity).await.unwrap();
    forge
        .all_are(&[forge.claims().to_string()], TokenRevoked)
        .await;
    forge.all_are(&[later], Allowed).await;
    refused_field(caller.revoke(&format!("{token}A")).await, "token");
}

/// A server, and a key of it to sign anything with.
struct Forge {
    server: Server,
    key: KnownKey,
    identity: String,
}

impl Forge {
    async fn start() -> Self {
        let data = Data::new();
        Server::start_on(&data, &[]).await.stop().await;
        let key = KnownKey::plant(&data).await;
        let server = Server::start_on(&data, &[]).await;
        let identity = server.primary().identity().await;
        Self {
            server,
            key,
            identity,
        }
    }

    /// Claims that are in order.
    fn claims(&self) -> Value {
        let now = now();
        json!({
            "iss": "lanyard",
            "aud": "lanyard-access",
            "sub": self.identity,
            "iat": now,
            "exp": now + 3600,
            "jti": "00000000-0000-4000-8000-000000000001",
            "scope": "chat",
            "client_id": self.server.data().credential("primary").id,
            "pos": "0-0",
        })
    }

    /// Claims with these members instead.
    fn with(&self, members: &[(&str, Value)]) -> Value {
        let mut claims = self.claims();
        for (name, value) in members {
            claims[*name] = value.clone();
        }
        claims
    }

    fn sign(&self, payload: &str) -> String {
        self.key.sign(&self.key.header(), payload)
    }

    /// Asserts what a check says to these payloads, and that without the signature it says less.
    async fn all_are(&self, payloads: &[String], expected: DecisionReason) {
        let enforcer = self.server.enforcer();
        let signed: Vec<String> = payloads.iter().map(|payload| self.sign(payload)).collect();
        for (payload, reason) in payloads.iter().zip(enforcer.verdicts(&signed).await) {
            assert_eq!(reason, expected, "{payload}");
        }
        for token in &signed {
            let told = enforcer.introspect(token).await.unwrap();
            assert_eq!(told.reason(), expected, "{told:?}");
        }
        let (header, stranger) = (self.key.header(), crate::support::forge);
        let unsigned = payloads.iter().map(|payload| stranger(&header, payload));
        let unsigned: Vec<String> = unsigned.filter(|token| token.len() <= 1024).collect();
        for reason in enforcer.verdicts(&unsigned).await {
            assert!(
                [TokenSignatureInvalid, TokenMalformed].contains(&reason),
                "{reason:?}"
            );
        }
    }
}
