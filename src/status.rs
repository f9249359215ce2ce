//! `sekisho status`: how both programs are doing, stage by stage.

use clap::ArgMatches;
use sekisho_channel::admin::{MailState, Problem, Reply, Request, Status};
use sekisho_settings::CommandSettings;

use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::mails::state_word;
use crate::screen::{Screen, Tone, size, span};

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let mut exit = Exit::Ok;
    for side in Side::asked(matches) {
        match ask::ask(side, &settings.admin, &Request::Status) {
            Ok(replies) => match replies.into_iter().next() {
                Some(Reply::Status(status)) => {
                    if !status.problems.is_empty() && exit == Exit::Ok {
                        exit = Exit::Failed;
                    }
                    show(side, &status, screen);
                }
                Some(_) | None => exit = Exit::Failed,
            },
            Err(err) => exit = ask::unreachable(side, &err, screen),
        }
    }
    exit
}

fn show(side: Side, status: &Status, screen: &Screen) {
    if screen.is_json() {
        let object = serde_json::json!({
            "schema": "sekisho.status/1", "side": side.name(), "healthy": status.problems.is_empty(), "status": status,
        });
        screen.object(&object);
        return;
    }
    let healthy = status.problems.is_empty();
    let (tone, word) = match healthy {
        true => (Tone::Good, screen.t("正常", "healthy")),
        false => (Tone::Bad, screen.t("要対応", "needs attention")),
    };
    let up = span(now_ms().saturating_sub(status.started_ms), screen.language());
    screen.line(format!(
        "{}  {}  {}",
        screen.paint(Tone::Head, side.label(screen)),
        screen.paint(tone, word),
        screen.paint(
            Tone::Dim,
            &screen.t(
                format!("{} {}（pid {}、稼働 {up}）", status.program, status.version, status.pid),
                format!("{} {} (pid {}, up {up})", status.program, status.version, status.pid)
            )
        ),
    ));
    for problem in &status.problems {
        screen.line(format!("  {} {}", screen.paint(Tone::Bad, "!"), explain(*problem, screen)));
    }
    facts(status, screen);
    stages(status, screen);
    screen.line("");
}

fn facts(status: &Status, screen: &Screen) {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![(Tone::Dim, format!("  {name}")), (Tone::Plain, value)]);
    row(screen.t("待ち受け", "listening"), status.listening.join(" "));
    if let Some(profile) = &status.profile {
        row(screen.t("方式", "profile"), profile.clone());
    }
    row(
        screen.t("空き容量", "free space"),
        screen.t(
            format!("{}（下限 {}）", size(status.free_bytes), size(status.floor_bytes)),
            format!("{} (floor {})", size(status.free_bytes), size(status.floor_bytes)),
        ),
    );
    if !status.layers.is_empty() {
        row(screen.t("隔離", "isolation"), isolation(&status.layers, screen));
    }
    let counters: Vec<_> =
        status.counters.iter().map(|(name, count)| format!("{} {count}", counter(name, screen))).collect();
    row(screen.t("起動後", "since start"), counters.join(screen.t("、", ", ")));
    screen.table(&["", ""], &rows);
}

/// The layers in force, then those that are not, with the reason.
fn isolation(layers: &[(String, String)], screen: &Screen) -> String {
    let active: Vec<_> = layers.iter().filter(|(_, state)| state == "active").map(|(name, _)| name.as_str()).collect();
    let missing = layers.iter().filter(|(_, state)| state != "active");
    let missing: Vec<_> = missing.map(|(name, why)| format!("{name}: {why}")).collect();
    let text = screen.t(format!("{} が有効", active.join(" ")), format!("{} active", active.join(" ")));
    if missing.is_empty() { text } else { format!("{text}; {}", missing.join("; ")) }
}

