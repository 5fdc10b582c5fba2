//! What agents can do, in one list: paths, bodies and commands. The OpenAPI document and the page are written from it.

use engine::{ContactId, QuickConnectId};
use serde_json::Value;
use service::AgentCommand;
use wire::WireError;

use super::desk::Command;

/// Most characters of a given name that a refusal repeats.
const NAME_CHARS_MAX: usize = 40;

/// A thing that an agent can do.
pub struct Endpoint {
    /// Method.
    pub method: &'static str,
    /// Path below `/agent/v1/` or `/agent/v1/users/{UserId}/`.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Members of the body.
    pub members: &'static [Member],
    /// The schema of the answer; of a stream that of its events.
    pub answer: &'static str,
    /// What is to be done.
    make: fn(&Arguments) -> Result<Act, WireError>,
}

/// A member of a body.
pub struct Member {
    /// Name.
    pub name: &'static str,
    /// JSON type, as in a schema.
    pub kind: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Meaning.
    pub doc: &'static str,
}

/// What an endpoint does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Asks the desk.
    Command(Command),
    /// Opens a stream of snapshots.
    Events,
}

/// What the request says.
pub struct Arguments {
    contact: Option<ContactId>,
    body: Value,
}

impl Arguments {
    /// The contact of the path.
    fn contact(&self) -> ContactId {
        self.contact.expect("the path of this endpoint has a contact")
    }

    /// A member that is text.
    fn text(&self, name: &str) -> Result<&str, WireError> {
        self.body.get(name).and_then(Value::as_str).ok_or_else(|| {
            WireError::exception("InvalidRequestException", format!("the body must be JSON with the text {name}"))
        })
    }

    fn id<T: std::str::FromStr>(&self, name: &str) -> Result<T, WireError> {
        let text = self.text(name)?;
        text.parse().map_err(|_| {
            WireError::exception("InvalidRequestException", format!("{name} must be an id (a UUID), not {text:?}"))
        })
    }
}

const fn required(name: &'static str, kind: &'static str, doc: &'static str) -> Member {
    Member { name, kind, required: true, doc }
}

const fn optional(name: &'static str, kind: &'static str, doc: &'static str) -> Member {
    Member { name, kind, required: false, doc }
}

fn agent(command: AgentCommand) -> Result<Act, WireError> {
    Ok(Act::Command(Command::Agent(command)))
}

macro_rules! endpoints {
    ($($method:literal $path:literal $summary:literal ($($member:expr),*) -> $answer:literal $make:expr;)*) => {
        /// Everything that there is.
        pub const ENDPOINTS: &[Endpoint] = &[$(Endpoint {
            method: $method, path: $path, summary: $summary, members: &[$($member),*],
            answer: $answer, make: $make,
        },)*];
    };
}

