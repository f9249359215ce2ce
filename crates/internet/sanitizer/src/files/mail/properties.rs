//! The properties that Outlook makes a mail of (MS-OXPROPS), as `.msg` and
//! TNEF both have them, and a [`Letter`] of them.

use std::collections::BTreeMap;

use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

use super::letter::{Letter, Part};
use super::rtf::Text;
use super::{codepage, lzfu, rtf};
use crate::{charset, html};

// MS-OXPROPS 2, by property id.
pub(super) const SUBJECT: u16 = 0x0037;
const SUBMITTED: u16 = 0x0039;
const SENT_FOR_NAME: u16 = 0x0042;
const SENT_FOR_ADDRESS: u16 = 0x0065;
pub(super) const RECIPIENT_TYPE: u16 = 0x0c15;
pub(super) const SENDER_NAME: u16 = 0x0c1a;
pub(super) const SENDER_ADDRESS: u16 = 0x0c1f;
const SHOWN_CC: u16 = 0x0e03;
const SHOWN_TO: u16 = 0x0e04;
const DELIVERED: u16 = 0x0e06;
pub(super) const BODY: u16 = 0x1000;
const BODY_RTF: u16 = 0x1009;
const BODY_HTML: u16 = 0x1013;
const NAME: u16 = 0x3001;
const ADDRESS: u16 = 0x3003;
pub(super) const DATA: u16 = 0x3701;
const SHORT_NAME: u16 = 0x3704;
const METHOD: u16 = 0x3705;
const LONG_NAME: u16 = 0x3707;
const MEDIA: u16 = 0x370e;
const SMTP_ADDRESS: u16 = 0x39fe;
const INTERNET_PAGE: u16 = 0x3fde;
const LOCALE: u16 = 0x3ff1;
const MESSAGE_PAGE: u16 = 0x3ffd;
const SENDER_SMTP: u16 = 0x5d01;
const SENT_FOR_SMTP: u16 = 0x5d02;

/// Where readers put appointments' named properties, whose ids differ from
/// mail to mail.
pub(super) const START: u16 = 0xfff1;
pub(super) const END: u16 = 0xfff2;
pub(super) const PLACE: u16 = 0xfff3;

/// Properties that are read; the rest is passed over.
const WANTED: &[u16] = &[
    SUBJECT,
    SUBMITTED,
    SENT_FOR_NAME,
    SENT_FOR_ADDRESS,
    RECIPIENT_TYPE,
    SENDER_NAME,
    SENDER_ADDRESS,
    SHOWN_CC,
    SHOWN_TO,
    DELIVERED,
    BODY,
    BODY_RTF,
    BODY_HTML,
    NAME,
    ADDRESS,
    DATA,
    SHORT_NAME,
    METHOD,
    LONG_NAME,
    MEDIA,
    SMTP_ADDRESS,
    INTERNET_PAGE,
    LOCALE,
    MESSAGE_PAGE,
    SENDER_SMTP,
    SENT_FOR_SMTP,
    START,
    END,
    PLACE,
];

/// Property types (MS-OXCDATA 2.11.1).
pub(super) const TEXT_8: u16 = 0x001e;
pub(super) const TEXT_16: u16 = 0x001f;
pub(super) const OBJECT: u16 = 0x000d;

/// The named property of an appointment (MS-OXPROPS) that `id` is.
pub(super) fn appointment(id: u32) -> Option<u16> {
    match id {
        0x820d => Some(START),
        0x820e => Some(END),
        0x8208 => Some(PLACE),
        _ => None,
    }
}

/// `{00062002-0000-0000-C000-000000000046}`, as it is stored.
pub(super) const APPOINTMENT: &[u8] = b"\x02\x20\x06\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";

/// Whether a property is read.
pub(super) fn is_wanted(id: u16) -> bool {
    WANTED.contains(&id)
}

/// Most people of one field that are named.
const MAX_NAMED: usize = 10;

/// Properties of a mail, a recipient or an attachment.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// Type and value; of two with one id the first.
    known: BTreeMap<u16, (u16, Vec<u8>)>,
    /// The code page of eight-bit text where no property says it.
    pub(super) page: Option<u32>,
}

/// Someone who gets the mail.
#[derive(Debug)]
pub(super) struct Recipient {
    kind: u32,
    shown: String,
}

impl Properties {
    pub(super) fn insert(&mut self, id: u16, kind: u16, value: Vec<u8>) {
        if is_wanted(id) {
            self.known.entry(id).or_insert((kind, value));
        }
    }

    /// The name that an attachment has outside its properties; theirs comes
    /// before it.
    pub(super) fn insert_name(&mut self, name: Vec<u8>) {
        if !name.is_empty() {
            self.insert(SHORT_NAME, TEXT_8, name);
        }
    }

    /// The octets of a property, and its type.
    pub(super) fn take(&mut self, id: u16) -> Option<(u16, Vec<u8>)> {
        self.known.remove(&id)
    }

