//! Values of one token, and lists of identifiers.

use sekisho_safe_message::{AutoSubmitted, ListId, MAX_REFERENCES, MailId, MessageId, ProfileName};

use crate::Rule;
use crate::field::Folded;

/// Exactly `word`, and no fold.
pub(crate) fn exactly(value: &Folded, word: &str) -> Result<(), Rule> {
    if value.as_str() == word { Ok(()) } else { Err(Rule::Value) }
}

/// `<id>`
pub(crate) fn message_id(value: &Folded) -> Result<MessageId, Rule> {
    bracketed_id(value.as_str())
}

/// `<id>`, again and again, with one blank or fold between.
pub(crate) fn message_ids(value: &Folded) -> Result<Vec<MessageId>, Rule> {
    let ids = value.as_str().split([' ', '\n']).map(bracketed_id).collect::<Result<Vec<_>, Rule>>()?;
    if ids.len() > MAX_REFERENCES { Err(Rule::Value) } else { Ok(ids) }
}

/// The keyword of RFC 3834 in lower case.
pub(crate) fn auto_submitted(value: &Folded) -> Result<AutoSubmitted, Rule> {
    let known = AutoSubmitted::parse(value.as_str());
    known.filter(|word| word.as_str() == value.as_str()).ok_or(Rule::Value)
}

/// `<list.example>`
pub(crate) fn list_id(value: &Folded) -> Result<ListId, Rule> {
    ListId::parse(inside_brackets(value.as_str())?).map_err(|_| Rule::Value)
}

/// 26 characters of Crockford's base32.
pub(crate) fn mail_id(value: &Folded) -> Result<MailId, Rule> {
    value.as_str().parse().map_err(|_| Rule::Value)
}

/// The name of a profile.
pub(crate) fn profile(value: &Folded) -> Result<ProfileName, Rule> {
    ProfileName::parse(value.as_str()).map_err(|_| Rule::Value)
}

fn bracketed_id(token: &str) -> Result<MessageId, Rule> {
    MessageId::parse(inside_brackets(token)?).map_err(|_| Rule::Value)
}

fn inside_brackets(token: &str) -> Result<&str, Rule> {
    token.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).ok_or(Rule::Value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        for (value, count) in [
            ("<a@b>", Some(1)),
            ("<a@b> <c@d>\n<e@f>", Some(3)),
            ("", None),
            ("a@b", None),
            ("<a@b>  <c@d>", None),
            ("<a@b>\n\n<c@d>", None),
            ("<a@b><c@d>", None),
            ("<a@b>,<c@d>", None),
            ("<a@\nb>", None),
            ("<>", None),
        ] {
            assert_eq!(message_ids(&Folded::test(value)).ok().map(|ids| ids.len()), count, "{value:?}");
        }
        assert!(message_ids(&Folded::test(&["<a@b>"; 51].join(" "))).is_err());
    }

    #[test]
    fn words_have_one_spelling() {
        assert!(auto_submitted(&Folded::test("auto-replied")).is_ok());
        assert!(auto_submitted(&Folded::test("Auto-Replied")).is_err());
        assert!(list_id(&Folded::test("<l.example>")).is_ok());
        assert!(list_id(&Folded::test("My list <l.example>")).is_err());
        assert!(exactly(&Folded::test("1.0"), "1.0").is_ok());
        assert!(exactly(&Folded::test("1.0 (x)"), "1.0").is_err());
    }
}
