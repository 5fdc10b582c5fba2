//! Flows: their records, their contents and what is published.
//!
//! A content is a cold record found by its hash. It is never deleted with its flow or replaced: a task that runs it goes
//! on to its end.
//!
//! Facts: `flow-language.md` section 5, `observed-errors.md` 3.6, 3.7, O6 and O7.

pub(crate) mod search;
pub(crate) mod version;

use std::sync::Arc;

use api::shapes;
use engine::arn::{Resource, id_of};
use engine::flow::document::{Document, NotAFlow};
use engine::flow::module::ModuleContract;
use engine::flow::validate::{Resolver, Resolves, validate};
use engine::flow::{ContactFlow, ContentHash, FlowContent, FlowState, FlowType};
use engine::hours::HoursOfOperation;
use engine::queue::Queue;
use engine::{ContactFlowId, QueueId};
use serde_json::json;
use store::{KeyId, Kind};

use super::contact_flow_module;
use super::references;
use super::resource::{load, same, shown};
use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::CreateContactFlowRequest,
    shapes::DescribeContactFlowRequest,
    shapes::ListContactFlowsRequest,
    shapes::UpdateContactFlowContentRequest,
    shapes::UpdateContactFlowMetadataRequest,
    shapes::DeleteContactFlowRequest,
    shapes::UpdateContactFlowNameRequest,
);

impl Record for ContactFlow {
    const KIND: Kind = kinds::CONTACT_FLOW;
    const NAME: &'static str = "flow";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

/// Which of a flow's contents is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edition {
    /// What contacts run: the plain id, or `:$LATEST`.
    Published,
    /// The draft: `:$SAVED`.
    Saved,
    /// A version, by its number.
    Version(ContentHash),
}

/// The flow of an id or ARN, and the edition that an alias behind it names.
fn load_edition(tx: &Tx<'_>, given: &str) -> Result<(Arc<ContactFlow>, Edition), ApiError> {
    let (id, alias) = match id_of(given).split_once(':') {
        Some((id, alias)) => (id, Some(alias)),
        None => (id_of(given), None),
    };
    let flow = load::<ContactFlow>(tx, id)?;
    let version = |number: &str| version::content_of(tx, flow.id, number.parse().ok()?);
    let edition = match alias {
        None | Some("$LATEST") => Edition::Published,
        Some("$SAVED") => Edition::Saved,
        Some(number) => Edition::Version(version(number).ok_or_else(|| resource_not_found("flow version", given))?),
    };
    Ok((flow, edition))
}

/// The ARN of a flow.
pub(crate) fn flow_arn(tx: &Tx<'_>, id: ContactFlowId) -> String {
    tx.arn_scope().arn(Resource::ContactFlow(id))
}

/// What flows and modules may refer to, when they are published.
pub(crate) struct InstanceResolver<'t, 'w>(pub &'t Tx<'w>);

impl Resolver for InstanceResolver<'_, '_> {
    fn exists(&self, kind: Resolves, id: &str) -> bool {
        let InstanceResolver(tx) = *self;
        match kind {
            Resolves::Flow => load_edition(tx, id).is_ok(),
            Resolves::Queue => id.parse().is_ok_and(|id: QueueId| tx.get::<Queue>(id.as_bytes()).is_some()),
            Resolves::HoursOfOperation => load::<HoursOfOperation>(tx, id).is_ok(),
            Resolves::Module => contact_flow_module::find(tx, id).is_some(),
            // An instance has no prompts, since a task hears none: one that is mapped is known, and no other.
            Resolves::Prompt => false,
        }
    }

    fn mapped(&self, given: &str) -> Option<String> {
        references::mapped(self.0, given)
    }

    fn module_contract(&self, id: &str) -> Option<ModuleContract> {
        contact_flow_module::find(self.0, id)?.contract()
    }
}

/// Reads a draft, which has to be JSON and no more.
pub(crate) fn parse(content: &str) -> Result<Document, ApiError> {
    Document::parse(content).map_err(|error: NotAFlow| ApiError::invalid_request(error.to_string()))
}

/// Refuses a content that cannot be published, with all its problems. The exception has no message member.
fn check_publishable(tx: &Tx<'_>, document: &Document, flow_type: FlowType) -> Result<(), ApiError> {
    let problems = validate(document, flow_type, &InstanceResolver(tx));
    if problems.is_empty() {
        return Ok(());
    }
    let problems: Vec<_> = problems.iter().map(|problem| json!({ "message": problem.message })).collect();
    Err(ApiError::new("InvalidContactFlowException", "").with("problems", json!(problems)))
}

/// The content of a hash that a flow or a module refers to.
pub(crate) fn load_content(tx: &Tx<'_>, hash: &ContentHash) -> Result<FlowContent, Halt> {
    let lost = || ApiError::internal(format!("the content {hash} is referred to and not there"));
    Ok(tx.cold::<FlowContent>(kinds::FLOW_CONTENT, &hash.0)?.ok_or_else(lost)?)
}

