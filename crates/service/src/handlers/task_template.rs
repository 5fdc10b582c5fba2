//! Task templates. The current version is a hot record; earlier ones are cold, because tasks keep the version that they
//! were made from.
//!
//! Facts: `task-templates.md` sections 1 to 4 and 6, `observed-errors.md` S4 and E-T1.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::shapes;
use engine::arn::{Resource, id_of};
use engine::flow::ContactFlow;
use engine::template::{
    FieldConstraints, FieldDefault, PropertyProblem, PropertyReason, TaskTemplate, TaskTemplateField,
    TaskTemplateStatus, check,
};
use engine::{ContactFlowId, TaskTemplateId};
use serde_json::json;
use store::{KeyId, Kind};

use super::resource::{load, same, shown};
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

/// Most fields of a template (`task-templates.md` section 6).
const FIELDS_MAX: usize = 50;

in_instance!(
    shapes::CreateTaskTemplateRequest,
    shapes::GetTaskTemplateRequest,
    shapes::ListTaskTemplatesRequest,
    shapes::UpdateTaskTemplateRequest,
    shapes::DeleteTaskTemplateRequest,
);

impl Record for TaskTemplate {
    const KIND: Kind = kinds::TASK_TEMPLATE;
    const NAME: &'static str = "task template";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

/// The key of a version that is not the current one.
fn version_key(id: TaskTemplateId, version: u32) -> [u8; 20] {
    let mut key = [0; 20];
    key[..16].copy_from_slice(id.as_bytes());
    key[16..].copy_from_slice(&version.to_be_bytes());
    key
}

/// One version of a template, also of one that is deleted; `None` if there never was such a version.
pub(crate) fn load_version(tx: &Tx<'_>, id: TaskTemplateId, version: u32) -> Result<Option<TaskTemplate>, Halt> {
    match tx.get::<TaskTemplate>(id.as_bytes()) {
        Some(current) if current.version == version => Ok(Some(TaskTemplate::clone(&current))),
        Some(current) if current.version < version => Ok(None),
        Some(_) | None => tx.cold(kinds::TASK_TEMPLATE_VERSION, &version_key(id, version)),
    }
}

fn keep_version(tx: &mut Tx<'_>, template: &TaskTemplate) {
    tx.put_cold(kinds::TASK_TEMPLATE_VERSION, &version_key(template.id, template.version), template);
}

fn arn(tx: &Tx<'_>, id: TaskTemplateId) -> String {
    tx.arn_scope().arn(Resource::TaskTemplate(id))
}

/// The members that define a template, alike in both requests that define one.
struct Definition<'a> {
    name: &'a str,
    description: Option<&'a String>,
    flow: Option<&'a String>,
    self_assign_flow: Option<&'a String>,
    constraints: Option<&'a shapes::TaskTemplateConstraints>,
    defaults: Option<&'a shapes::TaskTemplateDefaults>,
    status: Option<shapes::TaskTemplateStatus>,
    fields: &'a [shapes::TaskTemplateField],
}

/// What stays the same over all versions of a template, and what the next has.
struct Origin {
    id: TaskTemplateId,
    version: u32,
    tags: BTreeMap<String, String>,
    created: engine::Timestamp,
}

