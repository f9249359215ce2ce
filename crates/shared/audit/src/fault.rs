//! What can be wrong with a chain, and where.

use std::fmt;

use sekisho_safe_message::Language;

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The number of the entry where it shows.
    pub at: u64,
    /// What it is.
    pub what: What,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The entry's octets are not those that its hash covers, or it does not
    /// follow from the one before.
    Changed,
    /// Entries are missing from here up to `until`.
    Missing {
        /// The last one that is missing.
        until: u64,
    },
    /// An entry stands here that the chain does not know.
    Inserted,
    /// Entries do not stand in their order.
    Reordered,
    /// The beginning is missing, and no signed entry says that its time was over.
    NoBeginning,
    /// The chain is not the one that was signed here: something behind the
    /// signature before was changed, and the hashes were made to fit.
    Rewritten {
        /// The last entry that an earlier checkpoint proves; 0 for none.
        since: u64,
    },
    /// A signature is wrong.
    BadSignature,
    /// A checkpoint, or the note of a deletion, makes no sense.
    BadCheckpoint,
    /// Signed with a key that is not this chain's.
    OtherKey,
    /// It belongs to the other side's chain.
    OtherChain,
    /// Too many entries without a checkpoint.
    Unsigned,
    /// Its hash is not the one that was noted elsewhere.
    NotAsNoted,
    /// The chain ends before an entry that was noted elsewhere.
    Cut {
        /// The entry that was noted.
        noted: u64,
    },
}

impl What {
    /// Its code in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing { .. } => "missing",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::NoBeginning => "no-beginning",
            Self::Rewritten { .. } => "rewritten",
            Self::BadSignature => "bad-signature",
            Self::BadCheckpoint => "bad-checkpoint",
            Self::OtherKey => "other-key",
            Self::OtherChain => "other-chain",
            Self::Unsigned => "unsigned",
            Self::NotAsNoted => "not-as-noted",
            Self::Cut { .. } => "cut",
        }
    }
}

impl Fault {
    /// What is wrong and where, for a person.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match language {
            Language::Ja => self.japanese(),
            Language::En => self.to_string(),
        }
    }

    fn japanese(&self) -> String {
        let at = self.at;
        match self.what {
            What::Changed => format!("{at}番の記録が書き換えられているか、直前の記録とつながっていません"),
            What::Missing { until } if until == at => format!("{at}番の記録がありません"),
            What::Missing { until } => format!("{at}番から{until}番までの記録がありません"),
            What::Inserted => format!("{at}番に、元の記録にないものが差し込まれています"),
            What::Reordered => format!("{at}番の記録の順序が入れ替わっています"),
            What::NoBeginning => {
                format!("{at}番より前の記録がなく、保存期間の満了による削除であることを示す署名付きの記録もありません")
            }
            What::Rewritten { since } => format!(
                "{at}番の署名と一致しません。{since}番より後の記録が、ハッシュ値のつじつまを合わせて書き換えられています"
            ),
            What::BadSignature => format!("{at}番の署名が正しくありません"),
            What::BadCheckpoint => format!("{at}番の署名の記録が、記録として成り立っていません"),
            What::OtherKey => format!("{at}番の署名は、この記録の鍵によるものではありません"),
            What::OtherChain => format!("{at}番の記録は、反対側（インターネット側とLGWAN側）の記録です"),
            What::Unsigned => format!("{at}番まで、長い間署名がありません"),
            What::NotAsNoted => format!("{at}番のハッシュ値が、控えの値と違います"),
            What::Cut { noted } => format!("{at}番で終わっています。控えにある{noted}番までの記録が失われています"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.what {
            What::Changed => write!(f, "entry {at} was changed, or does not follow from the one before"),
            What::Missing { until } if until == at => write!(f, "entry {at} is missing"),
            What::Missing { until } => write!(f, "entries {at} to {until} are missing"),
            What::Inserted => write!(f, "entry {at} was inserted"),
            What::Reordered => write!(f, "entry {at} does not stand in its place"),
            What::NoBeginning => {
                write!(f, "what was before entry {at} is gone, and no signed entry says that its time was over")
            }
            What::Rewritten { since } => write!(
                f,
                "the signature of entry {at} is for another chain: something behind entry {since} was changed, and \
                 the hashes were made to fit"
            ),
            What::BadSignature => write!(f, "the signature of entry {at} is wrong"),
            What::BadCheckpoint => write!(f, "entry {at}, a signature, makes no sense"),
            What::OtherKey => write!(f, "entry {at} is signed with a key that is not this chain's"),
            What::OtherChain => write!(f, "entry {at} belongs to the other side's chain"),
            What::Unsigned => write!(f, "there is no signature for long before entry {at}"),
            What::NotAsNoted => write!(f, "the hash of entry {at} is not the one that was noted"),
            What::Cut { noted } => write!(f, "the chain ends at entry {at}, before entry {noted} that was noted"),
        }
    }
}

impl std::error::Error for Fault {}
