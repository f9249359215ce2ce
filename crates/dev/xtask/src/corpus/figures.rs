//! The figures: what the judge, the reports and the verifier say, against
//! what we aim at; and the same without the mails that the judge reads in
//! another way than a person (`docs/yardstick.tsv`).

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::table::table;
use crate::shell::Failure;

/// Reasons to hold that are a fault of ours and not of the mail.
const FAULTS: [&str; 9] = [
    "worker-crashed",
    "worker-forbidden",
    "worker-timeout",
    "worker-memory",
    "worker-output",
    "worker-garbage",
    "internal",
    "unsafe-result",
    "refused",
];

/// A distribution of the judge: its key in the result, the list of all its
/// values, the yardstick's name for it, and what we aim at.
struct Measure {
    name: &'static str,
    key: &'static str,
    list: &'static str,
    yardstick: &'static str,
    /// The kind of part that the text was made from; none: of all.
    body: Option<&'static str>,
    mean: f64,
    p1: Option<f64>,
    p5: Option<f64>,
}

const MEASURES: [Measure; 4] = [
    Measure {
        name: "words kept, plain bodies",
        key: "recall_plain",
        list: "worst_text",
        yardstick: "text",
        body: Some("plain"),
        mean: 0.999,
        p1: None,
        p5: None,
    },
    Measure {
        name: "words kept, HTML bodies",
        key: "recall_html",
        list: "worst_text",
        yardstick: "text",
        body: Some("html"),
        mean: 0.998,
        p1: Some(0.95),
        p5: Some(0.998),
    },
    Measure {
        name: "words kept, subjects",
        key: "subject_recall",
        list: "worst_subject",
        yardstick: "subject",
        body: None,
        mean: 0.998,
        p1: None,
        p5: None,
    },
    Measure {
        name: "hidden words kept out",
        key: "hidden_kept_out",
        list: "worst_hidden",
        yardstick: "hidden",
        body: None,
        mean: 0.995,
        p1: None,
        p5: None,
    },
];

/// All that is shown, and what is wrong.
pub(super) struct Figures {
    rows: Vec<[String; 5]>,
    held: Vec<[String; 2]>,
    wrong: Vec<String>,
}

/// Mean, first and fifth percentile.
#[derive(Clone, Copy)]
struct Spread {
    mean: f64,
    p1: f64,
    p5: f64,
    /// Of how many mails.
    count: usize,
}

impl Figures {
    /// Of the judge's result, the reports, the verifier's verdicts, and the
    /// list of mails that the judge sees otherwise.
    pub(super) fn new(judged: &Value, reports: &[Value], verified: &[Value], yardstick: &str) -> Result<Self, Failure> {
        let mut figures = Self { rows: Vec::new(), held: Vec::new(), wrong: Vec::new() };
        let delivered = number(judged, "delivered");
        let refused = verified.iter().filter(|line| line["verdict"] != "accepted").count() as u64;
        figures.none("outputs that break the grammar", number(judged, "grammar_broken"), delivered);
        figures.none("leaks", number(judged, "leaks"), delivered);
        figures.none("outputs that `verify` refuses", refused, verified.len() as u64);
        figures.faults(reports);
        figures.honest(judged, reports);
        let exceptions = exceptions(yardstick)?;
        let bodies: HashMap<&str, &str> = reports
            .iter()
            .filter_map(|report| Some((report["input"].as_str()?, report["body"]["from"].as_str()?)))
            .collect();
        for measure in &MEASURES {
            figures.measure(measure, judged, &bodies, &exceptions);
        }
        Ok(figures)
    }

    /// A figure that must be 0.
    fn none(&mut self, name: &str, count: u64, of: u64) {
        self.row(name, format!("{count} of {of}"), String::new(), "0", mark(count == 0));
        if count > 0 {
            self.wrong.push(format!("{name}: {count}"));
        }
    }

