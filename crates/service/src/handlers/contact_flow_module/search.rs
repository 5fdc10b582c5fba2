//! The search for modules. What is found comes without its content, as in lists.

use api::shapes;
use engine::flow::module::ContactFlowModule;

use super::{shown_module, status};
use crate::call::Call;
use crate::error::Halt;
use crate::handlers::search::{self, Field, Test};
use crate::operations::in_instance;
use crate::tx::Tx;

in_instance!(shapes::SearchContactFlowModulesRequest);

/// What of a module can be searched.
const FIELDS: [Field<ContactFlowModule>; 3] = [
    Field { name: "name", values: |module| vec![module.name.clone()] },
    Field { name: "description", values: |module| module.description.clone().into_iter().collect() },
    Field { name: "resourceID", values: |module| vec![module.id.to_string()] },
];

search::criteria!(shapes::ContactFlowModuleSearchCriteria: ContactFlowModule, FIELDS, |criteria, _| {
    let mut tests: Vec<Test<ContactFlowModule>> = Vec::new();
    if let Some(wanted) = criteria.state_condition {
        tests.push(Box::new(move |module| module.state.as_str() == wanted.as_str()));
    }
    if let Some(wanted) = criteria.status_condition {
        tests.push(Box::new(move |module| status(module, &module.saved) == wanted));
    }
    Ok(tests)
});

/// Searches modules.
pub(crate) fn search_contact_flow_modules(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchContactFlowModulesRequest,
) -> Result<shapes::SearchContactFlowModulesResponse, Halt> {
    let filter = input.search_filter.as_ref().and_then(|filter| filter.tag_filter.as_ref());
    let tests = search::tests(tx, input.search_criteria.as_ref(), filter)?;
    let modules = tx.list::<ContactFlowModule>();
    let (page, total) = search::search(modules, &tests, input.next_token.as_deref(), input.max_results)?;
    let shown =
        |module: &ContactFlowModule| shown_module(tx, module, module.published.as_ref().unwrap_or(&module.saved));
    Ok(shapes::SearchContactFlowModulesResponse {
        contact_flow_modules: Some(page.items.iter().map(|module| shown(module)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}