/// Keeps a content under its hash.
pub(crate) fn save_content(tx: &mut Tx<'_>, content: &str) -> ContentHash {
    let record = FlowContent::new(content.to_owned());
    tx.put_cold(kinds::FLOW_CONTENT, &record.hash.0, &record);
    record.hash
}

fn refuse_taken_name(
    tx: &Tx<'_>,
    flow_type: FlowType,
    name: &str,
    except: Option<ContactFlowId>,
) -> Result<(), ApiError> {
    let taken = |flow: &Arc<ContactFlow>| flow.flow_type == flow_type && flow.name == name && Some(flow.id) != except;
    if tx.list::<ContactFlow>().iter().any(taken) { Err(name_exists("Contact flow", name)) } else { Ok(()) }
}

/// Makes a flow. Unless it is only saved, its content has to be valid, and contacts can run it at once.
pub(crate) fn create_contact_flow(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateContactFlowRequest,
) -> Result<shapes::CreateContactFlowResponse, Halt> {
    let flow_type: FlowType = same(input.r#type.as_str());
    refuse_taken_name(tx, flow_type, &input.name, None)?;
    super::refuse_over_quota("flows", tx.list::<ContactFlow>().len(), tx.settings().quotas.contact_flows)?;
    let document = parse(&input.content)?;
    let published = match input.status.unwrap_or(shapes::ContactFlowStatus::Published) {
        shapes::ContactFlowStatus::Published => true,
        shapes::ContactFlowStatus::Saved => false,
    };
    if published {
        check_publishable(tx, &document, flow_type)?;
    }
    let tags = new_tags(input.tags.as_ref())?;
    let hash = save_content(tx, &input.content);
    if published {
        // Compiled once, at publication; the first task finds it ready.
        tx.compiled(&hash)?;
    }
    let flow = ContactFlow {
        id: ContactFlowId(tx.new_id()),
        name: input.name.clone(),
        flow_type,
        state: FlowState::Active,
        description: input.description.clone(),
        saved: hash,
        published: published.then_some(hash),
        is_default: false,
        tags,
        created: tx.now,
        last_modified: tx.now,
    };
    let answer = shapes::CreateContactFlowResponse {
        contact_flow_id: Some(flow.id.to_string()),
        contact_flow_arn: Some(flow_arn(tx, flow.id)),
        flow_content_sha256: Some(hash.to_string()),
    };
    tx.put(flow);
    Ok(answer)
}

fn shown_status(published: bool) -> shapes::ContactFlowStatus {
    if published { shapes::ContactFlowStatus::Published } else { shapes::ContactFlowStatus::Saved }
}

/// Shows a flow with its published content, or with its draft.
pub(crate) fn describe_contact_flow(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeContactFlowRequest,
) -> Result<shapes::DescribeContactFlowResponse, Halt> {
    let (flow, edition) = load_edition(tx, &input.contact_flow_id)?;
    let hash = match edition {
        Edition::Saved => flow.saved,
        Edition::Version(content) => content,
        Edition::Published => flow.published.ok_or_else(|| {
            let id = flow.id;
            let text = format!("flow {id} was never published; ask for {id}:$SAVED to see its draft");
            ApiError::new("ContactFlowNotPublishedException", text)
        })?,
    };
    let version = id_of(&input.contact_flow_id).split_once(':').and_then(|(_, number)| number.parse().ok());
    let description = version.and_then(|number| version::description_of(tx, flow.id, number));
    let shown = shapes::ContactFlow {
        status: Some(shown_status(edition != Edition::Saved || flow.published == Some(hash))),
        content: Some(load_content(tx, &hash)?.content),
        version: version.and_then(|number| i64::try_from(number).ok()),
        version_description: description,
        flow_content_sha256: Some(hash.to_string()),
        ..shown_flow(tx, &flow)
    };
    Ok(shapes::DescribeContactFlowResponse { contact_flow: Some(shown) })
}

/// A flow without its content: what is published of it, or the draft if nothing is.
fn shown_flow(tx: &Tx<'_>, flow: &ContactFlow) -> shapes::ContactFlow {
    shapes::ContactFlow {
        arn: Some(flow_arn(tx, flow.id)),
        id: Some(flow.id.to_string()),
        name: Some(flow.name.clone()),
        r#type: Some(same(flow.flow_type.as_str())),
        state: Some(same(flow.state.as_str())),
        status: Some(shown_status(flow.published.is_some())),
        description: flow.description.clone(),
        tags: Some(flow.tags.clone()),
        flow_content_sha256: Some(flow.published.unwrap_or(flow.saved).to_string()),
        last_modified_time: shown(flow.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
        ..shapes::ContactFlow::default()
    }
}

/// Lists flows, of all types unless some are named.
pub(crate) fn list_contact_flows(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListContactFlowsRequest,
) -> Result<shapes::ListContactFlowsResponse, Halt> {
    let types = input.contact_flow_types.as_deref().unwrap_or_default();
    let wanted =
        |flow: &Arc<ContactFlow>| types.is_empty() || types.iter().any(|kind| kind.as_str() == flow.flow_type.as_str());
    let flows = tx.list::<ContactFlow>().into_iter().filter(wanted);
    let page = page(flows, input.next_token.as_deref(), input.max_results)?;
    let summary = |flow: &Arc<ContactFlow>| shapes::ContactFlowSummary {
        id: Some(flow.id.to_string()),
        arn: Some(flow_arn(tx, flow.id)),
        name: Some(flow.name.clone()),
        contact_flow_type: Some(same(flow.flow_type.as_str())),
        contact_flow_state: Some(same(flow.state.as_str())),
        contact_flow_status: Some(shown_status(flow.published.is_some())),
    };
    Ok(shapes::ListContactFlowsResponse {
        contact_flow_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Publishes a new content, which has to be valid; or, by `:$SAVED`, keeps it as the draft.
pub(crate) fn update_contact_flow_content(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactFlowContentRequest,
) -> Result<shapes::UpdateContactFlowContentResponse, Halt> {
    let (flow, edition) = load_edition(tx, &input.contact_flow_id)?;
    if let Edition::Version(_) = edition {
        let text = format!("{} cannot be changed: a version stays as it is; change the flow", input.contact_flow_id);
        return Err(ApiError::invalid_request(text).into());
    }
    let document = parse(&input.content)?;
    if edition == Edition::Published {
        check_publishable(tx, &document, flow.flow_type)?;
    }
    let hash = save_content(tx, &input.content);
    let mut flow = ContactFlow::clone(&flow);
    flow.saved = hash;
    if edition == Edition::Published {
        flow.published = Some(hash);
    }
    flow.last_modified = tx.now;
    tx.put(flow);
    Ok(shapes::UpdateContactFlowContentResponse {})
}

/// Changes the name, the description or the state of a flow; what is left out stays.
pub(crate) fn update_contact_flow_metadata(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactFlowMetadataRequest,
) -> Result<shapes::UpdateContactFlowMetadataResponse, Halt> {
    let mut flow = ContactFlow::clone(&*load::<ContactFlow>(tx, &input.contact_flow_id)?);
    if let Some(name) = &input.name {
        refuse_taken_name(tx, flow.flow_type, name, Some(flow.id))?;
        flow.name = name.clone();
    }
    if let Some(description) = &input.description {
        flow.description = Some(description.clone());
    }
    if let Some(state) = input.contact_flow_state {
        flow.state = same(state.as_str());
        if flow.is_default && flow.state == FlowState::Archived {
            return Err(default_flow_stays(&flow, "archived").into());
        }
    }
    flow.last_modified = tx.now;
    tx.put(flow);
    Ok(shapes::UpdateContactFlowMetadataResponse {})
}

/// Renames a flow, or describes it anew: the older form of [`update_contact_flow_metadata`].
pub(crate) fn update_contact_flow_name(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactFlowNameRequest,
) -> Result<shapes::UpdateContactFlowNameResponse, Halt> {
    if input.name.is_none() && input.description.is_none() {
        return Err(ApiError::invalid_request("nothing to change: give Name, Description or both").into());
    }
    let mut flow = ContactFlow::clone(&*load::<ContactFlow>(tx, &input.contact_flow_id)?);
    if let Some(name) = &input.name {
        refuse_taken_name(tx, flow.flow_type, name, Some(flow.id))?;
        flow.name.clone_from(name);
    }
    flow.description = input.description.clone().or(flow.description);
    flow.last_modified = tx.now;
    tx.put(flow);
    Ok(shapes::UpdateContactFlowNameResponse {})
}

fn default_flow_stays(flow: &ContactFlow, what: &str) -> ApiError {
    ApiError::invalid_request(format!(
        "flow {} ({:?}) cannot be {what}: it is the default flow of type {} that runs when no other is set; change its content instead",
        flow.id, flow.name, flow.flow_type
    ))
}

/// Deletes a flow. Tasks that are in it go on.
pub(crate) fn delete_contact_flow(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteContactFlowRequest,
) -> Result<shapes::DeleteContactFlowResponse, Halt> {
    let flow = load::<ContactFlow>(tx, &input.contact_flow_id)?;
    if flow.is_default {
        return Err(default_flow_stays(&flow, "deleted").into());
    }
    tx.delete::<ContactFlow>(flow.id.as_bytes());
    if tx.get::<version::FlowVersions>(flow.id.as_bytes()).is_some() {
        tx.delete::<version::FlowVersions>(flow.id.as_bytes());
    }
    Ok(shapes::DeleteContactFlowResponse {})
}
