//! Flow modules: parts of flows that others invoke.
//!
//! A module has a draft and what is published, versions that never change, and aliases of versions. Contents are kept as
//! those of flows are: a task that is in a module goes on to its end, whatever becomes of the module.
//!
//! The Status of a module is written as the model has it; a live instance was seen to write it in lower case
//! (`observed-errors.md` 3.8), which typed clients cannot read.
//!
//! Facts: `flow-language.md` sections 6 and 9, `observed-errors.md` S3, E-F6 and E-F7, `quotas.md` section 1.

pub(crate) mod alias;
pub(crate) mod search;
pub(crate) mod version;

use std::sync::Arc;

use api::shapes;
use engine::ContactFlowModuleId;
use engine::arn::{Resource, id_of};
use engine::flow::document::Document;
use engine::flow::module::{ContactFlowModule, ModuleContent, ModuleContract, ModuleVersion, read_reference};
use engine::flow::validate::validate_module;
use engine::flow::{FlowContent, FlowState};
use serde_json::{Value, json};
use store::{KeyId, Kind};

use super::contact_flow::{InstanceResolver, load_content, parse, save_content};
use super::resource::{load, same};
use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, idempotency, name_exists, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::CreateContactFlowModuleRequest,
    shapes::DescribeContactFlowModuleRequest,
    shapes::ListContactFlowModulesRequest,
    shapes::UpdateContactFlowModuleContentRequest,
    shapes::UpdateContactFlowModuleMetadataRequest,
    shapes::DeleteContactFlowModuleRequest,
);

/// The edition that is the draft.
const SAVED: &str = "$SAVED";
/// The editions that are what is published.
const PUBLISHED: [&str; 2] = ["", "$LATEST"];

impl Record for ContactFlowModule {
    const KIND: Kind = kinds::CONTACT_FLOW_MODULE;
    const NAME: &'static str = "flow module";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

/// The ARN of a module.
pub(crate) fn module_arn(tx: &Tx<'_>, id: ContactFlowModuleId) -> String {
    tx.arn_scope().arn(Resource::ContactFlowModule(id))
}

/// The module of an id or ARN, and the edition behind it.
fn load_edition<'a>(tx: &Tx<'_>, given: &'a str) -> Result<(Arc<ContactFlowModule>, &'a str), ApiError> {
    let unknown = || resource_not_found(ContactFlowModule::NAME, given);
    let (id, edition) = read_reference(id_of(given)).ok_or_else(unknown)?;
    Ok((tx.get::<ContactFlowModule>(id.as_bytes()).ok_or_else(unknown)?, edition))
}

/// What a reference to a module names: for a flow that invokes it, or its validation.
pub(crate) fn find(tx: &Tx<'_>, id: &str) -> Option<ModuleContent> {
    let (id, edition) = read_reference(id)?;
    tx.get::<ContactFlowModule>(id.as_bytes())?.resolve(edition).cloned()
}

fn refuse_taken_name(tx: &Tx<'_>, name: &str, except: Option<ContactFlowModuleId>) -> Result<(), ApiError> {
    let taken = |module: &Arc<ContactFlowModule>| module.name == name && Some(module.id) != except;
    if tx.list::<ContactFlowModule>().iter().any(taken) { Err(name_exists("Flow module", name)) } else { Ok(()) }
}

/// Reads a draft: JSON, where it is strict with a member `Settings`. Modules that were exported before that was asked for
/// have none.
fn parse_module(tx: &Tx<'_>, content: &str) -> Result<Document, ApiError> {
    let document = parse(content)?;
    if document.has_settings() || !tx.settings().strict_module_settings {
        return Ok(document);
    }
    Err(ApiError::invalid_request(
        "JSON field is missing or null for field name: settings; the Content of a module has a member Settings, such as \
         {\"InputParameters\": [], \"OutputParameters\": [], \"Transitions\": []}",
    ))
}

/// Reads the Settings of the resource, which callers and the module are held to.
fn contract(settings: Option<&str>) -> Result<Option<ModuleContract>, ApiError> {
    settings.map(ModuleContract::parse).transpose().map_err(|error| ApiError::invalid_request(error.to_string()))
}

