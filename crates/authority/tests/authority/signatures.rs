//! Who is admitted by a signature that names no key.

use aws_lc_rs::hmac;
use lanyard_authority::{Error, KeyHolder, ResourceName, Signed, Sought};
use lanyard_store::KeySlot;
use lanyard_token::ResourceId;

use crate::support::{Key, Standing, World};

#[tokio::test]
async fn either_key_of_the_resource_is_found_by_what_it_signed() {
    let world = World::new().await;
    for key in [&world.first.primary, &world.first.secondary] {
        let holder = by_default(&world, key).await.unwrap();
        assert_eq!(holder.resource(), world.first.resource);
        assert_eq!(holder.credential(), key.id);
    }
}

#[tokio::test]
async fn a_changed_text_another_key_or_a_cut_signature_is_refused() {
    let world = World::new().await;
    let signature = sign(&world.first.primary, TEXT);
    let good = [TEXT.to_owned()];
    let changed = [format!("{TEXT} ")];
    let other = sign(&world.first.operator, TEXT);
    for (texts, signature) in [
        (&changed[..], &signature[..]),
        (&[], &signature),
        (&good, &other),
        (&good, &signature[..31]),
        (&good, &[]),
    ] {
        let asked = ask(&world, sought(&name("default")), (texts, signature)).await;
        assert!(matches!(asked, Err(Error::CredentialRefused)), "{texts:?}");
    }
    let control = ask(&world, sought(&name("default")), (&good, &signature)).await;
    assert!(control.is_ok());
}

#[tokio::test]
async fn any_of_the_texts_will_do_and_it_is_told_which_was_signed() {
    let world = World::new().await;
    let signature = sign(&world.first.secondary, TEXT);
    let texts = ["a", TEXT, "b"].map(str::to_owned);
    let default = name("default");
    let asked = ask(&world, sought(&default), (&texts, &signature)).await;
    assert!(asked.is_ok());
    let signed = Signed {
        texts: &texts,
        signature: &signature,
    };
    let told = world.authority.text_signed(sought(&default), signed).await;
    assert_eq!(told.unwrap(), Some(1));
    let signed = Signed {
        texts: &texts[2..],
        ..signed
    };
    let told = world.authority.text_signed(sought(&default), signed).await;
    assert_eq!(told.unwrap(), None);
}

