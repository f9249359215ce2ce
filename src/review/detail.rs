//! Everything known of one mail, line by line, for people.

use sekisho_channel::admin::{Act, Kept, MailState, OriginalForm, OriginalRequest};
use sekisho_job::{Anomaly, HoldReason, Part, Report};
use sekisho_safe_message::SafeLine;

use super::cells::{plain, wrap};
use super::state::{Known, Preview};
use crate::mails::{clock, sender, state_tone, state_word, words};
use crate::screen::{Screen, Tone, size};

/// One line and what it means.
pub(super) type Line = (Tone, String);

/// Columns of the names of facts.
const NAME: usize = 11;

/// Lines that are filled one after the other.
struct Page<'a> {
    screen: &'a Screen,
    width: usize,
    lines: Vec<Line>,
}

/// All lines about `known`, none wider than `width`.
pub(super) fn lines(known: &Known, screen: &Screen, width: usize) -> Vec<Line> {
    let mut page = Page { screen, width, lines: Vec::new() };
    page.head(known);
    if let Some(report) = &known.report {
        page.why(report);
        page.parts(&report.parts);
    }
    if let Some(kept) = &known.kept {
        page.kept(kept);
    }
    page.hashes(known);
    page.lines
}

impl Preview {
    /// What the worker made of the mail, and which files there would be.
    pub(super) fn lines(&self, screen: &Screen, width: usize) -> Vec<Line> {
        let text = wrap(&self.text, width).into_iter().map(|line| (Tone::Plain, line));
        let files = self.files.iter().map(|file| {
            let head = screen.t("ファイル", "file");
            (Tone::Head, plain(&format!("[{head}] {}  {}", file.name, size(file.size))))
        });
        text.chain(files).collect()
    }
}

/// Why a mail is here, in a few columns.
pub(super) fn label<'a>(label: &'a str, state: MailState, screen: &Screen) -> &'a str {
    match label {
        "" => state_word(state, screen),
        "quarantine" => screen.t("添付を隔離", "file kept out"),
        "changed" => screen.t("変更して配送", "delivered changed"),
        "unchanged" => screen.t("そのまま配送", "delivered as it was"),
        "released" => screen.t("解放済み", "released"),
        "password-mail" => screen.t("パスワード通知", "brings a password"),
        "expired" => screen.t("保留期限切れ", "expired"),
        other => HoldReason::from_code(other).map_or(other, |reason| short(reason, screen)),
    }
}

fn short(reason: HoldReason, screen: &Screen) -> &'static str {
    match reason {
        HoldReason::TooDeep => screen.t("入れ子が深い", "too deep"),
        HoldReason::TooManyParts => screen.t("パート過多", "too many parts"),
        HoldReason::HeaderTooLarge => screen.t("ヘッダー過大", "header too large"),
        HoldReason::TextTooLarge => screen.t("本文過大", "text too large"),
        HoldReason::NoHeader => screen.t("ヘッダーなし", "no header"),
        HoldReason::NoSender => screen.t("差出人不明", "no sender"),
        HoldReason::AmbiguousSender => screen.t("差出人が曖昧", "doubtful sender"),
        HoldReason::AmbiguousStructure => screen.t("構造が曖昧", "doubtful parts"),
        HoldReason::Partial => screen.t("分割メール", "fragment"),
        HoldReason::Loop => screen.t("ループ", "loop"),
        HoldReason::Unsafe => screen.t("組立不能", "no safe form"),
        HoldReason::Internal => screen.t("内部の誤り", "internal error"),
        HoldReason::WorkerCrashed => screen.t("解析が異常終了", "worker crashed"),
        HoldReason::WorkerForbidden => screen.t("禁止操作", "forbidden act"),
        HoldReason::WorkerTimeout => screen.t("解析の時間切れ", "worker too slow"),
        HoldReason::WorkerMemory => screen.t("メモリ超過", "out of memory"),
        HoldReason::WorkerOutput => screen.t("解析結果が過大", "output too large"),
        HoldReason::WorkerGarbage => screen.t("解析結果が不正", "bad output"),
        HoldReason::EncryptedFile => screen.t("要パスワード", "needs password"),
        HoldReason::Rule => screen.t("規則により", "by a rule"),
        HoldReason::Refused => screen.t("検証で拒否", "refused inside"),
        HoldReason::Damaged => screen.t("原本の破損", "damaged"),
    }
}