endpoints! {
    "GET" "snapshot" "The agent: status, next status, configuration and contacts." () -> "Snapshot"
        |_| agent(AgentCommand::Snapshot);
    "GET" "events" "A stream of server-sent events: a snapshot at each change." () -> "Snapshot" |_| Ok(Act::Events);
    "PUT" "status" "Set the status; with contacts at the agent it may become the next status."
        (required("AgentStatusId", "string", "Id of an agent status of the instance.")) -> "Done"
        |given| agent(AgentCommand::SetStatus(given.id("AgentStatusId")?));
    "GET" "contacts/{ContactId}" "A contact at the agent, with description, references and attributes." () -> "Contact"
        |given| agent(AgentCommand::Contact(given.contact()));
    "POST" "contacts" "Make a task, with a template or free; its members mean what they mean to StartTaskContact." (
        required("Name", "string", "Name of the task."),
        optional("Description", "string", "Description."),
        optional("References", "object", "References by key, as in StartTaskContact."),
        optional("Attributes", "object", "Attributes by key."),
        optional("TaskTemplateId", "string", "Template of the task."),
        optional("ContactFlowId", "string", "Flow of the task; this, a quick connect or a template's flow."),
        optional("QuickConnectId", "string", "Quick connect that the task is for; see quick-connects."),
        optional("PreviousContactId", "string", "A contact that the agent has, whose attributes the task shares."),
        optional("RelatedContactId", "string", "A contact that the agent has, whose attributes the task gets."),
        optional("ScheduledTime", "number", "When the task starts, in epoch seconds."),
        optional("ClientToken", "string", "The same token makes one task only.")
    ) -> "MadeContact" |given| Ok(Act::Command(Command::CreateTask(given.body.clone())));
    "POST" "contacts/{ContactId}/accept" "Accept an offer." () -> "Done"
        |given| agent(AgentCommand::Accept(given.contact()));
    "POST" "contacts/{ContactId}/reject" "Reject an offer." () -> "Done"
        |given| agent(AgentCommand::Reject(given.contact()));
    "POST" "contacts/{ContactId}/end" "End the work on a contact; after contact work follows." () -> "Done"
        |given| agent(AgentCommand::End(given.contact()));
    "POST" "contacts/{ContactId}/complete" "End the work on a contact as completed; after contact work follows." () -> "Done"
        |given| agent(AgentCommand::Complete(given.contact()));
    "POST" "contacts/{ContactId}/close" "Close a contact: its after contact work is over, or what is left of a missed or rejected offer is cleared." () -> "Done"
        |given| agent(AgentCommand::Close(given.contact()));
    "POST" "contacts/{ContactId}/pause" "Put a contact aside." () -> "Done"
        |given| agent(AgentCommand::Pause(given.contact()));
    "POST" "contacts/{ContactId}/resume" "Take a paused contact up again." () -> "Done"
        |given| agent(AgentCommand::Resume(given.contact()));
    "POST" "contacts/{ContactId}/transfer" "Pass a contact on to where a quick connect leads."
        (required("QuickConnectId", "string", "Id of the quick connect; see quick-connects.")) -> "MadeContact"
        |given| {
            let quick_connect: QuickConnectId = given.id("QuickConnectId")?;
            agent(AgentCommand::Transfer(given.contact(), quick_connect))
        };
    "GET" "quick-connects" "Where the agent may transfer contacts to." () -> "QuickConnects" |_| agent(AgentCommand::QuickConnects);
    "GET" "task-templates" "Templates of new tasks." () -> "TaskTemplates" |_| agent(AgentCommand::TaskTemplates);
    "GET" "worklist" "Contacts in the queues that the agent may take contacts from by hand." () -> "Worklist"
        |_| agent(AgentCommand::Worklist);
    "POST" "contacts/{ContactId}/assign" "Take a contact of the worklist." () -> "Done"
        |given| agent(AgentCommand::AssignToMe(given.contact()));
}

/// Finds what a request is for, from the path below the interface's or the user's.
pub fn find(method: &str, path: &str) -> Result<(&'static Endpoint, Option<ContactId>), WireError> {
    let mut other_methods = Vec::new();
    for endpoint in ENDPOINTS {
        let Some(contact) = matches(endpoint.path, path) else { continue };
        if endpoint.method != method {
            other_methods.push(endpoint.method);
            continue;
        }
        let contact = contact.map(|text| text.parse().map_err(|_| no_contact(text))).transpose()?;
        return Ok((endpoint, contact));
    }
    if other_methods.is_empty() {
        let message = "the agent interface has no such path; /agent/v1/docs shows what there is";
        return Err(WireError::front_door("UnknownOperationException", 404, message));
    }
    let message = format!("/agent/v1/{path} takes {}, not {method}", other_methods.join(" and "));
    Err(WireError::front_door("MethodNotAllowedException", 405, message))
}

/// Whether the path is of this form; then also its contact, if the form has one.
fn matches<'p>(form: &str, path: &'p str) -> Option<Option<&'p str>> {
    let (mut contact, mut parts) = (None, path.split('/'));
    for expected in form.split('/') {
        let part = parts.next()?;
        if expected == "{ContactId}" {
            contact = Some(part);
        } else if expected != part {
            return None;
        }
    }
    parts.next().is_none().then_some(contact)
}

fn no_contact(text: &str) -> WireError {
    let shown: String = text.chars().take(40).collect();
    WireError::exception("ResourceNotFoundException", format!("Resource not found: {shown:?} is no id of a contact"))
}

