//! Overrides of hours of operation: holidays, longer evenings. They are part of the record of their hours.
//!
//! Facts: `control-plane.md` section 3, `quotas.md` section 1. What they mean is in `engine::hours`.

use api::shapes;
use engine::HoursOfOperationOverrideId;
use engine::hours::{
    CivilDate, HoursEntry, HoursOfOperation, HoursOverride, OVERRIDES_MAX, OverrideType, Recurrence, TimeOfDay,
};
use store::KeyId;

use super::arn;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_not_found};
use crate::handlers::resource::{load, same, shown};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page_by;
use crate::tx::Tx;

/// Most dates of GetEffectiveHoursOfOperations.
const EFFECTIVE_DATES_MAX: usize = 366;

in_instance!(
    shapes::CreateHoursOfOperationOverrideRequest,
    shapes::DescribeHoursOfOperationOverrideRequest,
    shapes::UpdateHoursOfOperationOverrideRequest,
    shapes::DeleteHoursOfOperationOverrideRequest,
    shapes::ListHoursOfOperationOverridesRequest,
    shapes::GetEffectiveHoursOfOperationsRequest,
);

/// Hours to change.
fn copy_of(tx: &Tx<'_>, given: &str) -> Result<HoursOfOperation, ApiError> {
    Ok(HoursOfOperation::clone(&*load::<HoursOfOperation>(tx, given)?))
}

fn save(tx: &mut Tx<'_>, mut hours: HoursOfOperation) {
    hours.last_modified = tx.now;
    tx.put(hours);
}

/// Where the override of an id is among those of the hours.
fn find(hours: &HoursOfOperation, given: &str) -> Result<usize, ApiError> {
    let at = hours.overrides.iter().position(|one| one.id.to_string() == given);
    at.ok_or_else(|| resource_not_found("override of hours of operation", given))
}

fn date(member: &str, given: &str) -> Result<CivilDate, ApiError> {
    given.parse().map_err(|_| {
        ApiError::invalid_parameter(format!("Invalid parameter:  {member} {given:?} is no date of the calendar"))
    })
}

fn entries(given: &[shapes::HoursOfOperationOverrideConfig]) -> Result<Vec<HoursEntry>, ApiError> {
    let time = |slice: &shapes::OverrideTimeSlice| TimeOfDay {
        hours: slice.hours.clamp(0, 23) as u8,
        minutes: slice.minutes.clamp(0, 59) as u8,
    };
    let entry = |(at, entry): (usize, &shapes::HoursOfOperationOverrideConfig)| match entry {
        shapes::HoursOfOperationOverrideConfig { day: Some(day), start_time: Some(start), end_time: Some(end) } => {
            Ok(HoursEntry { day: same(day.as_str()), start: time(start), end: time(end) })
        }
        _ => Err(ApiError::invalid_parameter(format!(
            "Invalid parameter:  Config[{at}] is not whole; give Day, StartTime and EndTime"
        ))),
    };
    given.iter().enumerate().map(entry).collect()
}

fn recurrence(given: &shapes::RecurrenceConfig) -> Recurrence {
    fn small<T: TryFrom<i32>>(numbers: Option<&[i32]>) -> Vec<T> {
        numbers.unwrap_or_default().iter().filter_map(|number| T::try_from(*number).ok()).collect()
    }
    let pattern = &given.recurrence_pattern;
    Recurrence {
        frequency: same(pattern.frequency.as_str()),
        interval: u8::try_from(pattern.interval).unwrap_or(1),
        by_month: small(pattern.by_month.as_deref()),
        by_month_day: small(pattern.by_month_day.as_deref()),
        by_weekday_occurrence: small(pattern.by_weekday_occurrence.as_deref()).first().copied(),
    }
}

/// The rules between the members of an override, and between it and the others of its hours.
fn check(hours: &HoursOfOperation, one: &HoursOverride) -> Result<(), ApiError> {
    if one.till < one.from {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter:  EffectiveTill {} is before EffectiveFrom {}",
            one.till, one.from
        )));
    }
    if hours.overrides.iter().any(|other| other.name == one.name && other.id != one.id) {
        return Err(name_exists("Override", &one.name));
    }
    Ok(())
}

