//! Who may call what: every rpc by every kind of caller, and every form of a bearer.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lanyard_proto::DESCRIPTORS;
use lanyard_proto::v1::{
    AccessKeySlot, CreateServiceKeyRequest, DeleteResourceRequest, DeleteServiceKeyRequest,
    RotateAccessKeyRequest, ServiceKeyRole,
};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use serde_json::{Value, json};
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::support::{Bearer, Caller, Credential, DEADLINE, Server, hs256, now, reason};

/// The matrix is compared with a golden file: a change of who may call what is reviewed there.
#[tokio::test]
async fn every_rpc_is_open_to_those_callers_that_the_matrix_names() {
    let server = Server::start().await;
    let callers = callers(&server).await;
    let names: Vec<&str> = callers.iter().map(|(name, _)| *name).collect();
    let mut matrix = String::from(LEGEND);
    writeln!(matrix, "{:<36}{}", "", row(&names)).unwrap();
    for path in rpcs() {
        let mut cells = Vec::new();
        for (_, caller) in &callers {
            cells.push(cell(caller.call(&path, &[]).await));
        }
        writeln!(
            matrix,
            "{:<36}{}",
            path.replace("/lanyard.v1.", ""),
            row(&cells)
        )
        .unwrap();
    }
    let matrix: Vec<&str> = matrix.lines().map(str::trim_end).collect();
    let golden: Vec<&str> = include_str!("../golden/callers.txt").lines().collect();
    assert_eq!(matrix, golden, "as it is:\n{}", matrix.join("\n"));
}

#[tokio::test]
async fn a_bearer_is_good_in_its_one_form_only() {
    let server = Server::start().await;
    let credential = server.data().credential("primary");
    let mut first = None;
    for (what, text) in bad_bearers(&credential) {
        let refusal = attempt(&server, text).await.expect_err(&what);
        assert_eq!(refusal.code(), Code::Unauthenticated, "{what}: {refusal:?}");
        assert_eq!(reason(&refusal), "CREDENTIAL_REFUSED", "{what}");
        // Which check failed is not told.
        let told = (refusal.message().to_owned(), refusal.details().to_vec());
        assert_eq!(first.get_or_insert_with(|| told.clone()), &told, "{what}");
    }
    for (what, text) in good_bearers(&credential) {
        let answer = attempt(&server, text).await;
        assert!(answer.is_ok(), "{what}: {answer:?}");
    }
}

/// Keys that are gone, those that never were, and missing ones are told apart by nobody.
#[tokio::test]
async fn every_stranger_gets_the_same_answer() {
    let server = Server::start().await;
    let mut answers = Vec::new();
    for (name, caller) in callers(&server).await {
        if !["operator", "enforcer", "key", "other key"].contains(&name) {
            let refusal = caller.create(None).await.unwrap_err();
            answers.push((
                refusal.code(),
                refusal.message().to_owned(),
                refusal.details().to_vec(),
            ));
        }
    }
    assert_eq!(answers.len(), 7);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn a_credential_is_not_an_access_token_and_a_token_is_not_a_credential() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    let with_token = server.caller_with(Bearer::Text(format!("Bearer {token}")));
    assert_eq!(
        with_token.create(None).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    let bearer = server.data().credential("primary").bearer();
    let told = caller.introspect(&bearer).await.unwrap();
    assert!(!told.active && told.claims.is_none(), "{told:?}");
}

/// Every kind of caller, by the name of its column.
async fn callers(server: &Server) -> Vec<(&'static str, Caller)> {
    let operator = server.operator();
    let subscription = server.data().bootstrap_text("subscription_id");

    let resource_id = server.data().bootstrap_text("resource_id");
    let slot = AccessKeySlot::Secondary.into();
    operator
        .admin()
        .rotate_access_key(RotateAccessKeyRequest { resource_id, slot })
        .await
        .unwrap();

    let orphan = operator
        .create_resource(&subscription, "deleted")
        .await
        .unwrap();
    let resource_id = orphan.resource.unwrap().id;
    operator
        .admin()
        .delete_resource(DeleteResourceRequest { resource_id })
        .await
        .unwrap();

    let request = CreateServiceKeyRequest {
        role: ServiceKeyRole::Operator.into(),
    };
    let dismissed = operator
        .admin()
        .create_service_key(request)
        .await
        .unwrap()
        .into_inner();
    let dismissed = dismissed.service_key.unwrap();
    let request = DeleteServiceKeyRequest {
        service_key_id: dismissed.id.clone(),
    };
    operator.admin().delete_service_key(request).await.unwrap();

    let unknown = Credential {
        id: "00000000-0000-4000-8000-000000000000".to_owned(),
        ..server.data().credential("operator")
    };
    let expired = server.data().credential("operator");
    let expired = expired.sign(&json!({"aud": "lanyard", "iat": now() - 600, "exp": now() - 120}));
    vec![
        ("nobody", server.caller_with(Bearer::Absent)),
        (
            "garbage",
            server.caller_with(Bearer::Text("Bearer garbage".to_owned())),
        ),
        ("unknown", server.caller(&unknown)),
        (
            "expired",
            server.caller_with(Bearer::Text(format!("Bearer {expired}"))),
        ),
        ("dismissed", server.caller(&Credential::from(&dismissed))),
        ("rotated", server.secondary()),
        (
            "orphaned",
            server.caller(&Credential::from(&orphan.access_keys[0])),
        ),
        ("operator", operator),
        ("enforcer", server.enforcer()),
        ("key", server.primary()),
        ("other key", server.other_resource("other").await),
    ]
}

/// The path of every rpc that the contract has, in the order of the contract.
fn rpcs() -> Vec<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let services = set
        .file
        .iter()
        .filter(|file| file.package() == "lanyard.v1");
    let services = services.flat_map(|file| &file.service);
    let mut paths = Vec::new();
    for service in services {
        for method in &service.method {
            paths.push(format!("/lanyard.v1.{}/{}", service.name(), method.name()));
        }
    }
    paths
}

