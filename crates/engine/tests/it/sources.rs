//! Which flow a task runs: every combination of sources.

use engine::contact::State;
use engine::flow::{FlowState, FlowType};
use engine::id::{ContactFlowId, QueueId, QuickConnectId, UserId};
use engine::quick_connect::{QuickConnect, QuickConnectConfig};
use engine::start_task::flow_source::{Choice, Sources, check_flow, choose};
use engine::template::{FieldType, TaskTemplate, TaskTemplateField, TaskTemplateStatus};
use expect_test::expect;

use crate::template::template;
use crate::world::{BASIC, START, World, flow_id};

const FLOW: ContactFlowId = ContactFlowId::from_bytes([1; 16]);
const TEMPLATE_FLOW: ContactFlowId = ContactFlowId::from_bytes([2; 16]);
const SELF_FLOW: ContactFlowId = ContactFlowId::from_bytes([3; 16]);
const TRANSFER_FLOW: ContactFlowId = ContactFlowId::from_bytes([4; 16]);
const ANN: UserId = UserId::from_bytes([5; 16]);

fn quick_connect(config: QuickConnectConfig) -> QuickConnect {
    QuickConnect {
        id: QuickConnectId::from_bytes([9; 16]),
        name: "q".into(),
        description: None,
        config,
        tags: Default::default(),
        last_modified: START,
    }
}

fn with(flow: Option<ContactFlowId>, self_flow: Option<ContactFlowId>, quick_connect_field: bool) -> TaskTemplate {
    let mut template = template();
    template.flow = flow;
    template.self_assign_flow = self_flow;
    if quick_connect_field {
        template.fields.push(TaskTemplateField {
            name: "To".into(),
            description: None,
            field_type: Some(FieldType::QuickConnect),
            options: vec![],
        });
    }
    template
}

fn shown(sources: Sources<'_>) -> String {
    match choose(sources) {
        Ok(Choice { flow, flow_type, target_queue }) => {
            let flow = match flow {
                FLOW => "the flow",
                TEMPLATE_FLOW => "the template's flow",
                SELF_FLOW => "the template's self-assign flow",
                TRANSFER_FLOW => "the quick connect's flow",
                _ => "another flow",
            };
            let queue = target_queue.map(|id| if id == BASIC { ", BasicQueue" } else { ", the agent's queue" });
            format!("{flow} of type {flow_type}{}", queue.unwrap_or_default())
        }
        Err(refusal) => format!("refused: {refusal}"),
    }
}

