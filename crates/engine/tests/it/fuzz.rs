//! Arbitrary input: parser, validator and interpreter neither panic nor run for ever, and what a flow makes of a
//! contact is bounded.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use engine::ContactFlowModuleId;
use engine::contact::{Event, StepError};
use engine::flow::compile::CompiledFlow;
use engine::flow::defaults::DEFAULT_FLOWS;
use engine::flow::document::Document;
use engine::flow::export::Export;
use engine::flow::legacy::convert;
use engine::flow::module::{ModuleContent, ModuleContract, NESTING_MAX, read_reference};
use engine::flow::validate::{Resolver, Resolves, validate, validate_module};
use engine::flow::{ContentHash, FlowType};
use engine::reference_map::ReferenceMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::invariants;
use crate::world::{ANN, BASIC, NOON, World, contact_id, content, flow_id, module_id};

struct KnowsSome;

impl Resolver for KnowsSome {
    fn exists(&self, _: Resolves, id: &str) -> bool {
        id.len().is_multiple_of(2)
    }
}

/// Flows to change at random: between them they have every action that runs.
fn seeds() -> Vec<Value> {
    let own = content(
        r#"
        a UpdateContactAttributes {"Attributes":{"x":"$.Attributes.x$.Attributes.x$.Name"}} next=b NoMatchingError=b
        b Loop {"LoopCount":"3"} next=c Equals:ContinueLooping=a Equals:DoneLooping=c
        c Compare {"ComparisonValue":"$.Attributes.x"} next=d NoMatchingCondition=d Equals:x=e
        d DistributeByPercentage next=e NoMatchingCondition=e NumberLessThan:50=f
        e UpdateFlowAttributes {"FlowAttributes":{"y":{"Value":"$.FlowAttributes.y+"}}} next=f NoMatchingError=f
        f CheckMetricData {"MetricType":"NumberOfContactsInQueue","QueueId":"BASIC"} next=g NoMatchingError=g NoMatchingCondition=g Equals:0=g
        g TagContact {"Tags":{"t":"$.Channel"}} next=h NoMatchingError=h
        h UntagContact {"TagKeys":["t"]} next=i NoMatchingError=i
        i UpdateContactData {"Name":"$.Name$.Name"} next=j NoMatchingError=j
        j UpdateContactRoutingBehavior {"QueuePriority":"1"} next=k
        k Wait {"TimeLimitSeconds":"1","ContinueExecution":"True","MinimumWaitTimeSeconds":"1"} next=l NoMatchingError=l Equals:Continue=x Equals:WaitCompleted=l
        x InvokeFlowModule {"FlowModuleId":"deep:1","Input":{"x":"$.Name"}} next=k NoMatchingError=x
        l UpdateContactTargetQueue {"QueueId":"BASIC"} next=m NoMatchingError=m
        m TransferContactToQueue next=o QueueAtCapacity=o NoMatchingError=o
        o UpdateContactEventHooks {"EventHooks":{"PauseContact":"$.Attributes.x"}} next=p NoMatchingError=p
        p UpdateContactRoutingCriteria {"RoutingCriteria":{"Steps":[{"Expression":{"AttributeCondition":{"Name":"french","Value":"yes","ProficiencyLevel":"3","ComparisonOperator":"NumberGreaterOrEqualTo"}},"Expiry":{"DurationInSeconds":"9"}}]}} next=q NoMatchingError=q
        q ResumeContact next=r NoMatchingError=r
        r DequeueContactAndTransferToQueue {"QueueId":"OTHER"} next=s QueueAtCapacity=s NoMatchingError=s
        s GetMetricData {"QueueId":"BASIC"} next=u NoMatchingError=u
        u InvokeLambdaFunction {"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3","LambdaInvocationAttributes":{"a":{"b":["$.Metrics.Queue.Size","$.External"]}},"ResponseValidation":{"ResponseType":"JSON"}} next=v NoMatchingError=v
        v InvokeFlowModule {"FlowModuleId":"deep","Input":{"x":"$.External.list[0].a"}} next=w NoMatchingError=w Equals:gold=w
        w CreateTask {"Name":"$.Modules.ResultData.y","ContactFlowId":"MAIN","References":{"r":"https://a.example/"},"DelaySeconds":"5"} next=n NoMatchingError=n
        n DisconnectParticipant"#,
    );
    let defaults = DEFAULT_FLOWS.iter().map(|flow| flow.content.to_owned());
    defaults.chain([own]).map(|text| serde_json::from_str(&text).unwrap()).collect()
}

