//! Clients: what they ask for, what they were told, and what they may conclude from it.

use std::collections::{BTreeMap, BTreeSet};

use engine::{ContactId, InstanceId, Timestamp};
use serde_json::{Value, json};
use service::{Answer, ApiError, Caller, Operations, Request, stored_contact};
use store::{Scope, Store};

use crate::Violation;
use crate::faults::Faults;
use crate::process::CallId;
use crate::random::Random;

/// What a client wants to know of an answer.
#[derive(Clone, Debug)]
enum Asked {
    /// A task with this token.
    Start {
        token: Option<String>,
    },
    /// A contact that takes over.
    Transfer,
    Describe(ContactId),
    Stop(ContactId),
    /// A tag of this key.
    Tag(ContactId, String),
    /// An instance with this token.
    CreateInstance(String),
    DeleteInstance,
    Other,
}

struct Pending {
    instance: Option<InstanceId>,
    operation: &'static str,
    asked: Asked,
}

/// A StartTaskContact that can be sent again.
#[derive(Clone, Debug)]
struct Start {
    instance: InstanceId,
    input: Value,
    contact: Option<ContactId>,
}

/// What was told of a contact.
#[derive(Clone, Debug, Default)]
struct Seen {
    last_update_ms: i64,
    is_ended: bool,
    /// Keys of tags, which nobody takes away.
    tags: BTreeSet<String>,
}

/// All clients together.
pub(crate) struct Clients {
    operations: Operations,
    pending: BTreeMap<CallId, Pending>,
    sent: u64,
    starts: BTreeMap<String, Start>,
    seen: BTreeMap<(InstanceId, ContactId), Seen>,
    created: BTreeMap<String, InstanceId>,
    deleted: Vec<InstanceId>,
    /// Good answers by operation.
    pub(crate) answered: BTreeMap<&'static str, u64>,
}

impl Clients {
    pub(crate) fn new(operations: Operations) -> Self {
        Clients {
            operations,
            pending: BTreeMap::new(),
            sent: 0,
            starts: BTreeMap::new(),
            seen: BTreeMap::new(),
            created: BTreeMap::new(),
            deleted: Vec::new(),
            answered: BTreeMap::new(),
        }
    }

    /// A call of an operation; a refusal that needs no state is none.
    pub(crate) fn call(
        &mut self,
        instance: Option<InstanceId>,
        operation: &'static str,
        mut input: Value,
    ) -> Option<(CallId, Request)> {
        if let Some(instance) = instance
            && operation != "DeleteInstance"
        {
            input["InstanceId"] = json!(instance.to_string());
        }
        let contact =
            || input["ContactId"].as_str().and_then(|id| id.parse().ok()).unwrap_or(ContactId::from_bytes([0; 16]));
        let token = input["ClientToken"].as_str().map(str::to_owned);
        let asked = match operation {
            "StartTaskContact" => Asked::Start { token: token.clone() },
            "TransferContact" => Asked::Transfer,
            "DescribeContact" => Asked::Describe(contact()),
            "StopContact" => Asked::Stop(contact()),
            "TagContact" => Asked::Tag(
                contact(),
                input["Tags"].as_object().and_then(|tags| tags.keys().next().cloned()).unwrap_or_default(),
            ),
            "CreateInstance" => Asked::CreateInstance(token.clone().unwrap_or_default()),
            "DeleteInstance" => Asked::DeleteInstance,
            _ => Asked::Other,
        };
        let facts = api::operation(operation).expect("the operation exists");
        let fingerprint = fingerprint(&input);
        let idempotency = token.as_deref().map(|token| (token, &fingerprint));
        let caller = Caller { access_key_id: "sim".to_owned(), arn: "sim".to_owned(), root: true };
        let request = self.operations.prepare(facts, input.clone(), idempotency, caller).ok()?;
        if let (Asked::Start { token: Some(token) }, Some(instance)) = (&asked, instance) {
            self.starts.entry(token.clone()).or_insert(Start { instance, input, contact: None });
        }
        if let (Asked::DeleteInstance, Some(instance)) = (&asked, instance) {
            self.deleted.push(instance);
        }
        Some((self.expect(instance, operation, asked), request))
    }

