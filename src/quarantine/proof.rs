//! Whether a file that comes out of a worker is one of the gateway's own
//! making.
//!
//! A worker has just read a hostile mail and is assumed to be compromised.
//! What it wrote reaches a person's disk only when the verifier of the LGWAN
//! side, confined like there, accepts it.

use sekisho_channel::admin::Shown;
use sekisho_inner::Checker;
use sekisho_inner::checker::{NotProven, Unavailable};
use sekisho_safe_message::{Language, SafeKind, Untrusted, is_output_name};

use crate::lang::pick;
use crate::screen::Screen;

/// Why a file is not saved.
#[derive(Debug)]
pub(crate) enum Unproven {
    /// It breaks a rule: this one.
    Refused(String),
    /// Nobody can say.
    Unread(Unavailable),
}

/// The verifier, for files of one preview.
pub(crate) struct Proof {
    checker: Checker,
    language: Language,
}

impl Proof {
    /// By the program beside this one, with reasons in this language.
    pub(crate) fn new(language: Language) -> Self {
        Self { checker: Checker::beside(), language }
    }

    /// Whether the octets are a file of the kind that they are said to be.
    pub(crate) fn of(&self, shown: &Shown, octets: &[u8]) -> Result<(), Unproven> {
        let of_kind = |kind: &SafeKind| kind.extension() == shown.kind.as_str() && is_output_name(&shown.name, *kind);
        let Some(kind) = SafeKind::ALL.into_iter().find(of_kind) else {
            let why = pick(self.language, "種類と名前が合いません", "its name is not of its kind");
            return Err(Unproven::Refused(why.to_owned()));
        };
        match self.checker.read_file(kind, Untrusted::new(octets)) {
            Ok(read) => read.map_err(|flaw| Unproven::Refused(flaw.describe(self.language))),
            Err(NotProven::Unavailable(unavailable)) => Err(Unproven::Unread(unavailable)),
            Err(err @ (NotProven::Violation(_) | NotProven::Died(_))) => Err(Unproven::Refused(err.to_string())),
        }
    }
}

/// What to tell of a file that was refused.
pub(crate) fn refused(shown: &Shown, why: &str, screen: &Screen) -> String {
    screen.t(
        format!("{}: 検証器が受け付けないため、書きませんでした（{why}）。欠陥か攻撃の疑いがあります。", shown.name),
        format!("{}: the verifier does not accept it; not written ({why}). A defect or an attack.", shown.name),
    )
}

/// What to tell when nobody can say.
pub(crate) fn unread(unavailable: &Unavailable, screen: &Screen) -> String {
    screen.t(
        format!("ファイルを検証できないため、書きませんでした（{unavailable}）。sekisho check で確かめてください。"),
        format!("files cannot be verified and are not written ({unavailable}). See `sekisho check`."),
    )
}
