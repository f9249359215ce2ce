//! Policies for one mail: a step milder for a release, and for a look.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use sekisho_policy::{Day, End, Facts, Group, Kind, Look, Policy, RelaxError, Sender};
use sekisho_safe_message::{Language, Method};

const EVERY: [Method; 3] = [Method::Rebuild, Method::Flatten, Method::Extract];

fn facts(kind: Kind) -> Facts<'static> {
    Facts {
        kind,
        size: 100_000,
        name: None,
        declared: "",
        mismatch: false,
        polyglot: false,
        encrypted: false,
        signed: false,
        inline: false,
        depth: 0,
        sender: Sender::default(),
        recipients: &[],
    }
}

fn today() -> Day {
    Day::parse("2026-11-24").unwrap()
}

fn policy(rules: &str) -> Policy {
    Policy::parse(&format!("profile = \"p\"\ndefault = \"strip\"\n{rules}")).unwrap()
}

/// `rebuild+extract+hold`: what is tried, and what is done when nothing works.
fn chain(policy: &Policy, facts: &Facts<'_>) -> String {
    let decision = policy.decide(facts, today());
    let methods = decision.methods.iter().map(|method| method.code());
    methods.chain([decision.end.code()]).collect::<Vec<_>>().join("+")
}

/// Every set of facts that the built-in rules tell apart.
fn all_facts(kind: Kind) -> impl Iterator<Item = Facts<'static>> {
    (0..16).map(move |bits| Facts {
        polyglot: bits & 1 > 0,
        encrypted: bits & 2 > 0,
        inline: bits & 4 > 0,
        size: if bits & 8 > 0 { 100 } else { 100_000 },
        ..facts(kind)
    })
}

/// What a file of the kind comes to: from 0, the mail waits, upwards.
fn mildness(policy: &Policy, facts: &Facts<'_>) -> u32 {
    let decision = policy.decide(facts, today());
    let first = decision.methods.iter().find(|method| facts.kind.offers(**method));
    match (first, decision.end) {
        (None, End::Hold) => 0,
        (None, End::Quarantine | End::Strip) => 1,
        (Some(Method::Extract), _) => 2,
        (Some(Method::Flatten), _) => 3,
        (Some(Method::Rebuild), _) => 4,
    }
}

#[test]
fn each_step_leads_to_the_next_one() {
    for (kind, then, steps) in [
        (
            Kind::Pdf,
            "\"hold\"",
            &["quarantine", "extract+quarantine", "flatten+extract+quarantine", "rebuild+flatten+extract+quarantine"][..],
        ),
        (Kind::Pdf, "\"strip\"", &["extract+strip", "flatten+extract+strip", "rebuild+flatten+extract+strip"]),
        (Kind::Pdf, "[\"flatten\", \"hold\"]", &["rebuild+flatten+hold", "rebuild+flatten+quarantine"]),
        (
            Kind::Pdf,
            "[\"extract\", \"rebuild\", \"strip\"]",
            &["flatten+extract+rebuild+strip", "rebuild+flatten+extract+strip"],
        ),
        // Ways that the kind does not have are passed over.
        (Kind::Tiff, "\"hold\"", &["quarantine", "flatten+quarantine", "rebuild+flatten+quarantine"]),
        (Kind::Png, "[\"extract\", \"strip\"]", &["rebuild+extract+strip"]),
        (Kind::Csv, "\"extract\"", &["rebuild+extract+quarantine"]),
        (Kind::Zip, "\"hold\"", &["quarantine", "rebuild+quarantine"]),
        (Kind::Html, "\"hold\"", &["quarantine", "extract+quarantine"]),
        // The mail can go on without it, and that is all.
        (Kind::Executable, "\"hold\"", &["quarantine"]),
        (Kind::Unknown, "[\"rebuild\", \"hold\"]", &["rebuild+quarantine"]),
    ] {
        let mut policy = policy(&format!("[[rule]]\nid = \"a\"\nthen = {then}\n"));
        for step in steps {
            policy = policy.relaxed(kind.code()).unwrap();
            assert_eq!(chain(&policy, &facts(kind)), *step, "{kind:?} {then}");
            let rule = policy.decide(&facts(kind), today()).rule;
            assert_eq!(rule, format!("released:{}:a", kind.code()));
            assert!(rule.starts_with(Policy::RELEASED));
        }
        let end = policy.relaxed(kind.code()).unwrap_err();
        let offered = EVERY.iter().any(|method| kind.offers(*method));
        let expected = if offered { RelaxError::AlreadyMildest } else { RelaxError::NeverCrosses };
        assert_eq!(end, expected, "{kind:?} {then}");
    }
}

