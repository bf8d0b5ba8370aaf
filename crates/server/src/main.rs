//! The binary `lanyard`: an authority with `serve`, an enforcement point with `enforce`, and the
//! commands that call them.

mod bench;
mod client;
mod enforce;
#[cfg(test)]
mod every_error;
mod grpc;
mod refusal_log;
mod rest;
mod scopes;
mod serve;

use std::{
    env,
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{
    CommandFactory as _, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};
use mimalloc::MiMalloc;

use self::{
    bench::{BenchCommand, BenchError},
    client::ClientCommand,
    enforce::{EnforceArgs, EnforceError},
    serve::{ServeArgs, ServeError},
};

/// A token authority for chat and calling.
#[derive(Debug, Parser)]
#[command(name = NAME, version)]
#[command(after_help = "Without a command, `lanyard` is `lanyard serve` and takes its flags.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the authority.
    Serve(Box<ServeArgs>),
    /// Run an enforcement point: check tokens beside a backend, without asking the authority.
    Enforce(Box<EnforceArgs>),
    Bench(Box<BenchCommand>),
    #[command(flatten)]
    Client(Box<ClientCommand>),
}

/// Calls are made of many small allocations, and this allocator makes them in half the time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let words = words(env::args_os().skip(1));
    let outcome = match Cli::try_parse_from(&words).map(|cli| cli.command) {
        Ok(Command::Serve(args)) => run_server(*args),
        Ok(Command::Enforce(args)) => run_enforcer(*args),
        Ok(Command::Client(command)) => run_client(*command),
        Ok(Command::Bench(command)) => run_bench(*command),
        Err(error) if error.use_stderr() => {
            complain(&usage(&error, &words));
            return ExitCode::from(NOT_UNDERSTOOD);
        }
        Err(help) => {
            // Whoever stops reading has read enough, as `| head` does.
            drop(help.print());
            return ExitCode::SUCCESS;
        }
    };
    outcome.unwrap_or_else(|message| {
        complain(&message);
        ExitCode::FAILURE
    })
}

/// The command line, with `serve` where no command is named.
///
/// So `serve` alone knows its flags and their environment, and no other command fails for what is
/// wrong there.
fn words(typed: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut typed = typed.peekable();
    let serves = typed.peek().is_none_or(|first| {
        let is_flag = first.as_encoded_bytes().starts_with(b"-");
        is_flag && !OF_THE_WHOLE.iter().any(|flag| first == flag)
    });
    let serve = serves.then(|| OsString::from(SERVE));
    let name = OsString::from(NAME);
    [name].into_iter().chain(serve).chain(typed).collect()
}

fn run_server(args: ServeArgs) -> Result<ExitCode, String> {
    let served = all_cores()?.block_on(serve::run(args));
    served
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error: ServeError| with_causes(&error))
}

fn run_enforcer(args: EnforceArgs) -> Result<ExitCode, String> {
    let enforced = all_cores()?.block_on(enforce::run(args));
    enforced
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error: EnforceError| error.to_string())
}

/// Calls come from all cores, as those of real callers do.
fn run_bench(command: BenchCommand) -> Result<ExitCode, String> {
    let measured = all_cores()?.block_on(bench::run(command));
    measured
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error: BenchError| error.to_string())
}

fn all_cores() -> Result<tokio::runtime::Runtime, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.map_err(|error| format!("the runtime does not start: {error}"))
}

fn run_client(command: ClientCommand) -> Result<ExitCode, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| format!("the runtime does not start: {error}"))?;
    runtime
        .block_on(client::run(command))
        .map_err(|error| error.to_string())
}

/// The message of an error, followed by those of its causes that it does not contain itself.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        cause = error.source();
    }
    message
}

/// Where nobody reads it, the exit code says it alone.
fn complain(message: &str) {
    drop(writeln!(io::stderr(), "error: {message}"));
}

/// What is wrong with a command line, and what helps, on the one line that every error has here.
fn usage(error: &clap::Error, words: &[OsString]) -> String {
    let rendered = error.render().to_string();
    let mut line = String::new();
    let told = rendered.lines().map(str::trim);
    for part in told.take_while(|part| !AFTERWARDS.iter().any(|end| part.starts_with(end))) {
        if !line.is_empty() && !part.is_empty() {
            line.push_str(if part.starts_with("tip:") { "; " } else { " " });
        }
        line.push_str(&part.replace(char::is_control, " "));
    }
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    format!("{line}; {}", remedy(error, words))
}

