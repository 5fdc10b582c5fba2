//! Explanations of contacts that wait, without a loop.

use expect_test::expect;
use serde_json::json;

use routing::SLICE_AGENTS_MAX;

use super::Explanation;
use crate::agent_desk::AgentCommand;
use crate::handlers::tests::{INSTANCE, Instance};
use crate::operations::Request;

/// An instance with a flow that queues in BasicQueue.
struct Place {
    instance: Instance,
    flow: String,
}

impl Place {
    fn new() -> Self {
        let mut instance = Instance::new();
        let queue = instance.id("ListQueues", "BasicQueue");
        let content = crate::instance_loop::tests::queueing_flow(&queue);
        let flow = json!({"Name": "queueing", "Type": "CONTACT_FLOW", "Content": content});
        let flow = instance.ask("CreateContactFlow", flow)["ContactFlowId"].as_str().unwrap().to_owned();
        Place { instance, flow }
    }

    fn user(&mut self, name: &str, profile: &str) -> String {
        let profile = self.instance.id("ListRoutingProfiles", profile);
        let security = self.instance.id("ListSecurityProfiles", "Agent");
        let user = json!({
            "Username": name, "Password": "A-password-2026", "RoutingProfileId": profile, "SecurityProfileIds": [security],
            "IdentityInfo": {"FirstName": name, "LastName": "Example"},
        });
        self.instance.ask("CreateUser", user)["UserId"].as_str().unwrap().to_owned()
    }

    fn task(&mut self) -> String {
        let task = json!({"Name": "task", "ContactFlowId": self.flow});
        self.instance.ask("StartTaskContact", task)["ContactId"].as_str().unwrap().to_owned()
    }

    fn agent(&mut self, user: &str, command: AgentCommand) {
        self.instance.run(&Request::agent(INSTANCE, user.parse().unwrap(), command)).unwrap();
    }

    fn slice(&mut self, contact: &str, from: Option<&str>, shown_max: usize) -> Explanation {
        let from = from.map(|from| from.parse().unwrap());
        let request = Request::explain(INSTANCE, contact.parse().unwrap(), from, None, shown_max);
        serde_json::from_slice(&self.instance.run(&request).unwrap().0).unwrap()
    }
}

