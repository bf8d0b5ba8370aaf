//! The follower against a server that is played by the test.

use lanyard_revocation::{Digest, Handle, HandleKind, LogId, PartitionId, Revocation};
use lanyard_token::Position;
use uuid::Uuid;

use super::*;

const PACE: Pace = Pace {
    ping_every: Duration::from_secs(2),
    silence: Duration::from_secs(8),
    stale_after: Duration::from_secs(4),
};

/// A point, and what it was asked last.
struct Point {
    follower: Follower,
    known: Known,
    status: Arc<FeedStatus>,
}

impl Point {
    fn new() -> Self {
        let (known, status) = (Known::nothing(), Arc::<FeedStatus>::default());
        let follower = Follower::new(known.clone(), PACE, Arc::clone(&status));
        Self {
            follower,
            known,
            status,
        }
    }

    /// One that has heard all of this in a snapshot and was connected at second 100.
    fn in_step(entries: &[u64]) -> Self {
        let mut point = Self::new();
        point.follower.connect(at(100));
        point.hear_snapshot(entries);
        point
    }

    fn hear_snapshot(&mut self, entries: &[u64]) {
        let end = entries.last().copied().unwrap_or_default();
        self.take("", started(false)).unwrap();
        let revoked = entries.iter().map(|number| revoked(*number)).collect();
        self.take(&cursor(end), snapshot(revoked, true)).unwrap();
        self.take(&cursor(end), keys()).unwrap();
    }

    fn take(&mut self, cursor: &str, message: Message) -> Result<(), Break> {
        self.take_at(100, cursor, message)
    }

    fn take_at(&mut self, second: u64, cursor: &str, message: Message) -> Result<(), Break> {
        let message = WatchResponse {
            cursor: cursor.to_owned(),
            message: Some(message),
        };
        self.follower.receive(&message, at(second))
    }

    fn knows(&self, number: u64) -> bool {
        let partition = PartitionId::new(0);
        let all = self.known.view().unwrap().revocations(partition).unwrap();
        all.iter().any(|(one, _)| one.handle.id == id(number))
    }

    fn age(&self, second: u64) -> Option<u64> {
        let age = self.known.view()?.age(at(second))?;
        Some(age.as_secs())
    }
}

fn at(second: u64) -> BootTime {
    BootTime::from_duration(Duration::from_secs(second))
}

fn id(number: u64) -> Uuid {
    Uuid::from_u128(number.into())
}

fn cursor(number: u64) -> String {
    let place = Cursor {
        log: LogId::from_uuid(Uuid::from_u128(9)),
        position: Position::new(number, 0),
        number,
    };
    place.to_string()
}

fn started(resumed: bool) -> Message {
    Message::Started(v1::WatchStarted {
        partitions: 1,
        resumed,
    })
}

fn revoked(number: u64) -> v1::RevokedHandle {
    v1::RevokedHandle {
        handle_kind: v1::HandleKind::Token.into(),
        handle_id: id(number).as_bytes().to_vec(),
        revoked_before: Position::new(number, 0).to_string(),
        r#final: false,
        time: Some(prost_types::Timestamp {
            seconds: 1_000_000,
            nanos: 0,
        }),
    }
}

fn snapshot(revoked: Vec<v1::RevokedHandle>, last: bool) -> Message {
    Message::Snapshot(v1::SnapshotBatch {
        partition: 0,
        revoked,
        last,
        floor: String::new(),
    })
}

fn revocations(numbers: &[u64]) -> Message {
    let entries = numbers.iter().map(|number| v1::RevocationEntry {
        number: *number,
        position: Position::new(*number, 0).to_string(),
        revoked: Some(revoked(*number)),
    });
    Message::Revocations(v1::RevocationBatch {
        partition: 0,
        entries: entries.collect(),
    })
}

fn keys() -> Message {
    Message::KeySet(v1::KeySet::default())
}

