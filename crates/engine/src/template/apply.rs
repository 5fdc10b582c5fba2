//! What a template does to the task made from it: R15 and task-templates.md section 5.

use std::collections::BTreeMap;

use crate::contact::Reference;
use crate::id::QuickConnectId;
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::start_task::schedule;
use crate::template::{FieldType, TaskTemplate, TaskTemplateField};
use crate::time::Timestamp;

/// The members of a request that fields of a template stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFields {
    /// Name; empty is absent.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// ScheduledTime.
    pub scheduled: Option<Timestamp>,
    /// QuickConnectId.
    pub quick_connect: Option<QuickConnectId>,
    /// Segment attribute connect:AssignmentType; a template cannot say no to a request that says yes.
    pub self_assigned: bool,
    /// Segment attribute connect:ContactExpiry, in minutes.
    pub expiry_minutes: Option<u32>,
    /// References.
    pub references: BTreeMap<String, Reference>,
}

impl TaskFields {
    /// The value that the request has for a field, as text.
    fn value(&self, field: &TaskTemplateField) -> Option<String> {
        match field.kind() {
            FieldType::Name => Some(self.name.clone()).filter(|name| !name.is_empty()),
            FieldType::Description => self.description.clone(),
            FieldType::ScheduledTime => self.scheduled.map(|at| at.to_string()),
            FieldType::QuickConnect => self.quick_connect.map(|id| id.to_string()),
            FieldType::SelfAssign => self.self_assigned.then(|| "true".to_owned()),
            FieldType::ExpiryDuration => self.expiry_minutes.map(|minutes| minutes.to_string()),
            FieldType::Url
            | FieldType::Number
            | FieldType::Text
            | FieldType::TextArea
            | FieldType::DateTime
            | FieldType::Boolean
            | FieldType::SingleSelect
            | FieldType::Email => self.references.get(&field.name).map(|reference| reference.value.clone()),
        }
    }

    /// Takes the default of a field that the request left out.
    fn fill(&mut self, field: &TaskTemplateField, default: &str, limits: &Limits) -> Result<(), String> {
        match field.kind() {
            FieldType::Name => self.name = default.to_owned(),
            FieldType::Description => self.description = Some(default.to_owned()),
            FieldType::ScheduledTime => return Err("a ScheduledTime has no default".to_owned()),
            FieldType::QuickConnect => {
                self.quick_connect =
                    Some(default.parse().map_err(|_| "its default is not the id of a quick connect".to_owned())?);
            }
            FieldType::SelfAssign => self.self_assigned = default == "true",
            FieldType::ExpiryDuration => {
                let minutes = default.parse().map_err(|_| "its default is not a number of minutes".to_owned())?;
                self.expiry_minutes =
                    Some(schedule::expiry_minutes(minutes, limits).map_err(|refusal| refusal.to_string())?);
            }
            kind @ (FieldType::Url
            | FieldType::Number
            | FieldType::Text
            | FieldType::TextArea
            | FieldType::DateTime
            | FieldType::Boolean
            | FieldType::SingleSelect
            | FieldType::Email) => {
                if let Some(reference_type) = kind.reference_type() {
                    let value = default.to_owned();
                    let reference = Reference { reference_type, value, status: None, status_reason: None, file: None };
                    self.references.insert(field.name.clone(), reference);
                }
            }
        }
        Ok(())
    }
}

/// Checks a request against its template and fills in what it leaves out.
///
/// The default of a QUICK_CONNECT field is taken only when the template has no flow and the request names none, for
/// otherwise two sources would name a flow; that of SELF_ASSIGN is the state of a switch on the agents' screen and not
/// taken at all.
pub fn apply(
    template: &TaskTemplate,
    fields: &mut TaskFields,
    names_flow: bool,
    limits: &Limits,
) -> Result<(), Refusal> {
    for field in &template.fields {
        let refuse =
            |why: String| Err(Refusal::TemplateField { template: template.id, field: field.name.clone(), why });
        let default = match field.kind() {
            FieldType::QuickConnect if template.flow.is_some() || names_flow => None,
            FieldType::SelfAssign => None,
            _ => template.default_of(&field.name),
        };
        if let Some(value) = fields.value(field) {
            if let Err(why) = check_given(template, field, &value, default, fields) {
                return refuse(why);
            }
        } else if let Some(default) = default
            && let Err(why) = fields.fill(field, default, limits)
        {
            return refuse(why);
        }
        let required = limits.enforce_required_template_fields && template.constraints.required.contains(&field.name);
        if required && fields.value(field).is_none() {
            return refuse(format!("it is required: give {}", place_of(field)));
        }
    }
    Ok(())
}

/// Checks what UpdateContact changes on a task made from a template; what it leaves out stays and is not asked for.
pub fn check_update(template: &TaskTemplate, fields: &TaskFields) -> Result<(), Refusal> {
    for field in &template.fields {
        let Some(value) = fields.value(field) else { continue };
        check_given(template, field, &value, template.default_of(&field.name), fields)
            .map_err(|why| Refusal::TemplateField { template: template.id, field: field.name.clone(), why })?;
    }
    Ok(())
}

/// A value that was given: of the field's type, and the default when the field is not to be changed.
fn check_given(
    template: &TaskTemplate,
    field: &TaskTemplateField,
    value: &str,
    default: Option<&str>,
    fields: &TaskFields,
) -> Result<(), String> {
    if let Some(wanted) = field.kind().reference_type()
        && let Some(reference) = fields.references.get(&field.name)
        && reference.reference_type != wanted
    {
        return Err(format!("a reference of type {wanted} is needed, a {} was given", reference.reference_type));
    }
    field.check_value(value)?;
    let constraints = &template.constraints;
    let fixed = constraints.read_only.contains(&field.name) || constraints.invisible.contains(&field.name);
    if fixed && default != Some(value) {
        let leave =
            default.map_or_else(|| "leave it out".to_owned(), |d| format!("leave it out or give its default {d:?}"));
        return Err(format!("it cannot be given: {leave}"));
    }
    Ok(())
}

fn place_of(field: &TaskTemplateField) -> String {
    match field.kind() {
        FieldType::Name => "Name".to_owned(),
        FieldType::Description => "Description".to_owned(),
        FieldType::ScheduledTime => "ScheduledTime".to_owned(),
        FieldType::QuickConnect => "QuickConnectId".to_owned(),
        FieldType::SelfAssign => "segment attribute connect:AssignmentType".to_owned(),
        FieldType::ExpiryDuration => "segment attribute connect:ContactExpiry".to_owned(),
        FieldType::Url
        | FieldType::Number
        | FieldType::Text
        | FieldType::TextArea
        | FieldType::DateTime
        | FieldType::Boolean
        | FieldType::SingleSelect
        | FieldType::Email => format!("a reference with key {:?}", field.name),
    }
}
