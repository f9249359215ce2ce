//! Figures to rows for people: one set of rows serves the terminal, the page,
//! and the comparison with an older run.

use unicode_width::UnicodeWidthStr;

use super::figures::{Figures, Latency, Run};
use super::words::{Language, count, number, pad};
use crate::spread::Spread;

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What it is, in the reader's language.
    pub label: String,
    /// For ratios and differences.
    pub value: f64,
    /// As people read it.
    pub shown: String,
}

/// Rows of equal length; the first is the head, the first column the labels.
pub type Rows = Vec<Vec<String>>;

/// Every figure of one server.
pub fn metrics(figures: &Figures, language: Language) -> Vec<Metric> {
    let t = |ja, en| language.pick::<&str>(ja, en);
    let mut all = Vec::new();
    let mut add = |label: String, value: f64, shown: String| all.push(Metric { label, value, shown });
    let counted = |value: u64| (value as f64, count(value));
    let rate = |value: f64| (value, number(value));
    let mut plain = |ja, en, (value, shown): (f64, String)| add(t(ja, en).to_owned(), value, shown);
    plain("受信 (通)", "accepted", counted(figures.accepted));
    plain("受信 (通/秒)", "accepted/s", rate(figures.accepted_rate));
    if figures.sink {
        plain("配送 (通)", "delivered", counted(figures.delivered));
        plain("配送 (通/秒)", "delivered/s", rate(figures.delivered_rate));
        if let Some(held) = figures.held {
            let share = 100.0 * held as f64 / figures.accepted.max(1) as f64;
            plain("保留 (通)", "held", (held as f64, format!("{} ({share:.1} %)", count(held))));
        }
        plain("紛失 (通)", "lost", counted(figures.lost));
        plain("重複 (通)", "duplicates", counted(figures.duplicates));
    }
    for (ja, en, value) in [
        ("未着 (中断時点)", "under way when ended", figures.under_way),
        ("421 で待たされた回数", "put off with 421", figures.put_off),
        ("期限までに送れず (通)", "not sent in time", figures.unsent),
        ("この測定のものでない着信", "arrivals not of this run", figures.strange),
    ] {
        if value > 0 {
            plain(ja, en, counted(value));
        }
    }
    for (why, refused) in &figures.refused {
        let (value, shown) = counted(*refused);
        add(format!("{} {why}", t("拒否", "refused")), value, shown);
    }
    latency(&mut add, t("250 まで", "to 250"), &figures.to_reply);
    if figures.sink {
        latency(&mut add, t("配送まで", "to delivery"), &figures.to_delivery);
    }
    for (program, ms) in &figures.cpu_ms {
        add(format!("{} {program} (ms)", t("1通あたりCPU", "CPU/mail")), *ms, number(*ms));
    }
    if let Some(all) = figures.cpu_all() {
        add(format!("{} (ms)", t("1通あたりCPU 合計", "CPU/mail, all")), all, number(all));
    }
    if let Some(flushes) = figures.flushes_per_mail {
        add(
            t("1通あたりディスク同期 (マシン全体)", "disk flushes/mail (machine)").to_owned(),
            flushes,
            number(flushes),
        );
    }
    let mib = |kib: u64| kib as f64 / 1024.0;
    for (program, kib) in &figures.pss_kib {
        add(format!("{} {program} (MiB)", t("最大メモリ", "peak PSS")), mib(*kib), number(mib(*kib)));
    }
    if figures.pss_all_kib > 0 {
        let all = mib(figures.pss_all_kib);
        add(format!("{} (MiB)", t("最大メモリ 合計", "peak PSS, all")), all, number(all));
    }
    all
}

fn latency(add: &mut impl FnMut(String, f64, String), what: &str, latency: &Latency) {
    for (name, value) in [
        ("p50", latency.p50),
        ("p90", latency.p90),
        ("p99", latency.p99),
        ("p99.9", latency.p999),
        ("max", latency.max),
    ] {
        add(format!("{what} {name} (ms)"), value, number(value));
    }
}

/// How two figures stand to each other: its name, and how it is worked out.
pub type Relation<'a> = (&'a str, fn(f64, f64) -> String);

