//! The desk without a loop: what a snapshot says an agent can do is what the agent can do.

use engine::{ContactId, UserId};
use serde_json::{Value, json};

use super::AgentCommand;
use crate::error::ApiError;
use crate::handlers::tests::{INSTANCE, Instance};
use crate::operations::Request;

struct Desk {
    instance: Instance,
    agent: UserId,
    flow: String,
}

impl Desk {
    fn new() -> Self {
        let mut instance = Instance::new();
        let queue = instance.id("ListQueues", "BasicQueue");
        let content = crate::instance_loop::tests::queueing_flow(&queue);
        let flow =
            instance.ask("CreateContactFlow", json!({"Name": "queueing", "Type": "CONTACT_FLOW", "Content": content}));
        let profile = instance.id("ListRoutingProfiles", "Basic Routing Profile");
        let security = instance.id("ListSecurityProfiles", "Agent");
        let user = json!({
            "Username": "ann", "Password": "A-password-2026", "RoutingProfileId": profile, "SecurityProfileIds": [security],
            "IdentityInfo": {"FirstName": "Ann", "LastName": "Example"},
        });
        let user = instance.ask("CreateUser", user);
        let agent = user["UserId"].as_str().unwrap().parse().unwrap();
        Desk { instance, agent, flow: flow["ContactFlowId"].as_str().unwrap().to_owned() }
    }

    fn ask(&mut self, command: AgentCommand) -> Result<Value, ApiError> {
        let (body, _) = self.instance.run(&Request::agent(INSTANCE, self.agent, command))?;
        Ok(serde_json::from_slice(&body).unwrap())
    }

    /// A task that is offered to the agent.
    fn offered(&mut self) -> ContactId {
        let task = json!({"Name": "task", "ContactFlowId": self.flow});
        let task = self.instance.ask("StartTaskContact", task);
        let id = task["ContactId"].as_str().unwrap();
        let offer = json!({"ContactId": id, "UserId": self.agent.to_string()});
        self.instance.ask("AssociateContactWithUser", offer);
        id.parse().unwrap()
    }

    fn actions(&mut self) -> Vec<String> {
        let snapshot = self.ask(AgentCommand::Snapshot).unwrap();
        let actions = snapshot["Contacts"][0]["Actions"].as_array().cloned().unwrap_or_default();
        actions.iter().map(|action| action.as_str().unwrap().to_owned()).collect()
    }
}

type OnContact = fn(ContactId) -> AgentCommand;

/// The actions on a contact that need nothing else.
const ACTIONS: [(&str, OnContact); 7] = [
    ("accept", AgentCommand::Accept),
    ("reject", AgentCommand::Reject),
    ("end", AgentCommand::End),
    ("complete", AgentCommand::Complete),
    ("pause", AgentCommand::Pause),
    ("resume", AgentCommand::Resume),
    ("close", AgentCommand::Close),
];

#[test]
fn a_snapshot_shows_exactly_the_actions_that_succeed() {
    let ways: [&[&str]; 6] =
        [&[], &["accept"], &["accept", "pause"], &["accept", "end"], &["accept", "complete"], &["reject"]];
    for way in ways {
        let arrive = |desk: &mut Desk| {
            let contact = desk.offered();
            for step in way {
                let (_, command) = ACTIONS.iter().find(|(name, _)| name == step).unwrap();
                desk.ask(command(contact)).unwrap();
            }
            contact
        };
        let mut desk = Desk::new();
        arrive(&mut desk);
        let mut shown = desk.actions();
        shown.retain(|action| action != "transfer");
        let succeeds = |command: OnContact| {
            let mut desk = Desk::new();
            let contact = arrive(&mut desk);
            desk.ask(command(contact)).is_ok()
        };
        let possible: Vec<&str> =
            ACTIONS.iter().filter(|(_, command)| succeeds(*command)).map(|(name, _)| *name).collect();
        assert_eq!(shown, possible, "after {way:?}");
    }
}

#[test]
fn a_snapshot_stays_small_whatever_there_is_to_show() {
    const OFFERS: usize = 60;
    let mut desk = Desk::new();
    for _ in 0..OFFERS {
        let id = desk.offered();
        let long = json!({"ContactId": id.to_string(), "Name": "ü".repeat(512)});
        desk.instance.ask("UpdateContact", long);
    }
    let snapshot = desk.ask(AgentCommand::Snapshot).unwrap();
    let shown = snapshot["Contacts"].as_array().unwrap().len();
    assert!(snapshot.to_string().len() <= super::snapshot::SNAPSHOT_BYTES_MAX);
    assert!(shown > 20, "{shown}");
    assert_eq!(snapshot["ContactsNotShown"], OFFERS - shown);
}
