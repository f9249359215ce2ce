//! Widths, and what codes stand for.

use std::fmt::Write as _;

use hayro_syntax::object::Dict;

use super::super::read;
use super::super::widths::Table;
use crate::write::{Dictionary, Value};

pub(super) fn own_widths(new: &mut Dictionary, source: &Dict<'_>) {
    let (Some(first), Some(widths)) = (read::integer(source, "FirstChar"), read::numbers(source, "Widths")) else {
        return;
    };
    if !(0..=255).contains(&first) || widths.is_empty() {
        return;
    }
    let most = usize::try_from(256 - first).unwrap_or_default();
    let widths: Vec<f64> = widths.into_iter().take(most).collect();
    new.set("FirstChar", Value::Int(first));
    new.set("LastChar", Value::Int(first + i64::try_from(widths.len()).unwrap_or(1) - 1));
    new.set("Widths", Value::numbers(widths));
}

/// Widths of the glyphs that are used, by their new numbers.
pub(super) fn measures(below: &mut Dictionary, child: &Dict<'_>, mut numbers: Vec<(u16, u32)>, vertical: bool) {
    numbers.sort_unstable();
    numbers.dedup_by_key(|(new, _)| *new);
    let usual = read::number(child, "DW").unwrap_or(1000.0);
    below.set("DW", Value::Real(usual));
    let widths = Table::<1>::read(child, "W");
    let across = |cid: u32| widths.as_ref().and_then(|widths| widths.get(cid)).map(|[width]| width);
    let given = numbers.iter().filter_map(|(new, cid)| Some((*new, [across(*cid)?])));
    below.set_some("W", grouped(given));
    if !vertical {
        return;
    }
    let [y, advance] = read::exactly::<2>(child, "DW2").unwrap_or([880.0, -1000.0]);
    below.set("DW2", Value::numbers([y, advance]));
    let heights = Table::<3>::read(child, "W2");
    let given = numbers.iter().filter_map(|(new, cid)| Some((*new, heights.as_ref()?.get(*cid)?)));
    below.set_some("W2", grouped(given));
}

/// All widths that a font without a program has: they are for readers.
pub(super) fn all_measures(below: &mut Dictionary, child: &Dict<'_>) {
    below.set_some("DW", read::number(child, "DW").map(Value::Real));
    if let Some(widths) = Table::<1>::read(child, "W") {
        below.set_some("W", grouped((0..=u16::MAX).filter_map(|cid| Some((cid, widths.get(cid.into())?)))));
    }
    below.set_some("DW2", read::exactly::<2>(child, "DW2").map(Value::numbers));
    if let Some(heights) = Table::<3>::read(child, "W2") {
        below.set_some("W2", grouped((0..=u16::MAX).filter_map(|cid| Some((cid, heights.get(cid.into())?)))));
    }
}

/// Runs of numbers without a gap: `first [ ... ]`.
fn grouped<const N: usize>(given: impl Iterator<Item = (u16, [f64; N])>) -> Option<Value> {
    let mut runs: Vec<(u16, Vec<f64>)> = Vec::new();
    let mut expected = None;
    for (at, width) in given {
        if expected != Some(at) {
            runs.push((at, Vec::new()));
        }
        if let Some((_, run)) = runs.last_mut() {
            run.extend(width);
        }
        expected = at.checked_add(1);
    }
    let runs = runs.into_iter().flat_map(|(first, run)| [Value::Int(first.into()), Value::numbers(run)]);
    let all: Vec<Value> = runs.collect();
    (!all.is_empty()).then_some(Value::Array(all))
}

/// A `ToUnicode` CMap (9.10.3) of codes of `octets` octets.
pub(super) fn to_unicode<'t>(texts: impl Iterator<Item = (u32, &'t str)>, octets: usize) -> Option<Vec<u8>> {
    let texts: Vec<(u32, &str)> = texts.collect();
    if texts.is_empty() {
        return None;
    }
    let digits = octets * 2;
    let most = "f".repeat(digits);
    let mut out = format!(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)\
         /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<{:0digits$}><{most}>\n\
         endcodespacerange\n",
        0
    );
    for block in texts.chunks(100) {
        let _ = writeln!(out, "{} beginbfchar", block.len());
        for (code, text) in block {
            let units: String = text.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
            let _ = writeln!(out, "<{code:0digits$x}><{units}>");
        }
        out.push_str("endbfchar\n");
    }
    out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    Some(out.into_bytes())
}
