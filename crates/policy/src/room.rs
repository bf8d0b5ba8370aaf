//! Virtual Rooms: the roles that people have in one, and what they can do in a call there.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// The role of a participant in a Virtual Room.
    pub enum RoomRole, or UnknownRoomRole of "room role" {
        /// Runs the call: may do everything, to others too.
        Presenter = "presenter",
        /// Takes part and shares the screen.
        Collaborator = "collaborator",
        /// Takes part with sound and picture.
        Attendee = "attendee",
        /// Watches and listens.
        Consumer = "consumer",
    }
}

vocabulary! {
    /// An operation within a call: a row of the published table of room roles, in its order.
    pub enum InCallOperation, or UnknownInCallOperation of "in-call operation" {
        /// Turn one's own video on or off.
        TurnVideoOnOff = "turn-video-on-off",
        /// Mute or unmute one's own microphone.
        MuteUnmuteMic = "mute-unmute-mic",
        /// Mute somebody else.
        MuteRemoteUser = "mute-remote-user",
        /// Switch between one's own cameras.
        SwitchCameras = "switch-cameras",
        /// See who is speaking.
        ActiveSpeaker = "active-speaker",
        /// Choose the speaker that the call is heard from.
        ChooseSpeaker = "choose-speaker",
        /// Choose the microphone for the call.
        ChooseMic = "choose-mic",
        /// See the state of the participants.
        ShowParticipantsState = "show-participants-state",
        /// See the state of the call.
        ShowCallState = "show-call-state",
        /// See whether a participant is muted.
        ShowParticipantMuted = "show-participant-muted",
        /// See why a participant left.
        ShowLeaveReason = "show-leave-reason",
        /// Start captions.
        StartCaptions = "start-captions",
        /// Change the language of the captions.
        ChangeCaptionsLanguage = "change-captions-language",
        /// Invite a participant of the room into the call.
        InviteRoomParticipant = "invite-room-participant",
        /// Share the whole screen.
        ShareScreen = "share-screen",
        /// Share one application.
        ShareApplication = "share-application",
        /// Share one tab of the browser.
        ShareBrowserTab = "share-browser-tab",
        /// See a screen that somebody shares.
        ViewSharedScreen = "view-shared-screen",
        /// Remove a participant from the call.
        RemoveParticipant = "remove-participant",
        /// Ask the user for permission to use audio and video devices.
        AskDevicePermission = "ask-device-permission",
        /// List the cameras.
        GetCameraList = "get-camera-list",
        /// Choose a camera.
        SetCamera = "set-camera",
        /// See which camera is chosen.
        GetSelectedCamera = "get-selected-camera",
        /// List the microphones.
        GetMicList = "get-mic-list",
        /// Choose a microphone.
        SetMic = "set-mic",
        /// See which microphone is chosen.
        GetSelectedMic = "get-selected-mic",
        /// List the speakers.
        GetSpeakersList = "get-speakers-list",
        /// Choose a speaker.
        SetSpeaker = "set-speaker",
        /// See which speaker is chosen.
        GetSelectedSpeaker = "get-selected-speaker",
        /// Show one video, of the own camera or of a remote stream, in several places.
        RenderVideoInMultiplePlaces = "render-video-in-multiple-places",
        /// Choose how a video is scaled.
        SetVideoScalingMode = "set-video-scaling-mode",
        /// Show the video of somebody else.
        RenderRemoteVideo = "render-remote-video",
        /// Call a telephone number from a call in a room.
        DialOutToPstn = "dial-out-to-pstn",
    }
}

impl InCallOperation {
    /// The label of the row on the published page, word for word.
    #[must_use]
    #[rustfmt::skip]
    pub const fn published(self) -> &'static str {
        match self {
            Self::TurnVideoOnOff => "Turn video on/off",
            Self::MuteUnmuteMic => "Mute/Unmute mic",
            Self::MuteRemoteUser => "Mute remote user",
            Self::SwitchCameras => "Switch between cameras",
            Self::ActiveSpeaker => "Active speaker",
            Self::ChooseSpeaker => "Choose speaker for calls",
            Self::ChooseMic => "Choose mic for calls",
            Self::ShowParticipantsState =>
                "Show participants state (idle, connecting, connected, On-hold, Disconnecting, \
                 Disconnected etc.)",
            // The page does not close this parenthesis.
            Self::ShowCallState =>
                "Show call state (Early media, Incoming, Connecting, Ringing, Connected, Hold, \
                 Disconnecting, Disconnected",
            Self::ShowParticipantMuted => "Show if a participant is muted",
            Self::ShowLeaveReason => "Show the reason why a participant left a call",
            Self::StartCaptions => "Start call captions",
            Self::ChangeCaptionsLanguage => "Change captions language",
            Self::InviteRoomParticipant => "Invite to join a Virtual Room participant to a call",
            Self::ShareScreen => "Share screen",
            Self::ShareApplication => "Share an application",
            Self::ShareBrowserTab => "Share a browser tab",
            Self::ViewSharedScreen => "Participants can view shared screen",
            Self::RemoveParticipant => "Remove a participant",
            Self::AskDevicePermission => "Ask for permission to use audio and/or video",
            Self::GetCameraList => "Get camera list",
            Self::SetCamera => "Set camera",
            Self::GetSelectedCamera => "Get selected camera",
            Self::GetMicList => "Get mic list",
            Self::SetMic => "Set mic",
            Self::GetSelectedMic => "Get selected mic",
            Self::GetSpeakersList => "Get speakers list",
            Self::SetSpeaker => "Set speaker",
            Self::GetSelectedSpeaker => "Get selected speaker",
            Self::RenderVideoInMultiplePlaces =>
                "Render a video in multiple places (local camera or remote stream)",
            Self::SetVideoScalingMode => "Set/Update video scaling mode",
            Self::RenderRemoteVideo => "Render remote video stream",
            Self::DialOutToPstn => "Dial-out to PSTN participants from Virtual Rooms calls",
        }
    }

    /// The heading under which the row stands on the published page.
    #[must_use]
    #[rustfmt::skip]
    pub const fn group(self) -> &'static str {
        match self {
            Self::TurnVideoOnOff | Self::MuteUnmuteMic | Self::MuteRemoteUser
            | Self::SwitchCameras | Self::ActiveSpeaker | Self::ChooseSpeaker | Self::ChooseMic
            | Self::ShowParticipantsState | Self::ShowCallState | Self::ShowParticipantMuted
            | Self::ShowLeaveReason | Self::StartCaptions | Self::ChangeCaptionsLanguage
            | Self::InviteRoomParticipant => "Mid call controls",
            Self::ShareScreen | Self::ShareApplication | Self::ShareBrowserTab
            | Self::ViewSharedScreen => "Screen sharing",
            Self::RemoveParticipant => "Roster management",
            Self::AskDevicePermission | Self::GetCameraList | Self::SetCamera
            | Self::GetSelectedCamera | Self::GetMicList | Self::SetMic | Self::GetSelectedMic
            | Self::GetSpeakersList | Self::SetSpeaker | Self::GetSelectedSpeaker
                => "Device management",
            Self::RenderVideoInMultiplePlaces | Self::SetVideoScalingMode
            | Self::RenderRemoteVideo => "Video rendering",
            Self::DialOutToPstn => "Dial-out to PSTN participants from the client-side",
        }
    }
}
