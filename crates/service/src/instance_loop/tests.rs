//! The loop over a store in memory, step by step: what leaves when.

mod agents;
mod tokens;
mod trace;

use std::collections::VecDeque;
use std::sync::Arc;

use engine::{InstanceId, Timestamp, UserId};
use serde_json::{Value, json};
use store::memory::MemoryStore;
use store::{Batch, CommitError, Reason, Scan, Scope, Store, Unavailable};
use uuid::Uuid;

use super::{Answer, Fetch, FetchRequest, Fetched, Input, InstanceLoop, Output, TurnBounds};
use crate::call::Caller;
use crate::effect::{AttachmentOutcome, EffectOutcome, EffectRecord};
use crate::kinds;
use crate::operations::{Operations, Request};
use crate::settings::{Settings, UrlJudge};
use crate::token::TokenBounds;

const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111));
const SCOPE: Scope = Scope(INSTANCE.0);
const START_MS: i64 = 1_800_000_000_000;

/// So few that the tokens of a test are sealed and merged.
const TOKEN_BOUNDS: TokenBounds = TokenBounds {
    open_max: 8,
    aged_open_min: 4,
    open_ms_max: 3_600_000,
    small_segments_max: 3,
    merged_tokens_max: 1_024,
    blocks_per_turn: 1,
};

/// A flow that queues the task in the queue of this id.
pub(crate) fn queueing_flow(queue: &str) -> String {
    json!({
        "Version": "2019-10-30", "StartAction": "set", "Metadata": {},
        "Actions": [
            {"Identifier": "set", "Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": queue},
             "Transitions": {"NextAction": "to", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}},
            {"Identifier": "to", "Type": "TransferContactToQueue", "Parameters": {},
             "Transitions": {"NextAction": "end", "Errors": [
                {"ErrorType": "QueueAtCapacity", "NextAction": "end"}, {"ErrorType": "NoMatchingError", "NextAction": "end"}]}},
            {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}
        ]
    })
    .to_string()
}

/// Runs a loop by hand: nothing happens that a test does not ask for.
struct Driver {
    store: Arc<MemoryStore>,
    instance: InstanceLoop<u32>,
    operations: Operations,
    inputs: VecDeque<Input<u32>>,
    commits: VecDeque<Batch>,
    fetches: VecDeque<FetchRequest>,
    answers: Vec<(u32, Answer)>,
    events: Vec<String>,
    agents_changed: Vec<UserId>,
    next_reply: u32,
    now: i64,
}

impl Driver {
    fn new() -> Self {
        let mut driver = Self::open(Arc::new(MemoryStore::default()), START_MS);
        driver.inputs.push_back(Input::Request(
            Request::create_defaults(INSTANCE, engine::instance::IdentityManagement::ConnectManaged),
            0,
        ));
        driver.settle();
        driver.answers.clear();
        driver.next_reply = 1;
        driver
    }

    fn open(store: Arc<MemoryStore>, now: i64) -> Self {
        let mut settings = Settings::default();
        settings.attachments.url_judge = UrlJudge::new(|_| None);
        settings.flow_logs = true;
        settings.token_bounds = TOKEN_BOUNDS;
        let settings = Arc::new(settings);
        let (world, head) = crate::load(&*store, SCOPE, settings.token_retention_ms).unwrap();
        let instance = InstanceLoop::new(SCOPE, head, world, settings, 7 + head.number.0, TurnBounds::default());
        Driver {
            store,
            instance,
            operations: Operations::standard(engine::limits::Limits::default()),
            inputs: VecDeque::new(),
            commits: VecDeque::new(),
            fetches: VecDeque::new(),
            answers: Vec::new(),
            events: Vec::new(),
            agents_changed: Vec::new(),
            next_reply: 0,
            now,
        }
    }

    /// Power goes, and comes back: a new loop over what the store has.
    fn restart(self) -> Self {
        Self::open(self.store, self.now)
    }

    fn send(&mut self, operation: &str, mut input: Value, token: Option<&str>) -> u32 {
        input["InstanceId"] = json!(INSTANCE.to_string());
        let facts = api::operation(operation).expect("the operation exists");
        let fingerprint = [input.to_string().len() as u8; 32];
        let caller = Caller { access_key_id: "key".into(), arn: "arn".into(), root: true };
        let request = self.operations.prepare(facts, input, token.map(|token| (token, &fingerprint)), caller).unwrap();
        let reply = self.next_reply;
        self.next_reply += 1;
        self.inputs.push_back(Input::Request(request, reply));
        reply
    }

