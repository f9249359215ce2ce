//! Octets that no mail may have, whatever its structure (RFC 5322 2.1, 2.3).

use sekisho_job::Anomaly;

use crate::findings::Findings;

/// RFC 5322 2.1.1: without CRLF.
const MAX_LINE: usize = 998;

/// One pass over the mail.
pub(crate) fn check(raw: &[u8], findings: &mut Findings) {
    if raw.contains(&0) {
        findings.ambiguous(Anomaly::Nul);
    }
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let content = match line.strip_suffix(b"\n") {
            Some(line) => line.strip_suffix(b"\r").unwrap_or_else(|| {
                findings.ambiguous(Anomaly::BareLf);
                line
            }),
            None => line,
        };
        if content.contains(&b'\r') {
            findings.ambiguous(Anomaly::BareCr);
        }
        if content.len() > MAX_LINE {
            findings.note(Anomaly::LongLine);
        }
    }
}
