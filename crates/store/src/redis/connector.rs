//! Making a connection, and finding out whether the server is fit for it.

use std::{fs, io, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ErrorKind,
    IntoConnectionInfo as _, RedisConnectionInfo, RedisError, TlsCertificates,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::time::timeout;

use super::{
    failure::{Failure, Unfit},
    options::{RedisAddress, RedisDurability, RedisLogin, RedisOptions, RedisTls},
};

/// How connections to the servers of one kind are made.
#[derive(Clone)]
pub(super) struct Connector {
    tls: Option<TlsCertificates>,
    login: RedisLogin,
    database: u16,
    response_timeout: Duration,
    replicas: u32,
    /// What is asked of a server that keeps data.
    durability: Option<RedisDurability>,
}

impl Connector {
    /// For the servers that keep the data.
    pub(super) fn for_data(options: &RedisOptions, database: u16) -> io::Result<Self> {
        Ok(Self {
            tls: certificates(options)?,
            login: options.login.clone(),
            database,
            response_timeout: options.response_timeout,
            replicas: options.replicas.unwrap_or(0),
            durability: Some(options.durability),
        })
    }

    /// For sentinels.
    pub(super) fn for_sentinels(options: &RedisOptions) -> io::Result<Self> {
        Ok(Self {
            tls: certificates(options)?,
            login: options.sentinel_login.clone(),
            database: 0,
            response_timeout: options.response_timeout,
            replicas: 0,
            durability: None,
        })
    }

    /// For how long an answer is waited for.
    pub(super) const fn response_timeout(&self) -> Duration {
        self.response_timeout
    }

    /// How many replicas must have a write before it is acknowledged.
    pub(super) const fn replicas(&self) -> u32 {
        self.replicas
    }

    /// Connects, and refuses a server that is not fit to keep a store.
    pub(super) async fn connect(
        &self,
        address: &RedisAddress,
    ) -> Result<MultiplexedConnection, Failure> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(self.response_timeout));
        let client = self
            .client(address)
            .map_err(|error| refused(address, &error))?;
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await.map_err(|error| failed(address, error))?;
        if self.durability == Some(RedisDurability::Always) {
            ensure_durable(&mut connection, address).await?;
        }
        Ok(connection)
    }

    /// Connects for messages.
    pub(super) async fn listen(&self, address: &RedisAddress) -> Result<PubSub, RedisError> {
        let client = self.client(address)?;
        let connecting = timeout(CONNECTION_TIMEOUT, client.get_async_pubsub());
        let late = |_| RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
        connecting.await.map_err(late)?
    }

    fn client(&self, address: &RedisAddress) -> Result<Client, RedisError> {
        let RedisAddress { host, port } = address.clone();
        let address = match self.tls {
            None => ConnectionAddr::Tcp(host, port),
            Some(_) => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
        };
        let mut settings = RedisConnectionInfo::default()
            .set_db(self.database.into())
            .set_skip_set_lib_name();
        if let Some(user) = &self.login.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.login.password {
            settings = settings.set_password(password.as_str());
        }
        let info = address.into_connection_info()?.set_redis_settings(settings);
        match &self.tls {
            None => Client::open(info),
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
        }
    }
}

fn certificates(options: &RedisOptions) -> io::Result<Option<TlsCertificates>> {
    if !options.servers.tls {
        return Ok(None);
    }
    let RedisTls {
        ca_file,
        client_files,
    } = &options.tls;
    let client_tls = match client_files {
        None => None,
        Some((certificate, key)) => Some(ClientTlsConfig {
            client_cert: fs::read(certificate)?,
            client_key: fs::read(key)?,
        }),
    };
    let root_cert = ca_file.as_ref().map(fs::read).transpose()?;
    Ok(Some(TlsCertificates {
        client_tls,
        root_cert,
    }))
}

/// What was acknowledged has to be on disk, and stay in memory.
async fn ensure_durable(
    connection: &mut MultiplexedConnection,
    address: &RedisAddress,
) -> Result<(), Failure> {
    for (setting, wanted) in [("appendonly", "yes"), ("appendfsync", "always")] {
        let value = configured(connection, address, setting).await?;
        if value != wanted {
            return Err(Failure::Unfit(Unfit::NotDurable {
                address: address.clone(),
                setting,
                value,
            }));
        }
    }
    let value = configured(connection, address, "maxmemory-policy").await?;
    let limit = configured(connection, address, "maxmemory").await?;
    if limit != "0" && value != "noeviction" {
        return Err(Failure::Unfit(Unfit::Evicts {
            address: address.clone(),
            value,
        }));
    }
    Ok(())
}

async fn configured(
    connection: &mut MultiplexedConnection,
    address: &RedisAddress,
    setting: &str,
) -> Result<String, Failure> {
    let silent = |reason: &str| {
        Failure::Unfit(Unfit::Silent {
            address: address.clone(),
            reason: reason.to_owned(),
        })
    };
    let mut command = Cmd::new();
    command.arg("CONFIG").arg("GET").arg(setting);
    let asked = command.query_async::<Vec<String>>(connection).await;
    let answer = asked.map_err(|error| match error.code() {
        Some(code) => silent(code),
        None => failed(address, error),
    })?;
    let value = answer.into_iter().nth(1);
    value.ok_or_else(|| silent("an empty answer"))
}

/// What is wrong with a connection: the network, or what the server says.
fn failed(address: &RedisAddress, error: RedisError) -> Failure {
    if error.kind() == ErrorKind::AuthenticationFailed {
        return refused(address, &error);
    }
    match error.code() {
        // A server that is just starting is there in a moment.
        Some("LOADING" | "MASTERDOWN") => Failure::Elsewhere(error.into()),
        Some(_) => refused(address, &error),
        None => Failure::Away(error.into()),
    }
}

fn refused(address: &RedisAddress, error: &RedisError) -> Failure {
    Failure::Unfit(Unfit::Login {
        address: address.clone(),
        reason: error.to_string(),
    })
}

/// How long a connection may take to be made.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);
