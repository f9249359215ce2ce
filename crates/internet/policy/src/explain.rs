//! Rules and decisions in words, for people.

use sekisho_safe_message::{Language, Method};

use crate::rule::{Chain, Rule, When};
use crate::sets::{KindSet, ResultSet};
use crate::{Decision, End, Group, Kind, Policy};

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its id; [`Policy::DEFAULT`] for what happens where no rule decides.
    pub id: String,
    /// The line on which it stands; none for the default, and for rules that
    /// come from it.
    pub line: Option<u32>,
    /// Its conditions, joined by AND.
    pub when: Vec<String>,
    /// What follows.
    pub then: String,
    /// The same in codes: the ways, in order.
    pub methods: Vec<Method>,
    /// The same in codes: what happens when none works.
    pub end: End,
    /// Until when, who answers for it, and why, if it is an exception.
    pub exception: Option<String>,
}

impl Policy {
    /// Every rule in words, in order, and the default behind them.
    pub fn explain(&self, language: Language) -> Vec<Explained> {
        let rules = self.rules.iter().map(|rule| explained(rule, language));
        let default = Explained {
            id: Self::DEFAULT.to_owned(),
            line: None,
            when: vec![pick(language, "それ以外のすべて", "everything else").to_owned()],
            then: chain(&self.default.methods, self.default.end, language),
            methods: self.default.methods.clone(),
            end: self.default.end,
            exception: None,
        };
        rules.chain([default]).collect()
    }
}

impl Decision<'_> {
    /// What becomes of the file, in words.
    pub fn explain(&self, language: Language) -> String {
        chain(self.methods, self.end, language)
    }
}

impl End {
    /// What it means, in words.
    pub fn explain(self, language: Language) -> &'static str {
        match self {
            Self::Strip => pick(language, "除去", "keep it out"),
            Self::Quarantine => pick(language, "除去し原本を確認用に残す", "keep it out and the original for a review"),
            Self::Hold => pick(language, "メール全体を保留", "hold the whole mail"),
        }
    }
}

fn explained(rule: &Rule, language: Language) -> Explained {
    let Chain { methods, end } = &rule.then;
    let exception = rule.exception.as_ref().map(|one| match language {
        Language::Ja => format!("{} まで。責任者: {}。理由: {}", one.until, one.owner, one.reason),
        Language::En => format!("until {}; owner: {}; reason: {}", one.until, one.owner, one.reason),
    });
    Explained {
        id: rule.id.clone(),
        line: (rule.line > 0).then_some(rule.line),
        when: conditions(&rule.when, language),
        then: chain(methods, *end, language),
        methods: methods.clone(),
        end: *end,
        exception,
    }
}

fn chain(methods: &[Method], end: End, language: Language) -> String {
    let ways = methods.iter().map(|method| match method {
        Method::Rebuild => pick(language, "作り直す", "make it anew"),
        Method::Flatten => pick(language, "画像にする", "pictures of its pages"),
        Method::Extract => pick(language, "文字だけ取り出す", "its text alone"),
    });
    let steps: Vec<&str> = ways.chain([end.explain(language)]).collect();
    steps.join(pick(language, " → だめなら ", ", else "))
}

fn conditions(when: &When, language: Language) -> Vec<String> {
    let mut out = Vec::new();
    let mut say = |ja: &str, en: &str, value: String| {
        out.push(match language {
            Language::Ja => format!("{ja}{value}"),
            Language::En => format!("{en}{value}"),
        });
    };
    if let Some(kinds) = when.kind {
        say("種類: ", "kind: ", kinds_in_words(kinds, language));
    }
    match (when.size_min, when.size_max) {
        (None, None) => {}
        (Some(min), None) => say("大きさ: 最小 ", "size: from ", size(min)),
        (None, Some(max)) => say("大きさ: 最大 ", "size: up to ", size(max)),
        (Some(min), Some(max)) => say("大きさ: ", "size: ", format!("{} - {}", size(min), size(max))),
    }
    if let Some(names) = &when.name {
        say("名前: ", "name: ", joined(names, language));
    }
    if let Some(who) = &when.sender {
        say("差出人: ", "sender: ", joined(who, language));
    }
    if let Some(who) = &when.recipient {
        say("宛先: ", "recipient: ", joined(who, language));
    }
    for (name, results) in [("SPF", when.spf), ("DKIM", when.dkim), ("DMARC", when.dmarc), ("ARC", when.arc)] {
        if let Some(results) = results {
            let words: Vec<_> = ResultSet::words(results).collect();
            say("", "", format!("{name}: {}", joined(&words, language)));
        }
    }
    out.extend(depths(when, language));
    out.extend(flags(when, language));
    if out.is_empty() {
        out.push(pick(language, "すべてのファイル", "every file").to_owned());
    }
    out
}

fn depths(when: &When, language: Language) -> Option<String> {
    let (ja, en) = match (when.depth_min.unwrap_or(0), when.depth_max) {
        (0, None) => return None,
        (0, Some(0)) => ("メールに直接付いている".to_owned(), "attached to the mail itself".to_owned()),
        (1, None) => ("書庫やメールの中にある".to_owned(), "inside an archive or a mail".to_owned()),
        (min, None) => (format!("入れ子の深さ {min} 以上"), format!("at least {min} deep")),
        (min, Some(max)) => (format!("入れ子の深さ {min} から {max}"), format!("{min} to {max} deep")),
    };
    Some(match language {
        Language::Ja => ja,
        Language::En => en,
    })
}

fn flags(when: &When, language: Language) -> impl Iterator<Item = String> {
    let facts = [
        (when.encrypted, ("暗号化されている", "暗号化されていない"), ("encrypted", "not encrypted")),
        (when.signed, ("署名がある", "署名がない"), ("signed", "not signed")),
        (
            when.mismatch,
            ("名前と中身が食い違う", "名前と中身が一致する"),
            ("named as another kind", "named as what it is"),
        ),
        (
            when.polyglot,
            ("別の形式が重なっている", "別の形式が重なっていない"),
            ("two formats in one", "one format alone"),
        ),
        (when.inline, ("本文中の画像", "本文中の画像でない"), ("shown inside the text", "not shown inside the text")),
    ];
    facts.into_iter().filter_map(move |(asked, ja, en)| {
        let (yes, no) = pick(language, ja, en);
        asked.map(|asked| if asked { yes } else { no }.to_owned())
    })
}

/// Groups where all of one is meant, kinds otherwise.
fn kinds_in_words(kinds: KindSet, language: Language) -> String {
    if kinds == KindSet::all() {
        return pick(language, "すべて", "any").to_owned();
    }
    let mut words: Vec<&str> = Vec::new();
    let mut rest = kinds;
    for group in Group::ALL {
        let members = KindSet::group(*group);
        if kinds.covers(members) {
            words.push(group.name(language));
            rest = rest.without(members);
        }
    }
    words.extend(rest.kinds().map(|kind: Kind| kind.name(language)));
    joined(&words, language)
}

/// `10MiB`: the shortest exact text of a size.
fn size(octets: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let fitting = units.iter().find(|(_, scale)| octets >= *scale && octets.is_multiple_of(*scale));
    fitting.map_or_else(|| format!("{octets}B"), |(unit, scale)| format!("{}{unit}", octets / scale))
}

fn joined(words: &[impl ToString], language: Language) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    words.join(pick(language, "、", ", "))
}

fn pick<T>(language: Language, ja: T, en: T) -> T {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}