fn heartbeat(nonce: u64, age_seconds: i64, list: Option<v1::ListDigest>) -> Message {
    let age = Some(prost_types::Duration {
        seconds: age_seconds,
        nanos: 0,
    });
    Message::Heartbeat(v1::Heartbeat {
        nonce,
        age,
        list,
        younger_partitions: Vec::new(),
    })
}

/// The digest of a list of these.
fn digest(numbers: &[u64], cutoff_seconds: i64) -> v1::ListDigest {
    let view = View::new(NonZeroU16::MIN);
    let mut list = List::new();
    for number in numbers {
        let handle = Handle {
            kind: HandleKind::Token,
            id: id(*number),
        };
        let revocation = Revocation {
            handle,
            position: Position::new(*number, 0),
            is_final: false,
        };
        list.insert(revocation, UnixTime::from_secs(u64::MAX));
    }
    let first = PartitionId::new(0);
    view.merge_snapshot(first, &list, Position::ZERO).unwrap();
    let made = view.fingerprint().unwrap();
    v1::ListDigest {
        live_entries: made.live_entries,
        digest: Digest::to_bytes(made.digest).to_vec(),
        cutoff: Some(prost_types::Timestamp {
            seconds: cutoff_seconds,
            nanos: 0,
        }),
    }
}

#[test]
fn the_list_is_as_old_as_the_authority_s_was_when_the_ping_was_sent() {
    let mut point = Point::in_step(&[1, 2]);
    assert_eq!(point.age(100), None);
    point
        .take_at(103, &cursor(2), heartbeat(1, 7, None))
        .unwrap();
    assert_eq!(point.age(103), Some(10));
    assert_eq!(point.age(200), Some(107));
}

#[test]
fn an_answer_to_no_ping_or_to_one_of_another_connection_proves_nothing() {
    let mut point = Point::in_step(&[1]);
    let unasked = point.take(&cursor(1), heartbeat(9, 0, None));
    assert_eq!(unasked, Err(Break::Unexpected));
    point.follower.connect(at(200));
    point.take_at(200, &cursor(1), started(true)).unwrap();
    point.take_at(200, &cursor(1), keys()).unwrap();
    let old = point.take_at(200, &cursor(1), heartbeat(1, 0, None));
    assert_eq!((old, point.age(200)), (Err(Break::Unexpected), None));
}

#[test]
fn an_authority_that_never_read_its_list_makes_no_list_fresh() {
    let mut point = Point::in_step(&[]);
    let heartbeat = v1::Heartbeat {
        nonce: 1,
        age: None,
        list: None,
        younger_partitions: Vec::new(),
    };
    let heartbeat = Message::Heartbeat(heartbeat);
    point.take(&cursor(0), heartbeat).unwrap();
    assert_eq!(point.age(100), None);
    assert!(!point.status.is_connected());
}

/// A point that follows a store of two partitions, connected at second 100.
fn point_of_two_partitions() -> Point {
    let mut point = Point::new();
    point.follower.connect(at(100));
    let started = v1::WatchStarted {
        partitions: 2,
        resumed: false,
    };
    let both = format!("{},{}", cursor(1), cursor(1));
    point.take("", Message::Started(started)).unwrap();
    point.take(&both, snapshot(Vec::new(), true)).unwrap();
    point.take(&both, keys()).unwrap();
    point
}

fn ages_of_both(point: &Point, second: u64) -> Vec<Option<u64>> {
    let ages = point.known.view().unwrap().every_age(at(second));
    let seconds = |age: Option<Duration>| age.map(|age| age.as_secs());
    ages.into_iter().map(seconds).collect()
}

