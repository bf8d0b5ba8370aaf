//! A primary and its replicas, watched by three sentinels.

use std::collections::HashMap;

use crate::node::{Node, Recipe};
use crate::wait;

/// What the sentinels call the primary.
const NAME: &str = "mymaster";

/// The sentinels, of which two are a majority.
const SENTINELS: usize = 3;

/// How often the sentinels look, in milliseconds. With the pace that they are made for, a node that
/// comes back is noticed after ten seconds and more, and a machine that is busy for two makes them trust
/// nothing for thirty.
const PACE: [(&str, &str); 6] = [
    ("info-period", "500"),
    ("ping-period", "200"),
    ("ask-period", "200"),
    ("publish-period", "500"),
    ("min-link-reconnect-period", "500"),
    ("tilt-trigger", "60000"),
];

/// After how many milliseconds of silence a primary is taken to be gone by sentinels that are to promote
/// nobody. Far more than any node is silent for on a loaded machine.
const PATIENT: u32 = 60_000;

/// The same for those that are.
const IMPATIENT: u32 = 1000;

/// A primary and its replicas, watched by three sentinels. They promote a replica when the primary has
/// been silent: for a minute, so that none is promoted by chance, or for a second where it is to be.
///
/// Nodes are told apart by a number, which they keep whatever their role. The primary begins as 0.
pub struct Replicated {
    // The sentinels go first, so that they do not mend what is being taken apart.
    sentinels: Vec<Node>,
    nodes: Vec<Node>,
}

impl Replicated {
    /// Starts a primary with so many replicas, and waits until all is settled. It stays the primary.
    #[must_use]
    pub fn start(replicas: usize) -> Self {
        Self::start_with(replicas, &[])
    }

    /// The same, with a primary that is replaced once it has been silent for a second.
    #[must_use]
    pub fn failing_over(replicas: usize) -> Self {
        Self::watched(replicas, &[], IMPATIENT)
    }

    /// The same as [`Self::start`], with further lines of configuration for each of the nodes.
    #[must_use]
    pub fn start_with(replicas: usize, lines: &[&str]) -> Self {
        Self::watched(replicas, lines, PATIENT)
    }

    /// Where a client asks for the primary: the sentinels, and what they call it.
    #[must_use]
    pub fn sentinel_url(&self) -> String {
        let addresses: Vec<_> = self.sentinels.iter().map(Node::address).collect();
        format!("redis-sentinel://{}/{NAME}", addresses.join(","))
    }

    /// One of the nodes that have the data.
    #[must_use]
    pub fn node(&self, number: usize) -> &Node {
        self.nodes.get(number).expect("a node")
    }

    /// All of the nodes that have the data.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All of the sentinels. One that is restarted looks at the slow pace that sentinels have by default.
    #[must_use]
    pub fn sentinels(&self) -> &[Node] {
        &self.sentinels
    }

    /// Which node a majority of the sentinels names. Waits until there is one.
    #[must_use]
    pub fn primary(&self) -> usize {
        wait::until("the sentinels agree on a primary", || self.named())
    }

    /// Kills the primary, and says which node that was.
    #[must_use = "its failover is awaited by its number"]
    pub fn kill_primary(&self) -> usize {
        let primary = self.primary();
        self.node(primary).kill();
        primary
    }

    /// Starts a node again on its data, and waits until it answers. A former primary takes itself for
    /// the primary at first, until the sentinels tell it otherwise: [`Self::await_settled`].
    pub fn restart_node(&self, number: usize) {
        self.node(number).restart();
    }

