//! The situation of a check, as flags.

use clap::Args;
use lanyard_proto::v1::{
    CheckContext, ClientContext, InCallOperation, RoomContext, RoomRole, StreamContext,
};

use super::names;

/// What the caller knows about the situation. What is not said is not assumed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Situation")]
pub(super) struct ContextArgs {
    /// The token's identity is invited to the room
    #[arg(long)]
    invited: bool,
    #[arg(long, value_name = "R", value_parser = names::parse::<RoomRole>)]
    #[arg(help = format!("Its role in the room: {}", names::listed::<RoomRole>()))]
    room_role: Option<RoomRole>,
    /// The in-call operation, such as share-screen
    #[arg(long, value_name = "OP", value_parser = names::parse::<InCallOperation>)]
    #[arg(long_help = format!("The in-call operation: {}", names::listed::<InCallOperation>()))]
    operation: Option<InCallOperation>,
    /// The identity that sent the message
    #[arg(long, value_name = "ID")]
    message_sender: Option<String>,
    /// The client is the web calling SDK
    #[arg(long)]
    web: bool,
    /// The video stream is a remote one
    #[arg(long)]
    remote_stream: bool,
}

impl From<ContextArgs> for CheckContext {
    fn from(args: ContextArgs) -> Self {
        let ContextArgs {
            invited,
            room_role,
            operation,
            message_sender,
            web,
            remote_stream,
        } = args;
        let in_room = invited || room_role.is_some();
        Self {
            room: in_room.then(|| RoomContext {
                invited,
                role: room_role.unwrap_or_default().into(),
            }),
            message_sender_id: message_sender,
            client: web.then_some(ClientContext { web }),
            operation: operation.unwrap_or_default().into(),
            stream: remote_stream.then_some(StreamContext {
                remote: remote_stream,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_not_sent() {
        assert_eq!(
            CheckContext::from(ContextArgs::default()),
            CheckContext::default()
        );
    }

    #[test]
    fn each_flag_says_its_part_of_the_situation() {
        let context = CheckContext::from(ContextArgs {
            invited: true,
            room_role: Some(RoomRole::Presenter),
            operation: Some(InCallOperation::ShareScreen),
            message_sender: Some("8:acs:a_b".to_owned()),
            web: true,
            remote_stream: true,
        });

        assert_eq!(
            context.room.map(|room| (room.invited, room.role)),
            Some((true, 1))
        );
        assert_eq!(context.operation(), InCallOperation::ShareScreen);
        assert_eq!(context.message_sender_id.as_deref(), Some("8:acs:a_b"));
        assert_eq!(context.client, Some(ClientContext { web: true }));
        assert_eq!(context.stream, Some(StreamContext { remote: true }));
    }

    #[test]
    fn a_role_does_not_say_that_one_is_invited() {
        let args = ContextArgs {
            room_role: Some(RoomRole::Attendee),
            ..ContextArgs::default()
        };
        assert_eq!(
            CheckContext::from(args).room.map(|room| room.invited),
            Some(false)
        );
    }
}