#[test]
fn conditions_stay_and_so_does_their_order() {
    let policy = policy(
        "[[rule]]\nid = \"big\"\nwhen = { kind = \"pdf\", size_min = \"1MiB\" }\nthen = \"hold\"\n\
         [[rule]]\nid = \"best\"\nwhen = { kind = \"pdf\", signed = true }\nthen = \"rebuild\"\n\
         [[rule]]\nid = \"old\"\nwhen.kind = \"pdf\"\nthen = \"hold\"\nuntil = \"2026-01-01\"\nowner = \"x\"\nreason = \"y\"\n\
         [[rule]]\nid = \"pdf\"\nwhen.kind = [\"pdf\", \"png\"]\nthen = [\"flatten\", \"strip\"]\n",
    );
    let milder = policy.relaxed("pdf").unwrap();
    for (facts, rule, then) in [
        (Facts { size: 2 << 20, ..facts(Kind::Pdf) }, "released:pdf:big", "quarantine"),
        (Facts { size: 2 << 20, signed: true, ..facts(Kind::Pdf) }, "released:pdf:big", "quarantine"),
        // It cannot be milder, and still comes before what can.
        (Facts { signed: true, ..facts(Kind::Pdf) }, "best", "rebuild+flatten+extract+quarantine"),
        (facts(Kind::Pdf), "released:pdf:pdf", "rebuild+flatten+strip"),
        (facts(Kind::Png), "pdf", "flatten+strip"),
        (facts(Kind::Jpeg), "default", "strip"),
    ] {
        assert_eq!(milder.decide(&facts, today()).rule, rule, "{facts:?}");
        assert_eq!(chain(&milder, &facts), then, "{facts:?}");
    }
    // No rule names it: the default is what is made milder.
    let jpeg = milder.relaxed("jpeg").unwrap();
    assert_eq!(jpeg.decide(&facts(Kind::Jpeg), today()).rule, "released:jpeg:default");
    assert_eq!(chain(&jpeg, &facts(Kind::Jpeg)), "rebuild+strip");
    assert_eq!(chain(&jpeg, &facts(Kind::Pdf)), "rebuild+flatten+strip");
}

#[test]
fn one_kind_is_milder_and_no_other_changes() {
    for name in Policy::BUILT_IN {
        let before = Policy::built_in(name).unwrap();
        let words = Kind::ALL.iter().map(|kind| kind.code()).chain(Group::ALL.iter().map(|group| group.code()));
        for word in words {
            let Ok(after) = before.relaxed(word) else { continue };
            let mut changes = 0;
            for facts in Kind::ALL.iter().flat_map(|kind| all_facts(*kind)) {
                let meant = facts.kind.code() == word || facts.kind.group().code() == word;
                let (old, new) = (before.decide(&facts, today()), after.decide(&facts, today()));
                if meant {
                    let (old, new) = (mildness(&before, &facts), mildness(&after, &facts));
                    assert!(new >= old, "{name} {word} {facts:?}");
                    changes += u32::from(new > old);
                } else {
                    assert_eq!((old.rule, old.methods, old.end), (new.rule, new.methods, new.end), "{name} {word}");
                }
            }
            assert!(changes > 0 || chains_end_milder(&before, &after, word), "{name} {word}: nothing is milder");
            assert_eq!(after.profile().as_str(), format!("{name}-relaxed-{word}"));
        }
    }
}

fn chains_end_milder(before: &Policy, after: &Policy, word: &str) -> bool {
    let meant = |facts: &Facts<'_>| facts.kind.code() == word || facts.kind.group().code() == word;
    Kind::ALL.iter().flat_map(|kind| all_facts(*kind)).filter(meant).any(|facts| {
        before.decide(&facts, today()).end == End::Hold && after.decide(&facts, today()).end == End::Quarantine
    })
}

