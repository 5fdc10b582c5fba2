//! Task templates: what a definition has to be, and what it makes of a request.

use engine::contact::{Reference, ReferenceType};
use engine::id::{ContactFlowId, TaskTemplateId};
use engine::limits::Limits;
use engine::start_task::references;
use engine::template::{
    FieldConstraints, FieldDefault, FieldType, TaskFields, TaskTemplate, TaskTemplateField, TaskTemplateStatus, apply,
    check,
};
use expect_test::{Expect, expect};

use crate::world::{START, World, flow_id};

/// A template with a field of type NAME.
pub(crate) fn template() -> TaskTemplate {
    TaskTemplate {
        id: TaskTemplateId::from_bytes([7; 16]),
        version: 1,
        name: "Return".into(),
        description: None,
        flow: Some(flow_id("main")),
        self_assign_flow: None,
        status: TaskTemplateStatus::Active,
        fields: vec![field("Name", FieldType::Name)],
        constraints: FieldConstraints::default(),
        defaults: vec![],
        tags: Default::default(),
        created: START,
        last_modified: START,
    }
}

fn field(name: &str, field_type: FieldType) -> TaskTemplateField {
    TaskTemplateField { name: name.into(), description: None, field_type: Some(field_type), options: vec![] }
}

fn default(field: &str, value: &str) -> FieldDefault {
    FieldDefault { field: field.into(), value: value.into() }
}

/// A template that has about everything.
fn full() -> TaskTemplate {
    let mut template = template();
    template.fields.extend([
        field("Notes", FieldType::Description),
        field("Order", FieldType::Number),
        field("Mail", FieldType::Email),
        field("Fragile", FieldType::Boolean),
        field("Size", FieldType::SingleSelect),
        field("Lives", FieldType::ExpiryDuration),
        field("Source", FieldType::Text),
    ]);
    template.fields[5].options = vec!["S".into(), "L".into()];
    template.constraints.required = vec!["Name".into(), "Order".into()];
    template.constraints.read_only = vec!["Source".into()];
    template.constraints.invisible = vec!["Lives".into()];
    template.defaults =
        vec![default("Size", "S"), default("Lives", "60"), default("Source", "web"), default("Notes", "none")];
    template
}

