//! Three primaries that share the slots.

use crate::node::{Node, Recipe};
use crate::{port, wait};

/// The primaries, and with them the shares of the slots.
const SHARES: usize = 3;

/// The number of slots that any cluster has.
const SLOTS: usize = 16_384;

/// Three primaries that share the slots, each with replicas if they are asked for. These take the place
/// of a primary that has been silent: for half a minute, so that none does by chance, or for two seconds
/// where one is to.
///
/// Nodes are told apart by a number, which they keep whatever their role. The primaries begin as 0, 1 and
/// 2; 3, 4 and 5 are replicas of these, in this order, and so on.
pub struct Cluster {
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts three primaries without replicas, and waits until all slots are served.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(0, &[])
    }

    /// Starts three primaries with so many replicas each and further lines of configuration, and
    /// waits until all slots are served and the replicas have the data.
    #[must_use]
    pub fn start_with(replicas: usize, lines: &[&str]) -> Self {
        let settings = SETTINGS.iter().chain(lines);
        let lines: Vec<_> = settings.map(|line| (*line).to_owned()).collect();
        let count = SHARES * (1 + replicas);
        let nodes = (0..count).map(|_| node(&lines)).collect();
        let cluster = Self { nodes };
        cluster.share_slots();
        cluster.meet();
        cluster.replicate();
        cluster.await_settled();
        cluster
    }

    /// Starts three primaries with so many replicas each, which take the place of a primary once it has
    /// been silent for two seconds.
    #[must_use]
    pub fn failing_over(replicas: usize) -> Self {
        Self::start_with(replicas, &["cluster-node-timeout 2000"])
    }

    /// Where it is: all of its nodes.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(Node::address).collect();
        format!("redis-cluster://{}", addresses.join(","))
    }

    /// One of the nodes.
    #[must_use]
    pub fn node(&self, number: usize) -> &Node {
        self.nodes.get(number).expect("a node")
    }

    /// All of the nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Which node serves this key. Waits until exactly one does.
    #[must_use]
    pub fn owner(&self, key: &str) -> usize {
        let serves = |node: &&Node| node.ask::<u64>(&["EXISTS", key]).is_ok();
        wait::until("one node serves the key", || {
            let serving: Vec<_> = self.nodes.iter().filter(serves).map(Node::port).collect();
            let &[port] = serving.as_slice() else {
                return None;
            };
            self.nodes.iter().position(|node| node.port() == port)
        })
    }

    /// Makes a replica change roles with its primary, which must run, and waits until all is settled.
    pub fn promote(&self, replica: usize) {
        let done = self.node(replica).ask::<()>(&["CLUSTER", "FAILOVER"]);
        done.expect("a replica that can be promoted");
        let role = || self.node(replica).info("role");
        wait::until_true("the replica is promoted", || {
            role().as_deref() == Some("master")
        });
        self.await_settled();
    }

    /// Waits until a replica has taken the place of a primary that was killed or paused and all other
    /// nodes find all slots served, and says which.
    #[expect(
        clippy::must_use_candidate,
        reason = "that it came is often all that is asked"
    )]
    pub fn await_failover(&self, old: usize) -> usize {
        let shares = |number: &usize| number % SHARES == old % SHARES;
        let promoted = |number: &usize| {
            let role = self.node(*number).info("role");
            role.as_deref() == Some("master")
        };
        wait::until("a replica has been promoted", || {
            let mut others = (0..self.nodes.len()).filter(|number| *number != old);
            let new = others.clone().filter(shares).find(promoted)?;
            let all_served = others.all(|number| serves_all(self.node(number)));
            all_served.then_some(new)
        })
    }

    /// Waits until all nodes run and know each other, all slots are served, and the replicas have
    /// the data.
    pub fn await_settled(&self) {
        wait::until_true("the nodes of the cluster agree", || {
            self.nodes.iter().all(|node| self.is_settled(node))
        });
    }

    /// Each share is a range of slots, and a configuration of its own from the beginning, so that
    /// nobody has to sort out whose is the newer one.
    fn share_slots(&self) {
        for (number, node) in self.nodes.iter().take(SHARES).enumerate() {
            let first = (number * SLOTS / SHARES).to_string();
            let last = ((number + 1) * SLOTS / SHARES - 1).to_string();
            let epoch = (number + 1).to_string();
            told(node, &["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            told(node, &["CLUSTER", "SET-CONFIG-EPOCH", &epoch]);
        }
    }

    /// Introduces everybody to everybody, and waits until all know all.
    fn meet(&self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let port = node.port().to_string();
            let setting = node.ask::<(String, String)>(&["CONFIG", "GET", "cluster-port"]);
            let (_, bus) = setting.expect("a port for the nodes among themselves");
            for other in self.nodes.iter().take(number) {
                told(other, &["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
            }
        }
        wait::until_true("the nodes of the cluster know each other", || {
            self.nodes.iter().all(|node| self.knows_all(node))
        });
    }

    fn replicate(&self) {
        for (number, replica) in self.nodes.iter().enumerate().skip(SHARES) {
            let id = self
                .node(number % SHARES)
                .ask::<String>(&["CLUSTER", "MYID"]);
            told(replica, &["CLUSTER", "REPLICATE", &id.expect("an id")]);
        }
    }

    fn is_settled(&self, node: &Node) -> bool {
        let is_replica = node.info("role").as_deref() == Some("slave");
        let has_data = !is_replica || node.info("master_link_status").as_deref() == Some("up");
        let replicas = self.nodes.len() - SHARES;
        let knows = known_nodes(node).matches("slave").count() == replicas;
        has_data && knows && self.knows_all(node) && serves_all(node)
    }

    fn knows_all(&self, node: &Node) -> bool {
        let known = known_nodes(node);
        let troubled = ["handshake", "noaddr", "fail", "disconnected"];
        let is_well = |line: &&str| !troubled.iter().any(|trouble| line.contains(trouble));
        known.lines().filter(is_well).count() == self.nodes.len()
            && known.lines().count() == self.nodes.len()
    }
}

/// A node is taken to be gone that has been silent for far longer than any is on a loaded machine.
/// Replicas stay with their primary and take its place however long they have not heard of it.
const SETTINGS: [&str; 6] = [
    "cluster-enabled yes",
    "cluster-config-file nodes.conf",
    "cluster-announce-ip 127.0.0.1",
    "cluster-node-timeout 30000",
    "cluster-allow-replica-migration no",
    "cluster-replica-validity-factor 0",
];

fn node(lines: &[String]) -> Node {
    let recipe = Recipe {
        sentinel: false,
        listen: &|port| format!("port {port}\ncluster-port {}", port::free()),
        lines,
        environment: &[],
    };
    Node::start(Node::new_home(), &recipe)
}

fn told(node: &Node, words: &[&str]) {
    node.ask::<()>(words)
        .expect("a node that does as it is told");
}

fn known_nodes(node: &Node) -> String {
    node.ask(&["CLUSTER", "NODES"]).unwrap_or_default()
}

fn serves_all(node: &Node) -> bool {
    let info = node.ask::<String>(&["CLUSTER", "INFO"]).unwrap_or_default();
    info.contains("cluster_state:ok") && info.contains(&format!("cluster_slots_assigned:{SLOTS}"))
}