/// Those, and the flows that real projects published, when the folder with them lies beside the project.
static SEEDS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/flows");
    let files = std::fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    let real = files.iter().map(|path| Export::read(&std::fs::read_to_string(path).unwrap()).content);
    seeds().into_iter().chain(real.map(|content| serde_json::from_str(&content).unwrap())).collect()
});

/// References of elsewhere to what is in the world, or nowhere, and answers of functions.
fn surroundings() -> impl Strategy<Value = Surroundings> {
    let references =
        proptest::sample::select(vec!["*", "a", "arn:*", "*/queue/*", "*/contact-flow/*", "deep", "f", "l:*"]);
    let targets = [
        BASIC.to_string(),
        ANN.to_string(),
        NOON.to_string(),
        flow_id("main").to_string(),
        module_id("deep").to_string(),
        format!("{}:1", module_id("deep")),
        "nowhere".to_owned(),
    ];
    let references = references.prop_map(str::to_owned);
    let references = proptest::collection::btree_map(references, proptest::sample::select(targets.to_vec()), 0..5);
    let answer = prop_oneof![
        arbitrary_json().prop_map(|json| Ok(json.to_string())),
        arbitrary_json().prop_map(|json| Ok(json!({"x": json, "list": [json]}).to_string())),
        ".{0,20}".prop_map(Ok),
        ".{0,300}".prop_map(Err),
        Just(Ok(format!("{{\"x\":\"{}\"}}", "x".repeat(40_000)))),
    ];
    let answers = proptest::collection::vec(answer, 0..4);
    (references, answers, any::<bool>()).prop_map(|(references, answers, is_its_module)| Surroundings {
        references,
        answers,
        is_its_module,
    })
}

