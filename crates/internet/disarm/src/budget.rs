//! What all files of one mail may use together, however they are nested.

use crate::Refusal;

/// The bounds that a [`Budget`] starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Octets that decoders may make: inflated, decrypted, unpacked.
    pub octets: u64,
    /// Pixels that may be decoded or drawn.
    pub pixels: u64,
    /// Entries of archives, parts of mails inside files, pages, frames.
    pub entries: u32,
    /// Archives and mails inside each other.
    pub depth: u32,
    /// Steps of work that grow with nothing else: operators of a page, cells,
    /// lines, objects.
    pub steps: u64,
}

impl Default for Bounds {
    /// 256 MiB, 400 million pixels (some fifty pages of A4 at 300 dpi), 10,000
    /// entries, 4 deep, 50 million steps: some ten seconds and no honest mail.
    fn default() -> Self {
        Self { octets: 256 << 20, pixels: 400_000_000, entries: 10_000, depth: 4, steps: 50_000_000 }
    }
}

/// Pixels of one picture: 10,000 by 8,000, an A2 sheet at 400 dpi. Bounds the
/// memory of one decoder (4 octets each).
pub const MAX_PIXELS: u64 = 80_000_000;

/// What is left of the [`Bounds`]. One for a whole mail.
#[derive(Debug)]
pub struct Budget {
    left: Bounds,
    depth: u32,
}

impl Budget {
    /// A budget of `bounds`.
    pub fn new(bounds: Bounds) -> Self {
        Self { left: bounds, depth: 0 }
    }

    /// Takes octets.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] when they are used up.
    pub fn octets(&mut self, count: u64) -> Result<(), Refusal> {
        take(&mut self.left.octets, count)
    }

    /// Octets that may still be made: what a decoder may be told as its limit.
    pub fn octets_left(&self) -> u64 {
        self.left.octets
    }

    /// Takes the pixels of one picture.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] when they are used up, or one picture has more
    /// than [`MAX_PIXELS`].
    pub fn picture(&mut self, width: u64, height: u64) -> Result<(), Refusal> {
        let count = width.saturating_mul(height);
        if count > MAX_PIXELS {
            return Err(Refusal::TooLarge);
        }
        take(&mut self.left.pixels, count)
    }

    /// Takes entries.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] when they are used up.
    pub fn entries(&mut self, count: u32) -> Result<(), Refusal> {
        take(&mut self.left.entries, count)
    }

    /// Takes steps.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] when they are used up.
    pub fn steps(&mut self, count: u64) -> Result<(), Refusal> {
        take(&mut self.left.steps, count)
    }

    /// Runs `work` one archive or mail deeper.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] when that is too deep, or what `work` fails with.
    pub fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        if self.depth >= self.left.depth {
            return Err(Refusal::TooLarge);
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        done
    }

    /// How deep the work is.
    pub fn depth(&self) -> u32 {
        self.depth
    }
}

fn take<N: Copy + PartialOrd + std::ops::SubAssign>(left: &mut N, count: N) -> Result<(), Refusal> {
    if count > *left {
        return Err(Refusal::TooLarge);
    }
    *left -= count;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_is_refused() {
        let mut budget = Budget::new(Bounds { octets: 10, depth: 1, ..Bounds::default() });
        assert_eq!(budget.octets(10), Ok(()));
        assert_eq!(budget.octets(1), Err(Refusal::TooLarge));
        assert_eq!(budget.picture(u64::MAX, 2), Err(Refusal::TooLarge));
        let nested = budget.deeper(|budget| budget.deeper(|_| Ok(())));
        assert_eq!((nested, budget.depth()), (Err(Refusal::TooLarge), 0));
    }
}
