//! Contacts: what is shown of them, and what changes them from outside.
//!
//! Facts: `contact-lifecycle.md`.

use std::collections::BTreeMap;

use api::shapes;
use engine::arn::{Resource, id_of};
use engine::contact::{
    AgentInfo, Chain, Contact, ContactUpdate, Effect as StepEffect, Event, PausedFrom, Reference, ReferenceStatus,
    ReferenceType, SegmentValue, StepError, Work, step,
};
use engine::flow::function::FunctionCall;
use engine::predefined::PredefinedAttribute;
use engine::routing_profile::RoutingProfile;
use engine::start_task::{references, segment};
use engine::template::{self, TaskFields};
use engine::user::User;
use engine::{ContactId, Timestamp, UserId};

use super::agent::{load_agent, move_agent};
use super::contact_work::shown_criteria;
use super::predefined_attribute::find_predefined;
use super::user_hierarchy::group::shown_groups;
use crate::call::Call;
use crate::effect::{AttachmentJob, Effect, EffectOutcome, FunctionJob};
use crate::environment::Environment;
use crate::error::{ApiError, Halt, contact_not_found};
use crate::event::{self, ContactFace, EventRecord};
use crate::operations::in_instance;
use crate::trace;
use crate::tx::Tx;

const MILLISECONDS_PER_SECOND: i64 = 1_000;

in_instance!(
    shapes::DescribeContactRequest,
    shapes::StopContactRequest,
    shapes::UpdateContactRequest,
    shapes::UpdateContactScheduleRequest,
    shapes::ListContactReferencesRequest,
    shapes::TagContactRequest,
    shapes::UntagContactRequest,
);

/// A contact, open or ended, that the retention still keeps.
pub fn load_contact(tx: &Tx<'_>, id: &ContactId) -> Result<Option<Contact>, Halt> {
    let oldest = tx.now.plus_millis(-tx.settings().contact_retention_ms);
    Ok(tx.contact(id)?.filter(|contact| !contact.is_completed() || contact.times.initiation >= oldest))
}

/// The contact that a request names by id or ARN.
pub fn named_contact(tx: &Tx<'_>, given: &str) -> Result<Contact, Halt> {
    let id: Result<ContactId, _> = id_of(given).parse();
    let Ok(id) = id else {
        let text = format!("Resource not found: no contact {given} in this instance; a contact's id is a UUID");
        return Err(ApiError::not_found(text).into());
    };
    Ok(load_contact(tx, &id)?.ok_or_else(|| contact_not_found(&id))?)
}

/// The chain of a contact.
pub fn load_chain(tx: &Tx<'_>, contact: &Contact) -> Result<Chain, Halt> {
    let id = contact.chain_id();
    let lost = || ApiError::internal(format!("contact {} has no chain {id}", contact.id));
    Ok(tx.chain(&id)?.ok_or_else(lost)?)
}

/// Moves a contact by one event, saves what changed, and asks for what is to be done.
pub fn move_contact(tx: &mut Tx<'_>, contact: Contact, event: Event) -> Result<(), Halt> {
    let chain = load_chain(tx, &contact)?;
    move_with_chain(tx, contact, chain, event)
}

/// The same for a contact whose chain is at hand.
pub fn move_with_chain(tx: &mut Tx<'_>, mut contact: Contact, mut chain: Chain, event: Event) -> Result<(), Halt> {
    let before = ContactFace::of(&contact);
    let mut environment = Environment::new(tx, contact.id);
    let result = step(Work { contact: &mut contact, chain: &mut chain }, event, &mut environment);
    let halted = environment.halted.take();
    let steps = result.map_err(|error| match (error, halted) {
        (_, Some(halt)) => halt,
        (StepError::Refused(refusal), None) => refusal.into(),
        (StepError::Need(need), None) => ApiError::internal(need).into(),
    })?;
    let mut events = Vec::new();
    let mut created = Vec::new();
    let mut agents = Vec::new();
    let mut others = Vec::new();
    for step in steps {
        match step {
            StepEffect::Emit(event) => events.push(event),
            // The contact says so itself, by its pending turn.
            StepEffect::Continue { .. } => {}
            StepEffect::FetchAttachment(file) => {
                let job = AttachmentJob { contact: contact.id, file_name: file.key, url: file.url, file: file.file };
                tx.perform(Effect::FetchAttachment { job });
            }
            StepEffect::Step { contact, event } => others.push((contact, *event)),
            StepEffect::Create(contact) => created.push(*contact),
            StepEffect::Trace(done) => {
                trace::log(tx, contact.id, &done);
                trace::keep(tx, &mut contact, done);
            }
            StepEffect::CreateTask { contact, chain } => {
                tx.save_chain(chain);
                created.push(*contact);
            }
            StepEffect::InvokeFunction(call) => {
                let FunctionCall { id, run, step, function, event, seconds, waits } = *call;
                let job = FunctionJob { contact: contact.id, run, step, call: id, function, event, seconds, waits };
                tx.perform(Effect::CallFunction { job });
            }
            StepEffect::Agent { agent, event } => agents.push((agent, event)),
        }
    }
    for event in EventRecord::of_step(&before, &contact, events, tx.now) {
        tx.emit(event::Event::Contact(event));
    }
    tx.save_contact(contact);
    tx.save_chain(chain);
    for (agent, event) in agents {
        move_agent(tx, agent, event)?;
    }
    for contact in created {
        move_contact(tx, contact, Event::Begin)?;
    }
    for (id, event) in others {
        if let Some(other) = load_contact(tx, &id)? {
            move_contact(tx, other, event)?;
        }
    }
    Ok(())
}

