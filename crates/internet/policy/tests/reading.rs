//! Policies as people write them: what is read, and what they are told.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use std::fs;
use std::path::Path;

use sekisho_policy::{Group, Kind, Policy, PolicyError};
use sekisho_safe_message::Language;

const HEAD: &str = "profile = \"p\"\ndefault = \"strip\"\n";

fn errors(text: &str) -> Vec<PolicyError> {
    Policy::parse(text).expect_err(text)
}

/// One rule below a sound head; its first line is line 3.
fn rule(body: &str) -> String {
    format!("{HEAD}[[rule]]\n{body}")
}

#[test]
fn what_is_shipped_is_what_is_built_in() {
    for name in Policy::BUILT_IN {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../config/policy").join(format!("{name}.toml"));
        let text = fs::read_to_string(file).unwrap();
        assert_eq!(Policy::built_in_text(name), Some(&*text));
        let policy = Policy::parse(&text).unwrap();
        assert_eq!(policy.profile().as_str(), name);
        assert_eq!(Policy::built_in(name), Some(policy));
        // Whoever copies it reads why each rule is there, in both languages.
        let before = text.split("[[rule]]").map(|part| part.rsplit("\n\n").next().unwrap_or_default());
        for comment in before.take(text.matches("[[rule]]").count()) {
            assert!(comment.contains("# ") && !comment.is_ascii(), "{name}: {comment}");
        }
    }
    assert_eq!(Policy::built_in("none"), None);
    assert_eq!(Policy::built_in("text-only"), Some(Policy::text_only()));
}

