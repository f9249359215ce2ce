//! The border rule, read from the dependency graph itself.
//!
//! Nothing on the LGWAN side reaches the Internet side and the reverse, at any
//! depth; libraries that read hostile formats are linked by the worker alone;
//! `verify` stands on the safe message and nothing else; `unsafe` has one
//! room. Build dependencies count (their code decides what is linked), those
//! of tests do not.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Libraries that read formats which an attacker writes, now or when later
/// issues bring them. A name that ends with `*` stands for a family.
const HOSTILE: [&str; 48] = [
    // mail, charsets, HTML
    "mail-parser",
    "encoding_rs",
    "chardetng",
    "html2text",
    "ammonia",
    "html5ever",
    "markup5ever",
    "xml5ever",
    "lol_html",
    // documents and fonts
    "hayro*",
    "lopdf",
    "quick-xml",
    "roxmltree",
    "cfb",
    "calamine",
    "skrifa",
    "read-fonts",
    "ttf-parser",
    // pictures
    "image",
    "image-webp",
    "png",
    "gif",
    "tiff",
    "fax",
    "zune-*",
    "moxcms",
    "usvg",
    "resvg",
    "tiny-skia*",
    "emf-core",
    "wmf-core",
    "vello*",
    // archives and compression
    "zip",
    "tar",
    "flate2",
    "miniz_oxide",
    "fdeflate",
    "zlib-rs",
    "bzip2",
    "libbz2-rs-sys",
    "lzma-rust2",
    "brotli*",
    "ppmd-rust",
    "sevenz-rust2",
    "delharc",
    "cab",
    "rars",
    "lzxd",
];

/// Where those may be: the program that is locked in, and the pure functions
/// that it runs. What `crates/dev` links is never
/// shipped, but for `sekisho-bench`, which encodes texts and files of its own and reads
/// no mail.
const READERS: [&str; 6] =
    ["sekisho-disarm", "sekisho-image", "sekisho-pdf", "sekisho-archive", "sekisho-sanitizer", "sekisho-worker"];

/// What the verifier, which is locked in too, may link of them: an inflate.
const INFLATE: [&str; 4] = ["flate2", "miniz_oxide", "zlib-rs", "fdeflate"];

/// A room of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Command,
    Shared,
    Internet,
    Lgwan,
    Dev,
    Foreign,
}

/// A package, and what it links.
#[derive(Debug)]
struct Package {
    name: String,
    side: Side,
    links: Vec<String>,
}

/// Packages by id.
type Graph = BTreeMap<String, Package>;

#[test]
fn the_border_holds() {
    let graph = graph(&metadata());
    let broken = violations(&graph);
    assert!(broken.is_empty(), "the border rule is broken:\n{}", broken.join("\n"));
    // The rule must have something to bite on, or it says nothing.
    let reached = reach(&graph, id_of(&graph, "sekisho-worker"));
    assert!(reached.keys().any(|id| graph[id].name == "mail-parser"), "the worker links no mail-parser");
    for side in [Side::Shared, Side::Internet, Side::Lgwan] {
        assert!(graph.values().any(|package| package.side == side), "no package on the side {side:?}");
    }
}

