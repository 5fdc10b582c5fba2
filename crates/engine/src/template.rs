//! Task templates: the form that a task is made from (task-templates.md).

mod apply;
mod check;

use minicbor::{Decode, Encode};

pub use apply::{TaskFields, apply, check_update};
pub use check::{PropertyProblem, PropertyReason, check};

use crate::contact::ReferenceType;

use crate::id::{ContactFlowId, TaskTemplateId};
use crate::name::named_enum;
use crate::tag::Tags;
use crate::time::Timestamp;

named_enum! {
    /// Whether a template makes tasks.
    TaskTemplateStatus {
        /// It does.
        Active = 0 "ACTIVE",
        /// It does not.
        Inactive = 1 "INACTIVE",
    }
}

named_enum! {
    /// What a field holds.
    FieldType {
        /// The name of the task.
        Name = 0 "NAME",
        /// Its description.
        Description = 1 "DESCRIPTION",
        /// When it starts.
        ScheduledTime = 2 "SCHEDULED_TIME",
        /// Whom it goes to.
        QuickConnect = 3 "QUICK_CONNECT",
        /// A URL.
        Url = 4 "URL",
        /// A number.
        Number = 5 "NUMBER",
        /// One line.
        Text = 6 "TEXT",
        /// Several lines.
        TextArea = 7 "TEXT_AREA",
        /// A moment.
        DateTime = 8 "DATE_TIME",
        /// Yes or no.
        Boolean = 9 "BOOLEAN",
        /// One of a list.
        SingleSelect = 10 "SINGLE_SELECT",
        /// A mail address.
        Email = 11 "EMAIL",
        /// Whether the maker takes the task.
        SelfAssign = 12 "SELF_ASSIGN",
        /// How long the task lives.
        ExpiryDuration = 13 "EXPIRY_DURATION",
    }
}

impl FieldType {
    /// The type of the reference that carries the field's value, whose key is the field's name; `None` for the fields
    /// that are members of the request themselves (task-templates.md section 3).
    pub fn reference_type(self) -> Option<ReferenceType> {
        match self {
            FieldType::Name
            | FieldType::Description
            | FieldType::ScheduledTime
            | FieldType::QuickConnect
            | FieldType::SelfAssign
            | FieldType::ExpiryDuration => None,
            FieldType::Url => Some(ReferenceType::Url),
            FieldType::Number => Some(ReferenceType::Number),
            FieldType::Text | FieldType::TextArea | FieldType::Boolean | FieldType::SingleSelect => {
                Some(ReferenceType::String)
            }
            FieldType::DateTime => Some(ReferenceType::Date),
            FieldType::Email => Some(ReferenceType::Email),
        }
    }
}

/// A field of a template.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TaskTemplateField {
    /// Unique in the template.
    #[n(0)]
    pub name: String,
    /// Free text.
    #[n(1)]
    pub description: Option<String>,
    /// What it holds; the API allows it to be left out.
    #[n(2)]
    pub field_type: Option<FieldType>,
    /// What a SINGLE_SELECT offers.
    #[n(3)]
    pub options: Vec<String>,
}

/// The value of a field that the request leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FieldDefault {
    /// Name of the field.
    #[n(0)]
    pub field: String,
    /// Its value, as text.
    #[n(1)]
    pub value: String,
}

/// Names of fields, by what is asked of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct FieldConstraints {
    /// Must have a value.
    #[n(0)]
    pub required: Vec<String>,
    /// Keep their default.
    #[n(1)]
    pub read_only: Vec<String>,
    /// Not shown, keep their default.
    #[n(2)]
    pub invisible: Vec<String>,
}

/// One version of a task template. All versions stay readable: a task keeps the one it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TaskTemplate {
    /// Its id.
    #[n(0)]
    pub id: TaskTemplateId,
    /// From 1, one more at each update.
    #[n(1)]
    pub version: u32,
    /// Unique in the instance.
    #[n(2)]
    pub name: String,
    /// Free text.
    #[n(3)]
    pub description: Option<String>,
    /// The flow that a task of it runs.
    #[n(4)]
    pub flow: Option<ContactFlowId>,
    /// The flow that a self-assigned task runs.
    #[n(5)]
    pub self_assign_flow: Option<ContactFlowId>,
    /// Whether it makes tasks.
    #[n(6)]
    pub status: TaskTemplateStatus,
    /// Up to 50 fields.
    #[n(7)]
    pub fields: Vec<TaskTemplateField>,
    /// What is asked of them.
    #[n(8)]
    pub constraints: FieldConstraints,
    /// Values of those left out.
    #[n(9)]
    pub defaults: Vec<FieldDefault>,
    /// Tags of the resource.
    #[n(10)]
    pub tags: Tags,
    /// When the first version was made.
    #[n(11)]
    pub created: Timestamp,
    /// When this version was made.
    #[n(12)]
    pub last_modified: Timestamp,
}

impl TaskTemplateField {
    /// What it holds; one line of text when its maker did not say.
    pub fn kind(&self) -> FieldType {
        self.field_type.unwrap_or(FieldType::Text)
    }

    /// Whether a value, as text, is one of the field's.
    pub(crate) fn check_value(&self, value: &str) -> Result<(), String> {
        match self.kind() {
            FieldType::Boolean if !matches!(value, "true" | "false") => {
                Err("the value has to be true or false".to_owned())
            }
            FieldType::SingleSelect if !self.options.iter().any(|option| option == value) => {
                Err(format!("the value has to be one of its options: {}", self.options.join(", ")))
            }
            kind => match kind.reference_type() {
                Some(reference_type) => crate::start_task::references::check_value(reference_type, value),
                None => Ok(()),
            },
        }
    }
}

impl TaskTemplate {
    /// The field of a type of which there is at most one.
    pub fn field_of_type(&self, field_type: FieldType) -> Option<&TaskTemplateField> {
        self.fields.iter().find(|field| field.field_type == Some(field_type))
    }

    /// The default value of a field.
    pub fn default_of(&self, field: &str) -> Option<&str> {
        self.defaults.iter().find(|default| default.field == field).map(|default| default.value.as_str())
    }
}
