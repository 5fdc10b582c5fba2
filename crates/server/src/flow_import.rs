//! `callboard flow import`: brings flows of elsewhere into an instance, with what they refer to.
//!
//! What a flow refers to and the instance does not have gets a stand-in: a resource of the same name if there is one, or
//! else a new one, and an entry in the instance's reference map, so that the content stays as it is. Everything that is
//! there already is left alone, so that importing again changes nothing.

mod instance;
mod references;
#[cfg(test)]
mod tests;

use anyhow::Context as _;
use engine::flow::FlowType;
use engine::flow::document::Document;
use engine::flow::export::{Export, Publishable, Wrapping};
use engine::flow::legacy;
use engine::flow::validate::Resolves;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::flow_check::best_fit;
use instance::Instance;
use references::Reference;

pub use instance::Place;

/// Longest name of a flow, a module or another resource, in characters.
const NAME_CHARS_MAX: usize = 127;

/// A file to import.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FlowFile {
    /// What it is called in messages.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Imported {
    /// Step by step, for people.
    pub lines: Vec<String>,
    /// How many files could not be imported.
    pub failures: usize,
}

/// A flow or a module to import.
#[derive(Clone, Debug, PartialEq)]
struct Flow {
    file: String,
    name: String,
    publishable: Publishable,
    /// Who says that it is that.
    told_by: ToldBy,
    content: String,
    /// Its id elsewhere, if the file tells it.
    id: Option<String>,
}

/// Who says what a file is to be published as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToldBy {
    /// What is around the content: an answer of the API, or the form of a deployment tool.
    Wrapping,
    /// The metadata of the content, the command line, or what another file refers to it as.
    Somebody,
    /// Nobody: it is what it fits best.
    Nobody,
}

/// Imports files into an instance.
///
/// # Errors
/// There is no such instance, or it cannot be changed. A file that cannot be imported is told of in what is answered.
pub async fn import(
    place: Place,
    instance: &str,
    otherwise: Option<Publishable>,
    files: &[FlowFile],
) -> anyhow::Result<Imported> {
    let mut imported = Imported::default();
    let mut flows = Vec::new();
    for file in files {
        match read(file, otherwise, &mut imported.lines) {
            Ok(flow) => flows.push(flow),
            Err(error) => imported.fail(&file.name, &error),
        }
    }
    settle_types(&mut flows, &mut imported.lines)?;
    let mut instance = Instance::open(place, instance).await?;
    stand_in(&mut instance, &flows, &mut imported).await?;
    for flow in &flows {
        if let Err(error) = instance.publish(flow, &mut imported.lines).await {
            imported.fail(&flow.file, &error);
        }
    }
    for function in instance.missing_functions(&flows).await? {
        imported.lines.push(format!(
            "note: function {function} is called, and the instance may not call it: allow it with \
             AssociateLambdaFunction, and say where it runs in [functions]"
        ));
    }
    Ok(imported)
}

impl Imported {
    fn fail(&mut self, file: &str, error: &anyhow::Error) {
        self.failures += 1;
        self.lines.push(format!("error: {file}: {error:#}"));
    }
}

/// Reads a file of any wrapping.
fn read(file: &FlowFile, otherwise: Option<Publishable>, lines: &mut Vec<String>) -> anyhow::Result<Flow> {
    let export = Export::read(&file.text);
    let content = match export.wrapping {
        Wrapping::Legacy => {
            let converted = legacy::convert(&export.content)?;
            let notes = converted.notes.iter();
            lines.extend(notes.map(|note| format!("note: {} {}: {}", file.name, note.path, note.text)));
            converted.content
        }
        Wrapping::Bare | Wrapping::Content | Wrapping::Described => export.content.clone(),
    };
    let document = Document::parse(&content)?;
    let stem = std::path::Path::new(&file.name).file_stem().and_then(|stem| stem.to_str());
    let name = export.name.as_deref().or(stem).unwrap_or(&file.name);
    let (publishable, told_by) = match (export.publishable, export.wrapping, otherwise) {
        (Some(told), Wrapping::Content | Wrapping::Described, _) => (told, ToldBy::Wrapping),
        (Some(told), _, _) | (None, _, Some(told)) => (told, ToldBy::Somebody),
        (None, _, None) => (best_fit(&document), ToldBy::Nobody),
    };
    Ok(Flow {
        file: file.name.clone(),
        name: name.chars().take(NAME_CHARS_MAX).collect(),
        publishable,
        told_by,
        content,
        id: described_id(&file.text),
    })
}

/// A file is what another file refers to it as, unless what is around its content says otherwise: only a whisper flow
/// can be a whisper hook. Notes what nobody tells.
fn settle_types(flows: &mut [Flow], lines: &mut Vec<String>) -> anyhow::Result<()> {
    let mut needed = Vec::new();
    for flow in &*flows {
        needed.extend(references::of(flow)?);
    }
    for flow in flows {
        let told = needed.iter().filter(|reference| flow.is_meant_by(reference)).find_map(|reference| {
            match (reference.kind, reference.flow_type) {
                (Resolves::Module, _) => Some(Publishable::Module),
                // Many actions refer to inbound flows, so that this says little.
                (Resolves::Flow, FlowType::ContactFlow) => None,
                (Resolves::Flow, flow_type) => Some(Publishable::Flow(flow_type)),
                (Resolves::Queue | Resolves::Prompt | Resolves::HoursOfOperation, _) => None,
            }
        });
        match (flow.told_by, told) {
            (ToldBy::Wrapping, _) | (ToldBy::Somebody, None) => {}
            (ToldBy::Somebody | ToldBy::Nobody, Some(told)) => flow.publishable = told,
            (ToldBy::Nobody, None) => lines.push(format!(
                "note: {} does not say what it is and is imported as {}; --type names another",
                flow.file, flow.publishable
            )),
        }
    }
    Ok(())
}

impl Flow {
    /// Whether a reference of another file is to this flow or module, by the id or the name that it has elsewhere.
    fn is_meant_by(&self, reference: &Reference) -> bool {
        matches!(reference.kind, Resolves::Flow | Resolves::Module)
            && (self.id.as_deref() == Some(reference.id()) || self.name == reference.name)
    }
}

/// The id in an answer of DescribeContactFlow or DescribeContactFlowModule.
fn described_id(text: &str) -> Option<String> {
    let root: Value = serde_json::from_str(text).ok()?;
    let described = root.get("ContactFlow").or_else(|| root.get("ContactFlowModule"))?;
    Some(described.get("Id")?.as_str()?.to_owned())
}

/// Gives everything that the flows refer to, and that is not there, a stand-in.
async fn stand_in(instance: &mut Instance, flows: &[Flow], imported: &mut Imported) -> anyhow::Result<()> {
    let mut map = instance.references().await?;
    let known = map.len();
    for flow in flows {
        for reference in references::of(flow)? {
            if instance.knows(&reference, &map) {
                continue;
            }
            let of_import = flows.iter().find(|flow| flow.is_meant_by(&reference));
            let target = match (of_import, reference.kind) {
                (Some(flow), _) => instance.ensure(flow, &mut imported.lines).await,
                (None, Resolves::Prompt) => Ok(references::SILENCE.to_owned()),
                (None, _) => instance.resource_for(&reference, &mut imported.lines).await,
            };
            let target = target.with_context(|| format!("a stand-in for {}", reference.given))?;
            imported.lines.push(format!("mapped {} {} to {target}", reference.noun(), reference.given));
            map.insert(reference.given, target);
        }
    }
    if map.len() > known {
        instance.set_references(map).await?;
    }
    Ok(())
}