impl Definition<'_> {
    /// Judges the definition in full.
    ///
    /// # Errors
    /// ServiceQuotaExceededException for too many fields, PropertyValidationException with every problem for the rest.
    fn accept(&self, tx: &Tx<'_>, origin: Origin) -> Result<TaskTemplate, ApiError> {
        let count = self.fields.len();
        if count > FIELDS_MAX {
            return Err(ApiError::service_quota(format!(
                "{count} fields are given: a task template has at most {FIELDS_MAX}"
            )));
        }
        let mut problems = Vec::new();
        let mut flow_id = |path: &str, given: Option<&String>| -> Option<ContactFlowId> {
            let given = given?;
            let id = id_of(given).parse().ok();
            if id.is_none() {
                problems.push(PropertyProblem {
                    path: path.to_owned(),
                    reason: PropertyReason::ReferencedResourceNotFound,
                    message: format!("no published and active flow has the id {given}"),
                });
            }
            id
        };
        let flow = flow_id("ContactFlowId", self.flow);
        let self_assign_flow = flow_id("SelfAssignFlowId", self.self_assign_flow);
        let template = TaskTemplate {
            id: origin.id,
            version: origin.version,
            name: self.name.to_owned(),
            description: self.description.cloned(),
            flow,
            self_assign_flow,
            status: self.status.map_or(TaskTemplateStatus::Active, |status| same(status.as_str())),
            fields: self.fields.iter().map(field).collect(),
            constraints: self.constraints.map(constraints).unwrap_or_default(),
            defaults: self
                .defaults
                .iter()
                .flat_map(|defaults| &defaults.default_field_values)
                .flatten()
                .map(default)
                .collect(),
            tags: origin.tags,
            created: origin.created,
            last_modified: tx.now,
        };
        let flows: Vec<Arc<ContactFlow>> =
            [flow, self_assign_flow].into_iter().flatten().filter_map(|id| tx.get(id.as_bytes())).collect();
        let found =
            check(&template, |id| flows.iter().find(|flow| flow.id == id).map(|flow| &**flow), &tx.settings().limits);
        // An id that is none was told already: that it is missing would contradict that.
        let told: Vec<String> = problems.iter().map(|problem| problem.path.clone()).collect();
        problems.extend(found.into_iter().filter(|problem| !told.contains(&problem.path)));
        problems.extend(nameless_fields(self.fields));
        if tx.list::<TaskTemplate>().iter().any(|other| other.name == template.name && other.id != template.id) {
            problems.push(PropertyProblem {
                path: "Name".to_owned(),
                reason: PropertyReason::ResourceNameAlreadyExists,
                message: format!("a task template is named {:?}: choose another name", template.name),
            });
        }
        if problems.is_empty() { Ok(template) } else { Err(property_validation(&problems)) }
    }
}

/// The model lets a field be without a name, which nothing could then refer to.
fn nameless_fields(fields: &[shapes::TaskTemplateField]) -> impl Iterator<Item = PropertyProblem> {
    fields.iter().enumerate().filter(|(_, field)| field.id.name.is_none()).map(|(i, _)| PropertyProblem {
        path: format!("Fields[{i}].Id.Name"),
        reason: PropertyReason::RequiredPropertyMissing,
        message: "a field needs a name".to_owned(),
    })
}

/// The exception with all problems. The live service leaves its message away; ours sums the problems up.
fn property_validation(problems: &[PropertyProblem]) -> ApiError {
    let sum: Vec<String> =
        problems.iter().map(|problem| format!("{}: {} ({})", problem.path, problem.message, problem.reason)).collect();
    let list: Vec<_> = problems
        .iter()
        .map(|problem| {
            json!({ "PropertyPath": problem.path, "Reason": problem.reason.as_str(), "Message": problem.message })
        })
        .collect();
    ApiError::new("PropertyValidationException", sum.join("; ")).with("PropertyList", json!(list))
}

fn field(given: &shapes::TaskTemplateField) -> TaskTemplateField {
    TaskTemplateField {
        name: given.id.name.clone().unwrap_or_default(),
        description: given.description.clone(),
        field_type: given.r#type.map(|kind| same(kind.as_str())),
        options: given.single_select_options.clone().unwrap_or_default(),
    }
}

fn field_name(id: Option<&shapes::TaskTemplateFieldIdentifier>) -> String {
    id.and_then(|id| id.name.clone()).unwrap_or_default()
}

fn constraints(given: &shapes::TaskTemplateConstraints) -> FieldConstraints {
    FieldConstraints {
        required: given.required_fields.iter().flatten().map(|field| field_name(field.id.as_ref())).collect(),
        read_only: given.read_only_fields.iter().flatten().map(|field| field_name(field.id.as_ref())).collect(),
        invisible: given.invisible_fields.iter().flatten().map(|field| field_name(field.id.as_ref())).collect(),
    }
}

fn default(given: &shapes::TaskTemplateDefaultFieldValue) -> FieldDefault {
    FieldDefault { field: field_name(given.id.as_ref()), value: given.default_value.clone().unwrap_or_default() }
}

