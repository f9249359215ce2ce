//! `Authentication-Results` (RFC 8601): what servers of the site's own found
//! out about the sender.
//!
//! Only fields are read whose authserv-id the site believes. Where several
//! speak of one method, the worst result counts, so that a forged good one
//! that slipped through never covers a bad one.

use sekisho_safe_message::{AuthResult, Authentication, Domain};

use crate::mime::unfold;

/// Most results of one field that are read.
const MAX_RESULTS: usize = 50;

/// The results in `fields`, as the servers believed give them; `None` if none
/// of them said anything.
pub(crate) fn read<'a>(fields: impl Iterator<Item = &'a [u8]>, servers: &[Domain]) -> Option<Authentication> {
    let mut found = Authentication::default();
    if servers.is_empty() {
        return None;
    }
    for field in fields {
        let plain = without_comments(&String::from_utf8_lossy(&unfold(field)));
        let mut pieces = plain.split(';').map(str::trim);
        let Some(server) = pieces.next().and_then(server) else { continue };
        if !servers.iter().any(|believed| believed.as_str().eq_ignore_ascii_case(server)) {
            continue;
        }
        for (method, result) in pieces.take(MAX_RESULTS).filter_map(result) {
            note(&mut found, method, result);
        }
    }
    (found != Authentication::default()).then_some(found)
}

/// RFC 8601 2.2: the authserv-id, and perhaps a version, which is 1.
fn server(text: &str) -> Option<&str> {
    let mut words = text.split_ascii_whitespace();
    let id = words.next()?.trim_matches('"');
    matches!((words.next(), words.next()), (None | Some("1"), None)).then_some(id)
}

/// `spf=pass smtp.mailfrom=...`: the method and its result.
fn result(text: &str) -> Option<(&str, AuthResult)> {
    let (method, rest) = text.split_once('=')?;
    // RFC 8601 2.2: a method may have a version.
    let method = method.split('/').next().unwrap_or_default().trim();
    let word = rest.split_ascii_whitespace().next()?;
    Some((method, AuthResult::parse(word)?))
}

fn note(found: &mut Authentication, method: &str, result: AuthResult) {
    let places =
        [("spf", &mut found.spf), ("dkim", &mut found.dkim), ("dmarc", &mut found.dmarc), ("arc", &mut found.arc)];
    for (name, place) in places {
        if method.eq_ignore_ascii_case(name) {
            *place = Some(worse(name, *place, result));
        }
    }
}

/// One valid signature is enough, whatever the others are (RFC 6376 6.1); of
/// the other methods the worse result counts.
fn worse(method: &str, known: Option<AuthResult>, result: AuthResult) -> AuthResult {
    match known {
        Some(known) if method == "dkim" => known.min(result),
        Some(known) => known.max(result),
        None => result,
    }
}

/// RFC 5322 3.2.2, nested ones too; what stands in quotes is no comment.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for c in text.chars() {
        let plain = !std::mem::replace(&mut escaped, false);
        match c {
            '\\' if plain => escaped = true,
            '"' if plain && depth == 0 => {
                quoted = !quoted;
                out.push(c);
            }
            '(' if plain && !quoted => depth += 1,
            ')' if plain && !quoted && depth > 0 => depth -= 1,
            // A semicolon in quotes would look like the next result.
            ';' if quoted => {}
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn results(fields: &[&str]) -> Option<Authentication> {
        let servers = [Domain::parse("mx.city.example.lg.jp").unwrap()];
        read(fields.iter().map(|field| field.as_bytes()), &servers)
    }

    #[test]
    fn results_of_servers_believed() {
        use AuthResult::{Fail, None as Nothing, Pass, SoftFail};
        let of = |spf, dkim, dmarc| Some(Authentication { spf, dkim, dmarc, arc: None });
        for (fields, want) in [
            (
                &[
                    "mx.city.example.lg.jp; spf=pass smtp.mailfrom=a.example; dkim=pass header.d=a.example; dmarc=fail (p=none) header.from=b",
                ][..],
                of(Some(Pass), Some(Pass), Some(Fail)),
            ),
            (&["MX.CITY.example.lg.jp 1;\r\n spf=softfail"], of(Some(SoftFail), None, None)),
            (&["mx.city.example.lg.jp; none"], None),
            (&["evil.example; spf=pass"], None),
            (&["mx.city.example.lg.jp.evil.example; spf=pass"], None),
            (&["(x) mx.city.example.lg.jp (y(z)); dkim/1 = none"], of(None, Some(Nothing), None)),
            (&["mx.city.example.lg.jp 2; spf=pass"], None),
            (&["mx.city.example.lg.jp; spf=great; dmarc=\"x; spf=pass\""], None),
            // One good signature is enough; of two claims on SPF the worse counts.
            (&["mx.city.example.lg.jp; dkim=fail; dkim=pass"], of(None, Some(Pass), None)),
            (&["mx.city.example.lg.jp; spf=pass", "mx.city.example.lg.jp; spf=fail"], of(Some(Fail), None, None)),
        ] {
            assert_eq!(results(fields), want, "{fields:?}");
        }
    }

    #[test]
    fn nobody_is_believed_unasked() {
        assert_eq!(read([&b"mx.city.example.lg.jp; spf=pass"[..]].into_iter(), &[]), None);
    }
}
