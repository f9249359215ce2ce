//! ZIP of our layout: entries, directory, end, nothing between.

use std::collections::BTreeSet;

use sekisho_safe_message::{SafeKind, SafeName, Untrusted, is_output_name};
use sekisho_verify::{Fault, Flaw};

use crate::check_single;
use crate::crc::crc32;
use crate::cursor::{Cursor, hold};
use crate::inflate::{Inflate, whole};

/// Most entries.
const MAX_ENTRIES: usize = 10_000;
/// Octets of all entries together.
const MAX_INFLATED: u64 = 256 << 20;
/// Components of a name.
const MAX_COMPONENTS: usize = 8;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

/// What an entry's two headers must agree on, as octets: version, flag,
/// method, time, date, checksum, sizes, length of the name, no extra field.
const COMMON: usize = 26;

/// One entry, as its local header has it.
struct Entry<'a> {
    at: usize,
    common: &'a [u8],
    name: &'a [u8],
}

/// A ZIP of `docs/output-formats.md`, whose every file is one too.
///
/// # Errors
/// The first rule that it breaks; of a file in it, at its entry.
pub fn zip(file: Untrusted<'_>) -> Result<(), Flaw> {
    let mut cursor = Cursor::new(file.read());
    let mut entries = Vec::new();
    let mut names = Names::default();
    let mut left = MAX_INFLATED;
    while cursor.rest().starts_with(LOCAL) {
        hold(entries.len() < MAX_ENTRIES, Fault::Size, cursor.at())?;
        entries.push(entry(&mut cursor, &mut names, &mut left)?);
    }
    let begin = cursor.at();
    for entry in &entries {
        central(&mut cursor, entry)?;
    }
    end(&mut cursor, entries.len(), begin)
}

/// APPNOTE 4.3.7, and the file behind it.
fn entry<'a>(cursor: &mut Cursor<'a>, names: &mut Names, left: &mut u64) -> Result<Entry<'a>, Flaw> {
    let at = cursor.at();
    cursor.take(LOCAL.len())?;
    let common = cursor.take(COMMON)?;
    let mut fields = Cursor::new(common);
    let sound = fields.u16_le()? == 20 && fields.u16_le()? == 0x0800;
    let method = fields.u16_le()?;
    let dated = fields.u16_le()? == 0 && fields.u16_le()? == 0x0021;
    let (crc, packed, size) = (fields.u32_le()?, fields.u32_le()?, fields.u32_le()?);
    let (name_len, extra_len) = (fields.u16_le()?, fields.u16_le()?);
    hold(sound && dated && extra_len == 0, Fault::Entry, at)?;
    let name = cursor.take(usize::from(name_len))?;
    let kind = names.take(name).ok_or(Flaw::at(Fault::EntryName, at))?;
    *left = left.checked_sub(size.into()).ok_or(Flaw::at(Fault::Size, at))?;
    let data = cursor.take(packed as usize)?;
    let inflated;
    let octets = match method {
        0 => data,
        8 => {
            inflated = whole(Inflate::raw(size.into()), data).map_err(|fault| Flaw::at(fault, at))?;
            inflated.as_slice()
        }
        _ => return Err(Flaw::at(Fault::Entry, at)),
    };
    hold(octets.len() as u64 == u64::from(size), Fault::Packed, at)?;
    hold(crc32(octets) == crc, Fault::Checksum, at)?;
    check_single(kind, Untrusted::new(octets)).map_err(|flaw| flaw.packed_at(at))?;
    Ok(Entry { at, common, name })
}

/// APPNOTE 4.3.12: made by version 20 (FAT), no comment, disk 0, attributes 0.
fn central(cursor: &mut Cursor<'_>, entry: &Entry<'_>) -> Result<(), Flaw> {
    let at = cursor.at();
    cursor.tag(CENTRAL, Fault::Directory)?;
    cursor.tag(&[20, 0], Fault::Directory)?;
    cursor.tag(entry.common, Fault::Directory)?;
    // Comment's length, disk, internal and external attributes.
    cursor.tag(&[0; 10], Fault::Directory)?;
    hold(cursor.u32_le()? as usize == entry.at, Fault::Directory, at)?;
    cursor.tag(entry.name, Fault::Directory)
}

/// APPNOTE 4.3.16.
fn end(cursor: &mut Cursor<'_>, entries: usize, begin: usize) -> Result<(), Flaw> {
    let at = cursor.at();
    cursor.tag(END, Fault::Directory)?;
    cursor.tag(&[0; 4], Fault::Directory)?;
    let counts = [cursor.u16_le()?, cursor.u16_le()?].map(usize::from);
    let (size, offset) = (cursor.u32_le()? as usize, cursor.u32_le()? as usize);
    let agrees = counts == [entries; 2] && size == at - begin && offset == begin;
    hold(agrees && cursor.u16_le()? == 0, Fault::Directory, at)?;
    cursor.end()
}