    fn number(&self, id: u16) -> Option<u32> {
        let bytes = self.known.get(&id)?.1.get(..4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A moment: 100 ns since 1601 (MS-DTYP 2.3.3), as seconds since 1970.
    fn moment(&self, id: u16) -> Option<i64> {
        let bytes: [u8; 8] = self.known.get(&id)?.1.get(..8)?.try_into().ok()?;
        let ticks = i64::try_from(u64::from_le_bytes(bytes)).ok()?;
        (ticks > 0).then(|| ticks / 10_000_000 - 11_644_473_600)
    }

    /// The charset of eight-bit text.
    pub(super) fn label(&self) -> Option<String> {
        let page = [MESSAGE_PAGE, INTERNET_PAGE].into_iter().find_map(|id| self.number(id)).filter(|page| *page > 3);
        let locale = || self.number(LOCALE).and_then(codepage::of_locale);
        page.or(self.page).or_else(locale).and_then(codepage::label)
    }

    /// A property that is text, without NULs at its end; empty if there is none.
    pub(super) fn text(&self, id: u16, label: Option<&str>) -> String {
        let Some((kind, octets)) = self.known.get(&id) else { return String::new() };
        let text = match *kind {
            TEXT_16 => encoding_rs::UTF_16LE.decode_without_bom_handling(octets).0.into_owned(),
            TEXT_8 => {
                let end = octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
                charset::decode(&octets[..end], label.map(str::as_bytes)).text
            }
            _ => String::new(),
        };
        text.trim_end_matches('\0').to_owned()
    }

    /// This recipient.
    pub(super) fn recipient(&self, label: Option<&str>) -> Recipient {
        let address =
            [SMTP_ADDRESS, ADDRESS].map(|id| self.text(id, label)).into_iter().find(|text| text.contains('@'));
        let shown = person(&self.text(NAME, label), address.as_deref());
        Recipient { kind: self.number(RECIPIENT_TYPE).unwrap_or(1), shown }
    }

    /// The mail that these are, without what is attached.
    pub(super) fn letter(&mut self, recipients: &[Recipient], budget: &mut Budget) -> Result<Letter, Refusal> {
        let label = self.label();
        let text = |id| self.text(id, label.as_deref());
        let first = |ids: [u16; 2]| ids.into_iter().map(text).find(|text| !text.is_empty()).unwrap_or_default();
        let address = [SENT_FOR_SMTP, SENDER_SMTP, SENT_FOR_ADDRESS, SENDER_ADDRESS].map(text);
        let address = address.into_iter().find(|text| text.contains('@'));
        let named = |kind, shown| {
            let people: Vec<&str> =
                recipients.iter().filter(|one| one.kind == kind).map(|one| one.shown.as_str()).collect();
            if people.is_empty() { text(shown) } else { some_of(&people) }
        };
        let letter = Letter {
            from: person(&first([SENT_FOR_NAME, SENDER_NAME]), address.as_deref()),
            to: named(1, SHOWN_TO),
            cc: named(2, SHOWN_CC),
            subject: text(SUBJECT),
            date: self.moment(SUBMITTED).or_else(|| self.moment(DELIVERED)),
            start: self.moment(START),
            end: self.moment(END),
            place: text(PLACE),
            ..Letter::default()
        };
        let text = self.body(label.as_deref(), budget)?;
        Ok(Letter { text, ..letter })
    }

    /// The text: plain, else of HTML, else of RTF.
    fn body(&mut self, label: Option<&str>, budget: &mut Budget) -> Result<String, Refusal> {
        let plain = self.text(BODY, label);
        if !plain.trim().is_empty() {
            return Ok(plain);
        }
        if let Some((kind, octets)) = self.take(BODY_HTML) {
            let page = self.number(INTERNET_PAGE).and_then(codepage::label);
            let page = page.as_deref().or(label);
            let page = if kind == TEXT_16 { Some("utf-16le") } else { page };
            return Ok(html::to_text(&charset::decode(&octets, page.map(str::as_bytes)).text).text);
        }
        let Some((_, octets)) = self.take(BODY_RTF) else { return Ok(String::new()) };
        Ok(match rtf::read(&lzfu::inflate(&octets, budget)?) {
            Some(Text::Html(text)) => html::to_text(&text).text,
            Some(Text::Plain(text)) => text,
            None => String::new(),
        })
    }

    /// The file that this attachment is, or what it was instead.
    pub(super) fn file(&mut self, label: Option<&str>) -> Result<Part, Removal> {
        let name =
            [LONG_NAME, SHORT_NAME, NAME].map(|id| self.text(id, label)).into_iter().find(|name| !name.is_empty());
        let declared = self.text(MEDIA, label);
        match (self.take(DATA), self.number(METHOD)) {
            (Some((kind, octets)), _) if kind != OBJECT => {
                Ok(Part::File { name: name.unwrap_or_default(), declared, octets })
            }
            // MS-OXCMSG 2.2.2.9: by reference to a file elsewhere.
            (None, Some(2..=4 | 7)) => Err(Removal::ExternalReference),
            _ => Err(Removal::EmbeddedFile),
        }
    }
}

/// `name <address>`, or what there is of it.
fn person(name: &str, address: Option<&str>) -> String {
    match address {
        Some(address) if name.is_empty() || name.trim_matches('\'') == address => address.to_owned(),
        Some(address) => format!("{name} <{address}>"),
        None => name.to_owned(),
    }
}

fn some_of(people: &[&str]) -> String {
    let shown = people.get(..MAX_NAMED).map_or_else(|| people.join(", "), |first| first.join(", "));
    if people.len() > MAX_NAMED { shown + ", …" } else { shown }
}
