//! Passwords on their way to the one place that tries them.

use sekisho_safe_message::Secret;

/// What may open the encrypted files of one mail, the likeliest first. A
/// decoder names the one that did by its place, never by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passwords(Vec<Secret>);

impl Passwords {
    /// Most of them: each try costs time.
    pub const MAX: usize = 32;

    /// No passwords: encrypted files stay shut.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The first [`Self::MAX`] of these.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(secrets.into_iter().take(Self::MAX).collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one at this place.
    pub fn get(&self, place: usize) -> Option<&Secret> {
        self.0.get(place)
    }

    /// The places in the order in which they are best tried: the one that
    /// opened the last file first, if one did.
    pub fn places(&self, last: Option<usize>) -> impl Iterator<Item = usize> + use<> {
        let last = last.filter(|last| *last < self.0.len());
        last.into_iter().chain((0..self.0.len()).filter(move |place| Some(*place) != last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_bounded_ordered_and_never_shown() {
        let all = Passwords::new((0..40).filter_map(|number| Secret::new(format!("open{number}"))));
        assert!(all.get(Passwords::MAX - 1).is_some() && all.get(Passwords::MAX).is_none());
        assert!(!format!("{all:?}").contains("open"));
        let three = Passwords::new(["a", "b", "c"].into_iter().filter_map(Secret::new));
        for (last, order) in [(None, [0, 1, 2]), (Some(1), [1, 0, 2]), (Some(9), [0, 1, 2])] {
            assert_eq!(three.places(last).collect::<Vec<_>>(), order);
        }
        assert!(Passwords::none().is_empty() && Passwords::none().places(Some(0)).next().is_none());
    }
}
