//! Responses of the identity and admin services, from the domain to the wire.

use lanyard_authority::{AccessKey, Error, IssuedToken, LogFaults, Paged, ServiceKey, ServiceRole};
use lanyard_policy::ScopeSet;
use lanyard_proto::v1;
use lanyard_store::{
    Appended, Identity, KeySlot, Resource, SigningKeyRecord, Subscription, UnreadableEntry,
};
use lanyard_token::{KeyState, PropagationBound, UnixTime};
use prost_types::Timestamp;
use tonic::{Response, Status};

use super::status::Fault;
use crate::serve::to_base64;

/// The response that is made of what was done, or why it was not.
pub(super) fn answered<T, M>(
    done: Result<T, Error>,
    response: impl FnOnce(T) -> M,
) -> Result<Response<M>, Status> {
    let done = done.map_err(Fault::from)?;
    Ok(Response::new(response(done)))
}

pub(super) fn identity(identity: Identity) -> v1::Identity {
    let Identity {
        id,
        custom_id,
        create_time,
        last_token_issue_time,
    } = identity;
    v1::Identity {
        id: id.to_string(),
        custom_id,
        create_time: Some(timestamp(create_time)),
        last_token_issue_time: last_token_issue_time.map(timestamp),
    }
}

pub(super) fn identities(page: Paged<Identity>) -> v1::ListIdentitiesResponse {
    let Paged {
        items,
        next_page_token,
    } = page;
    let identities = items.into_iter().map(identity).collect();
    v1::ListIdentitiesResponse {
        identities,
        next_page_token,
    }
}

pub(super) fn access_token(issued: IssuedToken) -> v1::AccessToken {
    let IssuedToken {
        token,
        token_id,
        expires_at,
        scopes,
    } = issued;
    v1::AccessToken {
        token,
        token_id: token_id.to_string(),
        expire_time: Some(timestamp(expires_at)),
        scopes: scope_names(scopes),
    }
}

pub(super) fn revocation(appended: Appended) -> v1::Revocation {
    let Appended {
        partition: _,
        entry,
    } = appended;
    let effective_by = entry
        .time
        .saturating_add(PropagationBound::MAX.as_duration());
    v1::Revocation {
        position: entry.position.to_string(),
        revoke_time: Some(timestamp(entry.time)),
        effective_by: Some(timestamp(effective_by)),
    }
}

pub(super) fn subscription(subscription: Subscription) -> v1::Subscription {
    let Subscription {
        id,
        display_name,
        create_time,
    } = subscription;
    let create_time = Some(timestamp(create_time));
    v1::Subscription {
        id: id.to_string(),
        display_name,
        create_time,
    }
}

pub(super) fn subscriptions(page: Paged<Subscription>) -> v1::ListSubscriptionsResponse {
    let Paged {
        items,
        next_page_token,
    } = page;
    let subscriptions = items.into_iter().map(subscription).collect();
    v1::ListSubscriptionsResponse {
        subscriptions,
        next_page_token,
    }
}

pub(super) fn resource(resource: Resource) -> v1::Resource {
    let Resource {
        id,
        subscription,
        name,
        create_time,
    } = resource;
    v1::Resource {
        id: id.to_string(),
        subscription_id: subscription.to_string(),
        name,
        create_time: Some(timestamp(create_time)),
    }
}

pub(super) fn resources(page: Paged<Resource>) -> v1::ListResourcesResponse {
    let Paged {
        items,
        next_page_token,
    } = page;
    let resources = items.into_iter().map(resource).collect();
    v1::ListResourcesResponse {
        resources,
        next_page_token,
    }
}

pub(super) fn access_key(key: AccessKey) -> v1::AccessKey {
    let AccessKey {
        id,
        slot,
        create_time,
        secret,
    } = key;
    let slot = match slot {
        KeySlot::Primary => v1::AccessKeySlot::Primary,
        KeySlot::Secondary => v1::AccessKeySlot::Secondary,
    };
    v1::AccessKey {
        id: id.to_string(),
        slot: slot.into(),
        create_time: Some(timestamp(create_time)),
        secret: to_base64(secret.as_ref()).to_string(),
    }
}

