//! One module of an export, and the action that it becomes.

use serde_json::{Map, Value, json};

use crate::flow::document::scalar_text;

/// A module under conversion.
pub(super) struct Block<'a> {
    module: &'a Value,
    /// What somebody should look at.
    pub(super) notes: Vec<String>,
}

/// A branch of an action: what it is for, and where it leads.
type Branch = (String, Value);

impl<'a> Block<'a> {
    pub(super) fn new(module: &'a Value) -> Block<'a> {
        Block { module, notes: Vec::new() }
    }

    /// The action; an error says why there is none.
    pub(super) fn convert(&mut self) -> Result<Value, String> {
        let id = text(self.module, "id").ok_or("it has no id")?;
        let kind = text(self.module, "type").ok_or("it has no type")?;
        let target = text(self.module, "target").unwrap_or_default();
        let (action_type, parameters, transitions) = match (kind, target) {
            ("PlayPrompt", _) => ("MessageParticipant", self.prompt(), self.to("Success", &[], &[])),
            ("SetAttributes", _) => {
                let parameters = json!({"Attributes": self.pairs("Attribute"), "TargetContact": "Current"});
                ("UpdateContactAttributes", parameters, self.to_success_or_error())
            }
            ("InvokeExternalResource", _) => {
                let parameters =
                    self.given(&[("FunctionArn", "LambdaFunctionARN"), ("TimeLimit", "InvocationTimeLimitSeconds")]);
                let mut parameters = parameters;
                let attributes = self.pairs("Parameter");
                if !attributes.is_empty() {
                    parameters.insert("LambdaInvocationAttributes".to_owned(), Value::Object(attributes));
                }
                ("InvokeLambdaFunction", Value::Object(parameters), self.to_success_or_error())
            }
            ("Transfer", "Queue") => {
                let errors = [("AtCapacity", "QueueAtCapacity"), ("Error", "NoMatchingError")];
                ("TransferContactToQueue", json!({}), self.to("Error", &errors, &[]))
            }
            ("Transfer", "Flow") => {
                let parameters = self.given(&[("ContactFlowId", "ContactFlowId")]);
                ("TransferToFlow", Value::Object(parameters), self.to("Error", &[("Error", "NoMatchingError")], &[]))
            }
            ("Transfer", other) => {
                return Err(format!("a Transfer to {other} has no known counterpart in the flow language"));
            }
            ("Disconnect", _) => ("DisconnectParticipant", json!({}), json!({})),
            ("Resume", _) => ("EndFlowExecution", json!({}), json!({})),
            ("CheckAttribute", _) => {
                let errors = [("NoMatch", "NoMatchingCondition")];
                let path = self.compared().ok_or("it has no Attribute or no Namespace")?;
                ("Compare", json!({"ComparisonValue": path}), self.to("NoMatch", &errors, &self.evaluated()?))
            }
            ("SetQueue", _) => {
                let parameters = self.given(&[("Queue", "QueueId"), ("Agent", "AgentId")]);
                ("UpdateContactTargetQueue", Value::Object(parameters), self.to_success_or_error())
            }
            ("GetUserInput", "Lex") => {
                let mut parameters = self.prompt_members();
                parameters.insert(
                    "LexBot".to_owned(),
                    Value::Object(self.given(&[("BotName", "Name"), ("BotRegion", "Region"), ("BotAlias", "Alias")])),
                );
                let errors = [("NoMatch", "NoMatchingCondition"), ("Error", "NoMatchingError")];
                let transitions = self.to("Error", &errors, &self.evaluated()?);
                ("ConnectParticipantWithLexBot", Value::Object(parameters), transitions)
            }
            ("GetUserInput", _) => {
                let mut parameters = self.prompt_members();
                parameters.insert("StoreInput".to_owned(), json!("False"));
                parameters.extend(self.given(&[("Timeout", "InputTimeLimitSeconds")]));
                let errors = [
                    ("Timeout", "InputTimeLimitExceeded"),
                    ("NoMatch", "NoMatchingCondition"),
                    ("Error", "NoMatchingError"),
                ];
                ("GetParticipantInput", Value::Object(parameters), self.to("Error", &errors, &self.evaluated()?))
            }
            ("StoreUserInput", _) => ("GetParticipantInput", self.stored_input(), self.to_success_or_error()),
            ("SetLoggingBehavior", _) => {
                let parameters = json!({"FlowLoggingBehavior": self.switch("LoggingBehavior")});
                ("UpdateFlowLoggingBehavior", parameters, self.to("Success", &[], &[]))
            }
            ("SetVoice", _) => {
                let parameters = self.given(&[("GlobalVoice", "TextToSpeechVoice")]);
                ("UpdateContactTextToSpeechVoice", Value::Object(parameters), self.to("Success", &[], &[]))
            }
            ("SetRecordingBehavior", _) => {
                let parameters = json!({"RecordingBehavior": {"RecordedParticipants": self.recorded()}});
                ("UpdateContactRecordingBehavior", parameters, self.to("Success", &[], &[]))
            }
            ("SetEventHook", _) => {
                let hook = self.value("Type").and_then(|hook| scalar_text(&hook)).ok_or("it has no Type")?;
                let flow = self.value("ContactFlowId").unwrap_or(Value::Null);
                let parameters = json!({"EventHooks": Map::from_iter([(hook, flow)])});
                ("UpdateContactEventHooks", parameters, self.to_success_or_error())
            }
            ("StartMediaStreaming" | "StopMediaStreaming", _) => {
                let parameters = self.media(kind == "StartMediaStreaming");
                ("UpdateContactMediaStreamingBehavior", parameters, self.to_success_or_error())
            }
            ("LoopPrompts", _) => {
                let mut parameters = Map::from_iter([("Messages".to_owned(), json!([self.prompt_members()]))]);
                parameters.extend(self.given(&[("InterruptSeconds", "InterruptFrequencySeconds")]));
                let conditions = self.results(&[("Timeout", "Equals", "MessagesInterrupted")]);
                let transitions = self.to("", &[("Error", "NoMatchingError")], &conditions);
                ("MessageParticipantIteratively", Value::Object(parameters), transitions)
            }
            ("GetMetricData", _) => {
                let parameters = self.given(&[("Queue", "QueueId"), ("Agent", "AgentId")]);
                ("GetMetricData", Value::Object(parameters), self.to_success_or_error())
            }
            ("CheckHoursOfOperation", _) => {
                let parameters =
                    self.given(&[("HoursOfOperation", "HoursOfOperationId"), ("Hours", "HoursOfOperationId")]);
                let conditions = self.results(&[("True", "Equals", "True"), ("False", "Equals", "False")]);
                let transitions = self.to("Error", &[("Error", "NoMatchingError")], &conditions);
                ("CheckHoursOfOperation", Value::Object(parameters), transitions)
            }
            ("CheckStaffing", _) => {
                let mut parameters = self.given(&[("Queue", "QueueId"), ("Agent", "AgentId")]);
                let status = self.value("Status").and_then(|status| scalar_text(&status)).unwrap_or_default();
                parameters.insert("MetricType".to_owned(), json!(format!("NumberOfAgents{status}")));
                let errors = [("Error", "NoMatchingError"), ("False", "NoMatchingCondition")];
                let conditions = self.results(&[("True", "NumberGreaterThan", "0")]);
                ("CheckMetricData", Value::Object(parameters), self.to("False", &errors, &conditions))
            }
            ("Loop", _) => {
                let parameters = self.given(&[("LoopCount", "LoopCount")]);
                let conditions =
                    self.results(&[("Looping", "Equals", "ContinueLooping"), ("Complete", "Equals", "DoneLooping")]);
                ("Loop", Value::Object(parameters), self.to("Complete", &[], &conditions))
            }
            ("Wait", _) => {
                let parameters = self.given(&[("TimeoutSeconds", "TimeLimitSeconds")]);
                let conditions = self.results(&[("Timeout", "Equals", "WaitCompleted")]);
                ("Wait", Value::Object(parameters), self.to("Timeout", &[("Error", "NoMatchingError")], &conditions))
            }
            (other, _) => {
                return Err(format!("a module of type {other} has no known counterpart in the flow language"));
            }
        };
        Ok(json!({"Identifier": id, "Type": action_type, "Parameters": parameters, "Transitions": transitions}))
    }

    /// Where a branch leads; nowhere when it is not wired.
    fn target(&self, condition: &str) -> Option<Value> {
        let branches = self.module.get("branches")?.as_array()?;
        branches.iter().find(|branch| text(branch, "condition") == Some(condition))?.get("transition").cloned()
    }

    fn to_success_or_error(&self) -> Value {
        self.to("Success", &[("Error", "NoMatchingError")], &[])
    }

    /// Transitions: NextAction from one branch, errors from others.
    fn to(&self, next: &str, errors: &[(&str, &str)], conditions: &[Value]) -> Value {
        let errors: Vec<Branch> =
            errors.iter().filter_map(|(branch, error)| Some(((*error).to_owned(), self.target(branch)?))).collect();
        let errors: Vec<Value> =
            errors.into_iter().map(|(error, to)| json!({"ErrorType": error, "NextAction": to})).collect();
        let mut transitions =
            Map::from_iter([("Errors".to_owned(), json!(errors)), ("Conditions".to_owned(), json!(conditions))]);
        if let Some(to) = self.target(next) {
            transitions.insert("NextAction".to_owned(), to);
        }
        Value::Object(transitions)
    }

    /// Conditions from branches that stand for a result.
    fn results(&self, of: &[(&str, &str, &str)]) -> Vec<Value> {
        let wired = of.iter().filter_map(|(branch, operator, operand)| {
            let to = self.target(branch)?;
            Some(json!({"NextAction": to, "Condition": {"Operator": operator, "Operands": [operand]}}))
        });
        wired.collect()
    }

    /// Conditions from branches with a comparison.
    fn evaluated(&self) -> Result<Vec<Value>, String> {
        let branches = self.module.get("branches").and_then(Value::as_array).into_iter().flatten();
        let evaluated = branches.filter(|branch| text(branch, "condition") == Some("Evaluate"));
        let condition = |branch: &Value| {
            let name = text(branch, "conditionType").unwrap_or_default();
            let operator = operator(name).ok_or(format!("a comparison {name:?} has no known counterpart"))?;
            let operand = branch.get("conditionValue").and_then(scalar_text).unwrap_or_default();
            let to = branch.get("transition").unwrap_or(&Value::Null);
            Ok(json!({"NextAction": to, "Condition": {"Operator": operator, "Operands": [operand]}}))
        };
        evaluated.map(condition).collect()
    }

    fn parameters(&self, name: &str) -> impl Iterator<Item = &'a Value> {
        let all = self.module.get("parameters").and_then(Value::as_array).into_iter().flatten();
        all.filter(move |parameter| text(parameter, "name") == Some(name))
    }

