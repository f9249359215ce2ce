//! What was found while a mail was read, and whether it must wait.

use std::collections::BTreeSet;

use sekisho_job::{Anomaly, Grade, HoldReason};

/// Grows while the stages read. The first reason to hold is the one that
/// counts; reading goes on within the bounds, so that a report is complete.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    anomalies: BTreeSet<Anomaly>,
    hold: Option<HoldReason>,
    /// A person takes the gateway's own reading where readers differ.
    doubts: bool,
    /// For that alone the mail does not wait.
    accepted: bool,
}

impl Findings {
    /// Nothing yet, about a mail that waits where readers differ or, with
    /// `doubts`, goes on in the gateway's own reading.
    pub(crate) fn new(doubts: bool) -> Self {
        Self { doubts, ..Self::default() }
    }

    /// Nothing yet, about a part of the same mail.
    pub(crate) fn of_part(&self) -> Self {
        Self::new(self.doubts)
    }

    /// Takes `anomaly` down; one of the grade *held* makes the mail wait.
    pub(crate) fn found(&mut self, anomaly: Anomaly) {
        self.anomalies.insert(anomaly);
        if anomaly.grade() == Grade::Held {
            self.hold(HoldReason::AmbiguousStructure);
        }
    }

    /// The mail waits, unless a person has answered for just that.
    pub(crate) fn hold(&mut self, reason: HoldReason) {
        if self.doubts && reason.is_doubt() {
            self.accepted = true;
        } else {
            self.hold.get_or_insert(reason);
        }
    }

    /// Why it waits, if it does.
    pub(crate) fn held(&self) -> Option<HoldReason> {
        self.hold
    }

    /// Whether what readers differ about is taken in the gateway's own reading.
    pub(crate) fn takes_doubts(&self) -> bool {
        self.doubts
    }

    /// Whether the mail would wait if no person had answered for it.
    pub(crate) fn accepted(&self) -> bool {
        self.accepted
    }

    /// Whether `anomaly` was found.
    pub(crate) fn has(&self, anomaly: Anomaly) -> bool {
        self.anomalies.contains(&anomaly)
    }

    /// Whether anything of the grade *withheld* was found.
    pub(crate) fn withholds(&self) -> bool {
        self.anomalies.iter().any(|anomaly| anomaly.grade() == Grade::Withheld)
    }

    /// Takes over what was found in one part.
    pub(crate) fn absorb(&mut self, part: Self) {
        self.anomalies.extend(part.anomalies);
        self.accepted |= part.accepted;
        if let Some(reason) = part.hold {
            self.hold(reason);
        }
    }

    /// Of one part that is content under every reading: what is wrong with
    /// its header block keeps the part out, not the mail.
    pub(crate) fn confine(&mut self) {
        let lines = [Anomaly::HeaderJunk, Anomaly::HeaderName];
        if lines.iter().any(|anomaly| self.anomalies.remove(anomaly)) {
            self.anomalies.insert(Anomaly::PartHeader);
            (self.hold, self.accepted) = (None, false);
            if self.anomalies.iter().any(|anomaly| anomaly.grade() == Grade::Held) {
                self.hold(HoldReason::AmbiguousStructure);
            }
        }
    }

    /// What was found, each once, in the order of the manual.
    pub(crate) fn anomalies(&self) -> Vec<Anomaly> {
        self.anomalies.iter().copied().collect()
    }
}
