//! `lanyard subscription`: the top of the tenancy.

use clap::Subcommand;
use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::{
    CreateSubscriptionRequest, DeleteSubscriptionRequest, ListSubscriptionsRequest, Subscription,
};
use tonic::transport::Channel;

use super::connection::ConnectionArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::output::Output;
use super::pages::{Listing, Page};
use super::records;
use super::render::Record;
use super::session::{Session, required};

/// What can be done with subscriptions.
#[derive(Debug, Subcommand)]
pub(crate) enum SubscriptionCommand {
    /// Make a subscription
    Create {
        /// A name for people
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the subscriptions
    List,
    /// Delete a subscription with all that is beneath it, and revoke every token there, for good
    Delete {
        /// The subscription's id
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Runs one of them.
pub(super) async fn run(
    command: SubscriptionCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let fields: &[_] = match command {
        SubscriptionCommand::Create { .. } => &SUBSCRIPTION,
        SubscriptionCommand::List => &["id", "display_name", "create_time"],
        SubscriptionCommand::Delete { .. } => &records::REVOCATION,
    };
    let output = Output::new(connection, fields)?;
    let session = Session::open(connection, Purpose::Administer).await?;
    let client = AdminServiceClient::new(session.channel());
    let mut subscriptions = Subscriptions {
        session,
        client,
        output,
    };
    match command {
        SubscriptionCommand::Create { name } => subscriptions.create(name).await,
        SubscriptionCommand::List => subscriptions.list().await,
        SubscriptionCommand::Delete { id } => subscriptions.delete(id).await,
    }
}

struct Subscriptions {
    session: Session,
    client: AdminServiceClient<Channel>,
    output: Output,
}

impl Subscriptions {
    async fn create(&mut self, display_name: String) -> Result<(), ClientError> {
        let request = CreateSubscriptionRequest { display_name };
        let response = self
            .session
            .call(request, |request| self.client.create_subscription(request))
            .await?;
        let subscription = required(response.subscription, "subscription")?;
        self.output
            .show(&Record::new().record("subscription", shown(subscription)))
    }

    async fn list(&mut self) -> Result<(), ClientError> {
        let fetch = async |page_token| {
            let request = ListSubscriptionsRequest {
                page_size: 0,
                page_token,
            };
            let response = self
                .session
                .call(request, |request| self.client.list_subscriptions(request))
                .await?;
            let records = response.subscriptions.into_iter().map(shown).collect();
            Ok(Page {
                records,
                next: response.next_page_token,
            })
        };
        LISTING.print(&self.output, None, fetch).await
    }

    async fn delete(&mut self, subscription_id: String) -> Result<(), ClientError> {
        let done = format!("deleted the subscription {subscription_id} and all beneath it");
        let request = DeleteSubscriptionRequest { subscription_id };
        let response = self
            .session
            .call(request, |request| self.client.delete_subscription(request))
            .await?;
        let mut answer = Record::new();
        if let Some(revocation) = response.revocation {
            answer = answer.record("revocation", records::revocation(revocation));
        }
        self.output.done(&done, &answer)
    }
}

fn shown(subscription: Subscription) -> Record {
    let Subscription {
        id,
        display_name,
        create_time,
    } = subscription;
    Record::new()
        .text("id", id)
        .text("display_name", display_name)
        .time("create_time", create_time)
}

/// The fields of a subscription in an answer.
const SUBSCRIPTION: [&str; 3] = [
    "subscription.id",
    "subscription.display_name",
    "subscription.create_time",
];
const LISTING: Listing = Listing {
    name: "subscriptions",
    columns: &["id", "create_time", "display_name"],
};