    /// The value of a parameter: a path when it has a namespace. One without a value goes by the name of the resource
    /// it stands for.
    fn value(&mut self, name: &str) -> Option<Value> {
        let parameter = self.parameters(name).next()?;
        let value = read(parameter);
        match (value.as_str(), text(parameter, "resourceName")) {
            (Some(""), Some(resource)) => {
                self.notes.push(format!("{name} has no id: its name {resource:?} stands in its place"));
                Some(json!(resource))
            }
            _ => Some(value),
        }
    }

    /// The parameters of these names that are given, by their new names.
    fn given(&mut self, names: &[(&str, &str)]) -> Map<String, Value> {
        let mut given = Map::new();
        for (old, new) in names {
            if let Some(value) = self.value(old) {
                given.insert((*new).to_owned(), value);
            }
        }
        given
    }

    /// Parameters with a key.
    fn pairs(&self, name: &str) -> Map<String, Value> {
        let pair = |parameter: &Value| Some((text(parameter, "key")?.to_owned(), read(parameter)));
        self.parameters(name).filter_map(pair).collect()
    }

    fn prompt(&mut self) -> Value {
        Value::Object(self.prompt_members())
    }

    /// Text, SSML or PromptId.
    fn prompt_members(&mut self) -> Map<String, Value> {
        let ssml = self.value("TextToSpeechType").and_then(|kind| scalar_text(&kind)).as_deref() == Some("ssml");
        self.given(&[("Text", if ssml { "SSML" } else { "Text" }), ("AudioPrompt", "PromptId")])
    }

