//! What is done to a contact on its way to an agent and with one: pause, resume, transfer, assignment, place in the
//! queue.
//!
//! Facts: `contact-lifecycle.md` sections 5, 6, 7 and 10, `routing.md` sections 3 and 6.

use api::shapes;
use engine::arn::{Resource, id_of};
use engine::contact::{Event, RoutingUpdate, Transfer};
use engine::criteria::{AttributeCondition, Criteria, Expression, Level, Step};
use engine::flow::ContactFlow;
use engine::queue::Queue;
use engine::user::User;
use engine::{ContactFlowId, ContactId, QueueId, UserId};

use super::contact::{move_contact, named_contact};
use super::predefined_attribute::find_predefined;
use super::resource::{load, shown};
use crate::call::Call;
use crate::error::{ApiError, Halt, contact_not_found, idempotency};
use crate::operations::in_instance;
use crate::tx::Tx;

in_instance!(
    shapes::PauseContactRequest,
    shapes::ResumeContactRequest,
    shapes::TransferContactRequest,
    shapes::AssociateContactWithUserRequest,
    shapes::UpdateContactRoutingDataRequest,
);

fn named_flow(tx: &Tx<'_>, given: Option<&str>) -> Result<Option<ContactFlowId>, ApiError> {
    given.map(|given| Ok(load::<ContactFlow>(tx, given)?.id)).transpose()
}

/// Pauses a contact. One that waited in a queue leaves it.
pub(crate) fn pause_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::PauseContactRequest,
) -> Result<shapes::PauseContactResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    let flow = named_flow(tx, input.contact_flow_id.as_deref())?;
    move_contact(tx, contact, Event::Paused { flow })?;
    Ok(shapes::PauseContactResponse {})
}

/// Lets a paused contact go on.
pub(crate) fn resume_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::ResumeContactRequest,
) -> Result<shapes::ResumeContactResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    let flow = named_flow(tx, input.contact_flow_id.as_deref())?;
    move_contact(tx, contact, Event::Resumed { flow })?;
    Ok(shapes::ResumeContactResponse {})
}

/// Ends a contact, and makes another one of its chain that takes over.
pub(crate) fn transfer_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::TransferContactRequest,
) -> Result<shapes::TransferContactResponse, Halt> {
    let replayed = tx.replayed().map_err(idempotency)?;
    let next = match replayed {
        Some(id) => ContactId(id),
        None => {
            let contact = named_contact(tx, &input.contact_id)?.id;
            let target_queue = match (&input.queue_id, &input.user_id) {
                (Some(_), Some(_)) => {
                    let text = "QueueId and UserId cannot be given together: give one of them, or none to leave it to the flow";
                    return Err(ApiError::invalid_request(text).into());
                }
                (Some(queue), None) => Some(load::<Queue>(tx, queue)?.id),
                (None, Some(user)) => Some(QueueId::of_agent(load::<User>(tx, user)?.id)),
                (None, None) => None,
            };
            let flow = load::<ContactFlow>(tx, &input.contact_flow_id)?.id;
            let next = transfer(tx, contact, Transfer { flow, target_queue })?;
            tx.made(next.0);
            next
        }
    };
    Ok(shapes::TransferContactResponse {
        contact_id: Some(next.to_string()),
        contact_arn: Some(tx.arn_scope().arn(Resource::Contact(next))),
    })
}

/// Transfers a contact and says which contact takes over.
pub(crate) fn transfer(tx: &mut Tx<'_>, contact: ContactId, transfer: Transfer) -> Result<ContactId, Halt> {
    let old = tx.contact(&contact)?.ok_or_else(|| contact_not_found(&contact))?;
    move_contact(tx, old, Event::Transferred(transfer))?;
    let next = tx.contact(&contact)?.and_then(|contact| contact.next);
    Ok(next.ok_or_else(|| ApiError::internal(format!("contact {contact} was transferred and has no next contact")))?)
}