#[test]
fn each_partition_is_as_old_as_the_authority_says_of_it() {
    let both = format!("{},{}", cursor(1), cursor(1));
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    let answer = |nonce, oldest, partition| v1::Heartbeat {
        nonce,
        age: oldest,
        list: None,
        younger_partitions: vec![v1::PartitionAge {
            partition,
            age: seconds(1),
        }],
    };
    for (oldest, expected) in [
        (seconds(60), vec![Some(60), Some(1)]),
        (None, vec![None, Some(1)]),
    ] {
        let mut point = point_of_two_partitions();
        let heartbeat = Message::Heartbeat(answer(1, oldest, 1));
        point.take(&both, heartbeat).unwrap();
        assert_eq!(ages_of_both(&point, 100), expected);
        assert!(point.status.is_connected());
    }
    for partition in [2, u32::MAX] {
        let mut point = point_of_two_partitions();
        let heartbeat = Message::Heartbeat(answer(1, seconds(60), partition));
        let taken = point.take(&both, heartbeat);
        let is_refused = matches!(taken, Err(Break::NotUnderstood(_)));
        assert!(is_refused || ages_of_both(&point, 100) == [Some(60), Some(60)]);
    }
}

#[test]
fn an_authority_that_does_not_list_ages_makes_every_list_as_old_as_its_oldest() {
    let both = format!("{},{}", cursor(1), cursor(1));
    let mut point = point_of_two_partitions();
    point.take(&both, heartbeat(1, 60, None)).unwrap();
    assert_eq!(ages_of_both(&point, 100), [Some(60), Some(60)]);
}

#[test]
fn an_answer_beyond_what_was_missed_proves_nothing() {
    let mut point = Point::in_step(&[1]);
    let beyond = point.take(&cursor(2), heartbeat(1, 0, None));
    assert_eq!((beyond, point.age(100)), (Err(Break::Gap), None));
    assert!(!point.status.is_connected());
}

#[test]
fn keys_of_the_connection_before_prove_nothing() {
    let mut point = Point::in_step(&[1]);
    point.follower.connect(at(200));
    point.take_at(200, &cursor(1), started(true)).unwrap();
    let early = point.take_at(200, &cursor(1), heartbeat(2, 0, None));
    assert_eq!((early, point.age(200)), (Err(Break::Unexpected), None));
}

#[test]
fn it_resumes_where_it_was_and_merges_what_it_missed() {
    let mut point = Point::in_step(&[1]);
    point.take(&cursor(3), revocations(&[2, 3])).unwrap();
    let sent = point.follower.connect(at(200));
    let expected = request(Asked::Cursor(cursor(3)));
    assert_eq!((sent.len(), &sent[0]), (2, &expected));
    point.take_at(200, &cursor(3), started(true)).unwrap();
    point.take_at(200, &cursor(4), revocations(&[4])).unwrap();
    assert!((1..=4).all(|number| point.knows(number)));
    assert_eq!((point.status.entries(), point.status.snapshots()), (3, 1));
}

#[test]
fn a_snapshot_never_takes_anything_back() {
    let mut point = Point::in_step(&[1, 2, 3]);
    point.follower.connect(at(200));
    point.hear_snapshot(&[2]);
    assert!((1..=3).all(|number| point.knows(number)));
}

#[test]
fn a_snapshot_that_broke_off_is_known_and_begun_again() {
    let mut point = Point::new();
    assert_eq!(point.follower.connect(at(1)).len(), 1, "no cursor yet");
    point.take("", started(false)).unwrap();
    point.take("", snapshot(vec![revoked(1)], false)).unwrap();
    assert!(point.knows(1) && point.age(100).is_none());
    assert_eq!(point.follower.connect(at(2)).len(), 1, "no cursor yet");
}

#[test]
fn a_gap_an_order_or_a_cursor_that_does_not_fit_makes_it_read_everything_again() {
    let odd = [
        (cursor(4), revocations(&[4])),
        (cursor(3), revocations(&[3, 2])),
        (cursor(1), revocations(&[1])),
        (cursor(3), revocations(&[2])),
        (cursor(2), keys()),
        (String::new(), keys()),
        ("x".to_owned(), keys()),
    ];
    for (cursor, message) in odd {
        let mut point = Point::in_step(&[1]);
        let taken = point.take(&cursor, message.clone());
        assert_eq!(taken, Err(Break::Gap), "{cursor} {message:?}");
        assert_eq!(point.follower.connect(at(200)).len(), 1, "without a cursor");
        assert_eq!(point.status.gaps(), 1);
    }
}

