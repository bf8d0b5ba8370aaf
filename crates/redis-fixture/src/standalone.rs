//! One server.

use std::ops::Deref;

use crate::node::{Node, Recipe};

/// One server. It can do everything that a [`Node`] can.
pub struct Standalone {
    node: Node,
}

impl Standalone {
    /// Starts a server that keeps what it acknowledges and asks nobody for a password.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A server that is different from that.
    pub fn builder() -> StandaloneBuilder {
        StandaloneBuilder::default()
    }

    /// Where it is, for somebody who need not log in.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.node.address())
    }

    /// Where it is, for somebody who logs in. A name or a password must need no escaping.
    #[must_use]
    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@{}", self.node.address())
    }
}

impl Deref for Standalone {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

/// What a server is to be.
#[derive(Default)]
#[must_use]
pub struct StandaloneBuilder {
    lines: Vec<String>,
}

impl StandaloneBuilder {
    /// Adds a line of configuration, which overrules any before it: `appendfsync everysec`,
    /// `requirepass secret`, `user alice on >secret ~* +@all`, `maxmemory 10mb`. An `aclfile` is refused
    /// by the engine, since the fixture has a user of its own among the lines.
    pub fn config(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// Starts the server and waits until it answers.
    #[must_use]
    pub fn start(self) -> Standalone {
        let recipe = Recipe {
            sentinel: false,
            listen: &|port| format!("port {port}"),
            lines: &self.lines,
        };
        let node = Node::start(Node::new_home(), &recipe);
        Standalone { node }
    }
}
