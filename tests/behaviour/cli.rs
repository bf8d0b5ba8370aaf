//! The commands, as scripts run them.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use lanyard_proto::v1::{AccessKeySlot, RotateAccessKeyRequest};
use serde_json::{Value, json};

use crate::support::{Bearer, Data, Server, lanyard};

#[tokio::test]
async fn the_tour_works_and_works_again_on_what_it_left() {
    let mut server = Server::start().await;
    let data = server.data().clone();
    for _ in 0..2 {
        let cli = Cli(&data);
        let made = cli.json(&["identity", "create", "--scope", "chat", "--scope", "voip"]);
        let identity = text(&made, "/identity/id");
        let token = text(&made, "/access_token/token");
        assert_eq!(made["access_token"]["scopes"], json!(["chat", "voip"]));
        assert!(cli.json(&["check", &token, "create-chat-thread"])["decision"]["allowed"] == true);

        let revoked = cli.json(&["token", "revoke", &token]);
        let position = text(&revoked, "/revocation/position");
        let refused = cli.json(&[
            "check",
            &token,
            "create-chat-thread",
            "--min-position",
            &position,
        ]);
        assert_eq!(refused["decision"]["allowed"], false);
        assert_eq!(refused["decision"]["reason"], "TOKEN_REVOKED");

        let fewer = cli.json(&["token", "issue", &identity, "--scope", "chat.join"]);
        let token = text(&fewer, "/access_token/token");
        let refused = cli.json(&["check", &token, "create-chat-thread"]);
        assert_eq!(refused["decision"]["reason"], "SCOPE_MISSING");
        assert_eq!(refused["decision"]["sufficient_scopes"], json!(["chat"]));
        let allowed = cli.json(&["check", &token, "create-message"]);
        assert_eq!(allowed["decision"]["granted_by"], json!(["chat.join"]));
        // Another port, the same directory: the commands find the server all the same.
        server = server.restart(&[]).await;
    }
}

/// The credential may be in use elsewhere, so that no remedy may change it.
#[tokio::test]
async fn a_refused_credential_is_no_reason_to_rotate_or_delete() {
    let (server, other) = (Server::start().await, Server::start().await);
    let point = Server::enforce(server.data(), &[server.endpoint()], &[]).await;
    let cli = Cli(server.data());
    let key = server.data().beside("key.json");
    std::fs::write(&key, server.data().bootstrap()["primary"].to_string()).unwrap();
    let key = key.display().to_string();
    for endpoint in [other.endpoint(), point.endpoint()] {
        let arguments = ["check", "x", "get-message", "--credential", &key];
        let line = cli.error(&[&arguments[..], &["--endpoint", endpoint]].concat());
        assert!(
            line.contains(&format!("was refused by {endpoint}")),
            "{line}"
        );
        assert!(line.contains("check --endpoint URL and --credential FILE"));
        for word in ["rotat", "delete", "`lanyard "] {
            assert!(!line.contains(word), "{line}");
        }
    }
}

#[tokio::test]
async fn identities_and_tokens_have_their_commands() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let ada = cli.json(&["identity", "create", "--custom-id", "ada"]);
    let id = text(&ada, "/identity/id");
    assert_eq!(ada["identity"]["custom_id"], "ada");
    assert_eq!(cli.json(&["identity", "get", &id])["identity"]["id"], *id);
    cli.json(&["identity", "create"]);
    assert_eq!(
        count(
            &cli.json(&["identity", "list", "--page-size", "1"]),
            "identities"
        ),
        2
    );
    assert_eq!(
        count(
            &cli.json(&["identity", "list", "--limit", "1"]),
            "identities"
        ),
        1
    );

    let issue = [
        "token",
        "issue",
        &id,
        "--scope",
        "voip",
        "--lifetime",
        "90m",
    ];
    let token = text(&cli.json(&issue), "/access_token/token");
    let told = cli.json(&["token", "inspect", &token]);
    assert_eq!(
        (&told["active"], &told["reason"]),
        (&json!(true), &json!("ALLOWED"))
    );
    assert_eq!(told["claims"]["identity_id"], *id);
    let listed = cli.json(&["capabilities", &token]);
    assert_eq!(
        (count(&listed, "decisions"), count(&listed, "scopes")),
        (21, 1)
    );
    assert!(cli.json(&["tokens", "revoke", &id])["revocation"]["effective_by"].is_string());
    assert_eq!(
        cli.json(&["token", "inspect", &token])["reason"],
        "TOKEN_REVOKED"
    );
    assert!(cli.json(&["identity", "delete", &id])["revocation"]["position"].is_string());
    assert_eq!(count(&cli.json(&["identity", "list"]), "identities"), 1);
}

