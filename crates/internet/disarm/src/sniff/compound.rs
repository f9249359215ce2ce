//! Compound files (MS-CFB): the names in their root folder, and what they make
//! of the file.
//!
//! Bounds: so many folder sectors, each name looked at once. No content is
//! read but the first octets of the one stream that tells of encryption.

use sekisho_policy::Kind;

use super::{Found, le16, le32, stands_at};

pub(super) const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Entries of the folder that are looked at; a document has some dozen, one
/// with many objects inside some hundred.
const MAX_ENTRIES: usize = 16_384;
/// MS-CFB 2.6.1.
const ENTRY: usize = 128;
/// No entry.
const NONE: u32 = 0xffff_ffff;

/// What a stream or storage in the root folder makes of the file. The first
/// that is there tells.
const TABLE: &[(&str, Kind)] = &[
    ("encryptedpackage", Kind::EncryptedOffice),
    ("\u{6}dataspaces", Kind::EncryptedOffice),
    ("documenttext", Kind::Ichitaro),
    ("jscompdocument", Kind::Ichitaro),
    ("__properties_version1.0", Kind::Msg),
    ("worddocument", Kind::Doc),
    ("workbook", Kind::Xls),
    ("book", Kind::Xls),
    ("powerpoint document", Kind::Ppt),
    ("pp40", Kind::Ppt),
    ("pp97_dualstorage", Kind::Ppt),
];

/// Root folders of installers: MSI, patch, transform.
const INSTALLERS: [u8; 3] = [0x82, 0x84, 0x86];

/// One entry of the folder.
struct Entry {
    name: String,
    left: u32,
    right: u32,
    start: u32,
    size: u32,
}

/// What the compound file is.
pub(super) fn look(octets: &[u8]) -> Found {
    let Some(folder) = Folder::read(octets) else { return Found::plain(Kind::CompoundFile) };
    let root = folder.root();
    let named = |name: &str| root.iter().find(|entry| entry.name == name);
    let kind = TABLE.iter().find(|(name, _)| named(name).is_some()).map(|(_, kind)| *kind);
    let kind = match kind {
        None if folder.is_installer => Kind::Executable,
        None if root.iter().any(|entry| entry.name.starts_with("__substg1.0_")) => Kind::Msg,
        None => Kind::CompoundFile,
        Some(kind) => kind,
    };
    let signed = ["_signatures", "_xmlsignatures", "\u{5}digitalsignature"].iter().any(|name| named(name).is_some());
    let encrypted = match kind {
        Kind::EncryptedOffice => true,
        // MS-DOC 2.5.2: fEncrypted.
        Kind::Doc => named("worddocument")
            .is_some_and(|entry| folder.starts(entry, |head| le16(head, 10).is_some_and(|flags| flags & 0x0100 != 0))),
        Kind::Xls => {
            ["workbook", "book"].iter().filter_map(|name| named(name)).any(|entry| folder.starts(entry, has_file_pass))
        }
        Kind::Ppt => named("encryptedsummary").is_some(),
        _ => false,
    };
    Found { kind, encrypted, signed }
}

/// MS-XLS 2.4.117: the record stands among the first, right behind the begin.
fn has_file_pass(head: &[u8]) -> bool {
    let mut at = 0;
    // The begin, a write protection, and the record itself.
    for _ in 0..4 {
        match (le16(head, at), le16(head, at + 2)) {
            (Some(0x2f), Some(_)) => return true,
            (Some(_), Some(length)) => at += 4 + usize::from(length),
            _ => return false,
        }
    }
    false
}

struct Folder<'a> {
    octets: &'a [u8],
    sector: usize,
    entries: Vec<Entry>,
    child: u32,
    is_installer: bool,
}

