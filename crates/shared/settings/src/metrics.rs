//! Every metric: name, type, unit and one line of documentation in both languages.
//!
//! One table ([`METRICS`]) is the only place where a name stands. `sekisho metrics` prints no other, the manual's
//! table is made of it, and a test holds both together. Names follow the rules of Prometheus: the unit at the end,
//! `_total` for what only rises, times as seconds since 1970.

use std::fmt::Write;

use crate::Language;

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: MetricKind,
    /// What it counts.
    pub unit: Unit,
    /// What tells its values apart, in this order.
    pub labels: &'static [&'static str],
    /// One line, English.
    pub en: &'static str,
    /// One line, Japanese.
    pub ja: &'static str,
}

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It rises, and begins anew when the program does.
    Counter,
    /// It rises and falls.
    Gauge,
}

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 1 for yes, 0 for no.
    Flag,
    /// Octets.
    Bytes,
    /// Seconds since 1970.
    Time,
    /// Mails.
    Mails,
    /// Other things, as the documentation says.
    Count,
}

const SIDE: &[&str] = &["side"];

/// Every metric, in the order of a page.
#[rustfmt::skip] // a row is three lines: what, English, Japanese
pub const METRICS: &[Metric] = &[
    gauge("sekisho_up", Unit::Flag, SIDE,
        "Whether the program answers.",
        "プログラムが応答するか。"),
    gauge("sekisho_info", Unit::Flag, &["side", "version", "profile"],
        "Always 1: the version and the policy in force.",
        "常に 1。版と、使われているポリシー。"),
    gauge("sekisho_start_time_seconds", Unit::Time, SIDE,
        "When the program started.",
        "起動した時刻。"),
    gauge("sekisho_problem", Unit::Flag, &["side", "problem"],
        "Whether the program counts as unhealthy for this reason (the codes of `sekisho status --json`).",
        "この理由で異常とされているか (符号は `sekisho status --json` と同じ)。"),
    gauge("sekisho_mails", Unit::Mails, &["side", "state"],
        "Mails in each state: ready and waiting are the queue.",
        "状態ごとの通数。ready と waiting が待ち行列。"),
    gauge("sekisho_mails_bytes", Unit::Bytes, &["side", "state"],
        "Octets of the mails in each state.",
        "状態ごとの容量。"),
    gauge("sekisho_mails_oldest_time_seconds", Unit::Time, &["side", "state"],
        "When the oldest mail in this state came; absent when there is none.",
        "この状態で最も古いメールの受信時刻。なければ出ません。"),
    gauge("sekisho_free_bytes", Unit::Bytes, SIDE,
        "Free octets on the disk of the state directory.",
        "状態ディレクトリのあるディスクの空き。"),
    gauge("sekisho_floor_bytes", Unit::Bytes, SIDE,
        "Floor of the free octets, below which no mail is taken (min_free_space).",
        "空きの下限。これを下回ると受け取りません (min_free_space)。"),
    gauge("sekisho_layer_active", Unit::Flag, &["side", "layer"],
        "Whether this layer of the workers' isolation is in force.",
        "解析プロセスの隔離のこの層が有効か。"),
    counter("sekisho_received_total", Unit::Mails, SIDE,
        "Mails answered with 250.",
        "250 で受け取ったメール。"),
    counter("sekisho_receive_refusals_total", Unit::Count, &["side", "what", "reason"],
        "What the receiver refused: a client at the door, a command (reason: the enhanced status code), a mail, or a connection that it ended.",
        "受信で断ったもの。what は client (接続元)、command (コマンド。reason は拡張状態コード)、mail (メール)、connection (切断した接続)。"),
    counter("sekisho_handed_over_total", Unit::Mails, SIDE,
        "Mails that the LGWAN side took.",
        "LGWAN 側が受け取ったメール。"),
    counter("sekisho_held_total", Unit::Mails, SIDE,
        "Mails held, for any reason.",
        "保留したメール。"),
    counter("sekisho_worker_failures_total", Unit::Mails, SIDE,
        "Mails held because a worker crashed, was killed, took too long, or wrote garbage.",
        "解析プロセスの異常終了、強制終了、時間切れ、不正な応答のために保留したメール。"),
    counter("sekisho_verification_refusals_total", Unit::Mails, SIDE,
        "Mails refused by the LGWAN side on verification: a defect or an attack.",
        "LGWAN 側が検証で拒否したメール。欠陥か攻撃の疑い。"),
    counter("sekisho_handoff_repeats_total", Unit::Mails, SIDE,
        "Mails handed over again after a broken connection (outer), or known already (inner).",
        "接続が切れて渡し直したメール (outer)、既に受け取っていたメール (inner)。"),
    counter("sekisho_taken_total", Unit::Mails, SIDE,
        "Mails taken over the border, verified and stored.",
        "境界を越えて受け取り、検証し保存したメール。"),
    counter("sekisho_relayed_total", Unit::Mails, SIDE,
        "Mails that the mail server inside took for everybody.",
        "LGWAN 側のメールサーバーが全宛先分を受け取ったメール。"),
    counter("sekisho_deferred_total", Unit::Mails, SIDE,
        "Attempts after which a mail waits for another.",
        "次の試行を待つことになった配送の試行。"),
    counter("sekisho_buried_total", Unit::Mails, SIDE,
        "Mails given up: refused for good, or expired.",
        "断念したメール (恒久的な拒否、期限切れ)。"),
    gauge("sekisho_held_mails", Unit::Mails, &["side", "reason"],
        "Mails that wait for a person, by reason.",
        "人の判断を待つメール (理由別)。"),
    gauge("sekisho_held_oldest_time_seconds", Unit::Time, &["side", "reason"],
        "When the oldest of them came.",
        "そのうち最も古いものの受信時刻。"),
    gauge("sekisho_kept_originals", Unit::Mails, &["side", "class"],
        "Originals kept of delivered mails, by class of retention.",
        "配送済みメールの原本 (保存期間の種類別)。"),
    gauge("sekisho_original_requests", Unit::Count, &["side", "state"],
        "Requests for originals, by state: pending wait for approval, approved for delivery.",
        "原本の申請 (状態別)。pending は承認待ち、approved は配送待ち。"),
    gauge("sekisho_vault_bytes", Unit::Bytes, SIDE,
        "Octets of originals.",
        "原本の容量。"),
    gauge("sekisho_vault_shared_bytes", Unit::Bytes, SIDE,
        "Octets saved by keeping equal originals once.",
        "同じ原本をまとめて節約した容量。"),
    gauge("sekisho_vault_room_bytes", Unit::Bytes, SIDE,
        "Octets left above the floor.",
        "下限までの残り。"),
    gauge("sekisho_audit_entries", Unit::Count, SIDE,
        "Number of the last entry of the audit record.",
        "監査記録の最後の項目の番号。"),
    gauge("sekisho_audit_checkpoint_time_seconds", Unit::Time, SIDE,
        "When the record was signed last by this run of the program; absent before the first time.",
        "起動後に監査記録へ最後に署名した時刻。まだなければ出ません。"),
];

