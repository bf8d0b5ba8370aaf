//! The published tables as data: a row here is a row there, and a column is a column.
//!
//! Both tables are exhaustive matches and not arrays, so that a capability or an operation without
//! a row does not compile, and a lookup cannot miss.

use crate::capability::Capability;
use crate::room::{InCallOperation, RoomRole};
use crate::scope::{Scope, ScopeSet};

/// A row of the scope tables.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The scopes whose cell is not `N`.
    pub(crate) granting: Option<ScopeSet>,
    /// What the label of the row presupposes.
    pub(crate) precondition: Precondition,
    /// Whether the cells are "by user role", so that [`room_cell`] has the last word.
    pub(crate) by_role: bool,
}

/// What the label of a row presupposes besides the scope.
#[derive(Clone, Copy)]
pub(crate) enum Precondition {
    /// Nothing.
    Nothing,
    /// "Your own message".
    OwnMessage,
    /// "When the user is already invited to the Room".
    Invitation,
}

/// A cell of the table of room roles.
#[derive(Clone, Copy)]
pub(crate) enum RoomCell {
    /// The role allows it.
    Yes,
    /// The role does not allow it.
    No,
    /// The role allows it in the web calling SDK only. The page prints `Y*`.
    YesOnWeb,
    /// The role allows it for remote streams only. The page prints `Yr`.
    YesIfRemote,
}

/// The row of a capability in the tables of scopes.
#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "a row of the page is an arm, alike or not")]
pub(crate) const fn row(capability: Capability) -> Row {
    use Capability as C;
    use Cell::{ByRole as R, No as N, Yes as Y};
    match capability {
        //                              chat  chat.join  chat.join.limited
        C::CreateChatThread      => chat(Y,   N,         N),
        C::UpdateChatThread      => chat(Y,   N,         N),
        C::DeleteChatThread      => chat(Y,   N,         N),
        C::AddChatParticipant    => chat(Y,   Y,         N),
        C::RemoveChatParticipant => chat(Y,   Y,         N),
        C::ListChatThreads       => chat(Y,   Y,         Y),
        C::GetChatThread         => chat(Y,   Y,         Y),
        C::GetReadReceipt        => chat(Y,   Y,         Y),
        C::CreateReadReceipt     => chat(Y,   Y,         Y),
        C::CreateMessage         => chat(Y,   Y,         Y),
        C::GetMessage            => chat(Y,   Y,         Y),
        C::UpdateOwnMessage      => chat(Y,   Y,         Y).given(Precondition::OwnMessage),
        C::DeleteOwnMessage      => chat(Y,   Y,         Y).given(Precondition::OwnMessage),
        C::SendTypingIndicator   => chat(Y,   Y,         Y),
        C::GetChatParticipants   => chat(Y,   Y,         Y),

        //                              voip  voip.join
        C::StartCall             => voip(Y,   N),
        C::StartRoomCall         => voip(Y,   Y).given(Precondition::Invitation),
        C::JoinCall              => voip(Y,   Y),
        C::JoinRoomCall          => voip(Y,   Y).given(Precondition::Invitation),
        C::InCallOperation       => voip(Y,   Y),
        C::InRoomCallOperation   => voip(R,   R),
    }
}

