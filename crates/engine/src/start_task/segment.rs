//! Segment attributes: R9 to R13. Callers may set three of the system's own and those that the instance predefined.

use std::collections::BTreeMap;

use crate::arn::{Resource, Scope, id_of};
use crate::contact::{Contact, SegmentValue};
use crate::id::UserId;
use crate::limits::Limits;
use crate::predefined::PredefinedAttribute;
use crate::refusal::Refusal;
use crate::start_task::schedule;
use crate::time::MINUTE;

/// Kind of contact; ours is always [`SUBTYPE_TASK`].
pub const SUBTYPE: &str = "connect:Subtype";
/// The value of [`SUBTYPE`].
pub const SUBTYPE_TASK: &str = "connect:Task";
/// How long the task lives.
pub const CONTACT_EXPIRY: &str = "connect:ContactExpiry";
/// Minutes, within [`CONTACT_EXPIRY`].
pub const EXPIRY_DURATION: &str = "ExpiryDuration";
/// The end, within [`CONTACT_EXPIRY`]: shown, not given.
pub const EXPIRY_TIME_STAMP: &str = "ExpiryTimeStamp";
/// Who made the task.
pub const CREATED_BY_USER: &str = "connect:CreatedByUser";
/// Whether its maker takes it.
pub const ASSIGNMENT_TYPE: &str = "connect:AssignmentType";
/// The only value of [`ASSIGNMENT_TYPE`].
pub const ASSIGNMENT_SELF: &str = "SELF";
/// What the system's own keys begin with.
const SYSTEM_PREFIX: &str = "connect:";

/// What the segment attributes of a request say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Duration in minutes (R9).
    pub expiry_minutes: Option<u32>,
    /// Who made the task; whether the user exists is for the caller to look up (R10).
    pub created_by: Option<UserId>,
    /// Whether the maker takes it (R11).
    pub self_assigned: bool,
    /// User-defined attributes.
    pub user: BTreeMap<String, SegmentValue>,
}

/// Reads the segment attributes of a request.
pub fn read<'a>(
    given: BTreeMap<String, SegmentValue>,
    scope: &Scope,
    limits: &Limits,
    predefined: impl Fn(&str) -> Option<&'a PredefinedAttribute>,
) -> Result<Segment, Refusal> {
    let mut segment = Segment::default();
    for (key, value) in given {
        match key.as_str() {
            CONTACT_EXPIRY => segment.expiry_minutes = Some(expiry_minutes(&value, limits)?),
            CREATED_BY_USER => segment.created_by = Some(created_by(&value, scope)?),
            ASSIGNMENT_TYPE => {
                if value != SegmentValue::String(ASSIGNMENT_SELF.to_owned()) {
                    return wrong_value(&key, "the only assignment is ValueString SELF");
                }
                segment.self_assigned = true;
            }
            _ => {
                let attribute = predefined(&key).filter(|_| !key.starts_with(SYSTEM_PREFIX));
                let Some(attribute) = attribute else { return Err(Refusal::SegmentKey { key }) };
                check_user_value(&key, &value, attribute)?;
                segment.user.insert(key, value);
            }
        }
    }
    Ok(segment)
}

/// Reads the segment attributes of UpdateContact: who made a task does not change.
pub fn read_update<'a>(
    given: BTreeMap<String, SegmentValue>,
    scope: &Scope,
    limits: &Limits,
    predefined: impl Fn(&str) -> Option<&'a PredefinedAttribute>,
) -> Result<Segment, Refusal> {
    for key in [CREATED_BY_USER, ASSIGNMENT_TYPE] {
        if given.contains_key(key) {
            return Err(Refusal::SegmentKey { key: key.to_owned() });
        }
    }
    read(given, scope, limits, predefined)
}

fn wrong_value<T>(key: &str, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::SegmentValue { key: key.to_owned(), why: why.into() })
}

fn expiry_minutes(value: &SegmentValue, limits: &Limits) -> Result<u32, Refusal> {
    let minutes = match value {
        SegmentValue::Map(map) if map.len() == 1 => match map.get(EXPIRY_DURATION) {
            Some(SegmentValue::Integer(minutes)) => Some(*minutes),
            _ => None,
        },
        _ => None,
    };
    match minutes {
        Some(minutes) => schedule::expiry_minutes(minutes, limits),
        None => wrong_value(CONTACT_EXPIRY, "give ValueMap {ExpiryDuration: {ValueInteger: minutes}}"),
    }
}

fn created_by(value: &SegmentValue, scope: &Scope) -> Result<UserId, Refusal> {
    let (SegmentValue::String(arn) | SegmentValue::Arn(arn)) = value else {
        return wrong_value(CREATED_BY_USER, "give the ARN of a user as ValueString");
    };
    let user = id_of(arn).parse().ok().filter(|user| scope.arn(Resource::User(*user)) == *arn);
    user.map_or_else(
        || {
            wrong_value(
                CREATED_BY_USER,
                format!("give the ARN of a user of this instance, {}/agent/<user id>", scope.instance_arn()),
            )
        },
        Ok,
    )
}