/// Every scalar of a document, to be replaced.
fn leaves(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Array(list) => list.iter_mut().flat_map(leaves).collect(),
        Value::Object(map) => map.values_mut().flat_map(leaves).collect(),
        leaf => vec![leaf],
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    let words = [
        "",
        "a",
        "b",
        "e",
        "k",
        "l",
        "n",
        "$.Name",
        "$.Attributes.x",
        "$.External",
        "$.Attributes['",
        "$",
        "Wait",
        "Compare",
        "Loop",
        "TransferToFlow",
        "ShowView",
        "UpdateContactAttributes",
        "TransferContactToQueue",
        "EndFlowExecution",
        "-1",
        "100",
        "99999999999999999999",
        "1e400",
        "NoMatchingError",
        "Equals",
        "ä\u{0}\u{1f600}",
    ];
    prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(|word| json!(word)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        ".{0,40}".prop_map(Value::String),
    ]
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let keys = [
        "Actions",
        "Identifier",
        "Type",
        "Parameters",
        "Transitions",
        "NextAction",
        "Errors",
        "Conditions",
        "Condition",
        "Operands",
        "x",
    ];
    scalar().prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::btree_map(proptest::sample::select(keys.to_vec()), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

/// A module that invokes itself.
const DEEP: &str = r#"
    i InvokeFlowModule {"FlowModuleId":"deep","Input":{"x":"$.Modules.Input.x"}} next=e NoMatchingError=e
    e EndFlowModuleExecution {"Result":"gold","ResultData":{"y":"$.Modules.Input.x"}}"#;

fn legacy_type() -> impl Strategy<Value = Value> {
    let types = [
        "PlayPrompt",
        "SetAttributes",
        "InvokeExternalResource",
        "Transfer",
        "Disconnect",
        "Resume",
        "CheckAttribute",
        "SetQueue",
        "GetUserInput",
        "StoreUserInput",
        "SetLoggingBehavior",
        "SetVoice",
        "SetRecordingBehavior",
        "SetEventHook",
        "StartMediaStreaming",
        "LoopPrompts",
        "GetMetricData",
        "CheckHoursOfOperation",
        "CheckStaffing",
        "Loop",
        "Wait",
    ];
    proptest::sample::select(types.to_vec()).prop_map(|name| json!(name))
}

/// Parameters or branches with one member of a known name.
fn legacy_list(member: &'static str) -> impl Strategy<Value = Value> {
    let names = [
        "Success",
        "Error",
        "Timeout",
        "NoMatch",
        "Evaluate",
        "Looping",
        "Complete",
        "True",
        "False",
        "Text",
        "Attribute",
        "Namespace",
        "Parameter",
        "FunctionArn",
        "TimeLimit",
        "LoopCount",
        "TimeoutSeconds",
        "Queue",
        "Type",
        "ContactFlowId",
        "Status",
    ];
    let entry = (
        proptest::sample::select(names.to_vec()),
        scalar(),
        scalar(),
        proptest::sample::select(vec!["m0", "m1", "m2"]),
    );
    let entry = entry.prop_map(move |(name, value, key, to)| {
        json!({member: name, "value": value, "key": key, "namespace": key, "transition": to, "conditionType": "Equals", "conditionValue": value})
    });
    proptest::collection::vec(entry, 0..5).prop_map(Value::Array)
}

/// What a flow meets in its instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// Entries of the reference map.
    pub(crate) references: BTreeMap<String, String>,
    /// What functions answer, one after the other and again from the first; a usual answer when there are none.
    pub(crate) answers: Vec<Result<String, String>>,
    /// Whether the module that it may invoke is the flow itself.
    pub(crate) is_its_module: bool,
}

/// Validates a document and runs a task through it whatever the validator says.
pub(crate) fn exercise(text: &str) {
    exercise_in(text, &Surroundings::default());
}

/// The same in a given instance.
pub(crate) fn exercise_in(text: &str, surroundings: &Surroundings) {
    // Converted, it is what a person might publish.
    if let Ok(converted) = convert(&Export::read(text).content) {
        exercise_in(&converted.content, surroundings);
    }
    let Ok(document) = Document::parse(text) else { return };
    for flow_type in FlowType::ALL {
        let problems = validate(&document, *flow_type, &KnowsSome);
        assert!(problems.len() <= 50);
        assert!(problems.iter().all(|p| (1..=256).contains(&p.message.chars().count())));
    }
    assert!(validate_module(&document, ModuleContract::parse(text).ok().as_ref(), &KnowsSome).len() <= 50);
    let mut world = World::new().module("deep", DEEP).limit(|limits| {
        limits.actions_per_turn = 200;
        limits.actions_without_wait_max = 2_000;
    });
    let references: Vec<_> = surroundings.references.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    world = world.references(&references);
    let hash = ContentHash::of(text);
    world.instance.contents.insert(hash, CompiledFlow::of(&document).into());
    for flow in ["main", "Default customer queue", "Default agent whisper"] {
        world.flow_mut(flow).published = Some(hash);
    }
    if surroundings.is_its_module {
        let content = ModuleContent { hash, settings: None };
        Arc::make_mut(world.instance.modules.get_mut(&module_id("deep")).unwrap()).published = Some(content);
    }
    world.run("start @x=1").unwrap();
    let id = contact_id("a");
    // Each turn and each wait is bounded, so a few rounds show that the next one comes to its end as well.
    for turn in 0..30 {
        let contact = &world.contacts[&id];
        let size = minicbor::to_vec(contact).unwrap().len();
        assert!(size < 400_000, "{size} bytes");
        assert!(contact.runs.len() <= 1 + NESTING_MAX);
        invariants::check(&world);
        let called = contact.pending_calls().next();
        if let Some((run, step)) = contact.pending_turn() {
            world.step(id, Event::Continue { run, step }).unwrap();
        } else if let Some((run, step)) = called {
            let usual = || Ok(r#"{"x": "y", "list": [{"a": 1}]}"#.repeat(1 + turn % 2));
            let answer = surroundings.answers.iter().cycle().nth(turn).cloned().unwrap_or_else(usual);
            world.step(id, Event::FunctionAnswered { run, step, answer }).unwrap();
        } else if let Some((due, _)) = contact.next_due() {
            world.instance.now = due;
            world.step(id, Event::TimerFired).unwrap();
        } else {
            assert!(contact.is_completed());
            break;
        }
    }
    let mut world = World::new();
    world.instance.contents.insert(hash, CompiledFlow::of(&document).into());
    for flow in ["Default customer queue", "Default agent whisper"] {
        world.flow_mut(flow).published = Some(hash);
    }
    for flow in ["paused", "resumed"] {
        world = world.flow_unchecked(flow, "d DisconnectParticipant");
        world.flow_mut(flow).published = Some(hash);
    }
    let life = ["start @x=1", "offer", "accept", "pause flow=paused", "resume flow=resumed", "pause", "stop", "close"];
    for command in life {
        // Refused where the flow has ended the contact or put it elsewhere.
        let _: Result<String, StepError> = world.run(command);
        invariants::check(&world);
    }
}

/// What may happen in a world with a few tasks and two agents.
fn happening() -> impl Strategy<Value = String> {
    let verbs = [
        "offer", "accept", "reject", "end", "complete", "close", "pause", "resume", "transfer", "stop", "miss", "fire",
        "dismiss", "status", "open", "gone", "signout", "wake", "route", "tick", "update", "settle",
    ];
    let names = ["a", "b", "1", "2"];
    let rest =
        ["", "to=OTHER", "to=bob", "flow=waits", "flow=again", "priority=2", "french=3 seconds=30", "expiry=200"];
    let agents = ["by=ann", "by=bob"];
    let statuses = ["available", "lunch", "offline"];
    let select = |words: &[&'static str]| proptest::sample::select(words.to_vec());
    (select(&verbs), select(&names), select(&statuses), select(&rest), select(&agents)).prop_map(
        |(verb, name, status, rest, agent)| match verb {
            "status" => format!("status {status} {agent}"),
            "tick" => "tick".to_owned(),
            _ => format!("{verb} {name} {rest} {agent}"),
        },
    )
}

/// A world whose tasks wait in their whisper, pause, resume and disconnect flows, and are queued again.
fn busy_world() -> World {
    let waits = "w Wait {\"TimeLimitSeconds\":\"60\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end DisconnectParticipant";
    let again = "q UpdateContactTargetQueue {\"QueueId\":\"OTHER\"} next=t NoMatchingError=end\n t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end\n end DisconnectParticipant";
    let hook = |id: &str, hook: &str, flow: &str, next: &str| {
        let flow = flow_id(flow);
        format!(
            "{id} UpdateContactEventHooks {{\"EventHooks\":{{\"{hook}\":\"{flow}\"}}}} next={next} NoMatchingError={next}\n"
        )
    };
    let hooks = [
        hook("a", "PauseContact", "waits", "b"),
        hook("b", "ResumeContact", "again", "c"),
        hook("c", "CustomerRemaining", "again", "d"),
        hook("d", "AgentWhisper", "whisper", "q"),
    ];
    let mut world = World::new()
        .flow("waits", waits)
        .flow("again", again)
        .flow_of_type("whisper", FlowType::AgentWhisper, &waits.replace("DisconnectParticipant", "EndFlowExecution"))
        .flow("hooked", &(hooks.concat() + again))
        .limit(|limits| limits.chain_members_max = 4);
    world.run("start a flow=hooked expiry=150").unwrap();
    world.run("start b").unwrap();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_flows(seed in any::<prop::sample::Index>(), changes in proptest::collection::vec((any::<prop::sample::Index>(), scalar()), 1..6)) {
        let mut root = seed.get(&SEEDS).clone();
        for (place, value) in changes {
            let mut leaves = leaves(&mut root);
            let place = place.index(leaves.len());
            *leaves[place] = value;
        }
        exercise(&root.to_string());
    }

    /// Flows that lead anywhere, invoke themselves as modules, and are answered anything.
    #[test]
    fn any_surroundings(
        seed in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), scalar()), 0..3),
        surroundings in surroundings(),
    ) {
        let mut root = seed.get(&SEEDS).clone();
        for (place, value) in changes {
            let mut leaves = leaves(&mut root);
            let place = place.index(leaves.len());
            *leaves[place] = value;
        }
        exercise_in(&root.to_string(), &surroundings);
    }

    /// A map leads to its own targets alone, and is what it was when it is read again.
    #[test]
    fn arbitrary_reference_maps(
        entries in proptest::collection::btree_map("[*a:/.]{0,6}", "[*a:/]{0,4}", 0..6),
        given in proptest::collection::vec("(arn:)?[ab:/$.]{0,8}", 1..8),
    ) {
        let Ok(map) = ReferenceMap::new(entries.clone()) else { return Ok(()) };
        let stored: ReferenceMap = minicbor::decode(&minicbor::to_vec(&map).unwrap()).unwrap();
        prop_assert_eq!(&stored, &map);
        for given in given {
            if let Some(target) = map.target(&given) {
                prop_assert!(entries.values().any(|known| target.starts_with(known.as_str())), "{given} leads to {target}");
            }
            if let Some(exact) = entries.get(&given) {
                prop_assert!(map.target(&given).is_some_and(|target| target == exact.as_str()), "{given}");
            }
            let _: Option<(ContactFlowModuleId, &str)> = read_reference(&given);
        }
    }

    /// Whatever happens, a contact is in one place, its agent has it, and a refusal changes nothing.
    #[test]
    fn arbitrary_lives(happenings in proptest::collection::vec((0..90_i64, happening()), 1..40)) {
        let mut world = busy_world();
        for (seconds, command) in happenings {
            world.instance.now = world.instance.now.plus_seconds(seconds);
            let name = command.split(' ').nth(1).unwrap_or("a");
            let of_contact = !matches!(command.split(' ').next(), Some("status" | "open" | "gone" | "signout" | "wake" | "tick" | "dismiss"));
            if of_contact && !world.contacts.contains_key(&contact_id(name)) {
                continue;
            }
            if command.starts_with("route") && !["priority", "french"].iter().any(|given| command.contains(given)) {
                continue;
            }
            let before = (world.contacts.clone(), world.instance.agents.clone());
            let result = world.run(&command);
            invariants::check(&world);
            if result.is_err() {
                prop_assert!(before == (world.contacts.clone(), world.instance.agents.clone()), "{command} was refused and changed something");
            }
        }
    }

    #[test]
    fn arbitrary_documents(actions in proptest::collection::vec(arbitrary_json(), 0..4), root in arbitrary_json()) {
        exercise(&root.to_string());
        exercise(&json!({"Version": "2019-10-30", "StartAction": "a", "Actions": actions}).to_string());
    }

    #[test]
    fn arbitrary_exports(modules in proptest::collection::vec((legacy_type(), legacy_list("name"), legacy_list("condition")), 0..6)) {
        let module = |(place, (kind, parameters, branches)): (usize, (Value, Value, Value))| {
            json!({"id": format!("m{place}"), "type": kind, "target": "Queue", "parameters": parameters, "branches": branches})
        };
        let modules: Vec<Value> = modules.into_iter().enumerate().map(module).collect();
        exercise(&json!({"modules": modules, "start": "m0", "type": "contactFlow"}).to_string());
    }

    #[test]
    fn arbitrary_text(text in "\\PC{0,200}") {
        exercise(&text);
        let attributes = json!({"Identifier": "a", "Type": "UpdateContactAttributes", "Parameters": {"Attributes": {"x": text}}, "Transitions": {"NextAction": "a"}});
        exercise(&json!({"StartAction": "a", "Actions": [attributes]}).to_string());
    }
}
