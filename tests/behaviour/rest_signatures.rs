//! Who gets in over REST: whoever has signed this very request, lately, with a key of the resource.

use std::time::Duration;

use lanyard_proto::v1::{AccessKeySlot, DecisionReason, RotateAccessKeyRequest};

use crate::support::{Connection, Credential, Http, Request, Rest, Server, now, rest};

#[tokio::test]
async fn either_key_of_the_resource_gets_in_and_no_other_credential() {
    let server = Server::start().await;
    for (role, gets_in) in [
        ("primary", true),
        ("secondary", true),
        ("operator", false),
        ("enforcer", false),
    ] {
        let rest = Rest::new(&server, &server.data().credential(role));
        for version in [Http::One, Http::Two] {
            let request = rest.request("POST", "/identities", "");
            let answer = rest.send_by(version, &request).await;
            if gets_in {
                answer.expect(201);
            } else {
                answer.assert_denied(role);
            }
        }
    }
}

/// The control is the first request, from which each of the others differs in one thing.
#[tokio::test]
async fn whatever_is_changed_in_a_signed_request_it_is_denied_and_nothing_is_done() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let good = rest.request("POST", "/identities", r#"{"expiresInMinutes":60}"#);
    for version in [Http::One, Http::Two] {
        rest.send_by(version, &good).await.expect(201);
    }
    for (what, changed) in changed(&good) {
        for version in [Http::One, Http::Two] {
            match (what, version) {
                ("two hosts", Http::One) => {
                    assert_eq!(rest.send_by(version, &changed).await.status, 400);
                }
                // Over HTTP/2 the host is no header, and there cannot be two.
                ("two hosts", Http::Two) => {}
                _ => rest.send_by(version, &changed).await.assert_denied(what),
            }
        }
    }
    assert_eq!(
        server.primary().list_all().await.len(),
        2,
        "nothing was done"
    );
}

fn changed(good: &Request) -> Vec<(&'static str, Request)> {
    let changed = |change: fn(&mut Request)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let authorization = good.header("authorization").unwrap();
    let signed = |headers: &str| {
        let value = authorization.replace("x-ms-date;host;x-ms-content-sha256", headers);
        good.clone().with("authorization", &value)
    };
    let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let date = good.header("x-ms-date").unwrap();
    let later = rest::date(now() + 2);
    vec![
        ("the body", changed(|request| request.body[2] = b'E')),
        ("no body", changed(|request| request.body.clear())),
        (
            "the hash of the body",
            good.clone().with("x-ms-content-sha256", empty),
        ),
        (
            "the query",
            changed(|request| request.target = request.target.replace("2023-10-01", "2022-10-01")),
        ),
        (
            "more query",
            changed(|request| request.target.push_str("&a=b")),
        ),
        (
            "the spelling of the path",
            changed(|request| request.target = request.target.replace("ties", "tie%73")),
        ),
        (
            "the verb",
            changed(|request| "GET".clone_into(&mut request.verb)),
        ),
        ("the host", good.clone().with("host", "other.example")),
        ("the date", good.clone().with("x-ms-date", &later)),
        ("no date", good.clone().without("x-ms-date")),
        ("no hash", good.clone().without("x-ms-content-sha256")),
        ("no signature", good.clone().without("authorization")),
        ("two dates", good.clone().with_another("x-ms-date", date)),
        ("two hosts", good.clone().with_another("host", "127.0.0.1")),
        (
            "two signatures",
            good.clone().with_another("authorization", authorization),
        ),
        ("one signed header too few", signed("x-ms-date;host")),
        (
            "another signed header too few",
            signed("x-ms-date;x-ms-content-sha256"),
        ),
        (
            "a signed header too many",
            signed("x-ms-date;host;x-ms-content-sha256;accept"),
        ),
        ("a bearer", good.clone().with("authorization", "Bearer abc")),
    ]
}

#[tokio::test]
async fn a_request_without_a_host_is_malformed() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let request = rest.request("POST", "/identities", "").without("host");
    assert_eq!(rest.send(&request).await.status, 400);
    assert!(server.primary().list_all().await.is_empty());
}

