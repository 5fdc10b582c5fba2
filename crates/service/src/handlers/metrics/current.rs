//! GetCurrentMetricData: what of queues or routing profiles is true now, in one row or by groups.
//!
//! A row for everything that is asked of, also where nothing goes on. What is filtered by and what is grouped by comes
//! back as [`Slice`]s; each slice narrows the filter to a [`Scope`], whose totals are the row.

use std::collections::BTreeSet;

use api::shapes::{self, CurrentMetricName, Grouping, Unit};
use engine::agent_status::AgentStatus;
use engine::arn::Resource;
use engine::queue::{Queue, QueueKind};
use engine::routing_profile::{Channel, RoutingProfile};
use engine::{AgentStatusId, QueueId, RoutingProfileId};
use sha2::{Digest, Sha256};
use store::KeyId;

use super::estimated_wait_ms;
use super::totals::{AgentTotals, ContactTotals, Scope, Subject};
use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::handlers::agent_status::status_arn;
use crate::handlers::queue::queue_arn;
use crate::handlers::resource::{load, same, shown};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page_by;
use crate::tx::Tx;

/// Most rows of an answer, over all its pages.
const ROWS_MAX: usize = 2_000;
/// How long a NextToken is good (`contact-events.md` section 4: 5 minutes).
const TOKEN_LIFE_MS: i64 = 5 * 60 * 1000;
/// The subtype of all contacts (`contact-events.md` section 1).
const SUBTYPE: &str = "connect:Task";

in_instance!(shapes::GetCurrentMetricDataRequest);

/// What the metrics are asked of, all ids found.
struct Filter {
    queues: Option<BTreeSet<QueueId>>,
    profiles: Option<BTreeSet<RoutingProfileId>>,
    channels: Vec<Channel>,
    statuses: Option<BTreeSet<AgentStatusId>>,
}

/// What a row is about, as far as it is grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Slice {
    queue: Option<QueueId>,
    channel: Option<Channel>,
    profile: Option<RoutingProfileId>,
    status: Option<AgentStatusId>,
    has_subtype: bool,
}

/// A row, and what it was summed up to.
struct Row {
    slice: Slice,
    agents: AgentTotals,
    contacts: ContactTotals,
    /// What ages are counted in: seconds, or without groupings milliseconds (`contact-events.md` section 4).
    age_unit_ms: f64,
}

/// Shows real-time metrics.
pub(crate) fn get_current_metric_data(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::GetCurrentMetricDataRequest,
) -> Result<shapes::GetCurrentMetricDataResponse, Halt> {
    let token = Token::of(input);
    let after = input.next_token.as_deref().map(|given| token.opened(given, tx)).transpose()?;
    let groupings = input.groupings.as_deref().unwrap_or_default();
    refuse_groupings(groupings, &input.filters)?;
    for metric in &input.current_metrics {
        refuse_metric(metric, groupings, &input.filters)?;
    }
    let order = Order::of(input.sort_criteria.as_deref().unwrap_or_default())?;
    let filter = Filter::of(tx, &input.filters)?;
    let slices = filter.slices(tx, groupings)?;
    let total = slices.len() as i64;
    let mut rows: Vec<(KeyId, Row)> = Vec::with_capacity(slices.len());
    for slice in slices {
        let row = filter.row(tx, slice, groupings.is_empty());
        rows.push((order.key(&row, tx), row));
    }
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let page = page_by(kinds::QUEUE, rows, |(key, _)| key.clone(), after, input.max_results)?;
    let shown_row = |(_, row): &(KeyId, Row)| shapes::CurrentMetricResult {
        dimensions: (!groupings.is_empty()).then(|| row.slice.dimensions(tx)),
        collections: Some(input.current_metrics.iter().map(|metric| row.shown(metric, tx)).collect()),
    };
    Ok(shapes::GetCurrentMetricDataResponse {
        next_token: page.next_token.map(|next| token.sealed(&next, tx)),
        metric_results: Some(page.items.iter().map(shown_row).collect()),
        data_snapshot_time: shown(tx.now),
        approximate_total_count: Some(total),
    })
}

/// The metric that is asked for, by its name or by the ARN that ends in `aws:metric/` and its name.
fn name_of(metric: &shapes::CurrentMetric) -> Option<CurrentMetricName> {
    let by_id = || metric.metric_id.as_deref()?.split_once(":aws:metric/")?.1.parse().ok();
    metric.name.or_else(by_id)
}

