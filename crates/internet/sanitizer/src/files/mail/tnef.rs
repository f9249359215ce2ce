//! `winmail.dat` (MS-OXTNEF): attributes one after the other, some of which
//! hold properties.

use sekisho_disarm::{Budget, Refusal};

use super::letter::{Letter, Part};
use super::properties::{self, APPOINTMENT, OBJECT, Properties, Recipient, TEXT_8};

const SIGNATURE: u32 = 0x223e_9f78;

// MS-OXTNEF 2.1.3.2, without the type.
const FROM: u16 = 0x8000;
const SUBJECT: u16 = 0x8004;
const BODY: u16 = 0x800c;
const DATA: u16 = 0x800f;
const TITLE: u16 = 0x8010;
const RENDERING: u16 = 0x9002;
const MESSAGE: u16 = 0x9003;
const RECIPIENTS: u16 = 0x9004;
const ATTACHMENT: u16 = 0x9005;
const PAGE: u16 = 0x9007;

/// What stands before the octets of an object: which interface it has.
const INTERFACE: usize = 16;

/// The mail in `octets`.
///
/// # Errors
/// [`Refusal::Malformed`], [`Refusal::TooLarge`].
pub(super) fn read(octets: &[u8], budget: &mut Budget) -> Result<Letter, Refusal> {
    let mut input = Input(octets);
    if input.number()? != SIGNATURE {
        return Err(Refusal::Malformed);
    }
    input.take(2)?;
    let mut mail = Mail::default();
    // Each turn takes nine octets at least.
    while !input.0.is_empty() {
        // What pads the end is no attribute.
        if input.0.iter().take(16).all(|octet| *octet == 0) {
            break;
        }
        mail.attribute(&mut input, budget)?;
    }
    mail.letter(budget)
}

/// What has been read so far.
#[derive(Default)]
struct Mail {
    own: Properties,
    recipients: Vec<Properties>,
    attached: Vec<Properties>,
    sender: Option<(Vec<u8>, Vec<u8>)>,
    subject: Option<Vec<u8>>,
    body: Option<Vec<u8>>,
    titles: Vec<Vec<u8>>,
}

impl Mail {
    fn attribute(&mut self, input: &mut Input<'_>, budget: &mut Budget) -> Result<(), Refusal> {
        let level = input.octet()?;
        let id = u16::try_from(input.number()? & 0xffff).map_err(|_| Refusal::Malformed)?;
        let size = input.number()?;
        let value = input.take_long(size)?;
        // A checksum, which many programs get wrong.
        input.take(2)?;
        budget.steps(1)?;
        match (level, id) {
            (1, FROM) => self.sender = from(value),
            (1, SUBJECT) => self.subject = Some(value.to_vec()),
            (1, BODY) => {
                budget.octets(value.len() as u64)?;
                self.body = Some(value.to_vec());
            }
            (1, MESSAGE) => property_list(&mut Input(value), &mut self.own, budget)?,
            (1, RECIPIENTS) => self.recipients(&mut Input(value), budget)?,
            (_, PAGE) => self.own.page = Input(value).number().ok(),
            (2, RENDERING) => {
                budget.entries(1)?;
                self.attached.push(Properties::default());
                self.titles.push(Vec::new());
            }
            (2, TITLE) => value.clone_into(self.titles.last_mut().ok_or(Refusal::Malformed)?),
            (2, DATA) => {
                budget.octets(value.len() as u64)?;
                self.attached.last_mut().ok_or(Refusal::Malformed)?.insert(properties::DATA, 0x0102, value.to_vec());
            }
            (2, ATTACHMENT) => {
                let last = self.attached.last_mut().ok_or(Refusal::Malformed)?;
                property_list(&mut Input(value), last, budget)?;
            }
            (1 | 2, _) => {}
            _ => return Err(Refusal::Malformed),
        }
        Ok(())
    }

    fn recipients(&mut self, input: &mut Input<'_>, budget: &mut Budget) -> Result<(), Refusal> {
        let count = input.number()?;
        for _ in 0..count {
            budget.entries(1)?;
            let mut one = Properties::default();
            property_list(input, &mut one, budget)?;
            self.recipients.push(one);
        }
        Ok(())
    }

    fn letter(mut self, budget: &mut Budget) -> Result<Letter, Refusal> {
        // Attributes say in eight-bit text what properties may say better.
        let (name, address) = self.sender.take().unwrap_or_default();
        for (id, value) in [
            (properties::SUBJECT, self.subject.take().unwrap_or_default()),
            (properties::BODY, self.body.take().unwrap_or_default()),
            (properties::SENDER_NAME, name),
            (properties::SENDER_ADDRESS, address),
        ] {
            self.own.insert(id, TEXT_8, value);
        }
        let label = self.own.label();
        let label = label.as_deref();
        let recipients: Vec<Recipient> = self.recipients.iter().map(|one| one.recipient(label)).collect();
        let mut letter = self.own.letter(&recipients, budget)?;
        for (mut attached, title) in self.attached.into_iter().zip(self.titles) {
            attached.page = self.own.page;
            if let Some(inside) = mail_inside(&mut attached, budget)? {
                letter.parts.push(Part::Letter(inside));
                continue;
            }
            attached.insert_name(title);
            match attached.file(label) {
                Ok(part) => letter.parts.push(part),
                Err(removal) => {
                    letter.removed.insert(removal);
                }
            }
        }
        Ok(letter)
    }
}