    fn turn(&mut self) {
        let mut out = Vec::new();
        self.instance.turn(Timestamp(self.now), &mut self.inputs, &mut out);
        for output in out {
            match output {
                Output::Answer(reply, answer) => self.answers.push((reply, answer)),
                Output::Commit(batch) => self.commits.push_back(batch),
                Output::Fetch(request) => self.fetches.push_back(request),
                Output::Perform(record) => self.events.push(format!("perform {:?}", record.effect)),
                Output::Publish(change) => self.events.push(format!("publish {change:?}")),
                Output::AgentChanged(user) => self.agents_changed.push(user),
                Output::FlowLog(lines) => self.events.extend(lines),
                Output::Reload => self.events.push("reload".into()),
                Output::ProbeIn(_) => self.events.push("probe".into()),
                Output::Alarm(text) | Output::Notice(text) => self.events.push(text),
            }
        }
    }

    /// Writes the batch that waits.
    fn commit(&mut self) {
        let batch = self.commits.pop_front().expect("a batch waits");
        let number = batch.number;
        let result = self.store.commit(&[batch]);
        self.inputs.push_back(Input::Committed(number, result));
        self.turn();
    }

    /// Fails the batch that waits; `durable` says whether it reached the disk all the same.
    fn fail(&mut self, durable: bool) {
        let batch = self.commits.pop_front().expect("a batch waits");
        let number = batch.number;
        if durable {
            self.store.commit(&[batch]).unwrap();
        }
        let error = Unavailable::without_source("commit", Reason::DiskFull);
        self.inputs.push_back(Input::Committed(number, Err(CommitError::Unavailable(error))));
        self.turn();
    }

    /// Fails the batch that waits for a reason that lies in it, and brings the instance back.
    fn spoil(&mut self) {
        let number = self.commits.pop_front().expect("a batch waits").number;
        let error = Unavailable::without_source("commit", Reason::Other);
        self.inputs.push_back(Input::Committed(number, Err(CommitError::Unavailable(error))));
        self.turn();
        self.reload();
        self.inputs.push_back(Input::Probe);
        self.turn();
        self.commit();
    }

    fn fetch(&mut self) {
        let request = self.fetches.pop_front().expect("a fetch waits");
        let result = match request.what {
            Fetch::Keys(keys) => {
                self.store.get(SCOPE, &keys).map(|(as_of, values)| (as_of, keys.into_iter().zip(values).collect()))
            }
            Fetch::Scan(scan) => self
                .store
                .scan(SCOPE, &scan)
                .map(|page| (page.as_of, page.rows.into_iter().map(|row| (row.key, Some(row.value))).collect())),
        };
        self.inputs.push_back(Input::Fetched(Fetched { ticket: request.ticket, result }));
        self.turn();
    }

    /// Does one thing that waits, or a turn.
    fn step(&mut self) {
        if !self.fetches.is_empty() {
            self.fetch();
        } else if !self.commits.is_empty() {
            self.commit();
        } else {
            self.turn();
        }
    }

    /// Does everything that waits, until nothing does.
    fn settle(&mut self) {
        self.turn();
        while !self.commits.is_empty() || !self.fetches.is_empty() || !self.inputs.is_empty() {
            self.step();
        }
    }

    fn reload(&mut self) {
        let (world, head) = crate::load(&*self.store, SCOPE, Settings::default().token_retention_ms).unwrap();
        self.inputs.push_front(Input::Reloaded(Box::new(world), head));
        self.turn();
    }

    fn answer(&self, reply: u32) -> Option<Result<Value, String>> {
        let answer = self.answers.iter().find(|(of, _)| *of == reply)?;
        Some(match &answer.1 {
            Ok(body) => Ok(serde_json::from_slice(body).unwrap()),
            Err(error) => Err(error.to_string()),
        })
    }

    fn ask(&mut self, operation: &str, input: Value) -> Value {
        let reply = self.send(operation, input, None);
        self.settle();
        self.answer(reply).expect("an answer").expect("a good answer")
    }

