//! The rules in order, and the one decision that they come to.

use sekisho_safe_message::{Address, ProfileName};
use serde::{Deserialize, Serialize};

use crate::rule::{Chain, Rule};
use crate::{Day, Decision, Facts, PolicyError, profiles, read};

/// A site's policy: rules in order, and what is done where none says anything.
///
/// It travels to the workers inside their jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub(crate) profile: ProfileName,
    pub(crate) rules: Vec<Rule>,
    pub(crate) default: Chain,
}

/// Groups of recipients of one mail for whom the rules may differ, at most.
pub const MAX_GROUPS: usize = 16;

/// The recipients of a mail fall into more than [`MAX_GROUPS`] groups. The
/// whole mail is to be held: which of its recipients get what, nobody could
/// oversee, and leaving a group out would lose its mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyGroups;

impl Policy {
    /// Most rules in one policy.
    pub const MAX_RULES: usize = 500;
    /// Longest text of a policy, in octets.
    pub const MAX_TEXT: usize = 64 * 1024;

    /// The policy that `text` (TOML) writes.
    ///
    /// # Errors
    /// Everything that is wrong with it, with line and remedy; at least one.
    pub fn parse(text: &str) -> Result<Self, Vec<PolicyError>> {
        read::policy(text)
    }

    /// The built-in policy of that name: one of [`Policy::BUILT_IN`].
    pub fn built_in(name: &str) -> Option<Self> {
        profiles::text(name).and_then(|text| Self::parse(text).ok())
    }

    /// Names of the built-in policies.
    pub const BUILT_IN: [&str; 3] = ["text-only", "rebuild-or-hold", "pixels"];

    /// The text of the built-in policy of that name, to copy and change.
    pub fn built_in_text(name: &str) -> Option<&'static str> {
        profiles::text(name)
    }

    /// The policy that keeps every file out: `text-only`.
    pub fn text_only() -> Self {
        profiles::text_only()
    }

    /// Its name, printed in every notice and record.
    pub fn profile(&self) -> &ProfileName {
        &self.profile
    }

    /// What becomes of a file: the first rule whose conditions hold, of those
    /// that are in force on the day on which the mail came.
    pub fn decide(&self, facts: &Facts<'_>, received: impl Into<Day>) -> Decision<'_> {
        let today = received.into();
        let found = self.rules.iter().find(|rule| rule.is_in_force(today) && rule.when.holds(facts));
        let (rule, chain) = found.map_or((Self::DEFAULT, &self.default), |rule| (rule.id.as_str(), &rule.then));
        Decision { rule, methods: &chain.methods, end: chain.end }
    }

    /// What [`Decision::rule`] says where no rule decided; no rule may be
    /// called so.
    pub const DEFAULT: &str = "default";

    /// The recipients of one mail in groups for whom every rule asks the same:
    /// places in `recipients`, in order, each once, in at most [`MAX_GROUPS`]
    /// groups. Mostly there is one.
    ///
    /// # Errors
    /// [`TooManyGroups`]: hold the mail.
    pub fn groups(&self, recipients: &[Address], received: impl Into<Day>) -> Result<Vec<Vec<usize>>, TooManyGroups> {
        let today = received.into();
        let asking = |rule: &&Rule| rule.when.recipient.is_some() && rule.is_in_force(today);
        let rules: Vec<&Rule> = self.rules.iter().filter(asking).collect();
        let mut groups: Vec<(Vec<bool>, Vec<usize>)> = Vec::new();
        for (at, recipient) in recipients.iter().enumerate() {
            let one = std::slice::from_ref(recipient);
            let answers: Vec<bool> = rules.iter().map(|rule| rule.when.is_for(one)).collect();
            match groups.iter().position(|(others, _)| *others == answers) {
                Some(group) => groups[group].1.push(at),
                None if groups.len() == MAX_GROUPS => return Err(TooManyGroups),
                None => groups.push((answers, vec![at])),
            }
        }
        Ok(groups.into_iter().map(|(_, places)| places).collect())
    }
}

impl std::fmt::Display for TooManyGroups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the policy divides the recipients into more than {MAX_GROUPS} groups")
    }
}

impl std::error::Error for TooManyGroups {}
