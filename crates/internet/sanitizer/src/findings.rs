//! What was found while a mail was read, and whether it must wait.

use std::collections::BTreeSet;

use sekisho_job::{Anomaly, HoldReason};

/// Grows while the stages read. The first reason to hold is the one that
/// counts; reading goes on within the bounds, so that a report is complete.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    anomalies: BTreeSet<Anomaly>,
    hold: Option<HoldReason>,
}

impl Findings {
    /// Harmless by itself: delivered, and noted.
    pub(crate) fn note(&mut self, anomaly: Anomaly) {
        self.anomalies.insert(anomaly);
    }

    /// Two programs could read it two ways: the verdict is to hold.
    pub(crate) fn ambiguous(&mut self, anomaly: Anomaly) {
        self.note(anomaly);
        self.hold(HoldReason::AmbiguousStructure);
    }

    /// The mail waits.
    pub(crate) fn hold(&mut self, reason: HoldReason) {
        self.hold.get_or_insert(reason);
    }

    /// Why it waits, if it does.
    pub(crate) fn held(&self) -> Option<HoldReason> {
        self.hold
    }

    /// Whether `anomaly` was found.
    pub(crate) fn has(&self, anomaly: Anomaly) -> bool {
        self.anomalies.contains(&anomaly)
    }

    /// What was found, each once, in the order of the manual.
    pub(crate) fn anomalies(&self) -> Vec<Anomaly> {
        self.anomalies.iter().copied().collect()
    }
}
