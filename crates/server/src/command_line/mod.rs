//! The command line together with the environment.
//!
//! The parser knows which variable each flag has. The rules on top of that are the same for all commands:
//! an empty variable counts as unset, a typed flag takes precedence over the environment, and an error
//! names the variable if the value came from there.
//!
//! | file | idea |
//! |---|---|
//! | `environment` | which variables count, and their names in messages |
//! | `usage` | one line for an error of the parser |

mod environment;
mod usage;

use std::ffi::OsString;

use clap::Parser;

pub(crate) use self::environment::Environment;

/// A command line that is not executed.
#[derive(Debug)]
pub(crate) enum NotParsed {
    /// The text that was requested: help, or the version.
    Help(String),
    /// One line with the error and a remedy.
    Usage(String),
}

/// Parses the words, the first of which is the name of the program.
///
/// # Errors
/// If they are not understood, or request help.
pub(crate) fn parse<P: Parser>(words: &[OsString]) -> Result<(P, Environment), NotParsed> {
    let (mut command, environment) = environment::applied(P::command(), words);
    let parsed = command.try_get_matches_from_mut(words);
    let parsed = parsed.and_then(|matches| {
        P::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    });
    match parsed {
        Ok(parsed) => Ok((parsed, environment)),
        Err(error) if error.use_stderr() => {
            let line = usage::line(&error, &P::command(), words);
            Err(NotParsed::Usage(environment.in_usage(&line, error.kind())))
        }
        // From the command as it is declared, since its help lists the variables, too.
        Err(_) => Err(NotParsed::Help(help::<P>(words))),
    }
}

fn help<P: Parser>(words: &[OsString]) -> String {
    let help = P::command().try_get_matches_from(words);
    help.map_or_else(|help| help.to_string(), |_| String::new())
}
