//! The built-in profiles: who they stand for, how much mail comes at the peak,
//! and what kinds of mail in which sizes.

use super::compose::{self, Kind};
use super::pool::{Letter, Pool};
use crate::mails::Noise;

/// An organization, by its mail.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Mails a second in its busiest minute; see [`PROFILES`].
    pub peak: f64,
    /// Different mails that are made for it.
    mails: usize,
    /// Out of 100 mails, in the order of [`Kind::ALL`].
    shares: [u32; 10],
}

/// Where the peaks come from: a city of 3,000 staff is recorded with 8,000
/// mails a day, 2.7 a head. A fifth of a day comes in its busiest hour (0.44
/// a second), and the busiest minute of that, when lists and notices go out,
/// is about ten times its mean: 5 a second. The same for 130 staff: 347 a day,
/// 0.2 a second. For a prefecture's cloud (41 municipalities, 22,000 users)
/// 130 a second is recorded itself; it is more than a head's share (33),
/// because one notice goes to all municipalities at one time.
///
/// The shares of kinds are assumed: of a town's mail more comes from the
/// prefecture with documents, of a large cloud's more from newsletters.
pub const PROFILES: [Profile; 3] = [
    //                                                        JIS UTF-8 reply news pdf office zip jpeg invite bounce
    Profile { name: "town-130", peak: 0.2, mails: 200, shares: [18, 16, 20, 16, 12, 8, 3, 3, 2, 2] },
    Profile { name: "city-3000", peak: 5.0, mails: 300, shares: [14, 18, 20, 18, 11, 8, 3, 3, 3, 2] },
    Profile { name: "prefecture-22000", peak: 130.0, mails: 400, shares: [8, 20, 18, 24, 10, 7, 3, 3, 4, 3] },
];

/// Sizes in octets at the 10th, 25th, 50th, 75th, 90th and 99th percentile;
/// between them they are spread evenly.
pub(super) type Sizes = [u32; 6];

/// Recorded: the text of the 81 mails without HTML in our sample of the
/// SpamAssassin public corpus, decoded.
pub(super) const TEXT: Sizes = [439, 885, 2031, 5754, 14_916, 126_335];

/// Recorded: the HTML of the 184 mails with HTML in the same sample, decoded.
pub(super) const HTML: Sizes = [1878, 3734, 8154, 26_156, 31_910, 46_620];

/// Recorded: the text of the 295 bounces in our sample of the sisimai set.
pub(super) const BOUNCE: Sizes = [132, 379, 604, 937, 1625, 5018];

/// The middle is the document of the standard mail `att200k`, as measured in
/// the comparison with other gateways; what is around it is assumed, up to
/// what mailboxes of municipalities usually take in.
pub(super) const DOCUMENT: Sizes = [21_000, 60_000, 141_000, 350_000, 900_000, 2_000_000];

/// Out of 100 mails, so many have up to so many recipients. Assumed.
const RECIPIENTS: [(u32, u8); 4] = [(80, 1), (90, 2), (97, 5), (100, 20)];

/// The profile of that name.
pub fn find(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

impl Profile {
    /// Its mails; the same seed makes the same octets.
    pub fn pool(&self, seed: u64) -> Pool {
        let mut noise = Noise::new(seed);
        let mut pool = Pool::default();
        for _ in 0..self.mails {
            let kind = self.kind(noise.below(100));
            let mail = compose::mail(kind, &mut noise);
            let null_sender = kind == Kind::Bounce;
            let recipients = if null_sender { 1 } else { recipients(&mut noise) };
            pool.push(Letter { mail, recipients, null_sender });
        }
        pool
    }

    fn kind(&self, mut drawn: u32) -> Kind {
        for (kind, share) in Kind::ALL.into_iter().zip(self.shares) {
            match drawn.checked_sub(share) {
                Some(rest) => drawn = rest,
                None => return kind,
            }
        }
        Kind::Utf8
    }
}

/// A size drawn from a distribution.
pub(super) fn size(sizes: Sizes, noise: &mut Noise) -> usize {
    let ends = [(0, sizes[0] / 2), (100, sizes[0]), (250, sizes[1]), (500, sizes[2]), (750, sizes[3]), (900, sizes[4])];
    let drawn = noise.below(1000);
    let at = ends.iter().rposition(|(rank, _)| *rank <= drawn).unwrap_or(0);
    let (rank, low) = ends[at];
    let (next, high) = ends.get(at + 1).copied().unwrap_or((1000, sizes[5]));
    // The last percent would reach beyond what was recorded; the largest recorded ends it.
    let part = u64::from(drawn - rank) * u64::from(high - low) / u64::from(next - rank);
    low as usize + usize::try_from(part).unwrap_or(0)
}

fn recipients(noise: &mut Noise) -> u8 {
    let drawn = noise.below(100);
    let most = RECIPIENTS.iter().find(|(rank, _)| drawn < *rank).map_or(1, |(_, most)| *most);
    // At most 20.
    u8::try_from(noise.below(u32::from(most))).unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn shares_are_of_a_hundred() {
        for profile in PROFILES {
            assert_eq!(profile.shares.iter().sum::<u32>(), 100, "{}", profile.name);
            assert_eq!((profile.kind(0), profile.kind(99)), (Kind::Jis, Kind::Bounce));
            assert_eq!(find(profile.name).unwrap().peak, profile.peak);
        }
        assert!(find("village").is_none());
    }

    #[test]
    fn sizes_have_the_recorded_middle() {
        let mut noise = Noise::new(1);
        let mut drawn: Vec<usize> = (0..4000).map(|_| size(HTML, &mut noise)).collect();
        drawn.sort_unstable();
        assert!((7_000..9_500).contains(&drawn[2000]), "{}", drawn[2000]);
        assert!(drawn[0] >= 939 && drawn[3999] <= 46_620);
    }

    #[test]
    fn one_seed_makes_one_pool() {
        let town = find("town-130").unwrap();
        let [one, same, other] = [7, 7, 8].map(|seed| town.pool(seed));
        let octets =
            |pool: &Pool| pool.letters().iter().map(|letter| letter.mail.octets().to_vec()).collect::<Vec<_>>();
        assert_eq!(octets(&one), octets(&same));
        assert_ne!(octets(&one), octets(&other));
        assert!(one.letters().iter().any(|letter| letter.recipients > 1));
        assert!(one.letters().iter().any(|letter| letter.null_sender));
    }
}
