//! Tokens that are none: every one is answered with a denial and its reason, never with an error.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lanyard_proto::v1::DecisionReason::{
    Allowed, TokenKeyUnknown, TokenMalformed, TokenSignatureInvalid,
};
use lanyard_proto::v1::{Capability, DecisionReason, ListCapabilitiesRequest};
use serde_json::Value;
use tonic::Code;

use crate::support::{Caller, Parts, Server, forge, hs256, http};

#[tokio::test]
async fn every_change_of_a_single_byte_is_refused() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    let changed = changes_of_a_byte(&token);
    assert!(changed.len() > token.len() * 10);

    let header_ends = token.find('.').unwrap();
    let payload_ends = token.rfind('.').unwrap();
    let tokens: Vec<String> = changed.iter().map(|(_, token)| token.clone()).collect();
    for ((at, token), reason) in changed.iter().zip(caller.verdicts(&tokens).await) {
        let expected: &[DecisionReason] = match *at {
            at if at < header_ends => &[TokenMalformed, TokenKeyUnknown],
            at if at == header_ends || at == payload_ends => &[TokenMalformed],
            _ => &[TokenMalformed, TokenSignatureInvalid],
        };
        assert!(
            expected.contains(&reason),
            "byte {at}: {reason:?} for {token}"
        );
    }
    assert_eq!(caller.verdicts(&[token]).await, [Allowed]);
}

#[tokio::test]
async fn a_token_cut_off_anywhere_is_malformed() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    let cut: Vec<String> = (0..token.len())
        .map(|length| token[..length].to_owned())
        .collect();
    all_are(&caller, &cut, TokenMalformed).await;
    let tails: Vec<String> = (1..token.len())
        .map(|length| token[length..].to_owned())
        .collect();
    for (tail, reason) in tails.iter().zip(caller.verdicts(&tails).await) {
        assert!(
            [TokenMalformed, TokenSignatureInvalid].contains(&reason),
            "{reason:?}: {tail}"
        );
    }
}

#[tokio::test]
async fn white_space_padding_and_trailing_bits_are_malformed() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    let segments: Vec<&str> = token.split('.').collect();
    let mut bad = Vec::new();
    for extra in ["=", "==", " ", "\n", "\r\n", "\t", "\0", ".", "\u{a0}", "é"] {
        for (at, segment) in segments.iter().enumerate() {
            for padded in [format!("{segment}{extra}"), format!("{extra}{segment}")] {
                let mut segments = segments.clone();
                segments[at] = &padded;
                bad.push(segments.join("."));
            }
        }
    }
    bad.push(with_trailing_bits(&token));
    bad.push(STANDARD.encode(&token));
    bad.push(format!("Bearer {token}"));
    bad.push(format!("\"{token}\""));
    bad.push(token.replace('.', ".."));
    bad.push(token.replace('.', ""));
    all_are(&caller, &bad, TokenMalformed).await;
    // Further letters may leave the base64 whole, and then it is the content that is wrong.
    let longer = ["A", "AA", "AAA", "AAAA"].map(|extra| token.replace('.', &format!("{extra}.")));
    for reason in caller.verdicts(&longer).await {
        assert!(
            [TokenMalformed, TokenSignatureInvalid].contains(&reason),
            "{reason:?}"
        );
    }
}

#[tokio::test]
async fn another_algorithm_is_malformed_whoever_signs() {
    let server = Server::start().await;
    let caller = server.primary();
    let parts = Parts::of(&caller.token(&["chat"]).await);
    let (payload, kid) = (&parts.payload, parts.kid());
    let mut bad = Vec::new();
    for alg in [
        "none", "None", "NONE", "nOnE", "", "RS256", "PS256", "ES256", "eddsa", "Ed448",
    ] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
        for signature in [vec![], parts.signature.clone(), vec![0; 64], vec![1; 256]] {
            let payload = payload.clone();
            bad.push(
                Parts {
                    header: header.clone(),
                    payload,
                    signature,
                }
                .join(),
            );
        }
        bad.push(forge(&header, payload));
    }
    for secret in secrets_made_of_the_public_key(&server, &kid).await {
        for alg in ["HS256", "EdDSA"] {
            let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
            bad.push(hs256(&header, payload, &secret));
        }
    }
    all_are(&caller, &bad, TokenMalformed).await;
}

