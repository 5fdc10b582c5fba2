//! What the generated tables are made of.
//!
//! The tables say what the model says and no more. `wire` routes, binds and checks by them, so that no operation has
//! code of its own for any of it.

use std::fmt;

/// What the model says about one operation.
#[derive(Debug)]
pub struct OperationFacts {
    /// The operation's name, such as `StartTaskContact`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path, segment by segment.
    pub path: &'static [Segment],
    /// The exceptions that the operation declares. A strict client knows only these.
    pub exceptions: &'static [&'static ExceptionFacts],
    /// The input, for the operations of `model/operations.txt`; `None` for those that are only known.
    pub input: Option<&'static Structure>,
}

impl OperationFacts {
    /// Whether the operation declares the exception of that name.
    pub fn declares(&self, exception: &str) -> bool {
        self.exceptions.iter().any(|declared| declared.name == exception)
    }

    /// The path as the model writes it, such as `/contacts/{InstanceId}/{ContactId}`.
    pub fn path_template(&self) -> String {
        self.path.iter().map(|segment| format!("/{segment}")).collect()
    }
}

/// Operations are the same when they have the same name.
impl PartialEq for OperationFacts {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for OperationFacts {}

/// The HTTP methods of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl Method {
    /// The method as it is written in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Delete => "DELETE",
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
        }
    }

    /// The method of a request, or `None` for one that no operation has.
    pub fn from_name(name: &str) -> Option<Self> {
        [Method::Delete, Method::Get, Method::Post, Method::Put].into_iter().find(|method| method.as_str() == name)
    }
}

/// One segment of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// Stands for itself.
    Literal(&'static str),
    /// Takes the percent-decoded value of the named member.
    Label(&'static str),
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Segment::Literal(text) => f.write_str(text),
            Segment::Label(name) => write!(f, "{{{name}}}"),
        }
    }
}

/// What the model says about one exception.
#[derive(Debug, PartialEq, Eq)]
pub struct ExceptionFacts {
    /// The name that a client's class has, such as `InvalidRequestException`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Whether it has the member `Message`. `InvalidContactFlowException` and two others have only a list of problems.
    pub has_message: bool,
    /// Its other members.
    pub members: &'static [&'static str],
}

/// A structure or union of an input.
#[derive(Debug)]
pub struct Structure {
    /// The model's name of it.
    pub name: &'static str,
    /// Its members in the order of the model.
    pub members: &'static [Member],
    /// Exactly one member is to be given.
    pub union: bool,
    /// Its values never appear in messages or logs.
    pub sensitive: bool,
}

impl Structure {
    /// The member of that name.
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name in the body, in the path's label or in the input's type.
    pub name: &'static str,
    /// What values it takes.
    pub shape: &'static Shape,
    /// Where a request carries it.
    pub location: Location,
    /// A request without it is refused.
    pub required: bool,
    /// Makes the call repeatable (`start-task-contact.md` section 4).
    pub idempotency_token: bool,
}

impl Member {
    /// A member of the body.
    pub const fn body(name: &'static str, shape: &'static Shape) -> Member {
        Member { name, shape, location: Location::Body, required: false, idempotency_token: false }
    }

    /// A label of the path; always required.
    pub const fn label(name: &'static str, shape: &'static Shape) -> Member {
        Member { name, shape, location: Location::Label, required: true, idempotency_token: false }
    }

    /// A parameter of the query string.
    pub const fn query(name: &'static str, parameter: &'static str, shape: &'static Shape) -> Member {
        Member { name, shape, location: Location::Query(parameter), required: false, idempotency_token: false }
    }

    /// The member, required.
    pub const fn required(self) -> Member {
        Member { required: true, ..self }
    }

    /// The member, an idempotency token.
    pub const fn idempotency_token(self) -> Member {
        Member { idempotency_token: true, ..self }
    }
}

/// Where a request carries a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// A member of the JSON body, or of a structure in it.
    Body,
    /// A label of the path, named like the member.
    Label,
    /// A parameter of the query string, of the given name.
    Query(&'static str),
}

