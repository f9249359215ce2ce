//! gzip (RFC 1952), bzip2 and xz: one file, or a tar.

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

use crate::guard::{MEMORY_KIB, drain, guarded};
use crate::names::{self, Charset, Path};
use crate::tar;
use crate::walk::Walk;

/// Endings that a packed file has, and what stands there when it is unpacked.
const ENDINGS: [(&str, &str); 8] = [
    (".gz", ""),
    (".bz2", ""),
    (".xz", ""),
    (".tgz", ".tar"),
    (".tbz2", ".tar"),
    (".tbz", ".tar"),
    (".txz", ".tar"),
    (".svgz", ".svg"),
];

pub(crate) fn gzip(octets: &[u8], name: Option<&str>, walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let mut whole = Vec::new();
    walk.budget.entries(1)?;
    let (mut inside, mut rest) = guarded(|| member(octets, &mut whole, walk.budget))?;
    // RFC 1952 2.2: members one behind the other are one file.
    while rest.starts_with(b"\x1f\x8b") {
        walk.budget.entries(1)?;
        let (member, behind) = guarded(|| member(rest, &mut whole, walk.budget))?;
        inside = inside.or(member);
        rest = behind;
    }
    padding(rest, walk)?;
    let path = inside.map_or_else(|| unpacked_path(name), |inside| Path::file(&inside));
    give(path, whole, walk)
}

/// Unpacks one member; its name, if it has one, and what is behind it.
fn member<'a>(
    octets: &'a [u8],
    whole: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(Option<String>, &'a [u8]), Refusal> {
    let mut decoder = GzDecoder::new(octets);
    let unpacked = drain(&mut decoder, budget)?;
    if whole.is_empty() {
        *whole = unpacked;
    } else {
        whole.extend_from_slice(&unpacked);
    }
    let name = decoder.header().and_then(|header| header.filename());
    // RFC 1952 says Latin-1; nobody does that.
    let name = name.filter(|name| !name.is_empty()).map(|name| names::decode(name, Charset::Unknown));
    Ok((name, decoder.into_inner()))
}

/// What may stand behind the last member: zeros that fill a tape's block.
fn padding(rest: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    if rest.iter().any(|octet| *octet != 0) {
        return Err(Refusal::Ambiguous);
    }
    if !rest.is_empty() {
        walk.note(Removal::TrailingData);
    }
    Ok(())
}

pub(crate) fn bzip2(octets: &[u8], name: Option<&str>, walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let whole = guarded(|| drain(MultiBzDecoder::new(octets), walk.budget))?;
    give(unpacked_path(name), whole, walk)
}

pub(crate) fn xz(octets: &[u8], name: Option<&str>, walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let whole = guarded(|| drain(XzReader::new_mem_limit(octets, true, MEMORY_KIB), walk.budget))?;
    give(unpacked_path(name), whole, walk)
}

fn give(path: Path, whole: Vec<u8>, walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    if tar::is_tar(&whole) { tar::read(&whole, walk) } else { walk.give(path, whole) }
}

/// The packed file's own name, without what says that it is packed.
fn unpacked_path(name: Option<&str>) -> Path {
    let name = name.unwrap_or_default();
    let unpacked = ENDINGS.iter().find_map(|(packed, unpacked)| {
        let at = name.len().checked_sub(packed.len())?;
        let (stem, ending) = name.split_at_checked(at)?;
        ending.eq_ignore_ascii_case(packed).then(|| format!("{stem}{unpacked}"))
    });
    Path::file(&unpacked.unwrap_or_else(|| name.to_owned()))
}
