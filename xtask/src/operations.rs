//! `cargo xtask operations`: which operations of the API Callboard has, lacks, and calls in its tests.
//!
//! Have: the registration list in `crates/service/src/handlers.rs`, read as text, because depending on `service` would
//! build a database before any command of xtask runs. Tested: what the clients under `tests/` call. The README's
//! support table is made of the two.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use regex::Regex;

use crate::model::Model;

const REGISTRATION: &str = "crates/service/src/handlers.rs";
const BEGIN: &str = "<!-- Begin of the support table, written by `cargo xtask operations`. -->\n";
const END: &str = "<!-- End of the support table. -->\n";

/// Where operations are called, in files with which ending, and by which client.
const CLIENTS: [(&str, &str, &str); 3] = [
    ("tests/clients", "py", "boto3 or the AWS CLI"),
    ("tests/js", "js", "the AWS SDK for JavaScript"),
    ("tests/rust-sdk/tests", "rs", "the AWS SDK for Rust"),
];

/// Prints the report and writes the README's table.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "takes no arguments");
    let report = Report::read()?;
    print!("{}", report.text());
    if let Some(text) = report.fresh_readme()? {
        fs::write(readme(), text)?;
        println!("\nwrote the support table of README.md");
    }
    Ok(())
}

fn readme() -> PathBuf {
    crate::root().join("README.md")
}

/// An operation with a handler.
#[derive(Debug, PartialEq, Eq)]
struct Registered {
    name: String,
    /// The file in `handlers` that the handler is in.
    module: String,
}

struct Report {
    /// All operations of the model, in its order.
    known: Vec<String>,
    /// In the order of the registration list.
    have: Vec<Registered>,
    /// What each of [`CLIENTS`] calls.
    called: [BTreeSet<String>; CLIENTS.len()],
}

impl Report {
    fn read() -> Result<Report> {
        let root = crate::root();
        let known: Vec<String> = Model::load(&root.join("model"))?.operations.into_keys().collect();
        let have = registered(&fs::read_to_string(root.join(REGISTRATION)).context(REGISTRATION)?);
        ensure!(!have.is_empty(), "{REGISTRATION} registers nothing that this command can read");
        for operation in &have {
            ensure!(known.contains(&operation.name), "{REGISTRATION} has {}, the model has not", operation.name);
        }
        let mut called = [const { BTreeSet::new() }; CLIENTS.len()];
        for (calls, (folder, ending, _)) in called.iter_mut().zip(CLIENTS) {
            let text = sources(&root.join(folder), ending)?;
            calls.extend(
                have.iter().filter(|operation| calls_operation(&text, &operation.name)).map(|o| o.name.clone()),
            );
        }
        Ok(Report { known, have, called })
    }

    fn is_tested(&self, name: &str) -> bool {
        self.called.iter().any(|calls| calls.contains(name))
    }

    fn untested(&self) -> Vec<&str> {
        self.have.iter().map(|operation| operation.name.as_str()).filter(|name| !self.is_tested(name)).collect()
    }

    fn lacking(&self) -> Vec<&str> {
        let has = |name: &&str| self.have.iter().any(|operation| operation.name == *name);
        self.known.iter().map(String::as_str).filter(|name| !has(name)).collect()
    }

    fn text(&self) -> String {
        let mut text = format!("have {} of {}:\n", self.have.len(), self.known.len());
        for Registered { name, .. } in &self.have {
            let clients = CLIENTS.iter().zip(&self.called).filter(|(_, calls)| calls.contains(name));
            let by: Vec<&str> = clients.map(|((_, _, client), _)| *client).collect();
            let tested =
                if by.is_empty() { "no test calls it".to_owned() } else { format!("tested by {}", by.join(", ")) };
            text += &format!("  {name:<36}{tested}\n");
        }
        let lacking = self.lacking();
        text + &format!("\nlack {}:\n  {}\n", lacking.len(), lacking.join("\n  "))
    }

