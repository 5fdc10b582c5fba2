//! The instance that flows are imported into, by the operations of the API.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use engine::InstanceId;
use engine::flow::defaults::DEFAULT_FLOWS;
use engine::flow::export::Publishable;
use engine::flow::validate::Resolves;
use engine::flow::{FlowType, function};
use engine::reference_map::ReferenceMap;
use serde_json::{Value, json};
use service::Caller;
use wire::WireError;

use super::Flow;
use super::references::Reference;
use crate::backend::Backend;
use crate::runtime::Runtime;

/// What an import works with.
#[derive(Clone)]
pub struct Place {
    /// Where operations are performed.
    pub backend: Arc<Backend>,
    /// Where the reference map is.
    pub runtime: Arc<Runtime>,
}

/// Somebody whose name is in an instance, and its id.
type Names = BTreeMap<String, String>;

/// An instance, with the names and ids of what flows refer to.
pub struct Instance {
    place: Place,
    id: InstanceId,
    queues: Names,
    hours: Names,
    modules: Names,
    /// By type and name.
    flows: BTreeMap<(String, String), String>,
}

impl Instance {
    /// Looks at what is there.
    pub async fn open(place: Place, given: &str) -> anyhow::Result<Instance> {
        let id = place.runtime.find_instance(given);
        let id = id.with_context(|| format!("there is no active instance {given:?}; give its id, ARN or alias"))?;
        let mut instance = Instance {
            place,
            id,
            queues: Names::new(),
            hours: Names::new(),
            modules: Names::new(),
            flows: BTreeMap::new(),
        };
        let named = |entry: &Value| Some((text(entry, "Name")?, text(entry, "Id")?));
        let queues = instance.list("queues-summary", "queueTypes=STANDARD", "QueueSummaryList").await?;
        let hours = instance.list("hours-of-operations-summary", "", "HoursOfOperationSummaryList").await?;
        let modules = instance.list("contact-flow-modules-summary", "", "ContactFlowModulesSummaryList").await?;
        let flows = instance.list("contact-flows-summary", "", "ContactFlowSummaryList").await?;
        instance.queues = queues.iter().filter_map(named).collect();
        instance.hours = hours.iter().filter_map(named).collect();
        instance.modules = modules.iter().filter_map(named).collect();
        let typed = |entry: &Value| {
            let (name, id) = named(entry)?;
            Some(((text(entry, "ContactFlowType")?, name), id))
        };
        instance.flows = flows.iter().filter_map(typed).collect();
        Ok(instance)
    }

    /// The instance's own reference map.
    pub async fn references(&self) -> anyhow::Result<Names> {
        Ok(self
            .place
            .runtime
            .references(&self.id.to_string())
            .await
            .map_err(|error| anyhow!(error.message))?
            .references)
    }

    /// Replaces the reference map.
    pub async fn set_references(&self, map: Names) -> anyhow::Result<()> {
        let map = ReferenceMap::new(map)?;
        let set = self.place.runtime.set_references(&self.id.to_string(), map).await;
        set.map_err(|error| anyhow!(error.message))
    }

    /// Whether a reference leads to something already: here, or by the instance's map or the server's.
    pub fn knows(&self, reference: &Reference, map: &Names) -> bool {
        let id = reference.id();
        let is_here = match reference.kind {
            Resolves::Queue => self.queues.values().any(|here| here == id),
            Resolves::HoursOfOperation => self.hours.values().any(|here| here == id),
            Resolves::Module => self.modules.values().any(|here| here == id),
            Resolves::Flow => self.flows.values().any(|here| here == id),
            Resolves::Prompt => false,
        };
        let own = ReferenceMap::new(map.clone()).unwrap_or_default();
        is_here || own.target(&reference.given).is_some() || self.place.runtime.maps(&reference.given)
    }

