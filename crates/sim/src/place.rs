//! An instance to work in, with what tasks and agents need: queues, flows, routing profiles, users.

use engine::{AgentStatusId, InstanceId, QuickConnectId, UserId};
use serde_json::{Value, json};

use crate::Violation;
use crate::simulation::Simulation;

/// The predefined attribute that agents are proficient in.
pub(crate) const SKILL: &str = "skill";
/// Its values.
pub(crate) const SKILLS: [&str; 2] = ["red", "blue"];

/// The function that flows call.
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:look-up";

/// What clients know of an instance.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) instance: InstanceId,
    pub(crate) queues: Vec<String>,
    /// Flows that end in a queue, at once or after a while.
    pub(crate) flows: Vec<String>,
    pub(crate) profiles: Vec<String>,
    pub(crate) security_profile: String,
    pub(crate) users: Vec<UserId>,
    /// Whether people sign in; elsewhere only programs act for users, and nobody keeps the instance in memory.
    pub(crate) has_people: bool,
    /// The user whom only a program acts for, without an event stream.
    pub(crate) program: UserId,
    pub(crate) statuses: Vec<AgentStatusId>,
    pub(crate) available: AgentStatusId,
    pub(crate) quick_connects: Vec<QuickConnectId>,
    pub(crate) contacts: Vec<String>,
}

/// The end of a flow: sets the queue and goes there.
fn to_queue(queue: &str) -> Vec<Value> {
    vec![
        json!({"Identifier": "set", "Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": queue},
               "Transitions": {"NextAction": "to", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}}),
        json!({"Identifier": "to", "Type": "TransferContactToQueue", "Parameters": {},
               "Transitions": {"NextAction": "end", "Errors": [
                   {"ErrorType": "QueueAtCapacity", "NextAction": "end"},
                   {"ErrorType": "NoMatchingError", "NextAction": "end"}]}}),
        json!({"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}),
    ]
}

fn flow(start: &str, actions: &[Value]) -> String {
    json!({"Version": "2019-10-30", "StartAction": start, "Metadata": {}, "Actions": actions}).to_string()
}

/// A flow that queues the task at once.
pub(crate) fn queueing(queue: &str) -> String {
    flow("set", &to_queue(queue))
}

fn wait(seconds: u32, next: &str) -> Value {
    json!({"Identifier": "wait", "Type": "Wait", "Parameters": {"TimeLimitSeconds": seconds.to_string()},
           "Transitions": {"NextAction": next, "Errors": [{"ErrorType": "NoMatchingError", "NextAction": next}],
               "Conditions": [{"NextAction": next, "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}]}})
}

/// A flow that waits first.
fn waiting(seconds: u32, queue: &str) -> String {
    let mut actions = to_queue(queue);
    actions.push(wait(seconds, "set"));
    flow("wait", &actions)
}

/// A flow that has the agent wait before joining.
fn whispering(whisper: &str, queue: &str) -> String {
    let mut actions = to_queue(queue);
    actions.push(json!({"Identifier": "hook", "Type": "UpdateContactEventHooks",
        "Parameters": {"EventHooks": {"AgentWhisper": whisper}},
        "Transitions": {"NextAction": "set", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "set"}]}}));
    flow("hook", &actions)
}

/// A flow that has the task go to the skilled first, then to some less so, then to anybody.
fn picky(queue: &str) -> String {
    let step = |skill: &str, level: &str, seconds: &str| {
        json!({"Expression": {"AndExpression": [{"AttributeCondition": {"Name": SKILL, "Value": skill,
                   "ProficiencyLevel": level, "ComparisonOperator": "NumberGreaterOrEqualTo"}}]},
               "Expiry": {"DurationInSeconds": seconds}})
    };
    let mut actions = to_queue(queue);
    actions.push(json!({"Identifier": "criteria", "Type": "UpdateContactRoutingCriteria",
        "Parameters": {"RoutingCriteria": {"Steps": [step(SKILLS[0], "4", "20"), step(SKILLS[1], "1", "30")]}},
        "Transitions": {"NextAction": "set", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "set"}]}}));
    flow("criteria", &actions)
}

/// A flow that asks a function where to go.
fn asking(queues: &[&str; 2]) -> String {
    let mut actions = to_queue(queues[0]);
    actions.extend([
        json!({"Identifier": "ask", "Type": "InvokeLambdaFunction",
            "Parameters": {"LambdaFunctionARN": FUNCTION, "InvocationTimeLimitSeconds": "8"},
            "Transitions": {"NextAction": "judge", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "set"}]}}),
        json!({"Identifier": "judge", "Type": "Compare", "Parameters": {"ComparisonValue": "$.External.goes"},
            "Transitions": {"NextAction": "set", "Errors": [{"ErrorType": "NoMatchingCondition", "NextAction": "set"}],
                "Conditions": [{"NextAction": "other", "Condition": {"Operator": "Equals", "Operands": ["elsewhere"]}}]}}),
        json!({"Identifier": "other", "Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": queues[1]},
            "Transitions": {"NextAction": "to", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}}),
    ]);
    flow("ask", &actions)
}

