//! The binary `lanyard`: an authority with `serve`, an enforcement point with `enforce`, and the
//! commands that call them.

mod bench;
mod client;
mod command_line;
mod enforce;
#[cfg(test)]
mod every_error;
mod grpc;
mod refusal_log;
mod rest;
mod scopes;
mod serve;
mod terminal;
mod text;

use std::{env, ffi::OsString, io, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

use self::{
    bench::{BenchCommand, BenchError},
    client::{ClientCommand, ClientError},
    command_line::{Environment, NotParsed},
    enforce::{EnforceArgs, EnforceError},
    serve::{ServeArgs, ServeError, Signals},
    terminal::print_error,
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
    let (outcome, environment) = match command_line::parse::<Cli>(&words) {
        Ok((cli, environment)) => (run(cli.command), environment),
        Err(NotParsed::Help(help)) => (print_help(&help), Environment::default()),
        Err(NotParsed::Usage(line)) => {
            print_error(&line);
            return ExitCode::from(NOT_UNDERSTOOD);
        }
    };
    outcome.unwrap_or_else(|message| {
        print_error(&environment.in_message(&message));
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve(args) => run_server(*args),
        Command::Enforce(args) => run_enforcer(*args),
        Command::Client(command) => run_client(*command),
        Command::Bench(command) => run_bench(*command),
    }
}

/// A reader that stops early has read enough, as `| head` does.
fn print_help(help: &str) -> Result<ExitCode, String> {
    match client::write(help) {
        Err(ClientError::Output(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output ({error})"))
        }
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
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
    let served = on_all_cores(serve::run(args))?;
    served
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error: ServeError| with_causes(&error))
}

fn run_enforcer(args: EnforceArgs) -> Result<ExitCode, String> {
    let enforced = on_all_cores(enforce::run(args))?;
    enforced
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error: EnforceError| with_causes(&error))
}

/// Calls come from all cores, as those of real callers do.
fn run_bench(command: BenchCommand) -> Result<ExitCode, String> {
    match on_all_cores(bench::run(command))? {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error @ BenchError::Interrupted(stop)) => {
            print_error(&error.to_string());
            Ok(stop.exit_code())
        }
        Err(BenchError::Client(ClientError::Output(error)))
            if error.kind() == io::ErrorKind::BrokenPipe =>
        {
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error.to_string()),
    }
}

fn on_all_cores<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    on(runtime, work)
}

/// One thread does the work and may wait for a terminal or a pipe. The other takes signals meanwhile.
fn run_client(command: ClientCommand) -> Result<ExitCode, String> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(1);
    let work = async {
        let mut signals = Signals::new().map_err(ClientError::Signals)?;
        tokio::spawn(async move { signals.received().await.exit() });
        client::run(command).await
    };
    on(runtime, work)?.map_err(|error| error.to_string())
}

/// Does the work, and then waits for its tasks to end, but not for a thread that stays blocked.
fn on<T>(mut runtime: tokio::runtime::Builder, work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime does not start: {error}"))?;
    let output = runtime.block_on(work);
    runtime.shutdown_timeout(CLOSING_LIMIT);
    Ok(output)
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

/// How long the end of a process waits for threads that are blocked.
const CLOSING_LIMIT: Duration = Duration::from_secs(2);
const NAME: &str = "lanyard";
const SERVE: &str = "serve";

/// The flags that are not those of a command.
const OF_THE_WHOLE: [&str; 4] = ["-h", "--help", "-V", "--version"];

/// The exit code of a command line that was not understood.
const NOT_UNDERSTOOD: u8 = 2;

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, error::ErrorKind};

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
            assert_eq!(refusal(&split(line)), told, "{line}");
        }
    }

    #[test]
    fn a_value_of_several_lines_is_still_told_on_one() {
        let typed = ["token", "a\n\nb\r\u{1b}[2J\u{9b}c"];
        let told = refusal(&words(typed.map(OsString::from).into_iter()));
        assert!(!told.contains(char::is_control), "{told:?}");
    }

    fn refusal(words: &[OsString]) -> String {
        let Err(NotParsed::Usage(line)) = command_line::parse::<Cli>(words) else {
            panic!("{words:?}")
        };
        line
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
