//! The search for flows. What is found comes without its content, as in lists.

use api::shapes::{
    self, ContactFlowAttributeAndCondition, ContactFlowAttributeFilter, ContactFlowTypeCondition, TagCondition,
};
use engine::flow::ContactFlow;

use super::{shown_flow, shown_status};
use crate::call::Call;
use crate::error::Halt;
use crate::handlers::search::{self, Field, TagFilter, TagGroups, Test};
use crate::operations::in_instance;
use crate::tx::Tx;

in_instance!(shapes::SearchContactFlowsRequest);

/// What of a flow can be searched.
const FIELDS: [Field<ContactFlow>; 3] = [
    Field { name: "name", values: |flow| vec![flow.name.clone()] },
    Field { name: "description", values: |flow| flow.description.clone().into_iter().collect() },
    Field { name: "resourceID", values: |flow| vec![flow.id.to_string()] },
];

search::criteria!(shapes::ContactFlowSearchCriteria: ContactFlow, FIELDS, |criteria, _| {
    let mut tests: Vec<Test<ContactFlow>> = Vec::new();
    tests.extend(criteria.type_condition.map(of_type));
    if let Some(wanted) = criteria.state_condition {
        tests.push(Box::new(move |flow| flow.state.as_str() == wanted.as_str()));
    }
    if let Some(wanted) = criteria.status_condition {
        tests.push(Box::new(move |flow| shown_status(flow.published.is_some()) == wanted));
    }
    Ok(tests)
});

fn of_type(wanted: shapes::ContactFlowType) -> Test<ContactFlow> {
    Box::new(move |flow| flow.flow_type.as_str() == wanted.as_str())
}

impl TagFilter for ContactFlowAttributeFilter {
    fn groups(&self) -> TagGroups<'_> {
        TagGroups {
            all: self.tag_condition.iter().chain(self.and_condition.iter().flat_map(tags)).collect(),
            any: Vec::new(),
        }
    }
}

fn tags(group: &ContactFlowAttributeAndCondition) -> &[TagCondition] {
    group.tag_conditions.as_deref().unwrap_or_default()
}

/// The tests of a filter by tags and types: of its OrConditions one must hold whole.
fn attribute_tests(filter: &ContactFlowAttributeFilter) -> Vec<Test<ContactFlow>> {
    let types = |condition: &ContactFlowTypeCondition| condition.contact_flow_type.map(of_type);
    let mut tests = search::tag_tests(filter);
    let group_types = filter.and_condition.iter().filter_map(|group| group.contact_flow_type_condition.as_ref());
    tests.extend(filter.contact_flow_type_condition.iter().chain(group_types).filter_map(types));
    let group = |group: &ContactFlowAttributeAndCondition| {
        let mut tests: Vec<Test<ContactFlow>> = tags(group).iter().map(search::tag).collect();
        tests.extend(group.contact_flow_type_condition.as_ref().and_then(types));
        search::all(tests)
    };
    let groups: Vec<Test<ContactFlow>> = filter.or_conditions.iter().flatten().map(group).collect();
    if !groups.is_empty() {
        tests.push(search::any(groups));
    }
    tests
}

/// Searches flows.
pub(crate) fn search_contact_flows(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchContactFlowsRequest,
) -> Result<shapes::SearchContactFlowsResponse, Halt> {
    let filter = input.search_filter.as_ref();
    let mut tests =
        search::tests(tx, input.search_criteria.as_ref(), filter.and_then(|filter| filter.tag_filter.as_ref()))?;
    let by_attribute = filter.and_then(|filter| filter.flow_attribute_filter.as_ref());
    tests.extend(by_attribute.map(attribute_tests).into_iter().flatten());
    let found = search::search(tx.list::<ContactFlow>(), &tests, input.next_token.as_deref(), input.max_results)?;
    let (page, total) = found;
    Ok(shapes::SearchContactFlowsResponse {
        contact_flows: Some(page.items.iter().map(|flow| shown_flow(tx, flow)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}