    /// What is to stand for a reference: what has its name, or else something new.
    pub async fn resource_for(&mut self, reference: &Reference, lines: &mut Vec<String>) -> anyhow::Result<String> {
        let name = reference.name.clone();
        let flow_type = reference.flow_type.as_str().to_owned();
        let found = match reference.kind {
            Resolves::Queue => self.queues.get(&name),
            Resolves::HoursOfOperation => self.hours.get(&name),
            Resolves::Module => self.modules.get(&name),
            Resolves::Flow => self.flows.get(&(flow_type.clone(), name.clone())),
            Resolves::Prompt => None,
        };
        if let Some(id) = found {
            return Ok(id.clone());
        }
        let id = match reference.kind {
            Resolves::Queue => self.create_queue(&name).await?,
            Resolves::HoursOfOperation => self.create_hours(&name).await?,
            Resolves::Module => self.create_module(&name, MODULE_STAND_IN).await?,
            Resolves::Flow | Resolves::Prompt => {
                let content = flow_stand_in(reference.flow_type);
                self.create_flow(&name, reference.flow_type, content).await?
            }
        };
        lines.push(format!("created {} {name:?} ({id}), a stand-in", reference.noun()));
        Ok(id)
    }

    /// The id of a flow of the import, which is made with a stand-in's content if it is not there.
    pub async fn ensure(&mut self, flow: &Flow, lines: &mut Vec<String>) -> anyhow::Result<String> {
        if let Some(id) = self.id_of(flow) {
            return Ok(id);
        }
        let id = match flow.publishable {
            Publishable::Module => self.create_module(&flow.name, MODULE_STAND_IN).await?,
            Publishable::Flow(flow_type) => self.create_flow(&flow.name, flow_type, flow_stand_in(flow_type)).await?,
        };
        lines.push(format!("created {} {:?} ({id}), whose content follows", flow.publishable, flow.name));
        Ok(id)
    }

    /// Publishes a flow of the import, unless it is there with this content.
    pub async fn publish(&mut self, flow: &Flow, lines: &mut Vec<String>) -> anyhow::Result<()> {
        let Flow { name, publishable, content, .. } = flow;
        let Some(id) = self.id_of(flow) else {
            let id = match publishable {
                Publishable::Module => self.create_module(name, content).await?,
                Publishable::Flow(flow_type) => self.create_flow(name, *flow_type, content).await?,
            };
            lines.push(format!("published {publishable} {name:?} ({id})"));
            return Ok(());
        };
        let (kind, described) = match publishable {
            Publishable::Module => ("contact-flow-modules", "ContactFlowModule"),
            Publishable::Flow(_) => ("contact-flows", "ContactFlow"),
        };
        let path = format!("{kind}/{}/{id}", self.id);
        let there = self.call("GET", &path, "", &json!({})).await?;
        if there[described]["Content"].as_str() == Some(content) {
            lines.push(format!("unchanged: {publishable} {name:?} ({id})"));
            return Ok(());
        }
        self.call("POST", &format!("{path}/content"), "", &json!({"Content": content})).await?;
        lines.push(format!("published {publishable} {name:?} ({id}) anew"));
        Ok(())
    }

    /// The functions that the flows call by literal ARNs and that the instance does not let them.
    pub async fn missing_functions(&self, flows: &[Flow]) -> anyhow::Result<BTreeSet<String>> {
        let mut called = BTreeSet::new();
        for flow in flows {
            let root: Value = serde_json::from_str(&flow.content)?;
            let actions = root.get("Actions").and_then(Value::as_array).into_iter().flatten();
            let arns = actions.filter_map(|action| action.pointer("/Parameters/LambdaFunctionARN")?.as_str());
            called.extend(arns.filter(|arn| !arn.starts_with('$')).map(str::to_owned));
        }
        let path = format!("instance/{}/lambda-functions", self.id);
        let allowed = self.pages(&path, "", "LambdaFunctions").await?;
        let is_allowed = |arn: &String| {
            allowed.iter().filter_map(Value::as_str).any(|allowed| function::is_allowed_by(allowed, arn))
        };
        called.retain(|arn| !is_allowed(arn));
        Ok(called)
    }

    fn id_of(&self, flow: &Flow) -> Option<String> {
        match flow.publishable {
            Publishable::Module => self.modules.get(&flow.name).cloned(),
            Publishable::Flow(flow_type) => {
                self.flows.get(&(flow_type.as_str().to_owned(), flow.name.clone())).cloned()
            }
        }
    }

    async fn create_queue(&mut self, name: &str) -> anyhow::Result<String> {
        let hours = match self.hours.values().next() {
            Some(hours) => hours.clone(),
            None => self.create_hours(ALWAYS).await?,
        };
        let id = self.create("queues", "QueueId", &json!({"Name": name, "HoursOfOperationId": hours})).await?;
        self.queues.insert(name.to_owned(), id.clone());
        Ok(id)
    }

