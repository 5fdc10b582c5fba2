//! What a template's definition has to be: task-templates.md sections 2 to 4. All problems at once.

use std::collections::HashSet;

use crate::flow::{ContactFlow, FlowState};
use crate::id::{ContactFlowId, QuickConnectId};
use crate::limits::Limits;
use crate::name::named_enum;
use crate::start_task::schedule;
use crate::template::{FieldType, TaskTemplate, TaskTemplateField, TaskTemplateStatus};

/// Most options of a SINGLE_SELECT.
const OPTIONS_MAX: usize = 50;

named_enum! {
    /// Why a property is refused (PropertyValidationException).
    PropertyReason {
        /// Wrong form.
        InvalidFormat = 0 "INVALID_FORMAT",
        /// Given twice.
        UniqueConstraintViolated = 1 "UNIQUE_CONSTRAINT_VIOLATED",
        /// Names what is not there.
        ReferencedResourceNotFound = 2 "REFERENCED_RESOURCE_NOT_FOUND",
        /// Name taken.
        ResourceNameAlreadyExists = 3 "RESOURCE_NAME_ALREADY_EXISTS",
        /// Missing.
        RequiredPropertyMissing = 4 "REQUIRED_PROPERTY_MISSING",
        /// Not possible.
        NotSupported = 5 "NOT_SUPPORTED",
    }
}

/// A problem of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyProblem {
    /// Path of the member, such as `Fields[2].Id.Name`.
    pub path: String,
    /// Why.
    pub reason: PropertyReason,
    /// The rule and the way out.
    pub message: String,
}

struct Problems(Vec<PropertyProblem>);

impl Problems {
    fn add(&mut self, path: impl Into<String>, reason: PropertyReason, message: impl Into<String>) {
        self.0.push(PropertyProblem { path: path.into(), reason, message: message.into() });
    }
}

/// All problems of a template, none when it is good. Whether its name is taken is for the caller to look up.
pub fn check<'a>(
    template: &TaskTemplate,
    flow: impl Fn(ContactFlowId) -> Option<&'a ContactFlow>,
    limits: &Limits,
) -> Vec<PropertyProblem> {
    let mut problems = Problems(Vec::new());
    check_fields(template, &mut problems);
    check_constraints(template, &mut problems);
    check_defaults(template, limits, &mut problems);
    check_flows(template, flow, &mut problems);
    problems.0
}

fn at_most_one(kind: FieldType) -> bool {
    kind.reference_type().is_none()
}

fn check_fields(template: &TaskTemplate, problems: &mut Problems) {
    use PropertyReason as Reason;
    let mut names = HashSet::new();
    let mut kinds = HashSet::new();
    for (i, field) in template.fields.iter().enumerate() {
        if !names.insert(field.name.as_str()) {
            let message = format!("two fields are named {:?}, give each its own name", field.name);
            problems.add(format!("Fields[{i}].Id.Name"), Reason::UniqueConstraintViolated, message);
        }
        let kind = field.kind();
        if at_most_one(kind) && !kinds.insert(kind) {
            let message = format!("a template has at most one field of type {kind}");
            problems.add(format!("Fields[{i}].Type"), Reason::UniqueConstraintViolated, message);
        }
        check_options(i, field, problems);
    }
    if template.field_of_type(FieldType::Name).is_none() {
        problems.add("Fields", Reason::RequiredPropertyMissing, "a template needs a field of type NAME");
    }
}

fn check_options(i: usize, field: &TaskTemplateField, problems: &mut Problems) {
    use PropertyReason as Reason;
    let path = format!("Fields[{i}].SingleSelectOptions");
    match (field.kind() == FieldType::SingleSelect, field.options.len()) {
        (true, 0) => problems.add(path, Reason::RequiredPropertyMissing, "a SINGLE_SELECT field needs options"),
        (false, 1..) => problems.add(path, Reason::NotSupported, format!("a {} field has no options", field.kind())),
        (true, n) if n > OPTIONS_MAX => {
            problems.add(path, Reason::InvalidFormat, format!("{n} options are given, the most is {OPTIONS_MAX}"));
        }
        (true, _) | (false, 0) => {}
    }
}

