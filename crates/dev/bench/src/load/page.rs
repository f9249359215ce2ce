//! The report as one HTML file: tables and charts, nothing to fetch or run.

use std::fmt::Write;

use super::chart::{self, Series, escaped};
use super::figures::{Figures, Run};
use super::table::{self, Rows};
use super::verdict;
use super::words::Language;

/// Light and dark, for screen and paper.
const STYLE: &str = "\
:root{--ink:#1d2733;--soft:#66727f;--line:#dfe4e9;--paper:#fff;--s0:#1b6ca8;--s1:#d9722b;--s2:#3d8f5f;--s3:#8a4fa3}\
@media(prefers-color-scheme:dark){:root{--ink:#e5eaf0;--soft:#98a4b1;--line:#333d48;--paper:#161b21;--s0:#5fb0ea;--s1:#f0975a;--s2:#6cc592;--s3:#bd8ad3}}\
body{margin:2rem auto;max-width:60rem;padding:0 1rem;font:15px/1.6 'Hiragino Sans','Noto Sans CJK JP',Meiryo,sans-serif;color:var(--ink);background:var(--paper)}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:.15rem .9rem;border-bottom:1px solid var(--line);text-align:right}th:first-child,td:first-child{text-align:left}\
svg{width:100%;height:auto;margin:.6rem 0}svg text{font-size:11px;fill:var(--soft)}svg .title{font-size:13px;fill:var(--ink)}\
.grid{stroke:var(--line)}polyline{fill:none;stroke-width:1.6}\
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}\
.b0,svg .l0{fill:var(--s0)}.b1,svg .l1{fill:var(--s1)}.b2,svg .l2{fill:var(--s2)}.b3,svg .l3{fill:var(--s3)}";

/// The page of a run; with `compared` also how it stands to an older one.
pub fn of_run(run: &Run, compared: Option<&Rows>, language: Language) -> String {
    let t = |ja, en| language.pick::<&str>(ja, en);
    let title = t("負荷試験の結果", "Load test");
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>sekisho bench: {title}</title>\
         <style>{STYLE}</style></head>\n<body><h1>sekisho bench: {title}</h1>\n",
        t("ja", "en")
    );
    let paragraph = |page: &mut String, lines: &[String]| {
        let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
        // A string takes every write.
        let _ = writeln!(page, "<p>{}</p>", lines.join("<br>"));
    };
    paragraph(&mut page, &table::description(run, language));
    paragraph(&mut page, &verdict::lines(run, language));
    section(&mut page, t("測定値", "Figures"), &table::of_run(run, language));
    if !run.ramp.is_empty() {
        section(&mut page, t("限界の探索", "Ramp"), &table::of_ramp(run, language));
    }
    if let Some(rows) = compared {
        section(&mut page, t("前回との差", "Compared with the older run"), rows);
    }
    let middle = table::middle(&run.results);
    for figures in &middle {
        let _ = writeln!(page, "<h2>{}</h2>", escaped(&figures.target));
        page.push_str(&throughput(figures, language));
        page.push_str(&latency(figures, language));
        page.push_str(&histogram(figures, language));
    }
    page.push_str("</body></html>\n");
    page
}

fn section(page: &mut String, title: &str, rows: &Rows) {
    let _ = writeln!(page, "<h2>{}</h2>\n<table>", escaped(title));
    for (at, row) in rows.iter().enumerate() {
        let tag = if at == 0 { "th" } else { "td" };
        let cells: String = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect();
        let _ = writeln!(page, "<tr>{cells}</tr>");
    }
    page.push_str("</table>\n");
}

fn throughput(figures: &Figures, language: Language) -> String {
    let rate = |count: u64, seconds: f64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let accepted = figures.intervals.iter().map(|piece| (piece.at, rate(piece.accepted, piece.seconds))).collect();
    let mut series = vec![Series { name: language.pick("受信", "accepted").to_owned(), points: accepted }];
    if figures.sink {
        let points = figures.intervals.iter().map(|piece| (piece.at, rate(piece.delivered, piece.seconds))).collect();
        series.push(Series { name: language.pick("配送", "delivered").to_owned(), points });
    }
    chart::lines(
        language.pick("処理量 (通/秒)", "Throughput (mails/s)"),
        language.pick("秒", "s"),
        figures.span(),
        &series,
    )
}

fn latency(figures: &Figures, language: Language) -> String {
    let end =
        if figures.sink { language.pick("配送まで", "to delivery") } else { language.pick("250 まで", "to 250") };
    // Where nothing was due there is no latency, not one of 0.
    let busy = || figures.intervals.iter().filter(|piece| piece.p99 > 0.0);
    let series = [
        Series { name: "p50".to_owned(), points: busy().map(|piece| (piece.at, piece.p50)).collect() },
        Series { name: "p99".to_owned(), points: busy().map(|piece| (piece.at, piece.p99)).collect() },
    ];
    let title = format!("{} {end} (ms)", language.pick("待ち時間の推移", "Latency over time,"));
    chart::lines(&title, language.pick("秒", "s"), figures.span(), &series)
}

fn histogram(figures: &Figures, language: Language) -> String {
    let labels: Vec<String> = figures.histogram.iter().map(|bin| super::words::number(bin.up_to)).collect();
    let points = |count: fn(&super::figures::Bin) -> u64| {
        figures.histogram.iter().enumerate().map(|(at, bin)| (at as f64, count(bin) as f64)).collect()
    };
    let mut series =
        vec![Series { name: language.pick("250 まで", "to 250").to_owned(), points: points(|bin| bin.reply) }];
    if figures.sink {
        let name = language.pick("配送まで", "to delivery").to_owned();
        series.push(Series { name, points: points(|bin| bin.delivery) });
    }
    let title = language.pick("待ち時間の分布 (通)", "Latency histogram (mails)");
    chart::bars(title, language.pick("ms 以下", "at most ms"), &labels, &series)
}
