//! Types and constraints of an input, by the tables of `api`.
//!
//! A value of the wrong JSON type is refused at once, because nothing can be read from it. The first broken constraint
//! is remembered and reported later: see [`Bound`](crate::Bound).

mod message;

use std::fmt::Display;
use std::sync::OnceLock;

use api::constraints::PATTERNS;
use api::facts::{List, Map as MapFacts, Pattern, Shape, Size, Structure, Text};
use api::{OperationFacts, Timestamp};
use regex::Regex;
use serde_json::{Map, Number, Value};

use crate::{WireError, time};
pub(crate) use message::kind;
use message::{Path, limit, quoted};

/// A constraint of the model that a request breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A required member is absent.
    Missing { message: String },
    /// A member has a value that it may not have.
    Invalid { message: String },
}

impl Violation {
    /// The exception for it (`start-task-contact.md` R19, R20), or the nearest that the operation declares.
    pub(crate) fn to_error(&self, operation: &OperationFacts) -> WireError {
        const REQUEST: &str = "InvalidRequestException";
        const PARAMETER: &str = "InvalidParameterException";
        let (message, [first, second]) = match self {
            Violation::Missing { message } => (message, [REQUEST, PARAMETER]),
            Violation::Invalid { message } => (message, [PARAMETER, REQUEST]),
        };
        match [first, second].into_iter().find(|name| operation.declares(name)) {
            Some(name) => WireError::exception(name, message),
            None => WireError::bad_request(message),
        }
    }
}

/// Checks the members of an input and brings them into their one form; returns the first broken constraint.
///
/// # Errors
///
/// `BadRequestException` for a value of the wrong type.
pub(crate) fn input(
    structure: &'static Structure,
    members: &mut Map<String, Value>,
) -> Result<Option<Violation>, WireError> {
    let mut checker = Checker { violation: None };
    checker.members(structure, members, Path::Root, structure.sensitive)?;
    Ok(checker.violation)
}

struct Checker {
    violation: Option<Violation>,
}

impl Checker {
    fn value(
        &mut self,
        shape: &'static Shape,
        value: &mut Value,
        path: Path<'_>,
        hidden: bool,
    ) -> Result<(), WireError> {
        match (shape, value) {
            (Shape::String(text), Value::String(value)) => self.string(text, value, path, hidden),
            (Shape::Enum(names), Value::String(value)) => self.one_of(names, value, path, hidden),
            (Shape::Boolean, Value::Bool(_)) => {}
            (Shape::Integer { min, max }, Value::Number(number)) => {
                let whole = whole(number, i64::from(i32::MIN), i64::from(i32::MAX));
                let whole = whole.ok_or_else(|| unreadable(path, &format!("must be {INTEGER_FORM}, not {number}")))?;
                self.range(whole, i64::from(*min), i64::from(*max), path, hidden);
                *number = Number::from(whole);
            }
            (Shape::Long { min, max }, Value::Number(number)) => {
                let whole = whole(number, i64::MIN, i64::MAX);
                let whole = whole.ok_or_else(|| unreadable(path, &format!("must be {LONG_FORM}, not {number}")))?;
                self.range(whole, *min, *max, path, hidden);
                *number = Number::from(whole);
            }
            (Shape::Float { min, max }, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if !(*min..=*max).contains(&number) {
                    self.invalid(path, &format!("must be from {min} to {max}"), &number, hidden);
                }
            }
            (Shape::Timestamp, value @ (Value::Number(_) | Value::String(_))) => {
                let moment = timestamp(value).ok_or_else(|| wrong(path, TIMESTAMP_FORM, value))?;
                *value = moment;
            }
            (Shape::List(list), Value::Array(items)) => self.list(list, items, path, hidden)?,
            (Shape::Map(map), Value::Object(entries)) => self.map(map, entries, path, hidden)?,
            (Shape::Structure(structure), Value::Object(members)) => {
                if structure.union {
                    one_member(structure, members, path)?;
                }
                members.retain(|name, value| !value.is_null() && structure.member(name).is_some());
                self.members(structure, members, path, hidden || structure.sensitive)?;
            }
            (shape, value) => return Err(wrong(path, expected(shape), value)),
        }
        Ok(())
    }