#[tokio::test]
async fn a_check_takes_its_context_from_flags() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let made = cli.json(&["identity", "create", "--scope", "chat,voip"]);
    let (id, token) = (
        text(&made, "/identity/id"),
        text(&made, "/access_token/token"),
    );
    let reason = |flags: &[&str]| {
        let arguments: Vec<&str> = ["check", &token].iter().chain(flags).copied().collect();
        text(&cli.json(&arguments), "/decision/reason")
    };
    assert_eq!(reason(&["update-own-message"]), "NOT_OWN_MESSAGE");
    assert_eq!(
        reason(&["update-own-message", "--message-sender", &id]),
        "ALLOWED"
    );
    assert_eq!(reason(&["join-room-call"]), "NOT_INVITED");
    assert_eq!(
        reason(&["CAPABILITY_JOIN_ROOM_CALL", "--invited"]),
        "ALLOWED"
    );
    let share = ["in-room-call-operation", "--operation", "share-screen"];
    let with = |more: &[&'static str]| -> Vec<&str> { share.iter().chain(more).copied().collect() };
    assert_eq!(reason(&with(&[])), "ROLE_REQUIRED");
    assert_eq!(
        reason(&with(&["--room-role", "attendee"])),
        "ROLE_INSUFFICIENT"
    );
    assert_eq!(
        reason(&with(&["--room-role", "presenter"])),
        "CONDITION_UNMET"
    );
    assert_eq!(
        reason(&with(&["--room-role", "presenter", "--web"])),
        "ALLOWED"
    );
}

#[tokio::test]
async fn operators_have_their_commands() {
    let server = Server::start().await;
    let data = server.data();
    let cli = Cli(data);
    let subscription = cli.json(&["subscription", "create", "Acme"]);
    let subscription = text(&subscription, "/subscription/id");
    assert_eq!(
        count(&cli.json(&["subscription", "list"]), "subscriptions"),
        2
    );

    let out = data.beside("acme.json");
    let out = out.to_str().unwrap();
    let flags = [
        "resource",
        "create",
        "acme",
        "--subscription",
        &subscription,
        "--out",
        out,
    ];
    let resource = text(&cli.json(&flags), "/resource/id");
    assert_eq!(mode(Path::new(out)), 0o600);
    assert_eq!(
        cli.json(&["resource", "get", &resource])["resource"]["name"],
        "acme"
    );
    let list = ["resource", "list", "--subscription", &subscription];
    assert_eq!(count(&cli.json(&list), "resources"), 1);
    let made = cli.json(&["identity", "create", "--credential", out]);
    assert!(
        text(&made, "/identity/id").contains(&resource),
        "the file is a credential"
    );

    let listed = cli.json(&["key", "list", &resource]);
    assert_eq!(count(&listed, "access_keys"), 2);
    assert!(!listed.to_string().contains("secret\":\""), "{listed}");
    let rotated = cli.json(&["key", "rotate", "secondary", &resource]);
    assert_eq!(rotated["access_key"]["slot"], "SECONDARY");
    assert!(rotated["access_key"]["secret"].is_string());

    let key = text(
        &cli.json(&["service-key", "create", "enforcer"]),
        "/service_key/id",
    );
    assert_eq!(
        count(&cli.json(&["service-key", "list"]), "service_keys"),
        3
    );
    cli.json(&["service-key", "delete", &key]);
    assert_eq!(
        count(&cli.json(&["service-key", "list"]), "service_keys"),
        2
    );
    assert!(cli.json(&["resource", "delete", &resource])["revocation"].is_object());
    cli.json(&["subscription", "delete", &subscription]);
    assert_eq!(
        count(&cli.json(&["subscription", "list"]), "subscriptions"),
        1
    );
}