/// A module that waits first.
fn module() -> String {
    let back = json!({"Identifier": "back", "Type": "EndFlowModuleExecution", "Parameters": {}, "Transitions": {}});
    json!({"Version": "2019-10-30", "StartAction": "wait", "Metadata": {}, "Settings": {}, "Actions": [wait(15, "back"), back]})
        .to_string()
}

/// A flow that goes through the module of this id, twice.
fn through(module: &str, queue: &str) -> String {
    let invoke = |name: &str, next: &str| {
        json!({"Identifier": name, "Type": "InvokeFlowModule", "Parameters": {"FlowModuleId": module},
            "Transitions": {"NextAction": next, "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}})
    };
    let mut actions = to_queue(queue);
    actions.extend([invoke("once", "again"), invoke("again", "set")]);
    flow("once", &actions)
}

fn text(answer: &Value, member: &str) -> Result<String, Violation> {
    let text = answer[member].as_str().map(str::to_owned);
    text.ok_or_else(|| Violation(format!("an answer without {member}: {answer}")))
}

/// The id of the resource of a list that has this name.
fn named(answer: &Value, list: &str, name: &str) -> Result<String, Violation> {
    let found = answer[list].as_array().into_iter().flatten().find(|summary| summary["Name"] == name);
    text(found.unwrap_or(&Value::Null), "Id")
}

/// Makes an instance with all of it.
pub(crate) fn make(simulation: &mut Simulation, number: usize) -> Result<Place, Violation> {
    let created = simulation.ask(
        None,
        "CreateInstance",
        json!({"IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": format!("place-{number}"),
               "InboundCallsEnabled": false, "OutboundCallsEnabled": false, "ClientToken": format!("place-{number}")}),
    )?;
    let instance: InstanceId = text(&created, "Id")?.parse().map_err(Violation::of)?;
    simulation.settle()?;
    let mut ask = |operation, input| simulation.ask(Some(instance), operation, input);
    let bucket = json!({"StorageType": "S3", "S3Config": {"BucketName": "files", "BucketPrefix": "tasks"}});
    ask("AssociateInstanceStorageConfig", json!({"ResourceType": "ATTACHMENTS", "StorageConfig": bucket}))?;
    let basic = named(&ask("ListQueues", json!({}))?, "QueueSummaryList", "BasicQueue")?;
    let hours = ask("ListHoursOfOperations", json!({}))?;
    let hours = text(&hours["HoursOfOperationSummaryList"][0], "Id")?;
    let basic_profile = text(&ask("ListRoutingProfiles", json!({}))?["RoutingProfileSummaryList"][0], "Id")?;
    let security_profile = text(&ask("ListSecurityProfiles", json!({}))?["SecurityProfileSummaryList"][0], "Id")?;
    let statuses = ask("ListAgentStatuses", json!({}))?;
    let available = named(&statuses, "AgentStatusSummaryList", "Available")?.parse().map_err(Violation::of)?;
    let offline = named(&statuses, "AgentStatusSummaryList", "Offline")?.parse().map_err(Violation::of)?;
    ask("AssociateLambdaFunction", json!({"FunctionArn": FUNCTION}))?;
    ask("CreatePredefinedAttribute", json!({"Name": SKILL, "Values": {"StringList": SKILLS}}))?;
    let lunch = ask("CreateAgentStatus", json!({"Name": "Lunch", "State": "ENABLED"}))?;
    let lunch = text(&lunch, "AgentStatusId")?.parse().map_err(Violation::of)?;
    let mut make_flow = |name: &str, kind: &str, content: String| {
        let made = ask("CreateContactFlow", json!({"Name": name, "Type": kind, "Content": content}))?;
        text(&made, "ContactFlowId")
    };
    let to_basic = make_flow("to basic", "CONTACT_FLOW", queueing(&basic))?;
    let transfer = make_flow("transfer", "QUEUE_TRANSFER", queueing(&basic))?;
    let whisper = flow(
        "wait",
        &[
            wait(10, "end"),
            json!({"Identifier": "end", "Type": "EndFlowExecution", "Parameters": {}, "Transitions": {}}),
        ],
    );
    let whisper = make_flow("whisper", "AGENT_WHISPER", whisper)?;
    let quick = json!({"Name": "to basic", "QuickConnectConfig": {"QuickConnectType": "QUEUE",
        "QueueConfig": {"QueueId": basic, "ContactFlowId": transfer}}});
    let quick_connect = text(&simulation.ask(Some(instance), "CreateQuickConnect", quick)?, "QuickConnectId")?;
    let mut ask = |operation, input| simulation.ask(Some(instance), operation, input);
    let second = json!({"Name": "second", "HoursOfOperationId": hours, "QuickConnectIds": [quick_connect]});
    let second = text(&ask("CreateQueue", second)?, "QueueId")?;
    let module = text(&ask("CreateContactFlowModule", json!({"Name": "waits", "Content": module()}))?, "Id")?;
    let mut make_flow = |name: &str, content: String| {
        let made = ask("CreateContactFlow", json!({"Name": name, "Type": "CONTACT_FLOW", "Content": content}))?;
        text(&made, "ContactFlowId")
    };
    let flows = vec![
        to_basic,
        make_flow("to second", queueing(&second))?,
        make_flow("slowly to second", waiting(40, &second))?,
        make_flow("with whisper", whispering(&whisper, &basic))?,
        make_flow("for the skilled", picky(&second))?,
        make_flow("asks a function", asking(&[&basic, &second]))?,
        make_flow("goes through a module", through(&module, &second))?,
    ];
    let profile = json!({
        "Name": "both", "Description": "Both queues", "DefaultOutboundQueueId": basic,
        "MediaConcurrencies": [{"Channel": "TASK", "Concurrency": 2}],
        "QueueConfigs": [
            {"QueueReference": {"QueueId": basic, "Channel": "TASK"}, "Priority": 2, "Delay": 20},
            {"QueueReference": {"QueueId": second, "Channel": "TASK"}, "Priority": 1, "Delay": 0}],
    });
    let profile = text(&ask("CreateRoutingProfile", profile)?, "RoutingProfileId")?;
    let mut place = Place {
        instance,
        queues: vec![basic, second],
        flows,
        profiles: vec![basic_profile, profile],
        security_profile,
        users: Vec::new(),
        has_people: simulation.random.below(3) > 0,
        program: UserId::from_bytes([0; 16]),
        statuses: vec![available, offline, lunch],
        available,
        quick_connects: vec![quick_connect.parse().map_err(Violation::of)?],
        contacts: Vec::new(),
    };
    let available_id = place.available.to_string();
    for (name, profile, work_seconds) in [("ann", 0, 0), ("bob", 1, 30), ("cid", 1, 0)] {
        let user = place.new_user(name, profile, work_seconds);
        let user = text(&simulation.ask(Some(instance), "CreateUser", user)?, "UserId")?;
        let status = json!({"UserId": user, "AgentStatusId": available_id});
        simulation.ask(Some(instance), "PutUserStatus", status)?;
        let proficiency = json!({"AttributeName": SKILL, "AttributeValue": SKILLS[profile], "Level": 4});
        let proficiencies = json!({"UserId": user, "UserProficiencies": [proficiency]});
        simulation.ask(Some(instance), "AssociateUserProficiencies", proficiencies)?;
        place.program = user.parse().map_err(Violation::of)?;
        place.users.push(place.program);
    }
    Ok(place)
}

impl Place {
    /// The input of CreateUser.
    pub(crate) fn new_user(&self, name: &str, profile: usize, after_contact_work_seconds: u32) -> Value {
        json!({
            "Username": name, "Password": "A-password-2026", "RoutingProfileId": self.profiles[profile],
            "SecurityProfileIds": [self.security_profile],
            "IdentityInfo": {"FirstName": name, "LastName": "Example"},
            "PhoneConfig": {"PhoneType": "SOFT_PHONE", "AutoAccept": false,
                            "AfterContactWorkTimeLimit": after_contact_work_seconds},
        })
    }
}