pub(super) fn service_key(key: ServiceKey) -> v1::ServiceKey {
    let ServiceKey {
        id,
        role,
        create_time,
        secret,
    } = key;
    let role = match role {
        ServiceRole::Operator => v1::ServiceKeyRole::Operator,
        ServiceRole::Enforcer => v1::ServiceKeyRole::Enforcer,
    };
    v1::ServiceKey {
        id: id.to_string(),
        role: role.into(),
        create_time: Some(timestamp(create_time)),
        secret: to_base64(secret.as_ref()).to_string(),
    }
}

pub(super) fn service_keys(page: Paged<ServiceKey>) -> v1::ListServiceKeysResponse {
    let Paged {
        items,
        next_page_token,
    } = page;
    let service_keys = items.into_iter().map(service_key).collect();
    v1::ListServiceKeysResponse {
        service_keys,
        next_page_token,
    }
}

pub(super) fn log_faults(faults: LogFaults) -> v1::ListUnreadableEntriesResponse {
    let LogFaults {
        unreadable,
        missing,
    } = faults;
    let lacking = missing.into_iter().map(|one| one.as_u16().into());
    v1::ListUnreadableEntriesResponse {
        entries: unreadable.into_iter().map(unreadable_entry).collect(),
        lacking_partitions: lacking.collect(),
    }
}

fn unreadable_entry(entry: UnreadableEntry) -> v1::UnreadableEntry {
    let UnreadableEntry {
        partition,
        place,
        reason,
    } = entry;
    v1::UnreadableEntry {
        partition: partition.as_u16().into(),
        place,
        reason,
    }
}

pub(super) fn signing_key(record: &SigningKeyRecord) -> v1::SigningKey {
    let SigningKeyRecord {
        id,
        state,
        create_time,
        public_key,
        algorithm,
        seed: _,
    } = record;
    let (name, since) = match *state {
        KeyState::Prepared { since } => (v1::SigningKeyState::Prepared, since),
        KeyState::Active { since } => (v1::SigningKeyState::Active, since),
        KeyState::Retired { since } => (v1::SigningKeyState::Retired, since),
        KeyState::Revoked { since } => (v1::SigningKeyState::Revoked, since),
    };
    v1::SigningKey {
        id: id.to_string(),
        state: name.into(),
        state_time: Some(timestamp(since)),
        create_time: Some(timestamp(*create_time)),
        public_key: public_key.to_vec(),
        alg: algorithm.to_string(),
    }
}

/// The names of scopes in the order of the tables.
pub(super) fn scope_names(scopes: ScopeSet) -> Vec<String> {
    scopes
        .iter()
        .map(|scope| scope.as_str().to_owned())
        .collect()
}

pub(super) fn timestamp(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let millis = i32::try_from(time.as_millis() % MILLIS_PER_SECOND).unwrap_or_default();
    Timestamp {
        seconds,
        nanos: millis * NANOS_PER_MILLI,
    }
}

const MILLIS_PER_SECOND: u64 = 1000;
const NANOS_PER_MILLI: i32 = 1_000_000;

#[cfg(test)]
mod tests {
    use lanyard_revocation::{Entry, Handle, PartitionId, Revocation};
    use lanyard_token::{Position, ResourceId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_time_goes_out_to_the_millisecond() {
        let told = timestamp(UnixTime::from_millis(1_700_000_000_123));
        assert_eq!((told.seconds, told.nanos), (1_700_000_000, 123_000_000));
    }

    #[test]
    fn a_revocation_is_in_force_everywhere_15_minutes_after_it_was_made() {
        let handle = Handle::resource(ResourceId::from_uuid(Uuid::nil()));
        let position = Position::new(7, 1);
        let revocation = Revocation {
            handle,
            position,
            is_final: true,
        };
        let entry = Entry {
            number: 1,
            position,
            time: UnixTime::from_secs(100),
            revocation,
        };
        let told = super::revocation(Appended {
            partition: PartitionId::new(0),
            entry,
        });
        assert_eq!(told.position, "7-1");
        assert_eq!(told.revoke_time.unwrap().seconds, 100);
        assert_eq!(told.effective_by.unwrap().seconds, 100 + 15 * 60);
    }
}
