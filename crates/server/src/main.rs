//! The binary `lanyard`: an authority with `serve`, an enforcement point with `enforce`, and the
//! commands that call them.

mod client;
mod enforce;
mod grpc;
mod serve;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use self::{
    client::ClientCommand,
    enforce::{EnforceArgs, EnforceError},
    serve::{ServeArgs, ServeError},
};

/// A token authority for chat and calling.
#[derive(Debug, Parser)]
#[command(name = "lanyard", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Without a command, `lanyard` is `lanyard serve`.
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the authority.
    Serve(Box<ServeArgs>),
    /// Run an enforcement point: check tokens beside a backend, without asking the authority.
    Enforce(Box<EnforceArgs>),
    #[command(flatten)]
    Client(ClientCommand),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => run_server(cli.serve),
        Some(Command::Serve(args)) => run_server(*args),
        Some(Command::Enforce(args)) => run_enforcer(*args),
        Some(Command::Client(command)) => run_client(command),
    };
    outcome.unwrap_or_else(|message| {
        // Where nobody reads it, the exit code says it alone.
        drop(writeln!(io::stderr(), "error: {message}"));
        ExitCode::FAILURE
    })
}

fn run_server(args: ServeArgs) -> Result<ExitCode, String> {
    let served = all_cores()?.block_on(serve::run(args));
    served
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error: ServeError| error.to_string())
}

fn run_enforcer(args: EnforceArgs) -> Result<ExitCode, String> {
    let enforced = all_cores()?.block_on(enforce::run(args));
    enforced
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error: EnforceError| error.to_string())
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_means_serve_and_takes_its_flags() {
        let cli = Cli::try_parse_from(["lanyard", "--listen", "127.0.0.1:0"]).unwrap();
        assert!(cli.command.is_none());
        let cli = Cli::try_parse_from(["lanyard", "serve", "--listen", "127.0.0.1:0"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Serve(_))));
    }
}