    /// Absent members are no longer in `members`: neither as null nor under names that the structure does not have.
    fn members(
        &mut self,
        structure: &'static Structure,
        members: &mut Map<String, Value>,
        path: Path<'_>,
        hidden: bool,
    ) -> Result<(), WireError> {
        for member in structure.members {
            let path = Path::Member(&path, member.name);
            match members.get_mut(member.name) {
                Some(value) => self.value(member.shape, value, path, hidden)?,
                None if member.required => {
                    let message = format!("Required parameter missing: {path}");
                    self.violation.get_or_insert(Violation::Missing { message });
                }
                None => {}
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        list: &'static List,
        items: &mut [Value],
        path: Path<'_>,
        hidden: bool,
    ) -> Result<(), WireError> {
        self.size(list.size, items.len(), "items", path);
        for (index, item) in items.iter_mut().enumerate() {
            self.value(list.item, item, Path::Item(&path, index), hidden || list.sensitive)?;
        }
        Ok(())
    }

    fn map(
        &mut self,
        map: &'static MapFacts,
        entries: &mut Map<String, Value>,
        path: Path<'_>,
        hidden: bool,
    ) -> Result<(), WireError> {
        let hidden = hidden || map.sensitive;
        self.size(map.size, entries.len(), "entries", path);
        for (key, value) in entries.iter_mut() {
            let key_path = Path::Key(&path);
            match map.key {
                Shape::String(text) => self.string(text, key, key_path, hidden),
                Shape::Enum(names) => self.one_of(names, key, key_path, hidden),
                other => unreachable!("the generator refuses keys of shape {other:?}"),
            }
            self.value(map.value, value, Path::Entry(&path, if hidden { "*" } else { key }), hidden)?;
        }
        Ok(())
    }

    fn string(&mut self, text: &Text, value: &str, path: Path<'_>, hidden: bool) {
        let hidden = hidden || text.sensitive;
        // No string has more characters than bytes, so most need no counting.
        if value.len() < text.size.min || value.len() > text.size.max || text.size.min > 1 {
            let characters = value.chars().count();
            if let Some(limit) = limit(text.size, characters) {
                let message = format!("{path} must have {limit} characters; it has {characters}");
                self.violation.get_or_insert(Violation::Invalid { message });
                return;
            }
        }
        if let Some(pattern) = text.pattern.filter(|pattern| !matches(pattern, value)) {
            self.invalid(path, &format!("must match {}", pattern.text), &quoted(value), hidden);
        }
    }

    fn one_of(&mut self, names: &[&str], value: &str, path: Path<'_>, hidden: bool) {
        if !names.contains(&value) {
            self.invalid(path, &format!("must be one of {}", names.join(", ")), &quoted(value), hidden);
        }
    }

    fn range(&mut self, number: i64, min: i64, max: i64, path: Path<'_>, hidden: bool) {
        if number < min {
            self.invalid(path, &format!("must be at least {min}"), &number, hidden);
        } else if number > max {
            self.invalid(path, &format!("must be at most {max}"), &number, hidden);
        }
    }

    /// The words are those of the service (`observed-errors.md` 3.10).
    fn size(&mut self, size: Size, count: usize, unit: &str, path: Path<'_>) {
        if let Some(limit) = limit(size, count) {
            let message = format!("{path} must include {limit} {unit}; it includes {count}");
            self.violation.get_or_insert(Violation::Invalid { message });
        }
    }

    fn invalid(&mut self, path: Path<'_>, rule: &str, value: &dyn Display, hidden: bool) {
        if self.violation.is_none() {
            let given = if hidden { String::new() } else { format!("; given {value}") };
            self.violation = Some(Violation::Invalid { message: format!("{path} {rule}{given}") });
        }
    }
}

/// A union has exactly one member. One that is not known is no member to leave out: it may be what was meant.
fn one_member(structure: &Structure, members: &Map<String, Value>, path: Path<'_>) -> Result<(), WireError> {
    let mut given = members.iter().filter(|(name, value)| !value.is_null() && *name != "__type").map(|(name, _)| name);
    match (given.next(), given.next()) {
        (Some(name), None) if structure.member(name).is_some() => Ok(()),
        _ => {
            let names: Vec<&str> = structure.members.iter().map(|member| member.name).collect();
            Err(unreadable(path, &format!("must have exactly one member, out of {}", names.join(", "))))
        }
    }
}

const INTEGER_FORM: &str = "a whole number of 32 bits";
const LONG_FORM: &str = "a whole number of 64 bits";
const TIMESTAMP_FORM: &str =
    "a number of epoch seconds, or an ISO 8601 date and time with its zone, in the years 1 to 9999";

fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Boolean => "true or false",
        Shape::Float { .. } => "a number",
        Shape::Integer { .. } => INTEGER_FORM,
        Shape::Long { .. } => LONG_FORM,
        Shape::List(_) => "a list",
        Shape::Map(_) | Shape::Structure(_) => "an object",
        Shape::String(_) | Shape::Enum(_) => "a string",
        Shape::Timestamp => TIMESTAMP_FORM,
    }
}

/// A number without a fraction and inside of the bounds. `1.0` is one: JSON has only one kind of number.
fn whole(number: &Number, min: i64, max: i64) -> Option<i64> {
    /// Beyond this not every whole number has its own float.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let exact = |float: &f64| number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT_MAX;
    let whole = number.as_i64().or_else(|| number.as_f64().filter(exact).map(|float| float as i64));
    whole.filter(|whole| (min..=max).contains(whole))
}

/// The one form of a timestamp: whole epoch seconds where it has no fraction, a float of milliseconds' precision else.
fn timestamp(value: &Value) -> Option<Value> {
    let moment = match value {
        Value::String(text) => Timestamp(time::parse_iso8601(text)?),
        number => Timestamp::from_epoch_seconds(number.as_f64()?)?,
    };
    if !(Timestamp::MIN..=Timestamp::MAX).contains(&moment) {
        return None;
    }
    if moment.0 % 1000 == 0 {
        return Some(Value::from(moment.0 / 1000));
    }
    Number::from_f64(moment.0 as f64 / 1000.0).map(Value::Number)
}

/// Whether the string fits the pattern. Expressions are compiled once, when first needed.
fn matches(pattern: &Pattern, value: &str) -> bool {
    struct Compiled {
        must: Vec<Regex>,
        must_not: Vec<Regex>,
    }
    static COMPILED: [OnceLock<Compiled>; PATTERNS.len()] = [const { OnceLock::new() }; PATTERNS.len()];
    let compiled = COMPILED[pattern.index].get_or_init(|| {
        let compile = |expressions: &[&str]| {
            expressions.iter().map(|one| Regex::new(one).expect("the generator compiled it")).collect()
        };
        Compiled { must: compile(pattern.must), must_not: compile(pattern.must_not) }
    });
    compiled.must.iter().all(|one| one.is_match(value)) && !compiled.must_not.iter().any(|one| one.is_match(value))
}

fn wrong(path: Path<'_>, expected: &str, value: &Value) -> WireError {
    unreadable(path, &format!("must be {expected}, not {}", kind(value)))
}

fn unreadable(path: Path<'_>, rule: &str) -> WireError {
    WireError::bad_request(format!("Invalid request body: {path} {rule}"))
}
