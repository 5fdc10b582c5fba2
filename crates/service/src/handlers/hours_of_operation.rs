//! Hours of operation.
//!
//! Facts: `control-plane.md` section 3, `routing.md` section 1, `observed-errors.md` O10 and O11.

pub(crate) mod overrides;

use std::sync::Arc;

use api::shapes;
use engine::HoursOfOperationId;
use engine::arn::Resource;
use engine::hours::{HoursEntry, HoursOfOperation, TimeOfDay, time_zone};
use engine::queue::Queue;
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
    shapes::CreateHoursOfOperationRequest,
    shapes::DescribeHoursOfOperationRequest,
    shapes::ListHoursOfOperationsRequest,
    shapes::UpdateHoursOfOperationRequest,
    shapes::DeleteHoursOfOperationRequest,
    shapes::SearchHoursOfOperationsRequest,
);

impl Record for HoursOfOperation {
    const KIND: Kind = kinds::HOURS_OF_OPERATION;
    const NAME: &'static str = "hours of operation";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

fn arn(tx: &Tx<'_>, id: HoursOfOperationId) -> String {
    tx.arn_scope().arn(Resource::HoursOfOperation(id))
}

/// Makes hours of operation.
pub(crate) fn create_hours_of_operation(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateHoursOfOperationRequest,
) -> Result<shapes::CreateHoursOfOperationResponse, Halt> {
    let all = tx.list::<HoursOfOperation>();
    if all.iter().any(|hours| hours.name == input.name) {
        return Err(name_exists("Hours of operation", &input.name).into());
    }
    super::refuse_over_quota("hours of operation", all.len(), tx.settings().quotas.hours_of_operations)?;
    refuse_unknown_zone(&input.time_zone)?;
    if input.parent_hours_of_operation_configs.as_ref().is_some_and(|parents| !parents.is_empty()) {
        return Err(ApiError::invalid_request(
            "ParentHoursOfOperationConfigs: hours of operation have no parents here; leave it out and give all entries in Config",
        )
        .into());
    }
    let hours = HoursOfOperation {
        id: HoursOfOperationId(tx.new_id()),
        name: input.name.clone(),
        description: input.description.clone(),
        time_zone: input.time_zone.clone(),
        config: entries(&input.config),
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
        overrides: Vec::new(),
    };
    let answer = shapes::CreateHoursOfOperationResponse {
        hours_of_operation_id: Some(hours.id.to_string()),
        hours_of_operation_arn: Some(arn(tx, hours.id)),
    };
    tx.put(hours);
    Ok(answer)
}

fn refuse_unknown_zone(name: &str) -> Result<(), ApiError> {
    match time_zone(name) {
        Some(_) => Ok(()),
        None => Err(ApiError::invalid_parameter(format!(
            "TimeZone {name:?} is not known: give the IANA name of a time zone, such as Europe/Berlin or UTC"
        ))),
    }
}

fn entries(given: &[shapes::HoursOfOperationConfig]) -> Vec<HoursEntry> {
    let time = |slice: &shapes::HoursOfOperationTimeSlice| TimeOfDay {
        hours: slice.hours.clamp(0, 23) as u8,
        minutes: slice.minutes.clamp(0, 59) as u8,
    };
    let entry = |entry: &shapes::HoursOfOperationConfig| HoursEntry {
        day: same(entry.day.as_str()),
        start: time(&entry.start_time),
        end: time(&entry.end_time),
    };
    given.iter().map(entry).collect()
}

/// Shows hours of operation.
pub(crate) fn describe_hours_of_operation(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeHoursOfOperationRequest,
) -> Result<shapes::DescribeHoursOfOperationResponse, Halt> {
    let hours = load::<HoursOfOperation>(tx, &input.hours_of_operation_id)?;
    Ok(shapes::DescribeHoursOfOperationResponse { hours_of_operation: Some(shown_hours(tx, &hours)) })
}

fn shown_hours(tx: &Tx<'_>, hours: &HoursOfOperation) -> shapes::HoursOfOperation {
    let slice = |time: TimeOfDay| shapes::HoursOfOperationTimeSlice {
        hours: i32::from(time.hours),
        minutes: i32::from(time.minutes),
    };
    let entry = |entry: &HoursEntry| shapes::HoursOfOperationConfig {
        day: same(entry.day.as_str()),
        start_time: slice(entry.start),
        end_time: slice(entry.end),
    };
    shapes::HoursOfOperation {
        hours_of_operation_id: Some(hours.id.to_string()),
        hours_of_operation_arn: Some(arn(tx, hours.id)),
        name: Some(hours.name.clone()),
        description: hours.description.clone(),
        time_zone: Some(hours.time_zone.clone()),
        config: Some(hours.config.iter().map(entry).collect()),
        tags: Some(hours.tags.clone()),
        last_modified_time: shown(hours.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
        ..shapes::HoursOfOperation::default()
    }
}

/// Lists hours of operation.
pub(crate) fn list_hours_of_operations(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListHoursOfOperationsRequest,
) -> Result<shapes::ListHoursOfOperationsResponse, Halt> {
    let page = page(tx.list::<HoursOfOperation>(), input.next_token.as_deref(), input.max_results)?;
    let summary = |hours: &Arc<HoursOfOperation>| shapes::HoursOfOperationSummary {
        id: Some(hours.id.to_string()),
        arn: Some(arn(tx, hours.id)),
        name: Some(hours.name.clone()),
        last_modified_time: shown(hours.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    Ok(shapes::ListHoursOfOperationsResponse {
        hours_of_operation_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Changes hours of operation; what is not given stays. Flows check the new ones from now on.
pub(crate) fn update_hours_of_operation(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateHoursOfOperationRequest,
) -> Result<api::Empty, Halt> {
    let mut hours = HoursOfOperation::clone(&*load::<HoursOfOperation>(tx, &input.hours_of_operation_id)?);
    if let Some(name) = &input.name {
        if tx.list::<HoursOfOperation>().iter().any(|other| other.name == *name && other.id != hours.id) {
            return Err(name_exists("Hours of operation", name).into());
        }
        hours.name.clone_from(name);
    }
    hours.description = input.description.clone().or(hours.description);
    if let Some(zone) = &input.time_zone {
        refuse_unknown_zone(zone)?;
        hours.time_zone.clone_from(zone);
    }
    if let Some(config) = &input.config {
        hours.config = entries(config);
    }
    hours.last_modified = tx.now;
    tx.put(hours);
    Ok(api::Empty {})
}

/// Deletes hours of operation that no queue has. A flow that checks them takes its error branch from now on.
pub(crate) fn delete_hours_of_operation(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteHoursOfOperationRequest,
) -> Result<api::Empty, Halt> {
    let id = load::<HoursOfOperation>(tx, &input.hours_of_operation_id)?.id;
    if let Some(queue) = tx.list::<Queue>().iter().find(|queue| queue.hours == Some(id)) {
        // The operation does not declare ResourceInUseException (`observed-errors.md` section 2).
        let text = format!(
            "hours of operation {id} are those of queue {}; give the queue others by UpdateQueueHoursOfOperation",
            queue.id
        );
        return Err(ApiError::invalid_request(text).into());
    }
    tx.delete::<HoursOfOperation>(id.as_bytes());
    Ok(api::Empty {})
}

/// What of hours of operation can be searched.
const FIELDS: [Field<HoursOfOperation>; 4] = [
    Field { name: "name", values: |hours| vec![hours.name.clone()] },
    Field { name: "description", values: |hours| hours.description.clone().into_iter().collect() },
    Field { name: "timezone", values: |hours| vec![hours.time_zone.clone()] },
    Field { name: "resourceID", values: |hours| vec![hours.id.to_string()] },
];

search::criteria!(shapes::HoursOfOperationSearchCriteria: HoursOfOperation, FIELDS);

/// Searches hours of operation.
pub(crate) fn search_hours_of_operations(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchHoursOfOperationsRequest,
) -> Result<shapes::SearchHoursOfOperationsResponse, Halt> {
    let filter = input.search_filter.as_ref().and_then(|filter| filter.tag_filter.as_ref());
    let tests = search::tests(tx, input.search_criteria.as_ref(), filter)?;
    let found = search::search(tx.list::<HoursOfOperation>(), &tests, input.next_token.as_deref(), input.max_results)?;
    let (page, total) = found;
    Ok(shapes::SearchHoursOfOperationsResponse {
        hours_of_operations: Some(page.items.iter().map(|hours| shown_hours(tx, hours)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}
