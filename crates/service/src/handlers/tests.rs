//! The handlers of resources, run as the loop runs them: an overlay that joins the world or vanishes, and again when it
//! needs a record.

use std::cell::RefCell;

use engine::{InstanceId, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::call::Caller;
use crate::error::{ApiError, Halt};
use crate::operations::{Operations, Request};
use crate::settings::{Quotas, Settings};
use crate::tx::{Cold, ColdRecord, CompiledFlows, Ground, Tx};
use crate::world::World;

pub(crate) const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111));
const START_MS: i64 = 1_800_000_000_000;

/// An instance with its defaults, without a store: what was applied stays in the world.
pub(crate) struct Instance {
    world: World,
    settings: Settings,
    compiled: RefCell<CompiledFlows>,
    operations: Operations,
    commit: u64,
}

impl Instance {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let mut instance = Instance {
            world: World::default(),
            settings,
            compiled: RefCell::default(),
            operations: Operations::standard(engine::limits::Limits::default()),
            commit: 0,
        };
        instance
            .run(&Request::create_defaults(INSTANCE, engine::instance::IdentityManagement::ConnectManaged))
            .unwrap();
        instance
    }

    /// Runs a request until it needs nothing more, and applies what it changes. Says how many records that were.
    pub(crate) fn run(&mut self, request: &Request) -> Result<(Vec<u8>, usize), ApiError> {
        self.commit += 1;
        let now = Timestamp(START_MS + self.commit as i64);
        let mut cold = Cold::new();
        loop {
            let scope = request.instance.unwrap_or(InstanceId(Uuid::nil()));
            let (world, compiled, settings) = (&self.world, &self.compiled, &self.settings);
            let ground = Ground { world, cold: &cold, compiled, settings, instance: scope, now };
            let mut tx = Tx::new(ground, self.commit, request.token);
            match request.prepared.run(&mut tx, &request.call) {
                Ok(body) => {
                    let (changes, _) = tx.finish();
                    let mut writes = Vec::new();
                    self.world.apply(changes, self.commit, &mut writes);
                    return Ok((body, writes.len()));
                }
                Err(Halt::Refused(error)) => return Err(error),
                Err(Halt::Need(need)) => {
                    for key in need.keys {
                        assert!(
                            cold.insert(key, ColdRecord { value: None, as_of: 0 }).is_none(),
                            "what was fetched is not asked for again"
                        );
                    }
                }
            }
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: Value, token: Option<&str>) -> Result<Value, ApiError> {
        let mut input = input;
        if !operation.contains("Tag") || operation.contains("Contact") {
            input["InstanceId"] = json!(INSTANCE.to_string());
        }
        let facts = api::operation(operation).expect("the operation exists");
        let mut fingerprint = [0; 32];
        for (n, byte) in input.to_string().bytes().enumerate() {
            fingerprint[n % 32] ^= byte.rotate_left(n as u32 / 32);
        }
        let caller = Caller { access_key_id: "key".into(), arn: "arn".into(), root: true };
        let request = self.operations.prepare(facts, input, token.map(|token| (token, &fingerprint)), caller)?;
        let (body, _) = self.run(&request)?;
        Ok(serde_json::from_slice(&body).unwrap())
    }

    pub(crate) fn ask(&mut self, operation: &str, input: Value) -> Value {
        self.call(operation, input, None).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// The exception and its message.
    fn refusal(&mut self, operation: &str, input: Value) -> String {
        self.call(operation, input, None).expect_err(operation).to_string()
    }

    /// The names in a list of the instance.
    fn names(&mut self, operation: &str) -> Vec<String> {
        let answer = self.ask(operation, json!({}));
        let list = answer.as_object().unwrap().values().find_map(Value::as_array).expect("a list");
        let mut names: Vec<String> = list.iter().filter_map(|item| Some(item["Name"].as_str()?.to_owned())).collect();
        names.sort();
        names
    }

    /// The id of the item of this name in a list.
    pub(crate) fn id(&mut self, operation: &str, name: &str) -> String {
        let answer = self.ask(operation, json!({}));
        let list = answer.as_object().unwrap().values().find_map(Value::as_array).expect("a list");
        let item = list.iter().find(|item| item["Name"] == name).expect("there is one of the name");
        item["Id"].as_str().unwrap().to_owned()
    }

    fn flow(&mut self, name: &str) -> String {
        let input = json!({"Name": name, "Type": "CONTACT_FLOW", "Content": ending("end")});
        self.ask("CreateContactFlow", input)["ContactFlowId"].as_str().unwrap().to_owned()
    }
}

/// A flow that ends at once, at an action of this name.
fn ending(name: &str) -> String {
    json!({
        "Version": "2019-10-30", "StartAction": name, "Metadata": {},
        "Actions": [{"Identifier": name, "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]
    })
    .to_string()
}

fn template(name: &str, flow: &str) -> Value {
    json!({"Name": name, "ContactFlowId": flow, "Fields": [{"Id": {"Name": "Task name"}, "Type": "NAME"}]})
}

#[test]
fn the_defaults_are_made_once() {
    let mut instance = Instance::new();
    let before = instance.names("ListContactFlows");
    assert_eq!(before.len(), 8);
    let (_, written) = instance
        .run(&Request::create_defaults(INSTANCE, engine::instance::IdentityManagement::ConnectManaged))
        .unwrap();
    assert_eq!(written, 0);
    assert_eq!(instance.names("ListContactFlows"), before);
    assert_eq!(instance.names("ListQueues"), ["BasicQueue"]);
    assert_eq!(instance.names("ListHoursOfOperations"), ["Basic Hours"]);
    assert_eq!(instance.names("ListRoutingProfiles"), ["Basic Routing Profile"]);
    let profiles = ["Admin", "Agent", "CallCenterManager", "QualityAnalyst"];
    assert_eq!(instance.names("ListSecurityProfiles"), profiles);
    let attributes = ["connect:Language", "connect:Subtype", "connect:WorkloadType"];
    assert_eq!(instance.names("ListPredefinedAttributes"), attributes);
}

#[test]
fn the_default_flows_can_be_published_as_they_are() {
    let mut instance = Instance::new();
    for name in instance.names("ListContactFlows") {
        let id = instance.id("ListContactFlows", &name);
        let flow = instance.ask("DescribeContactFlow", json!({"ContactFlowId": id}));
        let content = flow["ContactFlow"]["Content"].clone();
        instance.ask("UpdateContactFlowContent", json!({"ContactFlowId": id, "Content": content}));
    }
}

#[test]
fn a_default_flow_can_neither_be_deleted_nor_archived() {
    let mut instance = Instance::new();
    let id = instance.id("ListContactFlows", "Default customer queue");
    let refusal = instance.refusal("DeleteContactFlow", json!({"ContactFlowId": id}));
    assert!(refusal.starts_with("InvalidRequestException") && refusal.contains("cannot be deleted"), "{refusal}");
    let archive = json!({"ContactFlowId": id, "ContactFlowState": "ARCHIVED"});
    let refusal = instance.refusal("UpdateContactFlowMetadata", archive);
    assert!(refusal.contains("cannot be archived"), "{refusal}");
}

#[test]
fn names_are_unique_and_free_again_after_a_deletion() {
    let mut instance = Instance::new();
    let id = instance.flow("one");
    let call = json!({"Name": "one", "Type": "CONTACT_FLOW", "Content": ending("end")});
    assert!(instance.refusal("CreateContactFlow", call.clone()).starts_with("DuplicateResourceException"));
    let other_type = json!({"Name": "one", "Type": "QUEUE_TRANSFER", "Content": ending("end")});
    instance.ask("CreateContactFlow", other_type);
    instance.ask("DeleteContactFlow", json!({"ContactFlowId": id}));
    instance.ask("CreateContactFlow", call);
    let queue =
        json!({"Name": "BasicQueue", "HoursOfOperationId": instance.id("ListHoursOfOperations", "Basic Hours")});
    assert!(instance.refusal("CreateQueue", queue).starts_with("DuplicateResourceException"));
    let hours = json!({"Name": "Basic Hours", "TimeZone": "UTC", "Config": []});
    assert!(instance.refusal("CreateHoursOfOperation", hours).starts_with("DuplicateResourceException"));
    let profile = json!({"SecurityProfileName": "Admin"});
    assert!(instance.refusal("CreateSecurityProfile", profile).starts_with("DuplicateResourceException"));
}

#[test]
fn a_draft_is_not_what_contacts_run() {
    let mut instance = Instance::new();
    let id = instance.flow("one");
    let published = ending("end");
    let draft = json!({"ContactFlowId": format!("{id}:$SAVED"), "Content": "{}"});
    instance.ask("UpdateContactFlowContent", draft);
    let mut shown = |edition: &str| {
        let flow = instance.ask("DescribeContactFlow", json!({"ContactFlowId": format!("{id}{edition}")}));
        (flow["ContactFlow"]["Content"].clone(), flow["ContactFlow"]["Status"].clone())
    };
    assert_eq!(shown(""), (json!(published), json!("PUBLISHED")));
    assert_eq!(shown(":$LATEST"), (json!(published), json!("PUBLISHED")));
    assert_eq!(shown(":$SAVED"), (json!("{}"), json!("SAVED")));
    let refusal = instance.refusal("DescribeContactFlow", json!({"ContactFlowId": format!("{id}:1")}));
    assert!(refusal.starts_with("ResourceNotFoundException"), "{refusal}");
}

#[test]
fn a_flow_that_cannot_run_is_refused_with_its_problems_and_no_message() {
    let mut instance = Instance::new();
    let content = ending("end").replace("DisconnectParticipant", "Novel");
    let call = json!({"Name": "one", "Type": "CONTACT_FLOW", "Content": content});
    let error = instance.call("CreateContactFlow", call, None).unwrap_err();
    assert_eq!((error.exception, error.message.as_str()), ("InvalidContactFlowException", ""));
    let problems = error.members["problems"].as_array().unwrap();
    assert_eq!(problems[0]["message"], "Invalid Action type. Type: Novel, Path: Actions[0].Type");
}

#[test]
fn the_same_token_makes_one_template_and_another_call_with_it_is_refused() {
    let mut instance = Instance::new();
    let flow = instance.flow("one");
    let first = instance.call("CreateTaskTemplate", template("t", &flow), Some("token")).unwrap();
    let again = instance.call("CreateTaskTemplate", template("t", &flow), Some("token")).unwrap();
    assert_eq!(first, again);
    let error = instance.call("CreateTaskTemplate", template("another", &flow), Some("token")).unwrap_err();
    // CreateTaskTemplate does not declare InvalidRequestException.
    assert_eq!(error.exception, "InvalidParameterException");
    assert_eq!(instance.names("ListTaskTemplates"), ["t"]);
}

#[test]
fn an_update_of_a_template_keeps_the_versions_before_it() {
    let mut instance = Instance::new();
    let flow = instance.flow("one");
    let id = instance.ask("CreateTaskTemplate", template("first", &flow))["Id"].clone();
    for name in ["second", "third"] {
        let mut update = template(name, &flow);
        update["TaskTemplateId"] = id.clone();
        instance.ask("UpdateTaskTemplate", update);
    }
    let mut name = |version: Option<&str>| {
        let version = version.map(|version| json!(version)).unwrap_or_default();
        let call = json!({"TaskTemplateId": id, "SnapshotVersion": version});
        instance.call("GetTaskTemplate", call, None).map(|template| template["Name"].clone())
    };
    assert_eq!(name(None).unwrap(), "third");
    assert_eq!(name(Some("1")).unwrap(), "first");
    assert_eq!(name(Some("2")).unwrap(), "second");
    assert_eq!(name(Some("3")).unwrap(), "third");
    assert_eq!(name(Some("4")).unwrap_err().exception, "ResourceNotFoundException");
    assert_eq!(name(Some("0")).unwrap_err().exception, "ResourceNotFoundException");
    assert_eq!(name(Some("latest")).unwrap_err().exception, "InvalidParameterException");
}

#[test]
fn a_template_is_refused_with_all_its_problems() {
    let mut instance = Instance::new();
    let definition = json!({
        "Name": "t", "ContactFlowId": "no id",
        "Fields": [{"Id": {"Name": "a"}, "Type": "TEXT"}, {"Id": {"Name": "a"}, "Type": "SINGLE_SELECT"}],
    });
    let error = instance.call("CreateTaskTemplate", definition, None).unwrap_err();
    assert_eq!(error.exception, "PropertyValidationException");
    let problems = error.members["PropertyList"].as_array().unwrap();
    let mut told: Vec<String> = problems
        .iter()
        .map(|p| format!("{} {}", p["PropertyPath"].as_str().unwrap(), p["Reason"].as_str().unwrap()))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "ContactFlowId REFERENCED_RESOURCE_NOT_FOUND",
            "Fields REQUIRED_PROPERTY_MISSING",
            "Fields[1].Id.Name UNIQUE_CONSTRAINT_VIOLATED",
            "Fields[1].SingleSelectOptions REQUIRED_PROPERTY_MISSING",
        ]
    );
}

#[test]
fn a_user_comes_with_an_agent_queue() {
    let mut instance = Instance::new();
    let user = json!({
        "Username": "ann", "Password": "A-password-2026",
        "SecurityProfileIds": [instance.id("ListSecurityProfiles", "Agent")],
        "RoutingProfileId": instance.id("ListRoutingProfiles", "Basic Routing Profile"),
    });
    let made = instance.ask("CreateUser", user.clone());
    let queues = instance.ask("ListQueues", json!({"QueueTypes": ["AGENT"]}))["QueueSummaryList"].clone();
    assert_eq!(queues[0]["Id"], made["UserId"]);
    assert_eq!(queues.as_array().unwrap().len(), 1);
    assert!(queues[0]["Arn"].as_str().unwrap().contains("/queue/agent/"));
    assert!(instance.refusal("CreateUser", user).contains("already associated"));
}

#[test]
fn a_deleted_quick_connect_leaves_its_queues() {
    let mut instance = Instance::new();
    let config = json!({"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+14155550100"}});
    let made = instance.ask("CreateQuickConnect", json!({"Name": "one", "QuickConnectConfig": config}));
    let queue = json!({
        "Name": "q", "HoursOfOperationId": instance.id("ListHoursOfOperations", "Basic Hours"),
        "QuickConnectIds": [made["QuickConnectId"]],
    });
    instance.ask("CreateQueue", queue);
    instance.ask("DeleteQuickConnect", json!({"QuickConnectId": made["QuickConnectId"]}));
    let left = instance.world.config_of::<engine::queue::Queue>().0.map(|(_, queue)| queue.quick_connects.len());
    assert_eq!(left.max(), Some(0));
}

