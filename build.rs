//! Compiles `proto/` with protox, so that no machine needs protoc, and keeps the descriptor set for
//! server reflection.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

const FILES: [&str; 7] = [
    "lanyard/v1/admin_service.proto",
    "lanyard/v1/capability.proto",
    "lanyard/v1/error.proto",
    "lanyard/v1/identity_service.proto",
    "lanyard/v1/policy_service.proto",
    "lanyard/v1/revocation.proto",
    "lanyard/v1/trust_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = out_dir()?;
    fs::write(out.join("lanyard.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_transport(false)
        .codec_path("crate::MessageCodec")
        .out_dir(out)
        .compile_fds(descriptors)?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts by environment"
)]
fn out_dir() -> Result<PathBuf, env::VarError> {
    env::var("OUT_DIR").map(PathBuf::from)
}
