//! The form of a flow that runs, made from its content at publication or when the content is fetched, and never stored.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::flow::document::{Document, NotAFlow, scalar_text};
use crate::flow::function::AnswerForm;
use crate::flow::reference::{JsonText, Path, Text};
use crate::flow::table::{self, TaskPath};
use crate::flow::trace::ParametersText;

/// A flow ready to run.
#[derive(Debug)]
pub struct CompiledFlow {
    pub(crate) actions: Vec<Action>,
    pub(crate) start: Option<usize>,
    places: HashMap<String, usize>,
}

/// An action with its parameters read and its targets found.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) identifier: String,
    pub(crate) action_type: String,
    pub(crate) operation: Operation,
    /// For the trace.
    pub(crate) parameters: ParametersText,
    pub(crate) next: Option<usize>,
    pub(crate) errors: Vec<(String, usize)>,
    pub(crate) conditions: Vec<Condition>,
}

/// A branch taken when the action's result fits.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) operator: Operator,
    pub(crate) operand: String,
    pub(crate) next: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    TextStartsWith,
    TextEndsWith,
    TextContains,
    NumberGreaterThan,
    NumberGreaterOrEqualTo,
    NumberLessThan,
    NumberLessOrEqualTo,
    KeyExists,
}

impl Operator {
    fn parse(name: &str) -> Option<Operator> {
        Some(match name {
            "Equals" => Operator::Equals,
            "TextStartsWith" => Operator::TextStartsWith,
            "TextEndsWith" => Operator::TextEndsWith,
            "TextContains" => Operator::TextContains,
            "NumberGreaterThan" => Operator::NumberGreaterThan,
            "NumberGreaterOrEqualTo" => Operator::NumberGreaterOrEqualTo,
            "NumberLessThan" => Operator::NumberLessThan,
            "NumberLessOrEqualTo" => Operator::NumberLessOrEqualTo,
            "KeyExists" => Operator::KeyExists,
            _ => return None,
        })
    }

    /// Whether a value fits. Text is case sensitive; number operators are false on text that is no number.
    pub(crate) fn fits(self, value: &str, operand: &str) -> bool {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let numbers = |holds: fn(&f64, &f64) -> bool| match (number(value), number(operand)) {
            (Some(value), Some(operand)) => holds(&value, &operand),
            _ => false,
        };
        match self {
            Operator::Equals => value == operand,
            Operator::TextStartsWith => value.starts_with(operand),
            Operator::TextEndsWith => value.ends_with(operand),
            Operator::TextContains => value.contains(operand),
            Operator::NumberGreaterThan => numbers(f64::gt),
            Operator::NumberGreaterOrEqualTo => numbers(f64::ge),
            Operator::NumberLessThan => numbers(f64::lt),
            Operator::NumberLessOrEqualTo => numbers(f64::le),
            // What is there but has no keys is there.
            Operator::KeyExists => {
                serde_json::from_str::<Map<String, Value>>(value).map_or(true, |object| object.contains_key(operand))
            }
        }
    }
}

/// Which queue an action means.
#[derive(Debug)]
pub(crate) enum QueueTarget {
    Queue(Text),
    Agent(Text),
    /// The contact's target queue.
    Current,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    AgentsAvailable,
    AgentsStaffed,
    AgentsOnline,
    OldestContactAge,
    ContactsInQueue,
}

/// The parameters of CreateTask.
#[derive(Debug)]
pub(crate) struct TaskTexts {
    pub(crate) name: Option<Text>,
    pub(crate) flow: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) attributes: Vec<(Text, Text)>,
    pub(crate) references: Vec<ReferenceText>,
    pub(crate) delay_seconds: Option<Text>,
    /// In epoch seconds.
    pub(crate) scheduled: Option<Text>,
    pub(crate) template: Option<Text>,
}

/// A reference of a task to be made.
#[derive(Debug)]
pub(crate) struct ReferenceText {
    pub(crate) key: String,
    pub(crate) value: Text,
    /// Missing where the reference is given as its value alone.
    pub(crate) reference_type: Option<Text>,
}

/// The parameters of InvokeLambdaFunction.
#[derive(Debug)]
pub(crate) struct FunctionTexts {
    pub(crate) function: Option<Text>,
    pub(crate) seconds: Option<Text>,
    /// Whether the run waits for the answer.
    pub(crate) waits: bool,
    pub(crate) parameters: JsonText,
    pub(crate) form: AnswerForm,
}

