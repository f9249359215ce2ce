//! Outlook's `.msg` (MS-OXMSG): a compound file whose storages are the mail,
//! its recipients, its attachments, and mails attached to it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

use super::letter::{Letter, Part};
use super::properties::{self, Properties, Recipient};

/// MS-OXMSG 2.4.1: octets before the first property, in the mail itself, in
/// a mail inside, in a recipient or attachment.
const HEADER: usize = 32;
const HEADER_INSIDE: usize = 24;
const HEADER_PART: usize = 8;

const PROPERTIES: &str = "__properties_version1.0";
/// `PidTagAttachDataObject` as a storage.
const INSIDE: &str = "__substg1.0_3701000D";

/// The mail in `octets`.
///
/// # Errors
/// [`Refusal::Malformed`], [`Refusal::TooLarge`].
pub(super) fn read(octets: &[u8], budget: &mut Budget) -> Result<Letter, Refusal> {
    let file = cfb::CompoundFile::open(Cursor::new(octets)).map_err(|_| Refusal::Malformed)?;
    let mut store = Store { file, size: octets.len() as u64, named: BTreeMap::new() };
    store.named = store.named(budget)?;
    store.letter(Path::new("/"), HEADER, budget)
}

struct Store<'a> {
    file: cfb::CompoundFile<Cursor<&'a [u8]>>,
    /// Octets of the whole file: no stream has more.
    size: u64,
    /// Ids of this file that stand for named properties.
    named: BTreeMap<u16, u16>,
}

/// What stands in a storage.
struct Child {
    name: String,
    path: PathBuf,
    is_storage: bool,
}

