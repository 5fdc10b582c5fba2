//! Quick connects: whom a task can be given to.
//!
//! Facts: `routing.md` section 5, `control-plane.md` section 3.

use std::sync::Arc;

use api::shapes;
use engine::arn::Resource;
use engine::flow::{ContactFlow, FlowType};
use engine::queue::Queue;
use engine::quick_connect::{QuickConnect, QuickConnectConfig};
use engine::user::User;
use engine::{ContactFlowId, QuickConnectId};
use store::{KeyId, Kind};

use super::resource::{load, same, shown};
use super::search::{self, Field};
use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::CreateQuickConnectRequest,
    shapes::DescribeQuickConnectRequest,
    shapes::ListQuickConnectsRequest,
    shapes::DeleteQuickConnectRequest,
    shapes::UpdateQuickConnectConfigRequest,
    shapes::UpdateQuickConnectNameRequest,
    shapes::SearchQuickConnectsRequest,
);

impl Record for QuickConnect {
    const KIND: Kind = kinds::QUICK_CONNECT;
    const NAME: &'static str = "quick connect";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

fn arn(tx: &Tx<'_>, id: QuickConnectId) -> String {
    tx.arn_scope().arn(Resource::QuickConnect(id))
}

/// Makes a quick connect.
pub(crate) fn create_quick_connect(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateQuickConnectRequest,
) -> Result<shapes::CreateQuickConnectResponse, Halt> {
    let all = tx.list::<QuickConnect>();
    if all.iter().any(|quick_connect| quick_connect.name == input.name) {
        return Err(name_exists("Quick connect", &input.name).into());
    }
    super::refuse_over_quota("quick connects", all.len(), tx.settings().quotas.quick_connects)?;
    let quick_connect = QuickConnect {
        id: QuickConnectId(tx.new_id()),
        name: input.name.clone(),
        description: input.description.clone(),
        config: accept_config(tx, &input.quick_connect_config)?,
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
    };
    let answer = shapes::CreateQuickConnectResponse {
        quick_connect_arn: Some(arn(tx, quick_connect.id)),
        quick_connect_id: Some(quick_connect.id.to_string()),
    };
    tx.put(quick_connect);
    Ok(answer)
}

/// Checks that exactly the configuration of the type is there, and that what it names exists.
fn accept_config(tx: &Tx<'_>, given: &shapes::QuickConnectConfig) -> Result<QuickConnectConfig, ApiError> {
    let parts = [
        (shapes::QuickConnectType::User, "UserConfig", given.user_config.is_some()),
        (shapes::QuickConnectType::Queue, "QueueConfig", given.queue_config.is_some()),
        (shapes::QuickConnectType::PhoneNumber, "PhoneConfig", given.phone_config.is_some()),
        (shapes::QuickConnectType::Flow, "FlowConfig", given.flow_config.is_some()),
    ];
    for (kind, member, is_given) in parts {
        let wanted = kind == given.quick_connect_type;
        if wanted != is_given {
            let way_out = if wanted { "needs" } else { "does not take" };
            return Err(ApiError::invalid_request(format!(
                "a quick connect of type {} {way_out} QuickConnectConfig.{member}",
                given.quick_connect_type
            )));
        }
    }
    if let Some(config) = &given.user_config {
        let user = load::<User>(tx, &config.user_id)?.id;
        return Ok(QuickConnectConfig::User {
            user,
            flow: flow_of(tx, &config.contact_flow_id, FlowType::AgentTransfer)?,
        });
    }
    if let Some(config) = &given.queue_config {
        let queue = load::<Queue>(tx, &config.queue_id)?.id;
        return Ok(QuickConnectConfig::Queue {
            queue,
            flow: flow_of(tx, &config.contact_flow_id, FlowType::QueueTransfer)?,
        });
    }
    if let Some(config) = &given.phone_config {
        return Ok(QuickConnectConfig::PhoneNumber { number: config.phone_number.clone() });
    }
    let config = given.flow_config.as_ref().expect("one of the four is there, the loop above saw to it");
    Ok(QuickConnectConfig::Flow { flow: load::<ContactFlow>(tx, &config.contact_flow_id)?.id })
}

fn flow_of(tx: &Tx<'_>, given: &str, wanted: FlowType) -> Result<ContactFlowId, ApiError> {
    let flow = load::<ContactFlow>(tx, given)?;
    if flow.flow_type != wanted {
        return Err(ApiError::invalid_request(format!(
            "flow {} is of type {}: this quick connect needs one of type {wanted}",
            flow.id, flow.flow_type
        )));
    }
    Ok(flow.id)
}

fn shown_config(config: &QuickConnectConfig) -> shapes::QuickConnectConfig {
    let empty = shapes::QuickConnectConfig {
        quick_connect_type: same(config.kind()),
        user_config: None,
        queue_config: None,
        phone_config: None,
        flow_config: None,
    };
    match config {
        QuickConnectConfig::User { user, flow } => shapes::QuickConnectConfig {
            user_config: Some(shapes::UserQuickConnectConfig {
                user_id: user.to_string(),
                contact_flow_id: flow.to_string(),
            }),
            ..empty
        },
        QuickConnectConfig::Queue { queue, flow } => shapes::QuickConnectConfig {
            queue_config: Some(shapes::QueueQuickConnectConfig {
                queue_id: queue.to_string(),
                contact_flow_id: flow.to_string(),
            }),
            ..empty
        },
        QuickConnectConfig::PhoneNumber { number } => shapes::QuickConnectConfig {
            phone_config: Some(shapes::PhoneNumberQuickConnectConfig { phone_number: number.clone() }),
            ..empty
        },
        QuickConnectConfig::Flow { flow } => shapes::QuickConnectConfig {
            flow_config: Some(shapes::FlowQuickConnectConfig { contact_flow_id: flow.to_string() }),
            ..empty
        },
    }
}

/// Shows a quick connect.
pub(crate) fn describe_quick_connect(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeQuickConnectRequest,
) -> Result<shapes::DescribeQuickConnectResponse, Halt> {
    let quick_connect = load::<QuickConnect>(tx, &input.quick_connect_id)?;
    Ok(shapes::DescribeQuickConnectResponse { quick_connect: Some(shown_quick_connect(tx, &quick_connect)) })
}

fn shown_quick_connect(tx: &Tx<'_>, quick_connect: &QuickConnect) -> shapes::QuickConnect {
    shapes::QuickConnect {
        quick_connect_arn: Some(arn(tx, quick_connect.id)),
        quick_connect_id: Some(quick_connect.id.to_string()),
        name: Some(quick_connect.name.clone()),
        description: quick_connect.description.clone(),
        quick_connect_config: Some(shown_config(&quick_connect.config)),
        tags: Some(quick_connect.tags.clone()),
        last_modified_time: shown(quick_connect.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    }
}

/// Lists quick connects, of all types unless some are named.
pub(crate) fn list_quick_connects(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListQuickConnectsRequest,
) -> Result<shapes::ListQuickConnectsResponse, Halt> {
    let types = input.quick_connect_types.as_deref().unwrap_or_default();
    let wanted = |quick_connect: &Arc<QuickConnect>| {
        types.is_empty() || types.iter().any(|kind| kind.as_str() == quick_connect.config.kind())
    };
    let quick_connects = tx.list::<QuickConnect>().into_iter().filter(wanted);
    let page = page(quick_connects, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::ListQuickConnectsResponse {
        quick_connect_summary_list: Some(page.items.iter().map(|item| shown_summary(tx, item)).collect()),
        next_token: page.next_token,
    })
}

/// A quick connect as lists show it.
pub(crate) fn shown_summary(tx: &Tx<'_>, quick_connect: &QuickConnect) -> shapes::QuickConnectSummary {
    shapes::QuickConnectSummary {
        id: Some(quick_connect.id.to_string()),
        arn: Some(arn(tx, quick_connect.id)),
        name: Some(quick_connect.name.clone()),
        quick_connect_type: Some(same(quick_connect.config.kind())),
        last_modified_time: shown(quick_connect.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    }
}

/// Gives a quick connect another target, of the same type or another.
pub(crate) fn update_quick_connect_config(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQuickConnectConfigRequest,
) -> Result<api::Empty, Halt> {
    let mut quick_connect = QuickConnect::clone(&*load::<QuickConnect>(tx, &input.quick_connect_id)?);
    quick_connect.config = accept_config(tx, &input.quick_connect_config)?;
    quick_connect.last_modified = tx.now;
    tx.put(quick_connect);
    Ok(api::Empty {})
}

/// Renames a quick connect, or describes it anew.
pub(crate) fn update_quick_connect_name(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQuickConnectNameRequest,
) -> Result<api::Empty, Halt> {
    let mut quick_connect = QuickConnect::clone(&*load::<QuickConnect>(tx, &input.quick_connect_id)?);
    if input.name.is_none() && input.description.is_none() {
        return Err(ApiError::invalid_request("nothing to change: give Name, Description or both").into());
    }
    if let Some(name) = &input.name {
        if tx.list::<QuickConnect>().iter().any(|other| other.name == *name && other.id != quick_connect.id) {
            // The operation does not declare DuplicateResourceException.
            let text = format!("Quick connect name already exists for the instance: {name:?}; choose another name");
            return Err(ApiError::invalid_request(text).into());
        }
        quick_connect.name.clone_from(name);
    }
    quick_connect.description = input.description.clone().or(quick_connect.description);
    quick_connect.last_modified = tx.now;
    tx.put(quick_connect);
    Ok(api::Empty {})
}

/// What of a quick connect can be searched.
const FIELDS: [Field<QuickConnect>; 3] = [
    Field { name: "name", values: |quick_connect| vec![quick_connect.name.clone()] },
    Field { name: "description", values: |quick_connect| quick_connect.description.clone().into_iter().collect() },
    Field { name: "resourceID", values: |quick_connect| vec![quick_connect.id.to_string()] },
];

search::criteria!(shapes::QuickConnectSearchCriteria: QuickConnect, FIELDS);

/// Searches quick connects.
pub(crate) fn search_quick_connects(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchQuickConnectsRequest,
) -> Result<shapes::SearchQuickConnectsResponse, Halt> {
    let filter = input.search_filter.as_ref().and_then(|filter| filter.tag_filter.as_ref());
    let tests = search::tests(tx, input.search_criteria.as_ref(), filter)?;
    let found = search::search(tx.list::<QuickConnect>(), &tests, input.next_token.as_deref(), input.max_results)?;
    let (page, total) = found;
    Ok(shapes::SearchQuickConnectsResponse {
        quick_connects: Some(page.items.iter().map(|item| shown_quick_connect(tx, item)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}

/// Deletes a quick connect, also from the queues that show it to agents.
pub(crate) fn delete_quick_connect(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteQuickConnectRequest,
) -> Result<api::Empty, Halt> {
    let id = load::<QuickConnect>(tx, &input.quick_connect_id)?.id;
    for queue in tx.list::<Queue>() {
        if queue.quick_connects.contains(&id) {
            let mut queue = Queue::clone(&queue);
            queue.quick_connects.remove(&id);
            tx.put(queue);
        }
    }
    tx.delete::<QuickConnect>(id.as_bytes());
    Ok(api::Empty {})
}
