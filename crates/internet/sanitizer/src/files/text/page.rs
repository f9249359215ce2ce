//! Web pages as text, as the body of a mail would show them: what is hidden
//! stays hidden, targets of links are listed, no address can be clicked.

use sekisho_disarm::{Budget, Disarmed, Refusal};
use sekisho_job::{Limits, Rules, offline_line_ends};
use sekisho_safe_message::{Removal, Untrusted};

use super::{plain, seen};
use crate::findings::Findings;
use crate::mime::{self, Fault, Shape};
use crate::{body, html};

/// Octets in which a page says its charset (HTML 13.2.3.2 has 1024; mail
/// programs write more in front).
const HEAD: usize = 4096;

/// A page as text.
pub(super) fn of_html(octets: &[u8], rules: &Rules, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    page(octets, declared(octets), rules, budget)
}

/// A web archive (RFC 2557): the first page in it as text.
pub(super) fn of_archive(octets: &[u8], rules: &Rules, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let limits = Limits::default();
    let octets = offline_line_ends(octets);
    let mut findings = Findings::default();
    let mime = mime::read(Untrusted::new(&octets), &limits, &mut findings);
    if findings.held().is_some() {
        return Err(Refusal::Ambiguous);
    }
    budget.entries(u32::try_from(mime.entities.len()).unwrap_or(u32::MAX))?;
    let leaves = || mime.entities.iter().filter(|entity| entity.shape == Shape::Leaf);
    let root = leaves().find(|entity| entity.is("text/html") && !entity.withheld).ok_or(Refusal::Unsupported)?;
    let decoded = mime::decode(root.content, root.encoding);
    if decoded.fault == Fault::Broken {
        return Err(Refusal::Malformed);
    }
    let label = root.param("charset").or_else(|| declared(&decoded.octets));
    let disarmed = page(&decoded.octets, label, rules, budget)?;
    Ok(disarmed.without((leaves().count() > 1).then_some(Removal::EmbeddedFile)))
}

fn page(octets: &[u8], label: Option<&[u8]>, rules: &Rules, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    if octets.len() > Limits::default().html_bytes as usize {
        return Err(Refusal::TooLarge);
    }
    let text = plain::decode(octets, label, budget)?;
    budget.steps(text.len() as u64)?;
    let rendered = html::to_text(&text);
    // Its remarks stand beside its links already.
    let inert = body::inert(&rendered.text, rules, false);
    if inert.text.trim().is_empty() {
        return Err(Refusal::Unsupported);
    }
    let mut removed = seen::in_page(&text);
    removed.extend((inert.invisible > 0).then_some(Removal::InvisibleCharacter));
    removed.extend((inert.removed > 0).then_some(Removal::Link));
    plain::write(&inert.text, removed)
}

/// The charset that a page says of itself.
fn declared(octets: &[u8]) -> Option<&[u8]> {
    let head = &octets[..octets.len().min(HEAD)];
    let at = head.windows(8).position(|word| word.eq_ignore_ascii_case(b"charset="))?;
    let value = head[at + 8..].trim_ascii_start();
    let value = value.strip_prefix(b"\"").or(value.strip_prefix(b"'")).unwrap_or(value);
    let end = value.iter().position(|b| !(b.is_ascii_alphanumeric() || b"-_.:".contains(b)))?;
    Some(&value[..end]).filter(|label| !label.is_empty())
}