#[tokio::test]
async fn signing_keys_have_their_commands() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let first = text(&cli.json(&["signing-key", "prepare"]), "/signing_key/id");
    let refusal = cli.error(&["signing-key", "activate", &first]);
    assert!(refusal.starts_with("error: "), "{refusal}");
    let retired = cli.json(&["signing-key", "retire", &first]);
    assert_eq!(retired["signing_key"]["state"], "RETIRED");
    let revoked = cli.json(&["signing-key", "revoke", &first]);
    assert_eq!(revoked["signing_key"]["state"], "REVOKED");
    assert_eq!(
        count(&cli.json(&["signing-key", "list"]), "signing_keys"),
        2
    );
}

#[tokio::test]
async fn a_printed_bearer_is_good() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    for (role, may_create) in [("primary", true), ("secondary", true), ("operator", false)] {
        let printed = cli.run(&["credential", "--role", role]);
        let bearer = String::from_utf8(printed.stdout).unwrap();
        let caller = server.caller_with(Bearer::Text(format!("Bearer {}", bearer.trim())));
        assert_eq!(caller.create(None).await.is_ok(), may_create, "{role}");
    }
}

#[tokio::test]
async fn a_token_is_read_from_standard_input_or_a_file() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let token = text(
        &cli.json(&["identity", "create", "--scope", "chat"]),
        "/access_token/token",
    );
    let file = server.data().beside("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let told = cli.json(&["token", "inspect", &format!("@{}", file.display())]);
    assert_eq!(told["active"], true);

    let mut command = cli.command(&["token", "inspect", "-", "--json"]);
    let mut running = command.stdin(Stdio::piped()).spawn().unwrap();
    running
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{token}\n").as_bytes())
        .unwrap();
    let told: Value = serde_json::from_slice(&running.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(told["active"], true);
}

#[tokio::test]
async fn a_denied_check_is_an_answer_unless_the_exit_code_shall_say_so() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let token = text(
        &cli.json(&["identity", "create", "--scope", "voip"]),
        "/access_token/token",
    );
    let code = |arguments: &[&str]| cli.run(arguments).status.code();
    assert_eq!(code(&["check", &token, "create-message"]), Some(0));
    assert_eq!(
        code(&["check", &token, "create-message", "--exit-code"]),
        Some(3)
    );
    assert_eq!(
        code(&["check", &token, "start-call", "--exit-code"]),
        Some(0)
    );
    assert_eq!(
        code(&["check", "garbage", "start-call", "--exit-code"]),
        Some(3)
    );
    assert_eq!(code(&["check", &token, "fly"]), Some(2));
    assert_eq!(code(&["fly"]), Some(2));
    let said = cli.run(&["check", &token, "create-message"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.starts_with("denied  SCOPE_MISSING  would suffice: chat"),
        "{said}"
    );
}

#[tokio::test]
async fn an_error_is_one_line_that_says_what_helps() {
    let server = Server::start().await;
    let data = server.data().clone();
    let cli = Cli(&data);
    let unknown = cli.error(&["identity", "get", "8:acs:x"]);
    assert!(unknown.contains("identity_id"), "{unknown}");
    let scope = cli.error(&["identity", "create", "--scope", "root"]);
    assert!(scope.contains("`chat.join`"), "{scope}");
    let file = cli.error(&["identity", "create", "--credential", "/nowhere.json"]);
    assert!(file.contains("--credential"), "{file}");

    let resource_id = data.bootstrap_text("resource_id");
    let slot = AccessKeySlot::Primary.into();
    let request = RotateAccessKeyRequest { resource_id, slot };
    server
        .operator()
        .admin()
        .rotate_access_key(request)
        .await
        .unwrap();
    let rotated = cli.error(&["identity", "create"]);
    assert!(rotated.contains("refused"), "{rotated}");

    server.stop().await;
    let away = cli.error(&["identity", "create"]);
    assert!(away.contains("lanyard serve"), "{away}");
    let nothing = Data::new();
    let nothing = Cli(&nothing).error(&["identity", "create"]);
    assert!(nothing.contains("lanyard serve"), "{nothing}");
}

#[tokio::test]
async fn what_is_not_understood_is_told_on_one_line_and_help_is_no_error() {
    let data = Data::new();
    let cli = Cli(&data);
    for (arguments, remedy) in [
        (&["fly"][..], "lanyard --help"),
        (&["identity"], "lanyard identity --help"),
        (&["token", "issue"], "--scope <S> <IDENTITY_ID>; see"),
        (&["check", "-", "fly"], "create-chat-thread, "),
        (&["credential", "--role", "nobody"], "primary, secondary"),
        (&["--listen", "nowhere"], "lanyard serve --help"),
        (
            &["--data", "d", "identity", "list"],
            "lanyard identity --help",
        ),
    ] {
        let line = cli.refusal(2, arguments);
        assert!(line.contains(remedy), "{line}");
    }
    for arguments in [
        &["--help"][..],
        &["help"],
        &["help", "identity"],
        &["identity", "--help"],
        &["--version"],
    ] {
        let output = cli.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}: {output:?}");
    }
}

