//! The client commands: everything that `lanyard` does as somebody who calls an authority.
//!
//! A command goes four steps, and each has its file: [`connection`] finds the authority and the
//! credential, [`bearer`] signs each call, the file of the noun makes the request and takes the
//! answer apart, and [`output`] shows it to people or, with `--json`, to scripts. No rule of the
//! authority is repeated here: what is typed is sent, and the authority has the last word.

mod bearer;
mod check;
mod connection;
mod connection_string;
mod context;
mod credential;
mod credential_file;
mod error;
mod identity;
mod kept;
mod key;
mod lifetime;
mod log;
mod names;
mod out_file;
mod output;
mod pages;
mod records;
mod refusal;
mod render;
mod resource;
mod secret;
mod service_key;
mod session;
mod signing_key;
mod subscription;
mod table;
mod token;
mod token_arg;
mod trust;
mod watch;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use lanyard_enforcer::FeedCredential;
use zeroize::Zeroizing;

use self::credential_file::{CredentialFile, Role};
pub(crate) use self::{
    connection::ConnectionArgs,
    credential_file::Purpose,
    error::ClientError,
    output::write,
    session::{Session, is_endpoint, required},
    trust::roots,
};

/// The commands that call an authority.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Make, read, list and delete identities: the people and bots that tokens are for
    Identity(Noun<identity::IdentityCommand>),
    /// Issue, inspect and revoke single access tokens
    Token(Noun<token::TokenCommand>),
    /// Revoke all tokens of an identity at once
    Tokens(Noun<token::TokensCommand>),
    /// Ask whether a token may do something
    Check(check::CheckCommand),
    /// List everything that a token may and may not do
    Capabilities(check::CapabilitiesCommand),
    /// Make, list and delete subscriptions
    Subscription(Noun<subscription::SubscriptionCommand>),
    /// Make, read, list and delete resources: the tenants
    Resource(Noun<resource::ResourceCommand>),
    /// List and rotate the two access keys of a resource
    Key(Noun<key::KeyCommand>),
    /// Make, list and delete the keys of operators and enforcement points
    ServiceKey(Noun<service_key::ServiceKeyCommand>),
    /// Manage the keys that sign access tokens
    SigningKey(Noun<signing_key::SigningKeyCommand>),
    /// Show what is wrong with the logs of revocations, and go on in spite of it
    Log(Noun<log::LogCommand>),
    /// Print what enforcement points are told, as it happens
    Watch(watch::WatchCommand),
    /// Print a fresh bearer, good for ten minutes, for grpcurl and the like
    Credential(credential::CredentialCommand),
}

/// A command that is a noun with verbs. The flags of the connection may stand before or after the
/// verb. A noun alone is answered with its verbs, rather than with all of its help.
#[derive(Debug, Args)]
#[command(arg_required_else_help = false)]
pub(crate) struct Noun<V: Subcommand> {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    verb: V,
}

/// What the exit code tells of a command that worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It was done.
    Done,
    /// It was answered with a denial, and the exit code was asked to say so.
    Denied,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Denied => Self::from(DENIED),
        }
    }
}

/// Runs a client command to its end.
///
/// # Errors
///
/// Whatever kept the command from its answer, as one line that says what is wrong and what helps.
pub(crate) async fn run(command: ClientCommand) -> Result<ExitCode, ClientError> {
    match dispatch(command).await {
        Ok(outcome) => Ok(outcome.into()),
        // Whoever read our output has read enough, as `| head` does. There is nobody to tell, but
        // it must not pass for success: a check that went unread is not an allowed one.
        Err(ClientError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error),
    }
}

/// Reads the credential of an enforcement point from a file of any of the forms.
///
/// # Errors
///
/// If there is none, or it is not what a file of credentials holds.
pub(crate) fn enforcer_credential(path: &Path) -> Result<FeedCredential, ClientError> {
    let chosen = CredentialFile::read(path)?.of_role(Role::Enforcer)?;
    let bad = || ClientError::BadSecret {
        id: chosen.credential.id.clone(),
    };
    let secret = STANDARD.decode(chosen.credential.secret.expose());
    let secret = secret.map(Zeroizing::new).map_err(|_| bad())?;
    let id = chosen.credential.id.parse().map_err(|_| bad())?;
    if secret.is_empty() {
        return Err(bad());
    }
    Ok(FeedCredential::new(id, secret))
}

async fn dispatch(command: ClientCommand) -> Result<Outcome, ClientError> {
    let done = match command {
        ClientCommand::Identity(noun) => identity::run(noun.verb, &noun.connection).await,
        ClientCommand::Token(noun) => token::run(noun.verb, &noun.connection).await,
        ClientCommand::Tokens(noun) => token::run_all(noun.verb, &noun.connection).await,
        ClientCommand::Check(command) => return check::check(command).await,
        ClientCommand::Capabilities(command) => check::capabilities(command).await,
        ClientCommand::Subscription(noun) => subscription::run(noun.verb, &noun.connection).await,
        ClientCommand::Resource(noun) => resource::run(noun.verb, &noun.connection).await,
        ClientCommand::Key(noun) => key::run(noun.verb, &noun.connection).await,
        ClientCommand::ServiceKey(noun) => service_key::run(noun.verb, &noun.connection).await,
        ClientCommand::SigningKey(noun) => signing_key::run(noun.verb, &noun.connection).await,
        ClientCommand::Log(noun) => log::run(noun.verb, &noun.connection).await,
        ClientCommand::Watch(command) => watch::run(command).await,
        ClientCommand::Credential(command) => credential::run(&command),
    };
    done.map(|()| Outcome::Done)
}

/// The exit code of a denied check under `--exit-code`. Neither 1, which is an error, nor 2, which is
/// a command that was not understood: a script must not take "no answer" for "denied" or the reverse.
const DENIED: u8 = 3;

#[cfg(test)]
mod tests;
