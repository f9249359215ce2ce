//! Packages: ZIP, and the documents and programs that are ZIP inside. Told
//! apart by the names in the central directory and by the two members that
//! say what a package is.
//!
//! Bounds: so many members, and so many octets of those two.

use memchr::memmem;
use sekisho_policy::Kind;

use super::deflate::inflate_head;
use super::{Found, le16, le32};

/// Members whose names are looked at; a presentation with many pictures has
/// some thousand.
const MAX_MEMBERS: usize = 20_000;
/// Octets of `[Content_Types].xml` or of a manifest that are read: some
/// hundred octets a part.
const MAX_HEAD: usize = 256 * 1024;
/// Octets of a name that are looked at: no name that says something is longer.
const MAX_NAME: usize = 1024;
/// The end of the central directory, with its longest comment (APPNOTE 4.3.16).
const MAX_TAIL: usize = 22 + 65_535;

/// What a main part's content type (ECMA-376-1 15.2) makes of the package.
const CONTENT_TYPES: &[(&[u8], Kind)] = &[
    (b"ms-word.document.macroenabled", Kind::Docm),
    (b"ms-word.template.macroenabled", Kind::Docm),
    (b"wordprocessingml.document.main+xml", Kind::Docx),
    (b"wordprocessingml.template.main+xml", Kind::Docx),
    (b"ms-excel.sheet.binary.macroenabled", Kind::Xlsb),
    (b"ms-excel.sheet.macroenabled", Kind::Xlsm),
    (b"ms-excel.template.macroenabled", Kind::Xlsm),
    (b"ms-excel.addin.macroenabled", Kind::Xlsm),
    (b"spreadsheetml.sheet.main+xml", Kind::Xlsx),
    (b"spreadsheetml.template.main+xml", Kind::Xlsx),
    (b"ms-powerpoint.presentation.macroenabled", Kind::Pptm),
    (b"ms-powerpoint.slideshow.macroenabled", Kind::Pptm),
    (b"ms-powerpoint.template.macroenabled", Kind::Pptm),
    (b"ms-powerpoint.addin.macroenabled", Kind::Pptm),
    (b"presentationml.presentation.main+xml", Kind::Pptx),
    (b"presentationml.slideshow.main+xml", Kind::Pptx),
    (b"presentationml.template.main+xml", Kind::Pptx),
];

/// The folder of the main part, where the content types cannot be read.
const FOLDERS: &[(&str, Kind)] = &[
    ("word/document", Kind::Docx),
    ("xl/workbook.bin", Kind::Xlsb),
    ("xl/workbook", Kind::Xlsx),
    ("ppt/presentation", Kind::Pptx),
];

/// Media types of ODF (part 2, 3.3) and what came before it.
const OPEN_DOCUMENT: &[(&[u8], Kind)] = &[
    (b"application/vnd.oasis.opendocument.text", Kind::Odt),
    (b"application/vnd.oasis.opendocument.spreadsheet", Kind::Ods),
    (b"application/vnd.oasis.opendocument.presentation", Kind::Odp),
    (b"application/vnd.oasis.opendocument.graphics", Kind::Odg),
    (b"application/vnd.oasis.opendocument.base", Kind::Database),
    (b"application/vnd.oasis.opendocument", Kind::OtherPackage),
    (b"application/vnd.sun.xml.writer", Kind::Odt),
    (b"application/vnd.sun.xml.calc", Kind::Ods),
    (b"application/vnd.sun.xml.impress", Kind::Odp),
    (b"application/vnd.sun.xml.draw", Kind::Odg),
    (b"application/epub+zip", Kind::OtherPackage),
];