#[tokio::test]
async fn only_serve_minds_what_the_environment_says_of_serve() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let with = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = cli.command(arguments);
        command.envs(variables.iter().copied());
        command.output().expect("the binary runs")
    };
    let junk = ["LISTEN", "ADMIN_LISTEN", "PLAINTEXT", "TOKEN_ALG", "LOG"];
    let junk = junk.map(|name| format!("LANYARD_{name}"));
    let junk: Vec<_> = junk.iter().map(|name| (name.as_str(), "junk")).collect();
    let listed = with(&junk, &["identity", "list"]);
    assert!(listed.status.success(), "{listed:?}");
    assert_eq!(with(&junk, &[]).status.code(), Some(2));

    // Whether plain text is allowed comes before whether the admin port can be had.
    let taken = server.admin_url().strip_prefix("http://").unwrap();
    for (plaintext, code, named) in [
        ("1", 1, "LANYARD_ADMIN_LISTEN"),
        ("yes", 1, "LANYARD_ADMIN_LISTEN"),
        ("0", 1, "--plaintext"),
        ("", 1, "--plaintext"),
        ("junk", 2, "'LANYARD_PLAINTEXT': expected 1"),
    ] {
        let variables = [
            ("LANYARD_LISTEN", "0.0.0.0:0"),
            ("LANYARD_ADMIN_LISTEN", taken),
            ("LANYARD_PLAINTEXT", plaintext),
        ];
        let refused = with(&variables, &[]);
        assert_eq!(refused.status.code(), Some(code), "{refused:?}");
        let said = String::from_utf8(refused.stderr).expect("text");
        assert!(said.contains(named), "`{plaintext}`: {said}");
    }
}