/// The mail that an attachment is, if it is one.
fn mail_inside(attached: &mut Properties, budget: &mut Budget) -> Result<Option<Letter>, Refusal> {
    let Some((kind, octets)) = attached.take(properties::DATA) else { return Ok(None) };
    let inside = octets.get(INTERFACE..).filter(|rest| kind == OBJECT && rest.starts_with(&SIGNATURE.to_le_bytes()));
    match inside {
        Some(inside) => budget.deeper(|budget| read(inside, budget)).map(Some),
        None => {
            attached.insert(properties::DATA, kind, octets);
            Ok(None)
        }
    }
}

/// `attFrom` (MS-OXTNEF 2.1.3.3.3): sizes, a name and an address with its type.
fn from(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut input = Input(value);
    input.take(4).ok()?;
    let (name, address) = (input.short().ok()?, input.short().ok()?);
    let name = input.take(usize::from(name)).ok()?;
    let address = input.take(usize::from(address)).ok()?;
    let address = address.iter().position(|octet| *octet == b':').map_or(address, |colon| &address[colon + 1..]);
    Some((name.to_vec(), address.to_vec()))
}

/// Properties (MS-OXTNEF 2.1.3.4).
fn property_list(input: &mut Input<'_>, into: &mut Properties, budget: &mut Budget) -> Result<(), Refusal> {
    let count = input.number()?;
    for _ in 0..count {
        budget.steps(1)?;
        let (kind, id) = (input.short()?, input.short()?);
        let named = if id >= 0x8000 { named(input)? } else { None };
        let value = value(input, kind, budget)?;
        let id = named.unwrap_or(id);
        if let Some(value) = value.filter(|_| properties::is_wanted(id)) {
            budget.octets(value.len() as u64)?;
            into.insert(id, kind & 0x0fff, value.to_vec());
        }
    }
    Ok(())
}

/// The name of a property: a set, and a number or a text.
fn named(input: &mut Input<'_>) -> Result<Option<u16>, Refusal> {
    let set = input.take(16)?;
    if input.number()? == 0 {
        let id = input.number()?;
        return Ok(properties::appointment(id).filter(|_| set == APPOINTMENT));
    }
    let size = input.number()?;
    input.take_padded(size)?;
    Ok(None)
}

/// The value of a property; of several the first.
fn value<'a>(input: &mut Input<'a>, kind: u16, budget: &mut Budget) -> Result<Option<&'a [u8]>, Refusal> {
    let fixed = match kind & 0x0fff {
        0x0002 | 0x0003 | 0x0004 | 0x000a | 0x000b => Some(4),
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        0x000d | 0x001e | 0x001f | 0x0102 => None,
        0x0001 => Some(0),
        _ => return Err(Refusal::Malformed),
    };
    // One value of fixed size has no count; all others have.
    let count = if fixed.is_some() && kind & 0x1000 == 0 { 1 } else { input.number()? };
    let mut first = None;
    for _ in 0..count {
        budget.steps(1)?;
        let value = match fixed {
            Some(size) => input.take(size)?,
            None => {
                let size = input.number()?;
                input.take_padded(size)?
            }
        };
        first.get_or_insert(value);
    }
    Ok(first)
}

/// Octets that are still to be read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let (value, rest) = self.0.split_at_checked(count).ok_or(Refusal::Malformed)?;
        self.0 = rest;
        Ok(value)
    }

    fn take_long(&mut self, count: u32) -> Result<&'a [u8], Refusal> {
        self.take(usize::try_from(count).map_err(|_| Refusal::Malformed)?)
    }

    /// A value, and what fills it up to four octets; at the very end that may
    /// be missing.
    fn take_padded(&mut self, count: u32) -> Result<&'a [u8], Refusal> {
        let value = self.take_long(count)?;
        let padding = (4 - value.len() % 4) % 4;
        self.take(padding.min(self.0.len()))?;
        Ok(value)
    }

    fn octet(&mut self) -> Result<u8, Refusal> {
        Ok(self.take(1)?[0])
    }

    fn short(&mut self) -> Result<u16, Refusal> {
        let value = self.take(2)?;
        Ok(u16::from_le_bytes([value[0], value[1]]))
    }

    fn number(&mut self) -> Result<u32, Refusal> {
        let value = self.take(4)?;
        Ok(u32::from_le_bytes([value[0], value[1], value[2], value[3]]))
    }
}
