//! The program that everything is tested on.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of the binary, which the first caller builds.
///
/// It belongs to another package, so cargo does not build it for these tests by itself. It is built
/// in the profile and the directory that the tests are run from.
pub(crate) fn lanyard() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(build)
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let profile_dir = test
        .ancestors()
        .nth(2)
        .expect("a test is in target/PROFILE/deps");
    let target_dir = profile_dir
        .parent()
        .expect("a profile is in a target directory");
    let profile = match profile_dir.file_name().and_then(OsStr::to_str) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("no profile in {}", profile_dir.display()),
    };
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--package",
            "lanyard-server",
            "--bin",
            "lanyard",
        ])
        .args(["--profile", profile, "--target-dir"])
        .arg(target_dir)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the binary does not build: {status}");
    profile_dir.join("lanyard")
}