/// Names that were there already, without regard to case.
#[derive(Default)]
struct Names {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Names {
    /// The kind of the file called `name`; `None` if that is no name of ours.
    fn take(&mut self, name: &[u8]) -> Option<SafeKind> {
        let name = std::str::from_utf8(name).ok()?;
        if name.split('/').count() > MAX_COMPONENTS {
            return None;
        }
        let (folders, last) = name.rsplit_once('/').map_or((None, name), |(folders, last)| (Some(folders), last));
        let kind = SafeKind::from_extension(last.rsplit_once('.')?.1)?;
        let named = SafeName::parse(last.to_owned()).ok()?;
        let lower = name.to_lowercase();
        if kind == SafeKind::Zip || !is_output_name(&named, kind) || self.folders.contains(&lower) {
            return None;
        }
        if let Some(folders) = folders {
            self.folders(folders, &lower)?;
        }
        self.files.insert(lower).then_some(kind)
    }

    /// Checks and remembers every folder of a path; none may be a file.
    fn folders(&mut self, path: &str, lower: &str) -> Option<()> {
        if !path.split('/').all(is_folder_name) {
            return None;
        }
        for (at, _) in lower.match_indices('/') {
            let folder = &lower[..at];
            if self.files.contains(folder) {
                return None;
            }
            self.folders.insert(folder.to_owned());
        }
        Some(())
    }
}

/// A safe name that no system takes for a device.
fn is_folder_name(name: &str) -> bool {
    let device = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = |word| {
        let number: Option<&str> = device.strip_prefix(word);
        number.is_some_and(|number| ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"].contains(&number))
    };
    let is_device = ["con", "prn", "aux", "nul", "conin$", "conout$"].contains(&device.as_str());
    SafeName::parse(name.to_owned()).is_ok() && !is_device && !numbered("com") && !numbered("lpt")
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::inflate::tests::stored_raw;
    use crate::tests::assert_fragile;

    fn common(method: u16, packed: &[u8], octets: &[u8], name: &str) -> Vec<u8> {
        let mut out = vec![20, 0, 0, 8];
        out.extend(method.to_le_bytes());
        out.extend([0, 0, 0x21, 0]);
        out.extend(crc32(octets).to_le_bytes());
        out.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        out.extend(u32::try_from(octets.len()).unwrap().to_le_bytes());
        out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend([0, 0]);
        out
    }

    pub(crate) fn build(files: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, octets, deflated) in files {
            let packed = if *deflated { stored_raw(octets) } else { octets.to_vec() };
            let common = common(if *deflated { 8 } else { 0 }, &packed, octets, name);
            directory.extend([CENTRAL, &[20, 0], &common, &[0; 10]].concat());
            directory.extend(u32::try_from(out.len()).unwrap().to_le_bytes());
            directory.extend(name.as_bytes());
            out.extend([LOCAL, &common, name.as_bytes(), &packed].concat());
        }
        let (begin, count) = (u32::try_from(out.len()).unwrap(), u16::try_from(files.len()).unwrap());
        out.extend_from_slice(&directory);
        out.extend([END, &[0; 4], &count.to_le_bytes(), &count.to_le_bytes()].concat());
        out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        out.extend(begin.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    fn fault(file: &[u8]) -> Option<Fault> {
        zip(Untrusted::new(file)).err().map(|flaw| flaw.fault)
    }

    #[test]
    fn what_we_write_and_nothing_else() {
        let picture = crate::png::tests::sample();
        assert_eq!(fault(&build(&[("資料/a.txt", b"hello\r\n", true), ("資料/b.png", &picture, false)])), None);
        assert_eq!(fault(&build(&[])), None);
        for (name, want) in [
            ("a.exe", Fault::EntryName),
            ("a", Fault::EntryName),
            ("a.zip", Fault::EntryName),
            ("/a.txt", Fault::EntryName),
            ("../a.txt", Fault::EntryName),
            ("a\\b.txt", Fault::EntryName),
            ("a/", Fault::EntryName),
            ("con/a.txt", Fault::EntryName),
            ("con.x/a.txt", Fault::EntryName),
            ("LPT1/a.txt", Fault::EntryName),
            ("con.txt", Fault::EntryName),
            ("a.b.txt", Fault::EntryName),
            ("1/2/3/4/5/6/7/8/a.txt", Fault::EntryName),
            ("a\u{202e}.txt", Fault::EntryName),
            ("a.TXT", Fault::EntryName),
            ("a.png", Fault::Signature),
        ] {
            assert_eq!(fault(&build(&[(name, b"hello\r\n", false)])), Some(want), "{name}");
        }
        let twice = build(&[("a.txt", b"x\r\n", false), ("A.txt", b"y\r\n", false)]);
        assert_eq!(fault(&twice), Some(Fault::EntryName));
        let folder = build(&[("a.txt", b"x\r\n", false), ("a.txt/b.txt", b"y\r\n", false)]);
        assert_eq!(fault(&folder), Some(Fault::EntryName));
        let bad = build(&[("a.txt", b"a\x1b[0m\r\n", true)]);
        assert_eq!(fault(&bad), Some(Fault::Text));
    }

    #[test]
    fn changed_files_are_refused() {
        let file = build(&[("a.txt", b"hello\r\n", true), ("b/c.txt", b"x\r\n", false)]);
        assert_fragile(&file, |changed| {
            // Deflate fills up to an octet with bits that mean nothing (RFC 1951 3.2.4).
            let filled = changed.len() == file.len() && changed[..35] == file[..35] && changed[35] != file[35];
            if filled { Err(Flaw::at(Fault::Unread, 0)) } else { zip(Untrusted::new(changed)) }
        });
    }
}