/// Metrics of contacts, which neither the status of an agent nor, with queues as filter, a routing profile has.
fn is_of_contacts(metric: CurrentMetricName) -> bool {
    matches!(
        metric,
        CurrentMetricName::ContactsInQueue | CurrentMetricName::ContactsScheduled | CurrentMetricName::OldestContactAge
    )
}

fn unit_of(metric: CurrentMetricName) -> Unit {
    match metric {
        CurrentMetricName::OldestContactAge | CurrentMetricName::EstimatedWaitTime => Unit::Seconds,
        CurrentMetricName::AgentsOnline
        | CurrentMetricName::AgentsAvailable
        | CurrentMetricName::AgentsOnCall
        | CurrentMetricName::AgentsNonProductive
        | CurrentMetricName::AgentsAfterContactWork
        | CurrentMetricName::AgentsError
        | CurrentMetricName::AgentsStaffed
        | CurrentMetricName::ContactsInQueue
        | CurrentMetricName::ContactsScheduled
        | CurrentMetricName::AgentsOnContact
        | CurrentMetricName::SlotsActive
        | CurrentMetricName::SlotsAvailable => Unit::Count,
    }
}

fn refuse_groupings(groupings: &[Grouping], filters: &shapes::Filters) -> Result<(), ApiError> {
    for (at, grouping) in groupings.iter().enumerate() {
        if groupings[..at].contains(grouping) {
            let text = format!("Invalid parameter:  Groupings has {grouping} twice; give it once");
            return Err(ApiError::invalid_parameter(text));
        }
        match grouping {
            Grouping::Queue | Grouping::Channel | Grouping::RoutingProfile => {}
            Grouping::AgentStatus | Grouping::Subtype => refuse_without_queues(grouping.as_str(), filters)?,
            Grouping::RoutingStepExpression | Grouping::ValidationTestType => {
                return Err(not_supported(&format!("the grouping {grouping}")));
            }
        }
    }
    Ok(())
}

fn not_supported(what: &str) -> ApiError {
    ApiError::invalid_request(format!(
        "{what} is not supported: filter and group by queues, routing profiles, channels, agent statuses and subtypes"
    ))
}

fn refuse_without_queues(what: &str, filters: &shapes::Filters) -> Result<(), ApiError> {
    match filters.queues {
        Some(_) => Ok(()),
        None => Err(ApiError::invalid_request(format!("{what} needs queues to look at: give Filters.Queues"))),
    }
}

fn refuse_metric(
    metric: &shapes::CurrentMetric,
    groupings: &[Grouping],
    filters: &shapes::Filters,
) -> Result<(), ApiError> {
    let Some(name) = name_of(metric) else {
        let text = "a metric of CurrentMetrics has no Name, and its MetricId, if given, is not the ARN of a metric of \
                    AWS's own: give one of them, there are no other metrics here";
        return Err(ApiError::invalid_request(text));
    };
    let unit = unit_of(name);
    if metric.unit.is_some_and(|given| given != unit) {
        return Err(ApiError::invalid_parameter(format!("Invalid parameter:  Unit of {name} must be {unit}")));
    }
    let refuse = |text: String| Err(ApiError::invalid_request(text));
    if groupings.contains(&Grouping::AgentStatus) && is_of_contacts(name) {
        return refuse(format!("{name} cannot be grouped by AGENT_STATUS: it is about contacts; ask for it without"));
    }
    if groupings.contains(&Grouping::RoutingProfile) && filters.queues.is_some() && is_of_contacts(name) {
        return refuse(format!(
            "{name} by ROUTING_PROFILE needs routing profiles to look at: give Filters.RoutingProfiles instead of Queues"
        ));
    }
    if name == CurrentMetricName::EstimatedWaitTime && !groupings.contains(&Grouping::Queue) {
        return refuse(format!("{name} is the wait in one queue: give Groupings with QUEUE"));
    }
    Ok(())
}

