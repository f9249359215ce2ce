//! Changes to an input, and the chance that picks them.

/// A generator of numbers that look like chance (xorshift64*), the same for
/// the same seed.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// A generator; every seed is good.
    pub fn new(seed: u64) -> Self {
        // The state must not be 0.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from((self.number() >> 11) % end).unwrap_or(0)
    }

    fn octet(&mut self) -> u8 {
        self.number().to_be_bytes()[0]
    }
}

/// Octets that parsers stumble over.
const ODD: [u8; 20] = *b"\0\r\n\t\x1b .:;,=-\"'()<>\\\xff";

/// Changes `input` in one to eight places; `other` is another input, `words`
/// what the target's language is made of.
pub(crate) fn change(input: &mut Vec<u8>, other: &[u8], words: &[&[u8]], chance: &mut Chance) {
    for _ in 0..=chance.below(8) {
        step(input, other, words, chance);
    }
}

fn step(input: &mut Vec<u8>, other: &[u8], words: &[&[u8]], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    match chance.below(10) {
        0 => overwrite(input, at, |old, chance| old ^ 1 << chance.below(8), chance),
        1 => overwrite(input, at, |_, chance| chance.octet(), chance),
        2 => overwrite(input, at, |_, chance| ODD[chance.below(ODD.len())], chance),
        3 => input.insert(at, ODD[chance.below(ODD.len())]),
        4 => {
            let end = at + chance.below((input.len() - at).min(64) + 1);
            input.drain(at..end);
        }
        5 => {
            let run = slice(input, chance).to_vec();
            insert(input, at, &run);
        }
        6 => insert(input, at, slice(other, chance)),
        7 if !words.is_empty() => insert(input, at, words[chance.below(words.len())]),
        8 => {
            // Two inputs, cut and joined.
            input.truncate(at);
            input.extend_from_slice(&other[chance.below(other.len() + 1)..]);
        }
        _ => repeat(input, at, chance),
    }
}

fn overwrite(input: &mut [u8], at: usize, new: impl Fn(u8, &mut Chance) -> u8, chance: &mut Chance) {
    if let Some(octet) = input.get_mut(at) {
        *octet = new(*octet, chance);
    }
}

fn insert(input: &mut Vec<u8>, at: usize, run: &[u8]) {
    input.splice(at..at, run.iter().copied());
}

/// A short run somewhere in `from`.
fn slice<'a>(from: &'a [u8], chance: &mut Chance) -> &'a [u8] {
    let start = chance.below(from.len() + 1);
    let len = chance.below((from.len() - start).min(256) + 1);
    &from[start..start + len]
}

/// A run, many times: nesting and length.
fn repeat(input: &mut Vec<u8>, at: usize, chance: &mut Chance) {
    let end = at + chance.below((input.len() - at).min(32) + 1);
    let run = input[at..end].repeat(chance.below(64));
    insert(input, at, &run);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_repeat_and_survive_every_shape() {
        for (input, other) in [(&b""[..], &b""[..]), (b"a", b""), (b"", b"b"), (b"hello", b"world")] {
            let run = |seed| {
                let (mut changed, mut chance) = (input.to_vec(), Chance::new(seed));
                for _ in 0..2000 {
                    change(&mut changed, other, &[b"WORD"], &mut chance);
                    changed.truncate(500);
                }
                changed
            };
            assert_eq!(run(3), run(3));
        }
        let mut chance = Chance::new(0);
        let numbers: std::collections::HashSet<_> = (0..1000).map(|_| chance.number()).collect();
        assert_eq!(numbers.len(), 1000);
    }
}