#[test]
fn what_is_not_understood_is_not_stepped_over_and_what_is_beside_it_counts() {
    let good = |number: u64| v1::RevocationEntry {
        number,
        position: Position::new(number, 0).to_string(),
        revoked: Some(revoked(number)),
    };
    let with = |change: fn(&mut v1::RevokedHandle)| {
        let mut entry = good(2);
        change(entry.revoked.as_mut().unwrap());
        entry
    };
    let bad = [
        with(|revoked| revoked.handle_kind = 6),
        with(|revoked| revoked.handle_kind = 0),
        with(|revoked| revoked.handle_id.truncate(15)),
        with(|revoked| revoked.revoked_before.clear()),
        with(|revoked| revoked.time = None),
        v1::RevocationEntry {
            revoked: None,
            ..good(2)
        },
    ];
    for bad in bad {
        let mut point = Point::in_step(&[1]);
        let entries = vec![bad, good(3)];
        let batch = v1::RevocationBatch {
            partition: 0,
            entries,
        };
        let taken = point.take(&cursor(3), Message::Revocations(batch));
        assert!(matches!(taken, Err(Break::NotUnderstood(_))), "{taken:?}");
        assert!(point.knows(3) && point.status.not_understood() == 1);
        let again = point.follower.connect(at(200));
        assert_eq!(again[0], request(Asked::Cursor(cursor(1))));
    }
}

/// Its authority is newer, and says it again each time: nothing makes the list younger meanwhile.
#[test]
fn over_a_kind_that_is_not_known_the_list_grows_old_however_often_it_comes() {
    let mut point = Point::in_step(&[1]);
    point.take(&cursor(1), heartbeat(1, 0, None)).unwrap();
    assert_eq!(point.age(100), Some(0));
    let bad = v1::RevocationEntry {
        number: 2,
        position: Position::new(2, 0).to_string(),
        revoked: Some(v1::RevokedHandle {
            handle_kind: 6,
            ..revoked(2)
        }),
    };
    for second in [110, 120, 130] {
        let sent = point.follower.connect(at(second));
        assert_eq!(sent[0], request(Asked::Cursor(cursor(1))));
        point.take_at(second, &cursor(1), started(true)).unwrap();
        point.take_at(second, &cursor(1), keys()).unwrap();
        let batch = v1::RevocationBatch {
            partition: 0,
            entries: vec![bad.clone()],
        };
        let taken = point.take_at(second, &cursor(2), Message::Revocations(batch));
        assert!(matches!(taken, Err(Break::NotUnderstood(_))), "{taken:?}");
        let nonce = point.follower.nonce;
        let stepped_over = point.take_at(second, &cursor(2), heartbeat(nonce, 0, None));
        assert_eq!(
            stepped_over,
            Err(Break::Gap),
            "the cursor is beyond the entry"
        );
        assert_eq!(point.age(second), Some(second - 100));
        point.follower.place = Some(cursor(1).parse().unwrap());
    }
    assert_eq!(point.status.not_understood(), 3);
}

#[test]
fn the_start_of_a_generation_is_an_entry_like_any_other_and_revokes_nothing() {
    let mut point = Point::in_step(&[1]);
    let opening = v1::RevocationEntry {
        number: 2,
        position: Position::new(2, 0).to_string(),
        revoked: Some(v1::RevokedHandle {
            handle_id: Uuid::nil().as_bytes().to_vec(),
            revoked_before: Position::ZERO.to_string(),
            ..revoked(2)
        }),
    };
    let batch = v1::RevocationBatch {
        partition: 0,
        entries: vec![opening],
    };
    point.take(&cursor(2), Message::Revocations(batch)).unwrap();
    let same = heartbeat(1, 0, Some(digest(&[1], 0)));
    point.take(&cursor(2), same).unwrap();
    assert_eq!((point.age(100), point.status.divergences()), (Some(0), 0));
    point.take(&cursor(3), revocations(&[3])).unwrap();
    assert!(point.knows(3) && !point.knows(0));
}

