//! The Rust types of shapes.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::names;
use super::selection::Selection;
use crate::model::{Kind, Member, Shape};

/// `shapes.rs`.
pub(super) fn shapes(selection: &Selection<'_>) -> String {
    let mut text = String::from(
        "//!\n//! Inputs, outputs and their values. Sensitive members are left out of `Debug`.\n\n\
         use std::collections::BTreeMap;\nuse std::fmt;\n\nuse serde::{Deserialize, Serialize};\n\n\
         use crate::Timestamp;\nuse crate::string_enum::string_enum;\n",
    );
    let types = Types { selection, defaults: defaults(selection) };
    for (name, shape) in selection.shapes() {
        match shape.kind {
            Kind::Structure if shape.union => text += &types.union(name, shape),
            Kind::Structure => text += &types.structure(name, shape),
            Kind::String if shape.values.is_some() => text += &enumeration(name, shape),
            _ => {}
        }
    }
    text
}

struct Types<'a> {
    selection: &'a Selection<'a>,
    /// Structures that can be made from nothing.
    defaults: BTreeSet<&'a str>,
}

impl Types<'_> {
    fn structure(&self, name: &str, shape: &Shape) -> String {
        let is_output = self.selection.outputs.contains(name);
        let hidden: BTreeSet<&str> = shape
            .members
            .iter()
            .filter(|(_, member)| self.selection.is_sensitive(&member.shape))
            .map(|(member, _)| member.as_str())
            .collect();
        let mut text = format!("\n/// {}\n", self.role(name));
        let _ = writeln!(text, "#[derive({})]", self.derives(name, hidden.is_empty()).join(", "));
        let pascal = shape.members.keys().filter(|member| names::pascal(&names::field(member)) == **member).count();
        if pascal > 0 {
            text += "#[serde(rename_all = \"PascalCase\")]\n";
        }
        let _ = writeln!(text, "pub struct {name} {{");
        for (member, facts) in &shape.members {
            let field = names::field(member);
            let _ = writeln!(text, "/// {}", self.member_facts(facts));
            let on_wire = if pascal > 0 { names::pascal(&field) } else { field.trim_start_matches("r#").to_owned() };
            let mut serde = Vec::new();
            if on_wire != *member {
                serde.push(format!("rename = {member:?}"));
            }
            if is_output && !facts.required {
                serde.push("skip_serializing_if = \"Option::is_none\"".to_owned());
            }
            if !serde.is_empty() {
                let _ = writeln!(text, "#[serde({})]", serde.join(", "));
            }
            let kind = self.rust(&facts.shape);
            let kind = if facts.required { kind } else { format!("Option<{kind}>") };
            let _ = writeln!(text, "pub {field}: {kind},");
        }
        text += "}\n";
        if !hidden.is_empty() {
            text += &redacted_debug(name, shape, &hidden);
        }
        text
    }

    fn union(&self, name: &str, shape: &Shape) -> String {
        let mut text = format!("\n/// Exactly one of these. {}\n", self.role(name));
        let _ = writeln!(text, "#[derive({})]\npub enum {name} {{", self.derives(name, true).join(", "));
        for (member, facts) in &shape.members {
            let inner = self.model_facts(&facts.shape);
            let _ = writeln!(
                text,
                "/// {}",
                if inner.is_empty() { format!("`{member}`") } else { names::capitalised(&inner) }
            );
            let _ = writeln!(text, "{member}({}),", self.rust(&facts.shape));
        }
        text += "}\n";
        text
    }

    /// What the structure is for.
    fn role(&self, name: &str) -> String {
        for (operation, facts) in &self.selection.typed {
            if facts.input == name {
                return format!("Input of [`{operation}`](crate::operations::{operation}).");
            }
            if facts.output.as_deref() == Some(name) {
                return format!("Output of [`{operation}`](crate::operations::{operation}).");
            }
        }
        match (self.selection.inputs.contains(name), self.selection.outputs.contains(name)) {
            (true, true) => "Part of inputs and outputs.".to_owned(),
            (true, false) => "Part of inputs.".to_owned(),
            _ => "Part of outputs.".to_owned(),
        }
    }

    fn derives(&self, name: &str, debug: bool) -> Vec<&'static str> {
        let is_whole =
            self.selection.typed.values().any(|facts| facts.input == name || facts.output.as_deref() == Some(name));
        let is_output = self.selection.outputs.contains(name);
        let wanted = [
            ("Debug", debug),
            ("Clone", true),
            ("Default", is_output && self.defaults.contains(name)),
            ("PartialEq", !is_whole),
            ("Deserialize", self.selection.inputs.contains(name)),
            ("Serialize", is_output),
        ];
        wanted.into_iter().filter(|(_, wanted)| *wanted).map(|(derive, _)| derive).collect()
    }

    fn rust(&self, name: &str) -> String {
        let shape = self.selection.model.shape(name);
        let inner = |inner: &Option<String>| self.rust(inner.as_ref().expect("lists and maps name their parts"));
        match shape.kind {
            Kind::Boolean => "bool".to_owned(),
            Kind::Double | Kind::Float => "f64".to_owned(),
            Kind::Integer => "i32".to_owned(),
            Kind::Long => "i64".to_owned(),
            Kind::List => format!("Vec<{}>", inner(&shape.item)),
            Kind::Map => format!("BTreeMap<{}, {}>", inner(&shape.key), inner(&shape.value)),
            Kind::String if shape.values.is_none() => "String".to_owned(),
            Kind::String | Kind::Structure => name.to_owned(),
            Kind::Timestamp => "Timestamp".to_owned(),
        }
    }

    /// A sentence for a field.
    fn member_facts(&self, member: &Member) -> String {
        let mut facts = if member.required { "Required" } else { "Optional" }.to_owned();
        match (member.location.as_deref(), member.location_name.as_deref()) {
            (Some("uri"), _) => facts += ", in the path",
            (Some("querystring"), Some(name)) => {
                let _ = write!(facts, ", in the query as `{name}`");
            }
            _ => {}
        }
        if member.idempotency_token {
            facts += ", makes the call repeatable";
        }
        if member.deprecated {
            facts += ", deprecated";
        }
        let values = self.model_facts(&member.shape);
        if values.is_empty() { format!("{facts}.") } else { format!("{facts}; {values}.") }
    }

    fn model_facts(&self, name: &str) -> String {
        constraint(self.selection.model.shape(name))
    }
}