#[test]
fn tags_are_found_by_arn() {
    let mut instance = Instance::new();
    let arn = |behind: &str| format!("arn:aws:connect:us-east-1:000000000000:instance/{INSTANCE}{behind}");
    let queue = arn(&format!("/queue/{}", instance.id("ListQueues", "BasicQueue")));
    instance.ask("TagResource", json!({"resourceArn": queue, "tags": {"a": "1", "b": "2"}}));
    instance.ask("UntagResource", json!({"resourceArn": queue, "tagKeys": ["a", "c"]}));
    assert_eq!(instance.ask("ListTagsForResource", json!({"resourceArn": queue}))["tags"], json!({"b": "2"}));
    let many: Value = (0..50).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let refusal = instance.refusal("TagResource", json!({"resourceArn": queue, "tags": many}));
    assert!(refusal.starts_with("InvalidParameterException") && refusal.contains("50"), "{refusal}");
    for (arn, exception) in [
        ("queue".to_owned(), "InvalidParameterException"),
        (arn(&format!("/contact/{INSTANCE}")), "InvalidParameterException"),
        (arn(&format!("/queue/{INSTANCE}")), "ResourceNotFoundException"),
        (arn(&format!("/spoon/{INSTANCE}")), "ResourceNotFoundException"),
        (queue.replace("us-east-1", "eu-west-1"), "ResourceNotFoundException"),
        (queue.replace("000000000000", "111111111111"), "ResourceNotFoundException"),
    ] {
        let refusal = instance.refusal("ListTagsForResource", json!({"resourceArn": arn}));
        assert!(refusal.starts_with(exception), "{arn}: {refusal}");
    }
}