/// A column for each of `columns`; with two also how they stand to each other.
pub fn rows(columns: &[(&str, Vec<Metric>)], third: Option<Relation<'_>>) -> Rows {
    let mut labels: Vec<&str> = Vec::new();
    for metric in columns.iter().flat_map(|(_, metrics)| metrics) {
        if !labels.contains(&metric.label.as_str()) {
            labels.push(&metric.label);
        }
    }
    let mut head = vec![String::new()];
    head.extend(columns.iter().map(|(name, _)| (*name).to_owned()));
    head.extend(third.map(|(name, _)| name.to_owned()));
    let row = |label: &str| {
        let of = |metrics: &'_ [Metric]| metrics.iter().find(|metric| metric.label == label).cloned();
        let cells: Vec<Option<Metric>> = columns.iter().map(|(_, metrics)| of(metrics)).collect();
        let mut row = vec![label.to_owned()];
        row.extend(cells.iter().map(|cell| cell.as_ref().map_or("-".to_owned(), |metric| metric.shown.clone())));
        row.extend(third.map(|(_, relation)| match cells.as_slice() {
            [Some(one), Some(other)] => relation(one.value, other.value),
            _ => String::new(),
        }));
        row
    };
    std::iter::once(head).chain(labels.iter().map(|label| row(label))).collect()
}

/// `one` as a multiple of `other`.
pub fn ratio(one: f64, other: f64) -> String {
    if other > 0.0 { format!("{:.2}", one / other) } else { String::new() }
}

/// From `old` to `new`, in percent.
pub fn change(old: f64, new: f64) -> String {
    if old > 0.0 { format!("{:+.1} %", 100.0 * (new - old) / old) } else { String::new() }
}

/// Of each server the round whose outcome is in the middle: a real one, not a
/// mixture. Counts that must be 0 are those of all rounds.
pub fn middle(results: &[Figures]) -> Vec<Figures> {
    let mut names: Vec<&str> = Vec::new();
    for figures in results {
        if !names.contains(&figures.target.as_str()) {
            names.push(&figures.target);
        }
    }
    let of = |name: &str| {
        let mut rounds: Vec<&Figures> = results.iter().filter(|figures| figures.target == name).collect();
        rounds.sort_by(|a, b| a.outcome().0.total_cmp(&b.outcome().0));
        let mut middle = rounds.get(rounds.len().saturating_sub(1) / 2).map(|figures| (*figures).clone())?;
        middle.lost = rounds.iter().map(|figures| figures.lost).sum();
        middle.duplicates = rounds.iter().map(|figures| figures.duplicates).sum();
        Some(middle)
    };
    names.into_iter().filter_map(of).collect()
}

/// The outcome of the server under test to that of the other, round by round.
pub fn ratios(results: &[Figures]) -> Spread {
    let Some(first) = results.first() else { return Spread::default() };
    let own = results.iter().filter(|figures| figures.target == first.target);
    let other = results.iter().filter(|figures| figures.target != first.target);
    // What both have in common: without a sink at one, acceptance.
    let common = results.iter().all(|figures| figures.sink);
    let rate = |figures: &Figures| if common { figures.delivered_rate } else { figures.accepted_rate };
    own.zip(other).map(|(own, other)| rate(own) / rate(other)).collect()
}

/// The table of a run.
pub fn of_run(run: &Run, language: Language) -> Rows {
    let middle = middle(&run.results);
    let columns: Vec<_> = middle.iter().map(|figures| (figures.target.as_str(), metrics(figures, language))).collect();
    let third = (columns.len() == 2).then(|| (language.pick("比", "ratio"), ratio as fn(f64, f64) -> String));
    rows(&columns, third)
}