#[test]
fn r1_exactly_one_source_of_a_flow() {
    let queue = quick_connect(QuickConnectConfig::Queue { queue: BASIC, flow: TRANSFER_FLOW });
    let user = quick_connect(QuickConnectConfig::User { user: ANN, flow: TRANSFER_FLOW });
    let templates = [
        ("none", None),
        ("with flow", Some(with(Some(TEMPLATE_FLOW), Some(SELF_FLOW), false))),
        ("bare", Some(with(None, None, false))),
        ("bare, QUICK_CONNECT", Some(with(None, None, true))),
    ];
    let mut table = String::new();
    for (name, template) in &templates {
        for (quick_name, quick_connect) in [("none", None), ("queue", Some(&queue)), ("user", Some(&user))] {
            for flow in [None, Some(FLOW)] {
                let sources = Sources { template: template.as_ref(), quick_connect, flow, ..Sources::default() };
                let flow = if flow.is_some() { "flow" } else { "none" };
                table += &format!("{name:20} {quick_name:6} {flow:5} {}\n", shown(sources));
            }
        }
    }
    expect![[r#"
        none                 none   none  refused: cannot identify the unique flow: give a ContactFlowId, a QuickConnectId or a TaskTemplateId with a flow
        none                 none   flow  the flow of type CONTACT_FLOW
        none                 queue  none  the quick connect's flow of type QUEUE_TRANSFER, BasicQueue
        none                 queue  flow  refused: cannot identify the unique flow: ContactFlowId and QuickConnectId both name one, give only one of them
        none                 user   none  the quick connect's flow of type AGENT_TRANSFER, the agent's queue
        none                 user   flow  refused: cannot identify the unique flow: ContactFlowId and QuickConnectId both name one, give only one of them
        with flow            none   none  the template's flow of type CONTACT_FLOW
        with flow            none   flow  refused: cannot identify the unique flow: TaskTemplateId and ContactFlowId both name one, give only one of them
        with flow            queue  none  refused: cannot identify the unique flow: TaskTemplateId and QuickConnectId both name one, give only one of them
        with flow            queue  flow  refused: cannot identify the unique flow: ContactFlowId and QuickConnectId both name one, give only one of them
        with flow            user   none  refused: cannot identify the unique flow: TaskTemplateId and QuickConnectId both name one, give only one of them
        with flow            user   flow  refused: cannot identify the unique flow: ContactFlowId and QuickConnectId both name one, give only one of them
        bare                 none   none  refused: cannot identify the unique flow: task template 07070707-0707-0707-0707-070707070707 has none, give a ContactFlowId too
        bare                 none   flow  the flow of type CONTACT_FLOW
        bare                 queue  none  refused: task template 07070707-0707-0707-0707-070707070707 has no field of type QUICK_CONNECT: a QuickConnectId cannot be given with it
        bare                 queue  flow  refused: cannot identify the unique flow: ContactFlowId and QuickConnectId both name one, give only one of them
        bare                 user   none  refused: task template 07070707-0707-0707-0707-070707070707 has no field of type QUICK_CONNECT: a QuickConnectId cannot be given with it
        bare                 user   flow  refused: cannot identify the unique flow: ContactFlowId and QuickConnectId both name one, give only one of them
        bare, QUICK_CONNECT  none   none  refused: cannot identify the unique flow: task template 07070707-0707-0707-0707-070707070707 has none, give a ContactFlowId too
        bare, QUICK_CONNECT  none   flow  the flow of type CONTACT_FLOW
        bare, QUICK_CONNECT  queue  none  the quick connect's flow of type QUEUE_TRANSFER, BasicQueue
        bare, QUICK_CONNECT  queue  flow  refused: cannot identify the unique flow: ContactFlowId and QuickConnectId both name one, give only one of them
        bare, QUICK_CONNECT  user   none  the quick connect's flow of type AGENT_TRANSFER, the agent's queue
        bare, QUICK_CONNECT  user   flow  refused: cannot identify the unique flow: ContactFlowId and QuickConnectId both name one, give only one of them
    "#]].assert_eq(&table);
    assert_eq!(
        choose(Sources { quick_connect: Some(&user), ..Sources::default() }).unwrap().target_queue,
        Some(QueueId::of_agent(ANN))
    );
}

#[test]
fn r11_self_assignment() {
    let with_flow = with(Some(TEMPLATE_FLOW), Some(SELF_FLOW), false);
    let without = with(Some(TEMPLATE_FLOW), None, false);
    let base = Sources { template: Some(&with_flow), self_assigned: true, has_creator: true, ..Sources::default() };
    let table = [
        shown(base),
        shown(Sources { has_creator: false, ..base }),
        shown(Sources { template: None, ..base }),
        shown(Sources { template: Some(&without), ..base }),
        shown(Sources { flow: Some(FLOW), ..base }),
    ];
    expect![[r#"
        the template's self-assign flow of type CONTACT_FLOW
        refused: connect:AssignmentType SELF needs connect:CreatedByUser
        refused: connect:AssignmentType SELF needs a TaskTemplateId
        refused: connect:AssignmentType SELF needs a task template with a SelfAssignFlowId
        refused: cannot identify the unique flow: connect:AssignmentType SELF and ContactFlowId both name one, give only one of them"#]].assert_eq(&table.join("\n"));
}

#[test]
fn r14_an_inactive_template_makes_no_tasks() {
    let mut template = with(Some(TEMPLATE_FLOW), None, false);
    template.status = TaskTemplateStatus::Inactive;
    assert!(
        shown(Sources { template: Some(&template), ..Sources::default() })
            .contains("is INACTIVE: only ACTIVE templates make tasks")
    );
}

#[test]
fn r16_only_quick_connects_to_users_and_queues() {
    for config in [QuickConnectConfig::PhoneNumber { number: "+1".into() }, QuickConnectConfig::Flow { flow: FLOW }] {
        let quick_connect = quick_connect(config);
        let text = shown(Sources { quick_connect: Some(&quick_connect), ..Sources::default() });
        assert!(text.ends_with("a task can use USER and QUEUE"), "{text}");
    }
}

#[test]
fn r17_the_flow_is_there_published_active_and_inbound() {
    let mut world = World::new().flow("f", "end DisconnectParticipant");
    let choice = Choice { flow: flow_id("f"), flow_type: FlowType::ContactFlow, target_queue: None };
    let check =
        |world: &World, choice: &Choice| check_flow(choice, world.instance.flows.get(&choice.flow).map(|flow| &**flow));
    assert_eq!(check(&world, &choice), Ok(()));
    let text = |result: Result<(), engine::refusal::Refusal>| result.unwrap_err().to_string();
    assert!(text(check(&world, &Choice { flow: FLOW, ..choice })).contains("not found in the instance"));
    assert!(
        text(check(&world, &Choice { flow_type: FlowType::QueueTransfer, ..choice }))
            .contains("it is of type CONTACT_FLOW")
    );
    world.flow_mut("f").state = FlowState::Archived;
    assert!(text(check(&world, &choice)).contains("ARCHIVED"));
    world.flow_mut("f").state = FlowState::Active;
    world.flow_mut("f").published = None;
    assert!(text(check(&world, &choice)).contains("never published"));
    assert_eq!(format!("{:?}", State::Queued), "Queued");
}
