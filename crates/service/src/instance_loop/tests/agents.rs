//! Agents in the loop: offers, presence, who hears of what.

use engine::agent::{Agent, Presence};
use engine::agent_status::{AgentStatus, AgentStatusKind};
use engine::routing_profile::{Channel, RoutingProfile};

use super::*;
use crate::handlers::agent;

/// Work of a test's own, run like a write.
struct Work<F>(F);

impl<F: Fn(&mut crate::tx::Tx<'_>) -> Result<(), crate::error::Halt> + Send> crate::operations::Prepared for Work<F> {
    fn run(&self, tx: &mut crate::tx::Tx<'_>, _: &crate::call::Call) -> Result<Vec<u8>, crate::error::Halt> {
        (self.0)(tx).map(|()| b"null".to_vec())
    }
}

impl Driver {
    /// Makes a user of the default routing profile.
    fn user(&mut self, name: &str) -> UserId {
        let profiles = self.ask("ListRoutingProfiles", json!({}));
        let security = self.ask("ListSecurityProfiles", json!({}));
        let user = json!({
            "Username": name, "PhoneConfig": {"PhoneType": "SOFT_PHONE", "AfterContactWorkTimeLimit": 0},
            "Password": "a Long enough 1", "IdentityInfo": {"FirstName": name, "LastName": name},
            "RoutingProfileId": profiles["RoutingProfileSummaryList"][0]["Id"],
            "SecurityProfileIds": [security["SecurityProfileSummaryList"][0]["Id"]],
        });
        self.ask("CreateUser", user)["UserId"].as_str().unwrap().parse().unwrap()
    }

    fn agent_event(&mut self, user: UserId, event: impl Fn() -> agent::Event + Send + 'static) {
        let work = move |tx: &mut crate::tx::Tx<'_>| agent::move_agent(tx, user, event());
        let caller = Caller { access_key_id: "key".into(), arn: "arn".into(), root: true };
        let call = crate::call::Call::of(caller);
        let prepared = Box::new(Work(work));
        let request =
            Request { operation: "Test", instance: Some(INSTANCE), writes: true, token: None, call, prepared };
        self.inputs.push_back(Input::Request(request, u32::MAX));
        self.settle();
    }

    fn available(&mut self, user: UserId) {
        let statuses = self.instance.world.config_of::<AgentStatus>().0;
        let mut statuses = statuses.filter(|(_, status)| status.kind == AgentStatusKind::Routable);
        let status = statuses.next().expect("the status Available").1.chosen().unwrap();
        drop(statuses);
        self.agent_event(user, move || agent::Event::StatusSet(status));
    }

    /// The states of the contacts at an agent.
    fn states(&self, user: UserId) -> Vec<&'static str> {
        let agent = self.instance.world.config::<Agent>(user.as_bytes());
        agent.map_or(Vec::new(), |(agent, _)| agent.contacts.iter().map(|entry| entry.state.as_str()).collect())
    }
}

#[test]
fn a_task_is_offered_in_the_batch_that_queues_it_and_goes_on_when_it_is_missed() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let (first, second) = (driver.user("first"), driver.user("second"));
    driver.available(first);
    driver.task(&flow, "a");
    driver.turn();
    assert_eq!(driver.states(first), ["CONNECTING"], "the commit of the task is not even written");
    driver.settle();
    driver.available(second);
    driver.now += 29_999;
    driver.settle();
    assert_eq!((driver.states(first), driver.states(second)), (vec!["CONNECTING"], vec![]));
    driver.now += 1;
    driver.settle();
    assert_eq!((driver.states(first), driver.states(second)), (vec!["MISSED"], vec!["CONNECTING"]));
}

#[test]
fn agents_hear_of_a_change_when_it_is_durable() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let user = driver.user("agent");
    driver.available(user);
    driver.agents_changed.clear();
    driver.task(&flow, "a");
    driver.turn();
    assert_eq!(driver.states(user), ["CONNECTING"]);
    assert_eq!(driver.agents_changed, []);
    driver.commit();
    assert_eq!(driver.agents_changed, [user]);
    let contact = driver.instance.world.contacts.records().next().unwrap().0.id;
    driver.ask("UpdateContactAttributes", json!({"InitialContactId": contact.to_string(), "Attributes": {"a": "b"}}));
    assert_eq!(driver.agents_changed, [user, user], "attributes are the chain's, and its holder sees them");
}

