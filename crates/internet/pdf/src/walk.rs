//! A look at every dictionary of a file, also those that stand in others.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, MaybeRef, Object, dict_or_stream};
use sekisho_disarm::{Budget, Refusal};

/// Direct dictionaries inside each other that honest files have: resources,
/// fonts, a Type 3 font's own resources.
const MAX_DEPTH: usize = 32;

/// CIDs that all ranges of one array of widths may name together.
const MAX_WIDTHS: u64 = 4_000_000;

/// Shows `see` every dictionary.
///
/// # Errors
/// What `see` fails with; [`Refusal::Malformed`] beyond the depth,
/// [`Refusal::TooLarge`] beyond the budget.
pub(crate) fn dictionaries(
    pdf: &Pdf,
    budget: &mut Budget,
    mut see: impl FnMut(&Dict<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for object in pdf.objects() {
        budget.steps(5)?;
        let Some((dict, _)) = dict_or_stream(&object) else { continue };
        let mut todo = vec![(dict.clone(), 0)];
        while let Some((dict, depth)) = todo.pop() {
            if depth > MAX_DEPTH {
                return Err(Refusal::Malformed);
            }
            see(&dict)?;
            for key in dict.keys() {
                budget.steps(1)?;
                match dict.get_raw::<Object<'_>>(&*key) {
                    Some(MaybeRef::NotRef(Object::Dict(inner))) => todo.push((inner, depth + 1)),
                    Some(MaybeRef::NotRef(Object::Array(array))) => {
                        for item in array.raw_iter() {
                            budget.steps(1)?;
                            if let MaybeRef::NotRef(Object::Dict(inner)) = item {
                                todo.push((inner, depth + 1));
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// Refuses arrays of widths (`W`, `W2`; ISO 32000-1 9.7.4.3) that hayro would
/// fill memory with: it makes an entry for each CID of a range, and ranges
/// reach to 2^32.
///
/// # Errors
/// [`Refusal::TooLarge`].
pub(crate) fn widths_are_bounded(dict: &Dict<'_>, budget: &mut Budget) -> Result<(), Refusal> {
    for (key, each) in [("W", 1), ("W2", 3)] {
        if let Some(array) = dict.get::<Array<'_>>(key) {
            bounded(&array, each, budget)?;
        }
    }
    Ok(())
}

fn bounded(array: &Array<'_>, each: usize, budget: &mut Budget) -> Result<(), Refusal> {
    let mut total = 0_u64;
    let mut items = array.iter::<Object<'_>>();
    while let Some(first) = items.next() {
        budget.steps(1)?;
        let Some(first) = number(&first) else { return loose(array) };
        match items.next() {
            None => break,
            Some(Object::Array(_)) => {}
            Some(last) => {
                let Some(last) = number(&last) else { return loose(array) };
                total = total.saturating_add(last.saturating_sub(first));
                if !(0..each).all(|_| matches!(items.next(), Some(Object::Number(_)))) {
                    return loose(array);
                }
            }
        }
        if total > MAX_WIDTHS {
            return Err(Refusal::TooLarge);
        }
    }
    Ok(())
}

/// An array that is not as it should be: whatever a reader takes for ranges
/// of it is small.
fn loose(array: &Array<'_>) -> Result<(), Refusal> {
    for (count, item) in array.iter::<Object<'_>>().enumerate() {
        let is_small = !matches!(item, Object::Number(number) if number.as_f64() > 20_000.0);
        if count > 5000 || !is_small {
            return Err(Refusal::TooLarge);
        }
    }
    Ok(())
}

fn number(object: &Object<'_>) -> Option<u64> {
    let Object::Number(number) = object else { return None };
    u64::try_from(number.as_i64()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use hayro_syntax::object::FromBytes;
    use sekisho_disarm::Bounds;

    use super::*;

    #[test]
    fn ranges_that_fill_memory_are_refused() {
        for (dict, expected) in [
            ("<</W[0[500 600] 10 20 700]>>", Ok(())),
            ("<</W[0 4294967295 500]>>", Err(Refusal::TooLarge)),
            ("<</W2[0 4294967295 500 1 1]>>", Err(Refusal::TooLarge)),
            ("<</W[/x 0 4294967295 500]>>", Err(Refusal::TooLarge)),
            ("<</W[1 2 1]>>", Ok(())),
            ("<</W[/x 1 2 1]>>", Ok(())),
            ("<</W 5>>", Ok(())),
        ] {
            let mut budget = Budget::new(Bounds::default());
            let got = widths_are_bounded(&Dict::from_bytes(dict.as_bytes()).unwrap(), &mut budget);
            assert_eq!(got, expected, "{dict}");
        }
    }
}
