//! Aliases of a module: names of versions, which may be given to other versions.

use api::shapes;
use engine::ContactFlowModuleAliasId;
use engine::flow::module::{ALIASES_MAX, ContactFlowModule, ModuleAlias};
use store::KeyId;

use super::version::version_number;
use super::{load_edition, module_arn};
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_not_found};
use crate::handlers::resource::shown;
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page_by;
use crate::tx::Tx;

in_instance!(
    shapes::CreateContactFlowModuleAliasRequest,
    shapes::DescribeContactFlowModuleAliasRequest,
    shapes::ListContactFlowModuleAliasesRequest,
    shapes::UpdateContactFlowModuleAliasRequest,
    shapes::DeleteContactFlowModuleAliasRequest,
);

/// Refuses a name that is another alias's, or that would be read as something else behind the id of a module.
fn check_name(
    module: &ContactFlowModule,
    name: &str,
    except: Option<ContactFlowModuleAliasId>,
) -> Result<(), ApiError> {
    let is_number = name.chars().all(|c| c.is_ascii_digit());
    if is_number || name.starts_with('$') || name.parse::<ContactFlowModuleAliasId>().is_ok() {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter:  the alias {name:?} reads as a version, an id or an edition such as $LATEST; choose another name"
        )));
    }
    let taken = module.aliases.iter().any(|alias| alias.name == name && Some(alias.id) != except);
    if taken { Err(name_exists("Flow module alias", name)) } else { Ok(()) }
}

fn find<'m>(module: &'m ContactFlowModule, given: &str) -> Result<&'m ModuleAlias, ApiError> {
    module.alias(given).ok_or_else(|| resource_not_found("flow module alias", given))
}

fn alias_arn(tx: &Tx<'_>, module: &ContactFlowModule, alias: &ModuleAlias) -> String {
    format!("{}:{}", module_arn(tx, module.id), alias.id)
}

/// Makes an alias of a version.
pub(crate) fn create_contact_flow_module_alias(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateContactFlowModuleAliasRequest,
) -> Result<shapes::CreateContactFlowModuleAliasResponse, Halt> {
    let (module, _) = load_edition(tx, &input.contact_flow_module_id)?;
    check_name(&module, &input.alias_name, None)?;
    let version = version_number(&module, input.contact_flow_module_version)?;
    if module.aliases.len() >= ALIASES_MAX {
        let text = format!("module {} has {ALIASES_MAX} aliases, which is the most; delete some", module.id);
        return Err(ApiError::limit_exceeded(text).into());
    }
    let mut module = ContactFlowModule::clone(&module);
    let alias = ModuleAlias {
        id: ContactFlowModuleAliasId(tx.new_id()),
        name: input.alias_name.clone(),
        version,
        description: input.description.clone(),
        last_modified: tx.now,
    };
    let answer = shapes::CreateContactFlowModuleAliasResponse {
        contact_flow_module_arn: Some(module_arn(tx, module.id)),
        id: Some(alias.id.to_string()),
    };
    module.aliases.push(alias);
    tx.put(module);
    Ok(answer)
}

/// Shows an alias, by its id or name.
pub(crate) fn describe_contact_flow_module_alias(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeContactFlowModuleAliasRequest,
) -> Result<shapes::DescribeContactFlowModuleAliasResponse, Halt> {
    let (module, _) = load_edition(tx, &input.contact_flow_module_id)?;
    let alias = find(&module, &input.alias_id)?;
    let info = shapes::ContactFlowModuleAliasInfo {
        contact_flow_module_id: Some(module.id.to_string()),
        contact_flow_module_arn: Some(module_arn(tx, module.id)),
        alias_id: Some(alias.id.to_string()),
        version: i64::try_from(alias.version).ok(),
        name: Some(alias.name.clone()),
        description: alias.description.clone(),
        last_modified_region: Some(tx.settings().region.clone()),
        last_modified_time: shown(alias.last_modified),
    };
    Ok(shapes::DescribeContactFlowModuleAliasResponse { contact_flow_module_alias: Some(info) })
}

/// Lists the aliases of a module, in the order in which they were made.
pub(crate) fn list_contact_flow_module_aliases(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListContactFlowModuleAliasesRequest,
) -> Result<shapes::ListContactFlowModuleAliasesResponse, Halt> {
    let (module, _) = load_edition(tx, &input.contact_flow_module_id)?;
    let id = |alias: &&ModuleAlias| KeyId::from(*alias.id.as_bytes());
    let (kind, token) = (kinds::CONTACT_FLOW_MODULE, input.next_token.as_deref());
    let page = page_by(kind, &module.aliases, id, token, input.max_results)?;
    let summary = |alias: &ModuleAlias| shapes::ContactFlowModuleAliasSummary {
        arn: Some(alias_arn(tx, &module, alias)),
        alias_id: Some(alias.id.to_string()),
        version: i64::try_from(alias.version).ok(),
        alias_name: Some(alias.name.clone()),
        alias_description: alias.description.clone(),
        last_modified_time: shown(alias.last_modified),
    };
    Ok(shapes::ListContactFlowModuleAliasesResponse {
        contact_flow_module_alias_summary_list: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Gives an alias another version, name or description; what is left out stays.
pub(crate) fn update_contact_flow_module_alias(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactFlowModuleAliasRequest,
) -> Result<shapes::UpdateContactFlowModuleAliasResponse, Halt> {
    let (module, _) = load_edition(tx, &input.contact_flow_module_id)?;
    let mut alias = find(&module, &input.alias_id)?.clone();
    if let Some(name) = &input.name {
        check_name(&module, name, Some(alias.id))?;
        alias.name.clone_from(name);
    }
    if let Some(version) = input.contact_flow_module_version {
        alias.version = version_number(&module, version)?;
    }
    alias.description = input.description.clone().or(alias.description);
    alias.last_modified = tx.now;
    let mut module = ContactFlowModule::clone(&module);
    let place = module.aliases.iter_mut().find(|other| other.id == alias.id).expect("it was found a few lines above");
    *place = alias;
    tx.put(module);
    Ok(shapes::UpdateContactFlowModuleAliasResponse {})
}

/// Deletes an alias; its version stays.
pub(crate) fn delete_contact_flow_module_alias(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteContactFlowModuleAliasRequest,
) -> Result<shapes::DeleteContactFlowModuleAliasResponse, Halt> {
    let (module, _) = load_edition(tx, &input.contact_flow_module_id)?;
    let id = find(&module, &input.alias_id)?.id;
    let mut module = ContactFlowModule::clone(&module);
    module.aliases.retain(|alias| alias.id != id);
    tx.put(module);
    Ok(shapes::DeleteContactFlowModuleAliasResponse {})
}
