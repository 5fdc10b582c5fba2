//! Flow modules: parts of flows that others invoke (flow-language.md sections 6 and 9).

use std::collections::BTreeSet;

use serde_json::Value;

/// How deep modules may invoke modules, the first included.
pub const NESTING_MAX: usize = 5;

/// What a module takes and gives, as the Settings of the resource declare it. Callers and the module itself are held to it.
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
    /// Reads the Settings of a module: `{"input": {"schema": …}, "resultData": {"schema": …}, "transitions": {"results": […]}}`, where
    /// the schemas are JSON schemas of objects and every part may be missing.
    pub fn parse(settings: &str) -> Result<ModuleContract, NotSettings> {
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
