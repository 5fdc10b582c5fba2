//! What flows did: kept with its cause, read page by page, and gone with the contact. What their references mean.

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
fn a_step_that_is_set_aside_leaves_no_trace() {
    let mut driver = Driver::new();
    let task = driver.waiting_task();
    let before = driver.trace(&task);
    driver.now += 1_000;
    // Together with others, and twice alone.
    for _ in 0..3 {
        driver.turn();
        driver.spoil();
    }
    driver.pass(5);
    assert!(driver.events.iter().any(|event| event.contains("is not done")), "{:?}", driver.events);
    assert_eq!(driver.trace(&task), before);
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

#[test]
fn a_line_of_the_flow_logs_leaves_when_it_is_durable() {
    let mut driver = Driver::new();
    let step = |id: &str, action: &str, parameters: Value, next: &str, errors: Value| {
        json!({"Identifier": id, "Type": action, "Parameters": parameters,
               "Transitions": {"NextAction": next, "Errors": errors}})
    };
    let attributes = |id: &str, next: &str| {
        let errors = json!([{"ErrorType": "NoMatchingError", "NextAction": "end"}]);
        step(id, "UpdateContactAttributes", json!({"Attributes": {"at": id}}), next, errors)
    };
    let logging = |id: &str, behavior: &str, next: &str| {
        step(id, "UpdateFlowLoggingBehavior", json!({"FlowLoggingBehavior": behavior}), next, json!([]))
    };
    let content = json!({"Version": "2019-10-30", "StartAction": "before", "Metadata": {}, "Actions": [
        attributes("before", "on"), logging("on", "Enabled", "logged"), attributes("logged", "off"),
        logging("off", "Disabled", "after"), attributes("after", "end"),
        {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]});
    let flow = json!({"Name": "telling", "Type": "CONTACT_FLOW", "Content": content.to_string()});
    let flow = driver.ask("CreateContactFlow", flow)["ContactFlowId"].clone();
    driver.task(flow.as_str().unwrap(), "a");
    driver.turn();
    let lines = |driver: &Driver| -> Vec<String> {
        let lines = driver.events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
        lines.map(|line| format!("{} {}", line["ContactFlowName"], line["Identifier"])).collect()
    };
    assert_eq!(lines(&driver), Vec::<String>::new(), "the batch is not written yet");
    driver.commit();
    let told = lines(&driver);
    assert!(told.contains(&"\"telling\" \"logged\"".to_owned()), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("before") || line.contains("after")), "{told:?}");
    driver.task(flow.as_str().unwrap(), "b");
    driver.turn();
    driver.fail(false);
    assert_eq!(lines(&driver), told, "what was lost is not told");
}

#[test]
fn an_instance_has_a_reference_map_across_a_restart() {
    let mut driver = Driver::new();
    let queue = driver.ask("ListQueues", json!({}))["QueueSummaryList"][0]["Id"].as_str().unwrap().to_owned();
    let elsewhere = "arn:aws:connect:eu-west-1:111122223333:instance/6a1d2b9c-0000-4000-8000-000000000001/queue/6a1d2b9c-0000-4000-8000-000000000002";
    let flow = |name: &str| json!({"Name": name, "Type": "CONTACT_FLOW", "Content": queueing_flow(elsewhere)});
    let refused = driver.send("CreateContactFlow", flow("refused"), None);
    driver.settle();
    assert!(driver.answer(refused).unwrap().unwrap_err().starts_with("InvalidContactFlowException"));
    let entries = [("arn:aws:connect:*/queue/*".to_owned(), queue.clone())];
    let map = engine::reference_map::ReferenceMap::new(entries.into()).unwrap();
    driver.inputs.push_back(Input::Request(Request::set_references(INSTANCE, map), 1_000));
    driver.settle();
    let mut driver = driver.restart();
    driver.inputs.push_back(Input::Request(Request::references(INSTANCE), 1_001));
    driver.settle();
    assert_eq!(driver.answer(1_001).unwrap().unwrap(), json!({"References": {"arn:aws:connect:*/queue/*": queue}}));
    let accepted = driver.ask("CreateContactFlow", flow("accepted"))["ContactFlowId"].clone();
    let task = driver.ask("StartTaskContact", json!({"Name": "task", "ContactFlowId": accepted}))["ContactId"].clone();
    let contact = driver.ask("DescribeContact", json!({"ContactId": task}));
    assert_eq!(contact["Contact"]["QueueInfo"]["Id"], json!(queue));
    let described = driver.ask("DescribeContactFlow", json!({"ContactFlowId": accepted}));
    assert_eq!(described["ContactFlow"]["Content"], json!(queueing_flow(elsewhere)), "byte for byte");
}
