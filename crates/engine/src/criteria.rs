//! Routing criteria: which agents a waiting contact is for, in steps that widen with time (routing.md section 6).

mod check;

use minicbor::{Decode, Encode};

use crate::id::UserId;
use crate::name::named_enum;
use crate::time::Timestamp;
use crate::user::Proficiency;

pub use check::{AND_ATTRIBUTES_MAX, OR_BRANCHES_MAX, STEPS_MAX};

/// A proficiency level, 1 to 5. Ordered and hashed, so that equal expressions can be found.
#[derive(Clone, Copy, Debug, Encode, Decode)]
#[cbor(transparent)]
pub struct Level(#[n(0)] f32);

impl Level {
    /// Lowest level.
    pub const MIN: Level = Level(1.0);
    /// Highest level.
    pub const MAX: Level = Level(5.0);

    /// The level, when it is one.
    pub fn new(level: f32) -> Option<Level> {
        (Level::MIN.0..=Level::MAX.0).contains(&level).then_some(Level(level))
    }

    /// The number.
    pub fn get(self) -> f32 {
        self.0
    }
}

impl PartialEq for Level {
    fn eq(&self, other: &Level) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Level {}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Level) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Level {
    fn cmp(&self, other: &Level) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl std::hash::Hash for Level {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// What an agent must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum AttributeCondition {
    /// NumberGreaterOrEqualTo: has this proficiency at this level or a higher one.
    #[n(0)]
    AtLeast {
        /// Predefined attribute.
        #[n(0)]
        name: String,
        /// Its value.
        #[n(1)]
        value: String,
        /// Lowest level.
        #[n(2)]
        level: Level,
    },
    /// Range: has this proficiency at a level within these, both included.
    #[n(1)]
    Range {
        /// Predefined attribute.
        #[n(0)]
        name: String,
        /// Its value.
        #[n(1)]
        value: String,
        /// Lowest level.
        #[n(2)]
        min: Level,
        /// Highest level.
        #[n(3)]
        max: Level,
    },
    /// Match: is one of these, the preferred agents.
    #[n(2)]
    Agents(#[n(0)] Vec<UserId>),
}

impl AttributeCondition {
    fn matches(&self, user: UserId, proficiencies: &[Proficiency]) -> bool {
        let level = |name: &str, value: &str| {
            let named = |skill: &&Proficiency| skill.attribute == name && skill.value == value;
            proficiencies.iter().find(named).map(|skill| skill.level)
        };
        match self {
            AttributeCondition::AtLeast { name, value, level: least } => {
                level(name, value).is_some_and(|level| level >= least.0)
            }
            AttributeCondition::Range { name, value, min, max } => {
                level(name, value).is_some_and(|level| (min.0..=max.0).contains(&level))
            }
            AttributeCondition::Agents(users) => users.contains(&user),
        }
    }
}

/// Which agents a step is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Expression {
    /// Those who fit.
    #[n(0)]
    Attribute(#[n(0)] AttributeCondition),
    /// Those who do not fit.
    #[n(1)]
    Not(#[n(0)] AttributeCondition),
    /// Those whom all of these are for.
    #[n(2)]
    And(#[n(0)] Vec<Expression>),
    /// Those whom one of these is for.
    #[n(3)]
    Or(#[n(0)] Vec<Expression>),
}

impl Expression {
    /// Whether a user with these proficiencies is among them.
    pub fn matches(&self, user: UserId, proficiencies: &[Proficiency]) -> bool {
        match self {
            Expression::Attribute(condition) => condition.matches(user, proficiencies),
            Expression::Not(condition) => !condition.matches(user, proficiencies),
            Expression::And(all) => all.iter().all(|part| part.matches(user, proficiencies)),
            Expression::Or(any) => any.iter().any(|part| part.matches(user, proficiencies)),
        }
    }
}

named_enum! {
    /// How far a step is.
    StepStatus {
        /// Its turn has not come.
        Inactive = 0 "INACTIVE",
        /// Only agents whom its expression is for are offered the contact.
        Active = 1 "ACTIVE",
        /// Its time ran out.
        Expired = 2 "EXPIRED",
        /// An agent joined in it.
        Joined = 3 "JOINED",
        /// The contact ended in it.
        Deactivated = 4 "DEACTIVATED",
        /// Other criteria replaced it.
        Interrupted = 5 "INTERRUPTED",
    }
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Step {
    /// Which agents it is for.
    #[n(0)]
    pub expression: Expression,
    /// How long it lasts; none lasts for ever.
    #[n(1)]
    pub expiry_seconds: Option<u32>,
    /// How far it is.
    #[n(2)]
    pub status: StepStatus,
    /// When it ends or ended; none before its turn.
    #[n(3)]
    pub expires: Option<Timestamp>,
}

impl Step {
    /// A step whose turn has not come.
    pub fn new(expression: Expression, expiry_seconds: Option<u32>) -> Step {
        Step { expression, expiry_seconds, status: StepStatus::Inactive, expires: None }
    }
}

/// The criteria of a contact. At most one step is active.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Criteria {
    /// 1 to [`STEPS_MAX`] steps, one after the other.
    #[n(0)]
    pub steps: Vec<Step>,
    /// When the contact first was in a queue with them.
    #[n(1)]
    pub activation: Option<Timestamp>,
    /// Their number among those that the contact was given, from 0.
    #[n(2)]
    pub index: u32,
}

impl Criteria {
    fn active_step(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.status == StepStatus::Active)
    }

    /// The expression that agents must meet now; none when every agent of the queue will do.
    pub fn active(&self) -> Option<&Expression> {
        self.active_step().map(|step| &step.expression)
    }

    /// When the active step ends.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.active_step().and_then(|step| step.expires)
    }

    /// The contact enters a queue. In a standard queue the first step begins; in the queue of an agent only the moment
    /// is noted. Criteria that began before go on, their time has run meanwhile.
    pub(crate) fn enter_queue(&mut self, standard: bool, now: Timestamp) {
        self.activation.get_or_insert(now);
        let untouched = self.steps.iter().all(|step| step.status == StepStatus::Inactive);
        if standard && untouched {
            self.begin_next(now);
        }
    }

    /// The time of the active step ran out: the next one begins.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.leave(StepStatus::Expired);
        self.begin_next(now);
    }

    /// The active step ends with this status, and no other begins.
    pub(crate) fn leave(&mut self, status: StepStatus) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.status == StepStatus::Active) {
            step.status = status;
        }
    }

    fn begin_next(&mut self, now: Timestamp) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.status == StepStatus::Inactive) {
            step.status = StepStatus::Active;
            step.expires = step.expiry_seconds.map(|seconds| now.plus_seconds(i64::from(seconds)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId::from_bytes([0xa0; 16]);
    const BOB: UserId = UserId::from_bytes([0xb0; 16]);

    fn at_least(name: &str, level: f32) -> AttributeCondition {
        AttributeCondition::AtLeast { name: name.into(), value: "yes".into(), level: Level::new(level).unwrap() }
    }

    fn has(name: &str, level: f32) -> Expression {
        Expression::Attribute(at_least(name, level))
    }

    #[test]
    fn who_an_expression_is_for() {
        let range = |min, max| {
            Expression::Attribute(AttributeCondition::Range {
                name: "french".into(),
                value: "yes".into(),
                min: Level::new(min).unwrap(),
                max: Level::new(max).unwrap(),
            })
        };
        let agents = |users: &[UserId]| Expression::Attribute(AttributeCondition::Agents(users.to_vec()));
        let table = [
            ("at least", has("french", 3.0), true),
            ("at least, more than had", has("french", 3.5), false),
            ("not had", has("knots", 1.0), false),
            ("range, at its end", range(1.0, 3.0), true),
            ("range, above", range(1.0, 2.0), false),
            ("not", Expression::Not(at_least("knots", 1.0)), true),
            ("and", Expression::And(vec![has("french", 1.0), has("knots", 1.0)]), false),
            ("or", Expression::Or(vec![has("french", 1.0), has("knots", 1.0)]), true),
            ("preferred", agents(&[BOB, ANN]), true),
            ("another is preferred", agents(&[BOB]), false),
        ];
        let skills = [Proficiency { attribute: "french".into(), value: "yes".into(), level: 3.0 }];
        for (name, expression, expected) in table {
            assert_eq!(expression.matches(ANN, &skills), expected, "{name}");
        }
    }

    #[test]
    fn steps_begin_one_after_the_other() {
        let at = |seconds| Timestamp::from_seconds(seconds);
        let steps = vec![Step::new(has("french", 3.0), Some(10)), Step::new(has("french", 1.0), Some(20))];
        let mut criteria = Criteria::new(steps, 0).unwrap();
        assert_eq!(criteria.active(), None);
        criteria.enter_queue(false, at(1));
        assert_eq!((criteria.active(), criteria.activation), (None, Some(at(1))));
        criteria.enter_queue(true, at(2));
        assert_eq!((criteria.active(), criteria.next_expiry()), (Some(&has("french", 3.0)), Some(at(12))));
        criteria.enter_queue(true, at(9));
        assert_eq!(criteria.next_expiry(), Some(at(12)));
        criteria.expire(at(12));
        assert_eq!((criteria.active(), criteria.next_expiry()), (Some(&has("french", 1.0)), Some(at(32))));
        criteria.expire(at(32));
        assert_eq!((criteria.active(), criteria.next_expiry()), (None, None));
        let statuses: Vec<_> = criteria.steps.iter().map(|step| step.status).collect();
        assert_eq!(statuses, [StepStatus::Expired, StepStatus::Expired]);
        assert_eq!(criteria.activation, Some(at(1)));
    }
}
