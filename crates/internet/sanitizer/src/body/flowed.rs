//! `format=flowed` (RFC 3676): lines that a program broke become one again.

/// The text with its soft breaks undone. With `del_sp` the blank before a soft
/// break was put there too (Japanese has none between words).
pub(super) fn unflow(text: &str, del_sp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The quote depth of a line that goes on, while one does.
    let mut open: Option<usize> = None;
    for line in text.split_terminator('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let rest = &line[depth..];
        // RFC 3676 4.4: one blank was stuffed.
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        // RFC 3676 4.3: the signature's line is never flowed.
        let is_signature = rest == "-- ";
        if open != Some(depth) || is_signature {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 {
                out.push(' ');
            }
        }
        let flows = rest.ends_with(' ') && !is_signature;
        out.push_str(if flows && del_sp { &rest[..rest.len() - 1] } else { rest });
        open = flows.then_some(depth);
        if !flows {
            out.push('\n');
        }
    }
    if open.is_some() {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::unflow;

    #[test]
    fn flows() {
        for (text, del_sp, whole) in [
            ("a \nb\nc\n", false, "a b\nc\n"),
            ("関 \r\n所\r\n", true, "関所\n"),
            ("> a \n> b\nc\n", false, "> a b\nc\n"),
            ("> a \nb\n", false, "> a \nb\n"),
            (">> a \n>> b\n> c\n", false, ">> a b\n> c\n"),
            ("a \n-- \nb\n", false, "a \n-- \nb\n"),
            ("  a\n From x\n", false, " a\nFrom x\n"),
            ("a ", false, "a \n"),
            ("", false, ""),
        ] {
            assert_eq!(unflow(text, del_sp), whole, "{text:?}");
        }
    }
}