/// Makes a task template. The same token makes it once.
pub(crate) fn create_task_template(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateTaskTemplateRequest,
) -> Result<shapes::CreateTaskTemplateResponse, Halt> {
    let answer =
        |tx: &Tx<'_>, id: TaskTemplateId| shapes::CreateTaskTemplateResponse { id: id.to_string(), arn: arn(tx, id) };
    if let Some(id) = tx.replayed()? {
        return Ok(answer(tx, TaskTemplateId(id)));
    }
    let count = tx.list::<TaskTemplate>().len();
    if let Some(quota) = tx.settings().quotas.task_templates.filter(|quota| count >= *quota) {
        return Err(ApiError::service_quota(format!(
            "the instance has {count} task templates, and its quota is {quota}; delete some, or raise the quota in the configuration"
        ))
        .into());
    }
    let definition = Definition {
        name: &input.name,
        description: input.description.as_ref(),
        flow: input.contact_flow_id.as_ref(),
        self_assign_flow: input.self_assign_flow_id.as_ref(),
        constraints: input.constraints.as_ref(),
        defaults: input.defaults.as_ref(),
        status: input.status,
        fields: &input.fields,
    };
    let id = TaskTemplateId(tx.new_id());
    let template = definition.accept(tx, Origin { id, version: 1, tags: BTreeMap::new(), created: tx.now })?;
    tx.put(template);
    tx.made(id.0);
    Ok(answer(tx, id))
}

fn shown_field(field: &TaskTemplateField) -> shapes::TaskTemplateField {
    shapes::TaskTemplateField {
        id: shapes::TaskTemplateFieldIdentifier { name: Some(field.name.clone()) },
        description: field.description.clone(),
        r#type: field.field_type.map(|kind| same(kind.as_str())),
        single_select_options: Some(field.options.clone()).filter(|options| !options.is_empty()),
    }
}

/// A list that is left out when it is empty.
fn some<T, U>(items: &[T], shown: impl Fn(&T) -> U) -> Option<Vec<U>> {
    (!items.is_empty()).then(|| items.iter().map(shown).collect())
}

fn shown_constraints(given: &FieldConstraints) -> Option<shapes::TaskTemplateConstraints> {
    let id = |name: &String| Some(shapes::TaskTemplateFieldIdentifier { name: Some(name.clone()) });
    (*given != FieldConstraints::default()).then(|| shapes::TaskTemplateConstraints {
        required_fields: some(&given.required, |name| shapes::RequiredFieldInfo { id: id(name) }),
        read_only_fields: some(&given.read_only, |name| shapes::ReadOnlyFieldInfo { id: id(name) }),
        invisible_fields: some(&given.invisible, |name| shapes::InvisibleFieldInfo { id: id(name) }),
    })
}

fn shown_defaults(defaults: &[FieldDefault]) -> Option<shapes::TaskTemplateDefaults> {
    let value = |default: &FieldDefault| shapes::TaskTemplateDefaultFieldValue {
        id: Some(shapes::TaskTemplateFieldIdentifier { name: Some(default.field.clone()) }),
        default_value: Some(default.value.clone()),
    };
    some(defaults, value).map(|values| shapes::TaskTemplateDefaults { default_field_values: Some(values) })
}

/// Shows a template, as it is or as a version of it was.
pub(crate) fn get_task_template(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::GetTaskTemplateRequest,
) -> Result<shapes::GetTaskTemplateResponse, Halt> {
    let current = load::<TaskTemplate>(tx, &input.task_template_id)?;
    let template = match &input.snapshot_version {
        None => TaskTemplate::clone(&current),
        Some(given) => {
            let version = given.parse().map_err(|_| {
                ApiError::invalid_parameter(format!(
                    "SnapshotVersion {given:?} is not a version: give a number from 1 to {}",
                    current.version
                ))
            })?;
            let missing = || resource_not_found("task template version", &format!("{version} of {}", current.id));
            load_version(tx, current.id, version)?.ok_or_else(missing)?
        }
    };
    Ok(shapes::GetTaskTemplateResponse { tags: Some(current.tags.clone()), ..shown_template(tx, &template) })
}