    /// Makes the flow that queues, and returns its id.
    fn flow(&mut self) -> String {
        let queues = self.ask("ListQueues", json!({}));
        let queue = queues["QueueSummaryList"][0]["Id"].as_str().unwrap().to_owned();
        let flow = json!({"Name": "queueing", "Type": "CONTACT_FLOW", "Content": queueing_flow(&queue)});
        let flow = self.ask("CreateContactFlow", flow)["ContactFlowId"].as_str().unwrap().to_owned();
        // The content of the default customer queue flow is read once, so that no later call waits for it.
        let task = self.ask("StartTaskContact", json!({"Name": "first", "ContactFlowId": flow}));
        self.ask("StopContact", json!({"ContactId": task["ContactId"]}));
        flow
    }

    /// Starts a task with a file to be fetched, and returns its id.
    fn task_with_file(&mut self, flow: &str) -> Value {
        let s3 = json!({"BucketName": "b", "BucketPrefix": "p"});
        let storage = json!({"StorageType": "S3", "S3Config": s3});
        self.ask("AssociateInstanceStorageConfig", json!({"ResourceType": "ATTACHMENTS", "StorageConfig": storage}));
        let files = json!([{"FileName": "a.txt", "S3Url": "https://h/a.txt"}]);
        self.ask("StartTaskContact", json!({"Name": "t", "ContactFlowId": flow, "Attachments": files}))["ContactId"]
            .clone()
    }

    fn task(&mut self, flow: &str, token: &str) -> u32 {
        self.send("StartTaskContact", json!({"Name": "task", "ContactFlowId": flow}), Some(token))
    }
}

#[test]
fn an_answer_leaves_when_its_commit_is_durable() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let first = driver.task(&flow, "a");
    driver.turn();
    assert!(driver.answer(first).is_none(), "the batch is not written yet");
    driver.commit();
    assert!(driver.answer(first).unwrap().is_ok());
}

#[test]
fn while_a_batch_is_written_the_next_one_fills() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let first = driver.task(&flow, "a");
    driver.turn();
    let second = driver.task(&flow, "b");
    let third = driver.task(&flow, "c");
    driver.turn();
    assert_eq!(driver.commits.len(), 1, "one batch of an instance is written at a time");
    driver.commit();
    assert!(driver.answer(first).is_some() && driver.answer(second).is_none());
    driver.commit();
    assert!(driver.answer(second).is_some() && driver.answer(third).is_some(), "two calls, one batch");
}

#[test]
fn a_read_waits_for_the_commit_of_what_it_saw_and_for_no_other() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let old = driver.ask("StartTaskContact", json!({"Name": "old", "ContactFlowId": flow}));
    let started = driver.task(&flow, "a");
    driver.turn();
    let of_old = driver.send("DescribeContact", json!({"ContactId": old["ContactId"]}), None);
    driver.turn();
    assert!(driver.answer(of_old).unwrap().is_ok(), "nothing that it saw is on its way to the disk");
    let stop = driver.send("StopContact", json!({"ContactId": old["ContactId"]}), None);
    let after = driver.send("DescribeContact", json!({"ContactId": old["ContactId"]}), None);
    driver.turn();
    assert!(driver.answer(stop).is_none() && driver.answer(after).is_none());
    driver.settle();
    assert!(driver.answer(started).unwrap().is_ok());
    assert_eq!(driver.answer(after).unwrap().unwrap()["Contact"]["DisconnectReason"], "API");
}

#[test]
fn a_token_gives_one_contact_across_a_restart_and_refuses_other_input() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let first = driver.task(&flow, "a");
    driver.settle();
    let id = driver.answer(first).unwrap().unwrap();
    let again = driver.task(&flow, "a");
    driver.settle();
    assert_eq!(driver.answer(again).unwrap().unwrap(), id);
    let mut driver = driver.restart();
    let after_restart = driver.task(&flow, "a");
    let other = driver.send("StartTaskContact", json!({"Name": "longer name", "ContactFlowId": flow}), Some("a"));
    driver.settle();
    assert_eq!(driver.answer(after_restart).unwrap().unwrap(), id);
    assert!(driver.answer(other).unwrap().unwrap_err().starts_with("InvalidRequestException: ClientToken"));
}

