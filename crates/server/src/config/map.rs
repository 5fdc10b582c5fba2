//! Sections whose keys are the operator's own, such as `[functions]`. They are in the file only: nobody could name
//! their flags beforehand.

use super::layers::Layers;
use super::value::SettingError;

/// A section of the file that is a map, as the manual knows it.
#[derive(Clone, Copy, Debug)]
pub struct MapSection {
    /// Its name.
    pub name: &'static str,
    /// What it maps to what.
    pub doc: &'static str,
    /// What it may look like in a file, without its head.
    pub example: &'static str,
}

/// An entry that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryError {
    /// The path of keys below the section.
    pub path: Vec<String>,
    /// What is there, in the notation of the file.
    pub given: String,
    /// What must be there.
    pub rule: String,
}

/// What a map section is read into. A file without the section gives the default.
pub trait Map: Default {
    /// The section.
    const SECTION: MapSection;

    /// Reads the entries, or says which is wrong.
    fn read(table: &toml::Table) -> Result<Self, EntryError>;
}

/// Reads a map from the file, if there is one that has it.
pub(super) fn read<M: Map>(layers: &Layers) -> Result<M, SettingError> {
    let Some((table, origin)) = layers.map(M::SECTION.name) else { return Ok(M::default()) };
    M::read(table).map_err(|EntryError { path, given, rule }| {
        let key = path.iter().fold(M::SECTION.name.to_owned(), |key, part| key + "." + &written(part));
        SettingError { key, origin, given, rule }
    })
}

/// A key as it is written in the file.
fn written(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !key.is_empty() && key.chars().all(plain) { key.to_owned() } else { format!("{key:?}") }
}
