//! `cargo xtask model`: the facts of the API, taken from the service model that PyPI's botocore carries.
//!
//! Only names, bindings, constraints and errors are taken; no sentence of the vendor's enters the tree. A key of the
//! source that is neither known here as a fact nor as prose stops the import: somebody has to decide what it is.

mod write;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The package that carries the service model, in the version that we follow.
const PACKAGE: &str = "botocore==1.43.11";
/// The service model inside of the package; newer packages compress it.
const MEMBER: &str = "botocore/data/connect/2017-08-08/service-2.json";

/// What `model/` holds.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) operations: IndexMap<String, Operation>,
    pub(crate) shapes: IndexMap<String, Shape>,
}

/// One operation.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) input: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<String>,
    pub(crate) errors: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) idempotent: bool,
}

/// One shape. Which members are set depends on `kind`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<serde_json::Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<serde_json::Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) sensitive: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) union: bool,
    #[serde(default, rename = "box", skip_serializing_if = "is_false")]
    pub(crate) boxed: bool,
    #[serde(default, rename = "timestampFormat", skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp_format: Option<String>,
    /// The HTTP status, of exceptions only.
    #[serde(default, rename = "httpStatus", skip_serializing_if = "Option::is_none")]
    pub(crate) http_status: Option<u16>,
    #[serde(default, rename = "enum", skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<Vec<String>>,
    /// Item of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) item: Option<String>,
    /// Key and value of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) members: IndexMap<String, Member>,
}

/// What a shape is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Boolean,
    Double,
    Float,
    Integer,
    List,
    Long,
    Map,
    String,
    Structure,
    Timestamp,
}

/// One member of a structure.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) shape: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) required: bool,
    /// `uri`, `querystring` or `header`; the body where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    #[serde(default, rename = "locationName", skip_serializing_if = "Option::is_none")]
    pub(crate) location_name: Option<String>,
    #[serde(default, rename = "idempotencyToken", skip_serializing_if = "is_false")]
    pub(crate) idempotency_token: bool,
    #[serde(default, rename = "box", skip_serializing_if = "is_false")]
    pub(crate) boxed: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) deprecated: bool,
}

/// Writes `model/operations.json`, `model/shapes.json` and `model/README.md`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let folder = crate::root().join("model");
    let wheel = match arguments {
        [] => download(&crate::root().join("target/model"))?,
        [flag, file] if flag == "--wheel" => PathBuf::from(file),
        _ => bail!("takes --wheel FILE and nothing else"),
    };
    let source = read(&wheel)?;
    let model = import(&source)?;
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("operations.json"), write::pretty(&serde_json::to_value(&model.operations)?))?;
    fs::write(folder.join("shapes.json"), write::pretty(&serde_json::to_value(&model.shapes)?))?;
    fs::write(folder.join("README.md"), write::readme(&model, PACKAGE, MEMBER, &date_of(&wheel)?))?;
    println!("{} operations, {} shapes", model.operations.len(), model.shapes.len());
    Ok(())
}

impl Model {
    /// Reads what [`run`] wrote.
    pub(crate) fn load(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let operations = serde_json::from_str(&read("operations.json")?).context("model/operations.json")?;
        let shapes = serde_json::from_str(&read("shapes.json")?).context("model/shapes.json")?;
        Ok(Model { operations, shapes })
    }

    /// The shape of that name; the model refers to no other.
    pub(crate) fn shape(&self, name: &str) -> &Shape {
        self.shapes.get(name).unwrap_or_else(|| panic!("the model refers to a shape that it lacks: {name}"))
    }
}

/// Fetches the wheel with pip, which checks its hash.
fn download(folder: &Path) -> Result<PathBuf> {
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"])
        .arg(folder)
        .arg(PACKAGE)
        .status()
        .context("cannot run python3; give the wheel with --wheel FILE")?;
    ensure!(status.success(), "pip could not download {PACKAGE}; give the wheel with --wheel FILE");
    let version = PACKAGE.replace("==", "-");
    let entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let wheel = entries
        .iter()
        .map(fs::DirEntry::path)
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&version)));
    wheel.with_context(|| format!("pip left no {version} wheel in {}", folder.display()))
}

/// The service model inside of the wheel.
fn read(wheel: &Path) -> Result<Value> {
    let file = File::open(wheel).with_context(|| format!("cannot open {}", wheel.display()))?;
    let mut archive = zip::ZipArchive::new(file)?;
    let compressed = format!("{MEMBER}.gz");
    if archive.index_for_name(&compressed).is_some() {
        let member = archive.by_name(&compressed)?;
        return Ok(serde_json::from_reader(flate2::read::GzDecoder::new(member))?);
    }
    let mut text = String::new();
    archive.by_name(MEMBER).with_context(|| format!("no {MEMBER} in the wheel"))?.read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

/// The day on which the service model was packed into the wheel, as `YYYY-MM-DD`.
fn date_of(wheel: &Path) -> Result<String> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    let name = archive.file_names().find(|name| name.starts_with(MEMBER)).map(str::to_owned);
    let member = archive.by_name(&name.context("the wheel has no service model")?)?;
    let date = member.last_modified().context("the wheel's service model has no date")?;
    Ok(format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()))
}

