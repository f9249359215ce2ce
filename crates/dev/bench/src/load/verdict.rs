//! What the figures of a run mean, in sentences.

use super::figures::{Figures, Run};
use super::ramp;
use super::table::{middle, ratios};
use super::words::{Language, number};

/// A run of fewer seconds says little about a rate.
const SHORT: f64 = 3.0;

/// For a receiver that was not started here, what it holds is not known.
const HINT: (&str, &str) = (
    "保留や再試行待ちのメールも、配送先に来なければ紛失に数えます (sekisho queue list で確認)。",
    "Mail that a receiver holds or will try again counts as lost until it comes (see sekisho queue list).",
);

/// Each a line: what was reached, what was lost, what makes the figures weak.
pub fn lines(run: &Run, language: Language) -> Vec<String> {
    let Some(own) = middle(&run.results).into_iter().next() else { return Vec::new() };
    let long = own.span() >= SHORT;
    let reached = [
        knee(run, language),
        rate(run, &own, language),
        peak(run, &own, language).filter(|_| long),
        nothing(run, &own, language),
        ratio(run, language),
    ];
    let weak = [
        fixed(run.results.iter().any(|figures| !figures.sink), NO_SINK, language),
        fixed(run.results.iter().any(|figures| figures.unsent > 0) && run.ramp.is_empty(), UNSENT, language),
        fixed(!long, BRIEF, language),
        fixed(run.interrupted, INTERRUPTED, language),
        fixed(run.build == "debug", DEBUG, language),
    ];
    let mut lines: Vec<String> = reached.into_iter().flatten().collect();
    lines.extend(run.results.iter().filter(|figures| !figures.sound()).map(|figures| unsound(figures, language)));
    lines.extend(weak.into_iter().flatten());
    lines
}

const NO_SINK: (&str, &str) = (
    "配送先で受けていないため、受信だけを測りました (--sink、--against-sink で配送も測れます)。",
    "Without a sink only acceptance was measured (--sink and --against-sink measure delivery too).",
);
const UNSENT: (&str, &str) = (
    "受信側が追いつかず、送れなかったメールがあります。待ち時間は実際より短く出ています。",
    "The receiver did not keep up and mails stayed unsent: true latencies are longer.",
);
const BRIEF: (&str, &str) =
    ("測った時間が短いため、速さの数値は粗いものです。", "The run was short: its rates are rough.");
const INTERRUPTED: (&str, &str) =
    ("途中で中断しました。そこまでの測定値です。", "Ended early; this is what was measured so far.");
const DEBUG: (&str, &str) = (
    "デバッグ版での測定です。速さの数値に意味はありません。リリース版 (cargo build --release) で測ってください。",
    "This is a debug build: its figures mean little. Measure a release build (cargo build --release).",
);

fn fixed(holds: bool, (ja, en): (&str, &str), language: Language) -> Option<String> {
    holds.then(|| language.pick(ja, en).to_owned())
}

fn knee(run: &Run, language: Language) -> Option<String> {
    match run.knee {
        Some(knee) => Some(language.pick(
            format!("限界: 毎秒 {} 通まで遅れずに処理しました。", number(knee)),
            format!("The knee: it kept up with {} mails/s.", number(knee)),
        )),
        None => fixed(
            !run.ramp.is_empty(),
            (
                "どの負荷でも遅れました。--rate で低い値から始めてください。",
                "It kept up with none of the rates; start lower with --rate.",
            ),
            language,
        ),
    }
}

fn rate(run: &Run, own: &Figures, language: Language) -> Option<String> {
    let rate = run.rate.filter(|_| !run.interrupted)?;
    let (p99, shown) = (number(own.outcome().1.p99), number(rate));
    Some(match ramp::kept_up(rate, own) {
        true => language.pick(
            format!("毎秒 {shown} 通を遅れずに処理しました (p99 {p99} ms)。"),
            format!("It kept up with {shown} mails/s (p99 {p99} ms)."),
        ),
        false => language.pick(
            format!("毎秒 {shown} 通には追いつきませんでした。"),
            format!("It did not keep up with {shown} mails/s."),
        ),
    })
}

fn peak(run: &Run, own: &Figures, language: Language) -> Option<String> {
    let peak = run.profile_peak.filter(|_| run.rate.is_none() && own.sink)?;
    let times = number(run.knee.unwrap_or(own.delivered_rate) / peak);
    Some(language.pick(
        format!("この規模のピークは毎秒 {peak} 通です。測定値はその {times} 倍です。"),
        format!("The peak of this profile is {peak} mails/s; measured was {times} times that."),
    ))
}

fn nothing(run: &Run, own: &Figures, language: Language) -> Option<String> {
    fixed(
        own.accepted == 0 && !run.interrupted,
        (
            "1通も受け付けられませんでした。宛先のドメイン (--domain) と、このマシンからの接続の許可を確かめてください。",
            "Nothing was accepted: check the recipients' domain (--domain) and that this machine may send.",
        ),
        language,
    )
}

fn ratio(run: &Run, language: Language) -> Option<String> {
    let ratios = ratios(&run.results);
    (!ratios.is_empty()).then(|| {
        language
            .pick(format!("回ごとの処理量の比: {ratios:.2}"), format!("Throughput ratio, round by round: {ratios:.2}"))
    })
}

fn unsound(figures: &Figures, language: Language) -> String {
    let Figures { target, lost, duplicates, .. } = figures;
    language.pick(
        format!("不合格: {target} で紛失 {lost} 通、重複 {duplicates} 通。{}", HINT.0),
        format!("FAILED: {target}: {lost} lost, {duplicates} duplicated. {}", HINT.1),
    )
}