fn check_constraints(template: &TaskTemplate, problems: &mut Problems) {
    use PropertyReason as Reason;
    let constraints = &template.constraints;
    let lists = [
        ("RequiredFields", &constraints.required),
        ("ReadOnlyFields", &constraints.read_only),
        ("InvisibleFields", &constraints.invisible),
    ];
    for (list, names) in lists {
        for (i, name) in names.iter().enumerate() {
            if !template.fields.iter().any(|field| field.name == *name) {
                let message = format!("no field of the template is named {name:?}");
                problems.add(format!("Constraints.{list}[{i}].Id.Name"), Reason::ReferencedResourceNotFound, message);
            }
        }
    }
    for (i, name) in constraints.required.iter().enumerate() {
        let fixed = constraints.read_only.contains(name) || constraints.invisible.contains(name);
        if fixed && template.default_of(name).is_none() {
            let message = format!("field {name:?} is required and cannot be filled in: give it a default value");
            problems.add(format!("Constraints.RequiredFields[{i}].Id.Name"), Reason::RequiredPropertyMissing, message);
        }
    }
}

fn check_defaults(template: &TaskTemplate, limits: &Limits, problems: &mut Problems) {
    use PropertyReason as Reason;
    let mut seen = HashSet::new();
    for (i, default) in template.defaults.iter().enumerate() {
        let path = format!("Defaults.DefaultFieldValues[{i}]");
        let Some(field) = template.fields.iter().find(|field| field.name == default.field) else {
            let message = format!("no field of the template is named {:?}", default.field);
            problems.add(format!("{path}.Id.Name"), Reason::ReferencedResourceNotFound, message);
            continue;
        };
        if !seen.insert(default.field.as_str()) {
            let message = format!("field {:?} has two default values, give one", default.field);
            problems.add(format!("{path}.Id.Name"), Reason::UniqueConstraintViolated, message);
        }
        if let Err((reason, message)) = check_default(field, &default.value, limits) {
            problems.add(format!("{path}.DefaultValue"), reason, message);
        }
    }
}

fn check_default(field: &TaskTemplateField, value: &str, limits: &Limits) -> Result<(), (PropertyReason, String)> {
    use PropertyReason as Reason;
    let format = |message: String| (Reason::InvalidFormat, message);
    match field.kind() {
        FieldType::ScheduledTime => {
            Err((Reason::NotSupported, "a SCHEDULED_TIME field has no default value: leave it out".to_owned()))
        }
        FieldType::QuickConnect if value.parse::<QuickConnectId>().is_err() => {
            Err(format("give the id of a quick connect".to_owned()))
        }
        FieldType::SelfAssign if !matches!(value, "true" | "false") => Err(format("give true or false".to_owned())),
        FieldType::ExpiryDuration => {
            let minutes = value.parse::<i64>().map_err(|_| format("give a number of minutes".to_owned()))?;
            schedule::expiry_minutes(minutes, limits).map(|_| ()).map_err(|refusal| format(refusal.to_string()))
        }
        _ => field.check_value(value).map_err(format),
    }
}

fn check_flows<'a>(
    template: &TaskTemplate,
    flow: impl Fn(ContactFlowId) -> Option<&'a ContactFlow>,
    problems: &mut Problems,
) {
    use PropertyReason as Reason;
    for (path, id) in [("ContactFlowId", template.flow), ("SelfAssignFlowId", template.self_assign_flow)] {
        let Some(id) = id else { continue };
        let usable = flow(id).is_some_and(|flow| flow.state == FlowState::Active && flow.published.is_some());
        if !usable {
            problems.add(
                path,
                Reason::ReferencedResourceNotFound,
                format!("no published and active flow has the id {id}"),
            );
        }
    }
    // An inactive template may be without a flow: StartTaskContact speaks of such templates, too.
    let active = template.status == TaskTemplateStatus::Active;
    if active && template.flow.is_none() && template.field_of_type(FieldType::QuickConnect).is_none() {
        let message = "an ACTIVE template needs a ContactFlowId or a field of type QUICK_CONNECT";
        problems.add("ContactFlowId", Reason::RequiredPropertyMissing, message);
    }
    if template.self_assign_flow.is_none() && template.field_of_type(FieldType::SelfAssign).is_some() {
        let message = "a template with a field of type SELF_ASSIGN needs a SelfAssignFlowId";
        problems.add("SelfAssignFlowId", Reason::RequiredPropertyMissing, message);
    }
}
