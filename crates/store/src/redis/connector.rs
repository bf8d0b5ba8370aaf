//! Making a connection, and finding out whether the server is fit for it.

use std::{io, time::Duration};

use redis::{Cmd, ErrorKind, RedisConnectionInfo, RedisError, aio::PubSub};
use tokio::time::timeout;

use super::{
    connection::{Connection, subscriber},
    failure::{Failure, Unfit},
    options::{RedisAddress, RedisDurability, RedisLogin, RedisOptions},
    tls::{RedisTlsError, Tls},
};

/// How connections to the servers of one kind are made.
#[derive(Clone)]
pub(super) struct Connector {
    tls: Option<Tls>,
    settings: RedisConnectionInfo,
    response_timeout: Duration,
    replicas: u32,
    /// What is asked of a server that keeps data.
    durability: Option<RedisDurability>,
}

impl Connector {
    /// For the servers that keep the data.
    pub(super) fn for_data(options: &RedisOptions, database: u16) -> Result<Self, RedisTlsError> {
        Ok(Self {
            tls: Tls::new(options)?,
            settings: settings(&options.login, database),
            response_timeout: options.response_timeout,
            replicas: options.replicas.unwrap_or(0),
            durability: Some(options.durability),
        })
    }

    /// For sentinels.
    pub(super) fn for_sentinels(options: &RedisOptions) -> Result<Self, RedisTlsError> {
        Ok(Self {
            tls: Tls::new(options)?,
            settings: settings(&options.sentinel_login, 0),
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
    pub(super) async fn connect(&self, address: &RedisAddress) -> Result<Connection, Failure> {
        let (tls, response_timeout) = (self.tls.as_ref(), self.response_timeout);
        let opening = Connection::open(address, tls, &self.settings, response_timeout);
        let opened = timeout(CONNECTION_TIMEOUT, opening).await;
        let connection = opened
            .unwrap_or_else(|_| Err(timed_out()))
            .map_err(|error| failed(address, error))?;
        if self.durability == Some(RedisDurability::Always) {
            ensure_durable(&connection, address).await?;
        }
        Ok(connection)
    }

    /// Connects for messages.
    pub(super) async fn listen(&self, address: &RedisAddress) -> Result<PubSub, RedisError> {
        let opening = subscriber(address, self.tls.as_ref(), &self.settings);
        let opened = timeout(CONNECTION_TIMEOUT, opening).await;
        opened.unwrap_or_else(|_| Err(timed_out()))
    }
}

fn settings(login: &RedisLogin, database: u16) -> RedisConnectionInfo {
    let mut settings = RedisConnectionInfo::default()
        .set_db(database.into())
        .set_skip_set_lib_name();
    if let Some(user) = &login.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &login.password {
        settings = settings.set_password(password.as_str());
    }
    settings
}

fn timed_out() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

/// What was acknowledged has to be on disk, and stay in memory.
async fn ensure_durable(connection: &Connection, address: &RedisAddress) -> Result<(), Failure> {
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
    connection: &Connection,
    address: &RedisAddress,
    setting: &str,
) -> Result<String, Failure> {
    let silent = |reason: &str| {
        Failure::Unfit(Unfit::Silent {
            address: address.clone(),
            reason: reason.to_owned(),
        })
    };
    let (mut command, mut commands) = (Cmd::new(), connection.commands.clone());
    command.arg("CONFIG").arg("GET").arg(setting);
    let asked = command.query_async::<Vec<String>>(&mut commands).await;
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