#[test]
fn every_agent_has_a_reason_in_words() {
    let mut place = Place::new();
    let queue = place.instance.id("ListQueues", "BasicQueue");
    let profile = |name: &str, queues: serde_json::Value, manual: serde_json::Value| {
        json!({
            "Name": name, "Description": name, "DefaultOutboundQueueId": queue, "QueueConfigs": queues,
            "ManualAssignmentQueueConfigs": manual, "MediaConcurrencies": [{"Channel": "TASK", "Concurrency": 1}],
        })
    };
    let reference = json!({"QueueId": queue, "Channel": "TASK"});
    let none = json!([]);
    for (name, queues, manual) in [
        ("no queue", &none, &none),
        ("by hand", &none, &json!([{"QueueReference": reference}])),
        ("late", &json!([{"QueueReference": reference, "Priority": 1, "Delay": 60}]), &none),
        ("one slot", &json!([{"QueueReference": reference, "Priority": 1, "Delay": 0}]), &none),
    ] {
        place.instance.ask("CreateRoutingProfile", profile(name, queues.clone(), manual.clone()));
    }
    let available = place.instance.id("ListAgentStatuses", "Available");
    let lunch = json!({"Name": "Lunch", "State": "ENABLED"});
    let lunch = place.instance.ask("CreateAgentStatus", lunch)["AgentStatusId"].as_str().unwrap().to_owned();
    for (name, profile, status) in [
        ("ann", "no queue", None),
        ("bob", "by hand", None),
        ("cid", "late", Some(&available)),
        ("dan", "one slot", None),
        ("eve", "one slot", Some(&lunch)),
        ("fay", "one slot", Some(&available)),
        ("gus", "one slot", Some(&available)),
        ("hal", "one slot", Some(&available)),
    ] {
        let user = place.user(name, profile);
        if let Some(status) = status {
            place.agent(&user, AgentCommand::SetStatus(status.parse().unwrap()));
        }
        let associate = |contact: &str| json!({"ContactId": contact, "UserId": user});
        match name {
            "fay" => {
                let other = place.task();
                place.instance.ask("AssociateContactWithUser", associate(&other));
            }
            "gus" => {
                let other = place.task();
                place.instance.ask("AssociateContactWithUser", associate(&other));
                place.agent(&user, AgentCommand::Accept(other.parse().unwrap()));
                place.agent(&user, AgentCommand::SetStatus(lunch.parse().unwrap()));
            }
            _ => {}
        }
    }
    let task = place.task();
    let explained = place.slice(&task, None, 100);
    let mut text = format!("{}\n", explained.summary.split(" since").next().unwrap());
    for agent in &explained.agents {
        let about = agent.text.split(" until 2").next().unwrap();
        text += &format!("{} {}: {about}\n", agent.username, agent.code);
    }
    for reason in &explained.reasons {
        text += &format!("{} {}: {}\n", reason.agents, reason.code, reason.text);
    }
    expect![[r#"
        it waits in queue BasicQueue
        ann QUEUE_NOT_IN_ROUTING_PROFILE: the queue is not in the routing profile
        bob MANUAL_ASSIGNMENT_ONLY: the queue is in the routing profile for manual assignment
        cid DELAY: the delay lasts
        dan OFFLINE: is Offline
        eve CUSTOM_STATUS: is in status Lunch
        fay NO_FREE_SLOT: 1 of 1 slots are taken
        gus NEXT_STATUS_PENDING: goes to status Lunch when the contacts are closed
        hal CAN_BE_OFFERED: nothing is in the way
        1 CAN_BE_OFFERED: nothing is in the way: they are offered it when it is their turn
        1 CUSTOM_STATUS: they are in a custom status, which gets no offers; Available does
        1 DELAY: the delay of the queue in their routing profile is not over
        1 MANUAL_ASSIGNMENT_ONLY: their routing profile has the queue for manual assignment only: they have to take it from their worklist
        1 NEXT_STATUS_PENDING: they have asked for another status and get no offers until their contacts are closed
        1 NO_FREE_SLOT: all their slots for tasks are taken
        1 OFFLINE: they are Offline
        1 QUEUE_NOT_IN_ROUTING_PROFILE: their routing profile does not have the queue; AssociateRoutingProfileQueues adds it
    "#]].assert_eq(&text);
}

#[test]
fn slices_together_count_every_agent_once() {
    const USERS: usize = SLICE_AGENTS_MAX + 20;
    let mut place = Place::new();
    for n in 0..USERS {
        place.user(&format!("user{n}"), "Basic Routing Profile");
    }
    let task = place.task();
    let mut all = place.slice(&task, None, 3);
    let next = all.last_of_slice.clone().expect("there is another slice");
    let rest = place.slice(&task, Some(&next), 0);
    assert_eq!(rest.last_of_slice, None);
    all.merge(rest);
    assert_eq!(all.reasons.iter().map(|reason| reason.agents as usize).sum::<usize>(), USERS);
    assert_eq!((all.agents.len(), all.reasons.len(), &*all.reasons[0].code), (3, 1, "OFFLINE"));
    assert!(all.last_agent.is_some());

    // A page that is full at the end of a slice has a next one, too.
    let mut whole = place.slice(&task, None, 100);
    whole.more_agents = false;
    whole.merge(place.slice(&task, Some(&next), 0));
    assert_eq!(whole.last_agent, whole.agents.last().map(|agent| agent.user_id.clone()));
}

#[test]
fn a_contact_that_waits_nowhere_says_where_it_is() {
    let mut place = Place::new();
    let ann = place.user("ann", "Basic Routing Profile");
    let task = place.task();
    place.instance.ask("AssociateContactWithUser", json!({"ContactId": task, "UserId": ann}));
    let mut told = Vec::new();
    for step in [None, Some(AgentCommand::Accept as fn(_) -> _), Some(AgentCommand::Pause), Some(AgentCommand::End)] {
        if let Some(step) = step {
            place.agent(&ann, step(task.parse().unwrap()));
        }
        let summary = place.slice(&task, None, 10).summary;
        told.push(summary.split(" since").next().unwrap().split(" at 2").next().unwrap().to_owned());
    }
    assert_eq!(
        told,
        [
            "it is being offered to ann",
            "it is with ann",
            "it is with ann and paused; ResumeContact lets it go on",
            "it has ended",
        ]
    );
}