#[test]
fn a_message_of_a_newer_version_is_not_stepped_over() {
    let mut point = Point::in_step(&[1]);
    let message = WatchResponse {
        cursor: cursor(1),
        message: None,
    };
    let taken = point.follower.receive(&message, at(100));
    assert!(matches!(taken, Err(Break::NotUnderstood(_))), "{taken:?}");
}

#[test]
fn messages_come_in_their_order_or_the_connection_is_given_up() {
    let out_of_turn = [started(true), snapshot(Vec::new(), true), started(false)];
    for message in out_of_turn {
        let mut point = Point::in_step(&[1]);
        assert_eq!(point.take(&cursor(1), message), Err(Break::Unexpected));
    }
    for message in [keys(), revocations(&[1]), heartbeat(1, 0, None)] {
        let mut point = Point::new();
        point.follower.connect(at(1));
        assert_eq!(point.take("", message), Err(Break::Unexpected));
    }
}

#[test]
fn another_store_is_not_mixed_into_what_is_known() {
    let mut point = Point::in_step(&[1]);
    point.follower.connect(at(200));
    let other = Message::Started(v1::WatchStarted {
        partitions: 2,
        resumed: false,
    });
    assert_eq!(point.take("", other), Err(Break::OtherStore));
    assert!(point.knows(1));
}

#[test]
fn a_list_that_differs_is_not_confirmed_and_is_read_again() {
    let mut point = Point::in_step(&[1]);
    let same = digest(&[1], 0);
    point.take(&cursor(1), heartbeat(1, 0, Some(same))).unwrap();
    assert_eq!((point.age(100), point.status.divergences()), (Some(0), 0));

    let asked = point.follower.tick(at(105)).unwrap();
    assert!(asked.is_some());
    point.take_at(105, &cursor(1), keys()).unwrap();
    // As if the snapshot had been long ago.
    point.follower.snapshot_begun = Some(at(1));
    let differs = heartbeat(2, 0, Some(digest(&[1, 7], 0)));
    let taken = point.take_at(106, &cursor(1), differs.clone());
    assert_eq!(taken, Err(Break::Diverged));
    assert_eq!((point.age(106), point.status.divergences()), (Some(6), 1));
    assert_eq!(point.follower.connect(at(106)).len(), 1, "without a cursor");

    point.hear_snapshot(&[1, 7]);
    let asked = heartbeat(3, 0, Some(digest(&[1, 7], 0)));
    point.take_at(106, &cursor(7), asked).unwrap();
    assert_eq!(point.age(106), Some(0));
}

#[test]
fn a_list_that_has_more_than_the_authority_s_goes_on_and_says_so() {
    let mut point = Point::in_step(&[1, 2]);
    point.follower.connect(at(100));
    point.hear_snapshot(&[2]);
    let less = heartbeat(2, 0, Some(digest(&[2], 0)));
    point.take(&cursor(2), less).unwrap();
    assert_eq!((point.age(100), point.status.divergences()), (Some(0), 1));
}

#[test]
fn it_trims_as_the_authority_does_and_compares_with_none_that_trimmed_less() {
    let mut point = Point::in_step(&[1]);
    let after = 1_000_000 + 25 * 3600;
    let empty = heartbeat(1, 0, Some(digest(&[], after)));
    point.take(&cursor(1), empty).unwrap();
    assert!(!point.knows(1) && point.status.divergences() == 0);
    point.follower.tick(at(105)).unwrap();
    let less = heartbeat(2, 0, Some(digest(&[1], after - 1)));
    point.take_at(105, &cursor(1), less).unwrap();
    assert_eq!(point.status.divergences(), 0);
}