/// Adds an override to hours of operation. Flows check it from now on.
pub(crate) fn create_hours_of_operation_override(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateHoursOfOperationOverrideRequest,
) -> Result<shapes::CreateHoursOfOperationOverrideResponse, Halt> {
    let mut hours = copy_of(tx, &input.hours_of_operation_id)?;
    crate::handlers::refuse_over_quota("overrides on these hours", hours.overrides.len(), Some(OVERRIDES_MAX))?;
    let one = HoursOverride {
        id: HoursOfOperationOverrideId(tx.new_id()),
        name: input.name.clone(),
        description: input.description.clone(),
        kind: input.override_type.map_or(OverrideType::Standard, |kind| same(kind.as_str())),
        config: entries(&input.config)?,
        from: date("EffectiveFrom", &input.effective_from)?,
        till: date("EffectiveTill", &input.effective_till)?,
        recurrence: input.recurrence_config.as_ref().map(recurrence),
    };
    check(&hours, &one)?;
    let answer =
        shapes::CreateHoursOfOperationOverrideResponse { hours_of_operation_override_id: Some(one.id.to_string()) };
    hours.overrides.push(one);
    save(tx, hours);
    Ok(answer)
}

/// Shows an override.
pub(crate) fn describe_hours_of_operation_override(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeHoursOfOperationOverrideRequest,
) -> Result<shapes::DescribeHoursOfOperationOverrideResponse, Halt> {
    let hours = load::<HoursOfOperation>(tx, &input.hours_of_operation_id)?;
    let one = &hours.overrides[find(&hours, &input.hours_of_operation_override_id)?];
    Ok(shapes::DescribeHoursOfOperationOverrideResponse {
        hours_of_operation_override: Some(shown_override(tx, &hours, one)),
    })
}

fn shown_override(tx: &Tx<'_>, hours: &HoursOfOperation, one: &HoursOverride) -> shapes::HoursOfOperationOverride {
    let entry = |entry: &HoursEntry| shapes::HoursOfOperationOverrideConfig {
        day: Some(same(entry.day.as_str())),
        start_time: Some(slice(entry.start)),
        end_time: Some(slice(entry.end)),
    };
    shapes::HoursOfOperationOverride {
        hours_of_operation_override_id: Some(one.id.to_string()),
        hours_of_operation_id: Some(hours.id.to_string()),
        hours_of_operation_arn: Some(arn(tx, hours.id)),
        name: Some(one.name.clone()),
        description: one.description.clone(),
        config: Some(one.config.iter().map(entry).collect()),
        effective_from: Some(one.from.to_string()),
        effective_till: Some(one.till.to_string()),
        recurrence_config: one.recurrence.as_ref().map(shown_recurrence),
        override_type: Some(same(one.kind.as_str())),
    }
}

fn slice(time: TimeOfDay) -> shapes::OverrideTimeSlice {
    shapes::OverrideTimeSlice { hours: i32::from(time.hours), minutes: i32::from(time.minutes) }
}

fn shown_recurrence(recurrence: &Recurrence) -> shapes::RecurrenceConfig {
    fn numbers<T: Copy + Into<i32>>(numbers: &[T]) -> Option<Vec<i32>> {
        (!numbers.is_empty()).then(|| numbers.iter().map(|number| (*number).into()).collect())
    }
    shapes::RecurrenceConfig {
        recurrence_pattern: shapes::RecurrencePattern {
            frequency: same(recurrence.frequency.as_str()),
            interval: i32::from(recurrence.interval),
            by_month: numbers(&recurrence.by_month),
            by_month_day: numbers(&recurrence.by_month_day),
            by_weekday_occurrence: numbers(recurrence.by_weekday_occurrence.as_slice()),
        },
    }
}

/// Changes an override; what is not given stays.
pub(crate) fn update_hours_of_operation_override(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateHoursOfOperationOverrideRequest,
) -> Result<api::Empty, Halt> {
    let mut hours = copy_of(tx, &input.hours_of_operation_id)?;
    let at = find(&hours, &input.hours_of_operation_override_id)?;
    let mut one = hours.overrides[at].clone();
    if let Some(name) = &input.name {
        one.name.clone_from(name);
    }
    one.description = input.description.clone().or(one.description);
    if let Some(kind) = input.override_type {
        one.kind = same(kind.as_str());
    }
    if let Some(config) = &input.config {
        one.config = entries(config)?;
    }
    if let Some(given) = &input.effective_from {
        one.from = date("EffectiveFrom", given)?;
    }
    if let Some(given) = &input.effective_till {
        one.till = date("EffectiveTill", given)?;
    }
    one.recurrence = input.recurrence_config.as_ref().map(recurrence).or(one.recurrence);
    check(&hours, &one)?;
    hours.overrides[at] = one;
    save(tx, hours);
    Ok(api::Empty {})
}

