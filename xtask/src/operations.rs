//! `cargo xtask operations`: which operations of the API Callboard has, lacks, and calls in its tests.
//!
//! Have: the registration list in `crates/service/src/handlers.rs`, read as text, because depending on `service` would
//! build a database before any command of xtask runs. Tested: what the clients under `tests/` call. The README's
//! support table is made of the two, in the sections of `model/operations.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use regex::Regex;

use crate::model::Model;

const REGISTRATION: &str = "crates/service/src/handlers.rs";
const SECTIONS: &str = "model/operations.txt";
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

/// Operations that are about the same thing.
#[derive(Debug, PartialEq, Eq)]
struct Section {
    title: String,
    operations: Vec<String>,
}

struct Report {
    /// All operations of the model, in its order.
    known: Vec<String>,
    /// In the order of the registration list.
    have: Vec<String>,
    sections: Vec<Section>,
    /// What each of [`CLIENTS`] calls.
    called: [BTreeSet<String>; CLIENTS.len()],
}

impl Report {
    fn read() -> Result<Report> {
        let root = crate::root();
        let known: Vec<String> = Model::load(&root.join("model"))?.operations.into_keys().collect();
        let have = registered(&fs::read_to_string(root.join(REGISTRATION)).context(REGISTRATION)?);
        ensure!(!have.is_empty(), "{REGISTRATION} registers nothing that this command can read");
        let sections = sections(&fs::read_to_string(root.join(SECTIONS)).context(SECTIONS)?);
        for name in &have {
            ensure!(known.contains(name), "{REGISTRATION} has {name}, the model has not");
            let is_listed = sections.iter().any(|section| section.operations.contains(name));
            ensure!(is_listed, "{REGISTRATION} has {name}, {SECTIONS} has not");
        }
        let mut called = [const { BTreeSet::new() }; CLIENTS.len()];
        for (calls, (folder, ending, _)) in called.iter_mut().zip(CLIENTS) {
            let text = sources(&root.join(folder), ending)?;
            calls.extend(have.iter().filter(|name| calls_operation(&text, name)).cloned());
        }
        Ok(Report { known, have, sections, called })
    }

    fn is_tested(&self, name: &str) -> bool {
        self.called.iter().any(|calls| calls.contains(name))
    }

    fn untested(&self) -> Vec<&str> {
        self.have.iter().map(String::as_str).filter(|name| !self.is_tested(name)).collect()
    }

    fn lacking(&self) -> Vec<&str> {
        self.known.iter().filter(|name| !self.have.contains(name)).map(String::as_str).collect()
    }

    fn text(&self) -> String {
        let mut text = format!("have {} of {}:\n", self.have.len(), self.known.len());
        for name in &self.have {
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
        let row = |section: &Section| {
            let have: Vec<&str> =
                section.operations.iter().filter(|name| self.have.contains(name)).map(String::as_str).collect();
            (!have.is_empty()).then(|| format!("| {} | {} |\n", section.title, have.join(", ")))
        };
        let rows: String = self.sections.iter().filter_map(row).collect();
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
             | about | operations |\n|---|---|\n{rows}\n\
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
fn registered(source: &str) -> Vec<String> {
    let entry = Regex::new(r"\.(?:read|write)(?:_\w+)?::<(\w+)>\(").expect("a valid expression");
    entry.captures_iter(source).map(|found| found[1].to_owned()).collect()
}

/// The sections of the list of operations: a comment, then operations.
fn sections(list: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in list.lines() {
        match (line.strip_prefix("# "), sections.last_mut()) {
            (Some(title), _) => sections.push(Section { title: title.to_owned(), operations: Vec::new() }),
            (None, Some(section)) if !line.is_empty() => section.operations.push(line.to_owned()),
            (None, _) => {}
        }
    }
    sections
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
    fn an_entry_of_the_list_names_its_operation() {
        let list = "
            .read_routed::<ListInstances>(system, instance::list_instances)
            .write::<StopContact>(contact::stop_contact)";
        assert_eq!(registered(list), ["ListInstances", "StopContact"]);
    }

    #[test]
    fn a_section_has_the_operations_until_the_next_comment() {
        let section = |title: &str, operations: &[&str]| Section {
            title: title.to_owned(),
            operations: operations.iter().map(|name| (*name).to_owned()).collect(),
        };
        let found = sections("# About\n\n# Tags\nTagResource\nUntagResource\n\n# Contacts\nStopContact\n");
        let expected = [
            section("About", &[]),
            section("Tags", &["TagResource", "UntagResource"]),
            section("Contacts", &["StopContact"]),
        ];
        assert_eq!(found, expected);
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