#[test]
fn a_failed_commit_takes_everything_with_it_that_rests_on_it() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let before = driver.ask("StartTaskContact", json!({"Name": "before", "ContactFlowId": flow}));
    let lost = driver.task(&flow, "a");
    driver.turn();
    let on_top = driver.task(&flow, "b");
    driver.turn();
    driver.fail(false);
    for reply in [lost, on_top] {
        assert!(driver.answer(reply).unwrap().unwrap_err().starts_with("InternalServiceException"));
    }
    let parked = driver.send("DescribeContact", json!({"ContactId": before["ContactId"]}), None);
    driver.turn();
    assert!(driver.answer(parked).is_none(), "nothing is read from a memory that is ahead of the disk");
    driver.reload();
    driver.turn();
    assert!(driver.answer(parked).unwrap().is_ok(), "reads are served");
    let refused = driver.task(&flow, "a");
    driver.turn();
    let text = driver.answer(refused).unwrap().unwrap_err();
    assert!(text.starts_with("InternalServiceException"), "{text}");
    driver.inputs.push_back(Input::Probe);
    driver.turn();
    driver.commit();
    let written = driver.task(&flow, "a");
    driver.settle();
    assert!(driver.answer(written).unwrap().is_ok(), "the token was not burnt");
}

#[test]
fn a_commit_that_failed_in_name_only_is_found_by_its_token() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let doubtful = driver.task(&flow, "a");
    driver.turn();
    driver.fail(true);
    assert!(driver.answer(doubtful).unwrap().is_err());
    driver.reload();
    driver.inputs.push_back(Input::Probe);
    driver.turn();
    driver.commit();
    let open = driver.instance.open_contacts();
    let again = driver.task(&flow, "a");
    driver.settle();
    assert!(driver.answer(again).unwrap().is_ok());
    assert_eq!(driver.instance.open_contacts(), open, "the task was there already");
}

#[test]
fn an_ended_contact_is_read_from_the_store() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let task = driver.ask("StartTaskContact", json!({"Name": "t", "ContactFlowId": flow, "Attributes": {"k": "v"}}));
    driver.ask("StopContact", json!({"ContactId": task["ContactId"]}));
    assert_eq!(driver.instance.open_contacts(), 0);
    let read = driver.send("DescribeContact", json!({"ContactId": task["ContactId"]}), None);
    driver.turn();
    assert!(driver.answer(read).is_none() && !driver.fetches.is_empty());
    driver.settle();
    let shown = driver.answer(read).unwrap().unwrap();
    assert_eq!(shown["Contact"]["Attributes"]["k"], "v");
}

#[test]
fn a_fetch_that_read_before_a_change_is_read_again() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let task = driver.ask("StartTaskContact", json!({"Name": "t", "ContactFlowId": flow, "Attributes": {"k": "old"}}));
    let id = &task["ContactId"];
    driver.ask("StopContact", json!({"ContactId": id}));
    // The read's fetch is answered late: it read before the change that is made and forgotten meanwhile.
    let read = driver.send("GetContactAttributes", json!({"InitialContactId": id}), None);
    driver.turn();
    let late = driver.fetches.pop_front().unwrap();
    let Fetch::Keys(keys) = late.what.clone() else { panic!("records are asked for by key") };
    let stale = driver.store.get(SCOPE, &keys).unwrap();
    driver.ask("UpdateContactAttributes", json!({"InitialContactId": id, "Attributes": {"k": "new"}}));
    let records = keys.into_iter().zip(stale.1).collect();
    driver.inputs.push_back(Input::Fetched(Fetched { ticket: late.ticket, result: Ok((stale.0, records)) }));
    driver.settle();
    assert_eq!(driver.answer(read).unwrap().unwrap()["Attributes"]["k"], "new");
}

#[test]
fn a_timer_fires_once_also_after_a_restart() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let at = START_MS / 1000 + 60;
    let input = json!({"Name": "t", "ContactFlowId": flow, "ScheduledTime": at});
    let task = driver.ask("StartTaskContact", input);
    let mut driver = driver.restart();
    driver.now += 59_000;
    driver.settle();
    let queued = |driver: &mut Driver| {
        driver.ask("DescribeContact", json!({"ContactId": task["ContactId"]}))["Contact"]["QueueInfo"].clone()
    };
    assert!(queued(&mut driver).is_null());
    driver.now += 1_000;
    driver.settle();
    assert_eq!(queued(&mut driver)["EnqueueTimestamp"], json!(at));
    let before = driver.instance.world.last_event;
    driver.now += 1_000;
    driver.settle();
    assert_eq!(driver.instance.world.last_event, before);
}

