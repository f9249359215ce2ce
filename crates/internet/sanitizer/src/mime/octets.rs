//! Octets that no mail may have, whatever its structure (RFC 5322 2.1, 2.3).
//! Line ends are the walk's business, since their place decides.

use memchr::memchr_iter;
use sekisho_job::Anomaly;

use crate::findings::Findings;

/// RFC 5322 2.1.1: without CRLF.
const MAX_LINE: usize = 998;

/// One pass over the mail.
pub(crate) fn check(raw: &[u8], findings: &mut Findings) {
    if raw.contains(&0) {
        findings.found(Anomaly::Nul);
    }
    let is_long = |line: &[u8]| line.len() > MAX_LINE && line.trim_ascii_end().len() > MAX_LINE;
    let mut start = 0;
    for end in memchr_iter(b'\n', raw).chain([raw.len()]) {
        if is_long(&raw[start..end]) {
            return findings.found(Anomaly::LongLine);
        }
        start = end + 1;
    }
}