impl Filter {
    fn of(tx: &Tx<'_>, given: &shapes::Filters) -> Result<Self, ApiError> {
        if given.routing_step_expressions.as_ref().is_some_and(|expressions| !expressions.is_empty()) {
            return Err(not_supported("Filters.RoutingStepExpressions"));
        }
        if given.validation_test_types.as_ref().is_some_and(|types| !types.is_empty()) {
            return Err(not_supported("Filters.ValidationTestTypes"));
        }
        if given.queues.is_some() == given.routing_profiles.is_some() {
            let text = "Filters must have exactly one of Queues and RoutingProfiles";
            return Err(ApiError::invalid_request(text));
        }
        let queues = given.queues.as_ref().map(|ids| ids.iter().map(|id| standard_queue(tx, id)).collect());
        let profile = |id: &String| -> Result<RoutingProfileId, ApiError> { Ok(load::<RoutingProfile>(tx, id)?.id) };
        let profiles = given.routing_profiles.as_ref().map(|ids| ids.iter().map(profile).collect());
        let status = |id: &String| -> Result<AgentStatusId, ApiError> { Ok(load::<AgentStatus>(tx, id)?.id) };
        let statuses = given.agent_statuses.as_ref().filter(|ids| !ids.is_empty());
        if statuses.is_some() {
            refuse_without_queues("Filters.AgentStatuses", given)?;
        }
        let mut channels = match given.channels.as_deref() {
            None | Some([]) => Channel::ALL.to_vec(),
            Some(channels) => channels.iter().map(|channel| same(channel.as_str())).collect::<Vec<Channel>>(),
        };
        channels.sort_unstable();
        channels.dedup();
        if let Some(subtypes) = given.subtypes.as_ref().filter(|subtypes| !subtypes.is_empty()) {
            refuse_without_queues("Filters.Subtypes", given)?;
            if !subtypes.iter().any(|subtype| subtype == SUBTYPE) {
                channels.clear();
            }
        }
        Ok(Filter {
            queues: queues.transpose()?,
            profiles: profiles.transpose()?,
            channels,
            statuses: statuses.map(|ids| ids.iter().map(status).collect()).transpose()?,
        })
    }

    /// One slice for each combination of what the groupings tell apart, of those that can have something in them.
    fn slices(&self, tx: &Tx<'_>, groupings: &[Grouping]) -> Result<BTreeSet<Slice>, ApiError> {
        let mut slices = BTreeSet::from([Slice::default()]);
        for grouping in groupings {
            let mut finer = BTreeSet::new();
            for slice in slices {
                match grouping {
                    Grouping::Queue => {
                        let queues = self.queues_of(tx, slice).into_iter();
                        finer.extend(queues.map(|queue| Slice { queue: Some(queue), ..slice }));
                    }
                    Grouping::RoutingProfile => {
                        let profiles = self.profiles_of(tx, slice).into_iter();
                        finer.extend(profiles.map(|profile| Slice { profile: Some(profile), ..slice }));
                    }
                    Grouping::Channel => {
                        let channels = self.channels.iter();
                        finer.extend(channels.map(|channel| Slice { channel: Some(*channel), ..slice }));
                    }
                    Grouping::AgentStatus => {
                        let all = || tx.list::<AgentStatus>().iter().map(|status| status.id).collect();
                        let statuses = self.statuses.clone().unwrap_or_else(all).into_iter();
                        finer.extend(statuses.map(|status| Slice { status: Some(status), ..slice }));
                    }
                    Grouping::Subtype if self.channels.is_empty() => {}
                    Grouping::Subtype => finer.extend([Slice { has_subtype: true, ..slice }]),
                    Grouping::RoutingStepExpression | Grouping::ValidationTestType => {
                        unreachable!("refused before the filter was looked at")
                    }
                }
                if finer.len() > ROWS_MAX {
                    return Err(ApiError::invalid_request(format!(
                        "the groupings make more than {ROWS_MAX} rows; give a narrower filter or fewer groupings"
                    )));
                }
            }
            slices = finer;
        }
        Ok(slices)
    }

    /// The queues of the filter, or those that its routing profiles serve; of a slice, those that its profile serves.
    fn queues_of(&self, tx: &Tx<'_>, slice: Slice) -> BTreeSet<QueueId> {
        let counts = tx.agent_counts();
        let served = |profile: &RoutingProfileId| counts.served(*profile).iter().map(|(queue, _)| *queue);
        match (&self.queues, slice.profile) {
            (Some(queues), None) => queues.clone(),
            (Some(queues), Some(profile)) => served(&profile).filter(|queue| queues.contains(queue)).collect(),
            (None, Some(profile)) => served(&profile).collect(),
            (None, None) => self.profiles.iter().flatten().flat_map(served).collect(),
        }
    }

