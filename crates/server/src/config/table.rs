//! The macro that makes one list of settings serve as struct, flags, environment variables, TOML keys and manual.

use super::layers::Layers;
use super::value::{Setting, SettingError};

/// One setting, as the command line, the file and the manual know it.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Section in the file, empty for the top level.
    pub section: &'static str,
    /// Name inside the section, in snake case.
    pub name: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
    /// Default, in the notation of a flag.
    pub default: &'static str,
    /// Default with `--quotas aws`, where it differs.
    pub aws_default: Option<&'static str>,
    /// What a value looks like, for help and errors.
    pub shape: &'static str,
    /// Whether help and manual leave it out: for tests and measurements only.
    pub hidden: bool,
}

impl Key {
    /// `http.body_bytes_max`, as in the file.
    pub fn path(&self) -> String {
        if self.section.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.section, self.name) }
    }

    /// `http-body-bytes-max`, as a flag without its dashes.
    pub fn flag(&self) -> String {
        self.path().replace(['.', '_'], "-")
    }

    /// `CALLBOARD_HTTP_BODY_BYTES_MAX`, as an environment variable.
    pub fn variable(&self) -> String {
        format!("CALLBOARD_{}", self.path().replace('.', "_").to_uppercase())
    }
}

/// A group of settings, made by [`settings!`].
pub(super) trait Section: Sized {
    /// The settings of the group, in the order of the source.
    const KEYS: &'static [Key];

    /// Reads the group's values, each from the strongest layer that has it.
    fn read(layers: &Layers) -> Result<Self, SettingError>;
}

/// Reads one value.
pub(super) fn value<T: Setting>(layers: &Layers, key: &Key) -> Result<T, SettingError> {
    let (text, origin) = layers.text(key);
    T::parse(text.trim()).map_err(|rule| SettingError { key: key.path(), origin, given: text.to_owned(), rule })
}

/// Declares a section: `settings! { /// Doc. pub struct Http("http") { /// Doc. pub x: u64 = "1" aws "2", } }`.
macro_rules! settings {
    (
        $(#[doc = $section_doc:literal])+
        pub struct $Section:ident($section:literal) {
            $(
                $(#[doc = $doc:literal])+
                pub $field:ident: $Type:ty = $default:literal $(aws $aws:literal)? $([$hidden:ident])?,
            )+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Clone, Debug)]
        pub struct $Section {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nDefault: `", $default, "`.")]
                pub $field: $Type,
            )+
        }

        impl $crate::config::table::Section for $Section {
            const KEYS: &'static [$crate::config::Key] = &[$(
                $crate::config::Key {
                    section: $section,
                    name: stringify!($field),
                    doc: concat!($($doc),+),
                    default: $default,
                    aws_default: settings!(@aws $($aws)?),
                    shape: <$Type as $crate::config::value::Setting>::SHAPE,
                    hidden: settings!(@hidden $($hidden)?),
                },
            )+];

            fn read(layers: &$crate::config::layers::Layers) -> Result<Self, $crate::config::SettingError> {
                let mut keys = Self::KEYS.iter();
                Ok($Section {
                    $($field: $crate::config::table::value(
                        layers,
                        keys.next().expect("there is one key for each field, in the same order"),
                    )?,)+
                })
            }
        }
    };
    (@aws) => { None };
    (@aws $aws:literal) => { Some($aws) };
    (@hidden) => { false };
    (@hidden hidden) => { true };
}

pub(super) use settings;
