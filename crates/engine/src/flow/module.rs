//! Flow modules: parts of flows that others invoke (flow-language.md sections 6 and 9).

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};
use serde_json::Value;

use crate::flow::{ContentHash, FlowState};
use crate::id::{ContactFlowModuleAliasId, ContactFlowModuleId};
use crate::tag::Tags;
use crate::time::Timestamp;

/// How deep modules may invoke modules, the first included.
pub const NESTING_MAX: usize = 5;
/// Longest Settings of a module, in bytes: they are kept in memory with each version.
pub const SETTINGS_BYTES_MAX: usize = 16_384;
/// Most versions of a module that are kept at once.
pub const VERSIONS_MAX: usize = 100;
/// Most aliases of a module.
pub const ALIASES_MAX: usize = 50;

/// The edition that contacts run when a reference names none: what was published last.
const LATEST: &str = "$LATEST";
/// The draft.
const SAVED: &str = "$SAVED";
/// The alias that every module has: its newest version, and what is published while there is none.
const NEWEST: &str = "$.LATEST";

/// A flow module of an instance; its contents are [`FlowContent`](crate::flow::FlowContent) records. An archived one
/// still runs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ContactFlowModule {
    /// Its id.
    #[n(0)]
    pub id: ContactFlowModuleId,
    /// Unique among the modules of the instance.
    #[n(1)]
    pub name: String,
    /// Free text.
    #[n(2)]
    pub description: Option<String>,
    /// Whether it is shown as active.
    #[n(3)]
    pub state: FlowState,
    /// The draft: what was given last, published or not.
    #[n(4)]
    pub saved: ModuleContent,
    /// What contacts run; none until it is first published.
    #[n(5)]
    pub published: Option<ModuleContent>,
    /// Its versions, the oldest first, at most [`VERSIONS_MAX`].
    #[n(6)]
    pub versions: Vec<ModuleVersion>,
    /// Versions made so far, deleted ones included: a number is not given twice.
    #[n(7)]
    pub versions_made: u64,
    /// Its aliases in the order in which they were made, at most [`ALIASES_MAX`].
    #[n(8)]
    pub aliases: Vec<ModuleAlias>,
    /// Tags of the resource.
    #[n(9)]
    pub tags: Tags,
    /// When it was made.
    #[n(10)]
    pub created: Timestamp,
    /// Last change.
    #[n(11)]
    pub last_modified: Timestamp,
}

/// What a module does, and what it takes and gives.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ModuleContent {
    /// The content.
    #[n(0)]
    pub hash: ContentHash,
    /// The Settings of the resource as they were given, which [`ModuleContract::parse`] reads; a module may have none.
    #[n(1)]
    pub settings: Option<String>,
}

/// A version, which never changes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ModuleVersion {
    /// Its number, from 1 on.
    #[n(0)]
    pub number: u64,
    /// What it does.
    #[n(1)]
    pub content: ModuleContent,
    /// Free text.
    #[n(2)]
    pub description: Option<String>,
    /// When it was made.
    #[n(3)]
    pub created: Timestamp,
}

/// A name for a version, which may be given to another one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ModuleAlias {
    /// Its id.
    #[n(0)]
    pub id: ContactFlowModuleAliasId,
    /// Unique among the aliases of the module.
    #[n(1)]
    pub name: String,
    /// Number of the version.
    #[n(2)]
    pub version: u64,
    /// Free text.
    #[n(3)]
    pub description: Option<String>,
    /// Last change.
    #[n(4)]
    pub last_modified: Timestamp,
}

impl ContactFlowModule {
    /// What an edition does: empty or `$LATEST` is what is published, `$SAVED` the draft, a number that version,
    /// `$.LATEST` the newest version (what is published while there is none), and anything else the alias with this id
    /// or name. `None` when there is no such edition.
    pub fn resolve(&self, edition: &str) -> Option<&ModuleContent> {
        match edition {
            "" | LATEST => self.published.as_ref(),
            SAVED => Some(&self.saved),
            NEWEST => self.versions.last().map(|version| &version.content).or(self.published.as_ref()),
            other => match other.parse() {
                Ok(number) => self.version(number).map(|version| &version.content),
                Err(_) => self.version(self.alias(other)?.version).map(|version| &version.content),
            },
        }
    }

    /// The version with this number.
    pub fn version(&self, number: u64) -> Option<&ModuleVersion> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// The alias with this id or name.
    pub fn alias(&self, id_or_name: &str) -> Option<&ModuleAlias> {
        let id: Option<ContactFlowModuleAliasId> = id_or_name.parse().ok();
        self.aliases.iter().find(|alias| Some(alias.id) == id || alias.name == id_or_name)
    }
}

impl ModuleContent {
    /// What callers and the module itself are held to; nobody is when there are no Settings.
    ///
    /// # Panics
    ///
    /// When the Settings are none: they are read when they are given.
    pub fn contract(&self) -> Option<ModuleContract> {
        let settings = self.settings.as_deref()?;
        Some(ModuleContract::parse(settings).expect("Settings are read before they are kept"))
    }
}

/// A reference to a module: its id, and the edition behind a colon, empty when it names none. `None` when the id is
/// none.
pub fn read_reference(id: &str) -> Option<(ContactFlowModuleId, &str)> {
    let (id, edition) = id.split_once(':').unwrap_or((id, ""));
    Some((id.parse().ok()?, edition))
}

/// What a module takes and gives, as the Settings of the resource declare it. Callers and the module itself are held to
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleContract {
    /// Names of the values that it takes: `$.Modules.Input.<name>` in the module.
    pub inputs: BTreeSet<String>,
    /// Names of the values that it gives: `$.Modules.ResultData.<name>` at the caller.
    pub outputs: BTreeSet<String>,
    /// Results that it may end with: branches of the caller.
    pub results: BTreeSet<String>,
}

