//! Which engine the servers are.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::{env, io};

/// Where the path of another engine can be said.
const VARIABLE: &str = "LANYARD_REDIS_SERVER";

/// The command of the engine, without arguments.
pub(crate) fn command() -> Command {
    Command::new(path())
}

/// Starts what a command of the engine says.
pub(crate) fn spawn(command: &mut Command) -> Child {
    command.spawn().unwrap_or_else(|error| {
        panic!("{}", remedy(Path::new(command.get_program()), &error));
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine is a matter of the machine that runs the tests, and they have no flags"
)]
fn path() -> PathBuf {
    env::var_os(VARIABLE).map_or_else(|| "redis-server".into(), PathBuf::from)
}

fn remedy(program: &Path, error: &io::Error) -> String {
    let program = program.display();
    let hint = match error.kind() {
        ErrorKind::NotFound => {
            format!(
                "`apt-get install redis-server`, or name a server's binary by {VARIABLE}=/path/to/it"
            )
        }
        _ => format!("{VARIABLE} names the binary, if it is not the one on the PATH"),
    };
    format!("`{program}` does not start: {error}: {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_engine_is_told_with_its_remedy() {
        let missing = io::Error::from(ErrorKind::NotFound);
        let told = remedy(Path::new("redis-server"), &missing);
        assert!(told.starts_with("`redis-server` does not start"), "{told}");
        assert!(told.contains("apt-get install redis-server"), "{told}");
        assert!(told.contains("LANYARD_REDIS_SERVER"), "{told}");
    }

    #[test]
    fn an_engine_that_may_not_be_run_needs_no_package() {
        let refused = io::Error::from(ErrorKind::PermissionDenied);
        let told = remedy(Path::new("/etc/passwd"), &refused);
        assert!(told.contains("/etc/passwd"), "{told}");
        assert!(!told.contains("apt-get"), "{told}");
    }
}