#[tokio::test]
async fn signed_headers_are_read_without_case_and_date_stands_in_for_x_ms_date() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let good = rest.request("POST", "/identities", "");
    let value = good.header("authorization").unwrap();
    let shouted = value.replace("x-ms-date;host", "X-MS-Date;Host");
    rest.send(&good.clone().with("authorization", &shouted))
        .await
        .expect(201);
    let date = good.header("x-ms-date").unwrap().to_owned();
    let dated = good.without("x-ms-date").with("date", &date);
    rest.send(&dated).await.expect(201);
}

#[tokio::test]
async fn a_date_may_be_15_minutes_off_and_not_16_either_way() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let target = ("POST", "/identities?api-version=2023-10-01");
    // As much less than 15 minutes as a slow machine may need until it has read the request.
    for off in [0, 14 * 60, 15 * 60 - 30] {
        for second in [now() - off, now() + off] {
            rest.send(&rest.signed_at(second, target, b""))
                .await
                .expect(201);
        }
    }
    for second in [now() - 16 * 60, now() + 16 * 60, 0] {
        let answer = rest.send(&rest.signed_at(second, target, b"")).await;
        answer.assert_denied("the date");
    }
}

#[tokio::test]
async fn a_request_that_is_sent_again_with_the_same_signature_gets_in_again() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let request = rest.request("POST", "/identities", "");
    let mut connection = Connection::to(server.endpoint()).await;
    for _ in 0..3 {
        connection.send(&request).await.expect(201);
    }
    assert_eq!(server.primary().list_all().await.len(), 3);
}

#[tokio::test]
async fn the_host_may_be_signed_as_the_clients_do() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let sent = server.endpoint().strip_prefix("http://").unwrap();
    let bare = sent.split(':').next().unwrap();
    for signed in [sent, &format!("{sent}/"), bare] {
        let request = rest.sign(rest.request("POST", "/identities", ""), signed);
        rest.send(&request).await.expect(201);
    }
    for signed in [
        "",
        "/",
        &format!("{bare}:1"),
        &format!("{sent}//"),
        "localhost",
    ] {
        let request = rest.sign(rest.request("POST", "/identities", ""), signed);
        rest.send(&request).await.assert_denied(signed);
    }
}

#[tokio::test]
async fn a_rotated_key_gets_in_no_more_and_its_tokens_are_dead_and_the_other_keys_are_not() {
    let server = Server::start().await;
    let operator = server.operator();
    let resource_id = server.data().bootstrap_text("resource_id");
    let [old, other] =
        ["primary", "secondary"].map(|role| Rest::new(&server, &server.data().credential(role)));
    let identity = old.identity().await;
    let dies = old.token(&identity, &["chat"]).await;
    let lives = other.token(&identity, &["chat"]).await;
    let slot = AccessKeySlot::Primary.into();
    let request = RotateAccessKeyRequest { resource_id, slot };
    let rotated = operator.admin().rotate_access_key(request).await.unwrap();
    let backend = server.enforcer();
    assert_eq!(backend.state(&dies).await, DecisionReason::TokenRevoked);
    assert_eq!(backend.state(&lives).await, DecisionReason::Allowed);
    let path = format!("/identities/{identity}");
    for (verb, path, body) in [
        ("POST", "/identities".to_owned(), ""),
        (
            "POST",
            format!("{path}/:issueAccessToken"),
            r#"{"scopes":["chat"]}"#,
        ),
        ("POST", format!("{path}/:revokeAccessTokens"), ""),
        ("GET", path.clone(), ""),
        ("GET", "/identities".to_owned(), ""),
        ("DELETE", path.clone(), ""),
    ] {
        old.ask(verb, &path, body).await.assert_denied(&path);
    }
    assert_eq!(
        backend.state(&lives).await,
        DecisionReason::Allowed,
        "nothing was done"
    );
    let new = Credential::from(&rotated.into_inner().access_key.unwrap());
    let new = Rest::new(&server, &new).token(&identity, &["chat"]).await;
    assert_eq!(backend.state(&new).await, DecisionReason::Allowed);
}