/// Settings that are not a module's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Settings of a module are a JSON object with input.schema, resultData.schema and transitions.results: {0}")]
pub struct NotSettings(String);

/// Most results that a module may declare.
pub const RESULTS_MAX: usize = 8;

impl ModuleContract {
    /// Reads the Settings of a module: `{"input": {"schema": …}, "resultData": {"schema": …}, "transitions":
    /// {"results": […]}}`, where the schemas are JSON schemas of objects and every part may be missing.
    pub fn parse(settings: &str) -> Result<ModuleContract, NotSettings> {
        if settings.len() > SETTINGS_BYTES_MAX {
            return Err(NotSettings(format!("they have {} bytes, give at most {SETTINGS_BYTES_MAX}", settings.len())));
        }
        let root: Value = serde_json::from_str(settings).map_err(|error| NotSettings(error.to_string()))?;
        if !root.is_object() {
            return Err(NotSettings("it is no object".to_owned()));
        }
        let names = |schema: &str| {
            let properties = root.pointer(schema).and_then(|schema| schema.get("properties")?.as_object());
            properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        let results = match root.pointer("/transitions/results") {
            None | Some(Value::Null) => BTreeSet::new(),
            Some(Value::Array(results)) => results.iter().map(result_name).collect::<Result<_, _>>()?,
            Some(_) => return Err(NotSettings("transitions.results is no list".to_owned())),
        };
        if results.len() > RESULTS_MAX {
            return Err(NotSettings(format!("it has {} results, give at most {RESULTS_MAX}", results.len())));
        }
        Ok(ModuleContract { inputs: names("/input/schema"), outputs: names("/resultData/schema"), results })
    }
}

/// A result is its name, or an object that has it.
fn result_name(result: &Value) -> Result<String, NotSettings> {
    let name = result.as_str().or_else(|| result.get("name")?.as_str());
    name.map(str::to_owned).ok_or_else(|| NotSettings("a result has no name".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_declare_inputs_outputs_and_results() {
        let settings = r#"{"version": "1", "input": {"schema": {"type": "object", "properties": {"who": {"type": "string"}}}},
            "resultData": {"schema": {"properties": {"tier": {}, "score": {}}}},
            "transitions": {"results": ["gold", {"name": "silver"}]}}"#;
        let contract = ModuleContract::parse(settings).unwrap();
        let shown = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(",");
        assert_eq!(shown(&contract.inputs), "who");
        assert_eq!(shown(&contract.outputs), "score,tier");
        assert_eq!(shown(&contract.results), "gold,silver");
        assert_eq!(ModuleContract::parse("{}").unwrap(), ModuleContract::default());
    }

    #[test]
    fn editions_are_what_is_published_a_version_or_an_alias() {
        let content = |text: &str| ModuleContent { hash: ContentHash::of(text), settings: None };
        let version = |number| ModuleVersion {
            number,
            content: content(&format!("v{number}")),
            description: None,
            created: Timestamp(0),
        };
        let alias_id = ContactFlowModuleAliasId::from_bytes([0xa1; 16]);
        let alias = |name: &str, version| ModuleAlias {
            id: alias_id,
            name: name.into(),
            version,
            description: None,
            last_modified: Timestamp(0),
        };
        let mut module = ContactFlowModule {
            id: ContactFlowModuleId::from_bytes([1; 16]),
            name: "m".into(),
            description: None,
            state: FlowState::Archived,
            saved: content("draft"),
            published: Some(content("published")),
            versions: vec![version(2), version(5)],
            versions_made: 5,
            aliases: vec![alias("live", 2)],
            tags: Tags::new(),
            created: Timestamp(0),
            last_modified: Timestamp(0),
        };
        let check = |module: &ContactFlowModule, edition: &str, wanted: Option<&str>| {
            assert_eq!(module.resolve(edition), wanted.map(content).as_ref(), "{edition}");
        };
        check(&module, "", Some("published"));
        check(&module, "$LATEST", Some("published"));
        check(&module, "$SAVED", Some("draft"));
        check(&module, "2", Some("v2"));
        check(&module, "3", None);
        check(&module, "live", Some("v2"));
        check(&module, &alias_id.to_string(), Some("v2"));
        check(&module, "$.LATEST", Some("v5"));
        check(&module, "dead", None);
        assert_eq!(minicbor::decode::<ContactFlowModule>(&minicbor::to_vec(&module).unwrap()).unwrap(), module);
        module.versions.clear();
        check(&module, "$.LATEST", Some("published"));
        check(&module, "live", None);
        module.published = None;
        check(&module, "", None);
    }

    #[test]
    fn a_reference_is_an_id_with_or_without_an_edition() {
        let id = ContactFlowModuleId::from_bytes([1; 16]);
        assert_eq!(read_reference(&id.to_string()), Some((id, "")));
        assert_eq!(read_reference(&format!("{id}:$LATEST")), Some((id, "$LATEST")));
        assert_eq!(read_reference("m:1"), None);
    }

    #[test]
    fn other_settings_are_refused() {
        let refused = |settings: &str| ModuleContract::parse(settings).unwrap_err().to_string();
        assert!(refused("x").contains("expected value"));
        assert!(refused("[]").ends_with("it is no object"));
        assert!(refused(r#"{"transitions": {"results": {}}}"#).ends_with("transitions.results is no list"));
        assert!(refused(r#"{"transitions": {"results": [1]}}"#).ends_with("a result has no name"));
        assert!(
            refused(r#"{"transitions": {"results": ["1","2","3","4","5","6","7","8","9"]}}"#).contains("at most 8")
        );
    }
}