/// Refuses a content that cannot be published, with all its problems. The exception has no message member.
fn check_publishable(tx: &Tx<'_>, document: &Document, contract: Option<&ModuleContract>) -> Result<(), ApiError> {
    let problems = validate_module(document, contract, &InstanceResolver(tx));
    if problems.is_empty() {
        return Ok(());
    }
    let problems: Vec<Value> = problems.iter().map(|problem| json!({ "message": problem.message })).collect();
    Err(ApiError::new("InvalidContactFlowModuleException", "").with("Problems", json!(problems)))
}

/// Makes a module. Its content has to be valid, and flows can invoke it at once.
pub(crate) fn create_contact_flow_module(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateContactFlowModuleRequest,
) -> Result<shapes::CreateContactFlowModuleResponse, Halt> {
    let answer = |tx: &Tx<'_>, id: ContactFlowModuleId| shapes::CreateContactFlowModuleResponse {
        id: Some(id.to_string()),
        arn: Some(module_arn(tx, id)),
    };
    if let Some(id) = tx.replayed().map_err(idempotency)? {
        return Ok(answer(tx, ContactFlowModuleId(id)));
    }
    refuse_taken_name(tx, &input.name, None)?;
    let count = tx.list::<ContactFlowModule>().len();
    super::refuse_over_quota("flow modules", count, tx.settings().quotas.contact_flow_modules)?;
    if input.external_invocation_configuration.as_ref().is_some_and(|given| given.enabled == Some(true)) {
        let text = "ExternalInvocationConfiguration is not supported: leave it out, modules are invoked by flows here";
        return Err(ApiError::invalid_request(text).into());
    }
    let document = parse_module(tx, &input.content)?;
    let contract = contract(input.settings.as_deref())?;
    check_publishable(tx, &document, contract.as_ref())?;
    let tags = new_tags(input.tags.as_ref())?;
    let hash = save_content(tx, &input.content);
    // Compiled once, at publication; the first task finds it ready.
    tx.compiled(&hash)?;
    let content = ModuleContent { hash, settings: input.settings.clone() };
    let id = ContactFlowModuleId(tx.new_id());
    tx.put(ContactFlowModule {
        id,
        name: input.name.clone(),
        description: input.description.clone(),
        state: FlowState::Active,
        saved: content.clone(),
        published: Some(content),
        versions: Vec::new(),
        versions_made: 0,
        aliases: Vec::new(),
        tags,
        created: tx.now,
        last_modified: tx.now,
    });
    tx.made(id.0);
    Ok(answer(tx, id))
}

fn status(module: &ContactFlowModule, content: &ModuleContent) -> shapes::ContactFlowModuleStatus {
    let versions = module.versions.iter().map(|version| &version.content);
    if module.published.iter().chain(versions).any(|published| published == content) {
        shapes::ContactFlowModuleStatus::Published
    } else {
        shapes::ContactFlowModuleStatus::Saved
    }
}

/// A module without its content: as one edition of it is.
fn shown_module(tx: &Tx<'_>, module: &ContactFlowModule, content: &ModuleContent) -> shapes::ContactFlowModule {
    shapes::ContactFlowModule {
        arn: Some(module_arn(tx, module.id)),
        id: Some(module.id.to_string()),
        name: Some(module.name.clone()),
        description: module.description.clone(),
        state: Some(same(module.state.as_str())),
        status: Some(status(module, content)),
        tags: Some(module.tags.clone()),
        flow_module_content_sha256: Some(content.hash.to_string()),
        settings: content.settings.clone(),
        ..shapes::ContactFlowModule::default()
    }
}

/// The version that an edition names, by its number, by an alias, or as the newest.
fn version_of<'m>(module: &'m ContactFlowModule, edition: &str) -> Option<&'m ModuleVersion> {
    if PUBLISHED.contains(&edition) || edition == SAVED {
        return None;
    }
    match module.alias(edition).map(|alias| alias.version).or_else(|| edition.parse().ok()) {
        Some(number) => module.version(number),
        // `$.LATEST`, the one edition that is left.
        None => module.versions.last(),
    }
}