#[test]
fn a_planted_edge_is_found() {
    let sound = || {
        synthetic(&[
            ("sekisho", Side::Command, &["sekisho-inner", "sekisho-outer"]),
            ("sekisho-inner", Side::Lgwan, &["sekisho-verify", "sekisho-channel"]),
            ("sekisho-verify", Side::Lgwan, &["sekisho-safe-message"]),
            ("sekisho-verifier", Side::Lgwan, &["sekisho-verify", "flate2"]),
            ("sekisho-outer", Side::Internet, &["sekisho-job", "sekisho-channel"]),
            ("sekisho-worker", Side::Internet, &["sekisho-sanitizer"]),
            ("sekisho-sanitizer", Side::Internet, &["sekisho-job", "mail-parser", "hayro-syntax"]),
            ("sekisho-job", Side::Internet, &["sekisho-safe-message"]),
            ("sekisho-channel", Side::Shared, &["sekisho-safe-message", "glue"]),
            ("sekisho-safe-message", Side::Shared, &["serde"]),
            ("sekisho-fuzz", Side::Dev, &["sekisho-sanitizer", "sekisho-inner"]),
            ("serde", Side::Foreign, &[]),
            ("glue", Side::Foreign, &[]),
            ("mail-parser", Side::Foreign, &[]),
            ("flate2", Side::Foreign, &[]),
            ("png", Side::Foreign, &[]),
            ("hayro-syntax", Side::Foreign, &[]),
        ])
    };
    assert_eq!(violations(&sound()), [""; 0]);
    for (from, to, found) in [
        ("sekisho-inner", "sekisho-job", "sekisho-inner -> sekisho-job: "),
        ("sekisho-channel", "sekisho-job", "sekisho-inner -> sekisho-channel -> sekisho-job: "),
        ("sekisho-outer", "sekisho-verify", "sekisho-outer -> sekisho-verify: "),
        ("sekisho-outer", "mail-parser", "sekisho-outer -> mail-parser: "),
        ("sekisho-inner", "flate2", "sekisho-inner -> flate2: "),
        ("sekisho-verifier", "png", "sekisho-verifier -> png: "),
        ("sekisho-inner", "sekisho-verifier", "sekisho-inner -> sekisho-verifier -> flate2: "),
        ("sekisho-job", "mail-parser", "sekisho-outer -> sekisho-job -> mail-parser: "),
        ("glue", "hayro-syntax", "sekisho-inner -> sekisho-channel -> glue -> hayro-syntax: "),
        ("sekisho", "sekisho-sanitizer", "sekisho -> sekisho-sanitizer -> mail-parser: "),
        ("sekisho-verify", "glue", "sekisho-verify -> glue: "),
        ("sekisho-verify", "serde", "sekisho-verify -> serde: "),
        ("sekisho-safe-message", "sekisho-channel", "sekisho-safe-message -> sekisho-channel: "),
    ] {
        let mut graph = sound();
        graph.get_mut(from).unwrap().links.push(to.to_owned());
        let broken = violations(&graph);
        assert!(broken.iter().any(|line| line.starts_with(found)), "{from} -> {to} gives only {broken:#?}");
    }
}

#[test]
fn only_normal_and_build_dependencies_count() {
    let package = |name: &str, folder: &str| {
        serde_json::json!({ "id": name, "name": name, "source": null,
            "manifest_path": format!("/w/crates/{folder}/{name}/Cargo.toml") })
    };
    let edge = |to: &str, kind: Option<&str>| serde_json::json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] });
    let metadata = serde_json::json!({
        "workspace_root": "/w",
        "packages": [package("in", "lgwan"), package("job", "internet"), package("out", "internet")],
        "resolve": { "nodes": [
            { "id": "in", "deps": [edge("job", Some("build")), edge("out", Some("dev"))] },
            { "id": "job", "deps": [] },
            { "id": "out", "deps": [edge("in", None)] },
        ] },
    });
    let graph = graph(&metadata);
    assert_eq!(graph["in"].links, ["job"]);
    assert_eq!(graph["out"].links, ["in"]);
    assert_eq!((graph["in"].side, graph["out"].side), (Side::Lgwan, Side::Internet));
}

#[test]
fn unsafe_code_is_forbidden_everywhere_but_in_the_sandbox() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let graph = metadata();
    let mut seen = 0;
    for package in graph["packages"].as_array().unwrap().iter().filter(|package| package["source"].is_null()) {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let folder = manifest.parent().unwrap();
        for name in ["src/lib.rs", "src/main.rs"] {
            let Ok(source) = std::fs::read_to_string(folder.join(name)) else { continue };
            let forbids = source.lines().any(|line| line.trim() == "#![forbid(unsafe_code)]");
            let is_sandbox = folder == root.join("crates/shared/sandbox");
            assert!(forbids != is_sandbox, "{}/{name}: #![forbid(unsafe_code)] is missing", folder.display());
            seen += 1;
        }
    }
    assert!(seen >= 14, "only {seen} crate roots were found");
}

/// Every way in which `graph` breaks the rule: the shortest path to what must
/// not be reached, and why it must not.
fn violations(graph: &Graph) -> Vec<String> {
    let mut broken = BTreeSet::new();
    for (id, package) in graph.iter().filter(|(_, package)| package.side != Side::Foreign) {
        for (reached, path) in reach(graph, id) {
            if let Some(why) = forbidden(package, &graph[&reached]) {
                broken.insert(format!("{path}: {why}"));
            }
        }
        for linked in &package.links {
            let linked = &graph[linked];
            if let Some(why) = forbidden_directly(package, linked) {
                broken.insert(format!("{} -> {}: {why}", package.name, linked.name));
            }
        }
    }
    broken.into_iter().collect()
}