    /// Waits until the sentinels name another primary than this one and it knows that it is, and says
    /// which.
    #[expect(
        clippy::must_use_candidate,
        reason = "that it came is often all that is asked"
    )]
    pub fn await_failover(&self, old: usize) -> usize {
        wait::until("the sentinels have promoted a replica", || {
            let named = self.named().filter(|named| *named != old)?;
            is(self.node(named), "master").then_some(named)
        })
    }

    /// Waits until all nodes run, the replicas follow the primary and have its data, and every
    /// sentinel knows all of that. Only then is the next failover sure to find a replica.
    pub fn await_settled(&self) {
        wait::until_true("the sentinels know every node, and each other", || {
            let Some(primary) = self.named() else {
                return false;
            };
            let knows = |sentinel| knows(sentinel, self.node(primary), self.nodes.len() - 1);
            follow(&self.nodes, primary) && self.sentinels.iter().all(knows)
        });
    }

    fn watched(replicas: usize, lines: &[&str], patience: u32) -> Self {
        let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        let primary = node(false, &lines);
        let port = primary.port();
        lines.push(format!("replicaof 127.0.0.1 {port}"));
        let mut nodes = vec![primary];
        nodes.extend((0..replicas).map(|_| node(false, &lines)));
        // A sentinel learns of the replicas from the primary, which must know them by then.
        wait::until_true("the replicas follow", || follow(&nodes, 0));
        let sentinels = (0..SENTINELS).map(|_| sentinel(port, patience));
        let sentinels = sentinels.collect();
        let all = Self { sentinels, nodes };
        all.await_settled();
        all
    }

    fn named(&self) -> Option<usize> {
        let names: Vec<_> = self.sentinels.iter().filter_map(named_by).collect();
        let votes = |node: &Node| names.iter().filter(|port| **port == node.port()).count();
        self.nodes
            .iter()
            .position(|node| 2 * votes(node) > SENTINELS)
    }
}

fn node(sentinel: bool, lines: &[String]) -> Node {
    let recipe = Recipe {
        sentinel,
        listen: &|port| format!("port {port}"),
        lines,
        environment: &[],
    };
    Node::start(Node::new_home(), &recipe)
}

fn sentinel(primary: u16, patience: u32) -> Node {
    let majority = SENTINELS / 2 + 1;
    let lines = [
        format!("sentinel monitor {NAME} 127.0.0.1 {primary} {majority}"),
        format!("sentinel down-after-milliseconds {NAME} {patience}"),
        format!("sentinel failover-timeout {NAME} 3000"),
        format!("sentinel parallel-syncs {NAME} 8"),
    ];
    let sentinel = node(true, &lines);
    for (setting, value) in PACE {
        let done = sentinel.ask::<()>(&["SENTINEL", "DEBUG", setting, value]);
        done.expect("a sentinel that can be hurried");
    }
    sentinel
}

/// Whether all nodes but this one are its replicas, and up to date.
fn follow(nodes: &[Node], primary: usize) -> bool {
    let Some(leader) = nodes.get(primary) else {
        return false;
    };
    let follows = |node: &Node| {
        is(node, "slave")
            && node.info("master_link_status").as_deref() == Some("up")
            && node.info("master_port") == Some(leader.port().to_string())
    };
    let mut others = nodes.iter().enumerate().filter(|(at, _)| *at != primary);
    is(leader, "master") && others.all(|(_, node)| follows(node)) && {
        let told = leader.ask::<String>(&["INFO", "replication"]);
        told.is_ok_and(|told| told.matches("state=online").count() == nodes.len() - 1)
    }
}

fn is(node: &Node, role: &str) -> bool {
    node.info("role").as_deref() == Some(role)
}

fn named_by(sentinel: &Node) -> Option<u16> {
    let named = sentinel.ask::<(String, u16)>(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]);
    named.ok().map(|(_, port)| port)
}

/// Whether a sentinel takes this node for the primary, and knows of so many replicas and of the other
/// sentinels, and misses none of them.
fn knows(sentinel: &Node, primary: &Node, replicas: usize) -> bool {
    named_by(sentinel) == Some(primary.port())
        && finds_well(sentinel, &["MASTERS"], "master") == Some(1)
        && finds_well(sentinel, &["REPLICAS", NAME], "slave") == Some(replicas)
        && finds_well(sentinel, &["SENTINELS", NAME], "sentinel") == Some(SENTINELS - 1)
}

/// How many of these a sentinel knows, if it has nothing to say against any of them.
fn finds_well(sentinel: &Node, of: &[&str], kind: &str) -> Option<usize> {
    // The second is what another sentinel once said of the primary. Valkey 9 remembers it for longer
    // than it holds, and it is nothing against the one that said it.
    let harmless = [kind, "master_down"];
    let words = [&["SENTINEL"], of].concat();
    let known: Vec<HashMap<String, String>> = sentinel.ask(&words).ok()?;
    let is_well = |one: &HashMap<String, String>| {
        let flags = one.get("flags").map_or("", String::as_str);
        flags.split(',').all(|flag| harmless.contains(&flag))
    };
    known.iter().all(is_well).then_some(known.len())
}