    async fn create_hours(&mut self, name: &str) -> anyhow::Result<String> {
        let midnight = json!({"Hours": 0, "Minutes": 0});
        let day = |day: &&str| json!({"Day": day, "StartTime": midnight, "EndTime": midnight});
        let config: Vec<Value> = DAYS.iter().map(day).collect();
        let body = json!({"Name": name, "TimeZone": "UTC", "Config": config});
        let id = self.create("hours-of-operations", "HoursOfOperationId", &body).await?;
        self.hours.insert(name.to_owned(), id.clone());
        Ok(id)
    }

    async fn create_module(&mut self, name: &str, content: &str) -> anyhow::Result<String> {
        let id = self.create("contact-flow-modules", "Id", &json!({"Name": name, "Content": content})).await?;
        self.modules.insert(name.to_owned(), id.clone());
        Ok(id)
    }

    async fn create_flow(&mut self, name: &str, flow_type: FlowType, content: &str) -> anyhow::Result<String> {
        let body = json!({"Name": name, "Type": flow_type.as_str(), "Content": content});
        let id = self.create("contact-flows", "ContactFlowId", &body).await?;
        self.flows.insert((flow_type.as_str().to_owned(), name.to_owned()), id.clone());
        Ok(id)
    }

    async fn create(&self, kind: &str, member: &str, body: &Value) -> anyhow::Result<String> {
        let created = self.call("PUT", &format!("{kind}/{}", self.id), "", body).await?;
        text(&created, member).with_context(|| format!("the answer has no {member}"))
    }

    async fn list(&self, kind: &str, query: &str, member: &str) -> anyhow::Result<Vec<Value>> {
        self.pages(&format!("{kind}/{}", self.id), query, member).await
    }

    /// All entries of a list.
    async fn pages(&self, path: &str, query: &str, member: &str) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let separator = if query.is_empty() || next.is_empty() { "" } else { "&" };
            let page = self.call("GET", path, &format!("{query}{separator}{next}"), &json!({})).await?;
            all.extend(page[member].as_array().cloned().unwrap_or_default());
            let Some(token) = text(&page, "NextToken") else { return Ok(all) };
            let token = percent_encoding::utf8_percent_encode(&token, percent_encoding::NON_ALPHANUMERIC);
            next = format!("nextToken={token}");
        }
    }

    /// Performs an operation as the operator.
    async fn call(&self, method: &str, path: &str, query: &str, body: &Value) -> anyhow::Result<Value> {
        let route = wire::route(method, &format!("/{path}")).map_err(|error| told(&error))?;
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let bound = wire::bind(&route, query, body.as_bytes()).map_err(|error| told(&error))?;
        let caller = Caller { access_key_id: String::new(), arn: String::new(), root: true };
        let answer = self.place.backend.call(bound, caller).await.map_err(|error| told(&error))?;
        Ok(serde_json::from_slice(&answer)?)
    }
}

/// Name of the hours of operation that a stand-in of a queue has when there are none.
const ALWAYS: &str = "Always";
const DAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

/// A module that does nothing.
const MODULE_STAND_IN: &str = r#"{"Version":"2019-10-30","StartAction":"end","Metadata":{},"Actions":[{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}]}"#;
/// A flow that ends its contact.
const FLOW_STAND_IN: &str = r#"{"Version":"2019-10-30","StartAction":"end","Metadata":{},"Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}"#;

/// What stands for a flow of this type: the default flow of the type, if there is one, as in the place of a flow that is
/// not set.
pub(super) fn flow_stand_in(flow_type: FlowType) -> &'static str {
    let default = DEFAULT_FLOWS.iter().find(|default| default.flow_type == flow_type);
    default.map_or(FLOW_STAND_IN, |default| default.content)
}

fn text(value: &Value, member: &str) -> Option<String> {
    Some(value.get(member)?.as_str()?.to_owned())
}

/// A refusal in words; of a flow all its problems.
fn told(error: &WireError) -> anyhow::Error {
    let problems = error.member("problems").and_then(Value::as_array).into_iter().flatten();
    let problems: Vec<String> = problems.filter_map(|problem| text(problem, "message")).collect();
    match (problems.is_empty(), error.message.is_empty()) {
        (false, _) => anyhow!("{}: {}", error.name, problems.join("; ")),
        (true, false) => anyhow!("{}", error.message),
        (true, true) => anyhow!("{}", error.name),
    }
}
