//! How messages are read and written: as `tonic_prost` does, but what cannot be read is the fault of
//! whoever sent it.
//!
//! The library's own decoder answers INTERNAL, which callers retry and operators look into, and names
//! the message as the program does. A text field that is not UTF-8 is enough to get there.

use std::marker::PhantomData;

use prost::Message;
use tonic::{
    Code, Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder},
};
use tonic_prost::{ProstDecoder, ProstEncoder};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::v1::ErrorReason;

/// The codec of every generated client and server.
#[derive(Clone, Debug)]
pub struct MessageCodec<Sent, Received> {
    messages: PhantomData<(Sent, Received)>,
}

/// Reads messages of one type.
#[derive(Clone, Debug, Default)]
pub struct MessageDecoder<Received: Message + Default> {
    inner: ProstDecoder<Received>,
}

impl<Sent, Received> Default for MessageCodec<Sent, Received> {
    fn default() -> Self {
        Self {
            messages: PhantomData,
        }
    }
}

impl<Sent, Received> Codec for MessageCodec<Sent, Received>
where
    Sent: Message + Send + 'static,
    Received: Message + Default + Send + 'static,
{
    type Encode = Sent;
    type Decode = Received;
    type Encoder = ProstEncoder<Sent>;
    type Decoder = MessageDecoder<Received>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        MessageDecoder {
            inner: ProstDecoder::new(BufferSettings::default()),
        }
    }
}

impl<Received: Message + Default> Decoder for MessageDecoder<Received> {
    type Item = Received;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Received>, Status> {
        self.inner.decode(buffer).map_err(|_| unreadable())
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.inner.buffer_settings()
    }
}

fn unreadable() -> Status {
    let reason = ErrorReason::InvalidField.as_str_name();
    let reason = reason.strip_prefix("ERROR_REASON_").unwrap_or(reason);
    let details = ErrorDetails::with_error_info(reason, "lanyard", []);
    let message = "the message cannot be read: it must be encoded as the contract has it, with every \
                   text in UTF-8";
    Status::with_error_details(Code::InvalidArgument, message, details)
}
