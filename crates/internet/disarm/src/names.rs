//! What a file's name says: its ending, and whether a system would run what
//! has that ending.
//!
//! Never: makes an output's name (that is `safe_message::output_name`), or
//! makes a kind better than its content.

use sekisho_safe_message::is_safe_char;

use crate::sniff::is_known_ending;

/// Endings that Windows, or a program that offices have, runs or follows:
/// programs, scripts, installers, shortcuts, settings, and documents that
/// carry code whatever is in them.
const DANGEROUS: &[&str] = &[
    // Programs and what they load.
    "exe",
    "dll",
    "scr",
    "com",
    "pif",
    "cpl",
    "ocx",
    "sys",
    "drv",
    "efi",
    "mui",
    "ax",
    "msstyles",
    "wll",
    "xll",
    "vsto",
    "gadget",
    "ime",
    "command",
    "elf",
    "dylib",
    "so",
    "ko",
    // Scripts.
    "js",
    "jse",
    "mjs",
    "vbs",
    "vbe",
    "vb",
    "wsf",
    "wsh",
    "wsc",
    "sct",
    "hta",
    "bat",
    "cmd",
    "ps1",
    "ps1xml",
    "ps2",
    "ps2xml",
    "psc1",
    "psc2",
    "psd1",
    "psm1",
    "pssc",
    "cdxml",
    "msh",
    "msh1",
    "msh2",
    "mshxml",
    "py",
    "pyc",
    "pyo",
    "pyw",
    "pyz",
    "pyzw",
    "rb",
    "pl",
    "php",
    "php3",
    "phtml",
    "asp",
    "aspx",
    "asa",
    "jsp",
    "sh",
    "bash",
    "csh",
    "ksh",
    "zsh",
    "fish",
    "awk",
    "tcl",
    "lua",
    "applescript",
    "scpt",
    "ahk",
    "au3",
    "kix",
    "xsl",
    "xslt",
    "xbap",
    "xaml",
    "csproj",
    "vbproj",
    "proj",
    "targets",
    "csx",
    "fsx",
    // Installers and packages.
    "msi",
    "msp",
    "mst",
    "msu",
    "msix",
    "msixbundle",
    "appx",
    "appxbundle",
    "appinstaller",
    "application",
    "appref-ms",
    "appcontent-ms",
    "jar",
    "jnlp",
    "apk",
    "ipa",
    "deb",
    "rpm",
    "pkg",
    "mpkg",
    "dmg",
    "crx",
    "xpi",
    "vsix",
    "diagcab",
    "diagcfg",
    "diagpkg",
    "air",
    "xap",
    // Shortcuts and what leads elsewhere.
    "lnk",
    "url",
    "scf",
    "website",
    "webloc",
    "desktop",
    "shb",
    "shs",
    "library-ms",
    "search-ms",
    "searchconnector-ms",
    "settingcontent-ms",
    "mapimail",
    "mydocs",
    "zfsendtotarget",
    "rdp",
    "rdg",
    "ica",
    "iqy",
    "oqy",
    "dqy",
    "rqy",
    "slk",
    "odc",
    "udl",
    "dsn",
    "vncloc",
    "theme",
    "themepack",
    "deskthemepack",
    "printerexport",
    // Settings.
    "reg",
    "inf",
    "ini",
    "msc",
    "job",
    "grp",
    "ins",
    "isp",
    "its",
    "mad",
    "maf",
    "mag",
    "mam",
    "maq",
    "mar",
    "mas",
    "mau",
    "mav",
    "maw",
    "mda",
    "mdb",
    "mde",
    "mdt",
    "mdw",
    "mdz",
    "accda",
    "accdb",
    "accde",
    "accdr",
    "accdu",
    "ade",
    "adp",
    "adn",
    "laccdb",
    "mcf",
    "ops",
    "pcd",
    "prf",
    "prg",
    "plg",
    "pol",
    "scx",
    "fxp",
    "fon",
    "otm",
    "pst",
    "ost",
    // Help.
    "chm",
    "hlp",
    "hpj",
    "cnt",
];