/// What came of an empty request. Whoever is told what is wrong with it was let in.
fn cell(answer: Result<(), Status>) -> &'static str {
    match answer.map_err(|status| status.code()) {
        Err(Code::Unauthenticated) => "who?",
        Err(Code::PermissionDenied) => "no",
        Err(Code::Unimplemented) => "unimplemented",
        Err(Code::Internal | Code::Unknown) => "fault",
        Ok(()) | Err(_) => "yes",
    }
}

fn row(cells: &[&str]) -> String {
    cells
        .iter()
        .fold(String::new(), |row, cell| format!("{row}{cell:<11}"))
}

async fn attempt(server: &Server, text: String) -> Result<(), Status> {
    server
        .caller_with(Bearer::Text(text))
        .create(None)
        .await
        .map(|_| ())
}

/// Bearers that say what they must, each in a form that libraries make.
fn good_bearers(credential: &Credential) -> Vec<(String, String)> {
    let now = now();
    let mut good = vec![(
        "the scheme in lower case".to_owned(),
        format!("bearer {}", credential.bearer()),
    )];
    for (what, claims) in [
        (
            "600 s",
            json!({"aud": "lanyard", "iat": now - 5, "exp": now + 595}),
        ),
        (
            "further claims",
            json!({"aud": "lanyard", "iat": now, "exp": now + 60, "sub": "me"}),
        ),
    ] {
        good.push((
            what.to_owned(),
            format!("Bearer {}", credential.sign(&claims)),
        ));
    }
    let without_typ = json!({"alg": "HS256", "kid": credential.id});
    let claims = Credential::claims().to_string();
    let text = hs256(&without_typ.to_string(), &claims, &credential.secret);
    good.push(("no typ".to_owned(), format!("Bearer {text}")));
    good
}

/// Bearers that must be refused, with what is wrong about each.
fn bad_bearers(credential: &Credential) -> Vec<(String, String)> {
    let mut bad: Vec<(String, String)> = bad_claims()
        .into_iter()
        .map(|(what, claims)| {
            (
                what.to_owned(),
                format!("Bearer {}", credential.sign(&claims)),
            )
        })
        .collect();
    let claims = Credential::claims().to_string();
    for (what, header) in bad_headers(&credential.id) {
        let text = hs256(&header, &claims, &credential.secret);
        bad.push((what.to_owned(), format!("Bearer {text}")));
    }
    bad.extend(bad_claim_texts(credential));
    bad.extend(bad_texts(credential).map(|(what, text)| (what.to_owned(), text)));
    bad
}

