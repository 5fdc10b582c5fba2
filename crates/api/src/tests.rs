//! What the tables must hold true for look-ups to work.

use super::*;
use crate::facts::{Location, Segment};

#[test]
fn operations_and_exceptions_are_sorted_by_name() {
    assert!(OPERATIONS.is_sorted_by_key(|facts| facts.name));
    assert!(EXCEPTIONS.is_sorted_by_key(|facts| facts.name));
    for facts in &OPERATIONS {
        assert_eq!(operation(facts.name).map(|found| found.name), Some(facts.name));
    }
}

#[test]
fn every_label_of_a_typed_operation_is_a_member() {
    for facts in &OPERATIONS {
        let Some(input) = facts.input else { continue };
        for segment in facts.path {
            if let Segment::Label(name) = segment {
                let member = input.member(name).expect(name);
                assert_eq!((member.location, member.required), (Location::Label, true), "{} {name}", facts.name);
            }
        }
    }
}

#[test]
fn markers_lead_to_their_facts() {
    assert_eq!(operations::StartTaskContact::FACTS.name, "StartTaskContact");
    assert_eq!(operations::StartTaskContact::FACTS.path_template(), "/contact/task");
    assert_eq!(operations::DescribeContact::FACTS.path_template(), "/contacts/{InstanceId}/{ContactId}");
}

#[test]
fn timestamps_have_one_form_on_the_wire() {
    for (milliseconds, text) in
        [(0, "0"), (1_700_000_000_000, "1700000000"), (1_700_000_000_120, "1700000000.12"), (-1, "-0.001")]
    {
        assert_eq!(serde_json::to_string(&Timestamp(milliseconds)).unwrap(), text);
        assert_eq!(serde_json::from_str::<Timestamp>(text).unwrap(), Timestamp(milliseconds));
    }
    assert_eq!(serde_json::from_str::<Timestamp>("1.73229019499E9").unwrap(), Timestamp(1_732_290_194_990));
    assert!(serde_json::from_str::<Timestamp>("1e300").is_err());
}

#[test]
fn outputs_leave_out_what_is_not_set() {
    let answer = shapes::StartTaskContactResponse { contact_id: Some("c".into()) };
    assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"ContactId":"c"}"#);
    assert_eq!(serde_json::to_string(&shapes::StartTaskContactResponse::default()).unwrap(), "{}");
    assert_eq!(serde_json::to_string(&Empty {}).unwrap(), "{}");
}

#[test]
fn unions_and_enums_have_the_form_of_the_model() {
    let values = shapes::PredefinedAttributeValues::StringList(vec!["gold".into()]);
    assert_eq!(serde_json::to_string(&values).unwrap(), r#"{"StringList":["gold"]}"#);
    assert_eq!(shapes::ReferenceType::NAMES.len(), shapes::ReferenceType::ALL.len());
    assert_eq!("URL".parse(), Ok(shapes::ReferenceType::Url));
    assert!("url".parse::<shapes::ReferenceType>().is_err());
}

#[test]
fn sensitive_members_are_not_printed() {
    let input: shapes::StartTaskContactRequest =
        serde_json::from_str(r#"{"InstanceId": "i", "Name": "a secret", "Description": "another"}"#).unwrap();
    let printed = format!("{input:?}");
    assert!(printed.contains("instance_id: \"i\""), "{printed}");
    assert!(!printed.contains("secret") && !printed.contains("another"), "{printed}");
}