#[test]
fn mistakes_are_told_with_place_and_remedy() {
    for (text, told) in [
        ("", "p:1:1: profile is missing"),
        ("profile = \"p\"", "p:1:1: default is missing\n  remedy: say what becomes of files that no rule names"),
        ("profile = \"P\"\ndefault = \"strip\"", "p:1:1: profile = \"P\": not a name of a profile"),
        ("profile = 1\ndefault = \"strip\"", "p:1:1: profile = 1: a value of another type is wanted"),
        (
            "profile = \"p\"\ndefault = \"allow\"",
            "p:2:1: default = \"allow\": not one of the words known here\n  remedy: write one of: rebuild, flatten, extract, strip, quarantine, hold",
        ),
        ("profile = \"p\"\ndefault = \"rebuilt\"", "did you mean rebuild?"),
        ("profile = \"p\"\ndefault = [\"rebuild\"]", "the chain has no end"),
        ("profile = \"p\"\ndefault = []", "p:2:1: default = []: empty"),
        ("profile = \"p\"\ndefault = [\"rebuild\", \"rebuild\", \"strip\"]", "a way stands twice"),
        ("profile = \"p\"\ndefault = [\"hold\", \"strip\"]", "something stands behind the end"),
        ("profile = \"p\"\ndefault = \"strip\"\nruel = 1", "p:3:1: ruel: no such key\n  remedy: did you mean rule?"),
        ("profile = \"p\"\ndefault = \"strip\"\nrule = 1", "begin each rule with [[rule]]"),
        ("profile = \"p\ndefault = \"strip\"", "p:1:13: not TOML"),
        (&rule("then = \"strip\""), "p:3:1: rule: id is missing"),
        (&rule("id = \"a\""), "p:3:1: a: then is missing"),
        (&rule("id = \"default\"\nthen = \"strip\""), "p:4:1: default: id = \"default\": not an id"),
        (&rule("id = \"あ\"\nthen = \"strip\""), "p:4:1: あ: id = \"あ\": not an id"),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = 1"), "p:6:1: a: when = 1: a value of another type"),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen = { kinds = 1 }"),
            "p:6:10: a: when.kinds: no such key\n  remedy: did you mean kind?",
        ),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen = { kind = [\"pdf\", \"jpg\"] }"),
            "p:6:25: a: when.kind = \"jpg\": no such kind of file",
        ),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen = { kind = \"exe\" }"),
            "the manual's page on policies lists all kinds",
        ),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = { kind = \"pictures\" }"), "did you mean picture?"),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = { kind = [] }"), "when.kind = []: empty"),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen = { size_max = \"10MB\" }"),
            "not a size\n  remedy: write a number and B, KiB",
        ),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = { size_max = 10 }"), "write text in quotes"),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = { size_max = \"99999999999999999999GiB\" }"), "not a size"),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = { sender = \"b.example\" }"), "neither an address nor a domain"),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = { name = \"\" }"), "not a pattern of file names"),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = { nested = \"yes\" }"), "write true or false"),
        (&rule("id = \"a\"\nthen = \"strip\"\nwhen = { depth_min = -1 }"), "write a number from 0 to 1000"),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen = { authentication = { dmarc = \"passed\" } }"),
            "a: when.authentication.dmarc = \"passed\": not one of the words known here\n  remedy: did you mean pass? Known: pass, none",
        ),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen = { authentication = { dmark = \"pass\" } }"),
            "did you mean dmarc?",
        ),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen = { size_min = \"2KiB\", size_max = \"1KiB\" }"),
            "p:3:1: a: no file can meet these conditions",
        ),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen = { nested = false, depth_min = 1 }"),
            "no file can meet these conditions",
        ),
        (
            &rule("id = \"a\"\nthen = \"rebuild\"\nwhen = { kind = [\"executable\", \"script\"] }"),
            "nobody offers any of these ways for these kinds",
        ),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nuntil = \"2027-03-31\""),
            "p:3:1: a: owner is missing\n  remedy: an exception with an end needs an owner and a reason too",
        ),
        (&rule("id = \"a\"\nthen = \"strip\"\nowner = \"x\"\nreason = \"y\""), "owner or reason without until"),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nuntil = \"2027-02-30\"\nowner = \"x\"\nreason = \"y\""),
            "p:6:1: a: until = \"2027-02-30\": not a date",
        ),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nuntil = 2027-03-31T00:00:00\nowner = \"x\"\nreason = \"y\""),
            "not a date",
        ),
        (&rule("id = \"a\"\nthen = \"strip\"\nuntil = 2027-03-31\nowner = \" \"\nreason = \"y\""), "not a short line"),
        (
            &rule("id = \"a\"\nthen = \"strip\"\nwhen.kind = \"pdf\"\n[[rule]]\nid = \"a\"\nthen = \"hold\""),
            "p:7:1: a: the rule on line 3 has the same id",
        ),
    ] {
        let found: Vec<_> = errors(text).iter().map(|error| error.localized("p", Language::En)).collect();
        assert!(found.iter().any(|error| error.contains(told)), "{text}\n---\n{told}\n---\n{found:#?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = "default = \"x\"\n[[rule]]\nid = 1\nwhen = { kind = \"x\", size_min = \"x\" }\nthen = \"x\"\n";
    let lines: Vec<usize> = errors(text).iter().map(|error| error.line).collect();
    assert_eq!(lines, [1, 1, 3, 4, 4, 5]);
}

#[test]
fn every_error_has_words_in_both_languages() {
    let told = errors(&rule("id = \"a\"\nthen = \"allow\"\nwhen = { kind = \"xx\\u001b[2J\" }"));
    let japanese: Vec<_> = told.iter().map(|error| error.localized("policy.toml", Language::Ja)).collect();
    assert_eq!(
        japanese[0],
        "policy.toml:5:1: a: then = \"allow\": 使える語ではありません\n  対処: 次のいずれかを書いてください: rebuild, flatten, extract, strip, quarantine, hold"
    );
    assert!(japanese[1].contains("このような種類はありません"));
    let raw = errors("profile = \"p\u{202e}\"\ndefault = \"strip\"");
    assert!(raw[0].to_string().contains("\\u{202e}"), "{}", raw[0]);
}

/// The second rule of each, and whether the first leaves anything for it.
#[test]
fn rules_that_are_never_reached_are_refused() {
    for (first, second, reached) in [
        ("", "when.kind = \"pdf\"", false),
        ("when.kind = \"any\"", "when.size_min = \"1B\"", false),
        ("when.kind = \"picture\"", "when.kind = [\"png\", \"jpeg\"]", false),
        ("when.kind = \"picture\"", "when.kind = [\"png\", \"pdf\"]", true),
        ("when.kind = \"pdf\"", "", true),
        ("when.size_max = \"2MiB\"", "when.size_max = \"1MiB\"", false),
        ("when.size_max = \"1MiB\"", "when.size_max = \"2MiB\"", true),
        ("when.size_min = \"1MiB\"", "when = { size_min = \"1MiB\", size_max = \"2MiB\" }", false),
        ("when.sender = \".a.jp\"", "when.sender = [\"x@b.a.jp\", \"@a.jp\"]", false),
        ("when.sender = \"@a.jp\"", "when.sender = [\"x@a.jp\", \"@b.jp\"]", true),
        ("when.sender = \"@a.jp\"", "when.recipient = \"@a.jp\"", true),
        ("when.name = \"*.pdf\"", "when.name = \"a*.PDF\"", false),
        ("when.name = \"a*.pdf\"", "when.name = \"*.pdf\"", true),
        ("when.encrypted = true", "when = { encrypted = true, kind = \"zip\" }", false),
        ("when.encrypted = true", "when.encrypted = false", true),
        ("when.nested = true", "when.depth_min = 2", false),
        ("when.depth_min = 2", "when.nested = true", true),
        ("when.authentication = { dmarc = [\"fail\", \"none\"] }", "when.authentication.dmarc = \"fail\"", false),
        ("when.authentication.dmarc = \"fail\"", "when.authentication.spf = \"fail\"", true),
        ("until = \"2027-03-31\"\nowner = \"x\"\nreason = \"y\"", "when.kind = \"pdf\"", true),
        (
            "until = \"2027-03-31\"\nowner = \"x\"\nreason = \"y\"",
            "until = \"2027-03-31\"\nowner = \"x\"\nreason = \"y\"",
            false,
        ),
    ] {
        let text = format!(
            "{HEAD}[[rule]]\nid = \"a\"\nthen = \"hold\"\n{first}\n[[rule]]\nid = \"b\"\nthen = \"hold\"\n{second}\n"
        );
        let unreachable = Policy::parse(&text).err().map(|errors| errors[0].to_string());
        let told = unreachable.as_deref().is_some_and(|error| error.contains("never reached: the rule a"));
        assert_eq!((told, unreachable.is_none()), (!reached, reached), "{text}\n{unreachable:?}");
    }
}

#[test]
fn two_rules_together_can_leave_nothing() {
    let text = format!(
        "{HEAD}[[rule]]\nid = \"a\"\nthen = \"hold\"\nwhen.kind = \"png\"\n\
         [[rule]]\nid = \"b\"\nthen = \"hold\"\nwhen.kind = \"jpeg\"\n\
         [[rule]]\nid = \"c\"\nthen = \"hold\"\nwhen = {{ kind = [\"png\", \"jpeg\"], encrypted = true }}\n"
    );
    assert!(errors(&text)[0].to_string().contains("never reached: the rule b"));
}

#[test]
fn bounds_are_kept() {
    let many = |count: usize| {
        let rules = (0..count).map(|n| format!("[[rule]]\nid = \"r{n}\"\nthen = \"hold\"\nwhen.name = \"{n}\"\n"));
        format!("{HEAD}{}", rules.collect::<String>())
    };
    assert!(Policy::parse(&many(500)).is_ok());
    assert!(errors(&many(501))[0].to_string().contains("too many rules"));
    assert!(errors(&format!("{HEAD}#{}", "x".repeat(65_536)))[0].to_string().contains("too long"));
}

/// Together with 1,000 recipients it must fit a job (512 KiB).
#[test]
fn the_largest_policy_is_small_in_a_job() {
    let mut text = HEAD.to_owned();
    for n in 0..500 {
        let rule = format!(
            "[[rule]]\nid=\"{n}\"\nthen=\"rebuild\"\nwhen={{kind=\"any\",nested=true,sender=[\"@a{n}\",\"@b\",\"@c\"]}}\n"
        );
        text.push_str(&rule);
    }
    assert!(text.len() <= Policy::MAX_TEXT, "{}", text.len());
    let policy = Policy::parse(&text).unwrap();
    let encoded = postcard::to_allocvec(&policy).unwrap();
    assert!(encoded.len() < 128 * 1024, "{}", encoded.len());
    assert_eq!(postcard::from_bytes::<Policy>(&encoded), Ok(policy));
}

/// Any text is a policy or a list of errors; halves of good ones as well.
#[test]
fn no_text_makes_it_panic() {
    let good: Vec<u8> = Policy::built_in_text("rebuild-or-hold").unwrap().into();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chance = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 1_000_003).unwrap()
    };
    for _ in 0..300 {
        let mut text = good.clone();
        for _ in 0..=chance() % 4 {
            let at = chance() % text.len();
            text[at] = b"\"[]{}=\n#a0"[chance() % 10];
        }
        text.truncate(1 + chance() % text.len());
        if let Err(errors) = Policy::parse(&String::from_utf8_lossy(&text)) {
            assert!(!errors.is_empty() && errors.len() <= 100);
        }
    }
}

/// What the guide shows can be copied, and its table of kinds is whole.
#[test]
fn the_guide_is_right_in_both_languages() {
    for name in ["policy.md", "policy.ja.md"] {
        let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs").join(name)).unwrap();
        let blocks = guide.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let shown: Vec<&str> = blocks.filter(|block| block.contains("[[rule]]")).collect();
        assert_eq!(shown.len(), 6, "{name}");
        for block in shown {
            let text = if block.contains("default = ") { block.to_owned() } else { format!("{HEAD}{block}") };
            assert!(Policy::parse(&text).is_ok(), "{name}: {block}: {:?}", Policy::parse(&text));
        }
        for group in Group::ALL {
            let kinds = Kind::ALL.iter().filter(|kind| kind.group() == *group);
            let kinds: Vec<_> = kinds.map(|kind| format!("`{}`", kind.code())).collect();
            let row = format!("| `{}` | {} |", group.code(), kinds.join(" "));
            assert!(guide.contains(&row), "{name}: {row}");
        }
    }
}
