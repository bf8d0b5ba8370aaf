//! The binary `lanyard`: an authority with `serve`, and the commands that call one.

mod client;
mod grpc;
mod serve;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use self::{
    client::ClientCommand,
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
    #[command(flatten)]
    Client(ClientCommand),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => run_server(cli.serve),
        Some(Command::Serve(args)) => run_server(*args),
        Some(Command::Client(command)) => run_client(command),
    };
    outcome.unwrap_or_else(|message| {
        // Where nobody reads it, the exit code says it alone.
        drop(writeln!(io::stderr(), "error: {message}"));
        ExitCode::FAILURE
    })
}

fn run_server(args: ServeArgs) -> Result<ExitCode, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| format!("the runtime does not start: {error}"))?;
    let served = runtime.block_on(serve::run(args));
    served
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error: ServeError| error.to_string())
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
