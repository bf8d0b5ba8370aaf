//! Requests of the policy service, from the wire to the domain.

use lanyard_enforcer::Question;
use lanyard_policy::{Capability, Context, InCallOperation, Room, RoomRole};
use lanyard_proto::v1;
use lanyard_token::Position;

use super::{fields::Fields, status::Fault};

/// One question about one token.
#[derive(Debug)]
pub(super) struct Check<'a> {
    pub(super) token: &'a str,
    pub(super) question: Question<'a>,
    pub(super) min_position: Option<Position>,
}

/// Questions about tokens, each with the index of its own.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub(super) tokens: &'a [String],
    pub(super) checks: Vec<(usize, Question<'a>)>,
    pub(super) min_position: Option<Position>,
}

pub(super) fn check(message: &v1::CheckRequest) -> Result<Check<'_>, Fault> {
    let v1::CheckRequest {
        token,
        capability,
        context,
        min_position,
    } = message;
    let mut fields = Fields::default();
    let question = question(&mut fields, "", (*capability, context.as_ref()));
    let min_position = position(&mut fields, min_position.as_deref());
    let (question, min_position) = fields.all(question.zip(min_position))?;
    Ok(Check {
        token,
        question,
        min_position,
    })
}

pub(super) fn batch(message: &v1::BatchCheckRequest) -> Result<Batch<'_>, Fault> {
    let v1::BatchCheckRequest {
        tokens,
        checks,
        min_position,
    } = message;
    let mut fields = Fields::default();
    fields.take("tokens", sized(tokens.len()));
    fields.take("checks", sized(checks.len()));
    let mut questions = Vec::with_capacity(checks.len());
    if checks.len() <= MAX_BATCH {
        for (index, item) in checks.iter().enumerate() {
            questions.extend(batch_item(&mut fields, index, (item, tokens.len())));
        }
    }
    let min_position = position(&mut fields, min_position.as_deref());
    let min_position = fields.all(min_position)?;
    Ok(Batch {
        tokens,
        checks: questions,
        min_position,
    })
}

pub(super) fn context(message: Option<&v1::CheckContext>) -> Result<Context<'_>, Fault> {
    let mut fields = Fields::default();
    let context = context_fields(&mut fields, "context", message);
    fields.all(context)
}

fn batch_item<'a>(
    fields: &mut Fields,
    index: usize,
    (item, tokens): (&'a v1::BatchCheckItem, usize),
) -> Option<(usize, Question<'a>)> {
    let v1::BatchCheckItem {
        token_index,
        capability,
        context,
    } = item;
    let prefix = format!("checks[{index}].");
    let token = usize::try_from(*token_index)
        .ok()
        .filter(|token| *token < tokens);
    let token = token.ok_or_else(|| format!("must be below {tokens}, the number of tokens"));
    let token = fields.take(format!("{prefix}token_index"), token);
    let question = question(fields, &prefix, (*capability, context.as_ref()));
    token.zip(question)
}

fn question<'a>(
    fields: &mut Fields,
    prefix: &str,
    (capability, context): (i32, Option<&'a v1::CheckContext>),
) -> Option<Question<'a>> {
    let capability = named(capability, &Capability::ALL).ok().flatten();
    let capability = capability.ok_or("must be one of the capabilities of this version");
    let capability = fields.take(format!("{prefix}capability"), capability);
    let context = context_fields(fields, &format!("{prefix}context"), context);
    Some(Question {
        capability: capability?,
        context: context?,
    })
}

fn context_fields<'a>(
    fields: &mut Fields,
    path: &str,
    message: Option<&'a v1::CheckContext>,
) -> Option<Context<'a>> {
    let Some(message) = message else {
        return Some(Context::default());
    };
    let v1::CheckContext {
        room,
        message_sender_id,
        client,
        operation,
        stream,
    } = message;
    let room = match room {
        Some(v1::RoomContext { invited, role }) => {
            let role = named(*role, &RoomRole::ALL).map_err(|_| "must be one of the room roles");
            let role = fields.take(format!("{path}.room.role"), role);
            role.map(|role| {
                Some(Room {
                    invited: *invited,
                    role,
                })
            })
        }
        None => Some(None),
    };
    let operation = named(*operation, &InCallOperation::ALL);
    let operation = operation.map_err(|_| "must be one of the in-call operations of this version");
    let operation = fields.take(format!("{path}.operation"), operation);
    Some(Context {
        room: room?,
        message_sender: message_sender_id.as_deref(),
        web_client: client.is_some_and(|v1::ClientContext { web }| web),
        remote_stream: stream.is_some_and(|v1::StreamContext { remote }| remote),
        operation: operation?,
    })
}

#[expect(
    clippy::option_option,
    reason = "a refused field is none, and one left out is some none"
)]
fn position(fields: &mut Fields, text: Option<&str>) -> Option<Option<Position>> {
    match text {
        Some(text) => fields.parse("min_position", text).map(Some),
        None => Some(None),
    }
}

/// The value that an enum's number stands for. The wire counts the rows of the published tables from
/// 1, in the order in which the domain lists them; 0 stands for none, and a number beyond is unknown.
fn named<T: Copy>(number: i32, all: &[T]) -> Result<Option<T>, UnknownNumber> {
    match usize::try_from(number)
        .map_err(|_| UnknownNumber)?
        .checked_sub(1)
    {
        None => Ok(None),
        Some(index) => all.get(index).copied().map(Some).ok_or(UnknownNumber),
    }
}