impl Page<'_> {
    /// `text` behind a name, further lines below the text.
    fn fact(&mut self, tone: Tone, name: &str, text: &str) {
        let name = super::cells::cell(name, NAME);
        self.hang(tone, &name, text);
    }

    fn hang(&mut self, tone: Tone, lead: &str, text: &str) {
        use unicode_width::UnicodeWidthStr;
        let indent = lead.width().min(self.width / 2);
        let folded = wrap(text, self.width.saturating_sub(indent));
        for (at, line) in folded.into_iter().enumerate() {
            let lead = if at == 0 { lead.to_owned() } else { " ".repeat(indent) };
            self.lines.push((tone, format!("{lead}{line}")));
        }
    }

    fn heading(&mut self, text: &str) {
        self.lines.push((Tone::Head, text.to_owned()));
    }

    fn head(&mut self, known: &Known) {
        let (item, screen) = (&known.item, self.screen);
        let subject = item.subject.as_ref().map_or("", SafeLine::as_str);
        self.fact(Tone::Head, screen.t("件名", "subject"), subject);
        self.fact(Tone::Plain, screen.t("差出人", "from"), &sender(item));
        let report = known.report.as_ref();
        let all = report.map_or(&item.to[..], |report| &report.source.envelope_to);
        let to: Vec<_> = all.iter().map(ToString::to_string).collect();
        self.fact(Tone::Plain, screen.t("宛先", "to"), &to.join(", "));
        let state = state_word(item.state, screen);
        self.fact(state_tone(item.state), screen.t("状態", "state"), state);
        if let Some(reason) = HoldReason::from_code(item.label.as_str()) {
            let text = format!("{} ({})", reason.explain(screen.language()), reason.code());
            self.fact(Tone::Bad, screen.t("理由", "why"), &text);
        } else if !item.label.is_empty() {
            self.fact(Tone::Warn, screen.t("理由", "why"), label(item.label.as_str(), item.state, screen));
        }
        self.fact(
            Tone::Plain,
            screen.t("受信", "received"),
            &format!("{}  {}", clock(item.arrived_ms), size(item.size)),
        );
        if item.attempts > 1 {
            self.fact(Tone::Plain, screen.t("試行", "attempts"), &item.attempts.to_string());
        }
    }

    fn why(&mut self, report: &Report) {
        let screen = self.screen;
        if let Some(results) = &report.authentication {
            self.fact(Tone::Plain, screen.t("送信元確認", "checks"), &results.to_string());
        }
        for anomaly in &report.anomalies {
            let text = format!("{} ({})", Anomaly::explain(*anomaly, screen.language()), anomaly.code());
            self.hang(Tone::Warn, "! ", &text);
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        if parts.is_empty() {
            return;
        }
        self.heading(self.screen.t("構成", "parts"));
        let paths: Vec<String> = parts.iter().map(|part| part.path.to_string()).collect();
        for (part, lead) in parts.iter().zip(tree(&paths)) {
            self.part(part, &lead);
        }
    }

    fn part(&mut self, part: &Part, lead: &str) {
        let (screen, language) = (self.screen, self.screen.language());
        let kind =
            part.kind_detected.map_or_else(|| part.type_declared.to_string(), |kind| kind.name(language).to_owned());
        let name = part.name.as_ref().map(|name| format!("{name}  ")).unwrap_or_default();
        let tone = if part.reason.is_some() { Tone::Warn } else { Tone::Plain };
        self.hang(tone, lead, &format!("{name}{kind}  {}", size(part.size)));
        let below: String = lead.chars().map(|c| if c == '├' || c == '│' { '│' } else { ' ' }).collect();
        let mut said = part.action.explain(language).to_owned();
        if let Some(reason) = part.reason {
            said = format!("{said} {}", words::removal(reason, language));
        }
        if let Some(rule) = &part.rule {
            said = format!("{said} [{} {rule}]", screen.t("規則", "rule"));
        }
        self.hang(Tone::Dim, &below, &said);
        if !part.removed.is_empty() {
            let removed: Vec<_> = part.removed.iter().map(|removal| removal.name(language)).collect();
            let removed = removed.join(screen.t("、", ", "));
            self.hang(Tone::Dim, &below, &format!("{} {removed}", screen.t("除去:", "taken out:")));
        }
        if let Some(output) = &part.output {
            self.hang(Tone::Good, &below, &format!("→ {}  {}", output.name, size(output.size)));
        }
    }

    fn kept(&mut self, kept: &Kept) {
        let screen = self.screen;
        let until = kept.expires_ms.map(|ms| screen.t(format!(" {} まで", clock(ms)), format!(" until {}", clock(ms))));
        let text = match kept.original {
            true => format!("{}{}", screen.t("保存中", "kept"), until.unwrap_or_default()),
            false => screen.t("残っていません", "no longer there").to_owned(),
        };
        self.fact(Tone::Plain, screen.t("原本", "original"), &text);
        if kept.legal_hold {
            let text = screen.t("保全中（消えず、削除もできません）", "nothing and nobody removes it");
            self.fact(Tone::Warn, screen.t("法的保全", "legal hold"), text);
        }
        for request in &kept.requests {
            self.request(request);
        }
        if !kept.acts.is_empty() {
            self.heading(screen.t("経過", "what was done"));
        }
        for act in &kept.acts {
            let text = self.act(act);
            self.hang(Tone::Plain, "  ", &text);
        }
    }

    fn request(&mut self, request: &OriginalRequest) {
        let screen = self.screen;
        let form = match request.form {
            OriginalForm::Plain => screen.t("そのまま", "as it came"),
            OriginalForm::Zip => screen.t("暗号化zip", "encrypted zip"),
        };
        let to: Vec<_> = request.to.iter().map(ToString::to_string).collect();
        let state = words::request(request.state, screen.language());
        let text = format!("#{} {state}  {}  {form}", request.number, to.join(", "));
        self.fact(Tone::Warn, screen.t("原本の申請", "request"), &text);
        for act in std::iter::once(&request.asked).chain(&request.decided) {
            let text = self.act(act);
            self.hang(Tone::Plain, "  ", &text);
        }
        if let Some(reply) = &request.reply {
            self.hang(Tone::Dim, "  ", reply.as_str());
        }
    }

    fn act(&self, act: &Act) -> String {
        let language = self.screen.language();
        let (what, result) = (words::act(act.what.as_str(), language), words::outcome(act.result.as_str(), language));
        let why = self.screen.t(format!("「{}」", act.why), format!("\"{}\"", act.why));
        format!("{} {} {what} {why} {result}", clock(act.at_ms), act.who)
    }

    fn hashes(&mut self, known: &Known) {
        let name = self.screen.t("管理番号", "id");
        self.fact(Tone::Dim, name, &known.item.id.to_string());
        let Some(report) = &known.report else { return };
        self.fact(Tone::Dim, self.screen.t("方式", "profile"), report.profile.as_str());
        self.fact(Tone::Dim, "SHA-256", &report.source.sha256.to_string());
        for part in &report.parts {
            if let Some(sha256) = part.sha256 {
                self.hang(Tone::Dim, &format!("  {} ", part.path), &sha256.to_string());
            }
        }
    }
}

/// The branches before each part, from the places alone; one pass from the end.
fn tree(paths: &[String]) -> Vec<String> {
    let mut out = vec![String::new(); paths.len()];
    // Whether a later part is a sibling at this depth.
    let mut later: Vec<bool> = Vec::new();
    for (path, lead) in paths.iter().zip(&mut out).rev() {
        let depth = if path == "0" { 0 } else { path.split('.').count() };
        later.resize(depth + 1, false);
        if depth > 0 {
            *lead = later[1..depth].iter().map(|&more| if more { "│ " } else { "  " }).collect();
            lead.push_str(if later[depth] { "├ " } else { "└ " });
        }
        later[depth] = true;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::tree;

    #[test]
    fn branches() {
        let paths = ["0", "1", "1.1", "1.2", "2", "2.1"].map(str::to_owned);
        assert_eq!(tree(&paths), ["", "├ ", "│ ├ ", "│ └ ", "└ ", "  └ "]);
        assert!(tree(&[]).is_empty());
    }
}