    fn table(&self) -> String {
        let mut rows: Vec<(&str, Vec<&str>)> = Vec::new();
        for Registered { name, module } in &self.have {
            match rows.iter_mut().find(|(of, _)| of == module) {
                Some((_, names)) => names.push(name),
                None => rows.push((module, vec![name])),
            }
        }
        let rows: String = rows
            .into_iter()
            .map(|(module, names)| format!("| {} | {} |\n", module.replace('_', " "), names.join(", ")))
            .collect();
        let (have, known) = (self.have.len(), self.known.len());
        let counts: Vec<String> = CLIENTS
            .iter()
            .zip(&self.called)
            .map(|((_, _, client), calls)| format!("{} by {client}", calls.len()))
            .collect();
        let tested = match self.untested().as_slice() {
            [] => "Every one of them is called by the tests".to_owned(),
            untested => format!("No test calls {}. The others are called by the tests", untested.join(", ")),
        };
        format!(
            "{have} of {known} operations. The other {} answer 501 `NotImplemented`.\n\n\
             | of | operations |\n|---|---|\n{rows}\n\
             {tested}: {}.\n",
            known - have,
            counts.join(", ")
        )
    }

    /// The README with its table as it should be, if it is not.
    fn fresh_readme(&self) -> Result<Option<String>> {
        let old = fs::read_to_string(readme()).context("README.md")?;
        let (before, rest) = old.split_once(BEGIN).context("README.md lacks the begin of the support table")?;
        let (_, after) = rest.split_once(END).context("README.md lacks the end of the support table")?;
        let fresh = format!("{before}{BEGIN}\n{}\n{END}{after}", self.table());
        Ok((fresh != old).then_some(fresh))
    }
}

/// The operations of the registration list: `.write::<StopContact>(contact::stop_contact)`.
fn registered(source: &str) -> Vec<Registered> {
    let entry = Regex::new(r"\.(?:read|write)(?:_\w+)?::<(\w+)>\((.*)\)").expect("a valid expression");
    let module = Regex::new(r"(\w+)::\w+$").expect("a valid expression");
    let all = entry.captures_iter(source).filter_map(|found| {
        let module = module.captures(&found[2])?[1].to_owned();
        Some(Registered { name: found[1].to_owned(), module })
    });
    all.collect()
}

/// The text of the files under a folder that are ours.
fn sources(folder: &Path, ending: &str) -> Result<String> {
    let mut text = String::new();
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("node_modules") {
            text += &sources(&path, ending)?;
        } else if path.extension().is_some_and(|given| given == ending) {
            text += &fs::read_to_string(&path)?;
        }
    }
    Ok(text)
}

/// Whether a client's source calls an operation, by any of the ways in which the SDKs spell that.
fn calls_operation(text: &str, name: &str) -> bool {
    let snake = separated(name, '_');
    let ways = [
        format!(".{snake}("),
        format!("\"{snake}\""),
        format!("\"{}\"", separated(name, '-')),
        format!("new {name}Command("),
    ];
    ways.iter().any(|way| text.contains(way))
}

/// `StopContact` is `stop_contact` or `stop-contact`.
fn separated(name: &str, separator: char) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(separator);
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_support_table_of_the_readme_is_up_to_date() {
        if let Some(text) = Report::read().unwrap().fresh_readme().unwrap() {
            fs::write(readme(), text).unwrap();
            panic!("the README's support table was stale and is now as by `cargo xtask operations`; review and commit");
        }
    }

    #[test]
    fn an_entry_of_the_list_names_operation_and_module() {
        let list = "
            .read_routed::<ListInstances>(system, instance::list_instances)
            .write::<StopContact>(contact::stop_contact)";
        let entry = |name: &str, module: &str| Registered { name: name.into(), module: module.into() };
        assert_eq!(registered(list), [entry("ListInstances", "instance"), entry("StopContact", "contact")]);
    }

    #[test]
    fn a_call_is_known_in_every_spelling() {
        for call in [
            "x.stop_contact(a)",
            r#"refused("E", "part", "stop_contact")"#,
            r#"aws("stop-contact")"#,
            "new StopContactCommand({",
        ] {
            assert!(calls_operation(call, "StopContact"), "{call}");
        }
        assert!(!calls_operation("x.stop_contact_recording(", "StopContact"));
    }
}