/// Takes the facts out of the service model.
fn import(source: &Value) -> Result<Model> {
    let metadata = &source["metadata"];
    ensure!(
        metadata["protocol"] == "rest-json" && metadata["signingName"] == "connect",
        "not Connect's rest-json model"
    );
    let mut model = Model { operations: IndexMap::new(), shapes: IndexMap::new() };
    for (name, operation) in object(&source["operations"])? {
        let operation = import_operation(name, object(operation)?).with_context(|| format!("operation {name}"))?;
        model.operations.insert(name.clone(), operation);
    }
    for (name, shape) in object(&source["shapes"])? {
        model.shapes.insert(name.clone(), import_shape(object(shape)?).with_context(|| format!("shape {name}"))?);
    }
    model.operations.sort_keys();
    model.shapes.sort_keys();
    Ok(model)
}

fn import_operation(name: &str, source: &Map<String, Value>) -> Result<Operation> {
    only(source, &["name", "http", "input", "output", "errors", "idempotent"])?;
    ensure!(source["name"] == name, "goes by two names");
    let http = object(&source["http"])?;
    only(http, &["method", "requestUri"])?;
    let mut errors = Vec::new();
    for error in source["errors"].as_array().context("errors are a list")? {
        errors.push(reference(error)?);
    }
    errors.sort();
    Ok(Operation {
        method: text(&http["method"])?,
        uri: text(&http["requestUri"])?,
        input: reference(&source["input"])?,
        output: source.get("output").map(reference).transpose()?,
        errors,
        idempotent: source.get("idempotent").is_some_and(|value| value == true),
    })
}

fn import_shape(source: &Map<String, Value>) -> Result<Shape> {
    let known = [
        "type",
        "min",
        "max",
        "pattern",
        "sensitive",
        "union",
        "box",
        "timestampFormat",
        "enum",
        "error",
        "exception",
        "member",
        "key",
        "value",
        "members",
        "required",
    ];
    only(source, &known)?;
    let mut facts = source.clone();
    for dropped in ["documentation", "exception", "error", "required", "member", "key", "value", "members"] {
        facts.shift_remove(dropped);
    }
    let mut shape: Shape = serde_json::from_value(Value::Object(facts))?;
    if let Some(error) = source.get("error") {
        only(object(error)?, &["httpStatusCode"])?;
        shape.http_status = Some(u16::try_from(error["httpStatusCode"].as_u64().context("a status is a number")?)?);
    }
    shape.item = source.get("member").map(reference).transpose()?;
    shape.key = source.get("key").map(reference).transpose()?;
    shape.value = source.get("value").map(reference).transpose()?;
    let required: Vec<String> =
        source.get("required").map_or(Ok(Vec::new()), |list| serde_json::from_value(list.clone()))?;
    if let Some(members) = source.get("members") {
        for (name, member) in object(members)? {
            let member = import_member(object(member)?, required.contains(name)).with_context(|| name.clone())?;
            shape.members.insert(name.clone(), member);
        }
    }
    for name in &required {
        ensure!(shape.members.contains_key(name), "requires a member that it lacks: {name}");
    }
    Ok(shape)
}

fn import_member(source: &Map<String, Value>, required: bool) -> Result<Member> {
    only(source, &["shape", "location", "locationName", "idempotencyToken", "box", "deprecated"])?;
    let mut facts = source.clone();
    facts.retain(|key, _| !PROSE.contains(&key.as_str()));
    let member: Member = serde_json::from_value(Value::Object(facts))?;
    Ok(Member { required, ..member })
}

/// Keys of the source that hold sentences.
const PROSE: [&str; 3] = ["documentation", "deprecatedMessage", "deprecatedSince"];

/// Refuses a key that is neither one of `facts` nor prose.
fn only(source: &Map<String, Value>, facts: &[&str]) -> Result<()> {
    match source.keys().find(|key| !facts.contains(&key.as_str()) && !PROSE.contains(&key.as_str())) {
        Some(key) => bail!("`{key}` is new in the source: add it to the facts or to the prose in xtask/src/model.rs"),
        None => Ok(()),
    }
}

fn reference(source: &Value) -> Result<String> {
    let source = object(source)?;
    only(source, &["shape"])?;
    text(&source["shape"])
}

fn object(value: &Value) -> Result<&Map<String, Value>> {
    value.as_object().context("not an object")
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("not a string")?.to_owned())
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests;