/// Offers a queued contact to a user, whatever the user's status and slots.
pub(crate) fn associate_contact_with_user(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::AssociateContactWithUserRequest,
) -> Result<shapes::AssociateContactWithUserResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    let agent = load::<User>(tx, &input.user_id)?.id;
    move_contact(tx, contact, Event::Offered { agent })?;
    Ok(shapes::AssociateContactWithUserResponse {})
}

/// Changes a contact's place in its queue, or which agents it is for.
pub(crate) fn update_contact_routing_data(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactRoutingDataRequest,
) -> Result<shapes::UpdateContactRoutingDataResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    let criteria = input.routing_criteria.as_ref().map(|given| {
        given.steps.iter().flatten().map(|step| given_step(tx, step)).collect::<Result<Vec<Step>, ApiError>>()
    });
    let update = RoutingUpdate {
        priority: input.queue_priority,
        adjustment_seconds: input.queue_time_adjustment_seconds,
        criteria: criteria.transpose()?,
    };
    move_contact(tx, contact, Event::RoutingUpdated(Box::new(update)))?;
    Ok(shapes::UpdateContactRoutingDataResponse {})
}

fn given_step(tx: &Tx<'_>, given: &shapes::RoutingCriteriaInputStep) -> Result<Step, ApiError> {
    let expression = given.expression.as_ref().ok_or_else(|| wrong("a step has no Expression; give one"))?;
    let seconds = given.expiry.as_ref().and_then(|expiry| expiry.duration_in_seconds);
    Ok(Step::new(given_expression(tx, expression)?, seconds.map(i32::unsigned_abs)))
}

/// An expression is exactly one of the union's members. Which of them may stand in which, the engine checks.
fn given_expression(tx: &Tx<'_>, given: &shapes::Expression) -> Result<Expression, ApiError> {
    let all = |parts: &[shapes::Expression]| {
        parts.iter().map(|part| given_expression(tx, part)).collect::<Result<_, ApiError>>()
    };
    match given {
        shapes::Expression {
            attribute_condition: Some(condition),
            and_expression: None,
            or_expression: None,
            not_attribute_condition: None,
        } => Ok(Expression::Attribute(given_condition(tx, condition)?)),
        shapes::Expression {
            attribute_condition: None,
            and_expression: Some(parts),
            or_expression: None,
            not_attribute_condition: None,
        } => Ok(Expression::And(all(parts)?)),
        shapes::Expression {
            attribute_condition: None,
            and_expression: None,
            or_expression: Some(parts),
            not_attribute_condition: None,
        } => Ok(Expression::Or(all(parts)?)),
        shapes::Expression {
            attribute_condition: None,
            and_expression: None,
            or_expression: None,
            not_attribute_condition: Some(condition),
        } => Ok(Expression::Not(given_condition(tx, condition)?)),
        _ => Err(wrong(
            "an Expression is exactly one of AttributeCondition, NotAttributeCondition, AndExpression and OrExpression",
        )),
    }
}

fn given_condition(tx: &Tx<'_>, given: &shapes::AttributeCondition) -> Result<AttributeCondition, ApiError> {
    let attribute = || match (&given.name, &given.value) {
        (Some(name), Some(_)) if find_predefined(tx, name).is_none() => Err(wrong(&format!(
            "there is no predefined attribute {name:?}, so that nobody is proficient in it; CreatePredefinedAttribute makes it"
        ))),
        (Some(name), Some(value)) => Ok((name.clone(), value.clone())),
        _ => Err(wrong("an AttributeCondition on a proficiency needs Name and Value")),
    };
    let level = |given: Option<f64>| {
        let level = given.and_then(|level| Level::new(level as f32));
        level.ok_or_else(|| wrong("a proficiency level is a number from 1 to 5"))
    };
    match given.comparison_operator.as_deref() {
        Some("NumberGreaterOrEqualTo") => {
            let (name, value) = attribute()?;
            Ok(AttributeCondition::AtLeast { name, value, level: level(given.proficiency_level)? })
        }
        Some("Range") => {
            let (name, value) = attribute()?;
            let range = given.range.as_ref().ok_or_else(|| wrong("ComparisonOperator Range needs the member Range"))?;
            let (min, max) = (level(range.min_proficiency_level)?, level(range.max_proficiency_level)?);
            Ok(AttributeCondition::Range { name, value, min, max })
        }
        Some("Match") => {
            let agents = given.match_criteria.as_ref().and_then(|criteria| criteria.agents_criteria.as_ref());
            let ids = agents.and_then(|agents| agents.agent_ids.as_deref()).unwrap_or_default();
            let known = |given: &String| Ok(load::<User>(tx, id_of(given))?.id);
            Ok(AttributeCondition::Agents(ids.iter().map(known).collect::<Result<Vec<UserId>, ApiError>>()?))
        }
        given => Err(wrong(&format!(
            "ComparisonOperator {}; give NumberGreaterOrEqualTo, Range or Match",
            given.unwrap_or("is missing")
        ))),
    }
}

