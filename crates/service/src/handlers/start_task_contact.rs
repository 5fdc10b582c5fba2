//! StartTaskContact.
//!
//! Facts and rules: `start-task-contact.md`. The rules themselves are the engine's; here they are put in the order of
//! judgement and given what they look at.

use api::shapes;
use engine::arn::id_of;
use engine::contact::{Contact, Event, Link, NewTask, TemplateUse};
use engine::flow::ContactFlow;
use engine::limits::Limits;
use engine::quick_connect::QuickConnect;
use engine::refusal::Refusal;
use engine::start_task::flow_source::{self, Sources};
use engine::start_task::{attributes, schedule};
use engine::template::{self, TaskFields, TaskTemplate};
use engine::user::User;
use engine::{ContactFlowId, ContactId, QuickConnectId, TaskTemplateId, Timestamp};

use super::attachment;
use super::contact::{load_chain, move_with_chain, named_contact, read_references, read_segment};
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::operations::in_instance;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(shapes::StartTaskContactRequest);

/// What is refused before the instance is looked up: bad references (R19a).
pub fn check(input: &shapes::StartTaskContactRequest, limits: &Limits) -> Result<(), ApiError> {
    read_references(input.references.as_ref(), limits).map(|_| ())
}

/// Makes a task and runs its flow up to the first wait.
pub fn start_task_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::StartTaskContactRequest,
) -> Result<shapes::StartTaskContactResponse, Halt> {
    let answer = |id: ContactId| shapes::StartTaskContactResponse { contact_id: Some(id.to_string()) };
    if let Some(id) = tx.replayed()? {
        return Ok(answer(ContactId(id)));
    }
    let settings = tx.settings();
    let references = read_references(input.references.as_ref(), &settings.limits)?;
    let template = look_up::<TaskTemplate, TaskTemplateId>(tx, input.task_template_id.as_deref(), |id| *id.as_bytes())?;
    let given_flow =
        input.contact_flow_id.as_deref().map(|given| parse::<ContactFlowId>(ContactFlow::NAME, given)).transpose()?;
    let given_quick_connect =
        look_up::<QuickConnect, QuickConnectId>(tx, input.quick_connect_id.as_deref(), |id| *id.as_bytes())?;
    if input.previous_contact_id.is_some() && input.related_contact_id.is_some() {
        return Err(Refusal::PreviousAndRelated.into());
    }
    let linked_id = input.previous_contact_id.as_deref().or(input.related_contact_id.as_deref());
    let linked = linked_id.map(|given| named_contact(tx, given)).transpose()?;
    let linked = match linked {
        Some(contact) => Some((load_chain(tx, &contact)?, contact)),
        None => None,
    };

    let segment = read_segment(tx, input.segment_attributes.as_ref(), false)?;
    if let Some(user) = segment.created_by
        && tx.get::<User>(user.as_bytes()).is_none()
    {
        return Err(Refusal::CreatedByUnknown(user).into());
    }
    let mut fields = TaskFields {
        name: input.name.clone(),
        description: input.description.clone(),
        scheduled: input.scheduled_time.map(|at| Timestamp(at.milliseconds())),
        quick_connect: given_quick_connect.as_ref().map(|quick_connect| quick_connect.id),
        self_assigned: segment.self_assigned,
        expiry_minutes: segment.expiry_minutes,
        references,
    };
    let sources = |quick_connect| Sources {
        template: template.as_deref(),
        quick_connect,
        flow: given_flow,
        self_assigned: segment.self_assigned,
        has_creator: segment.created_by.is_some(),
    };
    if let Some(template) = &template {
        refuse_inactive(template)?;
        let names_flow = given_flow.is_some() || given_quick_connect.is_some() || segment.self_assigned;
        template::apply(template, &mut fields, names_flow, &settings.limits)?;
    }
    let default_quick_connect = fields.quick_connect.filter(|_| given_quick_connect.is_none());
    let default_quick_connect = default_quick_connect.map(|id| id.to_string());
    let default_quick_connect =
        look_up::<QuickConnect, QuickConnectId>(tx, default_quick_connect.as_deref(), |id| *id.as_bytes())?;
    let quick_connect = given_quick_connect.or(default_quick_connect);
    let choice = flow_source::choose(sources(quick_connect.as_deref()))?;
    flow_source::check_flow(&choice, tx.get::<ContactFlow>(choice.flow.as_bytes()).as_deref())?;

    let given_attributes = input.attributes.clone().unwrap_or_default();
    attributes::check_keys(given_attributes.keys())?;
    let scheduled = match fields.scheduled {
        Some(at) => schedule::start(at, tx.now, &settings.limits)?,
        None => None,
    };
    let files = attachment::accept(tx, input.attachments.as_deref().unwrap_or_default())?;
    refuse_over_open_tasks(tx)?;

    let id = ContactId(tx.new_id());
    let task = NewTask {
        id,
        now: tx.now,
        name: fields.name,
        description: fields.description,
        references: fields.references,
        attachments: files,
        attributes: given_attributes,
        segment: segment.user,
        tags: engine::tag::Tags::default(),
        scheduled,
        expiry_minutes: fields.expiry_minutes,
        template: template.as_ref().map(|template| TemplateUse {
            id: template.id,
            version: template.version,
            name: template.name.clone(),
        }),
        quick_connect: quick_connect.as_ref().map(|quick_connect| quick_connect.id),
        flow: choice.flow,
        target_queue: choice.target_queue,
        created_by: segment.created_by,
        self_assigned: segment.self_assigned,
    };
    let link = match &linked {
        None => Link::None,
        Some((chain, contact)) if input.previous_contact_id.is_some() => Link::Previous(contact, chain),
        Some((chain, contact)) => Link::Related(contact, chain),
    };
    let (contact, chain) = Contact::create(task, link, &settings.limits)?;
    tx.save_chain(chain.clone());
    move_with_chain(tx, contact, chain, Event::Begin)?;
    tx.made(id.0);
    Ok(answer(id))
}

