//! Instances. They are registered in the system scope; what an instance is made of lives in its own.
//!
//! Facts: `observed-errors.md` 3.2 and section 6, `control-plane.md` section 1.

pub(crate) mod attribute;

use std::collections::BTreeMap;
use std::sync::Arc;

use api::shapes;
use engine::InstanceId;
use engine::arn::{Scope, id_of};
use engine::instance::{INSTANCE_ATTRIBUTES, IdentityManagement, Instance, InstanceStatus};
use store::{KeyId, Kind};

use super::tag::new_tags;
use crate::call::Call;
use crate::effect::{Effect, EffectOutcome};
use crate::error::{ApiError, Halt, instance_not_found};
use crate::kinds;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

impl Record for Instance {
    const KIND: Kind = kinds::INSTANCE;
    const NAME: &'static str = "instance";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

fn load_instance(tx: &Tx<'_>, given: &str) -> Result<Arc<Instance>, ApiError> {
    let id: Option<InstanceId> = id_of(given).parse().ok();
    id.and_then(|id| tx.get::<Instance>(id.as_bytes())).ok_or_else(|| instance_not_found(given))
}

fn scope(tx: &Tx<'_>, instance: &Instance) -> Scope {
    tx.settings().arn_scope(instance.id)
}

/// Asks for an instance. Its default resources are made after the answer; it is ACTIVE once they are there.
pub fn create_instance(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateInstanceRequest,
) -> Result<shapes::CreateInstanceResponse, Halt> {
    let answer = |tx: &Tx<'_>, id: InstanceId| shapes::CreateInstanceResponse {
        id: Some(id.to_string()),
        arn: Some(tx.settings().arn_scope(id).instance_arn()),
    };
    if let Some(id) = tx.replayed()? {
        return Ok(answer(tx, InstanceId(id)));
    }
    let identity_management = match input.identity_management_type {
        shapes::DirectoryType::Saml => IdentityManagement::Saml,
        shapes::DirectoryType::ConnectManaged => IdentityManagement::ConnectManaged,
        shapes::DirectoryType::ExistingDirectory => IdentityManagement::ExistingDirectory,
    };
    match (identity_management, &input.instance_alias, &input.directory_id) {
        (IdentityManagement::ExistingDirectory, _, None) => {
            return Err(ApiError::invalid_request("Required parameter missing: DirectoryId").into());
        }
        (IdentityManagement::Saml | IdentityManagement::ConnectManaged, None, _) => {
            return Err(ApiError::invalid_request("Required parameter missing: InstanceAlias").into());
        }
        _ => {}
    }
    let instances = tx.list::<Instance>();
    if let Some(alias) = &input.instance_alias
        && instances
            .iter()
            .any(|instance| instance.alias.as_ref().is_some_and(|taken| taken.eq_ignore_ascii_case(alias)))
    {
        return Err(ApiError::invalid_request(format!(
            "Invalid Input. Instance alias is already used. Choose another alias than {alias:?}"
        ))
        .into());
    }
    if let Some(quota) = tx.settings().quotas.instances.filter(|quota| instances.len() >= *quota) {
        let text = format!("there are {} instances, and the quota is {quota}", instances.len());
        return Err(ApiError::service_quota(text).into());
    }
    let mut attributes: BTreeMap<String, bool> =
        INSTANCE_ATTRIBUTES.iter().map(|(name, default)| ((*name).to_owned(), *default)).collect();
    attributes.insert("INBOUND_CALLS".to_owned(), input.inbound_calls_enabled);
    attributes.insert("OUTBOUND_CALLS".to_owned(), input.outbound_calls_enabled);
    let id = InstanceId(tx.new_id());
    tx.put(Instance {
        id,
        alias: input.instance_alias.clone(),
        status: InstanceStatus::CreationInProgress,
        status_reason: None,
        identity_management,
        directory_id: input.directory_id.clone(),
        attributes,
        tags: new_tags(input.tags.as_ref())?,
        created: tx.now,
    });
    tx.perform(Effect::CreateDefaults { instance: id, identity_management });
    tx.made(id.0);
    Ok(answer(tx, id))
}