#[expect(clippy::enum_variant_names, reason = "the names are the action types of the language")]
/// What an action does. A parameter that is missing, which publication refuses, is `None` and leads to the error
/// branch.
#[derive(Debug)]
pub(crate) enum Operation {
    UpdateContactTargetQueue(QueueTarget),
    TransferContactToQueue,
    TransferContactToAgent,
    DequeueContactAndTransferToQueue(QueueTarget),
    UpdateContactEventHooks {
        /// Names of hooks and their flows.
        flows: Vec<(String, Text)>,
        /// Names of hooks, and whether no flow is to run then.
        disabled: Vec<(String, bool)>,
    },
    /// The parameter as it is: an object with texts in it, or one text that is a path to such an object.
    UpdateContactRoutingCriteria(Option<Value>),
    ResumeContact,
    UpdateContactAttributes {
        attributes: Vec<(Text, Text)>,
        related: bool,
    },
    UpdateContactData {
        name: Option<Text>,
        description: Option<Text>,
        language_code: Option<Text>,
        customer_id: Option<Text>,
        related: bool,
    },
    UpdateFlowAttributes(Vec<(String, Text)>),
    UpdateContactRoutingBehavior {
        priority: Option<Text>,
        adjustment: Option<Text>,
    },
    UpdateFlowLoggingBehavior {
        enabled: bool,
    },
    TagContact(Vec<(Text, Text)>),
    UntagContact(Vec<String>),
    Compare(Option<Path>),
    CheckHoursOfOperation(Option<Text>),
    CheckMetricData {
        metric: Option<Metric>,
        target: QueueTarget,
    },
    GetMetricData {
        target: QueueTarget,
        channel: Option<Text>,
    },
    CreateTask(Box<TaskTexts>),
    InvokeLambdaFunction(Box<FunctionTexts>),
    InvokeFlowModule {
        module: Option<Text>,
        input: JsonText,
    },
    EndFlowModuleExecution {
        result: Option<String>,
        data: JsonText,
    },
    DistributeByPercentage,
    Loop(Option<Text>),
    Wait {
        seconds: Option<Text>,
        /// Whether the flow goes on meanwhile.
        continues: bool,
    },
    TransferToFlow(Option<Text>),
    DisconnectParticipant,
    EndFlowExecution,
    /// An action that does nothing to a task.
    Other(TaskPath),
}

impl CompiledFlow {
    /// Makes the running form of a content. What [`validate`](crate::flow::validate::validate) accepts runs as it says;
    /// of anything else the parts that make no sense lead nowhere.
    pub fn compile(content: &str) -> Result<CompiledFlow, NotAFlow> {
        Document::parse(content).map(|document| CompiledFlow::of(&document))
    }

    /// The running form of a document.
    pub fn of(document: &Document) -> CompiledFlow {
        let text = |action: &Map<String, Value>, key: &str| {
            action.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let mut places = HashMap::new();
        for (place, action) in document.actions().enumerate() {
            places.entry(text(action, "Identifier")).or_insert(place);
        }
        let target = |branch: &Value| {
            branch.get("NextAction").and_then(Value::as_str).and_then(|name| places.get(name).copied())
        };
        let actions = document.actions().map(|action| {
            let none = Value::Null;
            let transitions = action.get("Transitions").unwrap_or(&none);
            let branches = |key: &str| transitions.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            let error = |branch: &Value| Some((branch.get("ErrorType")?.as_str()?.to_owned(), target(branch)?));
            let condition = |branch: &Value| {
                let condition = branch.get("Condition")?;
                let operator = Operator::parse(condition.get("Operator")?.as_str()?)?;
                let operand = scalar_text(condition.get("Operands")?.get(0)?)?;
                Some(Condition { operator, operand, next: target(branch)? })
            };
            let action_type = text(action, "Type");
            let parameters = Parameters(action.get("Parameters").and_then(Value::as_object));
            Action {
                identifier: text(action, "Identifier"),
                operation: operation(&action_type, &parameters),
                action_type,
                parameters: action.get("Parameters").map_or_else(ParametersText::default, ParametersText::parse),
                next: target(transitions),
                errors: branches("Errors").iter().filter_map(error).collect(),
                conditions: branches("Conditions").iter().filter_map(condition).collect(),
            }
        });
        let actions = actions.collect();
        let start = document.start().and_then(|name| places.get(name).copied());
        CompiledFlow { actions, start, places }
    }

    /// The place of an action.
    pub(crate) fn place_of(&self, identifier: &str) -> Option<usize> {
        self.places.get(identifier).copied()
    }
}

struct Parameters<'a>(Option<&'a Map<String, Value>>);

