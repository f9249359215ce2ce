//! JSON (RFC 8259): by its tokens, so that a note in brackets is none.

/// Whether `text` is an object or an array, or the begin of one that was cut.
/// Values and separators must take turns; nesting is counted, not followed.
pub(super) fn is_one(text: &str, cut: bool) -> bool {
    let mut rest = text.trim_start();
    let mut depth = 0_usize;
    let mut values = 0_usize;
    // A value may stand here; or only a separator or an end.
    let mut open = true;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else { return values > 0 && (depth == 0 || cut) };
        if depth == 0 && values > 0 {
            // Lines of JSON, one each.
            if !matches!(first, '{' | '[') {
                return false;
            }
            open = true;
        }
        let (length, next) = match first {
            '{' | '[' if open => {
                depth += 1;
                (1, true)
            }
            '}' | ']' if depth > 0 => {
                depth -= 1;
                values += 1;
                (1, false)
            }
            ',' | ':' if !open && depth > 0 => (1, true),
            _ if depth == 0 => return false,
            '"' if open => match string(rest) {
                Some(length) => (length, false),
                None => return cut && values > 0,
            },
            _ if open => {
                let length = rest.find([',', ':', '}', ']', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
                if !is_plain(&rest[..length]) {
                    return cut && length == rest.len() && values > 0;
                }
                (length, false)
            }
            _ => return false,
        };
        values += usize::from(first == '"' || !matches!(first, '{' | '[' | '}' | ']' | ',' | ':'));
        open = next;
        rest = &rest[length..];
    }
}

/// The length of the string that `text` begins with.
fn string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            '\n' | '\r' => return None,
            _ => {}
        }
    }
    None
}

fn is_plain(word: &str) -> bool {
    matches!(word, "true" | "false" | "null")
        || word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
            && word.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_arrays_but_no_notes() {
        for text in ["{}", "[]", "{\"a\": [1, -2.5e3, null, \"x\\\"y\"]}", "[{\"a\":true}]", "{\"a\":1}\n{\"a\":2}\n"] {
            assert!(is_one(text, false), "{text}");
        }
        for text in ["", "[注] 会議", "{note}", "[1] a reference", "[a, b]", "{\"a\":1", "1, 2", "[]x", "{\"a\" \"b\"}"]
        {
            assert!(!is_one(text, false), "{text}");
        }
        assert!(is_one("{\"a\": \"b\", \"c", true));
        assert!(is_one(&"[".repeat(100_000), true) || !is_one("[1", false));
    }
}
