//! Enums whose variants have a name in the API.

/// Text that names no variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a {kind}: expected one of {}", .allowed.join(", "))]
pub struct UnknownName {
    /// The enum.
    pub kind: &'static str,
    /// What was given.
    pub given: String,
    /// Every name of the enum.
    pub allowed: &'static [&'static str],
}

/// Declares an enum stored as a number (`= n`, never reused) and shown by the name that the API gives it.
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $n:tt $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
        #[cbor(index_only)]
        pub enum $name {
            $($(#[$doc])* #[n($n)] $variant,)*
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The name in the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::name::UnknownName;

            fn from_str(text: &str) -> Result<$name, $crate::name::UnknownName> {
                match text {
                    $($text => Ok($name::$variant),)*
                    _ => Err($crate::name::UnknownName {
                        kind: stringify!($name),
                        given: text.to_owned(),
                        allowed: &[$($text),*],
                    }),
                }
            }
        }
    };
}

pub(crate) use named_enum;