#[test]
fn quotas_count_what_there_is() {
    let quotas = Quotas { contact_flows: Some(9), task_templates: Some(1), ..Quotas::default() };
    let mut instance = Instance::with(Settings { quotas, ..Settings::default() });
    let flow = instance.flow("ninth");
    let call = json!({"Name": "tenth", "Type": "CONTACT_FLOW", "Content": ending("end")});
    assert!(instance.refusal("CreateContactFlow", call).starts_with("LimitExceededException"));
    instance.ask("CreateTaskTemplate", template("t", &flow));
    let refusal = instance.refusal("CreateTaskTemplate", template("u", &flow));
    assert!(refusal.starts_with("ServiceQuotaExceededException"), "{refusal}");
}

#[test]
fn a_storage_config_is_taken_away_once() {
    let mut instance = Instance::new();
    let storage = json!({"StorageType": "S3", "S3Config": {"BucketName": "b", "BucketPrefix": "p"}});
    let call = json!({"ResourceType": "ATTACHMENTS", "StorageConfig": storage});
    let id = instance.ask("AssociateInstanceStorageConfig", call.clone())["AssociationId"].clone();
    assert!(instance.refusal("AssociateInstanceStorageConfig", call).starts_with("ResourceConflictException"));
    let other = json!({"AssociationId": id, "ResourceType": "AGENT_EVENTS"});
    assert!(instance.refusal("DisassociateInstanceStorageConfig", other).starts_with("ResourceNotFoundException"));
    let gone = json!({"AssociationId": id, "ResourceType": "ATTACHMENTS"});
    instance.call("DisassociateInstanceStorageConfig", gone.clone(), Some("token")).unwrap();
    instance.call("DisassociateInstanceStorageConfig", gone.clone(), Some("token")).unwrap();
    assert!(instance.refusal("DisassociateInstanceStorageConfig", gone).starts_with("ResourceNotFoundException"));
}
