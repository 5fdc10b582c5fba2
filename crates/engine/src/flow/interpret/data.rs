//! Actions that change what is known of a contact.

use std::collections::BTreeMap;

use crate::contact::step::Move;
use crate::contact::{ContactUpdate, Effect, Event, StepError, UpdatedProperty};
use crate::flow::interpret::Outcome;
use crate::flow::reference::Text;
use crate::start_task::attributes;
use crate::tag::{self, Tags};

/// Longest name of a task, in characters.
pub(super) const NAME_CHARS_MAX: usize = 1_024;
/// Longest description of a task, in characters.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 4_096;
/// Longest LanguageCode or CustomerId, in characters.
const CODE_CHARS_MAX: usize = 128;
/// Bytes of a character in UTF-8, at most.
const CHAR_BYTES_MAX: usize = 4;
const NO_RELATED_CONTACT: &str = "the contact has no related contact, or that one is gone";
const FLOW_ATTRIBUTES_TOO_LONG: &str = "the flow attributes are longer than attributes of a contact may be";

impl Move<'_> {
    /// Keys and values of a parameter; `None` when one is too long or a key is empty.
    pub(super) fn pairs(&self, texts: &[(Text, Text)]) -> Option<BTreeMap<String, String>> {
        let most = self.env.limits().attributes_bytes_max;
        let pair = |(key, value): &(Text, Text)| Some((self.text(key, most)?, self.text(value, most)?));
        let mut pairs = BTreeMap::new();
        let mut bytes = 0;
        for text in texts {
            let (key, value) = pair(text).filter(|(key, _)| !key.is_empty())?;
            bytes += key.len() + value.len();
            if bytes > most {
                return None;
            }
            pairs.insert(key, value);
        }
        Some(pairs)
    }

    /// Attributes of a parameter, or why a contact may not have them.
    pub(super) fn attributes(&self, texts: &[(Text, Text)]) -> Result<BTreeMap<String, String>, String> {
        let pairs = self.pairs(texts).ok_or("the attributes are too long, or one has no key")?;
        match pairs.keys().find(|key| !attributes::is_key_for_flows(key)) {
            Some(key) => Err(format!("the key {key:?} of an attribute holds . or $, which paths are made of")),
            None => Ok(pairs),
        }
    }

    /// A text of at most so many characters; `None` when there is none, an error when it is longer.
    pub(super) fn limited(&self, text: Option<&Text>, chars_max: usize) -> Result<Option<String>, ()> {
        let Some(text) = text else { return Ok(None) };
        let text = self.text(text, chars_max * CHAR_BYTES_MAX).filter(|text| text.chars().count() <= chars_max);
        text.map(Some).ok_or(())
    }

    /// All or nothing; over the limit the error branch is taken.
    pub(super) fn update_attributes(&mut self, texts: &[(Text, Text)], related: bool) -> Result<Outcome, StepError> {
        let new = match self.attributes(texts) {
            Ok(new) if new.is_empty() => return Ok(Outcome::error("there are no attributes")),
            Ok(new) => new,
            Err(why) => return Ok(Outcome::error(why)),
        };
        if related {
            return self.update_related_attributes(new);
        }
        match attributes::merge(&self.chain.attributes, &new, self.env.limits()) {
            Ok(merged) => self.chain.attributes = merged,
            Err(refusal) => return Ok(Outcome::error(refusal.to_string())),
        }
        self.effects.push(Effect::updated(UpdatedProperty::UserDefinedAttributes));
        Ok(Outcome::Next)
    }

    fn update_related_attributes(&mut self, new: BTreeMap<String, String>) -> Result<Outcome, StepError> {
        let Some(contact) = self.contact.related else { return Ok(Outcome::error(NO_RELATED_CONTACT)) };
        let Some(chain) = self.env.chain_of(contact)? else { return Ok(Outcome::error(NO_RELATED_CONTACT)) };
        if let Err(refusal) = attributes::merge(&chain.attributes, &new, self.env.limits()) {
            return Ok(Outcome::error(refusal.to_string()));
        }
        self.effects.push(Effect::Step { contact, event: Box::new(Event::AttributesSet(new)) });
        Ok(Outcome::Next)
    }

    /// All or nothing. What is for voice and chat is accepted and has no effect.
    pub(super) fn update_data(
        &mut self,
        name: Option<&Text>,
        description: Option<&Text>,
        language_code: Option<&Text>,
        customer_id: Option<&Text>,
        related: bool,
    ) -> Result<Outcome, StepError> {
        let values = (
            self.limited(name, NAME_CHARS_MAX),
            self.limited(description, DESCRIPTION_CHARS_MAX),
            self.limited(language_code, CODE_CHARS_MAX),
            self.limited(customer_id, CODE_CHARS_MAX),
        );
        let (Ok(name), Ok(description), Ok(language_code), Ok(customer_id)) = values else {
            return Ok(Outcome::error("Name, Description, LanguageCode or CustomerId is too long"));
        };
        if related {
            let Some(contact) = self.contact.related else { return Ok(Outcome::error(NO_RELATED_CONTACT)) };
            if self.env.chain_of(contact)?.is_none() {
                return Ok(Outcome::error(NO_RELATED_CONTACT));
            }
            if name.is_some() || description.is_some() {
                let update = ContactUpdate { name, description, ..ContactUpdate::default() };
                self.effects.push(Effect::Step { contact, event: Box::new(Event::Updated(Box::new(update))) });
            }
            return Ok(Outcome::Next);
        }
        if let Some(name) = name {
            self.contact.name = name;
        }
        if description.is_some() {
            self.contact.description = description;
        }
        if language_code.is_some() {
            self.contact.language_code = language_code;
        }
        if customer_id.is_some() {
            self.contact.customer_id = customer_id;
        }
        Ok(Outcome::Next)
    }

    /// Attributes of the run. Their size has the limit of a contact's attributes, so that a loop cannot grow them for
    /// ever.
    pub(super) fn update_flow_attributes(&mut self, texts: &[(String, Text)]) -> Outcome {
        let most = self.env.limits().attributes_bytes_max;
        let mut attributes = self.run_mut().attributes.clone();
        for (key, text) in texts {
            let Some(value) = self.text(text, most) else { return Outcome::error(FLOW_ATTRIBUTES_TOO_LONG) };
            attributes.insert(key.clone(), value);
        }
        if attributes::bytes(&attributes) > most {
            return Outcome::error(FLOW_ATTRIBUTES_TOO_LONG);
        }
        self.run_mut().attributes = attributes;
        Outcome::Next
    }

    /// All or nothing.
    pub(super) fn tag(&mut self, texts: &[(Text, Text)]) -> Outcome {
        let Some(new) = self.pairs(texts) else { return Outcome::error("the tags are too long, or one has no key") };
        let tagged = |tags: &mut Tags| tag::add_contact_tags(tags, &new);
        self.change_tags(tagged)
    }

    pub(super) fn untag(&mut self, keys: &[String]) -> Outcome {
        self.change_tags(|tags| tag::remove_contact_tags(tags, keys))
    }

    fn change_tags(&mut self, change: impl Fn(&mut Tags) -> Result<(), crate::refusal::Refusal>) -> Outcome {
        match change(&mut self.contact.tags) {
            Ok(()) => {
                self.effects.push(Effect::updated(UpdatedProperty::Tags));
                Outcome::Next
            }
            Err(refusal) => Outcome::error(refusal.to_string()),
        }
    }
}
