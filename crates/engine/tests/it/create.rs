//! Links between contacts, attributes and sizes: R2 to R6, R19, R22.

use engine::contact::{Reference, ReferenceType};
use engine::start_task::attributes::check_keys;
use expect_test::expect;

use crate::world::{World, contact_id};

#[test]
fn r3_previous_shares_attributes_and_r4_related_copies_them() {
    let world = World::new().check(
        "0 start a @x=1
         1 start b previous=a @y=2
         2 start c related=a @z=3
         3 attributes b x=9",
        expect![[r#"
            0 start a @x=1 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 start b previous=a @y=2 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            2 start c related=a @z=3 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            3 attributes b x=9 => Queued, updated [UserDefinedAttributes]
        "#]],
    );
    let [a, b, c] = ["a", "b", "c"].map(|name| &world.contacts[&contact_id(name)]);
    assert_eq!((b.previous, b.initial, b.association, b.depth), (Some(a.id), Some(a.id), Some(a.id), 2));
    assert_eq!((c.related, c.initial, c.association, c.depth), (Some(a.id), None, Some(a.id), 1));
    let attributes = |id| format!("{:?}", world.instance.chains[id].attributes);
    assert_eq!(attributes(&a.id), r#"{"x": "9", "y": "2"}"#);
    assert_eq!(attributes(&c.id), r#"{"x": "1", "y": "2", "z": "3"}"#);
    let chain = &world.instance.chains[&a.id];
    assert_eq!((chain.members, chain.open), (2, 2));
}

#[test]
fn r6_at_most_12_tasks_name_one_contact() {
    let mut world = World::new();
    world.run("start a").unwrap();
    for i in 0..12 {
        world.run(&format!("start t{} previous=a", char::from(b'a' + i))).unwrap();
    }
    let refused = world.run("start z previous=a").unwrap_err().to_string();
    assert_eq!(
        refused,
        format!("12 tasks already name contact {} as PreviousContactId, which is the most", contact_id("a"))
    );
    world.run("start y previous=ta").unwrap();
}

#[test]
fn r6_a_chain_is_at_most_12_contacts_long() {
    let mut world = World::new();
    world.run("start a").unwrap();
    for i in 0..11 {
        let (previous, name) = (char::from(b'a' + i), char::from(b'b' + i));
        world.run(&format!("start {name} previous={previous}")).unwrap();
    }
    let refused = world.run("start z previous=l").unwrap_err().to_string();
    assert_eq!(refused, format!("the chain of contact {} is 12 contacts long, which is the most", contact_id("l")));
}

#[test]
fn r19_r22_attributes_have_a_size_together() {
    let mut world = World::new();
    world.run(&format!("start a @x={}", "v".repeat(32_767))).unwrap();
    let refused = world.run("start b previous=a @y=1").unwrap_err().to_string();
    expect!["attributes of contact would be 32770 bytes in UTF-8, keys and values together: the most is 32768"]
        .assert_eq(&refused);
    let refused = world.run("attributes a y=1").unwrap_err().to_string();
    assert!(refused.contains("32770 bytes"), "{refused}");
    world.run("attributes a x=short").unwrap();
    world.run("start b previous=a @y=1").unwrap();
}

#[test]
fn r19_attribute_keys() {
    let check = |key: &str| check_keys([&key.to_owned()]).is_ok();
    assert!(check("a-b_C9") && check("ä"));
    assert!(!check("") && !check("a b") && !check("a.b") && !check("$"));
}

#[test]
fn r19a_r24_references_and_files_share_their_keys() {
    let world = World::new();
    let mut task = world.new_task("a", "main");
    let reference = |value: String| Reference {
        reference_type: ReferenceType::String,
        value,
        status: None,
        status_reason: None,
        file: None,
    };
    task.references.insert("k".into(), reference("v".repeat(4_096)));
    assert!(world.create(task.clone(), None, None).unwrap_err().to_string().contains("4097 bytes"));
    task.references.insert("k".into(), reference("v".repeat(4_095)));
    assert!(world.create(task, None, None).is_ok());
}
