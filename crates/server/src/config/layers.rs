//! The places a value can come from, strongest first: flag, environment variable, file, default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::map::MapSection;
use super::table::Key;
use super::value::{Origin, Quotas};

/// What each place says, before any value is read.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    /// By flag, without dashes.
    pub(crate) flags: BTreeMap<String, String>,
    /// By name of the variable.
    pub(crate) variables: BTreeMap<String, String>,
    /// By path of the key.
    pub(crate) file: Option<File>,
    /// Which defaults apply.
    pub(crate) quotas: Quotas,
}

/// A configuration file, as texts by path of the key.
#[derive(Clone, Debug)]
pub(crate) struct File {
    path: PathBuf,
    values: BTreeMap<String, String>,
    maps: BTreeMap<String, toml::Table>,
}

impl Layers {
    /// The entries of a map, which only the file may have, and where they come from.
    pub(super) fn map(&self, section: &str) -> Option<(&toml::Table, Origin)> {
        let file = self.file.as_ref()?;
        Some((file.maps.get(section)?, Origin::File(file.path.clone())))
    }

    /// The value of a key in the notation of a flag, and where it came from.
    pub(super) fn text(&self, key: &Key) -> (&str, Origin) {
        let (flag, variable) = (key.flag(), key.variable());
        if let Some(text) = self.flags.get(&flag) {
            return (text, Origin::Flag(flag));
        }
        if let Some(text) = self.variables.get(&variable) {
            return (text, Origin::Variable(variable));
        }
        if let Some(file) = &self.file
            && let Some(text) = file.values.get(&key.path())
        {
            return (text, Origin::File(file.path.clone()));
        }
        match (self.quotas, key.aws_default) {
            (Quotas::Aws, Some(default)) => (default, Origin::Default),
            _ => (key.default, Origin::Default),
        }
    }
}

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("configuration file {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML.
    #[error("configuration file {path}: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// It has a key that means nothing.
    #[error("configuration file {path}: unknown key {key}; did you mean {nearest}?")]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The known key that is written most alike.
        nearest: String,
    },
    /// A value is neither text, number, true or false, nor a list of these.
    #[error("configuration file {path}: key {key} has a value of type {kind}; give {shape}")]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// TOML's name of the type.
        kind: &'static str,
        /// What a value looks like.
        shape: &'static str,
    },
}

impl File {
    /// Reads a file, every key of which must be in `keys` or in a section of `maps`.
    pub(super) fn open(path: &Path, keys: &[Key], maps: &[MapSection]) -> Result<File, FileError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
        File::parse(path, &text, keys, maps)
    }

    /// Reads the text of a file.
    pub(super) fn parse(path: &Path, text: &str, keys: &[Key], maps: &[MapSection]) -> Result<File, FileError> {
        let table: toml::Table = toml::from_str(text)
            .map_err(|source| FileError::Malformed { path: path.to_owned(), source: Box::new(source) })?;
        let mut file = File { path: path.to_owned(), values: BTreeMap::new(), maps: BTreeMap::new() };
        for (name, value) in &table {
            match value {
                toml::Value::Table(entries) if maps.iter().any(|map| map.name == name) => {
                    file.maps.insert(name.clone(), entries.clone());
                }
                toml::Value::Table(section) => {
                    for (inner, value) in section {
                        file.insert(format!("{name}.{inner}"), value, keys)?;
                    }
                }
                _ => file.insert(name.clone(), value, keys)?,
            }
        }
        Ok(file)
    }

    fn insert(&mut self, path: String, value: &toml::Value, keys: &[Key]) -> Result<(), FileError> {
        let Some(key) = keys.iter().find(|key| key.path() == path) else {
            return Err(FileError::UnknownKey { path: self.path.clone(), nearest: nearest(&path, keys), key: path });
        };
        let Some(text) = notation(value) else {
            let kind = value.type_str();
            return Err(FileError::WrongType { path: self.path.clone(), key: path, kind, shape: key.shape });
        };
        self.values.insert(path, text);
        Ok(())
    }
}

/// A TOML value in the notation of a flag.
fn notation(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(items) => {
            let items: Option<Vec<String>> =
                items.iter().map(|item| if item.is_array() { None } else { notation(item) }).collect();
            items.map(|items| items.join(","))
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// The known key that is written most like the given one; one of the same section sooner than one of another.
fn nearest(given: &str, keys: &[Key]) -> String {
    let (section, name) = given.rsplit_once('.').unwrap_or(("", given));
    let far = |key: &&Key| match distance(name, key.name) {
        letters if key.section == section => letters,
        letters => 2 * letters + 1,
    };
    keys.iter().filter(|key| !key.hidden).min_by_key(far).expect("there are settings").path()
}

/// How many letters must be inserted, removed or replaced to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for j in 0..b.len() {
            let replaced = diagonal + usize::from(letter != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
