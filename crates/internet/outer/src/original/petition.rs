//! Requests for originals that come by mail: who may ask, for what, how often.
//!
//! The mail has been sanitized like any other; what it says is hostile all the
//! same. A request counts if its token is ours and its envelope's sender is a
//! recipient of the original. That is no proof of a person (envelopes can be
//! forged), so the original goes to that recipient's own mailbox, after an
//! approval.
//!
//! Never: an approval, I/O, or a password in what is recorded.

use std::collections::VecDeque;

use sekisho_safe_message::{Address, MailId, SafeLine, SafeText, Secret};

use super::answer::Answer;
use super::token::{TokenFault, Tokens, find};

const HOUR_MS: u64 = 60 * 60 * 1000;
/// Requests of one person within an hour.
const PER_PERSON: usize = 10;
/// Requests of all within an hour: bounds what approvers are shown, what is
/// answered, and the memory of [`Rate`].
const PER_SITE: usize = 500;

/// A mail to the request address, as a worker has read it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming<'a> {
    /// Its own id.
    pub(crate) id: MailId,
    /// The envelope's sender.
    pub(crate) from: Option<&'a Address>,
    /// Its subject.
    pub(crate) subject: &'a SafeLine,
    /// Its text.
    pub(crate) text: &'a SafeText,
    /// Whether a machine wrote it (RFC 3834 5).
    pub(crate) automatic: bool,
}

/// What is known of the mail whose original is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// All its recipients, served or not.
    pub(crate) recipients: Vec<Address>,
    /// Whether its original is there.
    pub(crate) original: bool,
    /// Recipients for whom a request waits already.
    pub(crate) pending: Vec<Address>,
}

/// A request that counts; it waits for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Petition {
    /// Whose original.
    pub(crate) id: MailId,
    /// Who asks, as the original's envelope writes it: there it goes.
    pub(crate) requester: Address,
    /// What in the mail may be the password of its encrypted files.
    pub(crate) secrets: Vec<Secret>,
    /// Where the approver reads why. Not the mail's words, which may be a
    /// password.
    pub(crate) why: SafeLine,
}

impl Petition {
    /// Who asked, for the record.
    pub(crate) fn who(&self) -> SafeLine {
        SafeLine::clean(&format!("mail:{}", self.requester)).value
    }
}

/// A request that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declined {
    /// Why not.
    pub(crate) why: Why,
    /// Who is told, and about which original: a recipient of it or nobody.
    pub(crate) told: Option<(MailId, Address, Answer)>,
}

/// Why a request does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It has no sender.
    NoSender,
    /// A machine wrote it.
    Automatic,
    /// It quotes no token.
    NoToken,
    /// It quotes those of several originals.
    SeveralTokens,
    /// The token is not ours.
    Forged,
    /// The token's time is over.
    Expired,
    /// There is no such mail.
    Unknown,
    /// The sender is no recipient of that mail.
    NotRecipient,
    /// The original is no longer kept.
    Gone,
    /// A request of this recipient waits already.
    Pending,
    /// Too many within an hour.
    TooMany,
}

impl Why {
    /// The code in records and log lines.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NoSender => "no-sender",
            Self::Automatic => "automatic",
            Self::NoToken => "no-token",
            Self::SeveralTokens => "several-tokens",
            Self::Forged => "forged-token",
            Self::Expired => "expired-token",
            Self::Unknown => "unknown-mail",
            Self::NotRecipient => "not-a-recipient",
            Self::Gone => "no-original",
            Self::Pending => "pending",
            Self::TooMany => "too-many",
        }
    }
}

/// What [`read`] asks of others.
pub(crate) struct Lookups<K, S> {
    /// The mail with this id, if there is one.
    pub(crate) known: K,
    /// What in subject and text may be a password.
    pub(crate) candidates: S,
}

/// What `mail` asks for.
///
/// # Errors
/// Why it does not count. Nothing is said to a stranger.
pub(crate) fn read(
    mail: Incoming<'_>,
    tokens: &Tokens,
    rate: &mut Rate,
    now_ms: u64,
    lookups: Lookups<impl FnOnce(MailId) -> Option<Known>, impl FnOnce(&SafeLine, &SafeText) -> Vec<Secret>>,
) -> Result<Petition, Declined> {
    let silent = |why| Declined { why, told: None };
    let from = mail.from.ok_or(silent(Why::NoSender))?;
    if mail.automatic {
        return Err(silent(Why::Automatic));
    }
    let asked = asked_for(mail, tokens, now_ms).map_err(silent)?;
    let known = (lookups.known)(asked.id).ok_or(silent(Why::Unknown))?;
    let requester = same(&known.recipients, from).ok_or(silent(Why::NotRecipient))?;
    // From here on somebody is told or shown something.
    if !rate.admit(requester, now_ms) {
        return Err(silent(Why::TooMany));
    }
    let refusal = if asked.expired {
        Some((Why::Expired, Answer::Expired))
    } else if !known.original {
        Some((Why::Gone, Answer::Gone))
    } else if same(&known.pending, from).is_some() {
        Some((Why::Pending, Answer::Already))
    } else {
        None
    };
    match refusal {
        Some((why, answer)) => Err(Declined { why, told: Some((asked.id, requester.clone(), answer)) }),
        None => Ok(Petition {
            id: asked.id,
            requester: requester.clone(),
            secrets: (lookups.candidates)(mail.subject, mail.text),
            why: SafeLine::clean(&format!("メールによる申請 / by mail: {}", mail.id)).value,
        }),
    }
}

