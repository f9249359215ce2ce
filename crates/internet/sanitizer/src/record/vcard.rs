//! Visiting cards (vCard 2.1, 3.0, 4.0) as text.
//!
//! Never: shows a picture, a logo, a sound or a key.

use sekisho_safe_message::Language;

use super::lines::{self, Property};
use super::rows::Rows;
use super::say;

/// Most cards that are shown; the rest is counted.
const MAX_CARDS: usize = 50;
/// Most properties of one card.
const MAX_PROPERTIES: usize = 500;
/// Most rows of one kind.
const MAX_SAME: usize = 20;

/// The cards as text; `None` if there is none.
pub(super) fn to_text(text: &str, language: Language) -> Option<String> {
    let (cards, more) = read(text);
    let mut out = String::new();
    for rows in cards.iter().map(|card| Card { properties: card }.rows(language)).filter(|rows| !rows.is_empty()) {
        rows.write(&mut out);
    }
    if more > 0 {
        out.push_str(&match language {
            Language::Ja => format!("\n（ほかに{more}件の連絡先があります）\n"),
            Language::En => format!("\n({more} more cards)\n"),
        });
    }
    (!out.is_empty()).then_some(out)
}

/// The properties of each card, and how many cards have no place.
fn read(text: &str) -> (Vec<Vec<Property>>, usize) {
    let mut cards: Vec<Vec<Property>> = Vec::new();
    let (mut inside, mut more) = (false, 0);
    for property in lines::read(text) {
        let begins = property.name == "BEGIN" && property.raw().trim().eq_ignore_ascii_case("VCARD");
        if begins && cards.len() < MAX_CARDS {
            cards.push(Vec::new());
            inside = true;
        } else if begins || property.name == "END" {
            more += usize::from(begins);
            inside = false;
        } else if let Some(card) = cards.last_mut().filter(|card| inside && card.len() < MAX_PROPERTIES) {
            card.push(property);
        }
    }
    (cards, more)
}

/// One card.
#[derive(Clone, Copy)]
struct Card<'a> {
    properties: &'a [Property],
}

