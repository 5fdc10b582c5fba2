//! What each operation does: load, decide, save, answer.
//!
//! [`register`] is the table of contents.

pub mod access_key;
pub mod agent;
pub mod agent_status;
pub mod attachment;
pub mod contact;
pub mod contact_attributes;
pub mod contact_flow;
pub mod contact_flow_module;
pub mod contact_work;
pub mod current_user_data;
pub mod defaults;
pub mod hours_of_operation;
pub mod instance;
pub mod lambda_function;
pub mod metrics;
pub mod predefined_attribute;
pub mod queue;
pub mod quick_connect;
pub mod references;
pub mod resource;
pub mod routing_profile;
pub mod search;
pub mod security_profile;
pub mod start_task_contact;
pub mod storage_config;
pub mod tag;
pub mod task_template;
pub mod user;
pub mod user_hierarchy;

use std::sync::Arc;

use api::operations::*;
use engine::contact::ReferenceStatus;
use store::Kind;

use crate::effect::{AttachmentOutcome, Effect, EffectId, EffectOutcome, EffectRecord};
use crate::error::Halt;
use crate::kinds;
use crate::operations::{Operations, system};
use crate::record::{self, AnyRecord, DecodeError, Record};
use crate::tx::Tx;

/// Every operation that Callboard has.
#[rustfmt::skip]
pub(crate) fn register(operations: Operations) -> Operations {
    operations
        .write_routed::<CreateInstance>(system, instance::create_instance)
        .read_routed::<DescribeInstance>(system, instance::describe_instance)
        .read_routed::<ListInstances>(system, instance::list_instances)
        .write_routed::<DeleteInstance>(system, instance::delete_instance)
        .read_routed::<DescribeInstanceAttribute>(system, instance::attribute::describe_instance_attribute)
        .read_routed::<ListInstanceAttributes>(system, instance::attribute::list_instance_attributes)
        .write_routed::<UpdateInstanceAttribute>(system, instance::attribute::update_instance_attribute)

        .write::<CreateContactFlow>(contact_flow::create_contact_flow)
        .read::<DescribeContactFlow>(contact_flow::describe_contact_flow)
        .read::<ListContactFlows>(contact_flow::list_contact_flows)
        .write::<UpdateContactFlowContent>(contact_flow::update_contact_flow_content)
        .write::<UpdateContactFlowMetadata>(contact_flow::update_contact_flow_metadata)
        .write::<DeleteContactFlow>(contact_flow::delete_contact_flow)
        .write::<UpdateContactFlowName>(contact_flow::update_contact_flow_name)
        .read::<SearchContactFlows>(contact_flow::search::search_contact_flows)
        .write::<CreateContactFlowVersion>(contact_flow::version::create_contact_flow_version)
        .read::<ListContactFlowVersions>(contact_flow::version::list_contact_flow_versions)
        .write::<DeleteContactFlowVersion>(contact_flow::version::delete_contact_flow_version)

        .write::<CreateContactFlowModule>(contact_flow_module::create_contact_flow_module)
        .read::<DescribeContactFlowModule>(contact_flow_module::describe_contact_flow_module)
        .read::<ListContactFlowModules>(contact_flow_module::list_contact_flow_modules)
        .write::<UpdateContactFlowModuleContent>(contact_flow_module::update_contact_flow_module_content)
        .write::<UpdateContactFlowModuleMetadata>(contact_flow_module::update_contact_flow_module_metadata)
        .write::<DeleteContactFlowModule>(contact_flow_module::delete_contact_flow_module)
        .read::<SearchContactFlowModules>(contact_flow_module::search::search_contact_flow_modules)
        .write::<CreateContactFlowModuleVersion>(contact_flow_module::version::create_contact_flow_module_version)
        .read::<ListContactFlowModuleVersions>(contact_flow_module::version::list_contact_flow_module_versions)
        .write::<DeleteContactFlowModuleVersion>(contact_flow_module::version::delete_contact_flow_module_version)
        .write::<CreateContactFlowModuleAlias>(contact_flow_module::alias::create_contact_flow_module_alias)
        .read::<DescribeContactFlowModuleAlias>(contact_flow_module::alias::describe_contact_flow_module_alias)
        .read::<ListContactFlowModuleAliases>(contact_flow_module::alias::list_contact_flow_module_aliases)
        .write::<UpdateContactFlowModuleAlias>(contact_flow_module::alias::update_contact_flow_module_alias)
        .write::<DeleteContactFlowModuleAlias>(contact_flow_module::alias::delete_contact_flow_module_alias)

        .write::<CreateQueue>(queue::create_queue)
        .read::<DescribeQueue>(queue::describe_queue)
        .read::<ListQueues>(queue::list_queues)
        .write::<UpdateQueueStatus>(queue::update_queue_status)
        .write::<UpdateQueueMaxContacts>(queue::update_queue_max_contacts)
        .write::<UpdateQueueName>(queue::update::update_queue_name)
        .write::<UpdateQueueHoursOfOperation>(queue::update::update_queue_hours_of_operation)
        .write::<UpdateQueueOutboundCallerConfig>(queue::update::update_queue_outbound_caller_config)
        .write::<DeleteQueue>(queue::update::delete_queue)
        .read::<SearchQueues>(queue::update::search_queues)
        .write::<AssociateQueueQuickConnects>(queue::quick_connects::associate_queue_quick_connects)
        .write::<DisassociateQueueQuickConnects>(queue::quick_connects::disassociate_queue_quick_connects)
        .read::<ListQueueQuickConnects>(queue::quick_connects::list_queue_quick_connects)

        .write::<CreateHoursOfOperation>(hours_of_operation::create_hours_of_operation)
        .read::<DescribeHoursOfOperation>(hours_of_operation::describe_hours_of_operation)
        .read::<ListHoursOfOperations>(hours_of_operation::list_hours_of_operations)
        .write::<UpdateHoursOfOperation>(hours_of_operation::update_hours_of_operation)
        .write::<DeleteHoursOfOperation>(hours_of_operation::delete_hours_of_operation)
        .write::<CreateHoursOfOperationOverride>(hours_of_operation::overrides::create_hours_of_operation_override)
        .read::<DescribeHoursOfOperationOverride>(hours_of_operation::overrides::describe_hours_of_operation_override)
        .write::<UpdateHoursOfOperationOverride>(hours_of_operation::overrides::update_hours_of_operation_override)
        .write::<DeleteHoursOfOperationOverride>(hours_of_operation::overrides::delete_hours_of_operation_override)
        .read::<ListHoursOfOperationOverrides>(hours_of_operation::overrides::list_hours_of_operation_overrides)
        .read::<GetEffectiveHoursOfOperations>(hours_of_operation::overrides::get_effective_hours_of_operations)
        .read::<SearchHoursOfOperations>(hours_of_operation::search_hours_of_operations)

        .write::<CreateQuickConnect>(quick_connect::create_quick_connect)
        .read::<DescribeQuickConnect>(quick_connect::describe_quick_connect)
        .read::<ListQuickConnects>(quick_connect::list_quick_connects)
        .write::<DeleteQuickConnect>(quick_connect::delete_quick_connect)
        .write::<UpdateQuickConnectConfig>(quick_connect::update_quick_connect_config)
        .write::<UpdateQuickConnectName>(quick_connect::update_quick_connect_name)
        .read::<SearchQuickConnects>(quick_connect::search_quick_connects)

        .write::<CreateTaskTemplate>(task_template::create_task_template)
        .read::<GetTaskTemplate>(task_template::get_task_template)
        .read::<ListTaskTemplates>(task_template::list_task_templates)
        .write::<UpdateTaskTemplate>(task_template::update_task_template)
        .write::<DeleteTaskTemplate>(task_template::delete_task_template)

        .write::<CreateUser>(user::create_user)
        .read::<DescribeUser>(user::describe_user)
        .read::<ListUsers>(user::list_users)
        .read::<SearchUsers>(user::search::search_users)
        .write::<UpdateUserIdentityInfo>(user::update_user_identity_info)
        .write::<UpdateUserSecurityProfiles>(user::update_user_security_profiles)
        .write::<AssociateUserProficiencies>(user::proficiency::associate_user_proficiencies)
        .write::<DisassociateUserProficiencies>(user::proficiency::disassociate_user_proficiencies)
        .write::<UpdateUserProficiencies>(user::proficiency::update_user_proficiencies)
        .read::<ListUserProficiencies>(user::proficiency::list_user_proficiencies)
        .write::<DeleteUser>(user::delete_user)
        .write::<UpdateUserRoutingProfile>(user::update_user_routing_profile)
        .write::<UpdateUserPhoneConfig>(user::update_user_phone_config)
        .write::<UpdateUserConfig>(user::update_user_config)
        .write::<UpdateUserHierarchy>(user::update_user_hierarchy)
        .read::<DescribeUserHierarchyStructure>(user_hierarchy::describe_user_hierarchy_structure)
        .write::<UpdateUserHierarchyStructure>(user_hierarchy::update_user_hierarchy_structure)
        .write::<CreateUserHierarchyGroup>(user_hierarchy::group::create_user_hierarchy_group)
        .read::<DescribeUserHierarchyGroup>(user_hierarchy::group::describe_user_hierarchy_group)
        .read::<ListUserHierarchyGroups>(user_hierarchy::group::list_user_hierarchy_groups)
        .write::<UpdateUserHierarchyGroupName>(user_hierarchy::group::update_user_hierarchy_group_name)
        .write::<DeleteUserHierarchyGroup>(user_hierarchy::group::delete_user_hierarchy_group)
        .read::<SearchUserHierarchyGroups>(user_hierarchy::group::search_user_hierarchy_groups)
        .write::<PutUserStatus>(agent::put_user_status)
        .read::<GetCurrentUserData>(current_user_data::get_current_user_data)
        .write::<DismissUserContact>(agent::dismiss_user_contact)
        .write::<CreateAgentStatus>(agent_status::create_agent_status)
        .read::<DescribeAgentStatus>(agent_status::describe_agent_status)
        .read::<ListAgentStatuses>(agent_status::list_agent_statuses)
        .write::<UpdateAgentStatus>(agent_status::update_agent_status)
        .read::<SearchAgentStatuses>(agent_status::search_agent_statuses)
        .write::<CreateRoutingProfile>(routing_profile::create_routing_profile)
        .read::<DescribeRoutingProfile>(routing_profile::describe_routing_profile)
        .read::<ListRoutingProfiles>(routing_profile::list_routing_profiles)
        .read::<SearchRoutingProfiles>(routing_profile::update::search_routing_profiles)
        .write::<UpdateRoutingProfileName>(routing_profile::update::update_routing_profile_name)
        .write::<UpdateRoutingProfileConcurrency>(routing_profile::update::update_routing_profile_concurrency)
        .write::<UpdateRoutingProfileDefaultOutboundQueue>(routing_profile::update::update_routing_profile_default_outbound_queue)
        .write::<UpdateRoutingProfileAgentAvailabilityTimer>(routing_profile::update::update_routing_profile_agent_availability_timer)
        .write::<DeleteRoutingProfile>(routing_profile::update::delete_routing_profile)
        .write::<AssociateRoutingProfileQueues>(routing_profile::queues::associate_routing_profile_queues)
        .write::<DisassociateRoutingProfileQueues>(routing_profile::queues::disassociate_routing_profile_queues)
        .write::<UpdateRoutingProfileQueues>(routing_profile::queues::update_routing_profile_queues)
        .read::<ListRoutingProfileQueues>(routing_profile::queues::list_routing_profile_queues)
        .read::<ListRoutingProfileManualAssignmentQueues>(routing_profile::queues::list_routing_profile_manual_assignment_queues)
        .write::<CreateSecurityProfile>(security_profile::create_security_profile)
        .read::<DescribeSecurityProfile>(security_profile::describe_security_profile)
        .read::<ListSecurityProfiles>(security_profile::list_security_profiles)
        .write::<UpdateSecurityProfile>(security_profile::update_security_profile)
        .write::<DeleteSecurityProfile>(security_profile::delete_security_profile)
        .read::<ListSecurityProfilePermissions>(security_profile::list_security_profile_permissions)
        .read::<SearchSecurityProfiles>(security_profile::search_security_profiles)

        .write::<AssociateInstanceStorageConfig>(storage_config::associate_instance_storage_config)
        .read::<DescribeInstanceStorageConfig>(storage_config::describe_instance_storage_config)
        .read::<ListInstanceStorageConfigs>(storage_config::list_instance_storage_configs)
        .write::<UpdateInstanceStorageConfig>(storage_config::update_instance_storage_config)
        .write::<DisassociateInstanceStorageConfig>(storage_config::disassociate_instance_storage_config)

        .write::<AssociateLambdaFunction>(lambda_function::associate_lambda_function)
        .write::<DisassociateLambdaFunction>(lambda_function::disassociate_lambda_function)
        .read::<ListLambdaFunctions>(lambda_function::list_lambda_functions)

        .write::<CreatePredefinedAttribute>(predefined_attribute::create_predefined_attribute)
        .read::<DescribePredefinedAttribute>(predefined_attribute::describe_predefined_attribute)
        .read::<ListPredefinedAttributes>(predefined_attribute::list_predefined_attributes)
        .write::<DeletePredefinedAttribute>(predefined_attribute::delete_predefined_attribute)
        .write::<UpdatePredefinedAttribute>(predefined_attribute::update_predefined_attribute)
        .read::<SearchPredefinedAttributes>(predefined_attribute::search_predefined_attributes)

        .write_routed::<TagResource>(tag::route_tag_resource, tag::tag_resource)
        .write_routed::<UntagResource>(tag::route_untag_resource, tag::untag_resource)
        .read_routed::<ListTagsForResource>(tag::route_list_tags, tag::list_tags_for_resource)

        .write_checked::<StartTaskContact>(start_task_contact::check, start_task_contact::start_task_contact)
        .read::<DescribeContact>(contact::describe_contact)
        .write::<StopContact>(contact::stop_contact)
        .write::<UpdateContact>(contact::update_contact)
        .write::<UpdateContactSchedule>(contact::update_contact_schedule)
        .write::<UpdateContactAttributes>(contact_attributes::update_contact_attributes)
        .read::<GetContactAttributes>(contact_attributes::get_contact_attributes)
        .read::<ListContactReferences>(contact::list_contact_references)
        .write::<TagContact>(contact::tag_contact)
        .write::<UntagContact>(contact::untag_contact)
        .write::<PauseContact>(contact_work::pause_contact)
        .write::<ResumeContact>(contact_work::resume_contact)
        .write::<TransferContact>(contact_work::transfer_contact)
        .write::<AssociateContactWithUser>(contact_work::associate_contact_with_user)
        .write::<UpdateContactRoutingData>(contact_work::update_contact_routing_data)

        .read::<GetCurrentMetricData>(metrics::current::get_current_metric_data)
        .read::<GetContactMetrics>(metrics::contact::get_contact_metrics)
}