/// Claims that no JSON library writes, with a good signature.
fn bad_claim_texts(credential: &Credential) -> Vec<(String, String)> {
    let now = now();
    let claims = |member: &[u8]| {
        let rest = format!(r#""aud":"lanyard","iat":{now},"exp":{}}}"#, now + 300);
        [b"{", member, rest.as_bytes()].concat()
    };
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": credential.id}).to_string();
    let array = format!(r#"["lanyard",{now},{},{now}]"#, now + 300);
    [
        ("an array of the claims", array.into_bytes()),
        (
            "invalid UTF-8 in an unknown claim",
            claims(b"\"x\":\"\xff\","),
        ),
        ("invalid UTF-8 in a name", claims(b"\"\xc3\":1,")),
        ("half of a surrogate pair", claims(br#""x":"\ud800","#)),
        ("an unknown claim twice", claims(br#""x":1,"x":1,"#)),
        ("a nbf of null", claims(br#""nbf":null,"#)),
    ]
    .into_iter()
    .map(|(what, claims)| {
        let text = hs256(&header, claims, &credential.secret);
        (what.to_owned(), format!("Bearer {text}"))
    })
    .collect()
}

fn bad_claims() -> Vec<(&'static str, Value)> {
    let now = now();
    let claims = |iat: Value, exp: Value| json!({"aud": "lanyard", "iat": iat, "exp": exp});
    let (iat, exp) = (json!(now), json!(now + 300));
    let number = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
    vec![
        ("no claims", json!({})),
        ("claims that are no object", json!([])),
        ("no aud", json!({"iat": now, "exp": now + 300})),
        (
            "another aud",
            json!({"aud": "lanyard-access", "iat": now, "exp": now + 300}),
        ),
        (
            "an empty aud",
            json!({"aud": "", "iat": now, "exp": now + 300}),
        ),
        (
            "aud in another case",
            json!({"aud": "Lanyard", "iat": now, "exp": now + 300}),
        ),
        ("no iat", json!({"aud": "lanyard", "exp": now + 300})),
        ("no exp", json!({"aud": "lanyard", "iat": now})),
        ("601 s", claims(json!(now), json!(now + 601))),
        ("a day", claims(iat.clone(), json!(now + 86_400))),
        (
            "exp in the past",
            claims(json!(now - 400), json!(now - 100)),
        ),
        (
            "iat in the future",
            claims(json!(now + 300), json!(now + 600)),
        ),
        ("exp before iat", claims(json!(now + 10), json!(now + 5))),
        (
            "exp as a text",
            claims(iat.clone(), json!((now + 300).to_string())),
        ),
        (
            "exp with a fraction",
            claims(iat.clone(), number(&format!("{}.5", now + 300))),
        ),
        (
            "exp as a float",
            claims(iat.clone(), number(&format!("{}.0", now + 300))),
        ),
        ("exp without a value", claims(iat.clone(), Value::Null)),
        ("exp without end", claims(iat, json!(u64::MAX))),
        ("iat as a text", claims(json!(now.to_string()), exp.clone())),
        (
            "iat with a fraction",
            claims(number(&format!("{now}.5")), exp.clone()),
        ),
        ("a negative iat", claims(json!(-1), exp.clone())),
        (
            "nbf in the future",
            json!({"aud": "lanyard", "iat": now, "exp": exp, "nbf": now + 250}),
        ),
    ]
}

fn bad_headers(id: &str) -> Vec<(&'static str, String)> {
    vec![
        (
            "an array of the members",
            json!(["HS256", id, "JWT"]).to_string(),
        ),
        (
            "a typ of null",
            json!({"alg": "HS256", "typ": null, "kid": id}).to_string(),
        ),
        (
            "RS256",
            json!({"alg": "RS256", "typ": "JWT", "kid": id}).to_string(),
        ),
        (
            "EdDSA",
            json!({"alg": "EdDSA", "typ": "JWT", "kid": id}).to_string(),
        ),
        (
            "none",
            json!({"alg": "none", "typ": "JWT", "kid": id}).to_string(),
        ),
        (
            "HS512",
            json!({"alg": "HS512", "typ": "JWT", "kid": id}).to_string(),
        ),
        ("no alg", json!({"typ": "JWT", "kid": id}).to_string()),
        ("no kid", json!({"alg": "HS256", "typ": "JWT"}).to_string()),
        (
            "an empty kid",
            json!({"alg": "HS256", "typ": "JWT", "kid": ""}).to_string(),
        ),
        (
            "kid is no text",
            json!({"alg": "HS256", "typ": "JWT", "kid": 7}).to_string(),
        ),
        (
            "kid in upper case",
            json!({"alg": "HS256", "kid": id.to_uppercase()}).to_string(),
        ),
        (
            "crit",
            json!({"alg": "HS256", "kid": id, "crit": ["exp"], "exp": 1}).to_string(),
        ),
        (
            "kid twice",
            format!(r#"{{"alg":"HS256","kid":"x","kid":"{id}"}}"#),
        ),
        ("not JSON", "alg=HS256".to_owned()),
    ]
}

fn bad_texts(credential: &Credential) -> impl Iterator<Item = (&'static str, String)> {
    let good = credential.bearer();
    let (signed, _) = good.rsplit_once('.').unwrap();
    let mut stranger = credential.clone();
    stranger.secret[0] ^= 1;
    let mut empty = credential.clone();
    empty.secret.clear();
    let mut textual = credential.clone();
    textual.secret = credential.secret_text().into_bytes();
    let unsigned = json!({"alg": "none", "kid": credential.id}).to_string();
    let unsigned = URL_SAFE_NO_PAD.encode(unsigned);
    let claims = Credential::claims().to_string();
    let header = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, credential.id);
    let twice = claims.replace('}', &format!(",\"exp\":{}}}", now() + 300));
    [
        ("nothing", String::new()),
        ("the scheme alone", "Bearer".to_owned()),
        ("the scheme and a space", "Bearer ".to_owned()),
        ("another scheme", format!("Basic {good}")),
        ("no scheme", good.clone()),
        ("no space", format!("Bearer{good}")),
        ("two bearers", format!("Bearer {good}, Bearer {good}")),
        ("something behind it", format!("Bearer {good} x")),
        ("no signature", format!("Bearer {signed}.")),
        ("two segments", format!("Bearer {signed}")),
        ("four segments", format!("Bearer {good}.e30")),
        ("padding", format!("Bearer {good}=")),
        ("another secret", format!("Bearer {}", stranger.bearer())),
        ("an empty secret", format!("Bearer {}", empty.bearer())),
        (
            "the text of the secret",
            format!("Bearer {}", textual.bearer()),
        ),
        (
            "unsigned",
            format!("Bearer {unsigned}.{}.", URL_SAFE_NO_PAD.encode(&claims)),
        ),
        (
            "exp twice",
            format!("Bearer {}", hs256(&header, &twice, &credential.secret)),
        ),
        (
            "the secret itself",
            format!("Bearer {}", credential.secret_text()),
        ),
        ("a huge one", format!("Bearer {good}{}", "A".repeat(10_000))),
        ("huge claims", {
            let huge = claims.replace('}', &format!(",\"x\":\"{}\"}}", "x".repeat(8_000)));
            format!("Bearer {}", hs256(&header, &huge, &credential.secret))
        }),
    ]
    .into_iter()
}

const LEGEND: &str = "\
Who may call what, tried with an empty request.
yes: let in; no: PERMISSION_DENIED; who?: UNAUTHENTICATED

";

#[tokio::test]
async fn an_open_stream_ends_soon_after_its_credential_is_gone() {
    let server = Server::start().await;
    let operator = server.operator();
    let role = ServiceKeyRole::Enforcer.into();
    let made = operator
        .admin()
        .create_service_key(CreateServiceKeyRequest { role })
        .await;
    let key = made.unwrap().into_inner().service_key.unwrap();
    let (_deleted, deleted) = server.caller(&(&key).into()).stream().await;
    let (_rotated, rotated) = server.primary().stream().await;
    let (_kept, mut kept) = server.secondary().stream().await;

    let service_key_id = key.id;
    let delete = DeleteServiceKeyRequest { service_key_id };
    operator.admin().delete_service_key(delete).await.unwrap();
    let resource_id = server.data().bootstrap_text("resource_id");
    let slot = AccessKeySlot::Primary.into();
    let rotate = RotateAccessKeyRequest { resource_id, slot };
    operator.admin().rotate_access_key(rotate).await.unwrap();

    for mut answers in [deleted, rotated] {
        let end = timeout(DEADLINE, answers.message())
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(end.code(), Code::Unauthenticated);
        assert_eq!(reason(&end), "CREDENTIAL_REFUSED");
    }
    let silent = timeout(Duration::from_secs(2), kept.message()).await;
    assert!(
        silent.is_err(),
        "the other key's stream goes on: {silent:?}"
    );
}