#[tokio::test]
async fn the_host_chooses_the_resource_and_without_one_the_identity_and_then_the_default_does() {
    let server = Server::start_with(&["--default-resource", "contoso"]).await;
    let subscription = server.data().bootstrap_text("subscription_id");
    let operator = server.operator();
    let made = operator
        .create_resource(&subscription, "contoso")
        .await
        .unwrap();
    let contoso = Rest::new(&server, &Credential::from(&made.access_keys[0]));
    let first = Rest::primary(&server);
    let of_contoso = contoso.identity().await;
    let of_first = first.calling("default.example.com").identity().await;
    assert!(of_contoso.contains(&made.resource.unwrap().id));
    first
        .ask("POST", "/identities", "")
        .await
        .assert_denied("the default is another");
    for (rest, host, id, status) in [
        (&contoso, "contoso.example.com", &of_contoso, 200),
        (&contoso, "CONTOSO:8443", &of_contoso, 200),
        (&contoso, "default.example.com", &of_contoso, 401),
        (&first, "contoso.example.com", &of_first, 401),
        (&first, "default", &of_first, 200),
        (&first, "somewhere.example.com", &of_first, 200),
        (&contoso, "somewhere.example.com", &of_contoso, 200),
    ] {
        let rest = rest.calling(host);
        let answer = rest.ask("GET", &format!("/identities/{id}"), "").await;
        assert_eq!(answer.status, status, "{host} {id}: {answer:?}");
    }
}

/// Python's HTTP drops from the header what its client has signed.
#[tokio::test]
async fn a_port_that_goes_without_saying_may_be_signed_and_not_sent() {
    let server = Server::start().await;
    let rest = Rest::primary(&server).calling("lanyard.example");
    for signed in ["lanyard.example:443", "lanyard.example:80/"] {
        let request = rest.sign(rest.request("POST", "/identities", ""), signed);
        rest.send(&request).await.expect(201);
    }
    let request = rest.request("POST", "/identities", "");
    let request = rest.sign(request, "lanyard.example:8443");
    rest.send(&request).await.assert_denied("another port");
}

#[tokio::test]
async fn what_is_wrong_with_an_id_is_told_to_those_only_who_have_signed_the_request() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let other = Rest::new(&server, &server.data().credential("operator"));
    for (verb, path) in [
        ("GET", "/identities/nobody"),
        ("POST", "/identities/nobody/:issueAccessToken"),
    ] {
        let told = rest.ask(verb, path, "").await.refusal(400);
        assert_eq!(told.0, "ValidationError");
        other.ask(verb, path, "").await.assert_denied(path);
    }
}

#[tokio::test]
async fn a_denial_tells_of_a_key_that_is_gone_and_of_resources_that_are_not_there() {
    let flags = ["--explain-denials", "--default-resource", "nobody"];
    let server = Server::start_with(&flags).await;
    server.says("names no resource that there is").await;
    let by_address = Rest::primary(&server);
    let told = by_address.ask("POST", "/identities", "").await.refusal(401);
    assert!(told.1.contains("there is none of the name"), "{told:?}");
    let rest = by_address.calling("default.example");
    rest.identity().await;
    let resource_id = server.data().bootstrap_text("resource_id");
    let other = Rest::new(&server, &server.data().credential("operator"));
    let other = other.calling("default.example");
    let told = other.ask("POST", "/identities", "").await.refusal(401);
    assert!(told.1.contains(&resource_id), "{told:?}");
    let slot = AccessKeySlot::Primary.into();
    let request = RotateAccessKeyRequest { resource_id, slot };
    let operator = server.operator();
    operator.admin().rotate_access_key(request).await.unwrap();
    let told = rest.ask("POST", "/identities", "").await.refusal(401);
    assert!(told.1.contains("that signed this is gone"), "{told:?}");
}

