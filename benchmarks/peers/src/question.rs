//! The questions, Lanyard's answers to them, and the tables that follow from the answers.

use lanyard_policy::{
    Capability, Context, InCallOperation, Room, RoomRole, Scope, ScopeSet, decide,
};

/// Whether a token with one scope may use a capability, in some situation.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The scope of the token.
    pub scope: Scope,
    /// What is to be done.
    pub capability: Capability,
    /// The situation.
    pub context: Context<'static>,
}

impl Question {
    /// Lanyard's answer.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        let scopes = ScopeSet::new([self.scope]).expect("a scope");
        decide(scopes, SUBJECT, self.capability, &self.context).is_allowed()
    }

    /// Who sent the message that is to be changed; nobody if it is empty.
    #[must_use]
    pub fn sender(&self) -> &'static str {
        self.context.message_sender.unwrap_or_default()
    }

    /// Whether the holder of the token is invited to the room.
    #[must_use]
    pub fn is_invited(&self) -> bool {
        self.context.room.is_some_and(|room| room.invited)
    }

    /// Whether the role in the room suffices.
    #[must_use]
    pub fn role_suffices(&self) -> bool {
        let role = self.context.room.and_then(|room| room.role);
        role == Some(RoomRole::Presenter)
    }
}

/// A cell that is not "no".
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The scope that grants it.
    pub scope: Scope,
    /// What it grants.
    pub capability: Capability,
    /// What has to be met besides.
    pub condition: Condition,
}

/// What has to be met besides the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Nothing,
    /// The holder of the token sent the message.
    Own,
    /// The holder is invited to the room.
    Invited,
    /// The role in the room suffices.
    Role,
}

impl Condition {
    /// What the peers call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Own => "own",
            Self::Invited => "invited",
            Self::Role => "role",
        }
    }

    /// The situation in which this is met and no other is.
    fn met(self) -> Context<'static> {
        match self {
            Self::Nothing => Context::default(),
            Self::Own => sent_by(SUBJECT),
            Self::Invited => in_a_room(true, RoomRole::Consumer),
            Self::Role => in_a_room(false, RoomRole::Presenter),
        }
    }

    /// Least is asked for first: where nothing has to be met, every other situation is as good.
    const ALL: [Self; 4] = [Self::Nothing, Self::Own, Self::Invited, Self::Role];
}

/// Every cell of the tables of chat and calling that is not "no", read off Lanyard's answers.
#[must_use]
pub fn rows() -> Vec<Row> {
    let cells = Scope::ALL
        .into_iter()
        .flat_map(|scope| Capability::ALL.map(|capability| (scope, capability)));
    let granted = cells.filter_map(|(scope, capability)| {
        let condition = Condition::ALL.into_iter().find(|condition| {
            let context = condition.met();
            Question {
                scope,
                capability,
                context,
            }
            .is_allowed()
        })?;
        Some(Row {
            scope,
            capability,
            condition,
        })
    });
    granted.collect()
}

/// Every capability with every scope, in every situation.
#[must_use]
pub fn questions() -> Vec<Question> {
    let situations = [
        Context::default(),
        sent_by(SUBJECT),
        sent_by(ANOTHER),
        in_a_room(false, RoomRole::Consumer),
        in_a_room(true, RoomRole::Consumer),
        in_a_room(false, RoomRole::Presenter),
        in_a_room(true, RoomRole::Presenter),
    ];
    let scopes = Scope::ALL.into_iter();
    let cells = scopes.flat_map(|scope| Capability::ALL.map(|capability| (scope, capability)));
    let questions = cells.flat_map(|(scope, capability)| {
        situations.map(|context| Question {
            scope,
            capability,
            context,
        })
    });
    questions.collect()
}

fn sent_by(sender: &'static str) -> Context<'static> {
    Context {
        message_sender: Some(sender),
        ..Context::default()
    }
}

/// Inviting somebody to the call: of the two roles that are asked about, a presenter may.
fn in_a_room(invited: bool, role: RoomRole) -> Context<'static> {
    Context {
        room: Some(Room {
            invited,
            role: Some(role),
        }),
        operation: Some(InCallOperation::InviteRoomParticipant),
        ..Context::default()
    }
}

/// Whom the token stands for.
pub(crate) const SUBJECT: &str =
    "8:acs:00000000-0000-0000-0000-000000000001_00000000-0000-0000-0000-000000000002";
/// Somebody else.
const ANOTHER: &str =
    "8:acs:00000000-0000-0000-0000-000000000001_00000000-0000-0000-0000-000000000003";
