//! Who asks: from the signature of a request to the proof that calls take.
//!
//! The signature covers the hash of the body and not the body, so it is checked before the body is
//! read, and a stranger can make the authority neither hold nor decode anything. Only where denials are
//! explained is the body of a refused request held for a moment, to find out what was signed instead.

use axum::{body::Body, http::request::Parts};
use lanyard_authority::{Error, KeyHolder, ResourceName, Signed, Sought};
use lanyard_store::Store;
use lanyard_token::{Clock as _, SystemClock};

use super::{
    Rest, body, denial::Denial, errors::Fault, explain::guesses, resource, route::Route,
    signature::SignedHead, target::Target,
};

/// A caller whose signature was good, and what it says of the body that is still to come.
pub(super) struct Admitted<'a> {
    pub(super) holder: KeyHolder,
    pub(super) head: SignedHead<'a>,
}

impl<S: Store> Rest<S> {
    /// Finds out who asks for a call.
    pub(super) async fn admit<'a>(
        &self,
        request: &'a Parts,
        target: &Target<'_>,
        route: Route,
    ) -> Result<Admitted<'a>, Fault> {
        let now = SystemClock.wall().map_err(Error::from)?;
        let head = SignedHead::read((&request.headers, &request.uri), now);
        let head = head.map_err(|denial| self.denied(denial))?;
        let by_host = resource::of_host(head.host());
        let sought = self.sought(by_host.as_ref(), route);
        let texts = head.texts(&request.method, target);
        let signed = Signed {
            texts: &texts,
            signature: head.signature(),
        };
        let found = if is_checked_by_its_step(route) {
            self.authority
                .authenticate_signature_for_step(sought, signed)
                .await
        } else {
            self.authority.authenticate_signature(sought, signed).await
        };
        match found {
            Ok(holder) => Ok(Admitted { holder, head }),
            Err(Error::CredentialRefused) => Err(Fault::Denied(
                self.explained((&head, request, target), sought, &texts)
                    .await?,
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses a signature that no key has to be tried for.
    pub(super) fn denied(&self, denial: Denial) -> Fault {
        // The log is told; the caller's answer is the same for all of them.
        drop(self.authority.refused(&denial));
        Fault::Denied(self.settings.explain_denials.then_some(denial))
    }

    /// What the caller is told of a signature that no key has made, if anything.
    async fn explained(
        &self,
        (head, request, target): (&SignedHead<'_>, &Parts, &Target<'_>),
        sought: Sought<'_>,
        texts: &[String],
    ) -> Result<Option<Denial>, Error> {
        if !self.settings.explain_denials {
            return Ok(None);
        }
        let public_host = self.settings.public_host.as_deref();
        let seen = (&request.headers, public_host);
        let guesses = guesses(head, (&request.method, target), seen);
        let (texts_of_guesses, meanings): (Vec<_>, Vec<_>) = guesses
            .into_iter()
            .map(|guess| (guess.text, guess.meaning))
            .unzip();
        let signed = Signed {
            texts: &texts_of_guesses,
            signature: head.signature(),
        };
        let found = self.authority.text_signed(sought, signed).await?;
        if let Some(meaning) = found.and_then(|index| meanings.get(index)) {
            return Ok(Some(Denial::Differs(meaning)));
        }
        let resources = self.authority.resources_sought(sought).await?;
        if resources.is_empty() {
            return Ok(Some(Denial::NoResource));
        }
        let text = texts.first().map(String::as_str).unwrap_or_default();
        let text = text.chars().take(MAX_EXPLAINED_CHARS).collect();
        Ok(Some(Denial::NotSigned { text, resources }))
    }
}

impl<S: Store> Rest<S> {
    /// A refusal that the head was enough for, once the body is out of the way. Where the head does not
    /// explain it and callers are told why, the body may: it is another way to find out what was signed.
    pub(super) async fn refused(
        &self,
        fault: Fault,
        seen: (&Parts, &Target<'_>, Route),
        body: Body,
    ) -> Fault {
        if !matches!(fault, Fault::Denied(Some(Denial::NotSigned { .. }))) {
            body::discard(body).await;
            return fault;
        }
        let Ok(body) = body::read_refused(body).await else {
            return fault;
        };
        match self.is_hash_signed(&body, seen).await {
            Ok(true) => Fault::Denied(Some(Denial::OtherHash)),
            Ok(false) | Err(_) => fault,
        }
    }

    /// Whether it is the hash of this body that was signed, and not the one that was sent.
    async fn is_hash_signed(
        &self,
        body: &[u8],
        (request, target, route): (&Parts, &Target<'_>, Route),
    ) -> Result<bool, Error> {
        let now = SystemClock.wall()?;
        let Ok(head) = SignedHead::read((&request.headers, &request.uri), now) else {
            return Ok(false);
        };
        let by_host = resource::of_host(head.host());
        let signed = Signed {
            texts: &[head.text_of_body(&request.method, target.as_sent(), body)],
            signature: head.signature(),
        };
        let sought = self.sought(by_host.as_ref(), route);
        let found = self.authority.text_signed(sought, signed).await?;
        Ok(found.is_some())
    }

    /// Where to look for the key.
    fn sought<'a>(&'a self, by_host: Option<&'a ResourceName>, route: Route) -> Sought<'a> {
        Sought {
            host: by_host,
            identity: route.identity().map(|id| id.resource()),
            default: &self.settings.default_resource,
        }
    }
}

/// Whether the step of a call in the store finds out by itself whether the access key is still there,
/// so that one round trip to the store is enough. They are the calls that are made all the time; any
/// other that is put here must have such a step, or a key that was rotated out would go on calling it.
const fn is_checked_by_its_step(route: Route) -> bool {
    match route {
        Route::Create | Route::Issue(_) => true,
        Route::List
        | Route::Read(_)
        | Route::Delete(_)
        | Route::Revoke(_)
        | Route::Exchange
        | Route::Misnamed(_) => false,
    }
}

/// How much of a signed text is repeated to explain a refusal: its target is of any length.
const MAX_EXPLAINED_CHARS: usize = 1000;