impl<'a> Card<'a> {
    fn all(self, name: &str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.name == name && !property.is_binary()).take(MAX_SAME)
    }

    fn text(self, name: &str) -> String {
        self.all(name).next().map(Property::text).unwrap_or_default()
    }

    fn rows(self, language: Language) -> Rows {
        let mut rows = Rows::new(language, say(language, "【連絡先】", "[Contact]").to_owned());
        rows.row("氏名", "Name", &self.name(language));
        rows.row("よみ", "Reading", &self.reading());
        for organization in self.all("ORG") {
            rows.row("組織", "Organization", &organization.pieces().join(" "));
        }
        for (name, ja, en) in [("TITLE", "役職", "Title"), ("ROLE", "職務", "Role")] {
            self.all(name).for_each(|property| rows.row(ja, en, &property.text()));
        }
        for phone in self.all("TEL") {
            let number = phone.text();
            let number = without_scheme(&number, "tel:");
            rows.row("電話", "Phone", &self.with_type(number, phone, language));
        }
        for mail in self.all("EMAIL") {
            let address = mail.text();
            let address = without_scheme(&address, "mailto:");
            rows.row("メール", "Mail", &self.with_type(address, mail, language));
        }
        for address in self.all("ADR") {
            rows.row("住所", "Address", &self.with_type(&postal(&address.pieces(), language), address, language));
        }
        for (name, ja, en) in [("URL", "ＵＲＬ", "URL"), ("BDAY", "生年月日", "Birthday")] {
            self.all(name).for_each(|property| rows.row(ja, en, &property.text()));
        }
        for note in self.all("NOTE") {
            rows.block("メモ", "Note", &note.text());
        }
        rows
    }

    /// The name as its owner writes it, else put together from its parts.
    fn name(self, language: Language) -> String {
        let full = self.text("FN");
        if !full.trim().is_empty() {
            return full;
        }
        let parts = self.all("N").next().map(Property::pieces).unwrap_or_default();
        let part = |at: usize| parts.get(at).map_or("", String::as_str);
        // RFC 6350 6.2.2: family, given, additional, before, after.
        match language {
            Language::Ja => words([part(3), part(0), part(2), part(1), part(4)]),
            Language::En => words([part(3), part(1), part(2), part(0), part(4)]),
        }
    }

    fn reading(self) -> String {
        // Telephones put it into a sound: `SOUND;X-IRMC-N:ﾔﾏﾀﾞ;ﾀﾛｳ;;;`
        let sound = self.all("SOUND").find(|sound| sound.types().iter().any(|kind| kind == "X-IRMC-N"));
        let sorted = self.all("N").next().and_then(|name| name.param("SORT-AS")).map(|sorted| sorted.replace(',', " "));
        let phonetic =
            ["X-PHONETIC-LAST-NAME", "X-PHONETIC-MIDDLE-NAME", "X-PHONETIC-FIRST-NAME"].map(|name| self.text(name));
        let candidates = [
            words(phonetic.each_ref().map(String::as_str)),
            self.text("SORT-STRING"),
            sound.map(|sound| words(sound.pieces().iter().map(String::as_str))).unwrap_or_default(),
            sorted.unwrap_or_default(),
        ];
        candidates.into_iter().find(|reading| !reading.trim().is_empty()).unwrap_or_default()
    }

    fn with_type(self, value: &str, property: &Property, language: Language) -> String {
        let value = value.trim();
        let types = property.types();
        let mut names: Vec<String> =
            types.iter().filter_map(|kind| type_name(kind, language)).map(str::to_owned).collect();
        names.extend(self.label(property));
        names.dedup();
        match (names.is_empty() || value.is_empty(), language) {
            (true, Language::Ja | Language::En) => value.to_owned(),
            (false, Language::Ja) => format!("{value}（{}）", names.join("・")),
            (false, Language::En) => format!("{value} ({})", names.join(", ")),
        }
    }

    /// The label that its owner gave it: `item1.X-ABLabel:_$!<Other>!$_`.
    fn label(self, property: &Property) -> Option<String> {
        let same = |label: &&Property| !property.group.is_empty() && label.group == property.group;
        let text = self.all("X-ABLABEL").find(same)?.text();
        let plain = text.trim().trim_start_matches("_$!<").trim_end_matches(">!$_").to_owned();
        (!plain.is_empty()).then_some(plain)
    }
}

fn type_name(kind: &str, language: Language) -> Option<&'static str> {
    let (ja, en) = match kind {
        "CELL" | "IPHONE" => ("携帯", "mobile"),
        "WORK" => ("勤務先", "work"),
        "HOME" => ("自宅", "home"),
        "FAX" => ("FAX", "fax"),
        "MAIN" => ("代表", "main"),
        "PAGER" => ("ポケットベル", "pager"),
        _ => return None,
    };
    Some(say(language, ja, en))
}

/// RFC 6350 6.3.1: box, extended, street, place, region, postal code, country.
fn postal(pieces: &[String], language: Language) -> String {
    let piece = |at: usize| pieces.get(at).map_or("", String::as_str);
    let [office_box, extended, street, place, region, code, country] = [0, 1, 2, 3, 4, 5, 6].map(piece);
    match language {
        Language::Ja => {
            let code = match code.strip_prefix('〒').unwrap_or(code).trim() {
                "" => String::new(),
                // Other countries have other signs.
                code if code.bytes().filter(u8::is_ascii_digit).count() == 7 => format!("〒{code}"),
                code => code.to_owned(),
            };
            // A Japanese address is written without gaps down to its number.
            let upper = if [region, place, street].iter().all(|part| part.is_ascii()) { " " } else { "" };
            let district =
                [region, place, street].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(upper);
            words([code.as_str(), &district, extended, office_box, country])
        }
        Language::En => {
            let parts = [office_box, extended, street, place, region, code, country];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
        }
    }
}

fn words<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn without_scheme<'a>(value: &'a str, scheme: &str) -> &'a str {
    let value = value.trim();
    match value.split_at_checked(scheme.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(scheme) => rest,
        Some(_) | None => value,
    }
}

#[cfg(test)]
mod tests;
