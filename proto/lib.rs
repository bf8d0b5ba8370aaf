//! The wire contract of Lanyard, generated from `proto/lanyard/v1`.
//!
//! [`v1`] holds the messages, clients and servers of every service; [`DESCRIPTORS`] is the encoded
//! descriptor set that server reflection answers from; [`MessageCodec`] is how messages are read and
//! written. The documentation of each item is the comment in the proto file.

mod codec;

pub use codec::{MessageCodec, MessageDecoder};

/// Version 1 of the contract.
pub mod v1 {
    #![expect(
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        clippy::default_trait_access,
        clippy::doc_markdown,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::too_many_lines,
        reason = "generated code is not ours to style"
    )]

    include!(concat!(env!("OUT_DIR"), "/lanyard.v1.rs"));
}

/// The encoded `google.protobuf.FileDescriptorSet` of the contract.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lanyard.v1.bin"));