#[tokio::test]
async fn where_it_was_asked_for_a_denial_says_what_differed() {
    let server = Server::start_with(&["--explain-denials"]).await;
    let rest = Rest::primary(&server);
    let other = Rest::new(&server, &server.data().credential("operator"));
    let id = rest.identity().await;
    let escaped = id.replace(':', "%3A");
    let good = rest.request("GET", &format!("/identities/{escaped}"), "");
    let mut unescaped = good.clone();
    unescaped.target = unescaped.target.replace("%3A", ":");
    let mut other_body = good.clone();
    other_body.body = b"{}".to_vec();
    let without_host = rest
        .calling("localhost")
        .request("GET", &format!("/identities/{id}"), "");
    let host = good.header("host").unwrap();
    let in_front = rest
        .calling("front.example.com")
        .request("GET", "/identities", "");
    let in_front = in_front
        .with("host", host)
        .with("x-forwarded-host", "front.example.com");
    let signed = httpdate::parse_http_date(good.header("x-ms-date").unwrap()).unwrap();
    let before = httpdate::fmt_http_date(signed - Duration::from_secs(1));
    let two_dates = good.clone().with("date", good.header("x-ms-date").unwrap());
    let no_body = rest.request("POST", "/identities", "");
    let no_body = no_body.with("x-ms-content-sha256", "AAAA");
    let mut more_query = good.clone();
    more_query.target.push_str("&trace=1");
    let mut swapped = rest.request("GET", "/identities?maxpagesize=7", "");
    swapped.target = swapped.target.replace("maxpagesize=7&", "") + "&maxpagesize=7";
    let next = httpdate::fmt_http_date(signed + Duration::from_secs(1));
    let next_second = good.clone().with("x-ms-date", &next);
    let with_body = rest.request("POST", "/identities", r#"{"expiresInMinutes":60}"#);
    let other_hash = with_body.with("x-ms-content-sha256", "AAAA");
    let late = rest.signed_at(now() - 960, ("GET", &good.target), b"");
    for (request, says) in [
        (unescaped, "the path differs"),
        (without_host.with("host", host), "the host differs"),
        (in_front, "the host differs: the one in `x-forwarded-host`"),
        (two_dates.with("x-ms-date", &before), "the date differs"),
        (more_query, "the query differs"),
        (swapped, "the query differs"),
        (next_second, "the date differs: another second was signed"),
        (no_body, "the body hash differs: that of an empty body"),
        (
            other_hash,
            "the body hash differs: that of the body was signed",
        ),
        (late, "seconds behind the clock of this server"),
        (other_body, "the body hash differs"),
        (
            good.clone().without("x-ms-date"),
            "the header `x-ms-date` is missing",
        ),
        (
            other.sign(good.clone(), host),
            "the access key is another one",
        ),
    ] {
        let (code, message) = rest.send(&request).await.refusal(401);
        assert_eq!(code, "Denied");
        assert!(
            message.starts_with("Denied by the resource provider. Why: "),
            "{message}"
        );
        assert!(message.contains(says), "{says}: {message}");
        let secret = server.data().credential("primary").secret_text();
        let signature = good
            .header("authorization")
            .unwrap()
            .rsplit_once("Signature=")
            .unwrap();
        assert!(
            !message.contains(&secret) && !message.contains(signature.1),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_denial_tells_of_whatever_is_in_front_that_does_not_send_the_public_host() {
    let public = ["--public-endpoint", "https://lanyard.example:8443"];
    let flags = [&["--explain-denials"][..], &public].concat();
    let (told, untold) = (
        Server::start_with(&flags).await,
        Server::start_with(&flags[..1]).await,
    );
    for (server, says) in [
        (
            &told,
            "the host differs: the one of --public-endpoint was signed",
        ),
        (&untold, "compare it with what was signed"),
    ] {
        let rest = Rest::primary(server);
        let request = rest.request("POST", "/identities", "");
        let request = rest.sign(request, "lanyard.example:8443");
        let (_, message) = rest.send(&request).await.refusal(401);
        assert!(message.contains(says), "{message}");
    }
}