#[tokio::test]
async fn a_lifetime_below_zero_is_answered_with_what_is_allowed() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let id = text(&cli.json(&["identity", "create"]), "/identity/id");
    for lifetime in ["-5m", "-5", "0", "-90m"] {
        let flags = ["--scope", "chat", "--lifetime", lifetime];
        for command in [&["token", "issue", &id][..], &["identity", "create"]] {
            let refused = cli.error(&[command, &flags].concat());
            assert!(refused.contains("lifetime"), "{refused}");
            assert!(
                refused.contains("60") && refused.contains("1440"),
                "{refused}"
            );
        }
    }
    assert_eq!(count(&cli.json(&["identity", "list"]), "identities"), 1);
}

#[tokio::test]
async fn the_age_of_the_list_has_one_form() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let made = cli.json(&["identity", "create", "--scope", "chat"]);
    let token = text(&made, "/access_token/token");
    let inspect = cli.run(&["token", "inspect", &token, "--field", "list_age"]);
    let check = cli.run(&["check", &token, "create-message"]);
    let check = String::from_utf8(check.stdout).expect("text");
    let (_, told) = check.rsplit_once("list age ").expect("an age");
    for age in [
        String::from_utf8(inspect.stdout).expect("text"),
        told.to_owned(),
        text(&cli.json(&["token", "inspect", &token]), "/list_age"),
        text(
            &cli.json(&["check", &token, "create-message"]),
            "/decision/list_age",
        ),
    ] {
        let digits = age
            .trim()
            .strip_suffix('s')
            .and_then(|age| age.split_once('.'));
        let (_, fraction) = digits.unwrap_or_else(|| panic!("{age}"));
        assert_eq!(fraction.len(), 3, "{age}");
    }
}

#[tokio::test]
async fn a_file_with_a_secret_is_never_written_over() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let out = server.data().beside("key.json");
    let out = out.to_str().unwrap();
    cli.json(&["service-key", "create", "enforcer", "--out", out]);
    let before = std::fs::read(out).unwrap();
    let refusal = cli.error(&["service-key", "create", "enforcer", "--out", out]);
    assert!(refusal.contains("--out"), "{refusal}");
    assert_eq!(std::fs::read(out).unwrap(), before);
    assert_eq!(
        count(&cli.json(&["service-key", "list"]), "service_keys"),
        3,
        "none was made"
    );
}

#[tokio::test]
async fn a_field_that_the_answer_never_has_is_refused_before_anything_is_done() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let id = text(&cli.json(&["identity", "create"]), "/identity/id");
    let issued = |cli: &Cli<'_>| {
        let identity = cli.json(&["identity", "get", &id]);
        identity["identity"].get("last_token_issue_time").is_some()
    };
    let file = server.data().beside("key.json");
    let out = file.to_str().expect("text");
    for (command, field) in [
        (&["token", "issue", &id, "--scope", "chat"][..], "token"),
        (&["identity", "create"], "access_token.token"),
        (&["identity", "create"], "id"),
        (&["identity", "delete", &id], "identity.id"),
        (&["tokens", "revoke", &id], "position"),
        (&["resource", "create", "other"], "resource"),
        (&["subscription", "create", "other"], "id"),
        (&["key", "rotate", "primary"], "secret"),
        (&["service-key", "create", "enforcer"], "secret"),
        (
            &["service-key", "create", "enforcer", "--out", out],
            "service_key.secret",
        ),
        (&["signing-key", "prepare"], "id"),
        (&["signing-key", "list"], "id"),
        (&["identity", "list"], "identity.id"),
        (&["check", "x", "create-message"], "allowed"),
        (&["bench", "issue"], "calls"),
        (&["bench", "watch"], "target"),
        (&["log", "give-up-missing", "0"], "x"),
    ] {
        let refused = cli.error(&[command, &["--field", field]].concat());
        assert!(refused.contains("--field"), "{command:?}: {refused}");
    }
    assert!(!issued(&cli) && !file.exists());
    assert_eq!(count(&cli.json(&["identity", "list"]), "identities"), 1);
    assert_eq!(count(&cli.json(&["resource", "list"]), "resources"), 1);
    assert_eq!(
        count(&cli.json(&["signing-key", "list"]), "signing_keys"),
        1
    );
    assert_eq!(
        count(&cli.json(&["service-key", "list"]), "service_keys"),
        2
    );

    let field = |arguments: &[&str]| {
        let output = cli.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    // An optional field that is absent is an empty line.
    let custom = field(&["identity", "get", &id, "--field", "identity.custom_id"]);
    assert_eq!(custom, "\n");
    let token = field(&[
        "token",
        "issue",
        &id,
        "--scope",
        "chat",
        "--field",
        "access_token.token",
    ]);
    assert_eq!(token.lines().count(), 1);
}