#[test]
fn a_timer_that_failed_is_forgotten_when_its_contact_ends() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let at = START_MS / 1000 + 60;
    let task = driver.ask("StartTaskContact", json!({"Name": "t", "ContactFlowId": flow, "ScheduledTime": at}));
    let mut driver = driver.restart();
    driver.now += 60_000;
    driver.turn();
    for FetchRequest { ticket, .. } in std::mem::take(&mut driver.fetches) {
        let result = Err(Unavailable::without_source("read", Reason::Io));
        driver.inputs.push_back(Input::Fetched(Fetched { ticket, result }));
    }
    driver.settle();
    assert!(driver.events.iter().any(|event| event.contains("is tried again later")), "{:?}", driver.events);
    driver.ask("StopContact", json!({"ContactId": task["ContactId"]}));
    driver.now += 120_000;
    driver.settle();
    let report = driver.instance.turn(Timestamp(driver.now), &mut driver.inputs, &mut Vec::new());
    assert!(report.next_due.is_none_or(|due| due > Timestamp(driver.now)), "{report:?}");
}

#[test]
fn many_timers_due_together_let_a_request_through() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let at = START_MS / 1000 + 60;
    for n in 0..500 {
        driver.send(
            "StartTaskContact",
            json!({"Name": "t", "ContactFlowId": flow, "ScheduledTime": at}),
            Some(&n.to_string()),
        );
    }
    driver.settle();
    driver.now += 60_000;
    let read = driver.send("ListQueues", json!({}), None);
    driver.turn();
    assert!(driver.answer(read).is_some(), "the request did not wait for the backlog");
    assert!(driver.instance.world.contacts.queue_depth(&queue_of(&driver)).0 <= TurnBounds::default().timers_max);
    for _ in 0..20 {
        driver.turn();
    }
    let bound = TurnBounds::default().timers_per_batch_max + TurnBounds::default().timers_max;
    let depth = driver.instance.world.contacts.queue_depth(&queue_of(&driver)).0;
    assert!(depth <= bound, "while a batch is written, the next one takes {bound} timers at most, not {depth}");
    driver.settle();
    while driver.instance.has_due_timer() {
        driver.settle();
    }
    assert_eq!(driver.instance.world.contacts.queue_depth(&queue_of(&driver)).0, 500);
}

fn queue_of(driver: &Driver) -> engine::QueueId {
    driver.instance.world.config_of::<engine::queue::Queue>().0.next().expect("BasicQueue").1.id
}

#[test]
fn memory_equals_what_a_fresh_load_gives() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    // Enough to be decoded beside the reading, too.
    for n in 0..500 {
        let description = if n < 20 { String::new() } else { "x".repeat(4_000) };
        let task = json!({"Name": format!("t{n}"), "Description": description, "ContactFlowId": flow});
        let task = driver.ask("StartTaskContact", task);
        if n % 3 == 0 {
            driver.ask("StopContact", json!({"ContactId": task["ContactId"]}));
        }
    }
    let (fresh, _) = crate::load(&*driver.store, SCOPE, Settings::default().token_retention_ms).unwrap();
    let records = |world: &crate::world::World| {
        let mut all: Vec<_> = world.contacts.records().map(|(head, packed)| (*head, packed.to_vec())).collect();
        all.sort_by_key(|(head, _)| head.id);
        all
    };
    assert_eq!(records(&fresh), records(&driver.instance.world));
    assert_eq!(fresh.last_event, driver.instance.world.last_event);
    assert_eq!(fresh.tokens.open_count(), driver.instance.world.tokens.open_count());
    assert_eq!(fresh.contacts.next_due(|_| true), driver.instance.world.contacts.next_due(|_| true));
}

