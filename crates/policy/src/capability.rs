//! Capabilities: what a caller can ask about.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// Something that a token may or may not do: a row of one of the published scope tables.
    ///
    /// They stand in the order of the published pages, chat before calling.
    pub enum Capability, or UnknownCapability of "capability" {
        /// Create a chat thread.
        CreateChatThread = "create-chat-thread",
        /// Update a chat thread.
        UpdateChatThread = "update-chat-thread",
        /// Delete a chat thread.
        DeleteChatThread = "delete-chat-thread",
        /// Add a participant to a chat thread.
        AddChatParticipant = "add-chat-participant",
        /// Remove a participant from a chat thread.
        RemoveChatParticipant = "remove-chat-participant",
        /// List the chat threads.
        ListChatThreads = "list-chat-threads",
        /// Read one chat thread.
        GetChatThread = "get-chat-thread",
        /// See who has read what.
        GetReadReceipt = "get-read-receipt",
        /// Tell others what was read.
        CreateReadReceipt = "create-read-receipt",
        /// Send a message to a chat thread.
        CreateMessage = "create-message",
        /// Read a message.
        GetMessage = "get-message",
        /// Change a message that the holder of the token has sent.
        UpdateOwnMessage = "update-own-message",
        /// Delete a message that the holder of the token has sent.
        DeleteOwnMessage = "delete-own-message",
        /// Show others that the holder of the token is typing.
        SendTypingIndicator = "send-typing-indicator",
        /// List the participants of a chat thread.
        GetChatParticipants = "get-chat-participants",
        /// Start a call outside of Virtual Rooms.
        StartCall = "start-call",
        /// Start a call in a Virtual Room, by someone who is invited to it.
        StartRoomCall = "start-room-call",
        /// Join a call in progress outside of Virtual Rooms.
        JoinCall = "join-call",
        /// Join a call in progress in a Virtual Room, by someone who is invited to it.
        JoinRoomCall = "join-room-call",
        /// Any operation within a call outside of Virtual Rooms.
        InCallOperation = "in-call-operation",
        /// An operation within a call in a Virtual Room, which the role in the room decides.
        InRoomCallOperation = "in-room-call-operation",
    }
}

impl Capability {
    /// The label of the row on the published page, word for word.
    #[must_use]
    #[rustfmt::skip]
    pub const fn published(self) -> &'static str {
        match self {
            Self::CreateChatThread => "Create chat thread",
            Self::UpdateChatThread => "Update chat thread with ID",
            Self::DeleteChatThread => "Delete chat thread with ID",
            Self::AddChatParticipant => "Add participant to a chat thread",
            Self::RemoveChatParticipant => "Remove participant from a chat thread",
            Self::ListChatThreads => "Get chat threads",
            Self::GetChatThread => "Get chat thread with ID",
            Self::GetReadReceipt => "Get ReadReceipt",
            Self::CreateReadReceipt => "Create ReadReceipt",
            Self::CreateMessage => "Create message for chat thread with ID",
            Self::GetMessage => "Get message with message ID",
            Self::UpdateOwnMessage => "Update your own message with message ID",
            Self::DeleteOwnMessage => "Delete your own message with message ID",
            Self::SendTypingIndicator => "Send typing indicator",
            Self::GetChatParticipants => "Get participant for thread ID",
            Self::StartCall => "Start a VoIP call",
            Self::StartRoomCall =>
                "Start a VoIP call in Virtual Rooms, when the user is already invited to the Room",
            Self::JoinCall => "Join an InProgress VoIP call",
            Self::JoinRoomCall =>
                "Join an InProgress VoIP call in Virtual Rooms, when the user is already invited \
                 to the Room",
            Self::InCallOperation =>
                "All other in-call operations such as mute/unmute, screen share, and so on",
            Self::InRoomCallOperation =>
                "All other in-call operations such as mute/unmute, screen share, and so on, in \
                 Virtual Rooms",
        }
    }
}