    /// An earlier StartTaskContact, sent again with its token.
    pub(crate) fn again(&mut self, random: &mut Random) -> Option<(CallId, Request)> {
        let tokens: Vec<&String> = self.starts.keys().collect();
        let token = (*random.pick(&tokens)?).clone();
        let Start { instance, input, .. } = self.starts[&token].clone();
        self.call(Some(instance), "StartTaskContact", input)
    }

    /// A call that is not one of the API.
    pub(crate) fn expect_agent(&mut self, instance: InstanceId, operation: &'static str) -> CallId {
        self.expect(Some(instance), operation, Asked::Other)
    }

    fn expect(&mut self, instance: Option<InstanceId>, operation: &'static str, asked: Asked) -> CallId {
        self.sent += 1;
        let call = CallId(self.sent);
        self.pending.insert(call, Pending { instance, operation, asked });
        call
    }

    /// Whether a client still hopes for an answer.
    pub(crate) fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// All who wait give up: the process is gone.
    pub(crate) fn lose_connections(&mut self) {
        self.pending.clear();
    }

    /// An answer that never reaches its client.
    pub(crate) fn lose(&mut self, call: CallId) {
        self.pending.remove(&call);
    }

    pub(crate) fn is_deleted(&self, instance: &InstanceId) -> bool {
        self.deleted.contains(instance)
    }

    /// The instances that were made and not asked to be deleted.
    pub(crate) fn instances(&self) -> Vec<InstanceId> {
        self.created.values().copied().filter(|instance| !self.deleted.contains(instance)).collect()
    }

    /// The contacts that some client knows of.
    pub(crate) fn known(&self) -> impl Iterator<Item = (InstanceId, ContactId)> {
        self.seen.keys().copied().filter(|(instance, _)| !self.deleted.contains(instance))
    }

    /// Takes an answer and draws the conclusions that a client may draw.
    pub(crate) fn take(&mut self, call: CallId, answer: Answer, store: &dyn Store) -> Result<Option<Value>, Violation> {
        let Some(Pending { instance, operation, asked }) = self.pending.remove(&call) else { return Ok(None) };
        let body = match answer {
            Ok(body) => body,
            Err(error) => return self.refused(instance, operation, &asked, &error).map(|()| None),
        };
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        *self.answered.entry(operation).or_default() += 1;
        if let Asked::CreateInstance(token) = &asked {
            let made = body["Id"].as_str().and_then(|id| id.parse().ok());
            let made = made.ok_or_else(|| Violation(format!("{operation} answers {body}, which has no Id")))?;
            let first = *self.created.entry(token.clone()).or_insert(made);
            if first != made {
                return Err(Violation(format!("token {token:?} gave instance {first} and instance {made}")));
            }
        }
        let Some(instance) = instance.filter(|instance| !self.deleted.contains(instance)) else {
            return Ok(Some(body));
        };
        match &asked {
            Asked::Start { token } => {
                let contact = made(operation, &body)?;
                if let Some(start) = token.as_ref().and_then(|token| self.starts.get_mut(token)) {
                    let first = *start.contact.get_or_insert(contact);
                    if first != contact {
                        return Err(Violation(format!("token {token:?} gave contact {first} and contact {contact}")));
                    }
                }
                self.see_made(instance, contact, store)?;
            }
            Asked::Transfer => self.see_made(instance, made(operation, &body)?, store)?,
            Asked::Describe(contact) => self.see(instance, *contact, &body["Contact"])?,
            Asked::Stop(contact) => {
                let seen = self.seen.entry((instance, *contact)).or_default();
                seen.is_ended = true;
                check_seen(instance, *contact, seen, store)?;
            }
            Asked::Tag(contact, key) => {
                let seen = self.seen.entry((instance, *contact)).or_default();
                seen.tags.insert(key.clone());
                check_seen(instance, *contact, seen, store)?;
            }
            Asked::CreateInstance(_) | Asked::DeleteInstance | Asked::Other => {}
        }
        Ok(Some(body))
    }

