//! How records look in the store.

use engine::Timestamp;
use engine::contact::{Contact, ReferenceType};
use engine::start_task::references;
use minicbor::{Decode, Encode};

use crate::world::{World, contact_id};

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