#[tokio::test]
async fn an_identity_is_found_by_its_custom_id_and_a_resource_by_its_name() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let ada = cli.json(&["identity", "create", "--custom-id", "ada"]);
    cli.json(&["identity", "create", "--custom-id", "bob"]);
    assert_eq!(cli.json(&["identity", "get", "ada"]), ada);
    cli.json(&["identity", "delete", "ada"]);
    let refused = cli.error(&["identity", "get", "ada"]);
    assert!(refused.contains("custom id `ada`"), "{refused}");
    assert_eq!(count(&cli.json(&["identity", "list"]), "identities"), 1);

    let made = cli.json(&["resource", "create", "other"]);
    assert_eq!(
        cli.json(&["resource", "get", "other"])["resource"],
        made["resource"]
    );
    let default = cli.json(&["resource", "get", "default"]);
    let id = text(&default, "/resource/id");
    assert_eq!(cli.json(&["resource", "get", &id]), default);
    cli.json(&["resource", "delete", "other"]);
    for verb in ["get", "delete"] {
        let refused = cli.error(&["resource", verb, "other"]);
        assert!(refused.contains("name `other`"), "{refused}");
    }
}

#[tokio::test]
async fn a_lifetime_is_minutes_or_has_units() {
    let server = Server::start().await;
    let cli = Cli(server.data());
    let id = text(&cli.json(&["identity", "create"]), "/identity/id");
    for lifetime in ["90", "90m", "1h30m", "5400s"] {
        let issue = [
            "token",
            "issue",
            &id,
            "--scope",
            "chat",
            "--lifetime",
            lifetime,
        ];
        let token = text(&cli.json(&issue), "/access_token/token");
        let claims = cli.json(&["token", "inspect", &token]);
        let time = |name: &str| {
            let time = text(&claims, name);
            let (_, time) = time.split_once('T').expect("a time");
            let parts = time.trim_end_matches('Z').split(':');
            parts.fold(0.0, |sum, part| {
                sum * 60.0 + part.parse::<f64>().expect("a number")
            })
        };
        let lived = time("/claims/expire_time") - time("/claims/issue_time");
        let lived = if lived < 0.0 { lived + 86_400.0 } else { lived };
        assert!((lived - 5400.0).abs() < 1.0, "{lifetime}: {claims}");
    }
}

/// The commands of somebody who has this data directory.
struct Cli<'a>(&'a Data);

impl Cli<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(lanyard());
        command
            .args(arguments)
            .env_clear()
            .env("LANYARD_DATA", self.0.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// What the command answers to scripts: one object and nothing else.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(answer.is_object(), "{answer}");
        answer
    }

    /// The one line of a command that fails.
    fn error(&self, arguments: &[&str]) -> String {
        self.refusal(1, arguments)
    }

    /// The one line of a command that ends with this code.
    fn refusal(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
        let line = String::from_utf8(output.stderr).expect("text");
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.starts_with("error: "), "{line}");
        line
    }
}

fn text(answer: &Value, pointer: &str) -> String {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {pointer} in {answer}"))
        .to_owned()
}

fn count(answer: &Value, member: &str) -> usize {
    answer[member]
        .as_array()
        .unwrap_or_else(|| panic!("no {member} in {answer}"))
        .len()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path)
        .expect("the file is there")
        .permissions()
        .mode()
        & 0o777
}