impl<'a> Folder<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let sector = match le16(octets, 0x1e)? {
            9 => 512,
            12 => 4096,
            _ => return None,
        };
        let mut folder = Self { octets, sector, entries: Vec::new(), child: NONE, is_installer: false };
        let table = folder.table(octets)?;
        let mut at = le32(octets, 0x30)?;
        while at < 0xffff_fffa && folder.entries.len() < MAX_ENTRIES {
            let Some(entries) = folder.sector_at(at) else { break };
            for entry in entries.chunks_exact(ENTRY) {
                folder.push(entry);
            }
            at = table.next(octets, at, sector).unwrap_or(NONE);
        }
        (!folder.entries.is_empty()).then_some(folder)
    }

    /// Where the sectors of the allocation table stand: the first 109 in the
    /// header, more in a chain of sectors (MS-CFB 2.5).
    fn table(&self, octets: &[u8]) -> Option<Table> {
        let mut sectors: Vec<u32> = (0..109).map_while(|n| le32(octets, 0x4c + 4 * n)).collect();
        let mut at = le32(octets, 0x44)?;
        // No more sectors than the file has, so a circle ends.
        let most = octets.len() / self.sector + 1;
        while at < 0xffff_fffa && sectors.len() <= most {
            let Some(more) = self.sector_at(at) else { break };
            let last = self.sector / 4 - 1;
            sectors.extend((0..last).filter_map(|n| le32(more, 4 * n)));
            at = le32(more, 4 * last)?;
        }
        Some(Table { sectors })
    }

    fn sector_at(&self, number: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        let rest = self.octets.get(start..).filter(|rest| !rest.is_empty())?;
        // The last sector may be cut.
        Some(rest.get(..self.sector).unwrap_or(rest))
    }

    fn push(&mut self, entry: &[u8]) {
        let units = usize::from(le16(entry, 0x40).unwrap_or(0) / 2).clamp(1, 32) - 1;
        let name: Vec<u16> = (0..units).filter_map(|n| le16(entry, 2 * n)).collect();
        let number = |at| le32(entry, at).unwrap_or(NONE);
        if self.entries.is_empty() {
            self.child = number(0x4c);
            // {000C108x-0000-0000-C000-000000000046}
            self.is_installer = stands_at(entry, 0x51, b"\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46")
                && entry.get(0x50).is_some_and(|octet| INSTALLERS.contains(octet));
        }
        self.entries.push(Entry {
            name: String::from_utf16_lossy(&name).to_lowercase(),
            left: number(0x44),
            right: number(0x48),
            start: number(0x74),
            size: number(0x78),
        });
    }

    /// The entries of the root folder: a tree of siblings. Where that is
    /// broken, all entries.
    fn root(&self) -> Vec<&Entry> {
        let mut seen = vec![false; self.entries.len()];
        let mut waiting = vec![self.child];
        let mut found = Vec::new();
        while let Some(number) = waiting.pop() {
            let Ok(number) = usize::try_from(number) else { continue };
            let Some(entry) = self.entries.get(number) else { continue };
            if !std::mem::replace(&mut seen[number], true) {
                found.push(entry);
                waiting.extend([entry.left, entry.right]);
            }
        }
        if found.is_empty() { self.entries.iter().collect() } else { found }
    }

    /// Whether the first sector of a stream that has sectors of its own
    /// passes `check` (MS-CFB 2.2: from 4,096 octets on).
    fn starts(&self, entry: &Entry, check: impl Fn(&[u8]) -> bool) -> bool {
        entry.size >= 4096 && self.sector_at(entry.start).is_some_and(check)
    }
}

/// The allocation table: which sector follows which.
struct Table {
    sectors: Vec<u32>,
}

impl Table {
    fn next(&self, octets: &[u8], sector: u32, size: usize) -> Option<u32> {
        let (index, entries) = (usize::try_from(sector).ok()?, size / 4);
        let table = usize::try_from(*self.sectors.get(index / entries)?).ok()?;
        let at = table.checked_add(1)?.checked_mul(size)?.checked_add(4 * (index % entries))?;
        le32(octets, at)
    }
}
