//! Closed lists of names: how `Scope`, `Capability`, `RoomRole` and `InCallOperation` are declared.
//!
//! The list of all values, the names and the parser of a vocabulary come out of one declaration,
//! because every exhaustive test walks `ALL`: a value that somebody forgot to add to a list kept by
//! hand would be a row of a table that no test looks at.

use std::fmt;

/// Declares an enum with `ALL`, `as_str`, `Display`, `FromStr` and the error of an unknown name.
macro_rules! vocabulary {
    (
        $(#[$about:meta])*
        pub enum $name:ident, or $unknown:ident of $what:literal {
            $( $(#[$about_value:meta])* $value:ident = $text:literal, )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$about_value])* $value, )+
        }

        impl $name {
            /// Every value, in canonical order.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$value),+];

            /// The name by which configuration, commands and tokens call it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$value => $text, )+
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $unknown;

            /// Reads exactly what `as_str` says: no other case, no white space.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $( $text => Ok(Self::$value), )+
                    _ => Err($unknown),
                }
            }
        }

        #[doc = concat!("The text is not the name of a ", $what, ".")]
        ///
        /// It lists the names that there are and does not repeat the text, which has no bound.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $unknown;

        impl ::std::fmt::Display for $unknown {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::vocabulary::write_unknown(f, $what, &[$($text),+])
            }
        }

        impl ::std::error::Error for $unknown {}
    };
}

pub(crate) use vocabulary;

/// Writes the message of an unknown name, with the names that would have been known.
pub(crate) fn write_unknown(f: &mut fmt::Formatter<'_>, what: &str, names: &[&str]) -> fmt::Result {
    write!(f, "unknown {what}: expected one of ")?;
    for (index, name) in names.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}`{name}`")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