#[expect(clippy::needless_pass_by_value, reason = "as expect! is written at the end of a call")]
fn check_definition(change: impl Fn(&mut TaskTemplate), expected: Expect) {
    let world = World::new();
    let mut template = full();
    change(&mut template);
    let flow = |id: ContactFlowId| world.instance.flows.get(&id).map(|flow| &**flow);
    let problems = check(&template, flow, &Limits::default());
    let shown: Vec<String> = problems.iter().map(|p| format!("{} {}: {}", p.path, p.reason, p.message)).collect();
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn definitions() {
    check_definition(|_| {}, expect![[r#""#]]);
    check_definition(
        |template| {
            template.fields.push(field("Name", FieldType::Name));
            template.fields[5].options.clear();
            template.fields[1].options.push("x".into());
            template.fields.remove(0);
        },
        expect![[r#"
            Fields[0].SingleSelectOptions NOT_SUPPORTED: a DESCRIPTION field has no options
            Fields[4].SingleSelectOptions REQUIRED_PROPERTY_MISSING: a SINGLE_SELECT field needs options
            Defaults.DefaultFieldValues[0].DefaultValue INVALID_FORMAT: the value has to be one of its options: "#]],
    );
    check_definition(
        |template| {
            template.flow = None;
            template.fields.push(field("Mine", FieldType::SelfAssign));
            template.constraints.invisible.push("Nothing".into());
            template.constraints.read_only.push("Order".into());
        },
        expect![[r#"
            Constraints.InvisibleFields[1].Id.Name REFERENCED_RESOURCE_NOT_FOUND: no field of the template is named "Nothing"
            Constraints.RequiredFields[1].Id.Name REQUIRED_PROPERTY_MISSING: field "Order" is required and cannot be filled in: give it a default value
            ContactFlowId REQUIRED_PROPERTY_MISSING: an ACTIVE template needs a ContactFlowId or a field of type QUICK_CONNECT
            SelfAssignFlowId REQUIRED_PROPERTY_MISSING: a template with a field of type SELF_ASSIGN needs a SelfAssignFlowId"#]],
    );
    check_definition(
        |template| {
            template.flow = Some(flow_id("gone"));
            template.defaults = vec![
                default("Size", "M"),
                default("Lives", "0"),
                default("Order", "many"),
                default("Gone", "x"),
                default("Order", "1"),
                default("Fragile", "yes"),
            ];
        },
        expect![[r#"
            Defaults.DefaultFieldValues[0].DefaultValue INVALID_FORMAT: the value has to be one of its options: S, L
            Defaults.DefaultFieldValues[1].DefaultValue INVALID_FORMAT: ExpiryDuration 0 is out of range: give 1 to 129600 minutes
            Defaults.DefaultFieldValues[2].DefaultValue INVALID_FORMAT: the value of a NUMBER has to be a number such as 12.5
            Defaults.DefaultFieldValues[3].Id.Name REFERENCED_RESOURCE_NOT_FOUND: no field of the template is named "Gone"
            Defaults.DefaultFieldValues[4].Id.Name UNIQUE_CONSTRAINT_VIOLATED: field "Order" has two default values, give one
            Defaults.DefaultFieldValues[5].DefaultValue INVALID_FORMAT: the value has to be true or false
            ContactFlowId REFERENCED_RESOURCE_NOT_FOUND: no published and active flow has the id 283bb9de-ef02-e684-3abf-b538efa1eca7"#]],
    );
    check_definition(
        |template| {
            template.flow = None;
            template.status = TaskTemplateStatus::Inactive;
        },
        expect![[r#""#]],
    );
}

fn reference(reference_type: ReferenceType, value: &str) -> Reference {
    Reference { reference_type, value: value.into(), status: None, status_reason: None, file: None }
}

#[expect(clippy::needless_pass_by_value, reason = "as expect! is written at the end of a call")]
fn check_task(change: impl Fn(&mut TaskFields), expected: Expect) {
    let mut fields = TaskFields { name: "Task".into(), ..TaskFields::default() };
    fields.references.insert("Order".into(), reference(ReferenceType::Number, "7"));
    change(&mut fields);
    let shown = match apply(&full(), &mut fields, false, &Limits::default()) {
        Ok(()) => {
            let mut shown = format!("{:?}, {:?}, {:?} minutes", fields.name, fields.description, fields.expiry_minutes);
            for (key, reference) in &fields.references {
                shown += &format!(", {key} {} {}", reference.reference_type, reference.value);
            }
            shown
        }
        Err(refusal) => refusal.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn r15_a_task_is_filled_and_checked_by_its_template() {
    check_task(
        |_| {},
        expect![[r#""Task", Some("none"), Some(60) minutes, Order NUMBER 7, Size STRING S, Source STRING web"#]],
    );
    check_task(
        |fields| fields.name.clear(),
        expect![[r#"field "Name" of task template 07070707-0707-0707-0707-070707070707: it is required: give Name"#]],
    );
    check_task(
        |fields| fields.references.clear(),
        expect![[
            r#"field "Order" of task template 07070707-0707-0707-0707-070707070707: it is required: give a reference with key "Order""#
        ]],
    );
    let put = |key: &'static str, reference_type, value: &'static str| {
        move |fields: &mut TaskFields| {
            fields.references.insert(key.into(), reference(reference_type, value));
        }
    };
    check_task(
        put("Size", ReferenceType::String, "M"),
        expect![[
            r#"field "Size" of task template 07070707-0707-0707-0707-070707070707: the value has to be one of its options: S, L"#
        ]],
    );
    check_task(
        put("Size", ReferenceType::Url, "https://x"),
        expect![[
            r#"field "Size" of task template 07070707-0707-0707-0707-070707070707: a reference of type STRING is needed, a URL was given"#
        ]],
    );
    check_task(
        put("Fragile", ReferenceType::String, "yes"),
        expect![[
            r#"field "Fragile" of task template 07070707-0707-0707-0707-070707070707: the value has to be true or false"#
        ]],
    );
    check_task(
        put("Source", ReferenceType::String, "phone"),
        expect![[
            r#"field "Source" of task template 07070707-0707-0707-0707-070707070707: it cannot be given: leave it out or give its default "web""#
        ]],
    );
    check_task(
        put("Source", ReferenceType::String, "web"),
        expect![[r#""Task", Some("none"), Some(60) minutes, Order NUMBER 7, Size STRING S, Source STRING web"#]],
    );
    check_task(
        |fields| fields.expiry_minutes = Some(61),
        expect![[
            r#"field "Lives" of task template 07070707-0707-0707-0707-070707070707: it cannot be given: leave it out or give its default "60""#
        ]],
    );
    check_task(
        put("Other", ReferenceType::String, "of nobody's"),
        expect![[
            r#""Task", Some("none"), Some(60) minutes, Order NUMBER 7, Other STRING of nobody's, Size STRING S, Source STRING web"#
        ]],
    );
}

#[test]
fn required_fields_are_a_setting() {
    let mut fields = TaskFields { name: "Task".into(), ..TaskFields::default() };
    let limits = Limits { enforce_required_template_fields: false, ..Limits::default() };
    assert_eq!(apply(&full(), &mut fields, false, &limits), Ok(()));
    assert!(references::check_size(&fields.references, &limits).is_ok());
}
