//! Versions of flows, which only those of type CAMPAIGN have.

use api::shapes;
use engine::arn::id_of;
use engine::flow::{ContactFlow, ContentHash, FlowType};
use engine::{ContactFlowId, Timestamp};
use minicbor::{Decode, Encode};
use store::{KeyId, Kind};

use super::flow_arn;
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::handlers::contact_flow_module::version::refuse_other_content;
use crate::handlers::resource::load;
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page_by;
use crate::record::Record;
use crate::tx::Tx;

/// Most versions of a flow that are kept at once.
const VERSIONS_MAX: usize = 100;

in_instance!(
    shapes::CreateContactFlowVersionRequest,
    shapes::ListContactFlowVersionsRequest,
    shapes::DeleteContactFlowVersionRequest,
);

/// The versions of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct FlowVersions {
    /// The flow.
    #[n(0)]
    pub flow: ContactFlowId,
    /// How many were made, deleted ones included: a number is not given twice.
    #[n(1)]
    pub made: u64,
    /// The oldest first, at most [`VERSIONS_MAX`].
    #[n(2)]
    pub versions: Vec<FlowVersion>,
}

/// A version, which never changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct FlowVersion {
    /// Its number, from 1 on.
    #[n(0)]
    pub number: u64,
    /// The content.
    #[n(1)]
    pub content: ContentHash,
    /// Free text.
    #[n(2)]
    pub description: Option<String>,
    /// When it was made.
    #[n(3)]
    pub created: Timestamp,
}

impl Record for FlowVersions {
    const KIND: Kind = kinds::FLOW_VERSIONS;
    const NAME: &'static str = "versions of a flow";

    fn id(&self) -> KeyId {
        (*self.flow.as_bytes()).into()
    }
}

/// The versions of a flow, if any were made.
fn versions_of(tx: &Tx<'_>, flow: ContactFlowId) -> FlowVersions {
    let versions = tx.get::<FlowVersions>(flow.as_bytes());
    versions.map_or(FlowVersions { flow, made: 0, versions: Vec::new() }, |versions| FlowVersions::clone(&versions))
}

/// The content of a version.
pub(super) fn content_of(tx: &Tx<'_>, flow: ContactFlowId, number: u64) -> Option<ContentHash> {
    versions_of(tx, flow).versions.iter().find(|version| version.number == number).map(|version| version.content)
}

/// What is said of a version.
pub(super) fn description_of(tx: &Tx<'_>, flow: ContactFlowId, number: u64) -> Option<String> {
    versions_of(tx, flow).versions.into_iter().find(|version| version.number == number)?.description
}

/// Makes a version of what is published. With a checksum, a number or a time, only if that is what there is.
pub(crate) fn create_contact_flow_version(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateContactFlowVersionRequest,
) -> Result<shapes::CreateContactFlowVersionResponse, Halt> {
    let flow = load::<ContactFlow>(tx, published_id(&input.contact_flow_id))?;
    if flow.flow_type != FlowType::Campaign {
        let text = format!("flow {} is a {}: only flows of type CAMPAIGN have versions", flow.id, flow.flow_type);
        return Err(ApiError::invalid_request(text).into());
    }
    let unpublished = || ApiError::invalid_request(format!("flow {} was never published: publish it first", flow.id));
    let content = flow.published.ok_or_else(unpublished)?;
    refuse_other_content(input.flow_content_sha256.as_deref(), &content.to_string())?;
    if input.last_modified_time.is_some_and(|given| given.0 / 1000 != flow.last_modified.millis() / 1000) {
        let text = format!("flow {} was changed at another time than LastModifiedTime; look at it again", flow.id);
        return Err(ApiError::invalid_request(text).into());
    }
    let mut versions = versions_of(tx, flow.id);
    if versions.versions.len() >= VERSIONS_MAX {
        let text = format!("flow {} has {VERSIONS_MAX} versions, which is the most; delete some", flow.id);
        return Err(ApiError::limit_exceeded(text).into());
    }
    versions.made += 1;
    let number = versions.made;
    if input.contact_flow_version.is_some_and(|given| u64::try_from(given) != Ok(number)) {
        let text =
            format!("the next version of flow {} is {number}; give that as ContactFlowVersion, or none", flow.id);
        return Err(ApiError::invalid_request(text).into());
    }
    versions.versions.push(FlowVersion { number, content, description: input.description.clone(), created: tx.now });
    tx.put(versions);
    Ok(shapes::CreateContactFlowVersionResponse {
        contact_flow_arn: Some(flow_arn(tx, flow.id)),
        version: i64::try_from(number).ok(),
    })
}

/// The id of a flow; `:$LATEST` behind it says what is meant anyway.
fn published_id(given: &str) -> &str {
    id_of(given).strip_suffix(":$LATEST").unwrap_or(given)
}

/// Lists the versions of a flow, the oldest first.
pub(crate) fn list_contact_flow_versions(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListContactFlowVersionsRequest,
) -> Result<shapes::ListContactFlowVersionsResponse, Halt> {
    let flow = load::<ContactFlow>(tx, &input.contact_flow_id)?.id;
    let versions = versions_of(tx, flow).versions;
    let id = |version: &FlowVersion| KeyId::from(version.number.to_be_bytes());
    let (kind, token) = (kinds::FLOW_VERSIONS, input.next_token.as_deref());
    let page = page_by(kind, versions, id, token, input.max_results)?;
    let summary = |version: FlowVersion| shapes::ContactFlowVersionSummary {
        arn: Some(format!("{}:{}", flow_arn(tx, flow), version.number)),
        version_description: version.description,
        version: i64::try_from(version.number).ok(),
    };
    Ok(shapes::ListContactFlowVersionsResponse {
        contact_flow_version_summary_list: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Deletes a version. Its number is not given again.
pub(crate) fn delete_contact_flow_version(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteContactFlowVersionRequest,
) -> Result<shapes::DeleteContactFlowVersionResponse, Halt> {
    let flow = load::<ContactFlow>(tx, &input.contact_flow_id)?.id;
    let mut versions = versions_of(tx, flow);
    let before = versions.versions.len();
    versions.versions.retain(|version| i64::try_from(version.number) != Ok(input.contact_flow_version));
    if versions.versions.len() == before {
        let given = format!("{flow}:{}", input.contact_flow_version);
        return Err(resource_not_found("flow version", &given).into());
    }
    tx.put(versions);
    Ok(shapes::DeleteContactFlowVersionResponse {})
}