/// What values a member, an item, a key or a value takes.
#[derive(Debug)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// One of the given strings, in the model's order.
    Enum(&'static [&'static str]),
    /// A number with a fraction. All such numbers of the model are handled with 64 bits.
    Float {
        /// The smallest value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// A whole number of 32 bits.
    Integer {
        /// The smallest value.
        min: i32,
        /// The greatest value.
        max: i32,
    },
    /// A list.
    List(List),
    /// A whole number of 64 bits.
    Long {
        /// The smallest value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// A map from strings.
    Map(Map),
    /// A string.
    String(Text),
    /// A structure or a union.
    Structure(Structure),
    /// A moment, see [`Timestamp`](crate::Timestamp).
    Timestamp,
}

/// A list.
#[derive(Debug)]
pub struct List {
    /// What its items are.
    pub item: &'static Shape,
    /// How many items there may be.
    pub size: Size,
    /// Its values never appear in messages or logs.
    pub sensitive: bool,
}

impl List {
    /// A list of `item`.
    pub const fn new(item: &'static Shape, size: Size) -> List {
        List { item, size, sensitive: false }
    }

    /// The list, sensitive.
    pub const fn sensitive(self) -> List {
        List { sensitive: true, ..self }
    }
}

/// A map from strings.
#[derive(Debug)]
pub struct Map {
    /// What its keys are: always [`Shape::String`] or [`Shape::Enum`].
    pub key: &'static Shape,
    /// What its values are.
    pub value: &'static Shape,
    /// How many entries there may be.
    pub size: Size,
    /// Its values never appear in messages or logs.
    pub sensitive: bool,
}

impl Map {
    /// A map of `key` to `value`.
    pub const fn new(key: &'static Shape, value: &'static Shape, size: Size) -> Map {
        Map { key, value, size, sensitive: false }
    }

    /// The map, sensitive.
    pub const fn sensitive(self) -> Map {
        Map { sensitive: true, ..self }
    }
}

/// A string.
#[derive(Debug)]
pub struct Text {
    /// How many Unicode characters there may be.
    pub size: Size,
    /// What the string must look like.
    pub pattern: Option<&'static Pattern>,
    /// Its values never appear in messages or logs.
    pub sensitive: bool,
}

impl Text {
    /// A string of that many characters.
    pub const fn new(size: Size) -> Text {
        Text { size, pattern: None, sensitive: false }
    }

    /// The string, with a pattern.
    pub const fn matching(self, pattern: &'static Pattern) -> Text {
        Text { pattern: Some(pattern), ..self }
    }

    /// The string, sensitive.
    pub const fn sensitive(self) -> Text {
        Text { sensitive: true, ..self }
    }
}

/// Bounds of a count, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The smallest count.
    pub min: usize,
    /// The greatest count; `usize::MAX` where the model sets none.
    pub max: usize,
}

impl Size {
    /// No bounds.
    pub const ANY: Size = Size { min: 0, max: usize::MAX };

    /// From `min` to `max`.
    pub const fn new(min: usize, max: usize) -> Size {
        Size { min, max }
    }

    /// `min` and more.
    pub const fn at_least(min: usize) -> Size {
        Size { min, max: usize::MAX }
    }

    /// `max` and fewer.
    pub const fn at_most(max: usize) -> Size {
        Size { min: 0, max }
    }
}

/// What a string must look like.
///
/// The model's patterns are made for an engine with look-around; ours has none and runs in linear time. So the generator
/// splits a pattern into expressions that must be found in the string and expressions that must not.
#[derive(Debug)]
pub struct Pattern {
    /// Its place in [`constraints::PATTERNS`](crate::constraints::PATTERNS).
    pub index: usize,
    /// The pattern for messages: as the model has it, or as it was meant where the model's is broken.
    pub text: &'static str,
    /// Every one of these must match.
    pub must: &'static [&'static str],
    /// None of these may match.
    pub must_not: &'static [&'static str],
}
