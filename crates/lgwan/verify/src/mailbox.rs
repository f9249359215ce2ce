//! `"Name" <local@domain>`, alone and in lists.

use sekisho_safe_message::{Address, MAX_ADDRESSES, Mailbox};

use crate::field::Folded;
use crate::{Charset, Rule, words};

/// Exactly one mailbox.
pub(crate) fn one(value: &Folded, charset: Charset) -> Result<Mailbox, Rule> {
    match mailbox(value.as_str(), charset)? {
        (mailbox, "") => Ok(mailbox),
        (_, _) => Err(Rule::Value),
    }
}

/// Mailboxes with a comma and one blank or fold between.
pub(crate) fn list(value: &Folded, charset: Charset) -> Result<Vec<Mailbox>, Rule> {
    let mut list = Vec::new();
    let mut rest = value.as_str();
    loop {
        let (mailbox, behind) = mailbox(rest, charset)?;
        list.push(mailbox);
        if list.len() > MAX_ADDRESSES {
            return Err(Rule::Value);
        }
        if behind.is_empty() {
            return Ok(list);
        }
        rest = behind.strip_prefix(',').and_then(|rest| rest.strip_prefix([' ', '\n'])).ok_or(Rule::Value)?;
    }
}

/// The mailbox that `text` begins with, and the rest.
fn mailbox(text: &str, charset: Charset) -> Result<(Mailbox, &str), Rule> {
    if text.starts_with('<') {
        let (address, rest) = angle(text)?;
        return Ok((Mailbox { name: None, address }, rest));
    }
    let (name, rest) = match text.strip_prefix('"') {
        Some(inside) => {
            let (name, rest) = inside.split_once('"').ok_or(Rule::Value)?;
            // Quoted pairs, folds and look-alikes of encoded words are never
            // written; such names stand in encoded words.
            if name.contains(['\\', '\n']) || name.contains("=?") {
                return Err(Rule::Value);
            }
            (words::safe(name.to_owned())?, rest)
        }
        None => {
            let end = text.find('<').ok_or(Rule::Value)?;
            let (name, _blank) = text.split_at(end.saturating_sub(1));
            (words::encoded(name, charset)?, &text[name.len()..])
        }
    };
    let rest = rest.strip_prefix([' ', '\n']).ok_or(Rule::Value)?;
    let (address, rest) = angle(rest)?;
    Ok((Mailbox { name: Some(name), address }, rest))
}

/// `<address>` in its canonical spelling, never folded, and the rest.
fn angle(text: &str) -> Result<(Address, &str), Rule> {
    let inside = text.strip_prefix('<').ok_or(Rule::Value)?;
    let end = address_end(inside).ok_or(Rule::Value)?;
    let address = Address::try_from(inside[..end].to_owned()).map_err(|_| Rule::Value)?;
    Ok((address, &inside[end + 1..]))
}

/// Where the `>` stands that no quoted string hides.
fn address_end(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, b) in text.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes() {
        for (value, count) in [
            ("<a@b>", Some(1)),
            ("\"Sato, Taro\" <a@b>", Some(1)),
            ("=?UTF-8?B?5Lya6K2w?= <a@b>", Some(1)),
            ("=?UTF-8?B?5Lya?=\n=?UTF-8?B?6K2w?=\n<a@b>", Some(1)),
            ("<a@b>, \"x\" <c@d>,\n<e@f>", Some(3)),
            ("<\"a>,<b\"@c>", Some(1)),
            ("<\"a\\\"> b\"@c>, <d@e>", Some(2)),
            ("", None),
            ("a@b", None),
            ("<a@B>", None),
            ("<a@b>,", None),
            ("<a@b>,<c@d>", None),
            ("<a@b> <c@d>", None),
            ("<a@\nb>", None),
            ("<\"a\n\"@b>", None),
            ("Taro <a@b>", None),
            ("\"Taro\"<a@b>", None),
            ("\"\" <a@b>", None),
            ("\"a\\\"b\" <a@b>", None),
            ("\"=?UTF-8?B?5Lya?=\" <a@b>", None),
            ("\"a\" \"b\" <a@b>", None),
            ("(c) <a@b>", None),
            ("g: <a@b>;", None),
            ("<@x:a@b>", None),
            ("<a@b> (c)", None),
            ("\"x", None),
            ("é <a@b>", None),
        ] {
            assert_eq!(list(&Folded::test(value), Charset::Utf8).ok().map(|list| list.len()), count, "{value:?}");
        }
        let japanese = |value: &str| list(&Folded::test(value), Charset::Iso2022Jp).is_ok();
        assert!(japanese("=?ISO-2022-JP?B?GyRCMnE1RBsoQg==?= <a@b>, \"x\" <c@d>"));
        assert!(!japanese("=?UTF-8?B?5Lya6K2w?= <a@b>"));
        assert!(one(&Folded::test("<a@b>, <c@d>"), Charset::Utf8).is_err());
        assert!(list(&Folded::test(&["<a@b>"; 501].join(", ")), Charset::Utf8).is_err());
    }
}
