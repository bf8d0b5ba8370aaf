//! The crates depend on each other as docs/ARCHITECTURE.md draws it, and in no other way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn the_crates_depend_on_each_other_as_drawn() {
    let (drawn, built) = (drawn(&architecture()), built());
    let undrawn: Vec<_> = built.difference(&drawn).collect();
    assert!(
        undrawn.is_empty(),
        "dependencies that are not drawn: {undrawn:?}"
    );
    let unbuilt: Vec<_> = drawn.difference(&built).collect();
    assert!(
        unbuilt.is_empty(),
        "dependencies that are drawn and not there: {unbuilt:?}"
    );
}

#[test]
fn nothing_depends_on_itself_by_a_detour() {
    assert_eq!(cycle(&built()), None);
}

#[test]
fn a_cycle_would_be_found() {
    let edges = |drawn: &str| drawn.lines().map(edge).collect::<BTreeSet<_>>();
    assert_eq!(cycle(&edges("a -> b\nb -> c\na -> c")), None);
    assert!(cycle(&edges("a -> b\nb -> c\nc -> a\nc -> d")).is_some());
    assert!(cycle(&edges("a -> a")).is_some());
}

#[test]
fn a_drawing_is_read_from_its_block_only() {
    let text = "a -> b\n```text\nc -> d\n```\n```dependencies\ne -> f\n\n  g -> h\n```\ni -> j\n";
    assert_eq!(
        drawn(text),
        BTreeSet::from([edge("e -> f"), edge("g -> h")])
    );
}

/// From one crate to another that it uses, without the prefix that all of their names have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    to: String,
}

fn architecture() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn drawn(text: &str) -> BTreeSet<Edge> {
    let lines = text
        .lines()
        .skip_while(|line| line.trim() != "```dependencies")
        .skip(1);
    let block = lines.take_while(|line| line.trim() != "```");
    let edges: BTreeSet<Edge> = block
        .filter(|line| !line.trim().is_empty())
        .map(edge)
        .collect();
    assert!(
        !edges.is_empty(),
        "the architecture has a block of dependencies"
    );
    edges
}

fn edge(line: &str) -> Edge {
    let (from, to) = line
        .split_once("->")
        .unwrap_or_else(|| panic!("no arrow in `{line}`"));
    Edge {
        from: from.trim().to_owned(),
        to: to.trim().to_owned(),
    }
}

/// What the manifests say. What only tests or build scripts use does not count.
fn built() -> BTreeSet<Edge> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert_eq!(
        packages.len(),
        13,
        "the workspace has the crates that the drawing knows"
    );
    packages.iter().flat_map(edges_of).collect()
}

fn edges_of(package: &Value) -> impl Iterator<Item = Edge> {
    let from = short(&package["name"]);
    let dependencies = package["dependencies"].as_array().expect("dependencies");
    let ours = dependencies
        .iter()
        .filter(|one| one["kind"].is_null() && !one["path"].is_null());
    ours.map(move |one| Edge {
        from: from.clone(),
        to: short(&one["name"]),
    })
}

fn short(name: &Value) -> String {
    let name = name.as_str().expect("a name");
    name.strip_prefix("lanyard-")
        .unwrap_or_else(|| panic!("an odd name: {name}"))
        .to_owned()
}

/// A crate that depends on itself, if there is one: what is left when all that depend on nothing
/// have been taken away, again and again.
fn cycle(edges: &BTreeSet<Edge>) -> Option<String> {
    let mut uses = BTreeMap::<&str, BTreeSet<&str>>::new();
    for Edge { from, to } in edges {
        uses.entry(from).or_default().insert(to);
        uses.entry(to).or_default();
    }
    while let Some(leaf) = uses
        .iter()
        .find(|(_, uses)| uses.is_empty())
        .map(|(name, _)| *name)
    {
        uses.remove(leaf);
        for uses in uses.values_mut() {
            uses.remove(leaf);
        }
    }
    uses.keys().next().map(|name| (*name).to_owned())
}
