//! Licences, bans and sources of what we link.
//!
//! cargo-deny does it where it is installed. Where it is not, the part of
//! `deny.toml` that needs no network is checked here from cargo's own
//! metadata: the same file, the same answers.

use serde_json::Value;

use crate::shell::{self, Failure};
use crate::tools;

/// What `deny.toml` says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rules {
    licences: Vec<String>,
    bans: Vec<String>,
}

/// A package, as far as the rules care.
struct Package<'a> {
    name: &'a str,
    licence: &'a str,
    source: Option<&'a str>,
}

pub(crate) fn run() -> Result<(), Failure> {
    if tools::is_there("cargo-deny") {
        return shell::cargo(["deny", "--all-features", "check", "bans", "licenses", "sources"]);
    }
    println!("cargo-deny is not installed: checking licences, bans and sources without it");
    let rules = rules(&shell::read("deny.toml")?);
    let version = shell::output(shell::command(shell::cargo_program()).arg("-vV"))?;
    let version = String::from_utf8_lossy(&version).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let mut metadata = shell::command(shell::cargo_program());
    metadata.args(["metadata", "--format-version=1", "--locked", "--filter-platform", host]);
    let metadata: Value =
        serde_json::from_slice(&shell::output(&mut metadata)?).map_err(|err| Failure::Wrong(err.to_string()))?;
    let packages = packages(&metadata);
    let wrong: Vec<String> = packages.iter().filter_map(|package| complaint(package, &rules)).collect();
    if packages.is_empty() || rules.licences.is_empty() {
        return Err(Failure::Wrong("deny.toml or cargo's metadata could not be understood".to_owned()));
    }
    println!("{} packages", packages.len());
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Wrong(wrong.join("\n"))) }
}

fn packages(metadata: &Value) -> Vec<Package<'_>> {
    let used: Vec<&str> =
        metadata["resolve"]["nodes"].as_array().into_iter().flatten().filter_map(|node| node["id"].as_str()).collect();
    let all = metadata["packages"].as_array().into_iter().flatten();
    all.filter(|package| package["id"].as_str().is_some_and(|id| used.contains(&id)))
        .map(|package| Package {
            name: package["name"].as_str().unwrap_or_default(),
            licence: package["license"].as_str().unwrap_or_default(),
            source: package["source"].as_str(),
        })
        .collect()
}

fn complaint(package: &Package<'_>, rules: &Rules) -> Option<String> {
    let name = package.name;
    if !allowed(package.licence, &rules.licences) {
        return Some(format!("{name}: its licence {:?} is not on the list", package.licence));
    }
    if rules.bans.iter().any(|ban| ban == name) {
        return Some(format!("{name}: banned, see deny.toml for the reason"));
    }
    match package.source {
        // Ours have no source; all others come from a registry, never from a branch.
        Some(source) if !source.starts_with("registry+") => Some(format!("{name}: comes from {source}")),
        Some(_) | None => None,
    }
}

/// The two lists of `deny.toml`, which is ours and keeps one entry a line.
fn rules(text: &str) -> Rules {
    let mut rules = Rules::default();
    let (mut section, mut list) = (String::new(), String::new());
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some(key) = line.strip_suffix('[') {
            key.trim_end_matches([' ', '=']).clone_into(&mut list);
        } else if line == "]" {
            list.clear();
        } else if let Some(value) = line.split('"').nth(1) {
            let entry = value.to_owned();
            match (section.as_str(), list.as_str()) {
                ("licenses", "allow") => rules.licences.push(entry),
                ("bans", "deny") => rules.bans.push(entry),
                _ => {}
            }
        }
    }
    rules
}

/// Whether an SPDX expression can be met with the licences on the list:
/// some alternative of `OR` (older manifests write `/`), all of `AND`.
fn allowed(expression: &str, licences: &[String]) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest, licences).is_some_and(|met| met && rest.is_empty())
}

/// Each of these takes what it reads from the front of `words`; `None` where
/// no expression stands.
fn any(words: &mut &[&str], licences: &[String]) -> Option<bool> {
    let mut met = all(words, licences)?;
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        met |= all(words, licences)?;
    }
    Some(met)
}

fn all(words: &mut &[&str], licences: &[String]) -> Option<bool> {
    let mut met = one(words, licences)?;
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        met &= one(words, licences)?;
    }
    Some(met)
}

fn one(words: &mut &[&str], licences: &[String]) -> Option<bool> {
    let (name, rest) = match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = any(words, licences)?;
            let (end, rest) = words.split_first()?;
            *words = rest;
            return (*end == ")").then_some(met);
        }
        [name, "WITH", exception, rest @ ..] => (format!("{name} WITH {exception}"), rest),
        [name, rest @ ..] => ((*name).to_owned(), rest),
        [] => return None,
    };
    *words = rest;
    Some(licences.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let licences = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        for (expression, met) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("(GPL-3.0 OR MIT) AND ISC", true),
            ("(GPL-3.0 OR MIT) AND BSD-3-Clause", false),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0", true),
            ("MIT OR", false),
            ("(MIT", false),
            ("MIT MIT", false),
            ("", false),
        ] {
            assert_eq!(allowed(expression, &licences), met, "{expression}");
        }
    }

    #[test]
    fn rules_of_our_own_file() {
        let text = "[licenses]\n# why\nallow = [\n    \"MIT\", # for most\n]\nexceptions = []\n[bans]\ndeny = [\n    { crate = \"openssl\", reason = \"no \\\"C\\\"\" },\n]\n";
        let rules = rules(text);
        assert_eq!((rules.licences, rules.bans), (vec!["MIT".to_owned()], vec!["openssl".to_owned()]));
    }

    #[test]
    fn complaints() {
        let rules = Rules { licences: vec!["MIT".to_owned()], bans: vec!["openssl".to_owned()] };
        for (name, licence, source, wrong) in [
            ("a", "MIT", Some("registry+https://x/index"), false),
            ("ours", "MIT", None, false),
            ("a", "GPL-3.0", Some("registry+https://x/index"), true),
            ("openssl", "MIT", Some("registry+https://x/index"), true),
            ("a", "MIT", Some("git+https://x/a"), true),
        ] {
            assert_eq!(complaint(&Package { name, licence, source }, &rules).is_some(), wrong, "{name} {licence}");
        }
    }
}
