//! Passes the optimization level to the program, which `lanyard bench` notes beside its figures.

use std::env;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo passes settings to build scripts by environment"
)]
fn main() -> Result<(), env::VarError> {
    println!("cargo:rerun-if-changed=build.rs");
    let level = env::var("OPT_LEVEL")?;
    println!("cargo:rustc-env=LANYARD_OPT_LEVEL={level}");
    Ok(())
}