#[test]
fn retention_deletes_what_is_old_and_nothing_else() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let ended = driver.ask("StartTaskContact", json!({"Name": "ended", "ContactFlowId": flow}));
    driver.ask("StopContact", json!({"ContactId": ended["ContactId"]}));
    let count = |driver: &Driver, kind| driver.store.scan(SCOPE, &Scan::all(kind, 1_000, 1 << 20)).unwrap().rows.len();
    let old_entries = count(&driver, kinds::JOURNAL);
    let last_event = driver.instance.world.last_event;
    let days = |n: i64| n * 24 * 60 * 60 * 1000;
    driver.now += days(9);
    driver.settle();
    let young = driver.ask("StartTaskContact", json!({"Name": "young", "ContactFlowId": flow}));
    driver.now += days(1);
    driver.settle();
    assert!(count(&driver, kinds::JOURNAL) < old_entries, "events of ten days ago are gone");
    assert_eq!(count(&driver, kinds::ENDED_CONTACT), 2, "ended contacts are kept for two years");
    let mut driver = driver.restart();
    assert_eq!(driver.instance.world.last_event, last_event + 3, "the sequence goes on");
    driver.ask("StopContact", json!({"ContactId": young["ContactId"]}));
    driver.now += days(725);
    driver.settle();
    assert_eq!(count(&driver, kinds::ENDED_CONTACT), 1, "only the young one is left");
    assert_eq!(count(&driver, kinds::ENDED_CHAIN), 1);
    assert!(driver.ask("DescribeContact", json!({"ContactId": young["ContactId"]}))["Contact"]["Name"] == "young");
}

#[test]
fn an_effect_that_ends_while_writes_are_refused_is_not_only_in_memory() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    driver.task_with_file(&flow);
    let id = driver.instance.world.config_of::<EffectRecord>().0.next().expect("an effect").1.id;
    let _lost = driver.task(&flow, "x");
    driver.turn();
    driver.fail(false);
    driver.reload();
    driver.inputs.push_back(Input::EffectDone(id, EffectOutcome::Attachment(AttachmentOutcome::Approved)));
    driver.turn();
    driver.inputs.push_back(Input::Probe);
    driver.turn();
    driver.commit();
    driver.settle();
    let (fresh, _) = crate::load(&*driver.store, SCOPE, Settings::default().token_retention_ms).unwrap();
    assert_eq!(
        fresh.config_of::<EffectRecord>().0.count(),
        driver.instance.world.config_of::<EffectRecord>().0.count(),
        "memory equals the disk"
    );
}

#[test]
fn a_change_between_two_fetches_of_one_event_is_seen() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let task = driver.ask("StartTaskContact", json!({"Name": "old", "ContactFlowId": flow}));
    driver.ask("StopContact", json!({"ContactId": task["ContactId"]}));
    driver.send("UpdateContact", json!({"ContactId": task["ContactId"], "Name": "new"}), None);
    driver.send("UpdateContact", json!({"ContactId": task["ContactId"], "Description": "new"}), None);
    driver.turn();
    // Both have read the contact; the first reads its chain and is written before the second reads the chain.
    driver.fetch();
    driver.fetch();
    driver.fetch();
    driver.commit();
    driver.settle();
    let shown = driver.ask("DescribeContact", json!({"ContactId": task["ContactId"]}))["Contact"].clone();
    assert_eq!((&shown["Name"], &shown["Description"]), (&json!("new"), &json!("new")));
}

#[test]
fn a_result_that_could_not_be_used_is_asked_for_again() {
    let mut driver = Driver::new();
    let storage = json!({"StorageType": "S3", "S3Config": {"BucketName": "b", "BucketPrefix": "p"}});
    driver.ask("AssociateInstanceStorageConfig", json!({"ResourceType": "ATTACHMENTS", "StorageConfig": storage}));
    let flow = driver.flow();
    let files = json!([{"FileName": "a.txt", "S3Url": "https://h/a.txt"}]);
    driver.ask("StartTaskContact", json!({"Name": "t", "ContactFlowId": flow, "Attachments": files}));
    let started = |driver: &Driver| driver.events.iter().filter(|event| event.contains("FetchAttachment")).count();
    assert_eq!(started(&driver), 1);
    let id = driver.instance.world.config_of::<EffectRecord>().0.next().expect("an effect").1.id;
    driver.inputs.push_back(Input::EffectDone(id, EffectOutcome::Interrupted));
    driver.settle();
    driver.turn();
    assert_eq!(started(&driver), 2);
    driver.inputs.push_back(Input::EffectDone(id, EffectOutcome::Attachment(AttachmentOutcome::Approved)));
    driver.settle();
    assert!(driver.instance.is_idle());
}

