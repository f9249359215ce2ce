//! Octets that no mail may have, whatever its structure (RFC 5322 2.1, 2.3).
//! Line ends are the walk's business, since their place decides.

use sekisho_job::Anomaly;

use crate::findings::Findings;

/// RFC 5322 2.1.1: without CRLF.
const MAX_LINE: usize = 998;

/// One pass over the mail.
pub(crate) fn check(raw: &[u8], findings: &mut Findings) {
    if raw.contains(&0) {
        findings.found(Anomaly::Nul);
    }
    let is_long = |line: &[u8]| line.trim_ascii_end().len() > MAX_LINE;
    if raw.split(|b| *b == b'\n').any(is_long) {
        findings.found(Anomaly::LongLine);
    }
}