    fn stored_input(&mut self) -> Value {
        let mut parameters = self.prompt_members();
        parameters.insert("StoreInput".to_owned(), json!("True"));
        parameters.extend(self.given(&[("Timeout", "InputTimeLimitSeconds")]));
        let most = self.given(&[("MaxDigits", "MaximumLength")]);
        parameters.insert("InputValidation".to_owned(), json!({ "CustomValidation": most }));
        let mut keys = self.given(&[("TerminatorDigits", "InputTerminationSequence")]);
        if let Some(disabled) = self.value("DisableCancel").and_then(|value| scalar_text(&value)) {
            let disabled = if disabled.eq_ignore_ascii_case("true") { "True" } else { "False" };
            keys.insert("DisableCancelKey".to_owned(), json!(disabled));
        }
        if !keys.is_empty() {
            parameters.insert("DTMFConfiguration".to_owned(), Value::Object(keys));
        }
        let encrypted = self.value("EncryptEntry").and_then(|value| scalar_text(&value));
        if encrypted.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            self.notes.push("the input was encrypted: set InputEncryption with its key".to_owned());
        }
        Value::Object(parameters)
    }

    /// `Enable` and `Disable` as the language has them.
    fn switch(&mut self, name: &str) -> &'static str {
        let value = self.value(name).and_then(|value| scalar_text(&value));
        if value.is_some_and(|value| value.eq_ignore_ascii_case("enable")) { "Enabled" } else { "Disabled" }
    }

    fn recorded(&mut self) -> Vec<&'static str> {
        if self.switch("RecordingBehaviorOption") == "Disabled" {
            return Vec::new();
        }
        let whom = self.value("RecordingParticipantOption").and_then(|whom| scalar_text(&whom));
        match whom.as_deref().unwrap_or_default() {
            whom if whom.starts_with("Agent") => vec!["Agent"],
            whom if whom.starts_with("Customer") => vec!["Customer"],
            _ => vec!["Agent", "Customer"],
        }
    }

    fn media(&self, starts: bool) -> Value {
        let directions: Vec<&str> = [("FromCustomer", "From"), ("ToCustomer", "To")]
            .into_iter()
            .filter(|(track, _)| self.parameters("Track").any(|given| text(given, "value") == Some(track)))
            .map(|(_, direction)| direction)
            .collect();
        json!({
            "MediaStreamingState": if starts { "Enabled" } else { "Disabled" },
            "MediaStreamType": "Audio",
            "Participants": [{"ParticipantType": "Customer", "MediaDirections": directions}],
        })
    }

    /// What a CheckAttribute compares.
    fn compared(&self) -> Option<String> {
        let attribute = text(self.parameters("Attribute").next()?, "value")?;
        let namespace = text(self.parameters("Namespace").next()?, "value")?;
        Some(path(namespace, attribute))
    }
}