#[test]
fn what_fails_two_commits_alone_is_set_aside_and_the_others_go_on() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let together = [driver.task(&flow, "bad"), driver.task(&flow, "good")];
    driver.turn();
    driver.spoil();
    assert!(together.iter().all(|reply| driver.answer(*reply).unwrap().is_err()));
    for good in ["good 1", "good 2"] {
        let good = driver.task(&flow, good);
        let bad = driver.task(&flow, "bad");
        driver.turn();
        driver.commit();
        assert!(driver.answer(good).unwrap().is_ok(), "it had a batch of its own");
        driver.turn();
        driver.spoil();
        assert!(driver.answer(bad).unwrap().is_err());
    }
    let bad = driver.task(&flow, "bad");
    driver.settle();
    let refusal = driver.answer(bad).unwrap().unwrap_err();
    assert!(refusal.contains("failed 2 commits alone"), "{refusal}");
    assert!(driver.events.iter().any(|event| event.starts_with("a call of ") && event.contains("is not done")));
    let other = driver.task(&flow, "other");
    driver.settle();
    assert!(driver.answer(other).unwrap().is_ok());
}

#[test]
fn a_timer_that_spoils_its_commit_is_not_run_for_ever() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let scheduled = json!({"Name": "t", "ContactFlowId": flow, "ScheduledTime": START_MS / 1_000 + 600});
    driver.ask("StartTaskContact", scheduled);
    driver.now += 600_000;
    for _ in 0..3 {
        driver.turn();
        driver.spoil();
    }
    driver.settle();
    assert!(driver.events.iter().any(|event| event.starts_with("the timer of contact ")), "{:?}", driver.events);
    let other = driver.task(&flow, "other");
    driver.settle();
    assert!(driver.answer(other).unwrap().is_ok());
}

#[test]
fn a_batch_is_bounded_and_nobody_is_forgotten() {
    const TASKS: usize = 120;
    let mut driver = Driver::new();
    let flow = driver.flow();
    driver.task(&flow, "first");
    driver.turn();
    assert_eq!(driver.commits.len(), 1, "a commit is under way");
    let long = "x".repeat(30_000);
    let start = json!({"Name": "large", "ContactFlowId": flow, "Attributes": {"long": long}});
    let replies: Vec<u32> = (0..TASKS).map(|_| driver.send("StartTaskContact", start.clone(), None)).collect();
    driver.turn();
    let waiting = driver.inputs.len();
    assert!((1..TASKS).contains(&waiting), "{waiting} of {TASKS} wait for the next batch");
    driver.settle();
    assert!(driver.inputs.is_empty());
    assert!(replies.into_iter().all(|reply| driver.answer(reply).is_some_and(|answer| answer.is_ok())));
}

#[test]
fn an_effect_is_begun_by_a_bounded_number_of_processes() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let task = driver.task_with_file(&flow);
    let performed = |driver: &Driver| driver.events.iter().filter(|event| event.starts_with("perform")).count();
    assert_eq!(performed(&driver), 1);
    for restart in 1..=crate::effect::EFFECT_RESTARTS_MAX {
        driver = driver.restart();
        driver.turn();
        assert_eq!(performed(&driver), 0, "restart {restart} is counted first");
        driver.settle();
        assert_eq!(performed(&driver), 1);
    }
    driver = driver.restart();
    driver.settle();
    assert_eq!(performed(&driver), 0);
    assert!(driver.events[0].contains("given up"), "{:?}", driver.events);
    let shown = json!({"ContactId": task, "ReferenceTypes": ["ATTACHMENT"]});
    let shown = driver.ask("ListContactReferences", shown);
    assert_eq!(shown["ReferenceSummaryList"][0]["Attachment"]["Status"], "FAILED");
}

#[test]
fn the_files_of_a_contact_go_with_it() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let task = driver.task_with_file(&flow);
    let fetch = driver.instance.world.effects().next().expect("an effect").0.id;
    driver.inputs.push_back(Input::EffectDone(fetch, EffectOutcome::Attachment(AttachmentOutcome::Approved)));
    driver.ask("StopContact", json!({"ContactId": task}));
    driver.events.clear();
    driver.now += Settings::default().contact_retention_ms + 2 * 24 * 60 * 60 * 1000;
    driver.settle();
    let id = task.as_str().unwrap();
    let performed = [format!("perform DeleteFiles {{ contacts: [ContactId({id})] }}")];
    assert_eq!(driver.events, performed);
    for _ in 0..=crate::effect::EFFECT_RESTARTS_MAX {
        driver = driver.restart();
        driver.settle();
    }
    assert_eq!(driver.events, performed, "nobody else would ever delete them");
}