    /// The routing profiles of the filter, or those that serve its queues; of a slice, those that serve its queue.
    fn profiles_of(&self, tx: &Tx<'_>, slice: Slice) -> BTreeSet<RoutingProfileId> {
        let counts = tx.agent_counts();
        let serving = |queue: &QueueId| counts.servers(*queue).map(|(profile, _)| profile);
        match (&self.profiles, slice.queue) {
            (Some(profiles), None) => profiles.clone(),
            (Some(profiles), Some(queue)) => serving(&queue).filter(|profile| profiles.contains(profile)).collect(),
            (None, Some(queue)) => serving(&queue).collect(),
            (None, None) => self.queues.iter().flatten().flat_map(serving).collect(),
        }
    }

    fn row(&self, tx: &Tx<'_>, slice: Slice, is_only: bool) -> Row {
        let profiles = slice.profile.map(|profile| BTreeSet::from([profile])).or_else(|| self.profiles.clone());
        let queues = slice.queue.map(|queue| BTreeSet::from([queue])).or_else(|| self.queues.clone());
        let subject = match (queues, profiles) {
            (Some(queues), profiles) => Subject::Queues { queues, profiles },
            (None, profiles) => Subject::Profiles(profiles.unwrap_or_default()),
        };
        let channels = slice.channel.map_or_else(|| self.channels.clone(), |channel| vec![channel]);
        let statuses = slice.status.map(|status| BTreeSet::from([status])).or_else(|| self.statuses.clone());
        let scope = Scope { subject, channels, statuses };
        let age_unit_ms = if is_only { 1.0 } else { 1000.0 };
        Row { slice, agents: scope.agents(tx), contacts: scope.contacts(tx), age_unit_ms }
    }
}

/// The queues of agents have no metrics (`routing.md` section 1).
fn standard_queue(tx: &Tx<'_>, given: &str) -> Result<QueueId, ApiError> {
    let queue = load::<Queue>(tx, given)?;
    match queue.kind {
        QueueKind::Standard => Ok(queue.id),
        QueueKind::Agent => Err(ApiError::invalid_parameter(format!(
            "Invalid parameter:  {given} is the queue of an agent, and only STANDARD queues have metrics"
        ))),
    }
}

impl Slice {
    fn dimensions(&self, tx: &Tx<'_>) -> shapes::Dimensions {
        let queue = |id: QueueId| shapes::QueueReference {
            id: Some(id.to_string()),
            arn: tx.get::<Queue>(id.as_bytes()).map(|queue| queue_arn(tx, &queue)),
        };
        let profile = |id: RoutingProfileId| shapes::RoutingProfileReference {
            id: Some(id.to_string()),
            arn: Some(tx.arn_scope().arn(Resource::RoutingProfile(id))),
        };
        let status = |id: AgentStatusId| shapes::AgentStatusIdentifier {
            arn: Some(status_arn(tx, id)),
            id: Some(id.to_string()),
        };
        shapes::Dimensions {
            queue: self.queue.map(queue),
            channel: self.channel.map(|channel| same(channel.as_str())),
            routing_profile: self.profile.map(profile),
            agent_status: self.status.map(status),
            subtype: self.has_subtype.then(|| SUBTYPE.to_owned()),
            ..shapes::Dimensions::default()
        }
    }

    /// Where its row stands among those of equal value.
    fn key(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.queue.iter().flat_map(|id| *id.as_bytes()));
        bytes.extend(self.profile.iter().flat_map(|id| *id.as_bytes()));
        bytes.extend(self.status.iter().flat_map(|id| *id.as_bytes()));
        bytes.extend(self.channel.map(|channel| channel as u8));
        bytes
    }
}

impl Row {
    fn shown(&self, metric: &shapes::CurrentMetric, tx: &Tx<'_>) -> shapes::CurrentMetricData {
        let name = name_of(metric);
        let echo = shapes::CurrentMetric { unit: metric.unit.or(name.map(unit_of)), ..metric.clone() };
        shapes::CurrentMetricData { value: name.and_then(|name| self.value(name, tx)), metric: Some(echo) }
    }

