//! The ways to ask: alone, in a batch, in a stream; what cannot be asked, and by whom.

use std::collections::HashMap;

use lanyard_proto::v1::DecisionReason::{Allowed, ScopeMissing};
use lanyard_proto::v1::stream_check_response::Result::{Decision as Answer, Failure};
use lanyard_proto::v1::{
    BatchCheckItem, BatchCheckRequest, Capability, CheckContext, CheckRequest, DecisionReason,
    ErrorReason, ListCapabilitiesRequest, RoomContext, StreamCheckRequest,
};
use tonic::Code;

use crate::support::{Server, fields, reason, refused_field};

#[tokio::test]
async fn a_question_that_cannot_be_asked_is_an_invalid_argument() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat", "voip"]).await;
    let known: i32 = Capability::InRoomCallOperation.into();
    let role = |role| CheckContext {
        room: Some(RoomContext {
            invited: true,
            role,
        }),
        ..none()
    };
    let operation = |operation| CheckContext {
        operation,
        ..none()
    };
    let cases = [
        (0, none(), "capability"),
        (22, none(), "capability"),
        (-1, none(), "capability"),
        (i32::MAX, none(), "capability"),
        (known, role(5), "context.room.role"),
        (known, role(-1), "context.room.role"),
        (known, operation(34), "context.operation"),
        (known, operation(-1), "context.operation"),
    ];
    for (capability, context, field) in cases {
        let (token, context) = (token.clone(), Some(context));
        let checks = vec![
            BatchCheckItem {
                token_index: 0,
                capability: known,
                context: None,
            },
            BatchCheckItem {
                token_index: 0,
                capability,
                context: context.clone(),
            },
        ];
        let tokens = vec![token.clone()];
        let batch = BatchCheckRequest {
            tokens,
            checks,
            min_position: None,
        };
        refused_field(caller.batch(batch).await, &format!("checks[1].{field}"));
        if let (true, context) = (field != "capability", context.clone()) {
            let request = ListCapabilitiesRequest {
                token: token.clone(),
                context,
            };
            refused_field(caller.policy().list_capabilities(request).await, field);
        }
        let request = CheckRequest {
            token,
            capability,
            context,
            min_position: None,
        };
        refused_field(caller.check(request).await, field);
    }
}

#[tokio::test]
async fn a_batch_has_1_to_1000_tokens_and_1_to_1000_checks() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    let batch = async |tokens: usize, checks: u32| {
        let item = |token_index| BatchCheckItem {
            token_index: token_index % u32::try_from(tokens.max(1)).unwrap(),
            capability: Capability::GetMessage.into(),
            context: None,
        };
        let tokens = vec![token.clone(); tokens];
        let checks = (0..checks).map(item).collect();
        caller
            .batch(BatchCheckRequest {
                tokens,
                checks,
                min_position: None,
            })
            .await
    };
    for (tokens, checks) in [(1, 1), (1, 1000), (1000, 1), (1000, 1000)] {
        let decisions = batch(tokens, checks).await.unwrap();
        assert_eq!(decisions.len(), checks as usize);
        assert!(decisions.iter().all(|decision| decision.allowed));
    }
    for (tokens, checks, field) in [(0, 1, "tokens"), (1, 0, "checks")] {
        let refusal = batch(tokens, checks).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
        assert!(fields(&refusal).contains(&field.to_owned()), "{refusal:?}");
    }
    for (tokens, checks, field) in [(1, 1001, "checks"), (1001, 1, "tokens")] {
        let refusal = batch(tokens, checks).await.unwrap_err();
        let codes = [Code::InvalidArgument, Code::OutOfRange];
        assert!(codes.contains(&refusal.code()), "{refusal:?}");
        assert_eq!(fields(&refusal), [field]);
    }
    assert!(batch(1, 1).await.is_ok(), "the connection lives on");
}

