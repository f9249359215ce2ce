//! What a check came to, in words and as JSON.

use sekisho_audit::Verdict;
use sekisho_safe_message::{MailId, Sha256};
use serde_json::json;

use super::join::{Joined, Odd};
use crate::ask::Side;
use crate::mails::clock;
use crate::screen::{Screen, Tone};

/// One side's record.
pub(crate) fn print(side: Side, verdict: &Verdict, screen: &Screen) {
    let summary = &verdict.summary;
    if screen.is_json() {
        let fault = verdict.fault.map(
            |fault| json!({ "at": fault.at, "code": fault.what.code(), "text": fault.explain(screen.language()) }),
        );
        screen.object(&json!({
            "schema": "sekisho.audit-verify/1", "side": side.name(), "sound": fault.is_none(), "fault": fault,
            "entries": summary.entries, "first": summary.first, "last": summary.last,
            "hash": Sha256::from_bytes(summary.hash), "first_ms": summary.first_ms, "last_ms": summary.last_ms,
            "checkpoints": summary.checkpoints, "signed": summary.signed, "key": summary.key,
        }));
        return;
    }
    let (tone, word) = match verdict.fault {
        None => (Tone::Good, screen.t("改ざんなし", "sound")),
        Some(_) => (Tone::Bad, screen.t("改ざんの疑い", "NOT SOUND")),
    };
    screen.line(format!("{}  {}", screen.paint(Tone::Head, side.label(screen)), screen.paint(tone, word)));
    if let Some(fault) = verdict.fault {
        screen.line(format!("  {} {}", screen.paint(Tone::Bad, "!"), fault.explain(screen.language())));
    }
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![(Tone::Dim, format!("  {name}")), (Tone::Plain, value)]);
    let (entries, first, last) = (summary.entries, summary.first, summary.last);
    row(
        screen.t("記録", "entries"),
        screen.t(format!("{entries}件（{first}番〜{last}番）"), format!("{entries} ({first} to {last})")),
    );
    if let (Some(first_ms), Some(last_ms)) = (summary.first_ms, summary.last_ms) {
        let (from, to) = (clock(first_ms), clock(last_ms));
        row(screen.t("期間", "period"), screen.t(format!("{from} 〜 {to}"), format!("{from} to {to}")));
    }
    let (checkpoints, signed) = (summary.checkpoints, summary.signed);
    let open = last.saturating_sub(signed.max(first.saturating_sub(1)));
    row(
        screen.t("署名", "signatures"),
        screen.t(
            format!("{checkpoints}個（{signed}番まで署名済み、その後 {open}件）"),
            format!("{checkpoints} (up to entry {signed}, {open} entries since)"),
        ),
    );
    if let Some(key) = summary.key {
        row(screen.t("公開鍵", "public key"), key.to_string());
    }
    if entries > 0 {
        // What --checkpoint takes, next time.
        row(screen.t("控え用", "to be noted"), format!("{last}:{}", Sha256::from_bytes(summary.hash)));
    }
    screen.table(&["", ""], &rows);
    screen.line("");
}

/// Both sides' records together.
pub(crate) fn print_joined(joined: &Joined, screen: &Screen) {
    if screen.is_json() {
        let odd = |odd: &Odd| json!({ "count": odd.count, "ids": odd.ids });
        screen.object(&json!({
            "schema": "sekisho.audit-join/1", "sound": joined.is_sound(), "complete": !joined.given_up,
            "both": joined.both, "under_way": joined.under_way, "unheard": joined.unheard, "outer_only": odd(&joined.outer_only),
            "inner_only": odd(&joined.inner_only), "different": odd(&joined.different),
        }));
        return;
    }
    let (tone, word) = match (joined.is_sound(), joined.given_up) {
        (false, _) => (Tone::Bad, screen.t("不一致", "they disagree")),
        (true, true) => (Tone::Warn, screen.t("一部のみ照合", "compared in part")),
        (true, false) => (Tone::Good, screen.t("一致", "they agree")),
    };
    let head = screen.t("両側の照合", "Both sides");
    screen.line(format!("{}  {}", screen.paint(Tone::Head, head), screen.paint(tone, word)));
    if joined.given_up {
        screen.line(screen.t(
            "  片側にしかないメールが多すぎるため、途中で照合をやめました。",
            "  Too many mails stood on one side alone: the rest was not compared.",
        ));
    }
    let both = joined.both;
    screen.line(
        screen.t(format!("  両側で一致したメール {both}通"), format!("  {both} mails stand on both sides alike")),
    );
    if joined.under_way > 0 {
        let count = joined.under_way;
        screen.line(screen.t(format!("  受け渡しの途中 {count}通"), format!("  {count} are under way")));
    }
    if joined.unheard > 0 {
        let count = joined.unheard;
        screen.line(screen.t(
            format!("  解放の途中で応答を受け取れなかったメール {count}通（LGWAN側には届いています）"),
            format!("  {count} are inside by a release that was cut off: the outside has not heard so"),
        ));
    }
    let odd = [
        (&joined.outer_only, screen.t("引き渡し済みのはずがLGWAN側に記録がない", "handed over, and unknown inside")),
        (&joined.inner_only, screen.t("LGWAN側にだけ記録がある", "taken inside, and unknown outside")),
        (&joined.different, screen.t("両側で内容が違う", "not the same on both sides")),
    ];
    for (odd, what) in odd.into_iter().filter(|(odd, _)| odd.count > 0) {
        let count = odd.count;
        let line = screen.t(format!("{what}メール {count}通"), format!("{count} mails {what}"));
        screen.line(format!("  {} {line}", screen.paint(Tone::Bad, "!")));
        let ids: Vec<_> = odd.ids.iter().map(MailId::to_string).collect();
        ids.iter().for_each(|id| screen.line(format!("    {id}")));
    }
    screen.line("");
}