#[tokio::test]
async fn a_header_that_says_more_or_less_than_it_must_is_malformed() {
    let server = Server::start().await;
    let caller = server.primary();
    let parts = Parts::of(&caller.token(&["chat"]).await);
    let whole = parts.header.strip_suffix('}').unwrap();
    let kid = parts.kid();
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw"}"#;
    let extra = [
        r#""crit":["exp"]"#.to_owned(),
        r#""crit":[]"#.to_owned(),
        r#""b64":false,"crit":["b64"]"#.to_owned(),
        format!(r#""jwk":{jwk}"#),
        r#""jku":"http://127.0.0.1:1/keys""#.to_owned(),
        r#""x5u":"http://127.0.0.1:1/chain""#.to_owned(),
        r#""x5c":["MIIB"]"#.to_owned(),
        r#""cty":"JWT""#.to_owned(),
        r#""zip":"DEF""#.to_owned(),
        r#""unknown":null"#.to_owned(),
        format!(r#""kid":"{kid}""#),
        r#""alg":"EdDSA""#.to_owned(),
        r#""alg":"none""#.to_owned(),
        r#""typ":"at+jwt""#.to_owned(),
    ];
    let mut headers: Vec<String> = extra
        .iter()
        .map(|extra| format!("{whole},{extra}}}"))
        .collect();
    headers.extend([
        parts.header.replace("at+jwt", "JWT"),
        parts.header.replace("at+jwt", "AT+JWT"),
        parts.header.replace(r#""typ":"at+jwt","#, ""),
        parts.header.replace(r#""alg":"EdDSA","#, ""),
        format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":["{kid}"]}}"#),
        r#"{"alg":"EdDSA","typ":"at+jwt"}"#.to_owned(),
        r#"{"alg":"EdDSA","typ":"at+jwt","kid":null}"#.to_owned(),
        r#"{"alg":"EdDSA","typ":"at+jwt","kid":7}"#.to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "\"\"".to_owned(),
        "{".repeat(200),
        "[".repeat(300),
        format!("{}{}", parts.header, parts.header),
    ]);
    let mut bad = Vec::new();
    for header in headers {
        bad.push(forge(&header, &parts.payload));
        bad.push(
            Parts {
                header,
                ..parts.clone()
            }
            .join(),
        );
    }
    all_are(&caller, &bad, TokenMalformed).await;
}

#[tokio::test]
async fn a_key_that_is_not_known_is_told_apart_from_a_signature_that_does_not_fit() {
    let server = Server::start().await;
    let caller = server.primary();
    let parts = Parts::of(&caller.token(&["chat"]).await);
    let kid = parts.kid();
    let stranger = |kid: &str| format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#);
    let mut unknown = Vec::new();
    let upper = kid.to_uppercase();
    let credential = server.data().credential("primary").id;
    let of_a_stranger = "11111111-1111-4111-8111-111111111111";
    for kid in [
        of_a_stranger,
        &upper,
        &credential,
        "",
        "../../etc/passwd",
        "' OR 1=1",
    ] {
        unknown.push(forge(&stranger(kid), &parts.payload));
    }
    let unchanged = Parts {
        header: stranger(of_a_stranger),
        ..parts.clone()
    };
    unknown.push(unchanged.join());
    all_are(&caller, &unknown, TokenKeyUnknown).await;

    let mut unfitting = vec![forge(&parts.header, &parts.payload)];
    for signature in [vec![0; 64], vec![0xff; 64]] {
        unfitting.push(
            Parts {
                signature,
                ..parts.clone()
            }
            .join(),
        );
    }
    all_are(&caller, &unfitting, TokenSignatureInvalid).await;
}

/// Nothing that a stranger wrote is looked into before the signature has been found to fit.
#[tokio::test]
async fn whatever_a_stranger_claims_is_a_signature_that_does_not_fit() {
    let server = Server::start().await;
    let caller = server.primary();
    let parts = Parts::of(&caller.token(&["chat"]).await);
    let good = &parts.payload;
    let claims = parts.claims();
    let [iat, exp] = ["iat", "exp"].map(|name| claims[name].as_u64().unwrap());
    let with = |from: String, to: String| {
        let changed = good.replace(&from, &to);
        assert_ne!(&changed, good, "{from}");
        changed
    };
    let exp_member = format!("\"exp\":{exp}");
    let payloads = [
        with(exp_member.clone(), format!("\"exp\":\"{exp}\"")),
        with(exp_member.clone(), format!("\"exp\":{exp}.5")),
        with(exp_member.clone(), format!("\"exp\":{}", iat - 1)),
        with(exp_member.clone(), format!("\"exp\":{}", u64::MAX)),
        with(exp_member.clone(), format!("{exp_member},{exp_member}")),
        with(format!(",{exp_member}"), String::new()),
        with("\"chat\"".to_owned(), "\"chat voip\"".to_owned()),
        with("\"lanyard\"".to_owned(), "\"other\"".to_owned()),
        format!("{}{}", "[".repeat(150), "]".repeat(150)),
        r#"{"a":"#.repeat(60),
        "{}".to_owned(),
        "null".to_owned(),
        "not json".to_owned(),
        "\u{0}".to_owned(),
    ];
    let forged: Vec<String> = payloads
        .iter()
        .map(|payload| forge(&parts.header, payload))
        .collect();
    all_are(&caller, &forged, TokenSignatureInvalid).await;
    let kept = |payload: &String| {
        Parts {
            payload: payload.clone(),
            ..parts.clone()
        }
        .join()
    };
    let kept: Vec<String> = payloads.iter().map(kept).collect();
    all_are(&caller, &kept, TokenSignatureInvalid).await;
}

#[tokio::test]
async fn a_token_of_another_authority_is_not_known_here() {
    let (server, stranger) = (Server::start().await, Server::start().await);
    let theirs = stranger.primary().token(&["chat"]).await;
    let caller = server.primary();
    all_are(&caller, std::slice::from_ref(&theirs), TokenKeyUnknown).await;
    let told = caller.introspect(&theirs).await.unwrap();
    assert_eq!((told.active, told.claims), (false, None));
}

#[tokio::test]
async fn a_token_of_nearly_a_message_is_malformed_and_one_beyond_is_over_the_limit() {
    let server = Server::start().await;
    let caller = server.primary();
    let good = caller.token(&["chat"]).await;
    for length in [1025, 10_000, 1000 * 1024] {
        for filling in ["a", "a.", "{"] {
            let large = filling.repeat(length / filling.len());
            let decision = caller.decide(&large, Capability::ListChatThreads).await;
            assert_eq!(
                (decision.allowed, decision.reason()),
                (false, TokenMalformed)
            );
            assert_eq!(decision.identity_id, "");
        }
    }
    for length in [1 << 20, 3 << 20] {
        let token = format!("{good}{}", "A".repeat(length));
        let refusal = caller.introspect(&token).await.unwrap_err();
        let codes = [
            Code::OutOfRange,
            Code::InvalidArgument,
            Code::ResourceExhausted,
        ];
        assert!(codes.contains(&refusal.code()), "{refusal:?}");
        assert_eq!(
            caller.state(&good).await,
            Allowed,
            "the connection lives on"
        );
    }
}

#[tokio::test]
async fn every_kind_of_check_has_the_same_answer_to_a_bad_token() {
    let server = Server::start().await;
    let caller = server.primary();
    let parts = Parts::of(&caller.token(&["chat"]).await);
    let foreign = parts
        .header
        .replace(&parts.kid(), "22222222-2222-4222-8222-222222222222");
    let cases = [
        ("garbage".to_owned(), TokenMalformed),
        (forge(&foreign, &parts.payload), TokenKeyUnknown),
        (forge(&parts.header, &parts.payload), TokenSignatureInvalid),
    ];
    for (token, expected) in cases {
        let told = caller.introspect(&token).await.unwrap();
        assert_eq!(
            (told.active, told.claims.as_ref(), told.reason()),
            (false, None, expected)
        );
        let request = ListCapabilitiesRequest {
            token,
            context: None,
        };
        let listed = caller
            .policy()
            .list_capabilities(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!((&*listed.identity_id, listed.scopes.len()), ("", 0));
        assert_eq!(listed.decisions.len(), 21);
        for row in listed.decisions {
            let decision = row.decision.unwrap();
            assert_eq!((decision.allowed, decision.reason()), (false, expected));
        }
    }
}

/// A `string` of a proto is UTF-8, so such a token cannot even be asked about.
#[tokio::test]
async fn a_token_that_is_not_text_is_refused_and_the_connection_lives_on() {
    let server = Server::start().await;
    let caller = server.primary();
    let good = caller.token(&["chat"]).await;
    let mut bytes = good.clone().into_bytes();
    bytes[10] |= 0x80;
    for bytes in [bytes, vec![0xff], vec![0xc3, 0x28], vec![0xed, 0xa0, 0x80]] {
        let refusal = caller
            .call("/lanyard.v1.PolicyService/Introspect", &bytes)
            .await;
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal:?}");
        assert_eq!(caller.state(&good).await, Allowed);
    }
}

#[tokio::test]
async fn no_token_at_all_is_no_token() {
    let server = Server::start().await;
    assert_eq!(server.primary().state("").await, TokenMalformed);
}

/// Asserts that a check refuses each of these for this reason.
async fn all_are(caller: &Caller, tokens: &[String], expected: DecisionReason) {
    for (token, reason) in tokens.iter().zip(caller.verdicts(tokens).await) {
        assert_eq!(reason, expected, "{token}");
    }
}

/// The token with each byte changed, in every way of a single bit that leaves it text, and in some
/// others; with the place of the change.
fn changes_of_a_byte(token: &str) -> Vec<(usize, String)> {
    let mut changed = Vec::new();
    for (at, byte) in token.bytes().enumerate() {
        let flips = (0..7).map(|bit| byte ^ (1 << bit));
        let others = *b"A_z9.=+/ \n\0";
        let values = flips.chain(others).filter(|value| *value != byte);
        for value in values {
            let mut bytes = token.as_bytes().to_vec();
            bytes[at] = value;
            changed.push((at, String::from_utf8(bytes).unwrap()));
        }
    }
    changed
}

/// The same bytes in other letters: the last letter of the signature has four bits to spare.
fn with_trailing_bits(token: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let place = ALPHABET.find(last).expect("a letter of base64url");
    assert_eq!(place % 16, 0, "what is spare is zero");
    format!("{rest}{}", &ALPHABET[place + 1..place + 2])
}

/// What an attacker who knows the public key might take it for.
async fn secrets_made_of_the_public_key(server: &Server, kid: &str) -> Vec<Vec<u8>> {
    let jwks = http::get(server.endpoint(), "/.well-known/jwks.json").await;
    let set: Value = serde_json::from_str(&jwks.body).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let key = keys
        .iter()
        .find(|key| key["kid"] == kid)
        .expect("the key is published");
    let x = key["x"].as_str().unwrap();
    let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
    let mut der = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".to_vec();
    der.extend_from_slice(&raw);
    let body = STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let texts = [x.to_owned(), pem, body, key.to_string()].map(String::into_bytes);
    texts.into_iter().chain([raw, der, Vec::new()]).collect()
}
