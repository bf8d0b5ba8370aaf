//! Listing page by page while the list changes.

use std::collections::HashMap;

use lanyard_proto::v1::{
    CreateServiceKeyRequest, CreateSubscriptionRequest, ListResourcesRequest,
    ListServiceKeysRequest, ListSubscriptionsRequest, ServiceKeyRole,
};
use tokio::task::JoinSet;
use tonic::Code;

use crate::support::{Caller, Server, reason, refused_field};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_identities_are_each_listed_once_while_more_are_made_and_some_deleted() {
    let server = Server::start().await;
    let caller = server.primary();
    let mut made = make(&caller, 10_000).await;
    made.sort_unstable();
    let doomed: Vec<String> = made.iter().step_by(50).cloned().collect();

    let meanwhile = tokio::spawn(stir(server.primary(), doomed.clone()));
    let mut listed = HashMap::<String, usize>::new();
    let mut page_token = String::new();
    let mut last_pages = 0;
    loop {
        // However many of the doomed are gone by then, no two pages in a row end with one of them.
        let page = caller.list(307, &page_token).await.unwrap();
        assert!(page.identities.len() <= 307);
        for identity in &page.identities {
            *listed.entry(identity.id.clone()).or_default() += 1;
        }
        // What a page ends with may be gone when the next one is asked for.
        let last = page.identities.last().map(|identity| identity.id.clone());
        if let Some(last) = last.filter(|last| last_pages < 5 && !doomed.contains(last)) {
            caller.delete(&last).await.unwrap();
            last_pages += 1;
        }
        caller.identity().await;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    meanwhile.await.unwrap();
    assert_eq!(last_pages, 5);
    assert!(
        listed.values().all(|times| *times == 1),
        "nothing is listed twice"
    );
    let missing = made
        .iter()
        .filter(|id| !doomed.contains(id) && !listed.contains_key(*id));
    assert_eq!(
        missing.count(),
        0,
        "nothing that was there throughout is left out"
    );

    let mut now: Vec<String> = caller
        .list_all()
        .await
        .into_iter()
        .map(|one| one.id)
        .collect();
    now.sort_unstable();
    assert!(
        doomed.iter().all(|id| now.binary_search(id).is_err()),
        "what is deleted is gone"
    );
    let kept = made.iter().filter(|id| now.binary_search(id).is_ok());
    assert_eq!(kept.count(), 10_000 - doomed.len() - 5);
}

#[tokio::test]
async fn identities_are_listed_in_the_order_of_their_making() {
    let server = Server::start().await;
    let caller = server.primary();
    let mut made = Vec::new();
    for number in 0..25 {
        made.push(
            caller
                .create(Some(&format!("number {number}")))
                .await
                .unwrap(),
        );
    }
    assert_eq!(caller.list_all().await, made);
    for page_size in [1, 7, 24, 25, 26, 1000] {
        assert_eq!(
            pages(&caller, page_size).await.concat(),
            made,
            "pages of {page_size}"
        );
    }
    let server = server.restart(&[]).await;
    assert_eq!(server.primary().list_all().await, made, "after a restart");
}

#[tokio::test]
async fn a_page_has_a_hundred_items_unless_another_number_is_named() {
    let server = Server::start().await;
    let caller = server.primary();
    let empty = caller.list(0, "").await.unwrap();
    assert!(empty.identities.is_empty() && empty.next_page_token.is_empty());
    make(&caller, 101).await;
    let first = caller.list(0, "").await.unwrap();
    assert_eq!(first.identities.len(), 100);
    let rest = caller.list(0, &first.next_page_token).await.unwrap();
    assert_eq!((rest.identities.len(), &*rest.next_page_token), (1, ""));
    assert_eq!(caller.list(1000, "").await.unwrap().identities.len(), 101);
}

#[tokio::test]
async fn bad_page_sizes_are_refused_by_every_list() {
    let server = Server::start().await;
    let operator = server.operator();
    let subscription_id = server.data().bootstrap_text("subscription_id");
    for page_size in [-1, 1001, i32::MIN, i32::MAX] {
        let page_token = String::new();
        refused_field(server.primary().list(page_size, "").await, "page_size");
        let request = ListSubscriptionsRequest {
            page_size,
            page_token: page_token.clone(),
        };
        refused_field(
            operator.admin().list_subscriptions(request).await,
            "page_size",
        );
        let request = ListServiceKeysRequest {
            page_size,
            page_token: page_token.clone(),
        };
        refused_field(
            operator.admin().list_service_keys(request).await,
            "page_size",
        );
        let subscription_id = subscription_id.clone();
        let request = ListResourcesRequest {
            subscription_id,
            page_size,
            page_token,
        };
        refused_field(operator.admin().list_resources(request).await, "page_size");
    }
}

#[tokio::test]
async fn what_is_no_page_token_is_refused() {
    let server = Server::start().await;
    let caller = server.primary();
    make(&caller, 3).await;
    let good = caller.list(1, "").await.unwrap().next_page_token;
    let cut = good[..good.len() - 1].to_owned();
    let longer = format!("{good}A");
    let garbage = ["x", "0", "!", "\0", "…", "AAAA"].map(str::to_owned);
    for bad in garbage
        .into_iter()
        .chain([cut, longer, "A".repeat(100_000)])
    {
        refused_field(caller.list(1, &bad).await, "page_token");
    }
    let request = ListServiceKeysRequest {
        page_size: 1,
        page_token: "x".to_owned(),
    };
    let answer = server.operator().admin().list_service_keys(request).await;
    refused_field(answer, "page_token");
    assert_eq!(caller.list(2, &good).await.unwrap().identities.len(), 2);
}

/// Whether it is refused or taken for a place in one's own list, it shows nothing of others.
#[tokio::test]
async fn a_page_token_of_another_list_leads_into_ones_own() {
    let server = Server::start().await;
    let (caller, elsewhere) = (server.primary(), server.other_resource("elsewhere").await);
    make(&elsewhere, 3).await;
    let ours = make(&caller, 3).await;
    make(&elsewhere, 3).await;
    let request = ListServiceKeysRequest {
        page_size: 1,
        page_token: String::new(),
    };
    let keys = server
        .operator()
        .admin()
        .list_service_keys(request)
        .await
        .unwrap()
        .into_inner();
    let theirs = elsewhere.list(1, "").await.unwrap().next_page_token;
    for token in [theirs, keys.next_page_token] {
        assert_ne!(token, "");
        match caller.list(1000, &token).await {
            Ok(page) => assert!(page.identities.iter().all(|one| ours.contains(&one.id))),
            Err(refusal) => refused_field(Err::<(), _>(refusal), "page_token"),
        }
    }
}

#[tokio::test]
async fn the_operators_lists_have_pages_too() {
    let server = Server::start().await;
    let operator = server.operator();
    let subscription = server.data().bootstrap_text("subscription_id");
    for number in 0..4 {
        operator
            .create_resource(&subscription, &format!("r{number}"))
            .await
            .unwrap();
        let request = CreateSubscriptionRequest {
            display_name: format!("s{number}"),
        };
        operator.admin().create_subscription(request).await.unwrap();
        let request = CreateServiceKeyRequest {
            role: ServiceKeyRole::Enforcer.into(),
        };
        operator.admin().create_service_key(request).await.unwrap();
    }
    let counts = [
        walk(async |page_token| {
            let request = ListSubscriptionsRequest {
                page_size: 2,
                page_token,
            };
            let page = operator
                .admin()
                .list_subscriptions(request)
                .await
                .unwrap()
                .into_inner();
            let ids = page.subscriptions.into_iter().map(|one| one.id).collect();
            (ids, page.next_page_token)
        })
        .await,
        walk(async |page_token| {
            let subscription_id = subscription.clone();
            let request = ListResourcesRequest {
                subscription_id,
                page_size: 2,
                page_token,
            };
            let page = operator
                .admin()
                .list_resources(request)
                .await
                .unwrap()
                .into_inner();
            (
                page.resources.into_iter().map(|one| one.id).collect(),
                page.next_page_token,
            )
        })
        .await,
        walk(async |page_token| {
            let request = ListServiceKeysRequest {
                page_size: 2,
                page_token,
            };
            let page = operator
                .admin()
                .list_service_keys(request)
                .await
                .unwrap()
                .into_inner();
            assert!(
                page.service_keys.iter().all(|key| key.secret.is_empty()),
                "no secrets"
            );
            (
                page.service_keys.into_iter().map(|one| one.id).collect(),
                page.next_page_token,
            )
        })
        .await,
    ];
    assert_eq!(counts, [1 + 4, 1 + 4, 2 + 4]);

    let subscription_id = "00000000-0000-4000-8000-000000000000".to_owned();
    let request = ListResourcesRequest {
        subscription_id,
        page_size: 0,
        page_token: String::new(),
    };
    let refusal = operator.admin().list_resources(request).await.unwrap_err();
    assert_eq!(
        (refusal.code(), &*reason(&refusal)),
        (Code::NotFound, "NOT_FOUND")
    );
}

/// Makes identities, many at a time.
async fn make(caller: &Caller, count: usize) -> Vec<String> {
    let mut workers = JoinSet::new();
    for worker in 0..50 {
        let caller = caller.clone();
        workers.spawn(async move {
            let mut made = Vec::new();
            for _ in (worker..count).step_by(50) {
                made.push(caller.identity().await);
            }
            made
        });
    }
    let made = workers.join_all().await.concat();
    assert_eq!(made.len(), count);
    made
}

/// Deletes these identities one by one, and makes another for each.
async fn stir(caller: Caller, doomed: Vec<String>) {
    for identity in doomed {
        caller.delete(&identity).await.unwrap();
        caller.identity().await;
    }
}

/// The pages of this size, none of which is empty.
async fn pages(caller: &Caller, page_size: i32) -> Vec<Vec<lanyard_proto::v1::Identity>> {
    let mut pages = Vec::new();
    let mut page_token = String::new();
    loop {
        let page = caller.list(page_size, &page_token).await.unwrap();
        assert!(
            !page.identities.is_empty(),
            "the page before was the last one"
        );
        pages.push(page.identities);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return pages;
        }
    }
}

/// How many different items a list has, none of them twice.
async fn walk(mut page: impl AsyncFnMut(String) -> (Vec<String>, String)) -> usize {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let (items, next) = page(page_token).await;
        assert!((1..=2).contains(&items.len()), "{items:?}");
        all.extend(items);
        page_token = next;
        if page_token.is_empty() {
            break;
        }
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "nothing is listed twice");
    count
}