/// Reads a stored record of configuration; `None` for a kind that holds none.
pub(crate) fn decode_config(kind: Kind, value: &[u8]) -> Option<Result<Arc<dyn AnyRecord>, DecodeError>> {
    fn of<R: Record>(value: &[u8]) -> Option<Result<Arc<dyn AnyRecord>, DecodeError>> {
        Some(record::decode::<R>(value).map(|record| Arc::new(record) as Arc<dyn AnyRecord>))
    }
    match kind {
        kinds::INSTANCE => of::<engine::instance::Instance>(value),
        kinds::ACCESS_KEY => of::<access_key::AccessKey>(value),
        kinds::QUEUE => of::<engine::queue::Queue>(value),
        kinds::HOURS_OF_OPERATION => of::<engine::hours::HoursOfOperation>(value),
        kinds::QUICK_CONNECT => of::<engine::quick_connect::QuickConnect>(value),
        kinds::TASK_TEMPLATE => of::<engine::template::TaskTemplate>(value),
        kinds::USER => of::<engine::user::User>(value),
        kinds::ROUTING_PROFILE => of::<engine::routing_profile::RoutingProfile>(value),
        kinds::SECURITY_PROFILE => of::<engine::security_profile::SecurityProfile>(value),
        kinds::AGENT_STATUS => of::<engine::agent_status::AgentStatus>(value),
        kinds::CONTACT_FLOW => of::<engine::flow::ContactFlow>(value),
        kinds::STORAGE_CONFIG => of::<engine::storage_config::StorageConfig>(value),
        kinds::PREDEFINED_ATTRIBUTE => of::<engine::predefined::PredefinedAttribute>(value),
        kinds::AGENT => of::<engine::agent::Agent>(value),
        kinds::DEFAULTS => of::<defaults::Defaults>(value),
        kinds::CONTACT_FLOW_MODULE => of::<engine::flow::module::ContactFlowModule>(value),
        kinds::FLOW_VERSIONS => of::<contact_flow::version::FlowVersions>(value),
        kinds::REFERENCE_MAP => of::<engine::reference_map::ReferenceMap>(value),
        kinds::HIERARCHY_STRUCTURE => of::<user_hierarchy::HierarchyStructure>(value),
        kinds::HIERARCHY_GROUP => of::<user_hierarchy::HierarchyGroup>(value),
        kinds::LAMBDA_FUNCTION => of::<lambda_function::LambdaFunction>(value),
        kinds::EFFECT => of::<EffectRecord>(value),
        _ => None,
    }
}

