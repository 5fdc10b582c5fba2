//! What criteria may be.

use std::collections::BTreeSet;

use crate::criteria::{AttributeCondition, Criteria, Expression, Step};
use crate::refusal::Refusal;

/// Most steps of criteria.
pub const STEPS_MAX: usize = 5;
/// Most attributes of an AndExpression.
pub const AND_ATTRIBUTES_MAX: usize = 8;
/// Most branches of an OrExpression.
pub const OR_BRANCHES_MAX: usize = 3;
/// Most preferred agents of a condition: a bound of ours.
pub const PREFERRED_AGENTS_MAX: usize = 100;

impl Criteria {
    /// Criteria whose first step has not begun. `index` is their number among those of the contact.
    pub fn new(steps: Vec<Step>, index: u32) -> Result<Criteria, Refusal> {
        if steps.is_empty() || steps.len() > STEPS_MAX {
            return refuse(format!("{} steps: give 1 to {STEPS_MAX}", steps.len()));
        }
        for step in &steps {
            check(&step.expression)?;
        }
        Ok(Criteria { steps, activation: None, index })
    }
}

fn refuse<T>(why: String) -> Result<T, Refusal> {
    Err(Refusal::RoutingCriteria { why })
}

/// OrExpression only at the top, AndExpression in it, and conditions in that.
fn check(expression: &Expression) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    match expression {
        Expression::Or(branches) => {
            if branches.is_empty() || branches.len() > OR_BRANCHES_MAX {
                return refuse(format!(
                    "an OrExpression with {} branches: give 1 to {OR_BRANCHES_MAX}",
                    branches.len()
                ));
            }
            branches.iter().try_for_each(|branch| check_and(branch, &mut names))
        }
        Expression::And(_) | Expression::Attribute(_) | Expression::Not(_) => check_and(expression, &mut names),
    }
}

fn check_and<'a>(expression: &'a Expression, names: &mut BTreeSet<&'a str>) -> Result<(), Refusal> {
    match expression {
        Expression::Attribute(condition) | Expression::Not(condition) => check_condition(condition, names),
        Expression::And(parts) => {
            if parts.is_empty() || parts.len() > AND_ATTRIBUTES_MAX {
                return refuse(format!(
                    "an AndExpression with {} attributes: give 1 to {AND_ATTRIBUTES_MAX}",
                    parts.len()
                ));
            }
            parts.iter().try_for_each(|part| match part {
                Expression::Attribute(condition) | Expression::Not(condition) => check_condition(condition, names),
                Expression::And(_) | Expression::Or(_) => {
                    refuse("an AndExpression holds attribute conditions only: move AND and OR out of it".to_owned())
                }
            })
        }
        Expression::Or(_) => refuse("an OrExpression stands at the top of a step only".to_owned()),
    }
}

fn check_condition<'a>(condition: &'a AttributeCondition, names: &mut BTreeSet<&'a str>) -> Result<(), Refusal> {
    match condition {
        AttributeCondition::AtLeast { name, .. } | AttributeCondition::Range { name, .. } => {
            if !names.insert(name) {
                return refuse(format!("attribute {name:?} is twice in an expression: name it once"));
            }
        }
        AttributeCondition::Agents(users) if users.is_empty() || users.len() > PREFERRED_AGENTS_MAX => {
            return refuse(format!("{} preferred agents: give 1 to {PREFERRED_AGENTS_MAX}", users.len()));
        }
        AttributeCondition::Agents(_) => {}
    }
    if let AttributeCondition::Range { name, min, max, .. } = condition
        && min > max
    {
        return refuse(format!("the range of attribute {name:?} is empty: its lowest level is above its highest"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::criteria::Level;

    fn has(name: &str) -> Expression {
        Expression::Attribute(AttributeCondition::AtLeast { name: name.into(), value: "yes".into(), level: Level::MIN })
    }

    #[test]
    fn what_criteria_may_be() {
        let step = |expression| vec![Step::new(expression, None)];
        let many = |n: usize| (0..n).map(|n| has(&n.to_string())).collect::<Vec<_>>();
        let range = AttributeCondition::Range { name: "a".into(), value: "v".into(), min: Level::MAX, max: Level::MIN };
        let table = [
            vec![],
            many(5).into_iter().map(|expression| Step::new(expression, Some(1))).collect(),
            many(6).into_iter().map(|expression| Step::new(expression, Some(1))).collect(),
            step(Expression::And(many(8))),
            step(Expression::And(many(9))),
            step(Expression::Or(many(3))),
            step(Expression::Or(many(4))),
            step(Expression::Or(vec![Expression::And(many(2)), has("x")])),
            step(Expression::Or(vec![Expression::And(many(2)), has("1")])),
            step(Expression::And(vec![Expression::Or(many(2))])),
            step(Expression::Or(vec![Expression::Or(many(2))])),
            step(Expression::Attribute(range)),
            step(Expression::Attribute(AttributeCondition::Agents(vec![]))),
        ];
        let shown: Vec<String> = table
            .into_iter()
            .map(|steps| Criteria::new(steps, 0).map_or_else(|refusal| refusal.to_string(), |_| "fits".to_owned()))
            .collect();
        expect![[r#"
            routing criteria: 0 steps: give 1 to 5
            fits
            routing criteria: 6 steps: give 1 to 5
            fits
            routing criteria: an AndExpression with 9 attributes: give 1 to 8
            fits
            routing criteria: an OrExpression with 4 branches: give 1 to 3
            fits
            routing criteria: attribute "1" is twice in an expression: name it once
            routing criteria: an AndExpression holds attribute conditions only: move AND and OR out of it
            routing criteria: an OrExpression stands at the top of a step only
            routing criteria: the range of attribute "a" is empty: its lowest level is above its highest
            routing criteria: 0 preferred agents: give 1 to 100"#]]
        .assert_eq(&shown.join("\n"));
    }
}