#[test]
fn agents_hear_of_what_is_durable_although_its_commit_failed() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let user = driver.user("agent");
    driver.agent_event(user, || agent::Event::StreamOpened);
    driver.available(user);
    driver.task(&flow, "a");
    driver.turn();
    driver.agents_changed.clear();
    driver.fail(true);
    assert_eq!(driver.agents_changed, []);
    driver.reload();
    assert_eq!((driver.states(user), &driver.agents_changed), (vec!["CONNECTING"], &vec![user]));
}

#[test]
fn after_a_restart_routing_goes_on_with_what_the_store_has() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let user = driver.user("agent");
    driver.task(&flow, "a");
    driver.settle();
    assert_eq!(driver.states(user), [""; 0]);
    driver.available(user);
    assert_eq!(driver.states(user), ["CONNECTING"]);
    let mut driver = driver.restart();
    driver.settle();
    assert_eq!(driver.states(user), ["CONNECTING"]);
    driver.now += 30_000;
    driver.settle();
    assert_eq!(driver.states(user), ["MISSED"]);
    driver.task(&flow, "b");
    driver.settle();
    let slots = driver.instance.world.config_of::<RoutingProfile>().0.map(|(_, profile)| profile.slots(Channel::Task));
    assert_eq!(driver.states(user).len(), slots.max().unwrap().min(2) as usize, "a missed contact holds its slot");
}

#[test]
fn a_person_whose_stream_is_gone_is_not_offered_anything() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let user = driver.user("person");
    driver.agent_event(user, || agent::Event::StreamOpened);
    driver.available(user);
    assert!(!driver.instance.is_idle(), "an open stream keeps the instance open");
    assert!(driver.instance.is_quiet(), "and does not keep it from being deleted");
    // The process ends, and with it the stream.
    let mut driver = driver.restart();
    driver.settle();
    assert!(driver.instance.is_idle());
    let grace = Settings::default().limits.presence_grace_seconds.expect("there is a grace");
    driver.now += i64::from(grace) * 1_000;
    driver.settle();
    driver.task(&flow, "a");
    driver.settle();
    assert_eq!(driver.states(user), [""; 0]);
    driver.agent_event(user, || agent::Event::StreamOpened);
    assert_eq!(driver.states(user), ["CONNECTING"]);
}

/// Sessions that agents have, by what is in memory.
fn signed_in(driver: &Driver, user: UserId) -> (bool, Presence) {
    let (agent, _) = driver.instance.world.config::<Agent>(user.as_bytes()).expect("the agent was at work");
    (agent.signed_in.is_some(), agent.presence)
}

#[test]
fn who_is_back_before_the_loop_knows_of_the_restart_loses_nothing() {
    let mut driver = Driver::new();
    let user = driver.user("person");
    driver.agent_event(user, || agent::Event::SignedIn);
    driver.agent_event(user, || agent::Event::StreamOpened);
    let mut driver = driver.restart();
    // The loop has not had a turn yet.
    driver.agent_event(user, || agent::Event::SignedIn);
    assert_eq!(signed_in(&driver, user), (true, Presence::Program), "of the old session nothing is left");
    driver.agent_event(user, || agent::Event::StreamOpened);
    driver.now += 3_600_000;
    driver.settle();
    assert_eq!(signed_in(&driver, user), (true, Presence::Streaming));
}

#[test]
fn a_connection_is_lost_although_the_commit_that_says_so_fails() {
    for durable in [false, true] {
        let mut driver = Driver::new();
        let user = driver.user("person");
        driver.agent_event(user, || agent::Event::SignedIn);
        let mut driver = driver.restart();
        driver.turn();
        driver.fail(durable);
        driver.reload();
        driver.inputs.push_back(Input::Probe);
        driver.turn();
        driver.commit();
        driver.settle();
        let (is_signed_in, presence) = signed_in(&driver, user);
        assert!(!is_signed_in && matches!(presence, Presence::Lost(_)), "durable: {durable}, {presence:?}");
        assert!(driver.instance.is_idle());
    }
}