/// Two authorities on one store go by one cutoff, and one of them may not have come to it yet.
#[test]
fn what_an_authority_that_trimmed_less_brings_back_is_trimmed_at_the_same_cutoff() {
    let mut point = Point::in_step(&[1]);
    let after = 1_000_000 + 25 * 3600;
    let empty = heartbeat(1, 0, Some(digest(&[], after)));
    point.take(&cursor(1), empty).unwrap();
    let view = point.follower.known.view().unwrap().clone();
    let back = wire::revoked(&revoked(1)).unwrap();
    view.merge_part(PartitionId::new(0), &[back]).unwrap();
    assert!(point.knows(1));
    point.follower.tick(at(105)).unwrap();
    let empty = heartbeat(2, 0, Some(digest(&[], after)));
    point.take_at(105, &cursor(1), empty).unwrap();
    assert!(!point.knows(1) && point.status.divergences() == 0);
}

#[test]
fn a_floor_of_the_snapshot_refuses_what_is_below_it() {
    let mut point = Point::in_step(&[1]);
    let view = point.follower.known.view().unwrap().clone();
    let partition = PartitionId::new(0);
    let batch = v1::SnapshotBatch {
        partition: 0,
        revoked: Vec::new(),
        last: false,
        floor: Position::new(7, 3).to_string(),
    };
    point.follower.merge(&batch, "1").unwrap_err();
    assert_eq!(view.floor(partition), Ok(Position::new(7, 3)));
    let unreadable = v1::SnapshotBatch {
        floor: "7".to_owned(),
        ..batch
    };
    assert!(matches!(
        point.follower.merge(&unreadable, "1"),
        Err(Break::NotUnderstood(_))
    ));
}

#[test]
fn it_pings_at_its_pace_and_gives_a_silent_connection_up() {
    let mut point = Point::in_step(&[]);
    assert_eq!(point.follower.due(), at(102));
    assert_eq!(point.follower.tick(at(101)), Ok(None));
    assert!(point.follower.tick(at(102)).unwrap().is_some());
    assert_eq!(point.follower.due(), at(104));
    point.take_at(105, &cursor(0), keys()).unwrap();
    assert!(point.follower.tick(at(112)).is_ok());
    assert_eq!(point.follower.tick(at(113)), Err(Break::Silent));
}

#[test]
fn a_key_that_was_revoked_stays_so_whatever_a_later_set_says() {
    let web_key = v1::JsonWebKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
        kid: id(5).to_string(),
        alg: "EdDSA".to_owned(),
        r#use: "sig".to_owned(),
    };
    let odd = v1::JsonWebKey {
        crv: "X25519".to_owned(),
        ..web_key.clone()
    };
    let good = Message::KeySet(v1::KeySet {
        keys: vec![web_key.clone(), odd],
        ..v1::KeySet::default()
    });
    let bad = Message::KeySet(v1::KeySet {
        revoked_keys: vec![web_key],
        ..v1::KeySet::default()
    });
    let mut point = Point::in_step(&[]);
    for (keys, is_revoked) in [(good.clone(), false), (bad, true), (good, true)] {
        point.take(&cursor(0), keys).unwrap();
        let known = point.known.view().unwrap().keys();
        let states = known.iter().map(|one| one.state.is_revoked());
        assert_eq!(states.collect::<Vec<_>>(), [is_revoked]);
    }
}

fn versioned_keys(version: u64, number: u64) -> Message {
    let web_key = v1::JsonWebKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
        kid: id(number).to_string(),
        alg: "EdDSA".to_owned(),
        r#use: "sig".to_owned(),
    };
    Message::KeySet(v1::KeySet {
        keys: vec![web_key],
        version,
        ..v1::KeySet::default()
    })
}

