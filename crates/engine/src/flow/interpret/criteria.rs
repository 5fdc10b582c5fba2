//! UpdateContactRoutingCriteria: reads routing criteria from the parameter of an action.

use serde_json::Value;

use crate::contact::State;
use crate::contact::step::Move;
use crate::criteria::{AttributeCondition, Expression, Level, Step};
use crate::flow::document::scalar_text;
use crate::flow::interpret::Outcome;
use crate::flow::reference::Text;
use crate::reference_map;

/// Longest name, value, number or id in criteria, in bytes.
const TEXT_BYTES_MAX: usize = 500;

impl Move<'_> {
    /// All or nothing. An attribute that is not (any more) predefined is an error.
    pub(super) fn update_criteria(&mut self, given: Option<&Value>) -> Outcome {
        let waits = matches!(self.contact.state, State::InFlow | State::Queued | State::Offered | State::Ended);
        let steps = given.filter(|_| waits).and_then(|given| self.criteria_steps(given));
        match steps.map(|steps| self.set_criteria(steps)) {
            Some(Ok(())) => Outcome::Next,
            Some(Err(refusal)) => Outcome::error(refusal.to_string()),
            None if !waits => Outcome::error("routing criteria are for a contact that is not with an agent"),
            None => Outcome::error(
                "RoutingCriteria are not in the form of the flow language, or name an attribute that is not predefined",
            ),
        }
    }

    /// A task that a pause flow resumes goes on as ResumeContact lets it, without the flow set for that.
    pub(super) fn resume_by_flow(&mut self) -> Outcome {
        if self.contact.state != State::Paused {
            return Outcome::error("the contact is not paused");
        }
        self.unpause();
        Outcome::Next
    }

    /// Paths in an object are followed; one path to an object, a function's result, gives it as it is.
    fn criteria_steps(&self, given: &Value) -> Option<Vec<Step>> {
        match given {
            Value::String(path) => {
                let text = self.text(&Text::parse(path), self.env.limits().attributes_bytes_max)?;
                let given: Value = serde_json::from_str(&text).ok()?;
                Reader { moving: self, follows_paths: false }.steps(&given)
            }
            given => Reader { moving: self, follows_paths: true }.steps(given),
        }
    }
}

/// Reads criteria in the form of the flow language.
struct Reader<'a, 'm> {
    moving: &'a Move<'m>,
    follows_paths: bool,
}

impl Reader<'_, '_> {
    fn steps(&self, given: &Value) -> Option<Vec<Step>> {
        given.get("Steps")?.as_array()?.iter().map(|step| self.step(step)).collect()
    }

    fn step(&self, step: &Value) -> Option<Step> {
        let expression = self.expression(step.get("Expression")?)?;
        let expiry_seconds = match step.get("Expiry") {
            Some(expiry) => Some(self.field(expiry, "DurationInSeconds")?.trim().parse().ok()?),
            None => None,
        };
        Some(Step::new(expression, expiry_seconds))
    }

    /// The kinds nest two deep at most, which [`Criteria::new`](crate::criteria::Criteria::new) checks again.
    fn expression(&self, given: &Value) -> Option<Expression> {
        let list = |name: &str, of: &dyn Fn(&Value) -> Option<Expression>| {
            given.get(name)?.as_array()?.iter().map(of).collect::<Option<Vec<_>>>()
        };
        if given.get("OrExpression").is_some() {
            return Some(Expression::Or(list("OrExpression", &|branch| self.conjunction(branch))?));
        }
        self.conjunction(given)
    }

    fn conjunction(&self, given: &Value) -> Option<Expression> {
        match given.get("AndExpression") {
            Some(parts) => {
                let parts = parts.as_array()?.iter().map(|part| self.attribute(part)).collect::<Option<_>>()?;
                Some(Expression::And(parts))
            }
            None => self.attribute(given),
        }
    }

    fn attribute(&self, given: &Value) -> Option<Expression> {
        match given.get("NotAttributeCondition") {
            Some(condition) => Some(Expression::Not(self.condition(condition)?)),
            None => Some(Expression::Attribute(self.condition(given.get("AttributeCondition")?)?)),
        }
    }

    fn condition(&self, given: &Value) -> Option<AttributeCondition> {
        if let Some(agents) = given.pointer("/MatchCriteria/AgentsCriteria/AgentIds") {
            let user = |id: &Value| {
                let find = |id: &str| self.moving.env.user(id.parse().ok()?).map(|user| user.id);
                reference_map::look_up(&self.resolved(id)?, |given| self.moving.env.mapped(given), find)
            };
            return Some(AttributeCondition::Agents(agents.as_array()?.iter().map(user).collect::<Option<_>>()?));
        }
        let (name, value) = (self.field(given, "Name")?, self.field(given, "Value")?);
        if !self.moving.env.has_predefined_attribute(&name) {
            return None;
        }
        let level = |of: &Value, field: &str| Level::new(self.field(of, field)?.trim().parse().ok()?);
        Some(match given.get("Range") {
            Some(range) => AttributeCondition::Range {
                name,
                value,
                min: level(range, "MinProficiencyLevel")?,
                max: level(range, "MaxProficiencyLevel")?,
            },
            None => AttributeCondition::AtLeast { name, value, level: level(given, "ProficiencyLevel")? },
        })
    }

    fn field(&self, of: &Value, name: &str) -> Option<String> {
        self.resolved(of.get(name)?)
    }

    fn resolved(&self, value: &Value) -> Option<String> {
        let text = scalar_text(value)?;
        if self.follows_paths { self.moving.text(&Text::parse(&text), TEXT_BYTES_MAX) } else { Some(text) }
    }
}