#[tokio::test]
async fn the_host_comes_first_then_the_identity_then_the_default() {
    let world = World::new().await;
    let (other, key) = another(&world, "other").await;
    let [default, other_name, nobody] = ["default", "other", "nobody"].map(name);
    for (host, identity, by_other, by_first) in [
        (None, None, false, true),
        (None, Some(other), true, true),
        (Some(&other_name), None, true, false),
        (Some(&other_name), Some(world.first.resource), true, false),
        (Some(&default), Some(other), false, true),
        (Some(&nobody), None, false, true),
        (Some(&nobody), Some(other), true, true),
    ] {
        let sought = Sought {
            host,
            identity,
            default: &default,
        };
        for (key, is_good) in [(&key, by_other), (&world.first.primary, by_first)] {
            // Twice, since the second time it is remembered.
            for _ in 0..2 {
                let signature = sign(key, TEXT);
                let asked = ask(&world, sought, (&[TEXT.to_owned()], &signature)).await;
                assert_eq!(asked.is_ok(), is_good, "{sought:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_was_given_to_another_resource_leads_to_that_one() {
    let world = World::new().await;
    let (old, old_key) = another(&world, "name").await;
    let called = name("name");
    let by_host = Sought {
        host: Some(&called),
        identity: None,
        default: &name("default"),
    };
    let signed = sign(&old_key, TEXT);
    ask(&world, by_host, (&[TEXT.to_owned()], &signed))
        .await
        .unwrap();
    let by = world.operator().await;
    world.authority.delete_resource(by, old).await.unwrap();
    let (new, new_key) = another(&world, "name").await;
    let signed = sign(&new_key, TEXT);
    let holder = ask(&world, by_host, (&[TEXT.to_owned()], &signed)).await;
    assert_eq!(holder.unwrap().resource(), new);
}

#[tokio::test]
async fn a_name_that_nobody_had_leads_to_the_resource_that_is_given_it() {
    let world = World::new().await;
    let (called, default) = (name("contoso"), name("default"));
    let by_host = Sought {
        host: Some(&called),
        identity: None,
        default: &default,
    };
    let texts = [TEXT.to_owned()];
    let of_default = sign(&world.first.primary, TEXT);
    // Before the resource is there the key of the default is good, and that is remembered.
    ask(&world, by_host, (&texts, &of_default)).await.unwrap();
    let (_, key) = another(&world, "contoso").await;
    let refused = ask(&world, by_host, (&texts, &of_default)).await;
    assert!(matches!(refused, Err(Error::CredentialRefused)));
    let own = ask(&world, by_host, (&texts, &sign(&key, TEXT))).await;
    assert!(own.is_ok());
}

#[tokio::test]
async fn a_key_that_was_rotated_out_issues_nothing_and_what_it_issued_is_dead() {
    let world = World::new().await;
    let old = world.first.primary.clone();
    let holder = by_default(&world, &old).await.unwrap();
    let identity = world.identity(&holder).await;
    let token = world.issue(&holder, identity).await;
    assert_eq!(world.standing(&token), Standing::Alive);
    let by = world.operator().await;
    let rotated = world
        .authority
        .rotate_access_key(by, world.first.resource, KeySlot::Primary)
        .await
        .unwrap();
    assert_eq!(world.standing(&token), Standing::Revoked);
    // Remembered, so that it is the step that refuses; and then it is not remembered any more.
    let holder = by_default(&world, &old).await.unwrap();
    let refused = world.try_issue(&holder, identity).await.unwrap_err();
    assert!(matches!(refused, Error::CredentialRefused));
    let refused = by_default(&world, &old).await.unwrap_err();
    assert!(matches!(refused, Error::CredentialRefused));
    let new = by_default(&world, &Key::from(rotated.key)).await.unwrap();
    assert!(world.try_issue(&new, identity).await.is_ok());
}

#[tokio::test]
async fn what_no_step_looks_after_is_refused_as_soon_as_the_key_is_gone() {
    let world = World::new().await;
    let default = name("default");
    let texts = [TEXT.to_owned()];
    let signature = sign(&world.first.primary, TEXT);
    let signed = Signed {
        texts: &texts,
        signature: &signature,
    };
    let asked = async || {
        let authority = &world.authority;
        authority
            .authenticate_signature(sought(&default), signed)
            .await
    };
    assert!(asked().await.is_ok());
    let by = world.operator().await;
    let rotating = world
        .authority
        .rotate_access_key(by, world.first.resource, KeySlot::Primary);
    rotating.await.unwrap();
    assert!(matches!(asked().await, Err(Error::CredentialRefused)));
}

async fn by_default(world: &World, key: &Key) -> Result<KeyHolder, Error> {
    let signature = sign(key, TEXT);
    let (texts, default) = ([TEXT.to_owned()], name("default"));
    ask(world, sought(&default), (&texts, &signature)).await
}

async fn ask(
    world: &World,
    sought: Sought<'_>,
    (texts, signature): (&[String], &[u8]),
) -> Result<KeyHolder, Error> {
    let signed = Signed { texts, signature };
    world
        .authority
        .authenticate_signature_for_step(sought, signed)
        .await
}

async fn another(world: &World, called: &str) -> (ResourceId, Key) {
    let by = world.operator().await;
    let made = world
        .authority
        .create_resource(by, world.first.subscription, name(called))
        .await;
    let (resource, [primary, _]) = made.unwrap();
    (resource.id, primary.into())
}

const fn sought(default: &ResourceName) -> Sought<'_> {
    Sought {
        host: None,
        identity: None,
        default,
    }
}

fn name(text: &str) -> ResourceName {
    text.parse().unwrap()
}

fn sign(key: &Key, text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key.secret);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

const TEXT: &str = "POST\n/identities?api-version=2023-10-01\n\
                    Sun, 22 Nov 2026 03:17:15 GMT;localhost;47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