/// The ending of a name as a system sees it: lower case, without the dot, and
/// without what is invisible, blanks and dots behind it, or a stream's name.
pub(crate) fn ending_of(name: &str) -> String {
    let seen: String = name.chars().filter(|c| is_safe_char(*c)).collect();
    let seen = base(&seen);
    match seen.rsplit_once('.') {
        Some((_, ending)) if ending.len() <= 24 => ending.to_lowercase(),
        _ => String::new(),
    }
}

/// The last step of a path, without a stream (`a.exe::$DATA`) and without what
/// Windows drops.
fn base(name: &str) -> &str {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let last = match last.split_once(':') {
        Some((file, _)) if file.len() > 1 => file,
        _ => last,
    };
    last.trim_matches(|c: char| c.is_whitespace() || "\"'<>|*?".contains(c))
        .trim_end_matches(|c: char| c.is_whitespace() || c == '.')
}

/// Whether a system would run a file because it is called `name`: by its
/// ending, whatever is invisible, turned around or behind it, or by the class
/// (`a.{...}`) that the name gives.
pub fn is_dangerous_name(name: &str) -> bool {
    let ending = ending_of(name);
    let is_class = ending.len() >= 36 - 14 && ending.starts_with('{');
    let class = name.rsplit_once(".{").is_some_and(|(_, rest)| rest.contains('-') && rest.contains('}'));
    is_class || class || DANGEROUS.contains(&ending.as_str())
}

/// `name` without its ending, if that is a known one: `a.tar.gz` is `a`, and
/// `v1.2` stays as it is. What else is wrong with a name is for the output's
/// name to right.
pub fn stem_of(name: &str) -> &str {
    let name = name.trim_end_matches(|c: char| c.is_whitespace() || c == '.');
    let Some(stem) = without_ending(name) else { return name };
    let packed = [".gz", ".bz2", ".xz", ".zst", ".z"].iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
    match stem.rsplit_once('.') {
        Some((inner, "tar" | "TAR" | "Tar")) if packed && !inner.is_empty() => inner,
        _ => stem,
    }
}

fn without_ending(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    let ending = ending.trim().to_ascii_lowercase();
    let known = is_known_ending(&ending) || DANGEROUS.contains(&ending.as_str());
    (known && !stem.trim().is_empty()).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        for (name, stem) in [
            ("見積書.pdf", "見積書"),
            ("a.tar.gz", "a"),
            ("a.TAR.BZ2", "a"),
            ("a.b.docx", "a.b"),
            ("v1.2", "v1.2"),
            ("第1.5版", "第1.5版"),
            ("a.pdf  ", "a"),
            ("a.pdf.", "a"),
            (".pdf", ".pdf"),
            ("a.exe", "a"),
            ("a.pdf.exe", "a.pdf"),
            ("readme", "readme"),
            ("", ""),
        ] {
            assert_eq!(stem_of(name), stem, "{name:?}");
        }
    }

    #[test]
    fn dangerous_names() {
        for name in [
            "a.exe",
            "a.txt.exe",
            "a.EXE. . ",
            "見積書\u{202e}fdp.exe",
            "a.e\u{200b}xe",
            "a.txt                    .js",
            "a.bat::$DATA",
            "dir\\a.vbs",
            "a.library-ms",
            "a.settingcontent-ms",
            "a.{3f6bc534-dfa1-4ab4-ae54-ef25a74e0107}",
            "a.{3f6bc534-dfa1-4ab4-ae54-ef25a74e0107}.",
            "\"a.lnk\"",
        ] {
            assert!(is_dangerous_name(name), "{name:?}");
        }
        for name in
            ["a.txt", "a.exe.txt", "exe", "", ".", "会議.ics", "a.{b}", "v1.com_", "C:a.pdf", "12:30 meeting.pdf"]
        {
            assert!(!is_dangerous_name(name), "{name:?}");
        }
    }
}
