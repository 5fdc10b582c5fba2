//! Versions of a module: what was published at some time, which never changes.

use api::shapes;
use engine::flow::module::{ContactFlowModule, ModuleVersion, VERSIONS_MAX};
use store::KeyId;

use super::{PUBLISHED, load_edition, module_arn};
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page_by;
use crate::tx::Tx;

in_instance!(
    shapes::CreateContactFlowModuleVersionRequest,
    shapes::ListContactFlowModuleVersionsRequest,
    shapes::DeleteContactFlowModuleVersionRequest,
);

/// Makes a version of what is published. With a checksum, only if that is what is published.
pub(crate) fn create_contact_flow_module_version(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateContactFlowModuleVersionRequest,
) -> Result<shapes::CreateContactFlowModuleVersionResponse, Halt> {
    let given = &input.contact_flow_module_id;
    let (module, edition) = load_edition(tx, given)?;
    let published = module.published.as_ref().filter(|_| PUBLISHED.contains(&edition)).ok_or_else(|| {
        ApiError::invalid_request(format!("{given} is not what is published: a version is made of that alone"))
    })?;
    refuse_other_content(input.flow_module_content_sha256.as_deref(), &published.hash.to_string())?;
    if module.versions.len() >= VERSIONS_MAX {
        let text = format!("module {} has {VERSIONS_MAX} versions, which is the most; delete some", module.id);
        return Err(ApiError::limit_exceeded(text).into());
    }
    let mut module = ContactFlowModule::clone(&module);
    module.versions_made += 1;
    let number = module.versions_made;
    let content = published.clone();
    module.versions.push(ModuleVersion { number, content, description: input.description.clone(), created: tx.now });
    let answer = shapes::CreateContactFlowModuleVersionResponse {
        contact_flow_module_arn: Some(module_arn(tx, module.id)),
        version: i64::try_from(number).ok(),
    };
    tx.put(module);
    Ok(answer)
}

/// A checksum that is given says what somebody wants a version of.
pub(crate) fn refuse_other_content(given: Option<&str>, published: &str) -> Result<(), ApiError> {
    match given {
        Some(given) if !given.eq_ignore_ascii_case(published) => Err(ApiError::invalid_request(format!(
            "the content with the checksum {given} is not what is published, which is {published}; publish it first"
        ))),
        _ => Ok(()),
    }
}

/// Lists the versions of a module, the oldest first.
pub(crate) fn list_contact_flow_module_versions(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListContactFlowModuleVersionsRequest,
) -> Result<shapes::ListContactFlowModuleVersionsResponse, Halt> {
    let (module, _) = load_edition(tx, &input.contact_flow_module_id)?;
    let id = |version: &&ModuleVersion| KeyId::from(version.number.to_be_bytes());
    let (kind, token) = (kinds::CONTACT_FLOW_MODULE, input.next_token.as_deref());
    let page = page_by(kind, &module.versions, id, token, input.max_results)?;
    let summary = |version: &ModuleVersion| shapes::ContactFlowModuleVersionSummary {
        arn: Some(format!("{}:{}", module_arn(tx, module.id), version.number)),
        version_description: version.description.clone(),
        version: i64::try_from(version.number).ok(),
    };
    Ok(shapes::ListContactFlowModuleVersionsResponse {
        contact_flow_module_version_summary_list: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Deletes a version that no alias stands for. Its number is not given again.
pub(crate) fn delete_contact_flow_module_version(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteContactFlowModuleVersionRequest,
) -> Result<shapes::DeleteContactFlowModuleVersionResponse, Halt> {
    let (module, _) = load_edition(tx, &input.contact_flow_module_id)?;
    let number = version_number(&module, input.contact_flow_module_version)?;
    if let Some(alias) = module.aliases.iter().find(|alias| alias.version == number) {
        let text = format!(
            "version {number} of module {} cannot be deleted: alias {} ({}) stands for it; give the alias another by \
             UpdateContactFlowModuleAlias",
            module.id, alias.name, alias.id
        );
        return Err(ApiError::invalid_request(text).into());
    }
    let mut module = ContactFlowModule::clone(&module);
    module.versions.retain(|version| version.number != number);
    tx.put(module);
    Ok(shapes::DeleteContactFlowModuleVersionResponse {})
}

/// The number of a version that there is.
pub(super) fn version_number(module: &ContactFlowModule, given: i64) -> Result<u64, ApiError> {
    let version = u64::try_from(given).ok().and_then(|number| module.version(number));
    let unknown = || resource_not_found("flow module version", &format!("{}:{given}", module.id));
    Ok(version.ok_or_else(unknown)?.number)
}