/// Whether `octets` begin as a ZIP does.
pub(super) fn starts(octets: &[u8]) -> bool {
    [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x07\x08", b"PK00PK\x03\x04"].iter().any(|magic| octets.starts_with(magic))
}

/// Where a reader that begins at the end finds its central directory: from,
/// to. Octets may stand before the archive, so that is counted from the end.
pub(super) fn directory(octets: &[u8]) -> Option<(usize, usize)> {
    let tail = octets.len().saturating_sub(MAX_TAIL);
    let end = tail + memmem::rfind(&octets[tail..], b"PK\x05\x06")?;
    let comment = usize::from(le16(octets, end + 20)?);
    let size = usize::try_from(le32(octets, end + 12)?).ok()?;
    // Zip64 (APPNOTE 4.3.14, 4.3.15): a second end and its locator stand
    // between, 76 octets in all unless somebody extends them.
    let (size, end_of_entries) = match end.checked_sub(76) {
        Some(second)
            if octets[second..].starts_with(b"PK\x06\x06") && octets[end - 20..].starts_with(b"PK\x06\x07") =>
        {
            (usize::try_from(le64(octets, second + 40)?).ok()?, second)
        }
        _ => (size, end),
    };
    let start = end_of_entries.checked_sub(size)?;
    let sound = end + 22 + comment <= octets.len() && octets.get(start..)?.starts_with(b"PK\x01\x02");
    sound.then_some((start, end_of_entries))
}

fn le64(octets: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(le32(octets, at)?) | u64::from(le32(octets, at + 4)?) << 32)
}

/// One member of the central directory.
struct Member<'a> {
    name: String,
    packed: &'a [u8],
    deflated: bool,
    encrypted: bool,
}

/// The members, by their names.
struct Members<'a>(Vec<Member<'a>>);

impl<'a> Members<'a> {
    fn named(&self, name: &str) -> Option<&Member<'a>> {
        self.0.iter().find(|member| member.name == name)
    }

    fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        self.0.iter().any(|member| test(&member.name))
    }
}

/// What the package is.
pub(super) fn look(octets: &[u8]) -> Found {
    let members = Members(members(octets));
    let kind = if let Some(types) = members.named("[content_types].xml") {
        office(&types.head(), &members)
    } else if members.named("_rels/.rels").is_some() {
        office(&[], &members)
    } else if let Some(kind) = members.named("mimetype").and_then(|member| open_document(&member.head(), true)) {
        kind
    } else if members.named("content.xml").is_some() || members.named("meta-inf/manifest.xml").is_some() {
        let manifest = members.named("meta-inf/manifest.xml").map(Member::head).unwrap_or_default();
        open_document(&manifest, false).unwrap_or(Kind::OtherPackage)
    } else if is_java(&members) {
        Kind::Java
    } else if members.any(|name| name.starts_with("index/") && name.ends_with(".iwa") || name == "index.zip") {
        // Pages, Numbers, Keynote.
        Kind::OtherPackage
    } else {
        Kind::Zip
    };
    let signed = members.any(|name| name.starts_with("_xmlsignatures/") || name == "meta-inf/documentsignatures.xml");
    Found { kind, encrypted: members.0.iter().any(|member| member.encrypted), signed }
}

fn office(types: &[u8], members: &Members<'_>) -> Kind {
    let types = types.to_ascii_lowercase();
    let says = |word: &[u8]| memmem::find(&types, word).is_some();
    let macros = says(b"vnd.ms-office.vbaproject") || members.any(|name| name.ends_with("vbaproject.bin"));
    let by_type = CONTENT_TYPES.iter().find(|(word, _)| says(word)).map(|(_, kind)| *kind);
    let by_folder =
        || FOLDERS.iter().find(|(start, _)| members.any(|name| name.starts_with(start))).map(|(_, kind)| *kind);
    match by_type.or_else(by_folder) {
        Some(Kind::Docx) if macros => Kind::Docm,
        Some(Kind::Xlsx) if macros => Kind::Xlsm,
        Some(Kind::Pptx) if macros => Kind::Pptm,
        Some(kind) => kind,
        None => Kind::OtherPackage,
    }
}

/// The kind by a `mimetype` member, whose text is the type, or by a manifest,
/// which names that of the root first.
fn open_document(head: &[u8], whole: bool) -> Option<Kind> {
    let found = |word: &[u8]| {
        if whole { head.trim_ascii_start().starts_with(word) } else { memmem::find(head, word).is_some() }
    };
    OPEN_DOCUMENT.iter().find(|(word, _)| found(word)).map(|(_, kind)| *kind)
}

