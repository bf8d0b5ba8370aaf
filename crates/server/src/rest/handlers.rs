//! The calls: each takes its body apart, calls the authority, and makes the answer.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use lanyard_authority::{CreatedIdentity, KeyHolder, PageRequest, PageSize, PageToken};
use lanyard_store::Store;
use lanyard_token::IdentityId;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{
    Rest,
    bodies::{self, CreateBody, CreatedAnswer, IdentityAnswer, IssueBody, ListAnswer, TokenAnswer},
    errors::Fault,
    route::Route,
    target::Target,
    versions::{API_VERSION, ApiVersion},
};

/// What a call is made with.
pub(super) struct Asked<'a> {
    pub(super) holder: KeyHolder,
    pub(super) version: ApiVersion,
    pub(super) target: Target<'a>,
    pub(super) body: Vec<u8>,
}

impl<S: Store> Rest<S> {
    /// Makes the call that a route stands for.
    pub(super) async fn call(&self, route: Route, asked: Asked<'_>) -> Result<Response, Fault> {
        if let Some(id) = route.identity() {
            ensure_owned(&asked.holder, id)?;
        }
        match route {
            Route::Create => self.create(asked).await,
            Route::List => self.list(asked).await,
            Route::Read(id) => self.read(asked, id).await,
            Route::Delete(id) => self.delete(asked, id).await,
            Route::Issue(id) => self.issue(asked, id).await,
            Route::Revoke(id) => self.revoke(asked, id).await,
            Route::Exchange => Err(Fault::ExchangeNotOffered),
            Route::Misnamed(error) => Err(Fault::IdentityId(error)),
        }
    }

    async fn create(&self, asked: Asked<'_>) -> Result<Response, Fault> {
        let body: CreateBody = bodies::read(&asked.body)?;
        let (custom_id, token) = body.parse(asked.version)?;
        let created = self
            .authority
            .create_identity(&asked.holder, custom_id, token)
            .await;
        let CreatedIdentity { identity, token } = created?;
        let answer = CreatedAnswer {
            identity: IdentityAnswer::in_version(identity, asked.version),
            access_token: token.map(TokenAnswer::from),
        };
        Ok(json(StatusCode::CREATED, &answer))
    }

    async fn list(&self, asked: Asked<'_>) -> Result<Response, Fault> {
        let page = self
            .authority
            .list_identities(&asked.holder, page(&asked.target)?)
            .await?;
        let link = |token: String| next_link(&asked, &token);
        Ok(json(StatusCode::OK, &ListAnswer::new(page, link)))
    }

    async fn read(&self, asked: Asked<'_>, id: IdentityId) -> Result<Response, Fault> {
        let found = self.authority.identity(&asked.holder, id).await?;
        Ok(json(StatusCode::OK, &IdentityAnswer::whole(found)))
    }

    async fn delete(&self, asked: Asked<'_>, id: IdentityId) -> Result<Response, Fault> {
        self.authority.delete_identity(&asked.holder, id).await?;
        Ok(no_content())
    }

    async fn issue(&self, asked: Asked<'_>, id: IdentityId) -> Result<Response, Fault> {
        let spec = bodies::read::<IssueBody>(&asked.body)?.parse()?;
        let issued = self.authority.issue_token(&asked.holder, id, spec).await?;
        Ok(json(StatusCode::OK, &TokenAnswer::from(issued)))
    }

    async fn revoke(&self, asked: Asked<'_>, id: IdentityId) -> Result<Response, Fault> {
        self.authority.revoke_tokens(&asked.holder, id).await?;
        Ok(no_content())
    }
}

/// Over gRPC an identity of another resource is answered like one that never was. Here callers are
/// told, as the service does that they come from; all that it tells is what the id says itself.
fn ensure_owned(holder: &KeyHolder, id: IdentityId) -> Result<(), Fault> {
    if id.resource() == holder.resource() {
        Ok(())
    } else {
        Err(Fault::IdentityNotOwned)
    }
}

fn page(target: &Target<'_>) -> Result<PageRequest, Fault> {
    let size = target.parameter(PAGE_SIZE).unwrap_or_default();
    // What is no number is refused as one that is none of a page's.
    let size = if size.is_empty() {
        0
    } else {
        size.parse().unwrap_or(-1)
    };
    let token = target.parameter(PAGE_TOKEN).unwrap_or_default();
    Ok(PageRequest {
        size: PageSize::try_from(size).map_err(Fault::PageSize)?,
        token: token.parse::<PageToken>().map_err(|_| Fault::PageToken)?,
    })
}

/// The way to the next page, relative to that of this one: whatever is in front of this server knows
/// better than the server by which name and scheme it is called.
fn next_link(asked: &Asked<'_>, token: &str) -> String {
    let mut link = format!(
        "{}?{API_VERSION}={}&{PAGE_TOKEN}={token}",
        asked.target.path(),
        asked.version.as_str(),
    );
    if let Some(size) = asked.target.parameter(PAGE_SIZE) {
        let size = utf8_percent_encode(&size, NON_ALPHANUMERIC);
        link = format!("{link}&{PAGE_SIZE}={size}");
    }
    link
}

fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    // Texts and lists of them can always be written as JSON.
    let body = serde_json::to_vec(answer).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

const PAGE_SIZE: &str = "maxpagesize";
const PAGE_TOKEN: &str = "continuationToken";