/// A candidate beside a point that has heard two entries, and its key set of version 6, in the middle
/// of a watch that goes on from there.
fn beside_a_candidate() -> (Point, Point) {
    let mut point = Point::in_step(&[1, 2]);
    point.take(&cursor(2), versioned_keys(6, 60)).unwrap();
    let mut candidate = Point {
        follower: point.follower.candidate(),
        known: point.known.clone(),
        status: Arc::clone(&point.status),
    };
    point.follower.set_role(Role::Current);
    let sent = candidate.follower.connect(at(100));
    assert_eq!(sent[0], request(Asked::Cursor(cursor(2))));
    candidate.take(&cursor(2), started(true)).unwrap();
    (point, candidate)
}

fn key_ids(point: &Point) -> Vec<uuid::Uuid> {
    let keys = point.known.view().unwrap().keys();
    keys.iter().map(|one| one.key.id().as_uuid()).collect()
}

#[test]
fn an_older_key_set_of_a_candidate_counts_once_its_authority_is_fresh() {
    let (point, mut candidate) = beside_a_candidate();
    candidate.take(&cursor(2), versioned_keys(5, 50)).unwrap();
    assert_eq!(key_ids(&point), [id(60)]);
    candidate.take(&cursor(2), heartbeat(1, 5, None)).unwrap();
    assert_eq!(key_ids(&point), [id(60)], "it is stale");
    candidate.follower.tick(at(102)).unwrap();
    candidate.take(&cursor(2), heartbeat(2, 4, None)).unwrap();
    assert_eq!(key_ids(&point), [id(50)]);
}

#[test]
fn a_candidate_makes_the_list_fresh_and_is_not_the_connection_that_counts() {
    let (mut point, mut candidate) = beside_a_candidate();
    candidate.take(&cursor(2), versioned_keys(6, 60)).unwrap();
    candidate.take(&cursor(2), heartbeat(1, 0, None)).unwrap();
    let age = Some(Duration::ZERO);
    assert_eq!(candidate.follower.take_answer(), Some(Answered { age }));
    assert_eq!(candidate.follower.take_answer(), None);
    assert_eq!(
        (point.age(100), point.status.is_connected()),
        (Some(0), false)
    );
    point.take(&cursor(2), heartbeat(1, 60, None)).unwrap();
    assert!(point.status.is_connected());
    assert_eq!(
        point.age(100),
        Some(0),
        "an older answer takes nothing back"
    );
}

/// Two authorities are never at the same place at the same moment, and a list that has what one of
/// them has not sent yet is no divergence.
#[test]
fn lists_are_not_compared_while_two_followers_make_the_list_grow() {
    let (mut point, mut candidate) = beside_a_candidate();
    candidate.take(&cursor(2), versioned_keys(6, 60)).unwrap();
    candidate.take(&cursor(3), revocations(&[3])).unwrap();
    let behind = heartbeat(1, 0, Some(digest(&[1, 2], 0)));
    point.take(&cursor(2), behind).unwrap();
    let ahead = heartbeat(1, 0, Some(digest(&[1, 2], 0)));
    candidate.take(&cursor(3), ahead).unwrap();
    // Nor afterwards by the one that is behind.
    point.follower.set_role(Role::Only);
    point.follower.tick(at(102)).unwrap();
    let behind = heartbeat(2, 0, Some(digest(&[1, 2], 0)));
    point.take(&cursor(2), behind).unwrap();
    assert_eq!(point.status.divergences(), 0);
    // The control: at the same place, what differs is noticed.
    candidate.follower.set_role(Role::Only);
    candidate.follower.tick(at(102)).unwrap();
    let differs = heartbeat(2, 0, Some(digest(&[1, 2, 3, 9], 0)));
    candidate.follower.snapshot_begun = None;
    let taken = candidate.take(&cursor(3), differs);
    assert_eq!(taken, Err(Break::Diverged));
}