/// A contact's timer is due, or its flow run gets its next turn.
pub fn run_due_timer(tx: &mut Tx<'_>, id: ContactId) -> Result<(), Halt> {
    let Some(contact) = tx.contact(&id)? else { return Ok(()) };
    let due = contact.next_due().is_some_and(|(at, _)| at <= tx.now);
    let event = match contact.pending_turn() {
        Some((run, step)) if !due => Event::Continue { run, step },
        _ => Event::TimerFired,
    };
    move_contact(tx, contact, event)
}

/// A function has answered, or could not be called: the run that waits for it goes on.
pub fn function_called(tx: &mut Tx<'_>, job: &FunctionJob, outcome: &EffectOutcome) -> Result<(), Halt> {
    let answer = match outcome {
        EffectOutcome::Answer(answer) => Ok(answer.clone()),
        EffectOutcome::Failed { reason } => Err(reason.clone()),
        EffectOutcome::Done | EffectOutcome::Attachment(_) | EffectOutcome::Interrupted => {
            Err(format!("the call of {} came to nothing", job.function))
        }
    };
    let Some(contact) = tx.contact(&job.contact)?.filter(|_| job.waits) else { return Ok(()) };
    move_contact(tx, contact, Event::FunctionAnswered { run: job.run, step: job.step, answer })
}

/// Offers a waiting contact to an agent. False when that is not possible any more.
pub fn offer(tx: &mut Tx<'_>, id: ContactId, user: UserId) -> Result<bool, Halt> {
    let (Some(contact), Some(agent)) = (tx.contact(&id)?, load_agent(tx, user)?) else { return Ok(false) };
    let Some(waiting) = contact.waiting() else { return Ok(false) };
    let profile =
        tx.get::<User>(user.as_bytes()).and_then(|user| tx.get::<RoutingProfile>(user.routing_profile.as_bytes()));
    let slots = profile.map_or(0, |profile| profile.slots(waiting.channel));
    if !agent.is_routable() || agent.active_slots(waiting.channel) >= slots {
        return Ok(false);
    }
    let waiting = cfg!(feature = "mutant-double-offer").then(|| contact.clone());
    move_contact(tx, contact, Event::Offered { agent: user })?;
    waiting.into_iter().for_each(|waiting| tx.save_contact(waiting));
    Ok(true)
}

fn shown_time(at: Timestamp) -> api::Timestamp {
    api::Timestamp(at.millis())
}

/// Segment attributes as the API shows them.
pub fn shown_segments(segment: &BTreeMap<String, SegmentValue>) -> BTreeMap<String, shapes::SegmentAttributeValue> {
    segment.iter().map(|(key, value)| (key.clone(), shown_segment(value))).collect()
}

fn shown_segment(value: &SegmentValue) -> shapes::SegmentAttributeValue {
    let mut shown = shapes::SegmentAttributeValue::default();
    match value {
        SegmentValue::String(text) => shown.value_string = Some(text.clone()),
        SegmentValue::Integer(number) => shown.value_integer = Some(i32::try_from(*number).unwrap_or(i32::MAX)),
        SegmentValue::Map(map) => {
            shown.value_map = Some(shown_segments(map));
        }
        SegmentValue::List(list) => shown.value_list = Some(list.iter().map(shown_segment).collect()),
        SegmentValue::Arn(arn) => shown.value_arn = Some(arn.clone()),
    }
    shown
}