fn remedy(error: &clap::Error, words: &[OsString]) -> String {
    let all = Cli::command();
    let noun = words.get(1).and_then(|word| all.find_subcommand(word));
    let mut rest = words.iter().skip(2);
    let verb = noun.and_then(|noun| rest.find_map(|word| noun.find_subcommand(word)));
    // A command after flags is a stray argument of `serve` to the parser.
    if let Some(ContextValue::String(stray)) = error.get(ContextKind::InvalidArg)
        && noun.is_some_and(|noun| noun.get_name() == SERVE)
        && all.find_subcommand(stray).is_some()
    {
        return format!("name the command first, as in `{NAME} {stray} --help`");
    }
    let path = [Some(&all), noun, verb].into_iter().flatten();
    let path: Vec<_> = path.map(clap::Command::get_name).collect();
    format!("see `{} --help`", path.join(" "))
}

const NAME: &str = "lanyard";
const SERVE: &str = "serve";

/// The flags that are not those of a command.
const OF_THE_WHOLE: [&str; 4] = ["-h", "--help", "-V", "--version"];

/// With these begins what clap says after it has said what is wrong.
const AFTERWARDS: [&str; 2] = ["Usage:", "For more information"];

/// The exit code of a command line that was not understood.
const NOT_UNDERSTOOD: u8 = 2;

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_means_serve_and_takes_its_flags() {
        for line in [
            "",
            "--listen 127.0.0.1:0",
            "serve --listen 127.0.0.1:0",
            "--plaintext",
            "--issuer token",
        ] {
            let cli = parse(line).unwrap();
            assert!(matches!(cli.command, Command::Serve(_)), "{line}");
        }
        let cli = parse("identity list").unwrap();
        assert!(matches!(cli.command, Command::Client(_)));
    }

    #[test]
    fn help_and_version_are_those_of_the_whole() {
        for line in ["--help", "-h", "help"] {
            let help = parse(line).unwrap_err();
            assert_eq!(help.kind(), ErrorKind::DisplayHelp, "{line}");
            assert!(!help.use_stderr());
            let help = help.to_string();
            assert!(help.contains("Usage: lanyard <COMMAND>"), "{help}");
            assert!(help.contains("`lanyard` is `lanyard serve`"), "{help}");
        }
        for line in ["--version", "-V"] {
            let version = parse(line).unwrap_err();
            assert_eq!(version.kind(), ErrorKind::DisplayVersion, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_command_line_is_told_on_one_line_with_what_helps() {
        for (line, told) in TOLD {
            let error = parse(line).unwrap_err();
            assert!(error.use_stderr(), "{line}");
            assert_eq!(usage(&error, &split(line)), told, "{line}");
        }
    }

    #[test]
    fn a_value_of_several_lines_is_still_told_on_one() {
        let typed = ["token", "a\n\nb\r\u{1b}[2J\u{9b}c"];
        let words = words(typed.map(OsString::from).into_iter());
        let error = Cli::try_parse_from(&words).unwrap_err();
        let told = usage(&error, &words);
        assert!(!told.contains(char::is_control), "{told:?}");
    }

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(split(line))
    }

    fn split(line: &str) -> Vec<OsString> {
        words(line.split_whitespace().map(OsString::from))
    }

    const TOLD: [(&str, &str); 10] = [
        ("fly", "unrecognized subcommand 'fly'; see `lanyard --help`"),
        (
            "identity",
            "'lanyard identity' requires a subcommand but one was not provided \
             [subcommands: create, get, list, delete, help]; see `lanyard identity --help`",
        ),
        (
            "identity lst",
            "unrecognized subcommand 'lst'; tip: a similar subcommand exists: 'list'; see \
             `lanyard identity --help`",
        ),
        (
            "identity create --json --field x",
            "the argument '--json' cannot be used with '--field <PATH>'; see `lanyard \
             identity create --help`",
        ),
        (
            "token --data d issue",
            "the following required arguments were not provided: --scope <S> \
             <IDENTITY_ID>; see `lanyard token issue --help`",
        ),
        (
            "credential --role x",
            "invalid value 'x' for '--role <ROLE>' [possible values: primary, secondary, \
             operator, enforcer]; see `lanyard credential --help`",
        ),
        (
            "key rotate third",
            "invalid value 'third' for '<SLOT>': expected one of primary, secondary; see \
             `lanyard key rotate --help`",
        ),
        (
            "--plaintxt",
            "unexpected argument '--plaintxt' found; tip: a similar argument exists: \
             '--plaintext'; see `lanyard serve --help`",
        ),
        (
            "--listen x",
            "invalid value 'x' for '--listen <ADDRESS>': invalid socket address syntax; \
             see `lanyard serve --help`",
        ),
        (
            "--data d identity list",
            "unexpected argument 'identity' found; name the command first, as in `lanyard \
             identity --help`",
        ),
    ];
}
