//! One line for an error of the parser.

use std::ffi::OsString;

use clap::{
    Command, Error,
    error::{ContextKind, ContextValue},
};

/// Returns the error and a remedy on one line, as every error of this program is.
pub(super) fn line(error: &Error, command: &Command, words: &[OsString]) -> String {
    let rendered = error.render().to_string();
    let mut line = String::new();
    let told = rendered.lines().map(str::trim);
    for part in told.take_while(|part| !AFTERWARDS.iter().any(|end| part.starts_with(end))) {
        if !line.is_empty() && !part.is_empty() {
            line.push_str(if part.starts_with("tip:") { "; " } else { " " });
        }
        line.push_str(&part.replace(char::is_control, " "));
    }
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    format!("{line}; {}", remedy(error, command, words))
}

fn remedy(error: &Error, all: &Command, words: &[OsString]) -> String {
    let noun = words.get(1).and_then(|word| all.find_subcommand(word));
    let mut rest = words.iter().skip(2);
    let verb = noun.and_then(|noun| rest.find_map(|word| noun.find_subcommand(word)));
    // A command after flags is a stray argument of `serve` to the parser.
    if let Some(ContextValue::String(stray)) = error.get(ContextKind::InvalidArg)
        && noun.is_some_and(|noun| noun.get_name() == DEFAULT)
        && all.find_subcommand(stray).is_some()
    {
        return format!(
            "name the command first, as in `{} {stray} --help`",
            all.get_name()
        );
    }
    let path = [Some(all), noun, verb].into_iter().flatten();
    let path: Vec<_> = path.map(Command::get_name).collect();
    format!("see `{} --help`", path.join(" "))
}

/// The command that is executed where none is named.
const DEFAULT: &str = "serve";

/// The beginnings of what the parser adds to an error.
const AFTERWARDS: [&str; 2] = ["Usage:", "For more information"];