/// The constraint of a shape in words, without a full stop; empty where there is none.
pub(super) fn constraint(shape: &Shape) -> String {
    let unit = match shape.kind {
        Kind::String if shape.values.is_none() => " characters",
        Kind::List => " items",
        Kind::Map => " entries",
        Kind::Double | Kind::Float | Kind::Integer | Kind::Long => "",
        _ => return String::new(),
    };
    let size = match (&shape.min, &shape.max) {
        (Some(min), Some(max)) if min == max => Some(format!("exactly {min}{unit}")),
        (Some(min), Some(max)) => Some(format!("{min} to {max}{unit}")),
        (Some(min), None) => Some(format!("at least {min}{unit}")),
        (None, Some(max)) => Some(format!("at most {max}{unit}")),
        (None, None) => None,
    };
    let pattern = shape.pattern.as_ref().map(|pattern| format!("matches `{}`", visible(pattern)));
    let sensitive = shape.sensitive.then(|| "sensitive".to_owned());
    size.into_iter().chain(pattern).chain(sensitive).collect::<Vec<_>>().join(", ")
}

/// A pattern in a comment: control characters would end the line.
fn visible(pattern: &str) -> String {
    pattern
        .chars()
        .map(|letter| if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() })
        .collect()
}

fn enumeration(name: &str, shape: &Shape) -> String {
    let mut text = String::from("\nstring_enum!(\n");
    let _ = writeln!(text, "    /// Enumeration `{name}`.\n    {name} {{");
    for value in shape.values.iter().flatten() {
        let _ = writeln!(text, "        {} = {value:?},", names::variant(value));
    }
    text += "    }\n);\n";
    text
}

fn redacted_debug(name: &str, shape: &Shape, hidden: &BTreeSet<&str>) -> String {
    let mut text = format!(
        "\nimpl fmt::Debug for {name} {{\n    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n        f.debug_struct({name:?})"
    );
    for member in shape.members.keys().filter(|member| !hidden.contains(member.as_str())) {
        let field = names::field(member);
        let _ = write!(text, ".field({:?}, &self.{field})", field.trim_start_matches("r#"));
    }
    text += ".finish_non_exhaustive()\n}\n}\n";
    text
}

/// Structures whose required members all have a default.
fn defaults<'a>(selection: &Selection<'a>) -> BTreeSet<&'a str> {
    let structures: Vec<_> =
        selection.shapes().filter(|(_, shape)| shape.kind == Kind::Structure && !shape.union).collect();
    let mut defaults: BTreeSet<&str> = structures.iter().map(|(name, _)| *name).collect();
    loop {
        let lacking = structures.iter().find(|(name, shape)| {
            let mut required = shape.members.values().filter(|member| member.required);
            defaults.contains(name)
                && required.any(|member| {
                    let shape = selection.model.shape(&member.shape);
                    let is_named = shape.kind == Kind::Structure;
                    shape.values.is_some()
                        || shape.kind == Kind::Timestamp
                        || (is_named
                            && !(defaults.contains(member.shape.as_str())
                                && selection.outputs.contains(member.shape.as_str())))
                })
        });
        match lacking {
            Some((name, _)) => defaults.remove(name),
            None => return defaults,
        };
    }
}
