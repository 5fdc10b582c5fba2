//! Tags of resources and of contacts.

use std::collections::BTreeMap;

use crate::refusal::Refusal;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// Most user tags on one contact (contact-lifecycle.md section 9).
pub const CONTACT_TAGS_MAX: usize = 6;
/// Longest key of a tag, in characters.
pub const TAG_KEY_CHARS_MAX: usize = 128;
/// Longest value of a tag, in characters.
pub const TAG_VALUE_CHARS_MAX: usize = 256;
/// Prefix of the system's own tags, which callers may neither set nor remove.
pub const SYSTEM_PREFIX: &str = "aws:";

/// Characters of a contact's tag key: the range `+-=` of the documented pattern `[a-zA-Z+-=._:/]` admits digits and
/// `,;<` too (contact-lifecycle.md section 9).
fn is_contact_key_character(c: char) -> bool {
    c.is_ascii_alphabetic() || ('+'..='=').contains(&c) || matches!(c, '_' | ':' | '/')
}

/// Checks one tag of a contact.
pub fn check_contact_tag(key: &str, value: &str) -> Result<(), Refusal> {
    let length = key.chars().count();
    if length == 0 || length > TAG_KEY_CHARS_MAX {
        return Err(Refusal::TagKeyLength { length });
    }
    if key.starts_with(SYSTEM_PREFIX) {
        return Err(Refusal::TagKeyReserved { key: key.to_owned() });
    }
    if let Some(character) = key.chars().find(|c| !is_contact_key_character(*c)) {
        return Err(Refusal::TagKeyCharacter { key: key.to_owned(), character });
    }
    let length = value.chars().count();
    if length > TAG_VALUE_CHARS_MAX {
        return Err(Refusal::TagValueLength { key: key.to_owned(), length });
    }
    Ok(())
}

/// Sets `new` on the tags of a contact: all of them or none. System tags do not count.
pub fn add_contact_tags(tags: &mut Tags, new: &Tags) -> Result<(), Refusal> {
    for (key, value) in new {
        check_contact_tag(key, value)?;
    }
    let user = |key: &&String| !key.starts_with(SYSTEM_PREFIX);
    let count = tags.keys().filter(user).count() + new.keys().filter(|key| !tags.contains_key(*key)).count();
    if count > CONTACT_TAGS_MAX {
        return Err(Refusal::TooManyTags { count, max: CONTACT_TAGS_MAX });
    }
    tags.extend(new.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(())
}

/// Removes the tags named; a key that is not there is no error.
pub fn remove_contact_tags(tags: &mut Tags, keys: &[String]) -> Result<(), Refusal> {
    if let Some(key) = keys.iter().find(|key| key.starts_with(SYSTEM_PREFIX)) {
        return Err(Refusal::TagKeyReserved { key: key.clone() });
    }
    for key in keys {
        tags.remove(key);
    }
    Ok(())
}