impl Parameters<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0?.get(name)
    }

    fn string(&self, name: &str) -> Option<String> {
        self.get(name).and_then(scalar_text)
    }

    fn text(&self, name: &str) -> Option<Text> {
        self.string(name).map(|text| Text::parse(&text))
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.string(name).is_some_and(|given| given.eq_ignore_ascii_case(value))
    }

    fn map(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.get(name).and_then(Value::as_object).into_iter().flatten()
    }

    fn texts(&self, name: &str) -> Vec<(Text, Text)> {
        let pair = |(key, value): (&String, &Value)| Some((Text::parse(key), Text::parse(&scalar_text(value)?)));
        self.map(name).filter_map(pair).collect()
    }

    /// An object, empty when it is missing.
    fn json(&self, name: &str) -> JsonText {
        self.get(name).map_or(JsonText::Map(Vec::new()), JsonText::parse)
    }

    /// References as objects with Value and Type, or as values alone: both occur.
    fn references(&self) -> Vec<ReferenceText> {
        let text = |value: &Value| scalar_text(value).map(|text| Text::parse(&text));
        let reference = |(key, given): (&String, &Value)| {
            let value = text(given.get("Value").unwrap_or(given))?;
            Some(ReferenceText { key: key.clone(), value, reference_type: given.get("Type").and_then(text) })
        };
        self.map("References").filter_map(reference).collect()
    }

    fn queue_target(&self) -> QueueTarget {
        match (self.text("QueueId"), self.text("AgentId")) {
            (Some(queue), _) => QueueTarget::Queue(queue),
            (None, Some(agent)) => QueueTarget::Agent(agent),
            (None, None) => QueueTarget::Current,
        }
    }
}