/// The steps of a ramp.
pub fn of_ramp(run: &Run, language: Language) -> Rows {
    let t = |ja: &str, en: &str| language.pick(ja, en).to_owned();
    let head = vec![
        t("送信 (通/秒)", "due/s"),
        t("受信 (通/秒)", "accepted/s"),
        t("配送 (通/秒)", "delivered/s"),
        "p99 (ms)".to_owned(),
        t("判定", "kept up"),
    ];
    let step = run.ramp.iter().map(|step| {
        let held = if step.held_up { t("可", "yes") } else { t("不可", "no") };
        let mut row: Vec<String> =
            [step.rate, step.accepted_rate, step.delivered_rate, step.p99].into_iter().map(number).collect();
        row.push(held);
        row
    });
    std::iter::once(head).chain(step).collect()
}

/// What was sent, how, where.
pub fn description(run: &Run, language: Language) -> Vec<String> {
    let t = |ja, en| language.pick::<String>(ja, en);
    let (mails, mb) = (count(run.mails), number(run.octets as f64 / 1e6));
    let source = &run.source;
    let pace = match run.rate {
        _ if run.knee.is_some() || !run.ramp.is_empty() => t("限界の探索".to_owned(), "ramp".to_owned()),
        Some(rate) => {
            t(format!("毎秒 {} 通を一定間隔で送信", number(rate)), format!("{} mails/s (open loop)", number(rate)))
        }
        None => t("応答を待って次を送信".to_owned(), "closed loop".to_owned()),
    };
    let connections = t(format!("{} 接続", run.connections), format!("{} connections", run.connections));
    let time = run.duration.map(|seconds| {
        let (seconds, warm_up) = (number(seconds), number(run.warm_up));
        t(format!("、{seconds} 秒 (うち慣らし {warm_up} 秒)"), format!(", {seconds} s ({warm_up} s of them warm-up)"))
    });
    let rounds = run
        .results
        .iter()
        .filter(|figures| Some(&figures.target) == run.results.first().map(|first| &first.target))
        .count();
    let rounds = match rounds {
        rounds if rounds > 1 && run.ramp.is_empty() => {
            t(format!("、{rounds} 回のうち中央の回"), format!(", the middle of {rounds} rounds"))
        }
        _ => String::new(),
    };
    vec![
        t(format!("送信元: {source} ({mails} 種、{mb} MB)"), format!("mails:   {source} ({mails} different, {mb} MB)")),
        t(
            format!("負荷:   {pace}、{connections}{}{rounds}", time.clone().unwrap_or_default()),
            format!("load:    {pace}, {connections}{}{rounds}", time.unwrap_or_default()),
        ),
        t(format!("マシン: {}", run.machine), format!("machine: {}", run.machine)),
    ]
}

/// Columns aligned by width: labels to the left, figures to the right.
pub fn aligned(rows: &Rows) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| pad(cell, *width, at > 0)).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_width() {
        let rows = vec![
            vec![String::new(), "関所".to_owned()],
            vec!["配送".to_owned(), "1,234".to_owned()],
            vec!["p99".to_owned(), "5".to_owned()],
        ];
        assert_eq!(aligned(&rows), "       関所\n配送  1,234\np99       5\n");
    }

    #[test]
    fn two_servers_stand_side_by_side() {
        let metric = |label: &str, value: f64| Metric { label: label.to_owned(), value, shown: number(value) };
        let columns = [("a", vec![metric("x", 6.0), metric("y", 1.0)]), ("b", vec![metric("x", 3.0)])];
        let rows = rows(&columns, Some(("ratio", ratio)));
        assert_eq!(rows, [vec!["", "a", "b", "ratio"], vec!["x", "6.00", "3.00", "2.00"], vec!["y", "1.00", "-", ""]]);
    }

    #[test]
    fn the_middle_round_is_shown_and_all_losses_count() {
        let round = |target: &str, rate: f64, lost: u64| Figures {
            target: target.to_owned(),
            sink: true,
            delivered_rate: rate,
            lost,
            ..Figures::default()
        };
        let results =
            [round("a", 30.0, 0), round("b", 10.0, 0), round("a", 10.0, 2), round("b", 5.0, 0), round("a", 20.0, 0)];
        let middle = middle(&results);
        assert_eq!((middle[0].delivered_rate, middle[0].lost), (20.0, 2));
        assert_eq!(ratios(&results).to_string(), "2.50 (2.00-3.00)");
    }
}
