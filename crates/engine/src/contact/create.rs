//! The making of a contact: R2 to R6, R9a and section 5 of start-task-contact.md.

use std::collections::BTreeMap;

use crate::contact::{
    Chain, Contact, InitiationMethod, PendingAttachment, Reference, ReferenceStatus, ReferenceType, SegmentValue,
    State, TemplateUse, Times,
};
use crate::id::{ContactFlowId, ContactId, QueueId, QuickConnectId, UserId};
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::start_task::{attributes, references};
use crate::tag::Tags;
use crate::time::{MINUTE, Timestamp};

/// A task to be made, with everything looked up and checked but links, attributes and sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// Its id.
    pub id: ContactId,
    /// When the request arrived.
    pub now: Timestamp,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// References but attachments.
    pub references: BTreeMap<String, Reference>,
    /// Files to fetch; each becomes a reference with its name as key.
    pub attachments: Vec<PendingAttachment>,
    /// Attributes of the request, their keys checked by [`attributes::check_keys`].
    pub attributes: BTreeMap<String, String>,
    /// User-defined segment attributes.
    pub segment: BTreeMap<String, SegmentValue>,
    /// User tags.
    pub tags: Tags,
    /// Start, when it is not now.
    pub scheduled: Option<Timestamp>,
    /// Duration, when it is not the default.
    pub expiry_minutes: Option<u32>,
    /// The template used.
    pub template: Option<TemplateUse>,
    /// The quick connect used.
    pub quick_connect: Option<QuickConnectId>,
    /// The flow to run.
    pub flow: ContactFlowId,
    /// The queue it begins with.
    pub target_queue: Option<QueueId>,
    /// The user who made it.
    pub created_by: Option<UserId>,
    /// Whether that user takes it.
    pub self_assigned: bool,
}

/// The contact that a new one is linked to.
#[derive(Clone, Copy, Debug)]
pub enum Link<'a> {
    /// None.
    None,
    /// PreviousContactId: joins its chain and shares its attributes (R3).
    Previous(&'a Contact, &'a Chain),
    /// RelatedContactId: gets a copy of its attributes (R4).
    Related(&'a Contact, &'a Chain),
}

impl Contact {
    /// Makes a contact and its chain as they are before [`Event::Begin`](crate::contact::Event::Begin). The chain is a
    /// new one or, with [`Link::Previous`], that of the previous contact with the contact in it.
    pub fn create(task: NewTask, link: Link<'_>, limits: &Limits) -> Result<(Contact, Chain), Refusal> {
        let chain = chain(&task, link, limits)?;
        let (initial, previous, related, association, depth) = match link {
            Link::None => (None, None, None, None, 1),
            Link::Previous(contact, _) => {
                let root = contact.association.unwrap_or(contact.chain_id());
                (Some(contact.chain_id()), Some(contact.id), None, Some(root), contact.depth + 1)
            }
            Link::Related(contact, _) => {
                let root = contact.association.unwrap_or(contact.chain_id());
                (None, None, Some(contact.id), Some(root), 1)
            }
        };
        references::check_size(&task.references, limits)?;
        let mut references = task.references;
        for file in &task.attachments {
            let reference = Reference {
                reference_type: ReferenceType::Attachment,
                value: file.file.to_string(),
                status: Some(ReferenceStatus::Processing),
                status_reason: None,
                file: Some(file.file),
            };
            if references.insert(file.key.clone(), reference).is_some() {
                let why = "a reference has this key, give the file another name".to_owned();
                return Err(Refusal::AttachmentName { file_name: file.key.clone(), why });
            }
        }
        let start = task.scheduled.unwrap_or(task.now);
        let minutes = task.expiry_minutes.unwrap_or(limits.expiry_minutes_default);
        let times = Times {
            initiation: task.now,
            last_update: task.now,
            expiry: start.plus_millis(i64::from(minutes) * MINUTE),
            scheduled: task.scheduled,
            ..Times::default()
        };
        let state = if task.scheduled.is_some() { State::Scheduled } else { State::InFlow };
        let contact = Contact {
            state,
            initial,
            previous,
            related,
            association,
            depth,
            description: task.description,
            references,
            segment: task.segment,
            tags: task.tags,
            target_queue: task.target_queue,
            template: task.template,
            quick_connect: task.quick_connect,
            start_flow: Some(task.flow),
            attachments: task.attachments,
            created_by: task.created_by,
            self_assigned: task.self_assigned,
            ..Contact::blank(task.id, InitiationMethod::Api, times, task.name)
        };
        Ok((contact, chain))
    }

    /// A contact on its own that nothing is known of yet.
    pub(crate) fn blank(id: ContactId, initiation_method: InitiationMethod, times: Times, name: String) -> Contact {
        Contact {
            id,
            state: State::InFlow,
            initiation_method,
            times,
            initial: None,
            previous: None,
            related: None,
            association: None,
            depth: 1,
            name,
            description: None,
            references: BTreeMap::new(),
            segment: BTreeMap::new(),
            tags: Tags::new(),
            target_queue: None,
            queue: None,
            queue_priority: None,
            queue_time_adjustment_seconds: None,
            disconnect_reason: None,
            template: None,
            quick_connect: None,
            reschedules: 0,
            start_flow: None,
            runs: Vec::new(),
            runs_begun: 0,
            hooks: Vec::new(),
            flow_logging: false,
            attachments: Vec::new(),
            created_by: None,
            self_assigned: false,
            language_code: None,
            customer_id: None,
            offer: None,
            offers: 0,
            agent: None,
            pauses: None,
            criteria: Vec::new(),
            next: None,
            ranked_since: None,
            generation: 0,
            trace: None,
            hooks_disabled: Vec::new(),
        }
    }
}

fn chain(task: &NewTask, link: Link<'_>, limits: &Limits) -> Result<Chain, Refusal> {
    let first = |old: &BTreeMap<String, String>| {
        Ok(Chain {
            id: task.id,
            attributes: attributes::merge(old, &task.attributes, limits)?,
            members: 1,
            open: 1,
            linked: BTreeMap::new(),
            ended: None,
        })
    };
    match link {
        Link::None => first(&BTreeMap::new()),
        Link::Related(_, chain) => first(&chain.attributes),
        Link::Previous(previous, chain) => {
            assert_eq!(chain.id, previous.chain_id(), "a contact is linked with its own chain");
            let mut chain = chain.clone();
            let linked = chain.linked.entry(previous.id).or_default();
            if *linked >= limits.linked_tasks_max {
                return Err(Refusal::TooManyLinkedTasks { previous: previous.id, max: limits.linked_tasks_max });
            }
            *linked += 1;
            if previous.depth >= limits.chain_members_max {
                return Err(Refusal::ChainTooLong { previous: previous.id, max: limits.chain_members_max });
            }
            chain.attributes = attributes::merge(&chain.attributes, &task.attributes, limits)?;
            chain.members += 1;
            chain.open += 1;
            chain.ended = None;
            Ok(chain)
        }
    }
}
