//! What is kept under which key.
//!
//! All keys of a partition carry its hash tag, so that they share a slot of a Redis Cluster and a step
//! can change several of them at once. What belongs to no resource has a tag of its own.

use lanyard_revocation::PartitionId;
use lanyard_token::{ResourceId, SubscriptionId};
use uuid::Uuid;

use super::slot::Slot;

/// The names of one store's keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    namespace: String,
}

/// The keys of one partition.
#[derive(Clone, Debug)]
pub(super) struct PartitionKeys {
    tag: String,
}

/// The keys of one resource, all in its partition.
#[derive(Clone, Debug)]
pub(super) struct ResourceKeys {
    /// Its record, its two access keys and their records.
    pub(super) resource: String,
    /// The records of its identities, by their ids.
    pub(super) identities: String,
    /// The ids of its identities in their order.
    pub(super) order: String,
    /// Its identities' ids by their custom ids.
    pub(super) custom_ids: String,
    /// When its identities were last issued a token.
    pub(super) issue_times: String,
}

/// The keys of what belongs to no resource.
#[derive(Clone, Debug)]
pub(super) struct RootKeys {
    tag: String,
}

impl Keys {
    pub(super) fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
        }
    }

    /// The channel on which writers tell that a log has grown. A cluster has one for all of its nodes.
    pub(super) fn channel(&self) -> String {
        format!("{}:grown", self.namespace)
    }

    pub(super) fn partition(&self, partition: PartitionId) -> PartitionKeys {
        PartitionKeys {
            tag: format!("{{{}.{partition}}}", self.namespace),
        }
    }

    pub(super) fn root(&self) -> RootKeys {
        RootKeys {
            tag: format!("{{{}.root}}", self.namespace),
        }
    }
}

impl PartitionKeys {
    pub(super) fn slot(&self) -> Slot {
        Slot::of(&self.tag)
    }

    /// The keys that every step in a partition takes: meta, log, dead.
    pub(super) fn common(&self) -> [String; 3] {
        [
            format!("{}:meta", self.tag),
            self.log(),
            format!("{}:dead", self.tag),
        ]
    }

    pub(super) fn log(&self) -> String {
        format!("{}:log", self.tag)
    }

    pub(super) fn dead(&self) -> String {
        format!("{}:dead", self.tag)
    }

    /// Which resource an access key belongs to, for the access keys whose own ids fall into this
    /// partition.
    pub(super) fn access_keys(&self) -> String {
        format!("{}:access_keys", self.tag)
    }

    /// What the keys of all resources begin with.
    pub(super) fn resource_prefix(&self) -> String {
        format!("{}:resource:", self.tag)
    }

    pub(super) fn resource(&self, id: ResourceId) -> ResourceKeys {
        let tag = &self.tag;
        let id = text(id.as_uuid());
        ResourceKeys {
            resource: format!("{}{id}", self.resource_prefix()),
            identities: format!("{tag}:identities:{id}"),
            order: format!("{tag}:order:{id}"),
            custom_ids: format!("{tag}:custom_ids:{id}"),
            issue_times: format!("{tag}:issue_times:{id}"),
        }
    }
}

impl ResourceKeys {
    /// All of them, in the order in which steps take them.
    pub(super) fn all(&self) -> [&str; 5] {
        [
            &self.resource,
            &self.identities,
            &self.order,
            &self.custom_ids,
            &self.issue_times,
        ]
    }
}

impl RootKeys {
    pub(super) fn slot(&self) -> Slot {
        Slot::of(&self.tag)
    }

    pub(super) fn meta(&self) -> String {
        self.named("meta")
    }

    pub(super) fn subscriptions(&self) -> String {
        self.named("subscriptions")
    }

    pub(super) fn subscription_order(&self) -> String {
        self.named("subscription_order")
    }

    /// Subscriptions that are being deleted with what is beneath them.
    pub(super) fn closing(&self) -> String {
        self.named("closing")
    }

    /// The ids of resources by their names.
    pub(super) fn names(&self) -> String {
        self.named("names")
    }

    pub(super) fn resources_of(&self, subscription: SubscriptionId) -> String {
        format!("{}:resources:{}", self.tag, text(subscription.as_uuid()))
    }

    pub(super) fn service_keys(&self) -> String {
        self.named("service_keys")
    }

    pub(super) fn service_key_order(&self) -> String {
        self.named("service_key_order")
    }

    pub(super) fn operators(&self) -> String {
        self.named("operators")
    }

    /// Whose turn it is to make the first start.
    pub(super) fn first_turn(&self) -> String {
        self.named("first_turn")
    }

    pub(super) fn signing_keys(&self) -> String {
        self.named("signing_keys")
    }

    fn named(&self, name: &str) -> String {
        format!("{}:{name}", self.tag)
    }
}

/// An id as it is written in keys and members: 32 digits, which sort as the ids do.
pub(super) fn text(id: Uuid) -> String {
    id.simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_partition_share_a_slot() {
        let keys = Keys::new("lanyard");
        let partition = keys.partition(PartitionId::new(3));
        let resource = partition.resource(ResourceId::from_uuid(Uuid::from_u128(7)));
        let own = [partition.access_keys(), partition.resource_prefix()];
        let all = partition.common().into_iter().chain(own);
        for key in all.chain(resource.all().map(str::to_owned)) {
            assert_eq!(Slot::of(&key), partition.slot(), "{key}");
        }
        assert_ne!(partition.slot(), keys.root().slot());
    }

    #[test]
    fn ids_sort_as_text_as_they_do_as_numbers() {
        assert!(text(Uuid::from_u128(9)) < text(Uuid::from_u128(10)));
        assert!(text(Uuid::from_u128(10)) < text(Uuid::from_u128(u128::MAX)));
    }
}
