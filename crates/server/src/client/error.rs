//! Why a command has no answer: one line that says what is wrong and what helps.

use std::io;

use lanyard_token::ClockError;
use thiserror::Error;

/// Why a client command failed. Its `Display` is the one line for standard error; no variant holds
/// a secret or a token.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// The credential file cannot be read.
    #[error(
        "cannot read the credential file `{file}` ({source}): start an authority here with `lanyard \
         serve`, or name a file with --credential or a data directory with --data"
    )]
    CredentialFile {
        /// The path.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// The credential file has none of the forms.
    #[error(
        "`{file}` is not a credential file ({fault}): name a bootstrap.json, or a file that was \
         written by --out"
    )]
    CredentialFileForm {
        /// The path.
        file: String,
        /// What is wrong, in words that quote nothing of it.
        fault: String,
    },
    /// The credential file has nothing for this command.
    #[error("`{file}` has no {wanted} credential: name a file that has one with --credential")]
    NoFittingCredential {
        /// The path.
        file: String,
        /// The roles that would have served.
        wanted: String,
    },
    /// The credential's secret is not one.
    #[error(
        "the secret of the credential `{id}` is not base64: name a credential file that was not \
         changed by hand with --credential"
    )]
    BadSecret {
        /// The credential's id.
        id: String,
    },
    /// The bearer cannot be signed.
    #[error("cannot sign a bearer ({source}): name another credential with --credential")]
    Bearer {
        /// Why not.
        source: jsonwebtoken::errors::Error,
    },
    /// The clock cannot be read.
    #[error("cannot read the clock ({0}): set this machine's time")]
    Clock(#[from] ClockError),
    /// The token cannot be read.
    #[error("cannot read a token from {from} ({source}): give the token, `-` or `@FILE`")]
    Token {
        /// Where it should have come from.
        from: String,
        /// Why not.
        source: io::Error,
    },
    /// The answer never has such a field. Nothing was called.
    #[error("the answer has no field `{path}`: choose one of {known} with --field")]
    NoField {
        /// The path that was asked for.
        path: String,
        /// The paths that there are.
        known: String,
    },
    /// The answer has no field that could be printed alone. Nothing was called.
    #[error("the answer of this command has no single fields for --field: use --json")]
    NoFields,
    /// No identity or resource has this id or name.
    #[error("no {kind} has the id or the {name} `{text}`: list them with `lanyard {kind} list`")]
    NotNamed {
        /// `identity` or `resource`.
        kind: &'static str,
        /// What it may be called by.
        name: &'static str,
        /// What was typed.
        text: String,
    },
    /// Nothing says where the authority is.
    #[error("`{file}` does not say where its authority is: name it with --endpoint")]
    NoEndpoint {
        /// The credential file.
        file: String,
    },
    /// The endpoint is no URL of an authority.
    #[error(
        "`{endpoint}` is not an endpoint: name one such as http://127.0.0.1:7400 with --endpoint"
    )]
    BadEndpoint {
        /// What was given.
        endpoint: String,
    },
    /// The file with whom to believe cannot be read.
    #[error("cannot read `{file}` ({source}): name a PEM file with --ca")]
    CaFile {
        /// The path.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// The file with whom to believe names nobody.
    #[error("`{file}` holds no certificate: name a PEM file that does with --ca")]
    CaForm {
        /// The path.
        file: String,
    },
    /// Nobody is believed at all.
    #[error(
        "this machine trusts no certificate authority, so nobody can vouch for {endpoint}: name one \
         with --ca"
    )]
    NoRoots {
        /// The endpoint.
        endpoint: String,
    },
    /// Whoever answers is not believed to be the authority, or does not speak TLS.
    #[error(
        "no TLS with {endpoint} ({why}): name the certificate authority to trust with --ca, or \
         another endpoint with --endpoint"
    )]
    Tls {
        /// The endpoint.
        endpoint: String,
        /// Why not.
        why: String,
    },
    /// Nobody listens at the endpoint.
    #[error(
        "no authority answers at {endpoint}: start one with `lanyard serve`, or name another with \
         --endpoint"
    )]
    Unreachable {
        /// The endpoint.
        endpoint: String,
    },
    /// This process may open no more connections.
    #[error(
        "this process may open no more connections: raise the limit of open files (`ulimit -n`), or \
         use fewer"
    )]
    TooManyFiles,
    /// The authority, or whatever is at the endpoint, refused.
    #[error("{0}")]
    Refused(String),
    /// The authority left something out that it must say.
    #[error("the authority's answer lacks `{0}`: use a `lanyard` of the authority's version")]
    Incomplete(&'static str),
    /// Neither the command nor the credential file says which subscription or resource is meant.
    #[error("`{file}` names no {what}: name it with {flag}")]
    Unnamed {
        /// The credential file.
        file: String,
        /// What is missing.
        what: &'static str,
        /// Where to say it.
        flag: &'static str,
    },
    /// The file for the new secret cannot be made. Nothing was asked of the authority.
    #[error("cannot make `{file}` ({source}): name a file that does not exist yet with --out")]
    OutFile {
        /// The path.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// The new secret was made, and could not be kept.
    #[error(
        "the key was made, but its secret could not be written to `{file}` ({source}): make another \
         key where there is room"
    )]
    SecretLost {
        /// The path.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// The handlers of signals cannot be installed.
    #[error("cannot install the handlers of signals ({0}): try again")]
    Signals(#[source] io::Error),
    /// The answer cannot be printed.
    #[error("cannot write to standard output ({0}): the command itself was carried out")]
    Output(#[from] io::Error),
}