#[test]
fn what_cannot_be_milder_is_told() {
    let policy = Policy::built_in("rebuild-or-hold").unwrap();
    for (word, error, code) in [
        ("pdff", RelaxError::UnknownKind(Some("pdf")), "unknown-kind"),
        ("any", RelaxError::UnknownKind(None), "unknown-kind"),
        ("", RelaxError::UnknownKind(None), "unknown-kind"),
        ("executable", RelaxError::NeverCrosses, "never-crosses"),
        ("script", RelaxError::NeverCrosses, "never-crosses"),
        ("unknown", RelaxError::NeverCrosses, "never-crosses"),
        ("program", RelaxError::NeverCrosses, "never-crosses"),
        ("media", RelaxError::NeverCrosses, "never-crosses"),
        ("csv", RelaxError::AlreadyMildest, "already-mildest"),
    ] {
        let mut milder = policy.clone();
        let error_is = loop {
            // Two formats in one file are kept out, so that most kinds have steps to take.
            match milder.relaxed(word) {
                Ok(next) => milder = next,
                Err(error) => break error,
            }
        };
        assert_eq!((error_is, error_is.code()), (error, code), "{word}");
        for language in [Language::Ja, Language::En] {
            assert!(!error_is.explain(language).is_empty());
        }
    }
    assert!(RelaxError::UnknownKind(Some("pdf")).explain(Language::Ja).contains("pdf のことですか"));
}

#[test]
fn the_bound_on_rules_holds() {
    let rules: String = (0..Policy::MAX_RULES / 2 + 1)
        .map(|n| {
            format!(
                "[[rule]]\nid = \"r{n}\"\nwhen = {{ kind = [\"pdf\", \"gif\"], name = \"{n}.pdf\" }}\nthen = \"hold\"\n"
            )
        })
        .collect();
    assert_eq!(policy(&rules).relaxed("pdf").err(), Some(RelaxError::TooManyRules));
    assert!(policy(&rules).relaxed("png").is_ok());
}

#[test]
fn the_profile_says_what_was_done() {
    let pdf = Policy::built_in("text-only").unwrap().relaxed("pdf").unwrap();
    assert_eq!(pdf.profile().as_str(), "text-only-relaxed-pdf");
    assert_eq!(pdf.relaxed("zip").unwrap().profile().as_str(), "text-only-relaxed-pdf-zip");
    for (long, short) in
        [("a".repeat(54), format!("{}-relaxed", "a".repeat(54))), ("a".repeat(64), "relaxed".to_owned())]
    {
        let policy = Policy::parse(&format!("profile = \"{long}\"\ndefault = \"hold\"")).unwrap();
        assert_eq!(policy.relaxed("pdf").unwrap().profile().as_str(), short);
    }
}

#[test]
fn a_milder_rule_is_explained_like_any() {
    let policy = Policy::built_in("text-only").unwrap().relaxed("pdf-files").unwrap();
    let words = policy.explain(Language::En);
    assert_eq!(words[0].id, "released:pdf-files:default");
    assert_eq!((words[0].line, words[0].when.as_slice()), (None, &["kind: PDF".to_owned()][..]));
    assert_eq!(words[0].then, "its text alone, else keep it out");
    assert_eq!(words.last().unwrap().id, Policy::DEFAULT);
    let hold = Policy::built_in("rebuild-or-hold").unwrap().relaxed("zip").unwrap();
    let words = hold.explain(Language::Ja);
    assert!(words.iter().any(|rule| rule.id == "released:zip:passwords" && rule.line.is_some()), "{words:?}");
}

#[test]
fn it_travels_in_a_job() {
    let policy = Policy::built_in("pixels").unwrap().relaxed("pdf").unwrap();
    let octets = postcard::to_allocvec(&policy).unwrap();
    assert_eq!(postcard::from_bytes::<Policy>(&octets).unwrap(), policy);
}

#[test]
fn nothing_waits_for_a_look() {
    for (look, name) in
        [(Look::Text, "preview-text"), (Look::Files, "preview-files"), (Look::Pictures, "preview-pictures")]
    {
        let policy = Policy::for_preview(look);
        assert_eq!(policy.profile().as_str(), name);
        assert!(policy.explain(Language::En).iter().all(|rule| rule.end == End::Quarantine));
        for facts in Kind::ALL.iter().flat_map(|kind| all_facts(*kind)) {
            let decision = policy.decide(&facts, today());
            assert_eq!(decision.end, End::Quarantine, "{look:?} {facts:?}");
            let can = |method: &Method| facts.kind.offers(*method);
            let first = decision.methods.iter().copied().find(can);
            let expected = match look {
                Look::Text => None,
                Look::Files => EVERY.into_iter().find(can),
                // What has pages becomes pictures of them, the rest what it is.
                Look::Pictures if can(&Method::Flatten) => Some(Method::Flatten),
                Look::Pictures => EVERY.into_iter().find(can),
            };
            assert_eq!(first, expected, "{look:?} {facts:?}");
        }
    }
}
