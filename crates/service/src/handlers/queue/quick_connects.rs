//! The quick connects that agents working on a queue are shown.
//!
//! Adding one that is there and taking away one that is not are no errors, so that both can be sent twice.
//!
//! Facts: `routing.md` sections 1 and 5, `observed-errors.md` E-Q1 to E-Q3.

use api::shapes;
use engine::QuickConnectId;
use engine::queue::Queue;
use engine::quick_connect::QuickConnect;

use super::update::{save, standard_queue};
use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::handlers::quick_connect::shown_summary;
use crate::handlers::resource::{load, shown};
use crate::operations::in_instance;
use crate::page::page;
use crate::tx::Tx;

/// Most quick connects of a queue (`quotas.md` section 1).
const QUICK_CONNECTS_MAX: usize = 700;

in_instance!(
    shapes::AssociateQueueQuickConnectsRequest,
    shapes::DisassociateQueueQuickConnectsRequest,
    shapes::ListQueueQuickConnectsRequest,
);

fn ids(tx: &Tx<'_>, given: &[String]) -> Result<Vec<QuickConnectId>, ApiError> {
    given.iter().map(|given| Ok(load::<QuickConnect>(tx, given)?.id)).collect()
}

/// Adds quick connects to a queue.
pub(crate) fn associate_queue_quick_connects(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::AssociateQueueQuickConnectsRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = standard_queue(tx, &input.queue_id)?;
    queue.quick_connects.extend(ids(tx, &input.quick_connect_ids)?);
    let count = queue.quick_connects.len();
    if count > QUICK_CONNECTS_MAX {
        return Err(ApiError::limit_exceeded(format!(
            "queue {} would have {count} quick connects, and the most is {QUICK_CONNECTS_MAX}; take some away by \
             DisassociateQueueQuickConnects",
            queue.id
        ))
        .into());
    }
    Ok(save(tx, queue))
}

/// Takes quick connects away from a queue.
pub(crate) fn disassociate_queue_quick_connects(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DisassociateQueueQuickConnectsRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = standard_queue(tx, &input.queue_id)?;
    for id in ids(tx, &input.quick_connect_ids)? {
        queue.quick_connects.remove(&id);
    }
    Ok(save(tx, queue))
}

/// Lists the quick connects of a queue.
pub(crate) fn list_queue_quick_connects(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListQueueQuickConnectsRequest,
) -> Result<shapes::ListQueueQuickConnectsResponse, Halt> {
    let queue = load::<Queue>(tx, &input.queue_id)?;
    let quick_connects = queue.quick_connects.iter().filter_map(|id| tx.get::<QuickConnect>(id.as_bytes()));
    let page = page(quick_connects, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::ListQueueQuickConnectsResponse {
        next_token: page.next_token,
        quick_connect_summary_list: Some(page.items.iter().map(|item| shown_summary(tx, item)).collect()),
        last_modified_time: shown(queue.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    })
}
