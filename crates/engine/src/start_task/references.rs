//! References: R19a.

use std::collections::BTreeMap;

use crate::contact::Reference;
use crate::limits::Limits;
use crate::refusal::Refusal;

/// UTF-8 bytes of all keys and values of references.
pub fn bytes(references: &BTreeMap<String, Reference>) -> usize {
    references.iter().map(|(key, reference)| key.len() + reference.value.len()).sum()
}

/// Checks the size of all references of a contact together.
pub fn check_size(references: &BTreeMap<String, Reference>, limits: &Limits) -> Result<(), Refusal> {
    let bytes = bytes(references);
    if bytes > limits.references_bytes_max {
        return Err(Refusal::ReferencesTooLarge { bytes, max: limits.references_bytes_max });
    }
    Ok(())
}