fn is_java(members: &Members<'_>) -> bool {
    let android = members.named("androidmanifest.xml").is_some();
    let class = members.any(|name| name.ends_with(".class") || name.ends_with(".dex"));
    let home = || members.named("meta-inf/manifest.mf").is_some() || members.any(|name| name.starts_with("web-inf/"));
    class && (android || home()) || android && members.named("resources.arsc").is_some()
}

fn members(octets: &[u8]) -> Vec<Member<'_>> {
    let Some((mut at, end)) = directory(octets) else { return local_members(octets) };
    // Where the archive's first octet is, if others stand before it.
    let place = if octets[end..].starts_with(b"PK\x06\x06") {
        le64(octets, end + 48)
    } else {
        le32(octets, end + 16).map(u64::from)
    };
    let written = place.and_then(|start| usize::try_from(start).ok()).unwrap_or(at);
    let shift = at.saturating_sub(written);
    let mut members = Vec::new();
    while members.len() < MAX_MEMBERS && at < end {
        let Some((member, next)) = member(octets, at, shift) else { break };
        members.push(member);
        at = next;
    }
    members
}

fn member(octets: &[u8], at: usize, shift: usize) -> Option<(Member<'_>, usize)> {
    let entry = octets.get(at..)?;
    if !entry.starts_with(b"PK\x01\x02") {
        return None;
    }
    let length = |place| le16(entry, place).map(usize::from);
    let name = entry.get(46..46 + length(28)?)?;
    let next = at + 46 + length(28)? + length(30)? + length(32)?;
    let size = usize::try_from(le32(entry, 20)?).ok()?;
    let packed = usize::try_from(le32(entry, 42)?).ok().and_then(|local| data(octets, local.checked_add(shift)?, size));
    let member = Member {
        name: plain(name),
        packed: packed.unwrap_or_default(),
        deflated: le16(entry, 10)? == 8,
        encrypted: le16(entry, 8)? & 1 != 0,
    };
    Some((member, next))
}

/// The data behind a local header; as much as there is.
fn data(octets: &[u8], local: usize, size: usize) -> Option<&[u8]> {
    let header = octets.get(local..).filter(|header| header.starts_with(b"PK\x03\x04"))?;
    let start = 30 + usize::from(le16(header, 26)?) + usize::from(le16(header, 28)?);
    let rest = header.get(start..)?;
    Some(rest.get(..size).unwrap_or(rest))
}

/// The members of an archive whose end is missing, by their own headers, as
/// far as these say how long the members are.
fn local_members(octets: &[u8]) -> Vec<Member<'_>> {
    let (mut members, mut at) = (Vec::new(), 0);
    while members.len() < MAX_MEMBERS {
        let Some((member, next)) = local_member(octets, at) else { break };
        members.push(member);
        at = next;
    }
    members
}

fn local_member(octets: &[u8], at: usize) -> Option<(Member<'_>, usize)> {
    let header = octets.get(at..).filter(|header| header.starts_with(b"PK\x03\x04"))?;
    let (name, extra) = (usize::from(le16(header, 26)?), usize::from(le16(header, 28)?));
    let size = usize::try_from(le32(header, 18)?).ok()?;
    let flags = le16(header, 6)?;
    let member = Member {
        name: plain(header.get(30..30 + name)?),
        packed: data(octets, at, if flags & 8 == 0 { size } else { usize::MAX }).unwrap_or_default(),
        deflated: le16(header, 8)? == 8,
        encrypted: flags & 1 != 0,
    };
    let next = at.checked_add(30 + name + extra)?.checked_add(size)?;
    Some((member, next))
}

/// A name as readers that are lenient take it.
fn plain(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(&name[..name.len().min(MAX_NAME)]).replace('\\', "/").to_lowercase();
    name.trim_start_matches("./").trim_start_matches('/').to_owned()
}

impl Member<'_> {
    /// What it begins with, inflated.
    fn head(&self) -> Vec<u8> {
        match (self.encrypted, self.deflated) {
            (true, _) => Vec::new(),
            (false, true) => inflate_head(self.packed, MAX_HEAD),
            (false, false) => self.packed.get(..MAX_HEAD).unwrap_or(self.packed).to_vec(),
        }
    }
}