/// Takes an override away.
pub(crate) fn delete_hours_of_operation_override(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteHoursOfOperationOverrideRequest,
) -> Result<api::Empty, Halt> {
    let mut hours = copy_of(tx, &input.hours_of_operation_id)?;
    let at = find(&hours, &input.hours_of_operation_override_id)?;
    hours.overrides.remove(at);
    save(tx, hours);
    Ok(api::Empty {})
}

/// Lists the overrides of hours of operation.
pub(crate) fn list_hours_of_operation_overrides(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListHoursOfOperationOverridesRequest,
) -> Result<shapes::ListHoursOfOperationOverridesResponse, Halt> {
    let hours = load::<HoursOfOperation>(tx, &input.hours_of_operation_id)?;
    let mut overrides: Vec<&HoursOverride> = hours.overrides.iter().collect();
    overrides.sort_by_key(|one| one.id);
    let id = |one: &&HoursOverride| KeyId::from(*one.id.as_bytes());
    let page = page_by(kinds::HOURS_OF_OPERATION, overrides, id, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::ListHoursOfOperationOverridesResponse {
        next_token: page.next_token,
        hours_of_operation_override_list: Some(
            page.items.into_iter().map(|one| shown_override(tx, &hours, one)).collect(),
        ),
        last_modified_region: Some(tx.settings().region.clone()),
        last_modified_time: shown(hours.last_modified),
    })
}

/// Shows date by date when hours of operation are open, and what overrides say about it.
pub(crate) fn get_effective_hours_of_operations(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::GetEffectiveHoursOfOperationsRequest,
) -> Result<shapes::GetEffectiveHoursOfOperationsResponse, Halt> {
    let hours = load::<HoursOfOperation>(tx, &input.hours_of_operation_id)?;
    let (from, to) = (date("FromDate", &input.from_date)?, date("ToDate", &input.to_date)?);
    let dates: Vec<CivilDate> = from.through(to).take(EFFECTIVE_DATES_MAX + 1).collect();
    if dates.is_empty() || dates.len() > EFFECTIVE_DATES_MAX {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter:  FromDate {from} to ToDate {to}; give 1 to {EFFECTIVE_DATES_MAX} dates, the first one first"
        ))
        .into());
    }
    let effective = |date: &CivilDate| shapes::EffectiveHoursOfOperations {
        date: Some(date.to_string()),
        operational_hours: Some(hours.effective(*date).into_iter().map(operational_hour).collect()),
    };
    let overridden = |date: &CivilDate| {
        let holds = hours.overrides.iter().filter(|one| one.holds_on(*date));
        let override_hours: Vec<_> = holds.flat_map(|one| override_hours(one, *date)).collect();
        (!override_hours.is_empty()).then(|| shapes::EffectiveOverrideHours {
            date: Some(date.to_string()),
            override_hours: Some(override_hours),
        })
    };
    Ok(shapes::GetEffectiveHoursOfOperationsResponse {
        effective_hours_of_operation_list: Some(dates.iter().map(effective).collect()),
        effective_override_hours_list: Some(dates.iter().filter_map(overridden).collect()),
        time_zone: Some(hours.time_zone.clone()),
    })
}

/// A minute of a day, or of the night after it; midnight is 0:00 of either.
fn clock(minute: u16) -> Option<shapes::OverrideTimeSlice> {
    let minute = i32::from(minute % HoursEntry::MINUTES_OF_DAY);
    Some(shapes::OverrideTimeSlice { hours: minute / 60, minutes: minute % 60 })
}

fn operational_hour((begin, end): (u16, u16)) -> shapes::OperationalHour {
    shapes::OperationalHour { start: clock(begin), end: clock(end) }
}

/// What an override says about a date; one of type STANDARD without an entry for the day closes all of it.
fn override_hours(one: &HoursOverride, date: CivilDate) -> Vec<shapes::OverrideHour> {
    let hour = |(begin, end), status| shapes::OverrideHour {
        start: clock(begin),
        end: clock(end),
        override_name: Some(one.name.clone()),
        operational_status: Some(status),
    };
    let status = match one.kind {
        OverrideType::Standard | OverrideType::Open => shapes::OperationalStatus::Open,
        OverrideType::Closed => shapes::OperationalStatus::Closed,
    };
    let spans = one.spans(date);
    if spans.is_empty() && one.kind == OverrideType::Standard {
        return vec![hour((0, HoursEntry::MINUTES_OF_DAY), shapes::OperationalStatus::Closed)];
    }
    spans.into_iter().map(|span| hour(span, status)).collect()
}