    fn faults(&mut self, reports: &[Value]) {
        let mut codes = BTreeMap::<&str, usize>::new();
        for code in reports.iter().filter_map(|report| report["hold_reason"].as_str()) {
            if FAULTS.contains(&code) {
                *codes.entry(code).or_default() += 1;
            }
        }
        let count: usize = codes.values().sum();
        let named: Vec<_> = codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let value = if named.is_empty() { format!("0 of {}", reports.len()) } else { named.join(", ") };
        self.row("crashes, deadline kills, garbage", value, String::new(), "0", mark(count == 0));
    }

    fn honest(&mut self, judged: &Value, reports: &[Value]) {
        let (held, all) = (number(judged, "honest_held"), number(judged, "honest"));
        let share = 100.0 * held as f64 / all.max(1) as f64;
        let reached = mark(share <= 1.0);
        self.row("honest mails held", format!("{held} of {all} ({share:.1} %)"), String::new(), "1 %", reached);
        let codes: HashMap<&str, String> =
            reports.iter().filter_map(|report| Some((report["input"].as_str()?, why(report)))).collect();
        let mails = judged["detail"]["overheld"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.held = mails.map(|mail| [mail.to_owned(), codes.get(mail).cloned().unwrap_or_default()]).collect();
        self.held.sort_by(|a, b| (&a[1], &a[0]).cmp(&(&b[1], &b[0])));
    }

    fn measure(
        &mut self,
        measure: &Measure,
        judged: &Value,
        bodies: &HashMap<&str, &str>,
        exceptions: &[(String, String)],
    ) {
        let all = Spread::read(&judged[measure.key]);
        let excepted = |mail: &str| {
            exceptions.iter().any(|(figure, end)| figure == measure.yardstick && mail.ends_with(end.as_str()))
        };
        let of_kind = |mail: &str| measure.body.is_none_or(|kind| bodies.get(mail).copied() == Some(kind));
        let list = judged["detail"][measure.list].as_array().into_iter().flatten();
        let values = list.filter_map(|pair| Some((pair[0].as_f64()?, pair[1].as_str()?)));
        let kept: Vec<f64> =
            values.filter(|(_, mail)| of_kind(mail) && !excepted(mail)).map(|(value, _)| value).collect();
        let less = Spread::of(kept);
        let aims = [("mean", Some(measure.mean)), ("p1", measure.p1), ("p5", measure.p5)];
        for (place, (what, aim)) in aims.into_iter().enumerate() {
            let pick = |spread: Option<Spread>| spread.map(|spread| [spread.mean, spread.p1, spread.p5][place]);
            let shown = |spread: Option<Spread>| match (pick(spread), spread) {
                (Some(mean), Some(spread)) if place == 0 => format!("{mean:.4} ({} mails)", spread.count),
                (Some(value), _) => format!("{value:.4}"),
                (None, _) => "-".to_owned(),
            };
            let at_least = |value: Option<f64>| aim.zip(value).is_some_and(|(aim, value)| value >= aim);
            let reached = match aim {
                None => "",
                Some(_) if at_least(pick(all)) => "yes",
                Some(_) if at_least(pick(less)) => "yes, less",
                Some(_) => "no",
            };
            let aim = aim.map(|aim| aim.to_string()).unwrap_or_default();
            self.row(&format!("{}, {what}", measure.name), shown(all), shown(less), &aim, reached);
        }
    }

    fn row(&mut self, name: &str, value: String, less: String, aim: &str, reached: &str) {
        self.rows.push([name.to_owned(), value, less, aim.to_owned(), reached.to_owned()]);
    }

    /// The tables.
    pub(super) fn markdown(&self) -> String {
        let figures = table(["figure", "value", "less the yardstick's", "aim", "reached"], &self.rows);
        let held = table(["honest mail held", "why"], &self.held);
        if self.held.is_empty() { figures } else { format!("{figures}\n{held}") }
    }

    /// Whether what must never be is.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Failure::Wrong(self.wrong.join("; "))) }
    }
}

