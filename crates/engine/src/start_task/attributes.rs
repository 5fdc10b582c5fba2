//! User-defined attributes: R19 and R22.

use std::collections::BTreeMap;

use crate::limits::Limits;
use crate::refusal::Refusal;

/// Longest key, in characters.
pub const KEY_CHARS_MAX: usize = 32_767;

/// Checks the keys of attributes given by a caller of the API: letters, digits, `-` and `_` (R19).
pub fn check_keys<'a>(keys: impl IntoIterator<Item = &'a String>) -> Result<(), Refusal> {
    for key in keys {
        let allowed = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX || !key.chars().all(allowed) {
            return Err(Refusal::AttributeKey { key: key.clone() });
        }
    }
    Ok(())
}

/// Whether a flow may set an attribute of this key: any without the signs that paths are made of (flow-language.md
/// section 4).
pub(crate) fn is_key_for_flows(key: &str) -> bool {
    !key.is_empty() && !key.contains(['.', '$'])
}

/// UTF-8 bytes of all keys and values.
pub fn bytes(attributes: &BTreeMap<String, String>) -> usize {
    attributes.iter().map(|(key, value)| key.len() + value.len()).sum()
}

/// `old` with `new` set over it, when the size allows (R19, R22). Keys of callers are checked before, by
/// [`check_keys`]; flows may use others, such as `my key`.
pub fn merge(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    limits: &Limits,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut merged = old.clone();
    merged.extend(new.iter().map(|(key, value)| (key.clone(), value.clone())));
    let bytes = bytes(&merged);
    if bytes > limits.attributes_bytes_max {
        return Err(Refusal::AttributesTooLarge { bytes, max: limits.attributes_bytes_max });
    }
    Ok(merged)
}