fn parse<Id: std::str::FromStr>(kind: &str, given: &str) -> Result<Id, ApiError> {
    id_of(given).parse().map_err(|_| resource_not_found(kind, given))
}

fn look_up<R: Record, Id: std::str::FromStr>(
    tx: &Tx<'_>,
    given: Option<&str>,
    bytes: fn(&Id) -> [u8; 16],
) -> Result<Option<std::sync::Arc<R>>, ApiError> {
    let Some(given) = given else { return Ok(None) };
    let id: Id = parse(R::NAME, given)?;
    tx.get::<R>(&bytes(&id)).map(Some).ok_or_else(|| resource_not_found(R::NAME, given))
}

/// R14.
fn refuse_inactive(template: &TaskTemplate) -> Result<(), Refusal> {
    match template.status {
        template::TaskTemplateStatus::Active => Ok(()),
        template::TaskTemplateStatus::Inactive => Err(Refusal::TemplateInactive(template.id)),
    }
}

/// R7, and the memory that open tasks may take.
pub(crate) fn refuse_over_open_tasks(tx: &Tx<'_>) -> Result<(), ApiError> {
    let open = tx.open_contacts();
    if let Some(quota) = tx.settings().quotas.open_tasks.filter(|quota| open >= *quota) {
        return Err(ApiError::service_quota(format!(
            "the instance has {open} open tasks, and its quota is {quota} (limits.tasks_open_max); end some, or raise the quota"
        )));
    }
    let bytes = tx.settings().hot_bytes.total();
    if bytes >= tx.settings().hot_bytes_max {
        return Err(ApiError::service_quota(format!(
            "the open tasks take {bytes} bytes of memory, and {} are allowed (hot_bytes_max); end some, or raise the limit",
            tx.settings().hot_bytes_max
        )));
    }
    Ok(())
}
