//! How records look in the store.

use std::fmt::Write as _;

use engine::Timestamp;
use engine::contact::{Contact, ReferenceType};
use engine::start_task::references;
use expect_test::expect;
use minicbor::{Decode, Encode};

use crate::world::{START, World, contact_id};

/// The first field of a contact that came with agents.
const AGENT_FIELDS_BEGIN: u64 = 32;

#[test]
fn a_queued_task_is_little_more_than_what_its_maker_gave() {
    let mut world = World::new();
    let mut task = world.new_task("a", "main");
    task.name = "n".repeat(60);
    task.description = Some("d".repeat(300));
    let reference = ("order".to_owned(), ReferenceType::Url, format!("https://shop.example/{}", "o".repeat(60)));
    task.references = references::check([reference], &world.instance.limits).unwrap();
    world.begin(task).unwrap();
    let contact = &world.contacts[&contact_id("a")];
    let given = 60 + 300 + 5 + 81;
    let size = minicbor::to_vec(contact).unwrap().len();
    assert!(size - given < 160, "{size} bytes for {given} that were given");
}

/// The present form of a record, and one of a later version that has a field more.
#[test]
fn a_record_can_be_given_optional_fields_later() {
    #[derive(Encode)]
    struct Old {
        #[n(0)]
        at: Timestamp,
    }
    #[derive(Decode, Debug, PartialEq)]
    struct New {
        #[n(0)]
        at: Timestamp,
        #[n(1)]
        by: Option<String>,
    }
    let bytes = minicbor::to_vec(Old { at: Timestamp(7) }).unwrap();
    assert_eq!(minicbor::decode::<New>(&bytes).unwrap(), New { at: Timestamp(7), by: None });
}

#[test]
fn bytes_that_are_no_contact_are_an_error() {
    for bytes in [&[][..], &[0x80], &[0xff; 40], &[0x9f]] {
        assert!(minicbor::decode::<Contact>(bytes).is_err());
    }
}

/// What agents added to the record of a contact. These lines are how it is stored: they are never changed, for stored
/// records are read for ever; a new field may follow.
#[test]
fn the_stored_form_of_what_agents_bring() {
    let mut world = World::new();
    let mut lines = String::new();
    let life = [
        "start",
        "route french=3 seconds=60",
        "offer",
        "reject",
        "dismiss",
        "offer",
        "accept",
        "pause",
        "end",
        "close",
    ];
    for (second, command) in life.into_iter().enumerate() {
        world.instance.now = START.plus_seconds(i64::try_from(second).unwrap());
        world.run(command).unwrap();
        let contact = &world.contacts[&contact_id("a")];
        let bytes = minicbor::to_vec(contact).unwrap();
        assert_eq!(minicbor::decode::<Contact>(&bytes).unwrap(), *contact);
        let mut fields = minicbor::Decoder::new(&bytes);
        let count = fields.array().unwrap().unwrap();
        for _ in 0..AGENT_FIELDS_BEGIN.min(count) {
            fields.skip().unwrap();
        }
        let digits: String = bytes[fields.position()..].iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(lines, "{:9} {digits}", format!("{:?}", contact.state)).unwrap();
    }
    expect![[r#"
        Queued    
        Queued    f600f6f681838184820081820083666672656e636863796573fa40400000183c011b0000019b9854ec481b0000019b985401e800
        Offered   8250a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01b0000019b985405d001f6f681838184820081820083666672656e636863796573fa40400000183c011b0000019b9854ec481b0000019b985401e800
        Queued    f601f6f681838184820081820083666672656e636863796573fa40400000183c011b0000019b9854ec481b0000019b985401e800
        Queued    f601f6f681838184820081820083666672656e636863796573fa40400000183c011b0000019b9854ec481b0000019b985401e800
        Offered   8250a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01b0000019b9854118802f6f681838184820081820083666672656e636863796573fa40400000183c011b0000019b9854ec481b0000019b985401e800
        Connected f6028750a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01b0000019b9854157000f6f6f6f5f681838184820081820083666672656e636863796573fa40400000183c031b0000019b9854ec481b0000019b985401e800
        Paused    f6028750a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01b0000019b9854157000f6f6f6f585011b0000019b98541958f6000281838184820081820083666672656e636863796573fa40400000183c031b0000019b9854ec481b0000019b985401e800
        Ended     f6028750a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01b0000019b985415701903e81b0000019b98541d40f6f6f484011b0000019b98541958f61903e881838184820081820083666672656e636863796573fa40400000183c031b0000019b9854ec481b0000019b985401e800
        Completed f6028750a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01b0000019b985415701903e81b0000019b98541d40f61b0000019b98542128f484011b0000019b98541958f61903e881838184820081820083666672656e636863796573fa40400000183c031b0000019b9854ec481b0000019b985401e800
    "#]].assert_eq(&lines);
}