    fn refused(
        &mut self,
        instance: Option<InstanceId>,
        operation: &str,
        asked: &Asked,
        error: &ApiError,
    ) -> Result<(), Violation> {
        if !Faults::explain_refusal(error) {
            return Err(Violation(format!("{operation} failed without a fault: {error:?}")));
        }
        if let (Asked::Describe(contact), Some(instance), "ResourceNotFoundException") =
            (asked, instance, error.exception)
            && self.seen.contains_key(&(instance, *contact))
            && !self.deleted.contains(&instance)
        {
            return Err(Violation(format!("contact {contact} was there and is gone: {error}")));
        }
        Ok(())
    }

    /// An answer says that a contact was made: then it is durable.
    fn see_made(&mut self, instance: InstanceId, contact: ContactId, store: &dyn Store) -> Result<(), Violation> {
        let seen = self.seen.entry((instance, contact)).or_default();
        check_seen(instance, contact, seen, store)
    }

    /// A contact as DescribeContact shows it: later than it was shown before.
    fn see(&mut self, instance: InstanceId, contact: ContactId, shown: &Value) -> Result<(), Violation> {
        let last_update_ms = (shown["LastUpdateTimestamp"].as_f64().unwrap_or_default() * 1000.0).round() as i64;
        let is_ended = !shown["DisconnectTimestamp"].is_null();
        let seen = self.seen.entry((instance, contact)).or_default();
        if last_update_ms < seen.last_update_ms || (seen.is_ended && !is_ended) {
            return Err(Violation(format!(
                "contact {contact} went back: {seen:?} was told, and now {last_update_ms} and ended: {is_ended}"
            )));
        }
        (seen.last_update_ms, seen.is_ended) = (last_update_ms, is_ended);
        Ok(())
    }

    /// Everything that was ever told is in the store.
    pub(crate) fn check_all(&self, store: &dyn Store) -> Result<(), Violation> {
        let known = self.seen.iter().filter(|((instance, _), _)| !self.deleted.contains(instance));
        for ((instance, contact), seen) in known {
            check_seen(*instance, *contact, seen, store)?;
        }
        Ok(())
    }
}

/// What was told of a contact is durable.
fn check_seen(instance: InstanceId, contact: ContactId, seen: &Seen, store: &dyn Store) -> Result<(), Violation> {
    let Some(stored) = stored_contact(store, Scope(instance.0), contact).map_err(Violation::of)? else {
        return Err(Violation(format!("contact {contact} was told of and is not durable")));
    };
    if stored.times.last_update < Timestamp(seen.last_update_ms) {
        return Err(Violation(format!(
            "contact {contact} was last updated at {:?}, and {seen:?} was told",
            stored.times.last_update
        )));
    }
    if seen.is_ended && !stored.state.is_disconnected() {
        return Err(Violation(format!("contact {contact} had ended, and is in state {:?}", stored.state)));
    }
    match seen.tags.iter().find(|key| !stored.tags.contains_key(*key)) {
        Some(key) => Err(Violation(format!("contact {contact} was given the tag {key}, and has {:?}", stored.tags))),
        None => Ok(()),
    }
}

fn made(operation: &str, body: &Value) -> Result<ContactId, Violation> {
    let id = body["ContactId"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Violation(format!("{operation} answers {body}, which has no ContactId")))
}

/// Equal for equal inputs; the protocol makes a better one, of the input's canonical form.
fn fingerprint(input: &Value) -> [u8; 32] {
    let mut fingerprint = [0; 32];
    for (at, byte) in input.to_string().bytes().enumerate() {
        let slot: &mut u8 = &mut fingerprint[at % 32];
        *slot = slot.rotate_left(3) ^ byte;
    }
    fingerprint
}