impl Spread {
    fn read(judged: &Value) -> Option<Self> {
        let value = |key: &str| judged[key].as_f64();
        let count = judged["n"].as_u64().and_then(|n| usize::try_from(n).ok())?;
        Some(Self { mean: value("mean")?, p1: value("p1")?, p5: value("p5")?, count })
    }

    /// The judge's way to count percentiles.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |hundredth: usize| values.get(values.len() * hundredth / 100).copied();
        Some(Self {
            mean: values.iter().sum::<f64>() / values.len() as f64,
            p1: at(1)?,
            p5: at(5)?,
            count: values.len(),
        })
    }
}

fn number(judged: &Value, key: &str) -> u64 {
    judged[key].as_u64().unwrap_or(0)
}

fn mark(reached: bool) -> &'static str {
    if reached { "yes" } else { "no" }
}

/// The reason, and the oddities that decided.
fn why(report: &Value) -> String {
    let reason = report["hold_reason"].as_str().unwrap_or_default();
    let line = report["mime_ambiguity"].as_str().unwrap_or_default();
    match line.split("; ").find_map(|grade| grade.strip_prefix("held=")) {
        Some(codes) => format!("{reason} ({codes})"),
        None => reason.to_owned(),
    }
}

/// Figure and end of the mail's path, of each line `figure TAB path TAB reason`
/// that is neither empty nor begins with `#`.
fn exceptions(yardstick: &str) -> Result<Vec<(String, String)>, Failure> {
    let lines = yardstick.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = |(place, line): (usize, &str)| {
        let mut cells = line.split('\t');
        let known = cells.next().filter(|figure| matches!(*figure, "text" | "subject" | "hidden"));
        match (known, cells.next().filter(|path| !path.is_empty()), cells.next().filter(|why| !why.is_empty())) {
            (Some(figure), Some(path), Some(_)) => Ok((figure.to_owned(), path.to_owned())),
            _ => Err(Failure::Wrong(format!(
                "docs/yardstick.tsv, line {}: text|subject|hidden, path, reason",
                place + 1
            ))),
        }
    };
    lines.map(read).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn judged() -> Value {
        serde_json::json!({
            "delivered": 2, "grammar_broken": 0, "leaks": 0, "honest": 2, "honest_held": 1,
            "recall_plain": { "n": 2, "mean": 0.9, "p1": 0.8, "p5": 0.8 },
            "detail": { "worst_text": [[0.8, "a/1.eml"], [1.0, "a/2.eml"]], "overheld": ["a/3.eml"] },
        })
    }

    #[test]
    fn figures_with_and_without_the_exceptions() {
        let reports = [
            serde_json::json!({ "input": "a/1.eml", "body": { "from": "plain" } }),
            serde_json::json!({ "input": "a/2.eml", "body": { "from": "plain" } }),
            serde_json::json!({ "input": "a/3.eml", "hold_reason": "no-sender", "mime_ambiguity": "none" }),
        ];
        let verified = [serde_json::json!({ "verdict": "accepted" })];
        let figures = Figures::new(&judged(), &reports, &verified, "# x\n\ntext\t1.eml\twrong\n").unwrap();
        let mean = figures.rows.iter().find(|row| row[0] == "words kept, plain bodies, mean").unwrap();
        assert_eq!(mean[1..], ["0.9000 (2 mails)", "1.0000 (1 mails)", "0.999", "yes, less"].map(str::to_owned));
        assert_eq!(figures.held, [["a/3.eml".to_owned(), "no-sender".to_owned()]]);
        assert!(figures.verdict().is_ok());
    }

    #[test]
    fn what_must_not_be_ends_with_an_error() {
        let refused = [serde_json::json!({ "verdict": "refused" })];
        assert!(Figures::new(&judged(), &[], &refused, "").unwrap().verdict().is_err());
        assert!(Figures::new(&judged(), &[], &[], "words\t1.eml\twrong\n").is_err());
        assert!(Figures::new(&judged(), &[], &[], "text\t1.eml\n").is_err());
    }
}
