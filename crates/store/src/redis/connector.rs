//! Making a connection, and finding out whether the server is fit for it.

use std::{io, time::Duration};

use redis::{Pipeline, RedisConnectionInfo, RedisError, Value, aio::PubSub};
use tokio::time::timeout;

use super::{
    connection::{Connection, subscriber},
    failure::{Failure, Unfit, words_of},
    node::understood,
    options::{RedisAddress, RedisDurability, RedisLogin, RedisOptions, RedisPassword},
    tls::{RedisTlsError, Tls},
};

/// How connections to the servers of one kind are made.
#[derive(Clone)]
pub(super) struct Connector {
    tls: Option<Tls>,
    login: RedisLogin,
    database: u16,
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
            login: options.login.clone(),
            database,
            response_timeout: options.response_timeout,
            replicas: options.replicas.unwrap_or(0),
            durability: Some(options.durability),
        })
    }

    /// For sentinels.
    pub(super) fn for_sentinels(options: &RedisOptions) -> Result<Self, RedisTlsError> {
        Ok(Self {
            tls: Tls::new(options)?,
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
    pub(super) async fn connect(&self, address: &RedisAddress) -> Result<Connection, Failure> {
        let opening = Connection::open(address, self.tls.as_ref(), self.response_timeout);
        let opened = opening.await;
        let connection = opened.map_err(|error| Failure::of_connection(address, &error))?;
        let server = Server {
            address,
            connection: &connection,
        };
        server.log_in(&self.login, self.database).await?;
        if self.durability == Some(RedisDurability::Always) {
            server.ensure_durable().await?;
        }
        Ok(connection)
    }

    /// Connects for messages.
    pub(super) async fn listen(&self, address: &RedisAddress) -> Result<PubSub, RedisError> {
        let settings = settings(&self.login, self.database);
        let opening = subscriber(address, self.tls.as_ref(), &settings);
        let late = |_| RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
        timeout(self.response_timeout, opening)
            .await
            .map_err(late)?
    }
}

fn settings(login: &RedisLogin, database: u16) -> RedisConnectionInfo {
    let mut settings = RedisConnectionInfo::default()
        .set_db(database.into())
        .set_skip_set_lib_name();
    if let Some(user) = &login.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = password(login) {
        settings = settings.set_password(password);
    }
    settings
}

/// The password to log in with, if there is a login at all. A user may need none.
fn password(login: &RedisLogin) -> Option<&str> {
    let password = login.password.as_ref().map(RedisPassword::as_str);
    password.or(login.user.as_ref().map(|_| ""))
}

/// A server that was just connected to.
struct Server<'a> {
    address: &'a RedisAddress,
    connection: &'a Connection,
}

impl Server<'_> {
    /// Authenticates, and selects the database.
    async fn log_in(&self, login: &RedisLogin, database: u16) -> Result<(), Failure> {
        let mut pipeline = Pipeline::new();
        if let Some(password) = password(login) {
            let command = pipeline.cmd("AUTH");
            if let Some(user) = &login.user {
                command.arg(user);
            }
            command.arg(password);
        }
        if database > 0 {
            pipeline.cmd("SELECT").arg(database);
        }
        if pipeline.is_empty() {
            return Ok(());
        }
        let mut answers = self.send(&pipeline).await?.into_iter();
        let refused = answers.find_map(|answer| match answer {
            Value::ServerError(error) => Some(error),
            _ => None,
        });
        match refused {
            None => Ok(()),
            // The database is selected after the login, which is the first to fail.
            Some(error) => Err(Failure::of(self.address, &error)),
        }
    }

    /// Ensures that what is acknowledged is on disk, and stays in memory.
    async fn ensure_durable(&self) -> Result<(), Failure> {
        let mut pipeline = Pipeline::new();
        for setting in SETTINGS {
            pipeline.cmd("CONFIG").arg("GET").arg(setting);
        }
        let mut answers = self.send(&pipeline).await?.into_iter();
        let mut next = || self.setting(answers.next().unwrap_or(Value::Nil));
        for (setting, wanted) in [("appendonly", "yes"), ("appendfsync", "always")] {
            let value = next()?;
            if value != wanted {
                return Err(Failure::Unfit(Unfit::NotDurable {
                    address: self.address.clone(),
                    setting,
                    value,
                }));
            }
        }
        let (value, limit) = (next()?, next()?);
        if limit != "0" && value != "noeviction" {
            return Err(Failure::Unfit(Unfit::Evicts {
                address: self.address.clone(),
                value,
            }));
        }
        Ok(())
    }

    fn setting(&self, answer: Value) -> Result<String, Failure> {
        let silent = |reason: &str| {
            Failure::Unfit(Unfit::Silent {
                address: self.address.clone(),
                reason: reason.to_owned(),
            })
        };
        match answer {
            // The command is not allowed, or has another name. Any other error says nothing about it.
            Value::ServerError(error) if matches!(error.code(), "NOPERM" | "ERR") => {
                Err(silent(&words_of(&error)))
            }
            answer => {
                let answer = understood(self.address, answer)?;
                let answer: Vec<String> =
                    redis::from_redis_value(answer).map_err(Failure::unexpected)?;
                let value = answer.into_iter().nth(1);
                value.ok_or_else(|| silent("an empty answer"))
            }
        }
    }

    async fn send(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Failure> {
        let sent = self.connection.send(pipeline).await;
        sent.map_err(|failed| Failure::of_connection(self.address, &failed.error))
    }
}

/// The settings that are looked at.
const SETTINGS: [&str; 4] = ["appendonly", "appendfsync", "maxmemory-policy", "maxmemory"];
