//! The wire contract of Lanyard, generated from `proto/lanyard/v1`.
//!
//! [`v1`] holds the messages, clients and servers of every service; [`DESCRIPTORS`] is the encoded
//! descriptor set that server reflection answers from. The documentation of each item is the comment
//! in the proto file.

/// Version 1 of the contract.
pub mod v1 {
    #![expect(clippy::pedantic, reason = "generated code is not ours to style")]

    include!(concat!(env!("OUT_DIR"), "/lanyard.v1.rs"));
}

/// The encoded `google.protobuf.FileDescriptorSet` of the contract.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lanyard.v1.bin"));
