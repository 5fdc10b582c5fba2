//! Start a task, see it queued, meet typed errors.

use std::time::Duration;

use aws_sdk_connect::Client;
use aws_sdk_connect::error::ProvideErrorMetadata;
use aws_sdk_connect::operation::RequestId;
use aws_sdk_connect::types::{
    Channel, Contact, ContactFlowType, DirectoryType, InstanceStatus, QueueType, Reference, ReferenceType,
};
use rust_sdk_tests::Server;
use serde_json::json;

/// How often a condition is looked at until it is true, and how long between two looks.
const LOOKS_MAX: u32 = 3000;
const LOOK: Duration = Duration::from_millis(20);

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

struct World {
    client: Client,
    instance: String,
    queue: String,
    flow: String,
}

impl World {
    async fn create(client: Client) -> World {
        let created = client
            .create_instance()
            .identity_management_type(DirectoryType::ConnectManaged)
            .instance_alias("rust-tests")
            .inbound_calls_enabled(true)
            .outbound_calls_enabled(true)
            .send()
            .await
            .unwrap();
        let instance = created.id().unwrap().to_owned();
        wait_until_active(&client, &instance).await;
        let queues = client.list_queues().instance_id(&instance).queue_types(QueueType::Standard).send().await.unwrap();
        let queue = queues.queue_summary_list().iter().find(|queue| queue.name() == Some("BasicQueue")).unwrap();
        let queue = queue.id().unwrap().to_owned();
        let flow = client
            .create_contact_flow()
            .instance_id(&instance)
            .name("flow")
            .r#type(ContactFlowType::ContactFlow)
            .content(flow_into(&queue))
            .send()
            .await
            .unwrap();
        let flow = flow.contact_flow_id().unwrap().to_owned();
        World { client, instance, queue, flow }
    }

    async fn contact(&self, id: &str) -> Contact {
        let answer = self.client.describe_contact().instance_id(&self.instance).contact_id(id).send().await.unwrap();
        answer.contact().unwrap().clone()
    }

    async fn contact_in_queue(&self, id: &str) -> Contact {
        for _ in 0..LOOKS_MAX {
            let contact = self.contact(id).await;
            if contact.queue_info().is_some_and(|info| info.enqueue_timestamp().is_some()) {
                return contact;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("contact {id} was not queued");
    }
}

async fn wait_until_active(client: &Client, instance: &str) {
    for _ in 0..LOOKS_MAX {
        let answer = client.describe_instance().instance_id(instance).send().await.unwrap();
        if answer.instance().unwrap().instance_status() == Some(&InstanceStatus::Active) {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("instance {instance} did not become ACTIVE");
}

fn flow_into(queue: &str) -> String {
    let end = |error: &str| json!({"ErrorType": error, "NextAction": "end"});
    json!({
        "Version": "2019-10-30",
        "StartAction": "set queue",
        "Actions": [
            {
                "Identifier": "set queue",
                "Type": "UpdateContactTargetQueue",
                "Parameters": {"QueueId": queue},
                "Transitions": {"NextAction": "to queue", "Errors": [end("NoMatchingError")]},
            },
            {
                "Identifier": "to queue",
                "Type": "TransferContactToQueue",
                "Parameters": {},
                "Transitions": {"NextAction": "end", "Errors": [end("QueueAtCapacity"), end("NoMatchingError")]},
            },
            {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
        ],
    })
    .to_string()
}

#[tokio::test]
async fn the_story_of_a_task() {
    let server = Server::start();
    let world = World::create(server.client()).await;
    let start = || {
        let page = Reference::builder().r#type(ReferenceType::Url).value("https://example.com/12").build().unwrap();
        world
            .client
            .start_task_contact()
            .instance_id(&world.instance)
            .contact_flow_id(&world.flow)
            .name("a task")
            .attributes("order", "12")
            .references("page", page)
            .client_token("rust-token")
    };
    let started = start().send().await.unwrap();
    assert!(started.request_id().is_some());
    let id = started.contact_id().unwrap();
    assert_eq!(start().send().await.unwrap().contact_id(), Some(id));

    let contact = world.contact_in_queue(id).await;
    assert_eq!(contact.channel(), Some(&Channel::Task));
    assert_eq!(contact.queue_info().unwrap().id(), Some(world.queue.as_str()));
    assert_eq!(contact.attributes().unwrap()["order"], "12");

    world.client.stop_contact().instance_id(&world.instance).contact_id(id).send().await.unwrap();
    assert_eq!(world.contact(id).await.disconnect_reason(), Some("API"));
}

#[tokio::test]
async fn errors_arrive_as_their_types() {
    let server = Server::start();
    let world = World::create(server.client()).await;
    let unknown =
        world.client.describe_contact().instance_id(&world.instance).contact_id(NOBODY).send().await.unwrap_err();
    assert!(unknown.as_service_error().unwrap().is_resource_not_found_exception(), "{unknown:?}");

    let no_flow =
        world.client.start_task_contact().instance_id(&world.instance).name("no flow").send().await.unwrap_err();
    let no_flow = no_flow.into_service_error();
    assert!(no_flow.is_invalid_request_exception(), "{no_flow:?}");
    assert!(no_flow.message().unwrap().contains("unique flow"), "{no_flow:?}");

    let gone = world.client.stop_contact().instance_id(&world.instance).contact_id(NOBODY).send().await.unwrap_err();
    assert!(gone.as_service_error().unwrap().is_contact_not_found_exception(), "{gone:?}");

    let liar = server.client_with("not the secret").list_instances().send().await.unwrap_err();
    assert_eq!(liar.code(), Some("InvalidSignatureException"));
}