fn text<'v>(of: &'v Value, name: &str) -> Option<&'v str> {
    of.get(name).and_then(Value::as_str)
}

/// The value of a parameter as text, which all scalars of the language are.
fn read(parameter: &Value) -> Value {
    let value = parameter.get("value").and_then(scalar_text).unwrap_or_default();
    match text(parameter, "namespace") {
        Some(namespace) => json!(path(namespace, &value)),
        None => json!(value),
    }
}

/// The path to an attribute of a namespace of the old console.
fn path(namespace: &str, attribute: &str) -> String {
    let plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let root = match namespace {
        "User Defined" => "Attributes",
        "System" => match attribute {
            "Stored customer input" => return "$.StoredCustomerInput".to_owned(),
            "Customer Number" => return "$.CustomerEndpoint.Address".to_owned(),
            "Dialed Number" => return "$.SystemEndpoint.Address".to_owned(),
            other => return format!("$.{other}"),
        },
        other => other,
    };
    let root: String = root.split_whitespace().collect();
    if plain(attribute) { format!("$.{root}.{attribute}") } else { format!("$.{root}['{attribute}']") }
}

fn operator(name: &str) -> Option<&'static str> {
    Some(match name {
        "Equals" => "Equals",
        "GreaterThan" => "NumberGreaterThan",
        "GreaterThanOrEqualTo" => "NumberGreaterOrEqualTo",
        "LessThan" => "NumberLessThan",
        "LessThanOrEqualTo" => "NumberLessOrEqualTo",
        "StartsWith" => "TextStartsWith",
        "EndsWith" => "TextEndsWith",
        "Contains" => "TextContains",
        _ => return None,
    })
}
