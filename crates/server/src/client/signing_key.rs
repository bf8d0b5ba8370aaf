//! `lanyard signing-key`: the keys that sign access tokens.

use clap::Subcommand;
use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::{
    ActivateSigningKeyRequest, ListSigningKeysRequest, PrepareSigningKeyRequest,
    RetireSigningKeyRequest, RevokeSigningKeyRequest, RevokeSigningKeyResponse, SigningKey,
    SigningKeyState,
};
use tonic::transport::Channel;

use super::connection::ConnectionArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::names;
use super::output::Output;
use super::records;
use super::render::Record;
use super::session::{Session, required};

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum SigningKeyCommand {
    /// Make a key and publish it; it signs nothing until it is activated
    Prepare,
    /// Sign with a prepared key from now on, and retire the one before
    Activate {
        /// The key's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Withdraw a prepared key
    Retire {
        /// The key's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Declare a key compromised: every token that it ever signed is dead
    Revoke {
        /// The key's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// List the signing keys
    List,
}

impl SigningKeyCommand {
    /// The fields of its answer.
    fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::Prepare | Self::Activate { .. } | Self::Retire { .. } => SIGNING_KEY.to_vec(),
            Self::Revoke { .. } => [&SIGNING_KEY[..], &records::REVOCATION].concat(),
            Self::List => Vec::new(),
        }
    }
}

/// Runs one of them.
pub(super) async fn run(
    command: SigningKeyCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let output = Output::new(connection, &command.fields())?;
    let session = Session::open(connection, Purpose::Administer).await?;
    let client = AdminServiceClient::new(session.channel());
    let mut keys = SigningKeys { session, client };
    let answer = match command {
        SigningKeyCommand::Prepare => keys.prepare().await?,
        SigningKeyCommand::Activate { id } => keys.activate(id).await?,
        SigningKeyCommand::Retire { id } => keys.retire(id).await?,
        SigningKeyCommand::Revoke { id } => keys.revoke(id).await?,
        SigningKeyCommand::List => keys.list().await?,
    };
    output.show(&answer)
}

struct SigningKeys {
    session: Session,
    client: AdminServiceClient<Channel>,
}

impl SigningKeys {
    async fn prepare(&mut self) -> Result<Record, ClientError> {
        let request = PrepareSigningKeyRequest {};
        let response = self
            .session
            .call(request, |request| self.client.prepare_signing_key(request))
            .await?;
        changed(response.signing_key)
    }

    async fn activate(&mut self, key_id: String) -> Result<Record, ClientError> {
        let request = ActivateSigningKeyRequest { key_id };
        let response = self
            .session
            .call(request, |request| self.client.activate_signing_key(request))
            .await?;
        changed(response.signing_key)
    }

    async fn retire(&mut self, key_id: String) -> Result<Record, ClientError> {
        let request = RetireSigningKeyRequest { key_id };
        let response = self
            .session
            .call(request, |request| self.client.retire_signing_key(request))
            .await?;
        changed(response.signing_key)
    }

    async fn revoke(&mut self, key_id: String) -> Result<Record, ClientError> {
        let request = RevokeSigningKeyRequest { key_id };
        let response = self
            .session
            .call(request, |request| self.client.revoke_signing_key(request))
            .await?;
        let RevokeSigningKeyResponse {
            signing_key,
            revocation,
        } = response;
        let revocation = records::revocation(required(revocation, "revocation")?);
        Ok(changed(signing_key)?.record("revocation", revocation))
    }

    async fn list(&mut self) -> Result<Record, ClientError> {
        let request = ListSigningKeysRequest {};
        let response = self
            .session
            .call(request, |request| self.client.list_signing_keys(request))
            .await?;
        let keys = response.signing_keys.into_iter().map(shown).collect();
        Ok(Record::new().records("signing_keys", keys))
    }
}

fn changed(key: Option<SigningKey>) -> Result<Record, ClientError> {
    Ok(Record::new().record("signing_key", shown(required(key, "signing_key")?)))
}

fn shown(key: SigningKey) -> Record {
    let SigningKey {
        id,
        state,
        state_time,
        create_time,
        public_key,
        alg,
    } = key;
    Record::new()
        .text("id", id)
        .text("state", names::of::<SigningKeyState>(state))
        .time("state_time", state_time)
        .time("create_time", create_time)
        .text("alg", alg)
        .bytes("public_key", &public_key)
}

/// The fields of a signing key in an answer.
const SIGNING_KEY: [&str; 6] = [
    "signing_key.id",
    "signing_key.state",
    "signing_key.state_time",
    "signing_key.create_time",
    "signing_key.alg",
    "signing_key.public_key",
];