fn operation(action_type: &str, parameters: &Parameters<'_>) -> Operation {
    let related = parameters.is("TargetContact", "Related");
    match action_type {
        "UpdateContactTargetQueue" => Operation::UpdateContactTargetQueue(parameters.queue_target()),
        "TransferContactToQueue" => Operation::TransferContactToQueue,
        "TransferContactToAgent" => Operation::TransferContactToAgent,
        "DequeueContactAndTransferToQueue" => Operation::DequeueContactAndTransferToQueue(parameters.queue_target()),
        "UpdateContactEventHooks" => {
            let hook = |(name, flow): (&String, &Value)| Some((name.clone(), Text::parse(&scalar_text(flow)?)));
            let disabled = |(name, given): (&String, &Value)| {
                let disabled = scalar_text(given.get("DisableExecution")?)?;
                Some((name.clone(), disabled.eq_ignore_ascii_case("true")))
            };
            Operation::UpdateContactEventHooks {
                flows: parameters.map("EventHooks").filter_map(hook).collect(),
                disabled: parameters.map("EventHooksConfiguration").filter_map(disabled).collect(),
            }
        }
        "UpdateContactRoutingCriteria" => {
            Operation::UpdateContactRoutingCriteria(parameters.get("RoutingCriteria").cloned())
        }
        "ResumeContact" => Operation::ResumeContact,
        "UpdateContactAttributes" => {
            Operation::UpdateContactAttributes { attributes: parameters.texts("Attributes"), related }
        }
        "UpdateContactData" => Operation::UpdateContactData {
            name: parameters.text("Name"),
            description: parameters.text("Description"),
            language_code: parameters.text("LanguageCode"),
            customer_id: parameters.text("CustomerId"),
            related,
        },
        "UpdateFlowAttributes" => {
            let value = |value: &Value| scalar_text(value.get("Value")?).map(|text| Text::parse(&text));
            let attribute = |(key, given): (&String, &Value)| Some((key.clone(), value(given)?));
            Operation::UpdateFlowAttributes(parameters.map("FlowAttributes").filter_map(attribute).collect())
        }
        "UpdateContactRoutingBehavior" => Operation::UpdateContactRoutingBehavior {
            priority: parameters.text("QueuePriority"),
            adjustment: parameters.text("QueueTimeAdjustmentSeconds"),
        },
        "UpdateFlowLoggingBehavior" => {
            Operation::UpdateFlowLoggingBehavior { enabled: parameters.is("FlowLoggingBehavior", "Enabled") }
        }
        "TagContact" => Operation::TagContact(parameters.texts("Tags")),
        "UntagContact" => {
            let keys = parameters.get("TagKeys").and_then(Value::as_array);
            Operation::UntagContact(keys.into_iter().flatten().filter_map(scalar_text).collect())
        }
        "Compare" => Operation::Compare(parameters.string("ComparisonValue").and_then(|text| Path::parse(&text))),
        "CheckHoursOfOperation" => Operation::CheckHoursOfOperation(parameters.text("HoursOfOperationId")),
        "CheckMetricData" => Operation::CheckMetricData {
            metric: match parameters.string("MetricType").as_deref() {
                Some("NumberOfAgentsAvailable") => Some(Metric::AgentsAvailable),
                Some("NumberOfAgentsStaffed") => Some(Metric::AgentsStaffed),
                Some("NumberOfAgentsOnline") => Some(Metric::AgentsOnline),
                Some("OldestContactInQueueAgeSeconds") => Some(Metric::OldestContactAge),
                Some("NumberOfContactsInQueue") => Some(Metric::ContactsInQueue),
                Some(_) | None => None,
            },
            target: parameters.queue_target(),
        },
        "GetMetricData" => {
            Operation::GetMetricData { target: parameters.queue_target(), channel: parameters.text("QueueChannel") }
        }
        "CreateTask" => Operation::CreateTask(Box::new(TaskTexts {
            name: parameters.text("Name"),
            flow: parameters.text("ContactFlowId"),
            description: parameters.text("Description"),
            attributes: parameters.texts("Attributes"),
            references: parameters.references(),
            delay_seconds: parameters.text("DelaySeconds"),
            scheduled: parameters.text("ScheduledTime"),
            template: parameters.text("TaskTemplateId"),
        })),
        "InvokeLambdaFunction" => {
            let response = parameters.get("ResponseValidation").and_then(|response| response.get("ResponseType"));
            Operation::InvokeLambdaFunction(Box::new(FunctionTexts {
                function: parameters.text("LambdaFunctionARN"),
                seconds: parameters.text("InvocationTimeLimitSeconds"),
                waits: !parameters.is("InvocationType", "ASYNCHRONOUS"),
                parameters: parameters.json("LambdaInvocationAttributes"),
                form: match response.and_then(Value::as_str) {
                    Some("JSON") => AnswerForm::Json,
                    Some(_) | None => AnswerForm::StringMap,
                },
            }))
        }
        "InvokeFlowModule" => {
            Operation::InvokeFlowModule { module: parameters.text("FlowModuleId"), input: parameters.json("Input") }
        }
        "EndFlowModuleExecution" => Operation::EndFlowModuleExecution {
            result: parameters.string("Result"),
            data: parameters.json("ResultData"),
        },
        "DistributeByPercentage" => Operation::DistributeByPercentage,
        "Loop" => Operation::Loop(parameters.text("LoopCount")),
        "Wait" => Operation::Wait {
            seconds: parameters.text("TimeLimitSeconds"),
            continues: parameters.is("ContinueExecution", "True"),
        },
        "TransferToFlow" => Operation::TransferToFlow(parameters.text("ContactFlowId")),
        "DisconnectParticipant" => Operation::DisconnectParticipant,
        "EndFlowExecution" => Operation::EndFlowExecution,
        other => Operation::Other(table::task_path(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_of_an_object_and_what_has_none_is_there() {
        let fits = |value: &str| Operator::KeyExists.fits(value, "a");
        assert!(fits(r#"{"a":null}"#));
        assert!(!fits(r#"{"b":"a"}"#));
        assert!(fits("") && fits("text") && fits("[1]"));
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_other_text_is_none() {
        let fits = |value: &str| Operator::NumberGreaterOrEqualTo.fits(value, "10");
        assert!(fits("10") && fits(" 10.0 ") && fits("1e2"));
        assert!(!fits("9") && !fits("ten") && !fits("") && !fits("inf"));
        assert!(Operator::Equals.fits("10", "10") && !Operator::Equals.fits("10.0", "10"));
    }
}
