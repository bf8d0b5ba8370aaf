//! What the nodes of a Redis Cluster say of who owns which slots.

use std::collections::BTreeMap;

use redis::{Cmd, Value};

use super::{failure::Failure, node::Node, options::RedisAddress, slot::Slot};

/// Who owns which slots, as one node sees it: the first and the last of a range, and the primary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owners(Vec<(u16, u16, RedisAddress)>);

impl Owners {
    /// The primary of a slot.
    pub(super) fn of(&self, slot: Slot) -> Option<&RedisAddress> {
        let slot = slot.number();
        let found = self
            .0
            .iter()
            .find(|(first, last, _)| (*first..=*last).contains(&slot));
        found.map(|(_, _, address)| address)
    }

    /// Every primary, each as often as it owns a range.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &RedisAddress> {
        self.0.iter().map(|(_, _, address)| address)
    }
}

/// The primary of a slot that more than half of the primaries agree on, among those that one of the
/// nodes knows of. A former primary that is cut off sees itself as the owner, and finds nobody who
/// agrees.
pub(super) fn settled_owner(
    answers: &BTreeMap<RedisAddress, Owners>,
    slot: Slot,
) -> Option<RedisAddress> {
    answers.values().find_map(|seen| {
        let owner = seen.of(slot)?;
        let mut primaries: Vec<_> = seen.addresses().collect();
        primaries.sort();
        primaries.dedup();
        let agrees = |primary: &&&RedisAddress| {
            let answer = answers.get(**primary);
            answer.and_then(|answer| answer.of(slot)) == Some(owner)
        };
        let votes = primaries.iter().filter(agrees).count();
        (votes * 2 > primaries.len()).then(|| owner.clone())
    })
}

/// Asks a node who owns what.
pub(super) async fn owners_of(node: &Node) -> Result<Owners, Failure> {
    let answer = node.ask(Cmd::new().arg("CLUSTER").arg("SLOTS")).await?;
    let ranges: Vec<Vec<Value>> = redis::from_redis_value(answer).map_err(Failure::unexpected)?;
    let ranges = ranges
        .into_iter()
        .map(|range| range_of(range, &node.address));
    ranges.collect::<Result<_, _>>().map(Owners)
}

fn range_of(range: Vec<Value>, asked: &RedisAddress) -> Result<(u16, u16, RedisAddress), Failure> {
    let odd = || Failure::Corrupt("a range of slots cannot be read".into());
    let mut parts = range.into_iter();
    let mut next = || parts.next().ok_or_else(odd);
    let first = redis::from_redis_value(next()?).map_err(Failure::unexpected)?;
    let last = redis::from_redis_value(next()?).map_err(Failure::unexpected)?;
    let primary: Vec<Value> = redis::from_redis_value(next()?).map_err(Failure::unexpected)?;
    let mut primary = primary.into_iter();
    let host = primary.next().ok_or_else(odd)?;
    let port = primary.next().ok_or_else(odd)?;
    let host: Option<String> = redis::from_redis_value(host).map_err(Failure::unexpected)?;
    // A node that does not know its own address means the one that it was asked at.
    let host = host
        .filter(|host| !host.is_empty())
        .unwrap_or_else(|| asked.host.clone());
    let port = redis::from_redis_value(port).map_err(Failure::unexpected)?;
    Ok((first, last, RedisAddress { host, port }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> RedisAddress {
        let host = "node".to_owned();
        RedisAddress { host, port }
    }

    /// Three nodes with a third of the slots each; the last third belongs to the port that is given.
    fn seen(last: u16) -> Owners {
        Owners(vec![
            (0, 5460, address(1)),
            (5461, 10922, address(2)),
            (10923, 16383, address(last)),
        ])
    }

    fn slot_of(port: u16) -> Slot {
        let keys = (0..).map(|number| Slot::of(&format!("key-{number}")));
        let owners = seen(3);
        let mut keys = keys.filter(|slot| owners.of(*slot) == Some(&address(port)));
        keys.next().unwrap()
    }

    fn answers(of: &[(u16, u16)]) -> BTreeMap<RedisAddress, Owners> {
        of.iter()
            .map(|(port, last)| (address(*port), seen(*last)))
            .collect()
    }

    #[test]
    fn the_owner_of_a_slot_is_the_one_that_most_primaries_agree_on() {
        let all = answers(&[(1, 3), (2, 3), (3, 3)]);
        for port in 1..=3 {
            assert_eq!(settled_owner(&all, slot_of(port)), Some(address(port)));
        }
        let one_is_silent = answers(&[(1, 3), (2, 3)]);
        assert_eq!(settled_owner(&one_is_silent, slot_of(3)), Some(address(3)));
    }

    #[test]
    fn a_former_primary_that_is_cut_off_is_not_believed() {
        assert_eq!(settled_owner(&answers(&[(3, 3)]), slot_of(3)), None);
        let one_more = answers(&[(3, 3), (1, 4)]);
        assert_eq!(settled_owner(&one_more, slot_of(3)), None);
        let replaced = answers(&[(1, 4), (2, 4), (3, 3), (4, 4)]);
        assert_eq!(settled_owner(&replaced, slot_of(3)), Some(address(4)));
        assert_eq!(settled_owner(&BTreeMap::new(), slot_of(3)), None);
    }
}