/// Shows a module with what is published, with its draft (`:$SAVED`), or with a version, by its number or an alias.
pub(crate) fn describe_contact_flow_module(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeContactFlowModuleRequest,
) -> Result<shapes::DescribeContactFlowModuleResponse, Halt> {
    let given = &input.contact_flow_module_id;
    let (module, edition) = load_edition(tx, given)?;
    let content = module.resolve(edition).ok_or_else(|| resource_not_found("flow module version", given))?;
    let FlowContent { content: text, .. } = load_content(tx, &content.hash)?;
    let version = version_of(&module, edition);
    let shown = shapes::ContactFlowModule {
        content: Some(text),
        version: version.and_then(|version| i64::try_from(version.number).ok()),
        version_description: version.and_then(|version| version.description.clone()),
        ..shown_module(tx, &module, content)
    };
    Ok(shapes::DescribeContactFlowModuleResponse { contact_flow_module: Some(shown) })
}

/// Lists modules, in all states unless one is named.
pub(crate) fn list_contact_flow_modules(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListContactFlowModulesRequest,
) -> Result<shapes::ListContactFlowModulesResponse, Halt> {
    let wanted = input.contact_flow_module_state;
    let in_state = |module: &Arc<ContactFlowModule>| wanted.is_none_or(|state| state.as_str() == module.state.as_str());
    let modules = tx.list::<ContactFlowModule>().into_iter().filter(in_state);
    let page = page(modules, input.next_token.as_deref(), input.max_results)?;
    let summary = |module: &Arc<ContactFlowModule>| shapes::ContactFlowModuleSummary {
        id: Some(module.id.to_string()),
        arn: Some(module_arn(tx, module.id)),
        name: Some(module.name.clone()),
        state: Some(same(module.state.as_str())),
    };
    Ok(shapes::ListContactFlowModulesResponse {
        contact_flow_modules_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Publishes another content or other Settings, which have to be valid; or, by `:$SAVED`, keeps them as the draft. What is
/// not given stays as it is there.
pub(crate) fn update_contact_flow_module_content(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactFlowModuleContentRequest,
) -> Result<shapes::UpdateContactFlowModuleContentResponse, Halt> {
    let given = &input.contact_flow_module_id;
    let (module, edition) = load_edition(tx, given)?;
    let publishes = PUBLISHED.contains(&edition);
    if !publishes && edition != SAVED {
        let text =
            format!("{given} cannot be changed: a version stays as it is; change the module, and make a new version");
        return Err(ApiError::invalid_request(text).into());
    }
    if input.content.is_none() && input.settings.is_none() {
        return Err(ApiError::invalid_request("nothing to change: give Content, Settings or both").into());
    }
    let before = module.resolve(edition).unwrap_or(&module.saved).clone();
    let text = match &input.content {
        Some(content) => content.clone(),
        None => load_content(tx, &before.hash)?.content,
    };
    let settings = input.settings.clone().or(before.settings);
    let document = parse_module(tx, &text)?;
    let contract = contract(settings.as_deref())?;
    if publishes {
        check_publishable(tx, &document, contract.as_ref())?;
    }
    let content = ModuleContent { hash: save_content(tx, &text), settings };
    let mut module = ContactFlowModule::clone(&module);
    module.saved = content.clone();
    if publishes {
        module.published = Some(content);
    }
    module.last_modified = tx.now;
    tx.put(module);
    Ok(shapes::UpdateContactFlowModuleContentResponse {})
}

/// Changes the name, the description or the state of a module; what is left out stays. An archived module still runs.
pub(crate) fn update_contact_flow_module_metadata(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactFlowModuleMetadataRequest,
) -> Result<shapes::UpdateContactFlowModuleMetadataResponse, Halt> {
    let mut module = ContactFlowModule::clone(&*load::<ContactFlowModule>(tx, &input.contact_flow_module_id)?);
    if let Some(name) = &input.name {
        refuse_taken_name(tx, name, Some(module.id))?;
        module.name.clone_from(name);
    }
    module.description = input.description.clone().or(module.description);
    if let Some(state) = input.state {
        module.state = same(state.as_str());
    }
    module.last_modified = tx.now;
    tx.put(module);
    Ok(shapes::UpdateContactFlowModuleMetadataResponse {})
}

/// Deletes a module with its versions and aliases. Tasks that are in it go on; flows that invoke it take their error
/// branch from then on.
pub(crate) fn delete_contact_flow_module(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteContactFlowModuleRequest,
) -> Result<shapes::DeleteContactFlowModuleResponse, Halt> {
    let id = load::<ContactFlowModule>(tx, &input.contact_flow_module_id)?.id;
    tx.delete::<ContactFlowModule>(id.as_bytes());
    Ok(shapes::DeleteContactFlowModuleResponse {})
}