/// Reads the segment attributes of a request: each value is exactly one of the union's members.
pub fn given_segment(
    given: &BTreeMap<String, shapes::SegmentAttributeValue>,
) -> Result<BTreeMap<String, SegmentValue>, ApiError> {
    let value = |(key, value): (&String, &shapes::SegmentAttributeValue)| Ok((key.clone(), segment_value(key, value)?));
    given.iter().map(value).collect()
}

fn segment_value(key: &str, given: &shapes::SegmentAttributeValue) -> Result<SegmentValue, ApiError> {
    let shapes::SegmentAttributeValue { value_string, value_map, value_integer, value_list, value_arn } = given;
    let mut values = Vec::new();
    values.extend(value_string.clone().map(SegmentValue::String));
    values.extend(value_integer.map(|number| SegmentValue::Integer(i64::from(number))));
    values.extend(value_arn.clone().map(SegmentValue::Arn));
    if let Some(map) = value_map {
        values.push(SegmentValue::Map(given_segment(map)?));
    }
    if let Some(list) = value_list {
        values.push(SegmentValue::List(list.iter().map(|item| segment_value(key, item)).collect::<Result<_, _>>()?));
    }
    match values.pop() {
        Some(value) if values.is_empty() => Ok(value),
        _ => Err(ApiError::invalid_parameter(format!(
            "Invalid parameter:  SegmentAttributes.{key}; give exactly one of ValueString, ValueInteger, ValueMap, ValueList, ValueArn"
        ))),
    }
}

/// What a request's segment attributes say, checked against the instance's predefined attributes.
pub fn read_segment(
    tx: &Tx<'_>,
    given: Option<&BTreeMap<String, shapes::SegmentAttributeValue>>,
    update: bool,
) -> Result<segment::Segment, ApiError> {
    let Some(given) = given else { return Ok(segment::Segment::default()) };
    let given = given_segment(given)?;
    let known: BTreeMap<String, std::sync::Arc<PredefinedAttribute>> =
        given.keys().filter_map(|key| Some((key.clone(), find_predefined(tx, key)?))).collect();
    let predefined = |key: &str| known.get(key).map(|attribute| &**attribute);
    let read = if update { segment::read_update } else { segment::read };
    Ok(read(given, tx.arn_scope(), &tx.settings().limits, predefined)?)
}

/// Checks a request's references and makes the records of them (R19a).
pub fn read_references(
    given: Option<&BTreeMap<String, shapes::Reference>>,
    limits: &engine::limits::Limits,
) -> Result<BTreeMap<String, Reference>, ApiError> {
    let given = given.into_iter().flatten().map(|(key, reference)| {
        let kind: ReferenceType = reference.r#type.as_str().parse().expect("the engine knows every type of the model");
        (key.clone(), kind, reference.value.clone().unwrap_or_default())
    });
    Ok(references::check(given, limits)?)
}

/// Shows a contact.
pub fn describe_contact(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeContactRequest,
) -> Result<shapes::DescribeContactResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    let chain = load_chain(tx, &contact)?;
    let scope = tx.arn_scope();
    let times = &contact.times;
    let id = |id: Option<ContactId>| id.map(|id| id.to_string());
    let mut tags = contact.tags.clone();
    tags.insert("aws:connect:instanceId".to_owned(), scope.instance.to_string());
    let segment = contact.segment_attributes(scope);
    let shown = shapes::Contact {
        arn: Some(scope.arn(Resource::Contact(contact.id))),
        id: Some(contact.id.to_string()),
        initial_contact_id: id(contact.initial),
        previous_contact_id: id(contact.previous),
        related_contact_id: id(contact.related),
        contact_association_id: id(Some(contact.association.unwrap_or_else(|| contact.chain_id()))),
        initiation_method: contact.initiation_method.as_str().parse().ok(),
        name: Some(contact.name.clone()),
        description: contact.description.clone(),
        channel: Some(shapes::Channel::Task),
        queue_info: contact.queue.map(|queue| shapes::QueueInfo {
            id: Some(queue.to_string()),
            enqueue_timestamp: times.enqueue.map(shown_time),
        }),
        initiation_timestamp: Some(shown_time(times.initiation)),
        disconnect_timestamp: times.disconnect.map(shown_time),
        last_update_timestamp: Some(shown_time(times.last_update)),
        scheduled_timestamp: times.scheduled.map(shown_time),
        connected_to_system_timestamp: times.connected_to_system.map(shown_time),
        agent_info: contact.agent.as_ref().map(|agent| shown_agent(tx, agent, &contact)),
        last_paused_timestamp: contact.pauses.map(|pauses| shown_time(pauses.last_paused)),
        last_resumed_timestamp: contact.pauses.and_then(|pauses| pauses.last_resumed).map(shown_time),
        total_pause_count: Some(contact.pauses.map_or(0, |pauses| i32::try_from(pauses.count).unwrap_or(i32::MAX))),
        total_pause_duration_in_seconds: contact.state.is_disconnected().then(|| seconds(contact.paused_ms(tx.now))),
        routing_criteria: contact.current_criteria().map(shown_criteria),
        customer_id: contact.customer_id.clone(),
        queue_priority: Some(contact.head().priority),
        queue_time_adjustment_seconds: contact.queue_time_adjustment_seconds,
        tags: Some(tags),
        segment_attributes: Some(shown_segments(&segment)),
        disconnect_reason: contact.disconnect_reason.map(|reason| reason.as_str().to_owned()),
        task_template_info: contact.template.as_ref().map(|template| shapes::TaskTemplateInfoV2 {
            arn: Some(scope.arn(Resource::TaskTemplate(template.id))),
            name: Some(template.name.clone()),
        }),
        contact_details: Some(shapes::ContactDetails {
            name: Some(shown_detail(&contact.name)),
            description: contact.description.as_deref().map(shown_detail),
        }),
        attributes: Some(chain.attributes),
        ..shapes::Contact::default()
    };
    Ok(shapes::DescribeContactResponse { contact: Some(shown) })
}

