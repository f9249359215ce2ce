//! Lines to fields: the allow-list, its order, folding.

use crate::wire::{Line, Lines};
use crate::{Charset, Rule, Violation};

/// Longest header line in octets, without CRLF: one address (254) or
/// identifier (250) with its field's name. RFC 5322 2.1.1 allows 998.
const MAX_LINE: usize = 320;

/// The Content-Type of a mail with files, up to its id.
pub(crate) const MIXED: &str = "multipart/mixed; boundary=\"=_";

/// The allow-list, in the order in which its fields stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `From`
    From,
    /// `To`
    To,
    /// `Cc`
    Cc,
    /// `Reply-To`
    ReplyTo,
    /// `Subject`
    Subject,
    /// `Date`
    Date,
    /// `Message-ID`
    MessageId,
    /// `In-Reply-To`
    InReplyTo,
    /// `References`
    References,
    /// `Auto-Submitted`
    AutoSubmitted,
    /// `List-Id`
    ListId,
    /// `MIME-Version`
    MimeVersion,
    /// `Content-Type`
    ContentType,
    /// `Content-Transfer-Encoding`
    ContentTransferEncoding,
    /// `X-Sekisho-Id`
    SekishoId,
    /// `X-Mail-Sanitized`
    MailSanitized,
}

impl Field {
    /// Every field, in order.
    pub const ALL: [Self; 16] = [
        Self::From,
        Self::To,
        Self::Cc,
        Self::ReplyTo,
        Self::Subject,
        Self::Date,
        Self::MessageId,
        Self::InReplyTo,
        Self::References,
        Self::AutoSubmitted,
        Self::ListId,
        Self::MimeVersion,
        Self::ContentType,
        Self::ContentTransferEncoding,
        Self::SekishoId,
        Self::MailSanitized,
    ];

    /// The one spelling of its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::From => "From",
            Self::To => "To",
            Self::Cc => "Cc",
            Self::ReplyTo => "Reply-To",
            Self::Subject => "Subject",
            Self::Date => "Date",
            Self::MessageId => "Message-ID",
            Self::InReplyTo => "In-Reply-To",
            Self::References => "References",
            Self::AutoSubmitted => "Auto-Submitted",
            Self::ListId => "List-Id",
            Self::MimeVersion => "MIME-Version",
            Self::ContentType => "Content-Type",
            Self::ContentTransferEncoding => "Content-Transfer-Encoding",
            Self::SekishoId => "X-Sekisho-Id",
            Self::MailSanitized => "X-Mail-Sanitized",
        }
    }
}

/// A value with its folds kept visible: each is one `\n`, which stands nowhere
/// else, so that a value's grammar says where it may fold.
#[derive(Clone)]
pub(crate) struct Folded(String);

impl Folded {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn test(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[derive(Clone)]
struct Entry {
    field: Field,
    line: usize,
    value: Folded,
}

/// The fields of one mail, in order, consumed from the front.
pub(crate) struct Fields {
    entries: std::iter::Peekable<std::vec::IntoIter<Entry>>,
    end: usize,
    charset: Charset,
}

/// Reads fields up to the first empty line; behind it stands the body.
pub(crate) fn fields(lines: &mut Lines<'_>) -> Result<Fields, Violation> {
    let mut entries: Vec<Entry> = Vec::with_capacity(Field::ALL.len());
    loop {
        let number = lines.number();
        let line = lines.next()?.ok_or(Violation::at(number, Rule::HeaderLine))?;
        if line.text.is_empty() {
            let charset = charset(&entries);
            return Ok(Fields { entries: entries.into_iter().peekable(), end: number, charset });
        }
        if line.text.len() > MAX_LINE {
            return Err(Violation::at(number, Rule::LineLength));
        }
        if line.text.ends_with(' ') {
            return Err(Violation::at(number, Rule::HeaderLine));
        }
        match line.text.strip_prefix(' ') {
            Some(rest) => unfold(entries.last_mut(), rest).ok_or(Violation::at(number, Rule::HeaderLine))?,
            None => entries.push(begin(line, entries.last())?),
        }
    }
}

/// What the mail is written in, for the fields that stand before it says so.
/// A Content-Type that is neither is refused when its turn comes.
fn charset(entries: &[Entry]) -> Charset {
    let is_japanese =
        |entry: &Entry| entry.field == Field::ContentType && entry.value.as_str() == Charset::Iso2022Jp.content_type();
    if entries.iter().any(is_japanese) { Charset::Iso2022Jp } else { Charset::Utf8 }
}

/// A continuation: its one blank is the fold's.
fn unfold(last: Option<&mut Entry>, rest: &str) -> Option<()> {
    let value = &mut last.filter(|_| !rest.starts_with(' '))?.value.0;
    value.push('\n');
    value.push_str(rest);
    Some(())
}

/// The first line of a field that may follow `last`.
fn begin(line: Line<'_>, last: Option<&Entry>) -> Result<Entry, Violation> {
    let broken = Violation::at(line.number, Rule::HeaderLine);
    let (name, value) = line.text.split_once(": ").ok_or(broken)?;
    let known = Field::ALL.into_iter().find(|field| field.name() == name);
    let field = known.ok_or(Violation::at(line.number, Rule::UnknownField))?;
    if value.starts_with(' ') {
        return Err(broken);
    }
    // Rising order also means: no field twice.
    if last.is_some_and(|last| last.field >= field) {
        return Err(Violation::of(field, line.number, Rule::FieldOrder));
    }
    Ok(Entry { field, line: line.number, value: Folded(value.to_owned()) })
}

impl Fields {
    /// What the mail is written in.
    pub(crate) fn charset(&self) -> Charset {
        self.charset
    }

    /// The mail's boundary, if it says that it has parts.
    pub(crate) fn boundary(&self) -> Option<String> {
        let mut entries = self.entries.clone();
        let mixed = entries.find(|entry| entry.field == Field::ContentType)?;
        let id = mixed.value.as_str().strip_prefix(MIXED)?.strip_suffix('"')?;
        Some(format!("--=_{id}"))
    }

    /// The value of `field` if it is there, by its grammar.
    pub(crate) fn may<T>(
        &mut self,
        field: Field,
        parse: impl FnOnce(&Folded) -> Result<T, Rule>,
    ) -> Result<Option<T>, Violation> {
        let Some(entry) = self.entries.next_if(|entry| entry.field == field) else {
            return Ok(None);
        };
        parse(&entry.value).map(Some).map_err(|rule| Violation::of(field, entry.line, rule))
    }

    /// The value of a compulsory `field`.
    pub(crate) fn need<T>(
        &mut self,
        field: Field,
        parse: impl FnOnce(&Folded) -> Result<T, Rule>,
    ) -> Result<T, Violation> {
        self.may(field, parse)?.ok_or(Violation::of(field, self.end, Rule::MissingField))
    }

    /// That every field was asked for.
    pub(crate) fn none_left(mut self) -> Result<(), Violation> {
        match self.entries.next() {
            Some(entry) => Err(Violation::of(entry.field, entry.line, Rule::FieldOrder)),
            None => Ok(()),
        }
    }
}