/// The result of an effect: the effect's record goes, and whoever asked for it moves on.
pub(crate) fn effect_done(tx: &mut Tx<'_>, id: EffectId, outcome: &EffectOutcome) -> Result<(), Halt> {
    let Some(record) = tx.get::<EffectRecord>(id.0.as_bytes()) else { return Ok(()) };
    if *outcome == EffectOutcome::Interrupted {
        return Ok(());
    }
    tx.delete::<EffectRecord>(id.0.as_bytes());
    match (&record.effect, outcome) {
        (Effect::CreateDefaults { instance, .. }, outcome) => instance::defaults_created(tx, *instance, outcome),
        (Effect::DeleteRecords { .. } | Effect::DeleteFiles { .. }, _) => Ok(()),
        (Effect::FetchAttachment { job }, outcome) => {
            let (status, reason) = match outcome {
                EffectOutcome::Interrupted => return Ok(()),
                EffectOutcome::Attachment(AttachmentOutcome::Approved) | EffectOutcome::Done => {
                    (ReferenceStatus::Approved, None)
                }
                EffectOutcome::Attachment(AttachmentOutcome::Rejected { reason }) => {
                    (ReferenceStatus::Rejected, Some(reason.clone()))
                }
                EffectOutcome::Attachment(AttachmentOutcome::Failed { reason }) | EffectOutcome::Failed { reason } => {
                    (ReferenceStatus::Failed, Some(reason.clone()))
                }
                EffectOutcome::Answer(_) => (ReferenceStatus::Failed, Some("the download gave no file".to_owned())),
            };
            attachment::settled(tx, job, status, reason)
        }
        (Effect::CallFunction { job }, outcome) => contact::function_called(tx, job, outcome),
    }
}

/// Refuses one more of a kind when the quota is reached (`quotas.md` section 1).
pub(crate) fn refuse_over_quota(what: &str, count: usize, quota: Option<usize>) -> Result<(), crate::error::ApiError> {
    match quota {
        Some(quota) if count >= quota => Err(crate::error::ApiError::limit_exceeded(format!(
            "the instance has {count} {what}, and its quota is {quota}; delete some, or raise the quota in the configuration"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