fn check_user_value(key: &str, value: &SegmentValue, attribute: &PredefinedAttribute) -> Result<(), Refusal> {
    let SegmentValue::String(text) = value else { return wrong_value(key, "give a ValueString") };
    if attribute.enforce_values && !attribute.values.contains(text) {
        return wrong_value(key, format!("give one of its predefined values: {}", attribute.values.join(", ")));
    }
    Ok(())
}

impl Contact {
    /// How long it lasts from its start, in minutes.
    pub fn expiry_minutes(&self) -> i64 {
        let start = self.times.scheduled.unwrap_or(self.times.initiation);
        self.times.expiry.since(start) / MINUTE
    }

    /// All segment attributes as they are shown: the system's own and the user-defined.
    pub fn segment_attributes(&self, scope: &Scope) -> BTreeMap<String, SegmentValue> {
        let text = |text: &str| SegmentValue::String(text.to_owned());
        let mut shown = self.segment.clone();
        shown.insert(SUBTYPE.to_owned(), text(SUBTYPE_TASK));
        let expiry = BTreeMap::from([
            (EXPIRY_DURATION.to_owned(), SegmentValue::Integer(self.expiry_minutes())),
            (EXPIRY_TIME_STAMP.to_owned(), SegmentValue::String(self.times.expiry.to_string())),
        ]);
        shown.insert(CONTACT_EXPIRY.to_owned(), SegmentValue::Map(expiry));
        if let Some(user) = self.created_by {
            shown.insert(CREATED_BY_USER.to_owned(), SegmentValue::String(scope.arn(Resource::User(user))));
        }
        if self.self_assigned {
            shown.insert(ASSIGNMENT_TYPE.to_owned(), text(ASSIGNMENT_SELF));
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::InstanceId;
    use crate::time::Timestamp;

    const USER: &str = "0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e";

    fn scope() -> Scope {
        Scope { region: "us-east-1".into(), account: "000000000000".into(), instance: InstanceId::from_bytes([1; 16]) }
    }

    fn read_one(key: &str, value: SegmentValue) -> String {
        let attribute = PredefinedAttribute {
            name: "tier".into(),
            values: vec!["gold".into()],
            purposes: vec![],
            enforce_values: true,
            read_only: false,
            last_modified: Timestamp(0),
        };
        let predefined = |name: &str| (name == "tier").then_some(&attribute);
        match read(BTreeMap::from([(key.to_owned(), value)]), &scope(), &Limits::default(), predefined) {
            Ok(segment) => format!("{segment:?}"),
            Err(refusal) => refusal.to_string(),
        }
    }

    fn expiry(minutes: i64) -> SegmentValue {
        SegmentValue::Map(BTreeMap::from([(EXPIRY_DURATION.to_owned(), SegmentValue::Integer(minutes))]))
    }

    #[test]
    fn r9_expiry_is_1_to_129600_minutes() {
        for good in [1, 10_080, 129_600] {
            assert!(read_one(CONTACT_EXPIRY, expiry(good)).contains(&format!("expiry_minutes: Some({good})")));
        }
        for bad in [0, -1, 129_601, i64::MAX] {
            assert_eq!(
                read_one(CONTACT_EXPIRY, expiry(bad)),
                format!("ExpiryDuration {bad} is out of range: give 1 to 129600 minutes")
            );
        }
        assert!(read_one(CONTACT_EXPIRY, SegmentValue::Integer(5)).contains("give ValueMap"));
    }

    #[test]
    fn r10_created_by_is_a_user_of_the_instance() {
        let arn = format!("{}/agent/{USER}", scope().instance_arn());
        assert!(read_one(CREATED_BY_USER, SegmentValue::String(arn.clone())).contains(USER));
        for bad in
            [USER.to_owned(), arn.replace("us-east-1", "eu-west-1"), arn.replace("agent", "queue"), String::new()]
        {
            assert!(read_one(CREATED_BY_USER, SegmentValue::String(bad)).contains("has a wrong value: give the ARN"));
        }
    }

    #[test]
    fn r11_r12_r13_keys_and_values() {
        let text = |t: &str| SegmentValue::String(t.to_owned());
        assert!(read_one(ASSIGNMENT_TYPE, text("SELF")).contains("self_assigned: true"));
        assert!(read_one(ASSIGNMENT_TYPE, text("OTHER")).contains("the only assignment"));
        assert!(read_one("tier", text("gold")).contains("gold"));
        assert!(read_one("tier", text("tin")).contains("give one of its predefined values: gold"));
        assert!(read_one("tier", SegmentValue::Integer(1)).contains("give a ValueString"));
        for key in [SUBTYPE, "connect:Direction", "unknown"] {
            assert!(read_one(key, text("x")).contains("cannot be set"), "{key}");
        }
    }
}