    /// None is a wait of which nothing is known.
    fn value(&self, metric: CurrentMetricName, tx: &Tx<'_>) -> Option<f64> {
        let Row { agents, contacts, age_unit_ms, .. } = self;
        Some(match metric {
            CurrentMetricName::AgentsOnline => agents.online as f64,
            CurrentMetricName::AgentsAvailable => agents.available as f64,
            CurrentMetricName::AgentsOnCall | CurrentMetricName::AgentsOnContact => agents.on_contact as f64,
            CurrentMetricName::AgentsNonProductive => agents.non_productive as f64,
            CurrentMetricName::AgentsAfterContactWork => agents.after_contact_work as f64,
            CurrentMetricName::AgentsError => agents.error as f64,
            CurrentMetricName::AgentsStaffed => agents.staffed as f64,
            CurrentMetricName::ContactsInQueue => contacts.in_queue as f64,
            CurrentMetricName::ContactsScheduled => contacts.scheduled as f64,
            CurrentMetricName::OldestContactAge => {
                let age_ms = contacts.oldest.map_or(0, |oldest| tx.now.millis() - oldest.millis());
                (age_ms as f64 / age_unit_ms).floor()
            }
            CurrentMetricName::SlotsActive => agents.slots_active as f64,
            CurrentMetricName::SlotsAvailable => agents.slots_available as f64,
            CurrentMetricName::EstimatedWaitTime => {
                let wait_ms = estimated_wait_ms(contacts.in_queue + 1, agents.slots_available, agents.joined, tx.now)?;
                (wait_ms / 1000.0).round()
            }
        })
    }
}

/// What rows are sorted by: AGENTS_ONLINE from the most down, unless something else is asked for.
struct Order {
    metric: CurrentMetricName,
    descends: bool,
}

impl Order {
    fn of(given: &[shapes::CurrentMetricSortCriteria]) -> Result<Self, ApiError> {
        let metric = given.first().and_then(|criteria| criteria.sort_by_metric);
        let metric = metric.unwrap_or(CurrentMetricName::AgentsOnline);
        if matches!(metric, CurrentMetricName::SlotsActive | CurrentMetricName::SlotsAvailable) {
            let text = format!("rows cannot be sorted by {metric}; give another SortByMetric");
            return Err(ApiError::invalid_request(text));
        }
        let ascends = given.first().and_then(|criteria| criteria.sort_order) == Some(shapes::SortOrder::Ascending);
        Ok(Order { metric, descends: !ascends })
    }

    /// A key that sorts bytewise. No value is below zero, so their bits sort as they do; what is not known comes last.
    fn key(&self, row: &Row, tx: &Tx<'_>) -> KeyId {
        let bits = row.value(self.metric, tx).map(f64::to_bits);
        let place = bits.map_or(u64::MAX, |bits| if self.descends { !bits } else { bits });
        let mut key = place.to_be_bytes().to_vec();
        key.extend(row.slice.key());
        KeyId::new(key)
    }
}

/// A NextToken: that of the page, for the same request and for a while.
struct Token {
    /// The first bytes of a hash of what is asked for.
    request: u64,
}

impl Token {
    fn of(input: &shapes::GetCurrentMetricDataRequest) -> Self {
        let asked =
            format!("{:?} {:?} {:?} {:?}", input.filters, input.groupings, input.current_metrics, input.sort_criteria);
        let bytes = Sha256::digest(asked).first_chunk().copied().expect("a hash has more than 8 bytes");
        Token { request: u64::from_be_bytes(bytes) }
    }

    fn sealed(&self, page: &str, tx: &Tx<'_>) -> String {
        format!("{:x}.{:016x}.{page}", tx.now.millis(), self.request)
    }

    /// The token of the page.
    fn opened<'a>(&self, given: &'a str, tx: &Tx<'_>) -> Result<&'a str, ApiError> {
        let refuse = |why: &str| {
            let text = format!("Invalid parameter:  NextToken {why}; ask for the first page again, without NextToken");
            ApiError::invalid_parameter(text)
        };
        let parts = given.split_once('.').and_then(|(at, rest)| {
            let (request, page) = rest.split_once('.')?;
            Some((i64::from_str_radix(at, 16).ok()?, u64::from_str_radix(request, 16).ok()?, page))
        });
        let Some((at_ms, request, page)) = parts else {
            return Err(refuse("is none of this operation"));
        };
        if request != self.request {
            return Err(refuse("belongs to a request with other filters, groupings, metrics or order"));
        }
        if tx.now.millis() - at_ms > TOKEN_LIFE_MS {
            return Err(refuse("is older than 5 minutes"));
        }
        Ok(page)
    }
}