/// The original that a mail's tokens name.
struct Asked {
    id: MailId,
    expired: bool,
}

/// One original, however often it is quoted. A good token outweighs what is
/// quoted of older mails, an expired one what is garbled.
fn asked_for(mail: Incoming<'_>, tokens: &Tokens, now_ms: u64) -> Result<Asked, Why> {
    let (mut good, mut expired, mut forged) = (Vec::new(), Vec::new(), false);
    for token in find(mail.subject.as_str()).chain(find(mail.text.as_str())) {
        match tokens.check(&token, now_ms) {
            Ok(id) => good.push(id),
            Err(TokenFault::Expired(id)) => expired.push(id),
            Err(TokenFault::Forged) => forged = true,
            Err(TokenFault::Malformed) => {}
        }
    }
    let is_expired = good.is_empty();
    let mut ids = if is_expired { expired } else { good };
    ids.sort_unstable();
    ids.dedup();
    match ids[..] {
        [id] => Ok(Asked { id, expired: is_expired }),
        [] if forged => Err(Why::Forged),
        [] => Err(Why::NoToken),
        [_, _, ..] => Err(Why::SeveralTokens),
    }
}

/// The one of `list` that is `address`. Local parts in either case: a mail
/// server that tells people apart by it is none that a site runs, and clients
/// write what their users typed.
fn same<'a>(list: &'a [Address], address: &Address) -> Option<&'a Address> {
    list.iter().find(|one| one.domain() == address.domain() && one.local().eq_ignore_ascii_case(address.local()))
}

/// Who asked within the last hour.
#[derive(Debug, Default)]
pub(crate) struct Rate(VecDeque<(u64, Address)>);

