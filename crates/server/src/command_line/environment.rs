//! Which environment variables count for a command line, and their names in messages.

use std::{env, ffi::OsString};

use clap::{Arg, ArgAction, ArgMatches, Command, Id, error::ErrorKind, parser::ValueSource};

/// The flags of a command whose values come from the environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(Vec<Variable>);

/// A flag, and the variable that it has its value from.
#[derive(Clone, Debug)]
struct Variable {
    /// The flag as an error of the parser writes it: `--listen <ADDRESS>`.
    shown: String,
    /// The flag as other messages write it: `--listen`.
    flag: String,
    name: String,
}

/// Takes those variables from a command that do not count for these words, and returns the others.
pub(super) fn applied(command: Command, words: &[OsString]) -> (Command, Environment) {
    let typed = Typed::of(&command, words);
    let mut command = without(command, &|command, arg| {
        is_unset(arg) || typed.overrides(command, arg)
    });
    command.build();
    let environment = Environment::of(&command, &typed);
    (command, environment)
}

impl Environment {
    /// Those of the subcommand that the words lead to.
    fn of(command: &Command, typed: &Typed) -> Self {
        let mut variables = Vec::new();
        let mut next = Some(command);
        let mut path = typed.path.iter();
        while let Some(command) = next {
            variables.extend(command.get_arguments().filter_map(|arg| {
                let name = arg.get_env()?.to_str()?;
                let is_read = !typed.ids.contains(arg.get_id()) && !is_unset(arg);
                let flag = format!("--{}", arg.get_long()?);
                is_read.then(|| Variable {
                    shown: arg.to_string(),
                    flag,
                    name: name.to_owned(),
                })
            }));
            next = path.next().and_then(|name| command.find_subcommand(name));
        }
        Self(variables)
    }

    /// An error of the parser, with variables named in place of flags that were not typed.
    pub(super) fn in_usage(&self, line: &str, kind: ErrorKind) -> String {
        let mut line = line.to_owned();
        for Variable { shown, name, .. } in &self.0 {
            line = line.replace(
                &format!("the argument '{shown}'"),
                &format!("the environment variable '{name}'"),
            );
            line = line.replace(&format!("'{shown}'"), &format!("'{name}'"));
        }
        if kind == ErrorKind::MissingRequiredArgument && !self.0.is_empty() {
            let names: Vec<_> = self.0.iter().map(|variable| &*variable.name).collect();
            line.push_str("; the environment sets ");
            line.push_str(&names.join(", "));
        }
        line
    }

    /// Any other message, with variables named in place of flags that were not typed.
    pub(crate) fn in_message(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for Variable { flag, name, .. } in &self.0 {
            message = with_word_replaced(&message, flag, name);
        }
        message
    }
}

/// The typed part of a command line.
#[derive(Debug, Default)]
struct Typed {
    /// The names of the subcommands.
    path: Vec<String>,
    /// The flags and arguments.
    ids: Vec<Id>,
}

impl Typed {
    /// Parses without the environment and without regard to errors.
    fn of(command: &Command, words: &[OsString]) -> Self {
        let bare = without(command.clone(), &|_, _| true).ignore_errors(true);
        let Ok(matches) = bare.try_get_matches_from(words) else {
            return Self::default();
        };
        let (mut typed, mut next) = (Self::default(), Some(&matches));
        while let Some(matches) = next {
            typed.ids.extend(typed_ids(matches));
            next = matches.subcommand().map(|(name, matches)| {
                typed.path.push(name.to_owned());
                matches
            });
        }
        typed
    }

    /// Whether a flag that excludes this one was typed, or one that stands for a value of this one.
    fn overrides(&self, command: &Command, arg: &Arg) -> bool {
        let excludes = |id: &Id| {
            let other = command.get_arguments().find(|other| other.get_id() == id);
            let both = other.map(|other| [(arg, other), (other, arg)]);
            both.into_iter().flatten().any(|(one, other)| {
                let conflicts = command.get_arg_conflicts_with(one);
                conflicts
                    .iter()
                    .any(|conflict| conflict.get_id() == other.get_id())
            })
        };
        let implies = |id: &Id| {
            let implied = IMPLIED.iter().find(|(typed, _)| id == typed);
            implied.is_some_and(|(_, implied)| implied.iter().any(|other| arg.get_id() == other))
        };
        let typed = |id: &&Id| *id != arg.get_id();
        self.ids
            .iter()
            .filter(typed)
            .any(|id| excludes(id) || implies(id))
    }
}

fn typed_ids(matches: &ArgMatches) -> impl Iterator<Item = Id> {
    let is_typed = |id: &&Id| {
        // A flag that is passed on to subcommands is among the ids of commands that do not have it.
        let id = id.as_str();
        matches.try_contains_id(id).is_ok()
            && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    matches.ids().filter(is_typed).cloned()
}

/// The command, and each below it, without the variables that this holds for.
fn without(command: Command, drops: &impl Fn(&Command, &Arg) -> bool) -> Command {
    let declared = command.clone();
    let command = command.mut_args(|arg| {
        if arg.get_env().is_some() && drops(&declared, &arg) {
            arg.env(None::<&str>)
        } else {
            arg
        }
    });
    command.mut_subcommands(|command| without(command, drops))
}

/// Whether the variable of a flag is not set, is blank, or turns a switch off, which is off anyway.
#[expect(
    clippy::disallowed_methods,
    reason = "the parser reads the environment, and does not tell whether a variable is blank"
)]
fn is_unset(arg: &Arg) -> bool {
    let value = arg.get_env().and_then(env::var_os);
    value.is_none_or(|value| {
        let text = value.to_string_lossy().trim().to_ascii_lowercase();
        let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
        text.is_empty() || (is_switch && OFF.contains(&text.as_str()))
    })
}

/// Replaces a flag where it is not a part of a longer one.
fn with_word_replaced(text: &str, flag: &str, name: &str) -> String {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut replaced = String::with_capacity(text.len());
    let mut parts = text.split(flag).peekable();
    while let Some(part) = parts.next() {
        replaced.push_str(part);
        if let Some(next) = parts.peek() {
            let is_whole = !replaced.ends_with(is_of_word) && !next.starts_with(is_of_word);
            replaced.push_str(if is_whole { name } else { flag });
        }
    }
    replaced
}

/// A typed flag, and the flags that it supplies the values of unless they are typed, too: a data
/// directory has a credential and an endpoint.
const IMPLIED: [(&str, &[&str]); 1] = [("data", &["credential", "endpoint"])];
/// The values that turn a switch off.
const OFF: [&str; 4] = ["0", "false", "no", "off"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_variable_and_leaves_longer_flags_alone() {
        let variable = |flag: &str, value: &str, name: &str| Variable {
            shown: format!("{flag} <{value}>"),
            flag: flag.to_owned(),
            name: name.to_owned(),
        };
        let environment = Environment(vec![
            variable("--redis", "URL", "LANYARD_REDIS"),
            variable("--data", "DIRECTORY", "LANYARD_DATA"),
        ]);
        let message = "--redis-user and --redis both name a user; see x--redis and (--redis)";
        let named = "--redis-user and LANYARD_REDIS both name a user; see x--redis and \
                     (LANYARD_REDIS)";
        assert_eq!(environment.in_message(message), named);
        let conflict = "the argument '--redis <URL>' cannot be used with '--data <DIRECTORY>'";
        let named = "the environment variable 'LANYARD_REDIS' cannot be used with 'LANYARD_DATA'";
        let usage = environment.in_usage(conflict, ErrorKind::ArgumentConflict);
        assert_eq!(usage, named);
    }
}
