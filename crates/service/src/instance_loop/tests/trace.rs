//! What flows did: kept with its cause, read page by page, and gone with the contact.

use engine::ContactId;

use super::*;
use crate::trace::{TraceCursor, TracePage};

/// A flow that waits a second, again and again.
fn waiting_flow() -> String {
    json!({
        "Version": "2019-10-30", "StartAction": "wait", "Metadata": {},
        "Actions": [
            {"Identifier": "wait", "Type": "Wait", "Parameters": {"TimeLimitSeconds": "1"},
             "Transitions": {"NextAction": "end",
                "Conditions": [{"NextAction": "wait", "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}],
                "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}},
            {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}
        ]
    })
    .to_string()
}

impl Driver {
    fn page(&mut self, contact: &str, after: TraceCursor) -> Result<TracePage, String> {
        let reply = self.next_reply;
        self.next_reply += 1;
        let contact: ContactId = contact.parse().unwrap();
        self.inputs.push_back(Input::Request(Request::trace(INSTANCE, contact, after), reply));
        self.settle();
        Ok(serde_json::from_value(self.answer(reply).expect("an answer")?).unwrap())
    }

    /// All pages, as `number identifier result`, with a gap as `+n`.
    fn trace(&mut self, contact: &str) -> Vec<String> {
        let mut told = Vec::new();
        let mut after = TraceCursor::default();
        loop {
            let page = self.page(contact, after).unwrap();
            for action in page.actions {
                told.extend((action.left_out > 0).then(|| format!("+{}", action.left_out)));
                told.push(format!("{} {} {}", action.number, action.identifier, action.result));
            }
            match page.next {
                Some(next) => after = next.parse().unwrap(),
                None => return told,
            }
        }
    }

    fn waiting_task(&mut self) -> String {
        let flow = json!({"Name": "waiting", "Type": "CONTACT_FLOW", "Content": waiting_flow()});
        let flow = self.ask("CreateContactFlow", flow)["ContactFlowId"].clone();
        let task = self.ask("StartTaskContact", json!({"Name": "task", "ContactFlowId": flow}));
        task["ContactId"].as_str().unwrap().to_owned()
    }

    fn pass(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.now += 1_000;
            self.settle();
        }
    }
}

#[test]
fn the_trace_of_a_task_survives_a_restart() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let task = driver.ask("StartTaskContact", json!({"Name": "task", "ContactFlowId": flow}))["ContactId"].clone();
    let task = task.as_str().unwrap();
    let before = driver.trace(task);
    assert_eq!(before[..2], ["1 set Next", "2 to Queued"], "{before:?}");
    let mut driver = driver.restart();
    assert_eq!(driver.trace(task), before);
    driver.ask("StopContact", json!({"ContactId": task}));
    let mut driver = driver.restart();
    assert_eq!(driver.trace(task), before, "an ended task has its trace still");
}

#[test]
fn what_a_failed_commit_would_have_told_is_not_told() {
    let mut driver = Driver::new();
    let task = driver.waiting_task();
    let before = driver.trace(&task);
    driver.now += 1_000;
    driver.turn();
    driver.fail(false);
    driver.reload();
    assert_eq!(driver.trace(&task), before);
    // The timer runs again, and its chunk takes the place that the lost one had.
    driver.inputs.push_back(Input::Probe);
    driver.turn();
    driver.commit();
    driver.settle();
    assert_eq!(driver.trace(&task)[1..], ["2 wait WaitCompleted", "3 wait Waiting"]);
    assert_eq!(crate::check(&*driver.store, SCOPE).unwrap().problems, Vec::<String>::new());
}

#[test]
fn the_first_and_the_last_actions_are_kept_and_what_lies_between_is_counted() {
    let mut driver = Driver::new();
    let task = driver.waiting_task();
    driver.pass(200);
    let told = driver.trace(&task);
    // The first step waits for the first time, each of the others has waited and waits again.
    let (first, last) = (1 + 2 * 31, 2 * 96);
    assert_eq!(told.len(), first + 1 + last, "{told:?}");
    assert_eq!([&told[0], &told[first - 1]], ["1 wait Waiting", "63 wait Waiting"]);
    assert_eq!([&told[first], &told[first + 1]], ["+146", "210 wait WaitCompleted"]);
    assert_eq!(driver.page(&task, TraceCursor::default()).unwrap().total, (first + 146 + last) as u64);
    assert_eq!(crate::check(&*driver.store, SCOPE).unwrap().problems, Vec::<String>::new());
    let in_memory = driver.instance.world().stored_config().filter(|(key, _)| key.kind == kinds::TRACE).count();
    assert_eq!(in_memory, 0);
}

#[test]
fn the_trace_goes_with_its_contact() {
    let mut driver = Driver::new();
    let task = driver.waiting_task();
    driver.pass(3);
    driver.ask("StopContact", json!({"ContactId": task}));
    let kept = |driver: &Driver| driver.store.scan(SCOPE, &Scan::all(kinds::TRACE, 1_000, 1 << 20)).unwrap().rows.len();
    assert!(kept(&driver) > 3);
    driver.now += Settings::default().contact_retention_ms + 1_000;
    let mut driver = driver.restart();
    driver.settle();
    assert_eq!(kept(&driver), 0);
    assert!(driver.page(&task, TraceCursor::default()).unwrap_err().starts_with("ResourceNotFoundException"));
}