impl Rate {
    /// Whether one more request of this person is admitted now; it counts then.
    fn admit(&mut self, requester: &Address, now_ms: u64) -> bool {
        // A clock that was set back must not count old requests for ever.
        self.0.retain(|(at, _)| *at <= now_ms && now_ms - at < HOUR_MS);
        let own = self.0.iter().filter(|(_, one)| one == requester).count();
        let admitted = own < PER_PERSON && self.0.len() < PER_SITE;
        if admitted {
            self.0.push_back((now_ms, requester.clone()));
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use std::time::Duration;

    use super::*;

    const NOW: u64 = 1_795_478_400_000;
    const FORTNIGHT: Duration = Duration::from_secs(14 * 86_400);

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn id(n: u8) -> MailId {
        MailId::new(NOW, [n; 10])
    }

    fn tokens() -> Tokens {
        Tokens::new(&[7; 32])
    }

    fn token(n: u8, issued_ms: u64) -> String {
        tokens().issue(id(n), issued_ms, FORTNIGHT).as_str().to_owned()
    }

    /// Mail 1 has an original; 2 has none any more; a request for 3 waits;
    /// there is no other.
    fn known(asked: MailId) -> Option<Known> {
        let recipients = vec![address("Hanako@city.example"), address("taro@city.example")];
        let pending = if asked == id(3) { vec![address("taro@city.example")] } else { vec![] };
        [id(1), id(2), id(3)].contains(&asked).then(|| Known { recipients, original: asked != id(2), pending })
    }

    fn ask(from: Option<&str>, subject: &str, text: &str, rate: &mut Rate) -> Result<Petition, Declined> {
        let (from, subject) = (from.map(address), SafeLine::clean(subject).value);
        let text = SafeText::clean(text).value;
        let mail = Incoming { id: id(9), from: from.as_ref(), subject: &subject, text: &text, automatic: false };
        let candidates = |_: &SafeLine, text: &SafeText| {
            text.as_str().lines().filter_map(|line| Secret::new(line.strip_prefix("PW ")?)).collect()
        };
        read(mail, &tokens(), rate, NOW, Lookups { known, candidates })
    }

    #[test]
    fn what_counts_and_who_hears_why_not() {
        let (one, two, three, four) = (token(1, NOW), token(2, NOW), token(3, NOW), token(4, NOW));
        let old = token(1, NOW - 16 * 86_400_000);
        let older = token(2, NOW - 16 * 86_400_000);
        let forged = Tokens::new(&[8; 32]).issue(id(1), NOW, FORTNIGHT).as_str().to_owned();
        let (hanako, taro) = (Some("hanako@city.example"), Some("taro@CITY.example"));
        for (from, subject, text, want) in [
            (taro, "Re: 見積書", one.as_str(), Ok(id(1))),
            (hanako, one.as_str(), "お願いします", Ok(id(1))),
            (taro, "", &format!("{one}\n> {one}\n> {old}\n{forged}"), Ok(id(1))),
            // An older token of another mail, quoted below.
            (taro, "", &format!("{one}\n> {older}"), Ok(id(1))),
            (hanako, "", &three, Ok(id(3))),
            (taro, "", &three, Err((Why::Pending, Some(Answer::Already)))),
            (taro, "", &two, Err((Why::Gone, Some(Answer::Gone)))),
            (taro, "", &old, Err((Why::Expired, Some(Answer::Expired)))),
            (taro, "", &format!("{old}\n{forged}"), Err((Why::Expired, Some(Answer::Expired)))),
            (Some("evil@example.net"), "", &one, Err((Why::NotRecipient, None))),
            (Some("evil@example.net"), "", &old, Err((Why::NotRecipient, None))),
            (Some("taro@city.example.net"), "", &one, Err((Why::NotRecipient, None))),
            (None, "", &one, Err((Why::NoSender, None))),
            (taro, "", "原本をください", Err((Why::NoToken, None))),
            (taro, "", &forged, Err((Why::Forged, None))),
            (taro, "", &four, Err((Why::Unknown, None))),
            (taro, "", &format!("{one} {two}"), Err((Why::SeveralTokens, None))),
            (taro, "", &format!("{old} {older}"), Err((Why::SeveralTokens, None))),
        ] {
            let got = ask(from, subject, text, &mut Rate::default());
            let seen = match &got {
                Ok(petition) => Ok(petition.id),
                Err(declined) => Err((declined.why, declined.told.as_ref().map(|told| told.2))),
            };
            assert_eq!(seen, want, "{from:?} {text}");
            if let Err(Declined { told: Some((_, to, _)), .. }) = got {
                assert_eq!(to, address("taro@city.example"));
            }
        }
    }

    #[test]
    fn the_original_goes_where_it_was_sent_and_no_password_is_recorded() {
        let text = format!("{}\nPW Abc#123", token(1, NOW));
        let petition = ask(Some("HANAKO@city.example"), "Abc#123", &text, &mut Rate::default()).unwrap();
        assert_eq!(petition.requester, address("Hanako@city.example"));
        assert_eq!(petition.who().as_str(), "mail:Hanako@city.example");
        assert_eq!(petition.secrets, [Secret::new("Abc#123").unwrap()]);
        assert_eq!(petition.why.as_str(), format!("メールによる申請 / by mail: {}", id(9)));
        assert!(!format!("{petition:?}").contains("Abc"));
    }

    #[test]
    fn machines_are_not_answered() {
        let (subject, from) = (SafeLine::default(), address("taro@city.example"));
        let text = SafeText::clean(&token(1, NOW)).value;
        let mail = Incoming { id: id(9), from: Some(&from), subject: &subject, text: &text, automatic: true };
        let lookups = Lookups { known, candidates: |_: &SafeLine, _: &SafeText| Vec::new() };
        let declined = read(mail, &tokens(), &mut Rate::default(), NOW, lookups).unwrap_err();
        assert_eq!(declined, Declined { why: Why::Automatic, told: None });
    }

    #[test]
    fn there_is_a_bound_for_each_and_for_all() {
        let mut rate = Rate::default();
        let text = token(2, NOW);
        let ask_of = |from: &str, rate: &mut Rate| ask(Some(from), "", &text, rate).unwrap_err();
        for _ in 0..PER_PERSON {
            assert_eq!(ask_of("taro@city.example", &mut rate).why, Why::Gone);
        }
        // In either case the same person, and a stranger uses up nobody's.
        let late = ask_of("TARO@city.example", &mut rate);
        assert_eq!(late, Declined { why: Why::TooMany, told: None });
        for _ in 0..2 * PER_SITE {
            ask_of("evil@example.net", &mut rate);
        }
        assert_eq!(ask_of("hanako@city.example", &mut rate).why, Why::Gone);

        let person = |n: usize| address(&format!("u{n}@city.example"));
        let mut rate = Rate::default();
        assert_eq!((0..2 * PER_SITE).filter(|n| rate.admit(&person(*n), NOW)).count(), PER_SITE);
        assert!(rate.admit(&person(0), NOW + HOUR_MS));
        // The clock was set back.
        assert!(rate.admit(&person(0), NOW - HOUR_MS));
    }

    #[test]
    fn any_text_is_borne_in_linear_time() {
        let good = token(1, NOW);
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut below = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % bound as u64).unwrap()
        };
        for _ in 0..2000 {
            let mut text: Vec<char> = good.chars().collect();
            for _ in 0..below(4) {
                let at = below(text.len());
                match below(3) {
                    0 => text[at] = char::from_u32(u32::try_from(below(0x3100)).unwrap()).unwrap(),
                    1 => text.truncate(at.max(1)),
                    _ => text.insert(at, ['\n', '>', '-', ' ', 'S'][below(5)]),
                }
            }
            let text: String = text.into_iter().collect();
            // Whatever a mutation does, it never asks for another mail.
            if let Ok(petition) = ask(Some("taro@city.example"), "", &text, &mut Rate::default()) {
                assert_eq!(petition.id, id(1));
            }
        }
        let long = format!("{good}\n").repeat(SafeText::MAX / 60);
        assert!(ask(Some("taro@city.example"), "", &long, &mut Rate::default()).is_ok());
    }
}