/// The default resources of a new instance are there, or could not be made.
pub fn defaults_created(tx: &mut Tx<'_>, id: InstanceId, outcome: &EffectOutcome) -> Result<(), Halt> {
    let Some(instance) = tx.get::<Instance>(id.as_bytes()) else { return Ok(()) };
    let mut instance = Instance::clone(&instance);
    match outcome {
        EffectOutcome::Failed { reason } => {
            instance.status = InstanceStatus::CreationFailed;
            instance.status_reason = Some(reason.clone());
        }
        EffectOutcome::Interrupted => return Ok(()),
        EffectOutcome::Done | EffectOutcome::Attachment(_) | EffectOutcome::Answer(_) => {
            instance.status = InstanceStatus::Active;
        }
    }
    tx.put(instance);
    Ok(())
}

fn shown_status(status: InstanceStatus) -> shapes::InstanceStatus {
    match status {
        InstanceStatus::CreationInProgress => shapes::InstanceStatus::CreationInProgress,
        InstanceStatus::Active => shapes::InstanceStatus::Active,
        InstanceStatus::CreationFailed => shapes::InstanceStatus::CreationFailed,
    }
}

fn shown_identity(identity: IdentityManagement) -> shapes::DirectoryType {
    match identity {
        IdentityManagement::Saml => shapes::DirectoryType::Saml,
        IdentityManagement::ConnectManaged => shapes::DirectoryType::ConnectManaged,
        IdentityManagement::ExistingDirectory => shapes::DirectoryType::ExistingDirectory,
    }
}

fn service_role(tx: &Tx<'_>, instance: &Instance) -> String {
    let suffix = &instance.id.0.simple().to_string()[..20];
    let account = &tx.settings().account;
    format!(
        "arn:aws:iam::{account}:role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect_{suffix}"
    )
}

/// Shows an instance.
pub fn describe_instance(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeInstanceRequest,
) -> Result<shapes::DescribeInstanceResponse, Halt> {
    let instance = load_instance(tx, &input.instance_id)?;
    let attribute = |name: &str| instance.attributes.get(name).copied();
    let shown = shapes::Instance {
        id: Some(instance.id.to_string()),
        arn: Some(scope(tx, &instance).instance_arn()),
        identity_management_type: Some(shown_identity(instance.identity_management)),
        instance_alias: instance.alias.clone(),
        created_time: Some(api::Timestamp(instance.created.millis())),
        service_role: Some(service_role(tx, &instance)),
        instance_status: Some(shown_status(instance.status)),
        status_reason: instance
            .status_reason
            .as_ref()
            .map(|reason| shapes::InstanceStatusReason { message: Some(reason.clone()) }),
        inbound_calls_enabled: attribute("INBOUND_CALLS"),
        outbound_calls_enabled: attribute("OUTBOUND_CALLS"),
        tags: Some(instance.tags.clone()),
        ..shapes::Instance::default()
    };
    Ok(shapes::DescribeInstanceResponse { instance: Some(shown), ..shapes::DescribeInstanceResponse::default() })
}

/// Lists the instances.
pub fn list_instances(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListInstancesRequest,
) -> Result<shapes::ListInstancesResponse, Halt> {
    let instances = tx.list::<Instance>();
    let page = page(instances, input.next_token.as_deref(), input.max_results)?;
    let summary = |instance: &Arc<Instance>| shapes::InstanceSummary {
        id: Some(instance.id.to_string()),
        arn: Some(scope(tx, instance).instance_arn()),
        identity_management_type: Some(shown_identity(instance.identity_management)),
        instance_alias: instance.alias.clone(),
        created_time: Some(api::Timestamp(instance.created.millis())),
        service_role: Some(service_role(tx, instance)),
        instance_status: Some(shown_status(instance.status)),
        inbound_calls_enabled: instance.attributes.get("INBOUND_CALLS").copied(),
        outbound_calls_enabled: instance.attributes.get("OUTBOUND_CALLS").copied(),
        ..shapes::InstanceSummary::default()
    };
    Ok(shapes::ListInstancesResponse {
        instance_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Deletes an instance: it is gone at once, its records are deleted after the answer.
pub fn delete_instance(tx: &mut Tx<'_>, _: &Call, input: &shapes::DeleteInstanceRequest) -> Result<api::Empty, Halt> {
    let instance = load_instance(tx, &input.instance_id)?;
    if instance.status == InstanceStatus::CreationInProgress {
        let text = format!("instance {} is being created; delete it when DescribeInstance shows ACTIVE", instance.id);
        return Err(ApiError::invalid_request(text).into());
    }
    tx.delete::<Instance>(instance.id.as_bytes());
    tx.perform(Effect::DeleteRecords { instance: instance.id });
    Ok(api::Empty {})
}