impl Endpoint {
    /// What a request with this body asks for. A body has the members of the list and no others: what is passed on to
    /// an operation of the API could otherwise do more than an agent may.
    pub fn act(&self, contact: Option<ContactId>, body: &[u8]) -> Result<Act, WireError> {
        let body = match body {
            [] => Value::Null,
            _ if self.members.is_empty() => Value::Null,
            body => super::json(body)?,
        };
        if let Value::Object(given) = &body
            && let Some(unknown) = given.keys().find(|name| self.members.iter().all(|member| member.name != *name))
        {
            let shown: String = unknown.chars().take(NAME_CHARS_MAX).collect();
            let known: Vec<&str> = self.members.iter().map(|member| member.name).collect();
            let message = format!("{shown:?} is no member of this body; there are {}", known.join(", "));
            return Err(WireError::exception("InvalidRequestException", message));
        }
        (self.make)(&Arguments { contact, body })
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn requests_become_commands() {
        const ID: &str = "00000000-0000-7000-8000-000000000001";
        let status = format!("{{\"AgentStatusId\":\"{ID}\"}}");
        let quick_connect = format!("{{\"QuickConnectId\":\"{ID}\"}}");
        let mut table = String::new();
        for (method, path, body) in [
            ("GET", "snapshot", ""),
            ("GET", "events", ""),
            ("PUT", "status", &*status),
            ("PUT", "status", ""),
            ("PUT", "status", "{\"AgentStatusId\":\"Available\"}"),
            ("PUT", "status", "{"),
            ("POST", "contacts/ID/accept", ""),
            ("POST", "contacts/ID/transfer", &*quick_connect),
            ("POST", "contacts/ID/transfer", "{}"),
            ("POST", "contacts/x/accept", ""),
            ("POST", "contacts/ID/eat", ""),
            ("POST", "contacts/ID/accept/now", ""),
            ("DELETE", "contacts/ID", ""),
            ("GET", "contacts/ID", ""),
            ("POST", "contacts", "{\"Name\":\"task\"}"),
            ("POST", "contacts", "{\"Name\":\"task\",\"SegmentAttributes\":{}}"),
        ] {
            let made = find(method, &path.replace("ID", ID))
                .and_then(|(endpoint, contact)| endpoint.act(contact, body.as_bytes()));
            let made = made.map_or_else(|error| error.to_string(), |act| format!("{act:?}"));
            table += &format!("{method} {path}: {}\n", made.replace(ID, "ID"));
        }
        expect![[r#"
            GET snapshot: Command(Agent(Snapshot))
            GET events: Events
            PUT status: Command(Agent(SetStatus(AgentStatusId(ID))))
            PUT status: 400 InvalidRequestException: the body must be JSON with the text AgentStatusId
            PUT status: 400 InvalidRequestException: AgentStatusId must be an id (a UUID), not "Available"
            PUT status: 400 InvalidRequestException: the body is not the JSON that is asked for: EOF while parsing an object at line 1 column 1
            POST contacts/ID/accept: Command(Agent(Accept(ContactId(ID))))
            POST contacts/ID/transfer: Command(Agent(Transfer(ContactId(ID), QuickConnectId(ID))))
            POST contacts/ID/transfer: 400 InvalidRequestException: the body must be JSON with the text QuickConnectId
            POST contacts/x/accept: 404 ResourceNotFoundException: Resource not found: "x" is no id of a contact
            POST contacts/ID/eat: 404 UnknownOperationException: the agent interface has no such path; /agent/v1/docs shows what there is
            POST contacts/ID/accept/now: 404 UnknownOperationException: the agent interface has no such path; /agent/v1/docs shows what there is
            DELETE contacts/ID: 405 MethodNotAllowedException: /agent/v1/contacts/ID takes GET, not DELETE
            GET contacts/ID: Command(Agent(Contact(ContactId(ID))))
            POST contacts: Command(CreateTask(Object {"Name": String("task")}))
            POST contacts: 400 InvalidRequestException: "SegmentAttributes" is no member of this body; there are Name, Description, References, Attributes, TaskTemplateId, ContactFlowId, QuickConnectId, PreviousContactId, RelatedContactId, ScheduledTime, ClientToken
        "#]].assert_eq(&table);
    }

    #[test]
    fn no_two_endpoints_are_the_same() {
        for (place, one) in ENDPOINTS.iter().enumerate() {
            assert!(ENDPOINTS[..place].iter().all(|other| (other.method, other.path) != (one.method, one.path)));
        }
    }
}