const fn gauge(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    en: &'static str,
    ja: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit, labels, en, ja }
}

const fn counter(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    en: &'static str,
    ja: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit, labels, en, ja }
}

impl MetricKind {
    /// Its word in the exposition format.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

impl Unit {
    fn word(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Flag => ("0 か 1", "0 or 1"),
            Self::Bytes => ("バイト", "bytes"),
            Self::Time => ("1970年からの秒", "seconds since 1970"),
            Self::Mails => ("通", "mails"),
            Self::Count => ("件", "count"),
        };
        match language {
            Language::Ja => ja,
            Language::En => en,
        }
    }
}

/// The metric of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// The manual's table.
#[must_use]
pub fn manual(language: Language) -> String {
    let mut page = match language {
        Language::Ja => "| 名前 | 型 | 単位 | ラベル | 意味 |\n|---|---|---|---|---|\n".to_owned(),
        Language::En => "| name | type | unit | labels | meaning |\n|---|---|---|---|---|\n".to_owned(),
    };
    for Metric { name, kind, unit, labels, en, ja } in METRICS {
        let meaning = match language {
            Language::Ja => ja,
            Language::En => en,
        };
        let (kind, unit, labels) = (kind.word(), unit.word(language), labels.join(", "));
        let _ = writeln!(page, "| `{name}` | {kind} | {unit} | {labels} | {meaning} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_and_say_their_unit() {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        for (at, metric) in METRICS.iter().enumerate() {
            let name = metric.name;
            assert!(name.starts_with("sekisho_") && plain(name), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == MetricKind::Counter, "{name}");
            assert_eq!(name.ends_with("_bytes"), metric.unit == Unit::Bytes, "{name}");
            assert_eq!(name.ends_with("_seconds"), metric.unit == Unit::Time, "{name}");
            assert!(metric.labels.first() == Some(&"side") && metric.labels.iter().all(|label| plain(label)), "{name}");
            assert_eq!(METRICS.iter().position(|other| other.name == name), Some(at), "{name}");
            assert!(metric.en.ends_with('.') && metric.ja.ends_with('。') && metric.en.is_ascii(), "{name}");
        }
    }
}
