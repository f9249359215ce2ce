//! What a program says when the answer is no, in words and as an exit code.

use sekisho_channel::admin::{Act, Decided, Reply, Role};
use sekisho_job::HoldReason;
use sekisho_safe_message::SafeLine;

use crate::exit::Exit;
use crate::mails::{clock, words};
use crate::screen::Screen;

/// A reply that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum No {
    /// The caller may not; `None`: two persons are needed.
    Denied(Option<Role>),
    /// Somebody was faster.
    Decided(Box<Decided>),
    /// It makes no sense: a code.
    Invalid(SafeLine),
    /// No such mail.
    NotFound,
    /// Not in the mail's present state.
    Conflict,
    /// The program has trouble.
    Trouble,
}

impl No {
    /// Whether `reply` says no.
    pub(crate) fn of(reply: &Reply) -> Option<Self> {
        match reply {
            Reply::Denied { role } => Some(Self::Denied(*role)),
            Reply::Decided(decided) => Some(Self::Decided(decided.clone())),
            Reply::Invalid { code } => Some(Self::Invalid(code.clone())),
            Reply::NotFound => Some(Self::NotFound),
            Reply::Conflict => Some(Self::Conflict),
            Reply::Trouble => Some(Self::Trouble),
            Reply::Status(_)
            | Reply::Item(_)
            | Reply::Detail { .. }
            | Reply::Caller { .. }
            | Reply::Page { .. }
            | Reply::Count { .. }
            | Reply::Stats(_)
            | Reply::Text { .. }
            | Reply::File(_)
            | Reply::Octets { .. }
            | Reply::Working
            | Reply::Released { .. }
            | Reply::Request(_)
            | Reply::Password { .. }
            | Reply::Link(_)
            | Reply::Done => None,
        }
    }

    /// The act that was done before, if it is one of `same`: asking for what
    /// is done already is no failure.
    pub(crate) fn is_same(&self, same: &[&str]) -> Option<&Act> {
        match self {
            Self::Decided(decided) => Some(&decided.act).filter(|act| same.contains(&act.what.as_str())),
            Self::Denied(_) | Self::Invalid(_) | Self::NotFound | Self::Conflict | Self::Trouble => None,
        }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Denied(_) | Self::Decided(_) | Self::Conflict => Exit::Refused,
            Self::Invalid(code) => invalid(code.as_str()),
            Self::NotFound => Exit::NotFound,
            Self::Trouble => Exit::Failed,
        }
    }

    /// The code in JSON.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Denied(_) => "denied",
            Self::Decided(_) => "decided",
            Self::Invalid(code) => code.as_str(),
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Trouble => "trouble",
        }
    }

    /// A sentence for a person about `what` (an id, as a rule).
    pub(crate) fn sentence(&self, what: &str, screen: &Screen) -> String {
        let language = screen.language();
        match self {
            Self::Denied(Some(role)) => {
                let role = words::role(*role, language);
                screen.t(
                    format!("{what}: 権限がありません。{role}の役割が要ります（設定の [roles]）。"),
                    format!("{what}: you may not do this: it takes the role {role} ([roles] in the configuration)"),
                )
            }
            Self::Denied(None) => screen.t(
                format!("{what}: 申請した人とは別の承認者が必要です（二人による承認）。"),
                format!("{what}: it takes a second person: who asked cannot approve"),
            ),
            Self::Decided(decided) => {
                format!("{what}: {}", decided_by(&decided.act, screen))
            }
            Self::Invalid(code) => format!("{what}: {}", words::invalid(code.as_str(), language)),
            Self::NotFound => {
                screen.t(format!("{what} というメールはありません。"), format!("no mail has the id {what}"))
            }
            Self::Conflict => screen.t(
                format!("{what}: 今の状態ではできません。sekisho show で状態を確かめてください。"),
                format!("{what}: not in its present state; see `sekisho show`"),
            ),
            Self::Trouble => screen.t(
                format!("{what}: プログラムの内部で問題が起きました。ログを確かめてください。"),
                format!("{what}: the program has trouble: look at its log"),
            ),
        }
    }

    /// Says it, and gives the exit code.
    pub(crate) fn say(&self, what: &str, screen: &Screen) -> Exit {
        screen.error(self.sentence(what, screen));
        self.exit()
    }
}

/// A code that blames the command is bad usage; others tell of the mail or of
/// the program.
fn invalid(code: &str) -> Exit {
    match code {
        "no-original" | "no-request" => Exit::NotFound,
        "legal-hold" | "never-crosses" | "already-mildest" | "too-many-requests" => Exit::Refused,
        "damaged" | "no-room" | "no-key" | "no-workers" | "internal" | "keys" | "not-sent" => Exit::Failed,
        // A preview that comes to no end for the same reason as the mail.
        code if HoldReason::from_code(code).is_some() => Exit::Refused,
        _ => Exit::Usage,
    }
}

/// Who did what before, when and why.
pub(crate) fn decided_by(act: &Act, screen: &Screen) -> String {
    let what = words::act(act.what.as_str(), screen.language());
    let (who, at, why) = (&act.who, clock(act.at_ms), &act.why);
    screen.t(
        format!("既に {who} が {at} に処理しました（{what}、理由: {why}）。"),
        format!("{who} was faster, at {at}: {what} (\"{why}\")"),
    )
}

/// What a reply that no command expects means.
pub(crate) fn strange(what: &str, screen: &Screen) -> Exit {
    screen.error(screen.t(
        format!("{what}: 想定外の応答です。コマンドとプログラムの版が同じか確かめてください。"),
        format!("{what}: an answer that is not expected: are command and programs of one version?"),
    ));
    Exit::Failed
}