#[tokio::test]
async fn a_batch_answers_in_order_and_names_the_index_that_is_out_of_range() {
    let server = Server::start().await;
    let caller = server.primary();
    let tokens = vec![
        caller.token(&["voip"]).await,
        "garbage".to_owned(),
        caller.token(&["chat"]).await,
    ];
    let item = |token_index, capability: Capability| BatchCheckItem {
        token_index,
        capability: capability.into(),
        context: None,
    };
    let questions = [
        (2, Capability::CreateChatThread, Allowed),
        (0, Capability::CreateChatThread, ScopeMissing),
        (
            1,
            Capability::CreateChatThread,
            DecisionReason::TokenMalformed,
        ),
        (0, Capability::StartCall, Allowed),
        (2, Capability::StartCall, ScopeMissing),
        (2, Capability::CreateChatThread, Allowed),
    ];
    let checks: Vec<_> = questions
        .iter()
        .map(|(token, asked, _)| item(*token, *asked))
        .collect();
    let request = BatchCheckRequest {
        tokens,
        checks,
        min_position: None,
    };
    let decisions = caller.batch(request.clone()).await.unwrap();
    let reasons: Vec<_> = decisions
        .iter()
        .map(lanyard_proto::v1::Decision::reason)
        .collect();
    assert_eq!(reasons, questions.map(|(_, _, expected)| expected));

    for index in [3, 1000, u32::MAX] {
        let mut request = request.clone();
        request.checks[3].token_index = index;
        refused_field(caller.batch(request).await, "checks[3].token_index");
    }
}

#[tokio::test]
async fn a_stream_answers_every_question_and_what_fails_fails_alone() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    let ask = |id: u64| {
        let capability = match id % 4 {
            1 => Capability::StartCall.into(),
            2 => 999,
            _ => Capability::GetMessage.into(),
        };
        let min_position = (id % 4 == 3).then(|| "nonsense".to_owned());
        let check = CheckRequest {
            token: token.clone(),
            capability,
            context: None,
            min_position,
        };
        StreamCheckRequest {
            id,
            check: Some(check),
        }
    };
    let mut questions: Vec<_> = (0..400).map(ask).collect();
    questions.push(StreamCheckRequest {
        id: u64::MAX,
        check: None,
    });
    let asked = tokio_stream::iter(questions);
    let mut answers = caller
        .policy()
        .stream_check(asked)
        .await
        .unwrap()
        .into_inner();
    let mut results = HashMap::new();
    while let Some(answer) = answers.message().await.unwrap() {
        let before = results.insert(answer.id, answer.result.expect("an answer or a failure"));
        assert_eq!(before, None, "{} is answered once", answer.id);
    }
    assert_eq!(results.len(), 401);
    for (id, result) in results {
        match (id % 4, result) {
            (0, Answer(decision)) => assert_eq!(decision.reason(), Allowed),
            (1, Answer(decision)) => assert_eq!(decision.reason(), ScopeMissing),
            (2 | 3, Failure(failure)) => {
                assert_eq!(failure.reason(), ErrorReason::InvalidField);
                assert!(!failure.message.is_empty());
            }
            (_, other) => panic!("{id}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_access_key_asks_about_the_tokens_of_its_own_resource_only() {
    let server = Server::start().await;
    let elsewhere = server.other_resource("elsewhere").await;
    let token = elsewhere.token(&["chat"]).await;
    let ours = server.primary().token(&["chat"]).await;
    let caller = server.primary();
    let capability = Capability::GetMessage.into();
    let check = CheckRequest {
        token: token.clone(),
        capability,
        context: None,
        min_position: None,
    };
    let list = ListCapabilitiesRequest {
        token: token.clone(),
        context: None,
    };
    let item = |token_index| BatchCheckItem {
        token_index,
        capability,
        context: None,
    };
    let (tokens, checks) = (vec![ours, token.clone()], vec![item(0), item(1)]);
    let batch = BatchCheckRequest {
        tokens,
        checks,
        min_position: None,
    };
    let refusals = [
        caller.check(check).await.unwrap_err(),
        caller.introspect(&token).await.unwrap_err(),
        caller.policy().list_capabilities(list).await.unwrap_err(),
        caller.batch(batch).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.code(), Code::PermissionDenied, "{refusal:?}");
        assert_eq!(reason(&refusal), "ROLE_NOT_ALLOWED", "{refusal:?}");
    }
    assert!(
        server
            .enforcer()
            .decide(&token, Capability::GetMessage)
            .await
            .allowed
    );
    assert!(
        elsewhere
            .decide(&token, Capability::GetMessage)
            .await
            .allowed
    );
}

fn none() -> CheckContext {
    CheckContext::default()
}