/// The word for a counter; an unknown one keeps its name.
fn counter<'a>(name: &'a str, screen: &Screen) -> &'a str {
    match name {
        "received" => screen.t("受信", "received"),
        "delivered" => screen.t("引き渡し", "handed over"),
        "held" => screen.t("保留", "held"),
        "worker-failures" => screen.t("解析失敗", "worker failures"),
        "refused" => screen.t("検証拒否", "refused"),
        "repeats" => screen.t("再送", "repeats"),
        "taken" => screen.t("受け取り", "taken"),
        "repeated" => screen.t("重複", "repeated"),
        "relayed" => screen.t("配送", "relayed"),
        "deferred" => screen.t("延期", "deferred"),
        "buried" => screen.t("断念", "buried"),
        other => other,
    }
}

fn stages(status: &Status, screen: &Screen) {
    let now = now_ms();
    let rows: Vec<_> = status
        .stages
        .iter()
        .map(|stage| {
            let tone = match (stage.state, stage.count) {
                (_, 0) => Tone::Dim,
                (MailState::Held | MailState::Buried, _) => Tone::Warn,
                (MailState::Ready | MailState::Waiting | MailState::Kept | MailState::Done, _) => Tone::Plain,
            };
            let oldest = stage.oldest_ms.map(|ms| span(now.saturating_sub(ms), screen.language())).unwrap_or_default();
            vec![
                (tone, format!("  {}", state_word(stage.state, screen))),
                (tone, stage.count.to_string()),
                (tone, size(stage.bytes)),
                (tone, oldest),
            ]
        })
        .collect();
    let head = [
        screen.t("  状態", "  state"),
        screen.t("通数", "mails"),
        screen.t("容量", "size"),
        screen.t("最古", "oldest"),
    ];
    screen.table(&head, &rows);
}

/// What a problem means and what to do about it.
fn explain(problem: Problem, screen: &Screen) -> &'static str {
    match problem {
        Problem::LowSpace => screen.t(
            "空き容量が下限を下回り、新しいメールを452で断っています。ディスクを空けてください。",
            "Free space is below the floor: new mail is refused with 452. Free some disk space.",
        ),
        Problem::NoWorkers => screen.t(
            "解析プロセスを起動できません。sekisho check で原因を確かめてください。",
            "No worker starts. See `sekisho check`.",
        ),
        Problem::HandoffDown => screen.t(
            "LGWAN側のプログラムが応答しません。届いたメールは失われず、待っています。",
            "The LGWAN side does not answer. Mail waits and is not lost.",
        ),
        Problem::RelayDown => screen.t(
            "LGWAN側のメールサーバーが応答しません。メールは失われず、再送を待っています。",
            "The mail server inside does not answer. Mail waits for its next attempt.",
        ),
        Problem::OldMail => screen.t(
            "1時間以上待っているメールがあります。sekisho queue list で確かめてください。",
            "Mail has waited for over an hour. See `sekisho queue list`.",
        ),
        Problem::Refusals => screen.t(
            "LGWAN側が検証で拒否したメールがあります。欠陥か攻撃の疑いがあります。ログを確かめてください。",
            "The LGWAN side refused mail on verification: a defect or an attack. Look at the log.",
        ),
        Problem::ManyHeld => screen.t(
            "保留がreview.held_maxを超えています。sekisho quarantine review で確認してください。",
            "More mails are held than review.held_max. See `sekisho quarantine review`.",
        ),
        Problem::OldHeld => screen.t(
            "review.age_maxを超えて保留のままのメールがあります。sekisho quarantine list --oldest-first で確認してください。",
            "A mail has been held for longer than review.age_max. See `sekisho quarantine list --oldest-first`.",
        ),
        Problem::HeldLeaving => screen.t(
            "まもなくvault.retention_heldの期限で消える保留メールがあります。sekisho quarantine list --oldest-first で判断してください。",
            "Held mails soon go by vault.retention_held. Decide: `sekisho quarantine list --state held --oldest-first`.",
        ),
        Problem::OriginalsDown => screen.t(
            "原本を渡すメールサーバー（original.deliver）が応答しません。原本は待っています。",
            "The mail server for originals (original.deliver) does not answer. Originals wait.",
        ),
    }
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
