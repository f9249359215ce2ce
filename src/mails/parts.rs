//! The parts of a mail as a tree: what each is, what was done to it and why.

use sekisho_job::Part;
use sekisho_safe_message::Removal;
use unicode_width::UnicodeWidthStr;

use crate::mails::words;
use crate::screen::{Screen, Tone, fit, size};

/// Columns for the branches and a part's name.
const NAME: usize = 48;
/// Columns for what a part is.
const KIND: usize = 34;

/// Prints the tree; with hashes if `long`.
pub(crate) fn print(parts: &[Part], long: bool, screen: &Screen) {
    if parts.is_empty() {
        return;
    }
    screen.line(format!("  {}", screen.paint(Tone::Dim, screen.t("構成", "parts"))));
    let branches = branches(&parts.iter().map(depth).collect::<Vec<_>>());
    let cells: Vec<_> = parts
        .iter()
        .zip(&branches)
        .map(|(part, branch)| {
            let room = NAME.saturating_sub(branch.head.width()).max(12);
            [format!("{}{}", branch.head, fit(&name(part), room)), fit(&kind(part, screen), KIND), size(part.size)]
        })
        .collect();
    let width = |column: usize| cells.iter().map(|row: &[String; 3]| row[column].width()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for ((part, branch), row) in parts.iter().zip(&branches).zip(&cells) {
        let padded: Vec<_> = row.iter().zip(widths).map(|(text, width)| pad(text, width)).collect();
        let done = screen.paint(tone(part), part.action.explain(screen.language()));
        screen.line(format!("  {}  {}  {}  {done}", padded[0], padded[1], padded[2]));
        for note in notes(part, long, screen) {
            screen.line(format!("  {}{}", branch.below, screen.paint(Tone::Dim, &note)));
        }
    }
}

/// What stands in front of a part, and in front of the lines below it.
#[derive(Debug, PartialEq, Eq)]
struct Branch {
    head: String,
    below: String,
}

/// Branches for parts at these depths, in the order of the mail.
fn branches(depths: &[usize]) -> Vec<Branch> {
    let mut out = Vec::with_capacity(depths.len());
    // From the end: at each depth, whether a later sibling was seen.
    let mut later: Vec<bool> = Vec::new();
    for (at, depth) in depths.iter().copied().enumerate().rev() {
        let child_follows = depths.get(at + 1).is_some_and(|next| *next > depth);
        later.truncate(depth + 1);
        later.resize(depth + 1, false);
        let bars: String = (1..depth).map(|level| if later[level] { "│  " } else { "   " }).collect();
        let (fork, under) = match (depth, later[depth]) {
            (0, _) => ("", ""),
            (_, true) => ("├─ ", "│  "),
            (_, false) => ("└─ ", "   "),
        };
        let stem = if child_follows { "│   " } else { "    " };
        out.push(Branch { head: format!("{bars}{fork}"), below: format!("{bars}{under}{stem}") });
        later[depth] = true;
    }
    out.reverse();
    out
}

/// How deep a part lies: `0` is the mail itself, `1.2` lies two steps down.
fn depth(part: &Part) -> usize {
    let path = part.path.to_string();
    if path == "0" { 0 } else { path.split('.').count() }
}

fn name(part: &Part) -> String {
    part.name.as_ref().map_or_else(|| part.type_declared.to_string(), ToString::to_string)
}

/// What it is by content, and what it says it is where a name hides that.
fn kind(part: &Part, screen: &Screen) -> String {
    let declared = part.type_declared.as_str();
    match (part.kind_detected, &part.name) {
        (Some(kind), Some(_)) if !declared.is_empty() => {
            format!("{} ({declared})", kind.name(screen.language()))
        }
        (Some(kind), _) => kind.name(screen.language()).to_owned(),
        (None, Some(_)) => declared.to_owned(),
        (None, None) => String::new(),
    }
}

fn tone(part: &Part) -> Tone {
    use sekisho_job::Action;
    match part.action {
        Action::Hold => Tone::Bad,
        Action::Strip | Action::Quarantine => Tone::Warn,
        Action::Rebuild | Action::Flatten | Action::Extract | Action::Shown => Tone::Good,
        Action::Body | Action::Twin | Action::Unused | Action::Open => Tone::Plain,
    }
}

/// Why it was done, what came of it, and the hashes if wanted.
fn notes(part: &Part, long: bool, screen: &Screen) -> Vec<String> {
    let language = screen.language();
    let mut notes = Vec::new();
    if let Some(reason) = part.reason {
        notes.push(format!("{} {}", words::removal(reason, language), reason.code()));
    }
    if let Some(rule) = &part.rule {
        notes.push(format!("{} {rule}", screen.t("規則:", "rule:")));
    }
    if !part.removed.is_empty() {
        let names: Vec<_> = part.removed.iter().map(|removal| Removal::name(*removal, language)).collect();
        notes.push(format!("{} {}", screen.t("除去:", "taken out:"), names.join(screen.t("、", ", "))));
    }
    if let Some(output) = &part.output {
        notes.push(format!("→ {}  {}", output.name, size(output.size)));
    }
    if long {
        let hashes = [
            part.sha256.map(|hash| format!("SHA-256 {hash}")),
            part.output.as_ref().map(|output| format!("→ SHA-256 {}", output.sha256)),
        ];
        notes.extend(hashes.into_iter().flatten());
    }
    notes
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_join_siblings() {
        let heads: Vec<_> = branches(&[0, 1, 2, 2, 3, 1]).into_iter().map(|branch| branch.head).collect();
        assert_eq!(heads, ["", "├─ ", "│  ├─ ", "│  └─ ", "│     └─ ", "└─ "]);
        let below: Vec<_> = branches(&[0, 1, 1]).into_iter().map(|branch| branch.below).collect();
        assert_eq!(below, ["│   ", "│      ", "       "]);
        // A report that was cut, or parts without a root: any depths are drawn.
        assert_eq!(branches(&[3, 1, 0, 7]).len(), 4);
        assert_eq!(branches(&[]), []);
    }
}
