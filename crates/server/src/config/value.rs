//! The types a setting can have, and how each is written. Flags, environment and file share one notation.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A value that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{key} from {origin}: {given:?} is not usable; {rule}")]
pub struct SettingError {
    /// The key, as in the file.
    pub key: String,
    /// Where the value came from.
    pub origin: Origin,
    /// The value.
    pub given: String,
    /// What a value must be.
    pub rule: String,
}

/// Where a value came from, in words of the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// The configuration file.
    File(PathBuf),
    /// The built-in default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => write!(f, "flag --{flag}"),
            Origin::Variable(variable) => write!(f, "environment variable {variable}"),
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Default => write!(f, "the default"),
        }
    }
}

/// A type that a setting can have.
pub trait Setting: Sized {
    /// What a value looks like.
    const SHAPE: &'static str;

    /// Reads a value, or says what it must be.
    fn parse(text: &str) -> Result<Self, String>;
}

/// A number of bytes, written `1048576`, `1MiB`, `20MiB` or `4GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteCount(pub u64);

impl ByteCount {
    /// The number as a size in memory.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Setting for ByteCount {
    const SHAPE: &'static str = "bytes, as 1048576 or 1MiB";

    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text[digits.len()..].trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err("give a number of bytes with no unit, KiB, MiB or GiB".to_owned()),
        };
        let count = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
        count.map(ByteCount).ok_or_else(|| "give a number of bytes, as 1048576 or 1MiB".to_owned())
    }
}

/// A number of whole seconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub u32);

impl From<Seconds> for Duration {
    fn from(seconds: Seconds) -> Duration {
        Duration::from_secs(u64::from(seconds.0))
    }
}

impl Setting for Seconds {
    const SHAPE: &'static str = "seconds";

    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(seconds) if seconds > 0 => Ok(Seconds(seconds)),
            _ => Err("give whole seconds, 1 or more".to_owned()),
        }
    }
}

/// A number of whole days, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(pub u32);

impl Setting for Days {
    const SHAPE: &'static str = "days";

    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(days) if days > 0 => Ok(Days(days)),
            _ => Err("give whole days, 1 or more".to_owned()),
        }
    }
}

/// The twelve digits of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountId(pub String);

impl Setting for AccountId {
    const SHAPE: &'static str = "12 digits";

    fn parse(text: &str) -> Result<Self, String> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(AccountId(text.to_owned()))
        } else {
            Err("an account id has exactly 12 digits".to_owned())
        }
    }
}

/// The name of a region, as clients sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region(pub String);

impl Setting for Region {
    const SHAPE: &'static str = "region name";

    fn parse(text: &str) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Region(text.to_owned()))
        } else {
            Err("a region has 1 to 32 lower case letters, digits and dashes".to_owned())
        }
    }
}

/// Declares an enum whose values are words.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $Name:ident { $($(#[$doc:meta])* $Word:ident = $text:literal,)+ } shape $shape:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Name { $($(#[$doc])* $Word,)+ }

        impl Setting for $Name {
            const SHAPE: &'static str = $shape;

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok($Name::$Word),)+
                    _ => Err(concat!("give one of ", $shape).to_owned()),
                }
            }
        }
    };
}

words! {
    /// How log lines are written to standard error.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// For programs: one JSON object a line.
        Json = "json",
    } shape "text, json"
}

words! {
    /// Which set of defaults the limits have.
    pub enum Quotas {
        /// Only what protects meaning or the machine.
        Generous = "generous",
        /// Exactly those of Amazon Connect.
        Aws = "aws",
    } shape "generous, aws"
}

words! {
    /// When the database's writes reach the disk.
    pub enum Synchronous {
        /// Before the answer.
        Full = "full",
        /// Whenever the operating system likes: for measurements only.
        Off = "off",
    } shape "full, off"
}

impl Setting for bool {
    const SHAPE: &'static str = "true, false";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("give true or false".to_owned()),
        }
    }
}

macro_rules! numbers {
    ($($Type:ty),+) => {$(
        impl Setting for $Type {
            const SHAPE: &'static str = "number";

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| format!("give a whole number from 0 to {}", <$Type>::MAX))
            }
        }
    )+};
}

numbers!(u32, u64);

impl Setting for f64 {
    const SHAPE: &'static str = "number";

    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
            _ => Err("give a number, 0 or more".to_owned()),
        }
    }
}

impl Setting for String {
    const SHAPE: &'static str = "text";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Setting for PathBuf {
    const SHAPE: &'static str = "path";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("give a path".to_owned()) } else { Ok(PathBuf::from(text)) }
    }
}

/// Empty is none.
impl<T: Setting> Setting for Option<T> {
    const SHAPE: &'static str = T::SHAPE;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }
}

/// Separated by commas; in the file an array.
impl<T: Setting> Setting for Vec<T> {
    const SHAPE: &'static str = "list, separated by commas";

    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(T::parse).collect()
    }
}
