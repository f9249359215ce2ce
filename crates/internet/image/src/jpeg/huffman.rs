//! Huffman codes made for one picture (ITU-T T.81, annexes C and K.2).

/// How often each symbol occurs.
#[derive(Clone)]
pub(super) struct Counts(pub(super) [u32; 257]);

impl Counts {
    pub(super) fn new() -> Self {
        Self([0; 257])
    }

    pub(super) fn add(&mut self, symbol: u8) {
        let count = &mut self.0[usize::from(symbol)];
        *count = count.saturating_add(1);
    }
}

/// Codes for symbols.
pub(super) struct Code {
    /// How many codes have 1 to 16 bits.
    pub(super) lengths: [u8; 16],
    /// The symbols in the order of their codes.
    pub(super) symbols: Vec<u8>,
    /// Code and its bits, by symbol; 0 bits where there is none.
    codes: [(u16, u8); 256],
}

impl Code {
    /// The shortest codes for `counts`, at most 16 bits, none all ones.
    pub(super) fn of(counts: &Counts) -> Self {
        let sizes = code_sizes(counts.0);
        let lengths = limit(&sizes);
        let mut symbols: Vec<u8> = (0..=255u8).filter(|symbol| sizes[usize::from(*symbol)] > 0).collect();
        symbols.sort_by_key(|symbol| (sizes[usize::from(*symbol)], *symbol));
        // T.81 C.2
        let mut codes = [(0, 0); 256];
        let (mut code, mut next) = (0u16, symbols.iter());
        for (length, bits) in lengths.iter().zip(1u8..) {
            for symbol in next.by_ref().take(usize::from(*length)) {
                codes[usize::from(*symbol)] = (code, bits);
                code = code.wrapping_add(1);
            }
            code <<= 1;
        }
        Self { lengths, symbols, codes }
    }

    pub(super) fn code(&self, symbol: u8) -> (u16, u8) {
        self.codes[usize::from(symbol)]
    }

    /// Bits that all codes of `counts` take.
    pub(super) fn bits(&self, counts: &Counts) -> u64 {
        counts.0.iter().zip(&self.codes).map(|(count, code)| u64::from(*count) * u64::from(code.1)).sum()
    }
}

/// T.81 figure K.1: the size of each symbol's code, without a bound.
fn code_sizes(mut counts: [u32; 257]) -> [u8; 257] {
    // The symbol 256 takes the code of all ones, which must not be used.
    counts[256] = 1;
    let (mut sizes, mut others) = ([0u8; 257], [usize::MAX; 257]);
    let mut counts = counts.map(u64::from);
    loop {
        // The two that are rarest; among equals the greater symbol, as the figure says.
        let rarest =
            |but: usize| (0..257).rev().filter(|at| *at != but && counts[*at] > 0).min_by_key(|at| counts[*at]);
        let Some(first) = rarest(usize::MAX) else { return sizes };
        let Some(second) = rarest(first) else { return sizes };
        counts[first] += counts[second];
        counts[second] = 0;
        let mut at = first;
        sizes[at] += 1;
        while others[at] != usize::MAX {
            at = others[at];
            sizes[at] += 1;
        }
        others[at] = second;
        at = second;
        sizes[at] += 1;
        while others[at] != usize::MAX {
            at = others[at];
            sizes[at] += 1;
        }
    }
}

/// T.81 figure K.3: how many codes have each length, none above 16 bits, the
/// symbol 256 taken out.
fn limit(sizes: &[u8; 257]) -> [u8; 16] {
    let mut bits = [0u8; 258];
    for size in sizes.iter().filter(|size| **size > 0) {
        bits[usize::from(*size)] = bits[usize::from(*size)].saturating_add(1);
    }
    for at in (17..258).rev() {
        while bits[at] > 0 {
            let shorter = (1..at - 1).rev().find(|shorter| bits[*shorter] > 0).unwrap_or(1);
            bits[at] -= 2;
            bits[at - 1] += 1;
            bits[shorter + 1] += 2;
            bits[shorter] -= 1;
        }
    }
    if let Some(longest) = (1..=16).rev().find(|at| bits[*at] > 0) {
        bits[longest] -= 1;
    }
    let mut lengths = [0; 16];
    lengths.copy_from_slice(&bits[1..17]);
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_prefix_free_and_short() {
        let mut counts = Counts::new();
        let (mut a, mut b) = (1u32, 1u32);
        // Fibonacci counts make the longest codes there are.
        for symbol in 0..40 {
            counts.0[symbol] = a;
            (a, b) = (b, a.saturating_add(b));
        }
        let code = Code::of(&counts);
        assert_eq!(code.symbols.len(), 40);
        assert_eq!(code.lengths.iter().map(|length| usize::from(*length)).sum::<usize>(), 40);
        for one in 0..40u8 {
            let (bits, size) = code.code(one);
            assert!((1..=16).contains(&size) && u32::from(bits) < (1 << size) - 1, "{one}: {bits:b} {size}");
            for other in (0..40u8).filter(|other| *other != one) {
                let (other_bits, other_size) = code.code(other);
                assert!(other_size < size || other_bits >> (other_size - size) != bits, "{one} {other}");
            }
        }
    }

    #[test]
    fn one_symbol_has_a_code() {
        let mut counts = Counts::new();
        counts.add(7);
        let code = Code::of(&counts);
        assert_eq!((code.code(7), code.bits(&counts)), ((0, 1), 1));
    }
}
