//! The archive that crosses: the layout of `docs/output-formats.md`, of
//! attachments that are safe already.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use sekisho_disarm::{Decoded, Refusal};
use sekisho_safe_message::{Content, MAX_ATTACHED, SafeAttachment, SafeKind, SafeName, Written, output_name};

/// Most entries of an archive that crosses.
const MAX_ENTRIES: usize = 10_000;

/// Octets that all entries of an archive may have together, inflated.
const MAX_INFLATED: u64 = 256 << 20;

/// Folders that a file may lie in: a name has at most 8 components.
const MAX_FOLDERS: usize = 7;

/// Octets that a folder's name, or a file's stem, keeps when it gets a number.
const MAX_NUMBERED: usize = SafeName::MAX - 32;

/// Octets of a large file by which is told whether Deflate has anything to win.
const PIECE: usize = 64 << 10;

/// Octets of the end record, which has no comment (APPNOTE 4.3.16).
const END: usize = 22;

/// A ZIP in the making.
#[derive(Debug, Default)]
pub struct ZipWriter {
    entries: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
    inflated: u64,
    /// The paths of all files and folders, in lower case.
    taken: BTreeSet<String>,
    /// The path of each folder, by the path it asked for in lower case: it is
    /// spelled as when it came first.
    folders: BTreeMap<String, String>,
    /// The last number given to each path, in lower case, that was taken.
    numbers: BTreeMap<String, u32>,
}

impl ZipWriter {
    /// One without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a file in `folders`: hostile names, outermost first; what is safe
    /// of them stays. Its path differs from all others by more than case. On
    /// an error nothing is added, and the archive may go on.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] over a bound of the layout;
    /// [`Refusal::Unsupported`] for an archive, which should come as a folder.
    pub fn push<S: AsRef<str>>(&mut self, folders: &[S], attachment: &SafeAttachment) -> Result<(), Refusal> {
        if attachment.kind() == SafeKind::Zip {
            return Err(Refusal::Unsupported);
        }
        let octets = attachment.content().write();
        let inflated = self.inflated + octets.len() as u64;
        if usize::from(self.count) >= MAX_ENTRIES || inflated > MAX_INFLATED {
            return Err(Refusal::TooLarge);
        }
        let packed = pack(&octets, attachment.kind())?;
        let path = self.path(folders, attachment);
        let entry = Header::new(&path, &octets, packed.as_deref())?;
        let body = packed.as_deref().unwrap_or(&octets);
        self.append(&entry, body)?;
        self.inflated = inflated;
        self.taken.insert(path.to_lowercase());
        Ok(())
    }

    fn append(&mut self, header: &Header<'_>, body: &[u8]) -> Result<(), Refusal> {
        let grown = self.len() + 30 + 46 + 2 * header.path.len() + body.len();
        if grown > MAX_ATTACHED {
            return Err(Refusal::TooLarge);
        }
        let offset = u32::try_from(self.entries.len()).map_err(|_| Refusal::TooLarge)?;
        header.central(offset, &mut self.directory);
        header.local(&mut self.entries);
        self.entries.extend_from_slice(body);
        self.count += 1;
        Ok(())
    }

    fn len(&self) -> usize {
        self.entries.len() + self.directory.len() + END
    }

    /// A path that nothing else has, in folders as they are spelled already.
    fn path<S: AsRef<str>>(&mut self, folders: &[S], attachment: &SafeAttachment) -> String {
        let mut path = String::new();
        for folder in folders.iter().filter_map(|name| folder_name(name.as_ref())).take(MAX_FOLDERS) {
            path = self.folder(&path, &folder);
        }
        let wanted = joined(&path, attachment.name().as_str());
        if !self.taken.contains(&wanted.to_lowercase()) {
            return wanted;
        }
        let stem = stem(attachment);
        self.numbered(&wanted, |number| {
            joined(&path, output_name(&format!("{stem} ({number})"), attachment.kind()).as_str())
        })
    }

    /// The folder `name` in `parent`, new or as it was spelled first.
    fn folder(&mut self, parent: &str, name: &str) -> String {
        let wanted = joined(parent, name);
        let key = wanted.to_lowercase();
        if let Some(path) = self.folders.get(&key) {
            return path.clone();
        }
        let path = if self.taken.contains(&key) {
            let name = cut(name, MAX_NUMBERED).trim_end();
            self.numbered(&wanted, |number| joined(parent, &format!("{name} ({number})")))
        } else {
            wanted
        };
        self.taken.insert(path.to_lowercase());
        self.folders.insert(key, path.clone());
        path
    }

    /// `wanted` with the next number that makes it free. Each number is tried
    /// once for each path, so the work is linear in the entries.
    fn numbered(&mut self, wanted: &str, spell: impl Fn(u32) -> String) -> String {
        let number = self.numbers.entry(wanted.to_lowercase()).or_insert(1);
        loop {
            *number += 1;
            let path = spell(*number);
            if !self.taken.contains(&path.to_lowercase()) {
                return path;
            }
        }
    }
}