impl Store<'_> {
    fn children(&self, path: &Path, budget: &mut Budget) -> Result<Vec<Child>, Refusal> {
        let entries = self.file.read_storage(path).map_err(|_| Refusal::Malformed)?;
        let mut children = Vec::new();
        for entry in entries {
            budget.steps(1)?;
            let is_storage = entry.is_storage();
            children.push(Child { name: entry.name().to_owned(), path: entry.path().to_owned(), is_storage });
        }
        Ok(children)
    }

    fn stream(&mut self, path: &Path, budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
        let stream = self.file.open_stream(path).map_err(|_| Refusal::Malformed)?;
        let size = stream.len();
        if size > self.size {
            return Err(Refusal::Malformed);
        }
        budget.octets(size)?;
        let mut octets = Vec::new();
        stream.take(size).read_to_end(&mut octets).map_err(|_| Refusal::Malformed)?;
        Ok(octets)
    }

    /// The ids that this file gives to named properties (MS-OXMSG 2.2.3).
    fn named(&mut self, budget: &mut Budget) -> Result<BTreeMap<u16, u16>, Refusal> {
        let mut named = BTreeMap::new();
        let stream = |name: &str| Path::new("/__nameid_version1.0").join(name);
        let (sets, entries) = (stream("__substg1.0_00020102"), stream("__substg1.0_00030102"));
        if !self.file.is_stream(&sets) || !self.file.is_stream(&entries) {
            return Ok(named);
        }
        let (sets, entries) = (self.stream(&sets, budget)?, self.stream(&entries, budget)?);
        for entry in entries.as_chunks::<8>().0 {
            budget.steps(1)?;
            let [a, b, c, d, set, set_high, index, index_high] = *entry;
            let set = usize::from(u16::from_le_bytes([set, set_high]));
            let (by_name, set) = (set & 1 == 1, set >> 1);
            // Two sets are known without being written.
            let written = set.checked_sub(3).and_then(|place| sets.get(16 * place..16 * place + 16));
            if by_name || written != Some(properties::APPOINTMENT) {
                continue;
            }
            let id = u16::from_le_bytes([index, index_high]).checked_add(0x8000);
            if let (Some(known), Some(id)) = (properties::appointment(u32::from_le_bytes([a, b, c, d])), id) {
                named.insert(id, known);
            }
        }
        Ok(named)
    }

    fn letter(&mut self, path: &Path, header: usize, budget: &mut Budget) -> Result<Letter, Refusal> {
        let children = self.children(path, budget)?;
        let mut properties = self.properties(&children, header, budget)?;
        let label = properties.label();
        let of = |start: &str| {
            let mut found: Vec<&Child> =
                children.iter().filter(|child| child.is_storage && child.name.starts_with(start)).collect();
            found.sort_by(|one, other| one.name.cmp(&other.name));
            found
        };
        let mut recipients: Vec<Recipient> = Vec::new();
        for child in of("__recip_version1.0_") {
            budget.entries(1)?;
            let children = self.children(&child.path, budget)?;
            recipients.push(self.properties(&children, HEADER_PART, budget)?.recipient(label.as_deref()));
        }
        let mut letter = properties.letter(&recipients, budget)?;
        drop(properties);
        for child in of("__attach_version1.0_") {
            budget.entries(1)?;
            match self.attachment(&child.path, label.as_deref(), budget)? {
                Ok(part) => letter.parts.push(part),
                Err(removal) => {
                    letter.removed.insert(removal);
                }
            }
        }
        Ok(letter)
    }

    fn attachment(
        &mut self,
        path: &Path,
        label: Option<&str>,
        budget: &mut Budget,
    ) -> Result<Result<Part, Removal>, Refusal> {
        let children = self.children(path, budget)?;
        if let Some(inside) = children.iter().find(|child| child.is_storage && child.name == INSIDE) {
            // A mail has properties; what else is a storage is an OLE object.
            if !self.file.is_stream(inside.path.join(PROPERTIES)) {
                return Ok(Err(Removal::EmbeddedFile));
            }
            let letter = budget.deeper(|budget| self.letter(&inside.path, HEADER_INSIDE, budget))?;
            return Ok(Ok(Part::Letter(letter)));
        }
        Ok(self.properties(&children, HEADER_PART, budget)?.file(label))
    }

    /// The properties of a storage: those with a value of fixed size in one
    /// stream, each other in a stream of its own.
    fn properties(&mut self, children: &[Child], header: usize, budget: &mut Budget) -> Result<Properties, Refusal> {
        let mut properties = Properties::default();
        for child in children.iter().filter(|child| !child.is_storage) {
            if child.name == PROPERTIES {
                let octets = self.stream(&child.path, budget)?;
                self.fixed(octets.get(header..).unwrap_or_default(), &mut properties);
            } else if let Some((id, kind)) = tag(&child.name) {
                let id = self.named.get(&id).copied().unwrap_or(id);
                if properties::is_wanted(id) {
                    let octets = self.stream(&child.path, budget)?;
                    properties.insert(id, kind, octets);
                }
            }
        }
        Ok(properties)
    }

    /// MS-OXMSG 2.4.2.1: type, id, flags, value, 16 octets in all.
    fn fixed(&self, octets: &[u8], properties: &mut Properties) {
        for entry in octets.as_chunks::<16>().0 {
            let (kind, id) = (u16::from_le_bytes([entry[0], entry[1]]), u16::from_le_bytes([entry[2], entry[3]]));
            let id = self.named.get(&id).copied().unwrap_or(id);
            // Numbers, truth values, moments; the rest holds but its size.
            if matches!(kind, 0x0002 | 0x0003 | 0x000b | 0x0014 | 0x0040) {
                properties.insert(id, kind, entry[8..].to_vec());
            }
        }
    }
}

/// `__substg1.0_` and eight digits: id and type.
fn tag(name: &str) -> Option<(u16, u16)> {
    let digits = name.strip_prefix("__substg1.0_").filter(|digits| digits.len() == 8)?;
    let tag = u32::from_str_radix(digits, 16).ok()?;
    Some((u16::try_from(tag >> 16).ok()?, u16::try_from(tag & 0xffff).ok()?))
}
