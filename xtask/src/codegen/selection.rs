//! Which operations and shapes get types, and what we believe about the model.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use super::names;
use crate::model::{Kind, Model, Operation, Shape};

/// Operations that bind a member by header. None of them has types; `wire` knows no such binding.
const BOUND_BY_HEADER: [&str; 3] = ["CreateTestCase", "UpdateTestCase", "UpdateUserNotificationStatus"];

/// What the generator works on.
pub(super) struct Selection<'a> {
    pub(super) model: &'a Model,
    /// The operations of `model/operations.txt`, by name.
    pub(super) typed: BTreeMap<&'a str, &'a Operation>,
    /// Shapes that inputs reach.
    pub(super) inputs: BTreeSet<&'a str>,
    /// Shapes that outputs and exceptions reach.
    pub(super) outputs: BTreeSet<&'a str>,
}

impl<'a> Selection<'a> {
    /// Selects what the lines of `listed` name, and checks our beliefs.
    pub(super) fn new(model: &'a Model, listed: &str) -> Result<Self> {
        believe(model)?;
        let mut selection =
            Selection { model, typed: BTreeMap::new(), inputs: BTreeSet::new(), outputs: BTreeSet::new() };
        for line in listed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (name, operation) = model
                .operations
                .get_key_value(line)
                .with_context(|| format!("model/operations.txt: no operation {line}"))?;
            ensure!(selection.typed.insert(name, operation).is_none(), "model/operations.txt: {line} is there twice");
        }
        for operation in selection.typed.values() {
            reach(model, &operation.input, &mut selection.inputs);
            if let Some(output) = &operation.output {
                reach(model, output, &mut selection.outputs);
            }
            for error in &operation.errors {
                for member in model.shape(error).members.values() {
                    reach(model, &member.shape, &mut selection.outputs);
                }
            }
        }
        selection.believe()?;
        Ok(selection)
    }

    /// The shapes that get types, by name.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (&'a str, &'a Shape)> {
        let names: BTreeSet<&str> = self.inputs.union(&self.outputs).copied().collect();
        names.into_iter().map(|name| (name, self.model.shape(name)))
    }

    /// Whether values of the shape must never be printed.
    pub(super) fn is_sensitive(&self, name: &str) -> bool {
        let shape = self.model.shape(name);
        let inner = [&shape.item, &shape.key, &shape.value];
        shape.sensitive || inner.into_iter().flatten().any(|inner| self.is_sensitive(inner))
    }

    /// What holds for the typed operations.
    fn believe(&self) -> Result<()> {
        for (name, operation) in &self.typed {
            ensure!(!BOUND_BY_HEADER.contains(name), "{name} binds by header: teach wire first");
            let input = self.model.shape(&operation.input);
            ensure!(!self.outputs.contains(operation.input.as_str()), "{} is also part of an output", operation.input);
            let tokens = input.members.iter().filter(|(_, member)| member.idempotency_token);
            ensure!(
                tokens.map(|(token, _)| token).all(|token| token == "ClientToken"),
                "{name} has a token of another name"
            );
            if let Some(output) = &operation.output {
                let bound = self.model.shape(output).members.values().any(|member| member.location.is_some());
                ensure!(!bound, "{output} binds a member outside of the body");
            }
        }
        for (name, shape) in self.shapes() {
            ensure!(shape.timestamp_format.is_none(), "{name}: only epoch seconds are handled");
            ensure!(!holds_itself(self.model, name, name), "{name} holds itself without a list or map between: box it");
            if let Some(values) = &shape.values {
                let variants: BTreeSet<String> = values.iter().map(|value| names::variant(value)).collect();
                ensure!(variants.len() == values.len(), "{name}: two values have the same variant");
            }
            if let Some(key) = &shape.key {
                ensure!(self.model.shape(key).kind == Kind::String, "{name}: keys are strings");
            }
            if self.inputs.contains(name) && shape.kind == Kind::Structure {
                let fields: BTreeSet<String> = shape.members.keys().map(|member| names::field(member)).collect();
                ensure!(fields.len() == shape.members.len(), "{name}: two members have the same field");
            }
        }
        Ok(())
    }
}

/// What holds for every operation.
fn believe(model: &Model) -> Result<()> {
    let mut routes = BTreeMap::new();
    for (name, operation) in &model.operations {
        ensure!(
            ["GET", "PUT", "POST", "DELETE"].contains(&operation.method.as_str()),
            "{name}: method {}",
            operation.method
        );
        ensure!(
            operation.uri.starts_with('/') && !operation.uri.contains(['?', '#', '+']),
            "{name}: path {}",
            operation.uri
        );
        let input = model.shape(&operation.input);
        let labels: BTreeSet<&str> = segments(&operation.uri).filter_map(label).collect();
        for (member, facts) in &input.members {
            let kind = model.shape(&facts.shape).kind;
            match facts.location.as_deref() {
                None => {}
                Some("uri") => {
                    ensure!(facts.location_name.as_deref() == Some(member), "{name}: label {member} has another name");
                    ensure!(labels.contains(member.as_str()), "{name}: no label {member} in {}", operation.uri);
                    ensure!(facts.required, "{name}: label {member} is not required");
                }
                Some("querystring") => {
                    let item = model.shape(&facts.shape).item.as_deref().map(|item| model.shape(item).kind);
                    let plain = matches!(kind, Kind::String | Kind::Integer | Kind::Long) || item == Some(Kind::String);
                    ensure!(plain, "{name}: query parameter {member} is a {kind:?}");
                }
                Some("header") => ensure!(BOUND_BY_HEADER.contains(&name.as_str()), "{name} binds {member} by header"),
                Some(other) => anyhow::bail!("{name}: {member} is bound by {other}"),
            }
        }
        let bound = input.members.values().filter(|facts| facts.location.as_deref() == Some("uri")).count();
        ensure!(bound == labels.len(), "{name}: a label of {} has no member", operation.uri);
        let shape: Vec<&str> = segments(&operation.uri).map(|part| label(part).map_or(part, |_| "{}")).collect();
        if let Some(other) = routes.insert((operation.method.clone(), shape.join("/")), name) {
            anyhow::bail!("{name} and {other} have the same method and path");
        }
        for error in &operation.errors {
            ensure!(model.shape(error).http_status.is_some(), "{name} declares {error}, which is no exception");
        }
    }
    Ok(())
}

/// The segments of a path.
pub(super) fn segments(uri: &str) -> impl Iterator<Item = &str> {
    uri.trim_start_matches('/').split('/')
}

/// The name in `{Name}`.
pub(super) fn label(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn reach<'a>(model: &'a Model, name: &'a str, reached: &mut BTreeSet<&'a str>) {
    if !reached.insert(name) {
        return;
    }
    let shape = model.shape(name);
    for inner in [&shape.item, &shape.key, &shape.value].into_iter().flatten() {
        reach(model, inner, reached);
    }
    for member in shape.members.values() {
        reach(model, &member.shape, reached);
    }
}

/// Whether `name` reaches `target` through structures alone.
fn holds_itself(model: &Model, name: &str, target: &str) -> bool {
    let members = model.shape(name).members.values();
    let mut structures = members.filter(|member| model.shape(&member.shape).kind == Kind::Structure);
    structures
        .any(|member| member.shape == target || (member.shape != name && holds_itself(model, &member.shape, target)))
}
