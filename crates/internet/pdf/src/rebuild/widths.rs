//! Widths of composite fonts (ISO 32000-1 9.7.4.3), read under a bound.

use hayro_syntax::object::{Array, Dict, Object};

use super::read;

/// Highest CID that is looked at.
const MAX_CID: usize = 65_535;

/// CIDs that all ranges may name together, again and again.
const MAX_TOTAL: usize = 4_000_000;

/// Widths by CID; `N` is 1 for `W`, 3 for `W2`.
pub(super) struct Table<const N: usize>(Vec<Option<[f64; N]>>);

impl<const N: usize> Table<N> {
    /// Reads the array. `None` if it names CIDs beyond the bound: a reader
    /// that fills such ranges one by one would never end.
    pub(super) fn read(dict: &Dict<'_>, key: &str) -> Option<Self> {
        let mut table = Self(Vec::new());
        let Some(array) = dict.get::<Array<'_>>(key) else { return Some(table) };
        let mut items = array.iter::<Object<'_>>();
        let mut total = 0_usize;
        while let Some(first) = items.next() {
            let first = cid(&first)?;
            match items.next()? {
                Object::Array(each) => {
                    let numbers = read::numbers_of(&each)?;
                    for (at, width) in numbers.as_chunks::<N>().0.iter().enumerate() {
                        table.set(first + at, *width)?;
                    }
                }
                last => {
                    let last = cid(&last)?;
                    let mut width = [0.0; N];
                    for place in &mut width {
                        *place = items.next()?.into_number()?.as_f64();
                    }
                    total += last.saturating_sub(first);
                    if total > MAX_TOTAL {
                        return None;
                    }
                    (first..=last).try_for_each(|cid| table.set(cid, width))?;
                }
            }
        }
        Some(table)
    }

    fn set(&mut self, cid: usize, width: [f64; N]) -> Option<()> {
        if cid > MAX_CID {
            return None;
        }
        if self.0.len() <= cid {
            self.0.resize(cid + 1, None);
        }
        self.0[cid] = Some(width);
        Some(())
    }

    /// The entry of a CID.
    pub(super) fn get(&self, cid: u32) -> Option<[f64; N]> {
        self.0.get(usize::try_from(cid).ok()?).copied().flatten()
    }
}

fn cid(object: &Object<'_>) -> Option<usize> {
    let Object::Number(number) = object else { return None };
    usize::try_from(number.as_i64()).ok().filter(|cid| *cid <= MAX_CID)
}
