//! What a rule says: ways to make the file anew, in order, and what happens
//! when none of them works.

use sekisho_safe_message::Method;
use serde::{Deserialize, Serialize};

/// What happens to a file that is not made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It does not cross, and the notice names it.
    Strip,
    /// The same, and the mail's original waits for a review.
    Quarantine,
    /// The whole mail waits.
    Hold,
}

/// One thing to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Make it anew; the next step is for when that fails.
    Make(Method),
    /// Keep it out.
    End(End),
}

/// What the policy says about one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'p> {
    /// The rule that decided, by its id; `default` if none did.
    pub rule: &'p str,
    /// The ways to make it anew, in order.
    pub methods: &'p [Method],
    /// What happens when none of them works.
    pub end: End,
}

impl End {
    /// The code in reports and policies.
    pub fn code(self) -> &'static str {
        match self {
            Self::Strip => "strip",
            Self::Quarantine => "quarantine",
            Self::Hold => "hold",
        }
    }
}