/// What `from` may not reach at any depth.
fn forbidden(from: &Package, to: &Package) -> Option<&'static str> {
    match (from.side, to.side) {
        (Side::Lgwan, Side::Internet) => Some("the LGWAN side may not know the Internet side"),
        (Side::Internet, Side::Lgwan) => Some("the Internet side may not know the LGWAN side"),
        (Side::Shared, Side::Internet | Side::Lgwan | Side::Command) => Some("what both sides share knows neither"),
        (Side::Internet | Side::Lgwan | Side::Shared, Side::Dev) => Some("nothing that is shipped knows crates/dev"),
        (Side::Command, Side::Dev) => Some("nothing that is shipped knows crates/dev"),
        (Side::Dev | Side::Foreign, _) => None,
        _ if from.name == "sekisho-verifier" && INFLATE.contains(&to.name.as_str()) => None,
        _ if is_hostile(&to.name) && !READERS.contains(&from.name.as_str()) => {
            Some("only the worker reads hostile formats")
        }
        _ => None,
    }
}

/// What `from` may not name in its own manifest.
fn forbidden_directly(from: &Package, to: &Package) -> Option<&'static str> {
    let ours = to.side != Side::Foreign;
    match from.name.as_str() {
        "sekisho-verify" if to.name != "sekisho-safe-message" => Some("verify stands on safe-message alone"),
        "sekisho-safe-message" | "sekisho-sandbox" if ours => Some("this crate imports nothing of ours"),
        _ => None,
    }
}

fn is_hostile(name: &str) -> bool {
    HOSTILE.iter().any(|known| match known.strip_suffix('*') {
        Some(family) => name.starts_with(family),
        None => name == *known,
    })
}

/// What is linked into `from`, and the shortest way there.
fn reach(graph: &Graph, from: &str) -> BTreeMap<String, String> {
    let mut paths = BTreeMap::new();
    let mut next = VecDeque::from([(from.to_owned(), graph[from].name.clone())]);
    while let Some((id, path)) = next.pop_front() {
        for link in &graph[&id].links {
            if link != from && !paths.contains_key(link) {
                let longer = format!("{path} -> {}", graph[link].name);
                paths.insert(link.clone(), longer.clone());
                next.push_back((link.clone(), longer));
            }
        }
    }
    paths
}

fn id_of<'a>(graph: &'a Graph, name: &str) -> &'a str {
    graph.iter().find(|(_, package)| package.name == name).map(|(id, _)| id).unwrap()
}

/// What cargo says about this workspace, for the machine it is built on.
fn metadata() -> Value {
    let cargo = env!("CARGO");
    let host = Command::new(cargo).args(["-vV"]).output().unwrap().stdout;
    let host = String::from_utf8(host).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The graph in cargo's words.
fn graph(metadata: &Value) -> Graph {
    let root = Path::new(metadata["workspace_root"].as_str().unwrap());
    let mut graph = Graph::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let side = if package["source"].is_null() { side(manifest.strip_prefix(root).unwrap()) } else { Side::Foreign };
        let name = package["name"].as_str().unwrap().to_owned();
        let id = package["id"].as_str().unwrap().to_owned();
        graph.insert(id, Package { name, side, links: Vec::new() });
    }
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let counts = |kinds: &Value| kinds.as_array().unwrap().iter().any(|kind| kind["kind"].as_str() != Some("dev"));
        let links = node["deps"].as_array().unwrap().iter().filter(|dep| counts(&dep["dep_kinds"]));
        let links = links.map(|dep| dep["pkg"].as_str().unwrap().to_owned()).collect();
        graph.get_mut(node["id"].as_str().unwrap()).unwrap().links = links;
    }
    graph
}

fn side(manifest: &Path) -> Side {
    let folders: Vec<_> = manifest.iter().map(|part| part.to_str().unwrap()).collect();
    match folders.as_slice() {
        ["Cargo.toml"] => Side::Command,
        ["crates", "shared", ..] => Side::Shared,
        ["crates", "internet", ..] => Side::Internet,
        ["crates", "lgwan", ..] => Side::Lgwan,
        ["crates", "dev", ..] => Side::Dev,
        _ => panic!("{}: a package outside the rooms of the house", manifest.display()),
    }
}

fn synthetic(packages: &[(&str, Side, &[&str])]) -> Graph {
    let package = |(name, side, links): &(&str, Side, &[&str])| {
        let links = links.iter().map(|link| (*link).to_owned()).collect();
        ((*name).to_owned(), Package { name: (*name).to_owned(), side: *side, links })
    };
    packages.iter().map(package).collect()
}