/// A template whole.
pub(crate) fn shown_template(tx: &Tx<'_>, template: &TaskTemplate) -> shapes::GetTaskTemplateResponse {
    shapes::GetTaskTemplateResponse {
        instance_id: Some(tx.arn_scope().instance.to_string()),
        id: template.id.to_string(),
        arn: arn(tx, template.id),
        constraints: shown_constraints(&template.constraints),
        defaults: shown_defaults(&template.defaults),
        fields: Some(template.fields.iter().map(shown_field).collect()),
        name: template.name.clone(),
        description: template.description.clone(),
        contact_flow_id: template.flow.map(|id| id.to_string()),
        self_assign_flow_id: template.self_assign_flow.map(|id| id.to_string()),
        status: Some(same(template.status.as_str())),
        last_modified_time: shown(template.last_modified),
        created_time: shown(template.created),
        tags: Some(template.tags.clone()),
    }
}

/// Lists templates, of any status and name unless one is given.
pub(crate) fn list_task_templates(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListTaskTemplatesRequest,
) -> Result<shapes::ListTaskTemplatesResponse, Halt> {
    let wanted = |template: &Arc<TaskTemplate>| {
        input.status.is_none_or(|status| status.as_str() == template.status.as_str())
            && input.name.as_ref().is_none_or(|name| *name == template.name)
    };
    let templates = tx.list::<TaskTemplate>().into_iter().filter(wanted);
    let page = page(templates, input.next_token.as_deref(), input.max_results)?;
    let summary = |template: &Arc<TaskTemplate>| shapes::TaskTemplateMetadata {
        id: Some(template.id.to_string()),
        arn: Some(arn(tx, template.id)),
        name: Some(template.name.clone()),
        description: template.description.clone(),
        status: Some(same(template.status.as_str())),
        last_modified_time: shown(template.last_modified),
        created_time: shown(template.created),
    };
    Ok(shapes::ListTaskTemplatesResponse {
        task_templates: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Replaces a template by its next version. What the request leaves out is gone, but for the name, which a template
/// cannot be without.
pub(crate) fn update_task_template(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateTaskTemplateRequest,
) -> Result<shapes::UpdateTaskTemplateResponse, Halt> {
    let current = load::<TaskTemplate>(tx, &input.task_template_id)?;
    let definition = Definition {
        name: input.name.as_ref().unwrap_or(&current.name),
        description: input.description.as_ref(),
        flow: input.contact_flow_id.as_ref(),
        self_assign_flow: input.self_assign_flow_id.as_ref(),
        constraints: input.constraints.as_ref(),
        defaults: input.defaults.as_ref(),
        status: input.status,
        fields: input.fields.as_deref().unwrap_or_default(),
    };
    let origin =
        Origin { id: current.id, version: current.version + 1, tags: current.tags.clone(), created: current.created };
    let template = definition.accept(tx, origin)?;
    keep_version(tx, &current);
    let answer = shapes::UpdateTaskTemplateResponse {
        instance_id: Some(tx.arn_scope().instance.to_string()),
        id: Some(template.id.to_string()),
        arn: Some(arn(tx, template.id)),
        name: Some(template.name.clone()),
        description: template.description.clone(),
        contact_flow_id: template.flow.map(|id| id.to_string()),
        self_assign_flow_id: template.self_assign_flow.map(|id| id.to_string()),
        constraints: shown_constraints(&template.constraints),
        defaults: shown_defaults(&template.defaults),
        fields: Some(template.fields.iter().map(shown_field).collect()),
        status: Some(same(template.status.as_str())),
        last_modified_time: shown(template.last_modified),
        created_time: shown(template.created),
    };
    tx.put(template);
    Ok(answer)
}

/// Deletes a template. Tasks made from it keep their version of it.
pub(crate) fn delete_task_template(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteTaskTemplateRequest,
) -> Result<shapes::DeleteTaskTemplateResponse, Halt> {
    let template = load::<TaskTemplate>(tx, &input.task_template_id)?;
    keep_version(tx, &template);
    tx.delete::<TaskTemplate>(template.id.as_bytes());
    Ok(shapes::DeleteTaskTemplateResponse {})
}