impl Decoded for ZipWriter {
    /// # Errors
    /// [`Refusal::Unsupported`] without entries: an empty archive is no file.
    fn content(self) -> Result<Content, Refusal> {
        if self.is_empty() {
            return Err(Refusal::Unsupported);
        }
        let start = u32::try_from(self.entries.len()).map_err(|_| Refusal::TooLarge)?;
        let size = u32::try_from(self.directory.len()).map_err(|_| Refusal::TooLarge)?;
        let mut file = self.entries;
        file.reserve_exact(self.directory.len() + END);
        file.extend_from_slice(&self.directory);
        file.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        put16(&mut file, self.count);
        put16(&mut file, self.count);
        put32(&mut file, size);
        put32(&mut file, start);
        put16(&mut file, 0);
        Ok(Content::Zip(Written::new(file)?))
    }
}

/// What both headers of an entry say alike.
struct Header<'a> {
    path: &'a str,
    path_len: u16,
    method: u16,
    crc: u32,
    packed: u32,
    inflated: u32,
}

impl<'a> Header<'a> {
    fn new(path: &'a str, octets: &[u8], packed: Option<&[u8]>) -> Result<Self, Refusal> {
        let size = |len: usize| u32::try_from(len).map_err(|_| Refusal::TooLarge);
        let mut crc = Crc::new();
        crc.update(octets);
        Ok(Self {
            path,
            path_len: u16::try_from(path.len()).map_err(|_| Refusal::TooLarge)?,
            method: if packed.is_some() { 8 } else { 0 },
            crc: crc.sum(),
            packed: size(packed.unwrap_or(octets).len())?,
            inflated: size(octets.len())?,
        })
    }

    /// APPNOTE 4.3.7.
    fn local(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"PK\x03\x04");
        self.common(out);
        put16(out, 0); // extra fields
        out.extend_from_slice(self.path.as_bytes());
    }

    /// APPNOTE 4.3.12.
    fn central(&self, offset: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"PK\x01\x02");
        put16(out, 20); // made by: version 2.0, MS-DOS
        self.common(out);
        // Extra fields, comment, disk, attributes inside and outside.
        out.extend_from_slice(&[0; 12]);
        put32(out, offset);
        out.extend_from_slice(self.path.as_bytes());
    }

    fn common(&self, out: &mut Vec<u8>) {
        put16(out, 20); // needs version 2.0
        put16(out, 0x0800); // the name is UTF-8 (APPNOTE 4.4.4, bit 11)
        put16(out, self.method);
        put16(out, 0); // midnight
        put16(out, 0x0021); // 1980-01-01
        put32(out, self.crc);
        put32(out, self.packed);
        put32(out, self.inflated);
        put16(out, self.path_len);
    }
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// `octets` deflated, if that is shorter. Pictures and pages are packed by
/// their own formats; of a large one a piece is tried first, since Deflate
/// takes seconds to find out that there is nothing to win.
fn pack(octets: &[u8], kind: SafeKind) -> Result<Option<Vec<u8>>, Refusal> {
    if is_packed(kind) && octets.len() > 4 * PIECE {
        let middle = octets.len() / 2;
        let piece = &octets[middle..middle + PIECE];
        if deflate(piece)?.len() > PIECE / 20 * 19 {
            return Ok(None);
        }
    }
    let packed = deflate(octets)?;
    Ok((packed.len() < octets.len()).then_some(packed))
}

fn is_packed(kind: SafeKind) -> bool {
    match kind {
        SafeKind::Png | SafeKind::Jpeg | SafeKind::Gif | SafeKind::Pdf | SafeKind::Zip => true,
        SafeKind::Text | SafeKind::Csv | SafeKind::Calendar | SafeKind::Card => false,
    }
}

fn deflate(octets: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    // Writing to memory does not fail; if it ever did, the file would be lost.
    encoder.write_all(octets).map_err(|_| Refusal::TooLarge)?;
    encoder.finish().map_err(|_| Refusal::TooLarge)
}

fn joined(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") }
}

/// The attachment's name without its ending, short enough for a number.
fn stem(attachment: &SafeAttachment) -> &str {
    let name = attachment.name().as_str();
    let ending = attachment.kind().extension();
    let stem = name.strip_suffix(ending).and_then(|rest| rest.strip_suffix('.')).unwrap_or(name);
    cut(stem, MAX_NUMBERED)
}

fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A folder's name: safe, without dots or blanks at its edges, not a device's.
/// `None` when nothing is left.
fn folder_name(name: &str) -> Option<String> {
    // What `con.x` opens depends on what stands before its first dot.
    let cleaned = String::from(SafeName::clean(name)?.value);
    let device = is_device(cleaned.split('.').next().unwrap_or_default().trim_end());
    Some(if device { format!("_{}", cut(&cleaned, MAX_NUMBERED).trim_end()) } else { cleaned })
}

/// Names that Windows keeps for devices.
fn is_device(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    let numbered = |word: &str| {
        let mut rest = lower.strip_prefix(word).unwrap_or_default().chars();
        matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    };
    matches!(lower.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") || numbered("com") || numbered("lpt")
}