fn seconds(milliseconds: i64) -> i32 {
    i32::try_from(milliseconds / MILLISECONDS_PER_SECOND).unwrap_or(i32::MAX)
}

fn shown_agent(tx: &Tx<'_>, agent: &AgentInfo, contact: &Contact) -> shapes::AgentInfo {
    // A pause that lasts is the agent's when it began with the agent.
    let with_agent = contact.pauses.filter(|pauses| pauses.from == Some(PausedFrom::Agent));
    let lasting = with_agent.map_or(0, |pauses| tx.now.since(pauses.last_paused));
    let user = tx.get::<User>(agent.agent.as_bytes());
    shapes::AgentInfo {
        hierarchy_groups: user.and_then(|user| shown_groups(tx, &user)),
        id: Some(agent.agent.to_string()),
        connected_to_agent_timestamp: Some(shown_time(agent.connected)),
        agent_pause_duration_in_seconds: Some(seconds(agent.paused_ms + lasting)),
        after_contact_work_start_timestamp: agent.acw_start.map(shown_time),
        after_contact_work_end_timestamp: agent.acw_end.map(shown_time),
        after_contact_work_duration: agent.acw_ms().map(seconds),
        ..shapes::AgentInfo::default()
    }
}

/// ContactDetails are at most 1,024 characters long, which a description need not be (`contact-lifecycle.md` section 2).
fn shown_detail(text: &str) -> String {
    const CONTACT_DETAIL_CHARACTERS_MAX: usize = 1024;
    text.chars().take(CONTACT_DETAIL_CHARACTERS_MAX).collect()
}

/// Ends a contact, in whatever state it is.
pub fn stop_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::StopContactRequest,
) -> Result<shapes::StopContactResponse, Halt> {
    let gone = |text: String| ApiError::new("ContactNotFoundException", text);
    let contact = match named_contact(tx, &input.contact_id) {
        Err(Halt::Refused(error)) if error.exception == "ResourceNotFoundException" => {
            return Err(gone(format!("no contact {} in this instance", input.contact_id)).into());
        }
        other => other?,
    };
    if contact.state.is_disconnected() {
        return Err(gone(format!("contact {} has ended; DescribeContact shows when and why", contact.id)).into());
    }
    if input.disconnect_reason.is_some() {
        let text = "DisconnectReason is for outbound campaigns; a task is stopped without it";
        return Err(ApiError::invalid_request(text).into());
    }
    move_contact(tx, contact, Event::Stopped)?;
    Ok(shapes::StopContactResponse {})
}

/// Changes name, description, references and segment attributes, also after the end.
pub fn update_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactRequest,
) -> Result<shapes::UpdateContactResponse, Halt> {
    let references = read_references(input.references.as_ref(), &tx.settings().limits)?;
    let contact = named_contact(tx, &input.contact_id)?;
    if input.queue_info.is_some()
        || input.user_info.is_some()
        || input.customer_endpoint.is_some()
        || input.system_endpoint.is_some()
    {
        let text = "QueueInfo, UserInfo and the endpoints are for contacts with external audio, which a task has not";
        return Err(ApiError::invalid_request(text).into());
    }
    let segment = read_segment(tx, input.segment_attributes.as_ref(), true)?;
    let update = ContactUpdate {
        name: input.name.clone(),
        description: input.description.clone(),
        references,
        segment: segment.user,
        expiry_minutes: segment.expiry_minutes,
    };
    check_against_template(tx, &contact, &update)?;
    move_contact(tx, contact, Event::Updated(Box::new(update)))?;
    Ok(shapes::UpdateContactResponse {})
}