/// A number that this version of an enum has no value for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct UnknownNumber;

fn sized(count: usize) -> Result<(), String> {
    if (1..=MAX_BATCH).contains(&count) {
        Ok(())
    } else {
        Err(format!("must be 1 to {MAX_BATCH}, not {count}"))
    }
}

/// How many tokens and how many questions a batch may have.
const MAX_BATCH: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    /// `CAPABILITY_GET_MESSAGE` and `get-message` are one name.
    fn assert_named<T: Copy + std::fmt::Display>(all: &[T], wire: impl Fn(i32) -> String) {
        for number in 1..=i32::try_from(all.len()).unwrap() {
            let value = named(number, all).unwrap().unwrap();
            assert_eq!(
                wire(number),
                value.to_string().to_uppercase().replace('-', "_")
            );
        }
        assert!(named(0, all).unwrap().is_none());
        assert!(named(i32::try_from(all.len()).unwrap() + 1, all).is_err());
        assert!(named(-1, all).is_err());
    }

    fn without(prefix: &str, name: &str) -> String {
        name.strip_prefix(prefix).unwrap().to_owned()
    }

    #[test]
    fn the_numbers_on_the_wire_mean_what_their_names_say() {
        assert_named(&Capability::ALL, |number| {
            let wire = v1::Capability::try_from(number).unwrap();
            without("CAPABILITY_", wire.as_str_name())
        });
        assert_named(&RoomRole::ALL, |number| {
            let wire = v1::RoomRole::try_from(number).unwrap();
            without("ROOM_ROLE_", wire.as_str_name())
        });
        assert_named(&InCallOperation::ALL, |number| {
            let wire = v1::InCallOperation::try_from(number).unwrap();
            without("IN_CALL_OPERATION_", wire.as_str_name())
        });
    }

    #[test]
    fn the_wire_has_no_value_that_the_domain_does_not_know() {
        let beyond = |all: usize| i32::try_from(all).unwrap() + 1;
        assert!(v1::Capability::try_from(beyond(Capability::ALL.len())).is_err());
        assert!(v1::RoomRole::try_from(beyond(RoomRole::ALL.len())).is_err());
        assert!(v1::InCallOperation::try_from(beyond(InCallOperation::ALL.len())).is_err());
    }

    #[test]
    fn what_is_not_said_is_not_assumed() {
        let message = asked(v1::Capability::JoinRoomCall.into(), None);
        let asked = check(&message).unwrap();
        assert_eq!(asked.question.context, Context::default());
        assert_eq!((asked.token, asked.min_position), ("token", None));
    }

    #[test]
    fn every_wrong_part_of_a_question_is_named_by_its_path() {
        let context = v1::CheckContext {
            room: Some(v1::RoomContext {
                invited: true,
                role: -1,
            }),
            operation: 34,
            ..Default::default()
        };
        let position = Some("1".to_owned());
        let message = v1::CheckRequest {
            min_position: position,
            ..asked(0, Some(context.clone()))
        };
        let expected = [
            "capability",
            "context.room.role",
            "context.operation",
            "min_position",
        ];
        assert_eq!(wrong(check(&message)), expected);
        assert_eq!(wrong(super::context(Some(&context))), expected[1..3]);
    }

    #[test]
    fn a_batch_has_1_to_1000_tokens_and_1_to_1000_checks() {
        for (tokens, checks, paths) in [
            (1, 1, &[][..]),
            (1000, 1000, &[]),
            (0, 0, &["tokens", "checks"]),
            (1001, 1, &["tokens"]),
            (1, 1001, &["checks"]),
        ] {
            assert_eq!(
                wrong(batch(&many(tokens, checks, 0))),
                paths,
                "{tokens} {checks}"
            );
        }
    }

    #[test]
    fn a_check_is_about_one_of_the_tokens_of_its_batch() {
        assert_eq!(batch(&many(2, 1, 1)).unwrap().checks[0].0, 1);
        for index in [2, u32::MAX] {
            assert_eq!(
                wrong(batch(&many(2, 1, index))),
                ["checks[0].token_index"],
                "{index}"
            );
        }
    }

    #[test]
    fn a_batch_that_is_all_wrong_is_answered_with_what_every_client_takes() {
        let fault = batch(&many(1, 1000, 7)).unwrap_err();
        let status = tonic::Status::from(fault);
        assert!(status.message().len() + status.details().len() * 4 / 3 < 8 * 1024);
        assert!(
            status
                .message()
                .starts_with("checks[0].token_index: must be below 1")
        );
    }

    fn asked(capability: i32, context: Option<v1::CheckContext>) -> v1::CheckRequest {
        v1::CheckRequest {
            token: "token".to_owned(),
            capability,
            context,
            min_position: None,
        }
    }

    fn many(tokens: usize, checks: usize, token_index: u32) -> v1::BatchCheckRequest {
        let capability = v1::Capability::GetMessage.into();
        let item = v1::BatchCheckItem {
            token_index,
            capability,
            context: None,
        };
        let (tokens, checks) = (vec!["token".to_owned(); tokens], vec![item; checks]);
        v1::BatchCheckRequest {
            tokens,
            checks,
            min_position: None,
        }
    }

    /// The paths of the fields that are wrong.
    fn wrong<T>(made: Result<T, Fault>) -> Vec<String> {
        match made {
            Ok(_) => Vec::new(),
            Err(Fault::Fields(violations)) => violations.into_iter().map(|one| one.field).collect(),
            Err(fault) => panic!("it is not about fields: {fault:?}"),
        }
    }
}
