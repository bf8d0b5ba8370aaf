//! The servers of a store on Redis, as they are named and as they are shown.

use std::ffi::OsStr;

use clap::{
    Arg, Command, Error,
    builder::{TypedValueParser, ValueParserFactory},
    error::ErrorKind,
    parser::ValueSource,
};
use lanyard_store::redis::{RedisServers, RedisTopology, RedisUrl};

use crate::text::without_byte_order_mark;

/// The servers as they were named.
#[derive(Clone, Debug)]
pub(super) struct ServersArg(pub(super) RedisUrl);

impl ValueParserFactory for ServersArg {
    type Parser = ServersParser;

    fn value_parser() -> Self::Parser {
        ServersParser
    }
}

/// Reads the URL of the servers, and repeats nothing of it: it may have a password in it.
#[derive(Clone)]
pub(super) struct ServersParser;

impl TypedValueParser for ServersParser {
    type Value = ServersArg;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<ServersArg, Error> {
        self.parse_ref_(command, argument, value, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<ServersArg, Error> {
        let refused = |reason: &str| {
            let message = format!("invalid value for '--redis <URL>': {reason}");
            Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        };
        let text = value.to_str().ok_or_else(|| refused("must be UTF-8"))?;
        // A variable is often the content of a file.
        let text = without_byte_order_mark(text).trim();
        let url: RedisUrl = text.parse().map_err(|error| refused(&format!("{error}")))?;
        if url.login.password.is_some() && source == ValueSource::CommandLine {
            return Err(refused(PASSWORD_IN_ARGUMENT));
        }
        Ok(ServersArg(url))
    }
}

/// Where the servers are, without a login.
pub(super) fn shown(servers: &RedisServers) -> String {
    let listed = |addresses: &[_]| {
        let all = addresses.iter().map(ToString::to_string);
        all.collect::<Vec<_>>().join(",")
    };
    let scheme = scheme(&servers.topology, servers.tls);
    let (addresses, path) = match &servers.topology {
        RedisTopology::Standalone { address, database } => (
            listed(std::slice::from_ref(address)),
            on_database(*database),
        ),
        RedisTopology::Sentinel {
            sentinels,
            name,
            database,
        } => (
            listed(sentinels),
            format!("/{name}{}", on_database(*database)),
        ),
        RedisTopology::Cluster { nodes } => (listed(nodes), String::new()),
    };
    format!("{scheme}://{addresses}{path}")
}

/// The database as a URL has it; the first goes without saying.
fn on_database(database: u16) -> String {
    match database {
        0 => String::new(),
        other => format!("/{other}"),
    }
}

pub(super) const fn scheme(topology: &RedisTopology, tls: bool) -> &'static str {
    match (topology, tls) {
        (RedisTopology::Standalone { .. }, false) => "redis",
        (RedisTopology::Standalone { .. }, true) => "rediss",
        (RedisTopology::Sentinel { .. }, false) => "redis-sentinel",
        (RedisTopology::Sentinel { .. }, true) => "rediss-sentinel",
        (RedisTopology::Cluster { .. }, false) => "redis-cluster",
        (RedisTopology::Cluster { .. }, true) => "rediss-cluster",
    }
}

const PASSWORD_IN_ARGUMENT: &str = "has a password in it, and arguments can be read by everybody \
     on this machine; put the password into a file and name it with --redis-password-file, or the \
     whole URL into the environment variable LANYARD_REDIS";
