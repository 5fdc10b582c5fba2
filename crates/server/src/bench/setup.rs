//! What has to be there before tasks can be started: instances, each with a flow that queues a task.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::connection::Connection;
use super::server::Server;
use super::signer::{Place, Signer, Unsigned};
use crate::clock::Stopwatch;

/// How long an instance may take to become ACTIVE.
const ACTIVE_WAIT: Duration = Duration::from_secs(60);
/// How often that is asked.
const ACTIVE_POLL: Duration = Duration::from_millis(5);
/// What DescribeContact tells of a task that is in a queue.
pub(super) const ENQUEUED: &str = "/Contact/QueueInfo/EnqueueTimestamp";
/// How many instances are made at a time.
const AT_A_TIME: usize = 32;

/// Makes so many instances with a flow that sets an attribute and the queue BasicQueue, and transfers to it: a task
/// started there has the events INITIATED, CONNECTED_TO_SYSTEM and QUEUED.
pub(super) async fn instances(server: &Server, signer: &Signer, count: usize) -> anyhow::Result<Vec<Place>> {
    let next = Cell::new(0);
    let made = try_join_all((0..AT_A_TIME.min(count)).map(async |_| {
        let mut caller = Caller { connection: Connection::open(server.address).await?, signer };
        let mut places = Vec::new();
        while next.get() < count {
            let number = next.replace(next.get() + 1);
            places.push(instance(&mut caller, number).await.with_context(|| format!("make instance {number}"))?);
        }
        anyhow::Ok(places)
    }))
    .await?;
    let places: Vec<Place> = made.into_iter().flatten().collect();
    if let Some(place) = places.last() {
        check_queued(server, signer, place).await?;
    }
    Ok(places)
}

/// Makes sure that what is measured is what it is said to be: a task whose flow has queued it.
async fn check_queued(server: &Server, signer: &Signer, place: &Place) -> anyhow::Result<()> {
    let mut caller = Caller { connection: Connection::open(server.address).await?, signer };
    let started = caller.call(&Unsigned::start_task(place, 0, None)?).await?;
    let contact = text(&started, "/ContactId")?;
    let described = caller.call(&Unsigned::describe_contact(&place.instance, &contact)).await?;
    ensure!(described.pointer(ENQUEUED).is_some(), "the flow did not queue a task: {described}");
    Ok(())
}

async fn instance(caller: &mut Caller<'_>, number: usize) -> anyhow::Result<Place> {
    let alias = format!("bench-{:x}-{number}", crate::clock::wall_ms());
    let request = json!({
        "IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": alias,
        "InboundCallsEnabled": false, "OutboundCallsEnabled": false,
    });
    let created = caller.call(&Unsigned::put("/instance".to_owned(), &request)).await?;
    let instance = text(&created, "/Id")?;
    let watch = Stopwatch::start();
    loop {
        let described = caller.call(&Unsigned::get(format!("/instance/{instance}"), "")).await?;
        match text(&described, "/Instance/InstanceStatus")?.as_str() {
            "ACTIVE" => break,
            status if watch.elapsed() > ACTIVE_WAIT => bail!("instance {instance} is still {status}"),
            _ => tokio::time::sleep(ACTIVE_POLL).await,
        }
    }
    let queues = caller.call(&Unsigned::get(format!("/queues-summary/{instance}"), "queueTypes=STANDARD")).await?;
    let queues = queues["QueueSummaryList"].as_array().context("ListQueues has no QueueSummaryList")?;
    let queue = queues.iter().find(|queue| queue["Name"] == "BasicQueue").context("there is no BasicQueue")?;
    let request = json!({"Name": "Bench", "Type": "CONTACT_FLOW", "Content": flow(&text(queue, "/Arn")?)});
    let created = caller.call(&Unsigned::put(format!("/contact-flows/{instance}"), &request)).await?;
    Ok(Place { flow: text(&created, "/ContactFlowId")?, instance })
}

/// Makes so many users of an instance who are available: programs, with the routing profile that the instance came with.
pub(super) async fn agents(
    server: &Server,
    signer: &Signer,
    place: &Place,
    count: usize,
) -> anyhow::Result<Vec<String>> {
    let mut caller = Caller { connection: Connection::open(server.address).await?, signer };
    let instance = &place.instance;
    let mut first = async |list: &str, id: &str| {
        let found = caller.call(&Unsigned::get(format!("/{list}/{instance}"), "")).await?;
        text(&found, id)
    };
    let profile = first("routing-profiles-summary", "/RoutingProfileSummaryList/0/Id").await?;
    let security = first("security-profiles-summary", "/SecurityProfileSummaryList/0/Id").await?;
    let statuses = caller.call(&Unsigned::get(format!("/agent-status/{instance}"), "")).await?;
    let statuses = statuses["AgentStatusSummaryList"].as_array().context("ListAgentStatuses has no list")?;
    let available = statuses.iter().find(|status| status["Type"] == "ROUTABLE").context("nobody can be available")?;
    let available = text(available, "/Id")?;
    let mut users = Vec::new();
    for number in 0..count {
        let request = json!({
            "Username": format!("agent.{number}"), "Password": "A-password-of-a-bench-1",
            "IdentityInfo": {"FirstName": "Agent", "LastName": number.to_string()},
            "PhoneConfig": {"PhoneType": "SOFT_PHONE", "AfterContactWorkTimeLimit": 0},
            "SecurityProfileIds": [security], "RoutingProfileId": profile,
        });
        let created = caller.call(&Unsigned::put(format!("/users/{instance}"), &request)).await?;
        let user = text(&created, "/UserId")?;
        let status = json!({"AgentStatusId": available});
        caller.call(&Unsigned::put(format!("/users/{instance}/{user}/status"), &status)).await?;
        users.push(user);
    }
    Ok(users)
}

/// The content of the flow.
fn flow(queue: &str) -> String {
    let step =
        |next: &str| json!({"NextAction": next, "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]});
    json!({
        "Version": "2019-10-30", "StartAction": "attribute", "Metadata": {},
        "Actions": [
            {"Identifier": "attribute", "Type": "UpdateContactAttributes",
             "Parameters": {"Attributes": {"stage": "queued"}, "TargetContact": "Current"},
             "Transitions": step("queue")},
            {"Identifier": "queue", "Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": queue},
             "Transitions": step("transfer")},
            {"Identifier": "transfer", "Type": "TransferContactToQueue", "Parameters": {},
             "Transitions": {"NextAction": "end", "Errors": [
                {"ErrorType": "QueueAtCapacity", "NextAction": "end"},
                {"ErrorType": "NoMatchingError", "NextAction": "end"}]}},
            {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
        ],
    })
    .to_string()
}

/// Makes signed calls, one after another.
pub(super) struct Caller<'s> {
    pub(super) connection: Connection,
    pub(super) signer: &'s Signer,
}

impl Caller<'_> {
    /// The answer to a call that must succeed.
    pub(super) async fn call(&mut self, request: &Unsigned) -> anyhow::Result<Value> {
        let bytes = self.signer.sign(request)?;
        let answer = self.connection.send(&bytes).await?;
        answer.json().with_context(|| format!("{} {}", request.method, request.path))
    }
}

/// A text in an answer.
pub(super) fn text(answer: &Value, pointer: &str) -> anyhow::Result<String> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    Ok(text.with_context(|| format!("an answer without {pointer}"))?.to_owned())
}