fn wrong(why: &str) -> ApiError {
    ApiError::invalid_parameter(format!("Invalid parameter:  RoutingCriteria: {why}"))
}

/// Routing criteria as a contact shows them.
pub(crate) fn shown_criteria(criteria: &Criteria) -> shapes::RoutingCriteria {
    let step = |step: &Step| shapes::Step {
        expiry: step.expiry_seconds.map(|seconds| shapes::Expiry {
            duration_in_seconds: i32::try_from(seconds).ok(),
            expiry_timestamp: step.expires.and_then(shown),
        }),
        expression: Some(shown_expression(&step.expression)),
        // The API has no name for a step that was interrupted, or that the end of its contact deactivated (`routing.md` section 6).
        status: step.status.as_str().parse().ok(),
    };
    shapes::RoutingCriteria {
        steps: Some(criteria.steps.iter().map(step).collect()),
        activation_timestamp: criteria.activation.and_then(shown),
        index: i32::try_from(criteria.index).ok(),
    }
}

fn shown_expression(expression: &Expression) -> shapes::Expression {
    let none = shapes::Expression::default();
    let all = |parts: &[Expression]| Some(parts.iter().map(shown_expression).collect());
    match expression {
        Expression::Attribute(condition) => {
            shapes::Expression { attribute_condition: Some(shown_condition(condition)), ..none }
        }
        Expression::Not(condition) => {
            shapes::Expression { not_attribute_condition: Some(shown_condition(condition)), ..none }
        }
        Expression::And(parts) => shapes::Expression { and_expression: all(parts), ..none },
        Expression::Or(parts) => shapes::Expression { or_expression: all(parts), ..none },
    }
}

fn shown_condition(condition: &AttributeCondition) -> shapes::AttributeCondition {
    let operator = |name: &str| Some(name.to_owned());
    let number = |level: &Level| Some(f64::from(level.get()));
    match condition {
        AttributeCondition::AtLeast { name, value, level } => shapes::AttributeCondition {
            name: Some(name.clone()),
            value: Some(value.clone()),
            proficiency_level: number(level),
            comparison_operator: operator("NumberGreaterOrEqualTo"),
            ..shapes::AttributeCondition::default()
        },
        AttributeCondition::Range { name, value, min, max } => shapes::AttributeCondition {
            name: Some(name.clone()),
            value: Some(value.clone()),
            range: Some(shapes::Range { min_proficiency_level: number(min), max_proficiency_level: number(max) }),
            comparison_operator: operator("Range"),
            ..shapes::AttributeCondition::default()
        },
        AttributeCondition::Agents(users) => shapes::AttributeCondition {
            match_criteria: Some(shapes::MatchCriteria {
                agents_criteria: Some(shapes::AgentsCriteria {
                    agent_ids: Some(users.iter().map(ToString::to_string).collect()),
                }),
            }),
            comparison_operator: operator("Match"),
            ..shapes::AttributeCondition::default()
        },
    }
}