/// The cell of an operation and a role in the table of room roles.
#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "a row of the page is an arm, alike or not")]
pub(crate) const fn room_cell(operation: InCallOperation, role: RoomRole) -> RoomCell {
    use InCallOperation as O;
    use RoomCell::{No as N, Yes as Y, YesIfRemote as YR, YesOnWeb as YW};
    let (presenter, collaborator, attendee, consumer) = match operation {
        //                              Presenter  Collaborator  Attendee  Consumer
        O::TurnVideoOnOff              => (Y,      Y,            Y,        N),
        O::MuteUnmuteMic               => (Y,      Y,            Y,        N),
        O::MuteRemoteUser              => (Y,      N,            N,        N),
        O::SwitchCameras               => (Y,      Y,            Y,        N),
        O::ActiveSpeaker               => (Y,      Y,            Y,        Y),
        O::ChooseSpeaker               => (Y,      Y,            Y,        Y),
        O::ChooseMic                   => (Y,      Y,            Y,        N),
        O::ShowParticipantsState       => (Y,      Y,            Y,        Y),
        O::ShowCallState               => (Y,      Y,            Y,        Y),
        O::ShowParticipantMuted        => (Y,      Y,            Y,        Y),
        O::ShowLeaveReason             => (Y,      Y,            Y,        Y),
        O::StartCaptions               => (Y,      Y,            Y,        Y),
        O::ChangeCaptionsLanguage      => (Y,      Y,            Y,        Y),
        O::InviteRoomParticipant       => (Y,      N,            N,        N),

        O::ShareScreen                 => (YW,     YW,           N,        N),
        O::ShareApplication            => (YW,     YW,           N,        N),
        O::ShareBrowserTab             => (YW,     YW,           N,        N),
        O::ViewSharedScreen            => (Y,      Y,            Y,        Y),

        O::RemoveParticipant           => (Y,      N,            N,        N),

        O::AskDevicePermission         => (Y,      Y,            Y,        N),
        O::GetCameraList               => (Y,      Y,            Y,        N),
        O::SetCamera                   => (Y,      Y,            Y,        N),
        O::GetSelectedCamera           => (Y,      Y,            Y,        N),
        O::GetMicList                  => (YW,     YW,           YW,       N),
        O::SetMic                      => (YW,     YW,           YW,       N),
        O::GetSelectedMic              => (YW,     YW,           YW,       N),
        O::GetSpeakersList             => (YW,     YW,           YW,       YW),
        O::SetSpeaker                  => (YW,     YW,           YW,       YW),
        O::GetSelectedSpeaker          => (Y,      Y,            Y,        Y),

        O::RenderVideoInMultiplePlaces => (Y,      Y,            Y,        YR),
        O::SetVideoScalingMode         => (Y,      Y,            Y,        YR),
        O::RenderRemoteVideo           => (Y,      Y,            Y,        Y),

        O::DialOutToPstn               => (Y,      N,            N,        N),
    };
    match role {
        RoomRole::Presenter => presenter,
        RoomRole::Collaborator => collaborator,
        RoomRole::Attendee => attendee,
        RoomRole::Consumer => consumer,
    }
}

/// A cell of the scope tables.
#[derive(Clone, Copy)]
enum Cell {
    /// The scope grants it.
    Yes,
    /// The scope does not grant it.
    No,
    /// The scope leaves it to the role in the room. The page prints "by user role".
    ByRole,
}

/// A row of the chat page. The scopes of calling are no columns there: they grant nothing.
const fn chat(chat: Cell, chat_join: Cell, chat_join_limited: Cell) -> Row {
    Row::BLANK
        .with(Scope::Chat, chat)
        .with(Scope::ChatJoin, chat_join)
        .with(Scope::ChatJoinLimited, chat_join_limited)
}

/// A row of the calling page. The scopes of chat are no columns there: they grant nothing.
const fn voip(voip: Cell, voip_join: Cell) -> Row {
    Row::BLANK
        .with(Scope::Voip, voip)
        .with(Scope::VoipJoin, voip_join)
}

impl Row {
    /// A row that nothing grants.
    const BLANK: Self = Self {
        granting: None,
        precondition: Precondition::Nothing,
        by_role: false,
    };

    /// Fills in the cell of a scope. One cell by role makes the whole row ask for the role, so
    /// that a row that mixed both kinds would grant too little and never too much.
    const fn with(self, scope: Scope, cell: Cell) -> Self {
        let granting = ScopeSet::joined(self.granting, scope);
        match cell {
            Cell::No => self,
            Cell::Yes => Self { granting, ..self },
            Cell::ByRole => Self {
                granting,
                by_role: true,
                ..self
            },
        }
    }

    /// Adds what the label of the row presupposes.
    const fn given(self, precondition: Precondition) -> Self {
        Self {
            precondition,
            ..self
        }
    }
}
