//! CreateTask.

use std::collections::BTreeMap;

use crate::contact::step::Move;
use crate::contact::{Contact, Effect, Link, NewTask, Reference, ReferenceType, TemplateUse};
use crate::flow::compile::TaskTexts;
use crate::flow::interpret::Outcome;
use crate::flow::interpret::control::NUMBER_BYTES_MAX;
use crate::flow::interpret::data::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX};
use crate::flow::interpret::routing::ID_BYTES_MAX;
use crate::flow::reference::Text;
use crate::id::ContactId;
use crate::start_task::flow_source::{self, Sources};
use crate::start_task::references::{self, is_url};
use crate::start_task::schedule;
use crate::tag::Tags;
use crate::template::{self, TaskFields};
use crate::time::Timestamp;

/// Longest delay, in seconds: six days.
const DELAY_SECONDS_MAX: i64 = 518_400;

impl Move<'_> {
    /// Makes a task that is related to this contact, and has a copy of its attributes (R4). All that StartTaskContact
    /// refuses is an error here, and so are a time that has passed, one task too many made by tasks made by flows, and
    /// one too many of a run that does not wait.
    pub(super) fn create_task(&mut self, texts: &TaskTexts) -> Outcome {
        match self.make_task(texts) {
            Ok(id) => {
                let run = self.run_mut();
                run.tasks_since_wait += 1;
                run.results_mut().task = Some(id);
                Outcome::Next
            }
            Err(why) => Outcome::error(why),
        }
    }

    fn make_task(&mut self, texts: &TaskTexts) -> Result<ContactId, String> {
        let limits = self.env.limits();
        let generation = self.contact.generation + 1;
        if generation > limits.flow_task_generation_max {
            let most = limits.flow_task_generation_max;
            return Err(format!("tasks made by flows make tasks {most} deep at most (flow_task_generation_max)"));
        }
        let most = limits.flow_tasks_without_wait_max;
        if self.contact.runs.last().is_some_and(|run| run.tasks_since_wait >= most) {
            return Err(format!("a flow makes {most} tasks at most without waiting (flow_tasks_without_wait_max)"));
        }
        self.env.check_task_quota()?;
        let now = self.env.now();
        let chars = |name: &str, most: usize| format!("{name} has more than {most} characters");
        let name = self.limited(texts.name.as_ref(), NAME_CHARS_MAX).map_err(|()| chars("Name", NAME_CHARS_MAX))?;
        let description = self.limited(texts.description.as_ref(), DESCRIPTION_CHARS_MAX);
        let description = description.map_err(|()| chars("Description", DESCRIPTION_CHARS_MAX))?;
        let template = match &texts.template {
            Some(text) => {
                let template = self.named(text, |id| self.env.template(id.parse().ok()?));
                Some(template.ok_or_else(|| self.not_there("task template", text))?)
            }
            None => None,
        };
        let mut fields = TaskFields {
            name: name.unwrap_or_default(),
            description,
            references: self.task_references(texts)?,
            ..TaskFields::default()
        };
        let scheduled = self.task_start(texts, now)?;
        if let Some(template) = &template {
            template::apply(template, &mut fields, true, limits).map_err(|refusal| refusal.to_string())?;
        }
        if fields.name.is_empty() {
            return Err("Name is empty".to_owned());
        }
        let own_flow = template.as_ref().is_some_and(|template| template.flow.is_some());
        let flow = texts.flow.as_ref().filter(|_| !own_flow);
        let flow = flow.map(|text| self.flow_named(text).ok_or_else(|| self.not_there("flow", text))).transpose()?;
        let sources = Sources { template: template.as_deref(), flow, ..Sources::default() };
        let choice = flow_source::choose(sources).map_err(|refusal| refusal.to_string())?;
        let flow = self.env.flow(choice.flow);
        flow_source::check_flow(&choice, flow.as_deref()).map_err(|refusal| refusal.to_string())?;
        let attributes = self.attributes(&texts.attributes)?;
        let task = NewTask {
            id: self.env.new_contact_id(),
            now,
            name: fields.name,
            description: fields.description,
            references: fields.references,
            attachments: Vec::new(),
            attributes,
            segment: BTreeMap::new(),
            tags: Tags::default(),
            scheduled,
            expiry_minutes: fields.expiry_minutes,
            template: template.as_ref().map(|template| TemplateUse {
                id: template.id,
                version: template.version,
                name: template.name.clone(),
            }),
            quick_connect: None,
            flow: choice.flow,
            target_queue: choice.target_queue,
            created_by: None,
            self_assigned: false,
        };
        let id = task.id;
        let made = Contact::create(task, Link::Related(self.contact, self.chain), self.env.limits());
        let (mut contact, chain) = made.map_err(|refusal| refusal.to_string())?;
        contact.generation = generation;
        self.effects.push(Effect::CreateTask { contact: Box::new(contact), chain });
        Ok(id)
    }

    /// When the task starts, if not now.
    fn task_start(&self, texts: &TaskTexts, now: Timestamp) -> Result<Option<Timestamp>, String> {
        let number = |name: &str, text: &Option<Text>| match text {
            Some(text) => {
                let text = self.text(text, NUMBER_BYTES_MAX).unwrap_or_default();
                text.trim().parse::<i64>().map(Some).map_err(|_| format!("{name} {text:?} is no whole number"))
            }
            None => Ok(None),
        };
        let at = match (number("DelaySeconds", &texts.delay_seconds)?, number("ScheduledTime", &texts.scheduled)?) {
            (Some(delay), _) if !(1..=DELAY_SECONDS_MAX).contains(&delay) => {
                return Err(format!("DelaySeconds is {delay}, not 1 to {DELAY_SECONDS_MAX}"));
            }
            (Some(delay), _) => now.plus_seconds(delay),
            (None, Some(seconds)) => {
                let millis = seconds.checked_mul(1_000).ok_or("ScheduledTime is beyond all time")?;
                Timestamp(millis)
            }
            (None, None) => return Ok(None),
        };
        if at <= now {
            return Err(format!("ScheduledTime {at} has passed"));
        }
        schedule::start(at, now, self.env.limits()).map_err(|refusal| refusal.to_string())
    }

    /// One that tells no type is a URL when its value is one, and text otherwise.
    fn task_references(&self, texts: &TaskTexts) -> Result<BTreeMap<String, Reference>, String> {
        let limits = self.env.limits();
        let mut given = Vec::new();
        for reference in &texts.references {
            let too_long = || format!("the references have more than {} bytes", limits.references_bytes_max);
            let value = self.text(&reference.value, limits.references_bytes_max).ok_or_else(too_long)?;
            let kind = match &reference.reference_type {
                Some(text) => {
                    let name = self.text(text, ID_BYTES_MAX).unwrap_or_default();
                    name.parse().map_err(|_| format!("{name:?} is no type of a reference"))?
                }
                None if is_url(&value) => ReferenceType::Url,
                None => ReferenceType::String,
            };
            given.push((reference.key.clone(), kind, value));
        }
        references::check(given, limits).map_err(|refusal| refusal.to_string())
    }
}
