//! Shell completion: commands and flags, and for `dotdesk call` the methods, their arguments and their words.
//!
//! The script that a shell loads asks this program at every turn, so that it knows what this version knows.

use std::ffi::OsStr;

use clap::builder::StyledStr;
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};

use super::call::schema::{Property, Shape};
use super::{Failure, command, print};
use crate::api;
use crate::method::{Described, Registry};

/// Set by the script when it asks. No setting of the server begins with an underscore.
const VARIABLE: &str = "_DOTDESK_COMPLETE";
/// What the program is called in a shell.
const PROGRAM: &str = "dotdesk";
/// How deep the fields of objects are offered.
const LEVELS: usize = 2;

/// A shell that can be completed in.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Shell {
    /// Bash: `source <(dotdesk completions bash)` in ~/.bashrc.
    Bash,
    /// Zsh: `source <(dotdesk completions zsh)` in ~/.zshrc, after compinit.
    Zsh,
    /// fish: `dotdesk completions fish | source` in ~/.config/fish/config.fish.
    Fish,
}

/// Prints the script for a shell.
pub fn script(shell: Shell) -> Result<(), Failure> {
    let shell: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    };
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script).map_err(Failure::because)?;
    print(&String::from_utf8_lossy(&script))
}

/// Answers a shell that asks, and ends the program then.
pub fn answer() {
    CompleteEnv::with_factory(command).var(VARIABLE).bin(PROGRAM).completer(PROGRAM).complete();
}

/// The methods whose names begin so.
pub fn methods(begun: &OsStr) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    let registry = Registry::new(api::TABLES);
    let found = registry.methods().iter().filter(|method| method.name().starts_with(&*begun));
    found.map(|method| candidate(method.name(), method.summary())).collect()
}

/// The arguments of the method that was named before, as far as they are not given yet; and the words that one of them takes.
pub fn arguments(begun: &OsStr) -> Vec<CompletionCandidate> {
    let words: Vec<String> = std::env::args().skip_while(|word| word != "--").skip(1).collect();
    offered(&words, &begun.to_string_lossy())
}

fn offered(line: &[String], begun: &str) -> Vec<CompletionCandidate> {
    let registry = Registry::new(api::TABLES);
    let named = line.iter().enumerate().find_map(|(at, word)| Some((at, registry.find(word).ok()?)));
    let Some((at, method)) = named else { return Vec::new() };
    let given = line.get(at + 1..).unwrap_or_default();
    let given = given.strip_suffix(&[begun.to_owned()]).unwrap_or(given);
    let properties = flattened(method);
    let words_of = |name: &str| {
        let found = properties.iter().find(|(known, _)| known == name);
        found.map(|(_, property)| words(property.shape)).unwrap_or_default()
    };
    // Most shells hand over `sort=cr` as one word.
    if let Some((name, value)) = begun.split_once('=') {
        let found = words_of(name).into_iter().filter(|word| word.starts_with(value));
        return found.map(|word| candidate(&format!("{name}={word}"), "")).collect();
    }
    // Bash cuts it in three, and leaves the second empty while there is no third.
    let before: Vec<&str> = given.iter().map(String::as_str).filter(|word| !matches!(*word, "=" | "")).collect();
    if let Some(name) = before.last()
        && !words_of(name).is_empty()
    {
        return words_of(name)
            .into_iter()
            .filter(|word| word.starts_with(begun))
            .map(|word| candidate(&word, ""))
            .collect();
    }
    let is_given = |name: &str| {
        before.iter().any(|word| *word == name || word.split_once('=').is_some_and(|(given, _)| given == name))
    };
    let open = properties
        .iter()
        .filter(|(name, property)| name.starts_with(begun) && (property.shape.takes("array") || !is_given(name)));
    open.map(|(name, property)| candidate(&format!("{name}="), property.shape.description())).collect()
}

/// The arguments of a method, and the fields of those that are objects.
fn flattened(method: &Described) -> Vec<(String, Property<'_>)> {
    let mut found = Vec::new();
    flatten(&mut found, Shape::of(method.arguments()), "", LEVELS);
    found
}

fn flatten<'a>(found: &mut Vec<(String, Property<'a>)>, shape: Shape<'a>, before: &str, levels: usize) {
    for property in shape.properties() {
        let (name, shape) = (format!("{before}{}", property.name), property.shape);
        let fields = if levels > 1 { shape.properties() } else { Vec::new() };
        if fields.is_empty() {
            found.push((name, property));
        } else {
            flatten(found, shape, &format!("{name}."), levels - 1);
        }
    }
}

/// The words that an argument, or an item of it, is one of.
fn words(shape: Shape<'_>) -> Vec<String> {
    let items = shape.items().map(Shape::words).unwrap_or_default();
    let mut words: Vec<String> = shape.words().into_iter().chain(items).map(str::to_owned).collect();
    if shape.takes("boolean") {
        words.extend(["true".into(), "false".into()]);
    }
    words
}

fn candidate(value: &str, help: &str) -> CompletionCandidate {
    let help = help.lines().next().filter(|line| !line.is_empty());
    CompletionCandidate::new(value).help(help.map(|line| StyledStr::from(line.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered_after(line: &str) -> Vec<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let offered = offered(&words, words.last().unwrap());
        offered.iter().map(|candidate| candidate.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn arguments_and_their_words_are_offered() {
        assert_eq!(offered_after("dotdesk call teams.create na"), ["name="]);
        assert_eq!(offered_after("dotdesk call teams.create query."), ["query.conversations=", "query.tickets="]);
        assert_eq!(offered_after("dotdesk call --url http://x teams.create name=Sms na"), Vec::<String>::new());
        assert_eq!(offered_after("dotdesk call teams.create user_ids=a user_"), ["user_ids="]);
        let sorted = ["created_at:asc", "created_at:desc"];
        assert_eq!(offered_after("dotdesk call teams.list sort = cr"), sorted);
        assert_eq!(offered_after("dotdesk call teams.list sort "), sorted);
        assert_eq!(offered_after("dotdesk call teams.list sort=created_at:d"), ["sort=created_at:desc"]);
        assert_eq!(offered_after("dotdesk call teams.create is_support_enabled=t"), ["is_support_enabled=true"]);
        assert_eq!(offered_after("dotdesk call no.such x"), Vec::<String>::new());
    }
}
