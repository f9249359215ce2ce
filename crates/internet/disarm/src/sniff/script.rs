//! Text that a system runs or follows: shortcuts, settings, scripts.
//!
//! Scripts of a language without a signature are told by a word that only
//! they have together with lines that are mostly code, so that a text about
//! scripts is none.

use sekisho_policy::Kind;

/// What a text begins with, lower case.
const STARTS: &[(&str, Kind)] = &[
    ("#!/", Kind::Script),
    ("#! /", Kind::Script),
    ("windows registry editor version", Kind::Script),
    ("regedit4", Kind::Script),
    ("@echo", Kind::Script),
    ("echo off", Kind::Script),
    ("@setlocal", Kind::Script),
    ("setlocal ", Kind::Script),
    ("@powershell", Kind::Script),
    ("@cmd", Kind::Script),
    ("@start ", Kind::Script),
    ("@if ", Kind::Script),
    ("@rem", Kind::Script),
    ("@call ", Kind::Script),
    ("@chcp", Kind::Script),
    ("@set ", Kind::Script),
    ("@cls", Kind::Script),
    ("option explicit", Kind::Script),
    ("on error resume next", Kind::Script),
    ("#@~^", Kind::Script),
    ("attribute vb_name", Kind::Script),
    // What a Unix desktop starts.
    ("[desktop entry]", Kind::Shortcut),
];

/// Sections of settings files, and a key that stands in them.
const SECTIONS: &[(&str, &str, Kind)] = &[
    ("[internetshortcut]", "url", Kind::Shortcut),
    ("[shell]", "command", Kind::Shortcut),
    ("[shell]", "iconfile", Kind::Shortcut),
    ("[.shellclassinfo]", "", Kind::Shortcut),
    ("[autorun]", "", Kind::Script),
    ("[autorun.amd64]", "", Kind::Script),
    ("[version]", "signature", Kind::Script),
    ("[defaultinstall]", "", Kind::Script),
    ("[defaultinstall_singleuser]", "", Kind::Script),
    ("[theme]", "", Kind::Shortcut),
    ("[oledb]", "", Kind::Shortcut),
    ("[odbc]", "", Kind::Shortcut),
    ("[wfclient]", "", Kind::Shortcut),
    ("[encoding]", "inputencoding", Kind::Shortcut),
];

/// Words, lower case, that only a script has.
const WORDS: &[&str] = &[
    "wscript.",
    "createobject(",
    "activexobject",
    "getobject(",
    "executeglobal",
    "fromcharcode",
    "write-output ",
    "write-host ",
    "new-object ",
    "invoke-expression",
    "invoke-webrequest",
    "start-process",
    "set-executionpolicy",
    "add-type ",
    "frombase64string",
    "[system.",
    "-encodedcommand",
    "certutil ",
    "bitsadmin",
    "mshta ",
    "rundll32 ",
    "regsvr32 ",
    "schtasks ",
    "iex(",
    "iex (",
    "document.write(",
    "window.location",
    "eval(",
    "addeventlistener(",
    "function(",
    "console.log(",
    "import os",
    "import subprocess",
    "goto :eof",
    "%~dp0",
    "errorlevel",
];

/// How lines of code begin, lower case.
const LINES: &[&str] = &[
    "dim ",
    "set ",
    "if ",
    "if(",
    "end ",
    "end(",
    "for ",
    "for(",
    "next",
    "sub ",
    "function",
    "var ",
    "let ",
    "const ",
    "$",
    "rem ",
    "'",
    "//",
    "/*",
    "*/",
    "#",
    "@",
    ":",
    "goto ",
    "echo ",
    "import ",
    "from ",
    "def ",
    "return",
    "else",
    "try",
    "catch",
    "while",
    "loop",
    "do ",
    "with ",
    "param",
    "write-",
    "get-",
    "set-",
    "new-",
    "start-",
    "invoke-",
    "add-",
    "iex",
    "wscript",
    "call ",
    "cmd ",
    "powershell",
    "certutil",
    "del ",
    "copy ",
    "start ",
    "cd ",
    "exit",
    "class ",
    "public ",
    "private ",
    "using ",
    "eval(",
    "}",
    ")",
    "{",
];

/// Lines that are looked at.
const MAX_LINES: usize = 400;

/// What `text`, which begins without blanks, is if it is one of these.
pub(super) fn tell(text: &str) -> Option<Kind> {
    let lower = text.to_ascii_lowercase();
    let start = STARTS.iter().find(|(start, _)| lower.starts_with(start)).map(|(_, kind)| *kind);
    start.or_else(|| query(&lower)).or_else(|| connection(&lower)).or_else(|| settings(&lower)).or_else(|| code(&lower))
}

/// Excel's web queries and symbolic links (SYLK): both fetch and run.
fn query(lower: &str) -> Option<Kind> {
    let mut lines = lower.lines().map(str::trim);
    let (first, second) = (lines.next()?, lines.next().unwrap_or_default());
    let web = first == "web" && second == "1";
    let typed = second.split(';').next().is_some_and(|head| (1..=2).contains(&head.len()) && second.contains(';'));
    let sylk = (first == "id" || first.starts_with("id;p")) && typed;
    (web || sylk).then_some(Kind::Script)
}

/// Remote desktops.
fn connection(lower: &str) -> Option<Kind> {
    let found = lower
        .lines()
        .take(MAX_LINES)
        .any(|line| line.starts_with("full address:s:") || line.starts_with("remoteapplicationprogram:s:"));
    found.then_some(Kind::Shortcut)
}

fn settings(lower: &str) -> Option<Kind> {
    let mut section = "";
    for line in lower.lines().take(MAX_LINES).map(str::trim) {
        if line.starts_with('[') && line.ends_with(']') {
            section = line;
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        let fits = |(name, wanted, _): &&(&str, &str, Kind)| {
            *name == section && (wanted.is_empty() || *wanted == key && line.contains('='))
        };
        if let Some((_, _, kind)) = SECTIONS.iter().find(fits) {
            return Some(*kind);
        }
    }
    None
}

fn code(lower: &str) -> Option<Kind> {
    if !WORDS.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let (mut all, mut code) = (0, 0);
    for line in lower.lines().map(str::trim).filter(|line| !line.is_empty()).take(MAX_LINES) {
        all += 1;
        code += usize::from(is_code(line));
    }
    (all > 0 && code * 3 >= all * 2).then_some(Kind::Script)
}

/// A line that ends or begins as code does, or assigns.
fn is_code(line: &str) -> bool {
    line.ends_with([';', '{', '}', '(', ')', '_', '\\', '`', '|', '^'])
        || LINES.iter().any(|start| line.starts_with(start))
        || line.split_once(" = ").is_some_and(|(left, _)| !left.contains(' '))
}