/// A task made from a template keeps to it (`task-templates.md` section 5, 10).
fn check_against_template(tx: &Tx<'_>, contact: &Contact, update: &ContactUpdate) -> Result<(), Halt> {
    let Some(used) = &contact.template else { return Ok(()) };
    let Some(template) = super::task_template::load_version(tx, used.id, used.version)? else { return Ok(()) };
    let mut references = contact.references.clone();
    references.extend(update.references.clone());
    let mut fields = TaskFields {
        name: update.name.clone().unwrap_or_else(|| contact.name.clone()),
        description: update.description.clone().or_else(|| contact.description.clone()),
        scheduled: contact.times.scheduled,
        quick_connect: contact.quick_connect,
        self_assigned: contact.self_assigned,
        expiry_minutes: update.expiry_minutes,
        references,
    };
    const FLOW_IS_CHOSEN: bool = true;
    Ok(template::apply(&template, &mut fields, FLOW_IS_CHOSEN, &tx.settings().limits)?)
}

/// Moves the start of a task that still waits for it.
pub fn update_contact_schedule(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactScheduleRequest,
) -> Result<shapes::UpdateContactScheduleResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    move_contact(tx, contact, Event::Rescheduled { at: Timestamp(input.scheduled_time.milliseconds()) })?;
    Ok(shapes::UpdateContactScheduleResponse {})
}

/// Lists the references of a contact, of the types asked for.
pub fn list_contact_references(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListContactReferencesRequest,
) -> Result<shapes::ListContactReferencesResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    let wanted = |reference: &Reference| {
        input.reference_types.iter().any(|kind| kind.as_str() == reference.reference_type.as_str())
    };
    let shown = contact.references.iter().filter(|(_, reference)| wanted(reference));
    let list = shown.filter_map(|(key, reference)| shown_reference(tx, key, reference)).collect();
    Ok(shapes::ListContactReferencesResponse { reference_summary_list: Some(list), next_token: None })
}

fn shown_reference(tx: &Tx<'_>, key: &str, reference: &Reference) -> Option<shapes::ReferenceSummary> {
    let name = Some(key.to_owned());
    let value = Some(reference.value.clone());
    let status = reference.status.and_then(|status: ReferenceStatus| status.as_str().parse().ok());
    let arn = reference.file.map(|file| format!("{}/file/{file}", tx.arn_scope().instance_arn()));
    let message = |name, value| shapes::EmailMessageReference { name, arn: value };
    Some(match reference.reference_type {
        ReferenceType::Url => shapes::ReferenceSummary::Url(shapes::UrlReference { name, value }),
        ReferenceType::Attachment => {
            shapes::ReferenceSummary::Attachment(shapes::AttachmentReference { name, value, status, arn })
        }
        ReferenceType::Number => shapes::ReferenceSummary::Number(shapes::NumberReference { name, value }),
        ReferenceType::String => shapes::ReferenceSummary::String(shapes::StringReference { name, value }),
        ReferenceType::Date => shapes::ReferenceSummary::Date(shapes::DateReference { name, value }),
        ReferenceType::Email => shapes::ReferenceSummary::Email(shapes::EmailReference { name, value }),
        ReferenceType::EmailMessage => shapes::ReferenceSummary::EmailMessage(message(name, value)),
        ReferenceType::EmailMessagePlainText => shapes::ReferenceSummary::EmailMessagePlainText(message(name, value)),
        ReferenceType::EmailMessagePlainTextRedacted => {
            shapes::ReferenceSummary::EmailMessagePlainTextRedacted(message(name, value))
        }
        ReferenceType::EmailMessageRedacted => shapes::ReferenceSummary::EmailMessageRedacted(message(name, value)),
        // The list has no member for it, and no operation makes one for a task.
        ReferenceType::ContactAnalysis => return None,
    })
}

/// Adds user tags to a contact.
pub fn tag_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::TagContactRequest,
) -> Result<shapes::TagContactResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    move_contact(tx, contact, Event::Tagged(input.tags.clone()))?;
    Ok(shapes::TagContactResponse {})
}

/// Removes user tags from a contact.
pub fn untag_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UntagContactRequest,
) -> Result<shapes::UntagContactResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    move_contact(tx, contact, Event::Untagged(input.tag_keys.clone()))?;
    Ok(shapes::UntagContactResponse {})
}
