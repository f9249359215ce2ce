//! What policies decide.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use sekisho_policy::{Day, End, Facts, Kind, Policy, Sender};
use sekisho_safe_message::{Address, AuthResult, Authentication, Language, Method};

const HEAD: &str = "profile = \"p\"\ndefault = \"strip\"\n";

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

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// One rule `a` with these conditions.
fn policy(when: &str) -> Policy {
    Policy::parse(&format!("{HEAD}[[rule]]\nid = \"a\"\nthen = \"hold\"\nwhen = {{ {when} }}\n")).unwrap()
}

fn fits(when: &str, facts: &Facts<'_>) -> bool {
    policy(when).decide(facts, today()).rule == "a"
}

#[test]
fn each_condition_asks_for_its_fact() {
    let pdf = facts(Kind::Pdf);
    let named = Facts { name: Some("見積書.PDF"), ..pdf };
    for (when, facts, expected) in [
        ("kind = \"pdf\"", pdf, true),
        ("kind = \"pdf-files\"", pdf, true),
        ("kind = [\"png\", \"any\"]", pdf, true),
        ("kind = \"png\"", pdf, false),
        ("size_min = \"100000B\"", pdf, true),
        ("size_min = \"100001B\"", pdf, false),
        ("size_max = \"100000B\"", pdf, true),
        ("size_max = \"99999B\"", pdf, false),
        ("name = [\"*.doc\", \"*.pdf\"]", named, true),
        ("name = \"*\"", pdf, false),
        ("encrypted = true", Facts { encrypted: true, ..pdf }, true),
        ("encrypted = true", pdf, false),
        ("encrypted = false", pdf, true),
        ("signed = true", Facts { signed: true, ..pdf }, true),
        ("mismatch = true", Facts { mismatch: true, ..pdf }, true),
        ("polyglot = true", Facts { polyglot: true, ..pdf }, true),
        ("inline = true", Facts { inline: true, ..pdf }, true),
        ("inline = true", pdf, false),
        ("nested = true", Facts { depth: 1, ..pdf }, true),
        ("nested = true", pdf, false),
        ("nested = false", pdf, true),
        ("depth_min = 2, depth_max = 3", Facts { depth: 3, ..pdf }, true),
        ("depth_min = 2, depth_max = 3", Facts { depth: 4, ..pdf }, false),
        ("kind = \"pdf\", encrypted = true", pdf, false),
    ] {
        assert_eq!(fits(when, &facts), expected, "{when}");
    }
}

#[test]
fn both_senders_must_fit() {
    let (good, bad) = (address("a@pref.example.lg.jp"), address("a@evil.example"));
    let sent =
        |envelope, author| Facts { sender: Sender { envelope, author, authentication: None }, ..facts(Kind::Pdf) };
    let when = "sender = \".example.lg.jp\"";
    for (envelope, author, expected) in [
        (Some(&good), Some(&good), true),
        (Some(&good), None, true),
        (None, Some(&good), true),
        (None, None, false),
        (Some(&bad), Some(&good), false),
        (Some(&good), Some(&bad), false),
    ] {
        assert_eq!(fits(when, &sent(envelope, author)), expected, "{envelope:?} {author:?}");
    }
}

#[test]
fn results_about_the_sender_are_asked_for() {
    let known = Authentication { dmarc: Some(AuthResult::Pass), ..Authentication::default() };
    let with = |authentication| Facts { sender: Sender { authentication, ..Sender::default() }, ..facts(Kind::Pdf) };
    for (when, found, expected) in [
        ("dmarc = \"pass\"", Some(&known), true),
        ("dmarc = [\"fail\", \"none\"]", Some(&known), false),
        ("dmarc = \"pass\"", None, false),
        ("dmarc = [\"fail\", \"unknown\"]", None, true),
        ("dmarc = \"pass\", spf = \"unknown\"", Some(&known), true),
        ("dmarc = \"pass\", spf = \"pass\"", Some(&known), false),
    ] {
        assert_eq!(fits(&format!("authentication = {{ {when} }}"), &with(found)), expected, "{when}");
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let text = format!(
        "{HEAD}[[rule]]\nid = \"big\"\nwhen.size_min = \"1MiB\"\nthen = \"quarantine\"\n\
         [[rule]]\nid = \"pdf\"\nwhen.kind = \"pdf\"\nthen = [\"flatten\", \"rebuild\", \"hold\"]\n\
         [[rule]]\nid = \"text\"\nwhen.kind = \"text\"\nthen = \"extract\"\n"
    );
    let policy = Policy::parse(&text).unwrap();
    let decided = |kind, size| {
        let decision = policy.decide(&Facts { size, ..facts(kind) }, today());
        (decision.rule.to_owned(), decision.methods.to_vec(), decision.end)
    };
    assert_eq!(decided(Kind::Pdf, 1 << 20), ("big".to_owned(), vec![], End::Quarantine));
    assert_eq!(decided(Kind::Pdf, 1), ("pdf".to_owned(), vec![Method::Flatten, Method::Rebuild], End::Hold));
    assert_eq!(decided(Kind::Text, 1), ("text".to_owned(), vec![Method::Extract], End::Quarantine));
    assert_eq!(decided(Kind::Png, 1), ("default".to_owned(), vec![], End::Strip));
}

#[test]
fn one_way_stands_for_all_that_keep_less() {
    use Method::{Extract, Flatten, Rebuild};
    for (then, methods, end) in [
        ("rebuild", &[Rebuild, Flatten, Extract][..], End::Quarantine),
        ("flatten", &[Flatten, Extract], End::Quarantine),
        ("extract", &[Extract], End::Quarantine),
        ("strip", &[], End::Strip),
        ("quarantine", &[], End::Quarantine),
        ("hold", &[], End::Hold),
    ] {
        let policy = Policy::parse(&format!("profile = \"p\"\ndefault = \"{then}\"")).unwrap();
        let decision = policy.decide(&facts(Kind::Pdf), today());
        assert_eq!((decision.methods, decision.end), (methods, end), "{then}");
    }
}

#[test]
fn an_exception_ends_with_its_last_day() {
    let text = format!(
        "{HEAD}[[rule]]\nid = \"a\"\nthen = \"rebuild\"\nuntil = 2026-11-24\nowner = \"情報政策課\"\nreason = \"様式の移行\"\n"
    );
    let policy = Policy::parse(&text).unwrap();
    let on = |day| policy.decide(&facts(Kind::Pdf), Day::parse(day).unwrap()).rule.to_owned();
    assert_eq!([on("2026-11-23"), on("2026-11-24"), on("2026-11-25")], ["a", "a", "default"]);
    let words = policy.explain(Language::Ja);
    assert_eq!(words[0].exception.as_deref(), Some("2026-11-24 まで。責任者: 情報政策課。理由: 様式の移行"));
}

#[test]
fn recipients_are_grouped_by_what_rules_ask() {
    let text = format!(
        "{HEAD}[[rule]]\nid = \"school\"\nwhen = {{ kind = \"archive\", recipient = \".school.jp\" }}\nthen = \"strip\"\n\
         [[rule]]\nid = \"it\"\nwhen.recipient = [\"it@city.jp\", \"@it.city.jp\"]\nthen = \"rebuild\"\n\
         [[rule]]\nid = \"old\"\nwhen.recipient = \"b@city.jp\"\nthen = \"hold\"\nuntil = \"2026-11-23\"\nowner = \"x\"\nreason = \"y\"\n"
    );
    let policy = Policy::parse(&text).unwrap();
    let to: Vec<_> =
        ["a@city.jp", "IT@city.jp", "x@a.school.jp", "b@city.jp", "y@it.city.jp", "z@school.jp"].map(address).into();
    assert_eq!(policy.groups(&to, today()), Ok(vec![vec![0, 3], vec![1, 4], vec![2, 5]]));
    let before = Day::parse("2026-11-23").unwrap();
    assert_eq!(policy.groups(&to, before).unwrap().len(), 4);
    assert_eq!(Policy::text_only().groups(&to, today()).unwrap().len(), 1);
    let group = [to[2].clone(), to[5].clone()];
    let zip = Facts { recipients: &group, ..facts(Kind::Zip) };
    assert_eq!(policy.decide(&zip, today()).rule, "school");
    // A group that is none of ours: the rule is for all of them or not at all.
    let mixed = Facts { recipients: &to, ..facts(Kind::Zip) };
    assert_eq!(policy.decide(&mixed, today()).rule, "default");
}

#[test]
fn more_than_sixteen_groups_are_refused() {
    let rules = (0..17).map(|n| format!("[[rule]]\nid = \"r{n}\"\nwhen.recipient = \"a{n}@b.jp\"\nthen = \"hold\"\n"));
    let policy = Policy::parse(&format!("{HEAD}{}", rules.collect::<String>())).unwrap();
    let to: Vec<_> = (0..17).map(|n| address(&format!("a{n}@b.jp"))).collect();
    assert_eq!(policy.groups(&to[..16], today()).unwrap().len(), 16);
    assert!(policy.groups(&to, today()).is_err());
}

#[test]
fn the_default_profile_does_what_a_town_expects() {
    let policy = Policy::built_in("rebuild-or-hold").unwrap();
    let encrypted = |kind| Facts { encrypted: true, ..facts(kind) };
    let logo = Facts { inline: true, size: 3_000, ..facts(Kind::Png) };
    for (facts, rule, first, end) in [
        (facts(Kind::Pdf), "everyday", Some(Method::Rebuild), End::Quarantine),
        (facts(Kind::Jpeg), "everyday", Some(Method::Rebuild), End::Quarantine),
        (facts(Kind::Zip), "everyday", Some(Method::Rebuild), End::Quarantine),
        (facts(Kind::Tnef), "everyday", Some(Method::Rebuild), End::Quarantine),
        (facts(Kind::Html), "everyday", Some(Method::Rebuild), End::Quarantine),
        (facts(Kind::Xlsx), "office", Some(Method::Rebuild), End::Quarantine),
        (facts(Kind::Script), "programs", None, End::Quarantine),
        (encrypted(Kind::Executable), "programs", None, End::Quarantine),
        (facts(Kind::DiskImage), "programs", None, End::Quarantine),
        (Facts { polyglot: true, ..facts(Kind::Pdf) }, "two-in-one", None, End::Quarantine),
        (encrypted(Kind::Zip), "passwords", None, End::Hold),
        (encrypted(Kind::Pdf), "passwords", None, End::Hold),
        (encrypted(Kind::EncryptedOffice), "passwords", None, End::Hold),
        (logo, "decoration", None, End::Strip),
        (Facts { size: 5_000, ..logo }, "everyday", Some(Method::Rebuild), End::Quarantine),
        (facts(Kind::Video), "media-and-unknown", None, End::Quarantine),
        (facts(Kind::Unknown), "media-and-unknown", None, End::Quarantine),
        (facts(Kind::OneNote), "media-and-unknown", None, End::Quarantine),
    ] {
        let decision = policy.decide(&facts, today());
        let got = (decision.rule, decision.methods.first().copied(), decision.end);
        assert_eq!(got, (rule, first, end), "{:?}", facts.kind);
    }
    let pixels = Policy::built_in("pixels").unwrap();
    assert_eq!(pixels.decide(&facts(Kind::Pdf), today()).methods, [Method::Flatten, Method::Extract]);
    for kind in Kind::ALL {
        let decision = Policy::text_only();
        let decision = decision.decide(&facts(*kind), today());
        assert!(decision.methods.is_empty() && decision.end == End::Strip);
        // Every kind that people send has a rule of its own in the others.
        assert_ne!(policy.decide(&facts(*kind), today()).rule, "default", "{kind:?}");
    }
}

#[test]
fn rules_are_explained() {
    let policy = Policy::built_in("rebuild-or-hold").unwrap();
    let ja = policy.explain(Language::Ja);
    let en = policy.explain(Language::En);
    assert_eq!(ja.len(), 8);
    assert_eq!(en[0].when, ["kind: programs, disk images"]);
    assert_eq!(ja[3].when, ["種類: 画像、その他の画像、図形", "大きさ: 最大 4KiB", "本文中の画像"]);
    assert_eq!(
        en[4].then,
        "make it anew, else pictures of its pages, else its text alone, else keep it out and the original for a review"
    );
    assert_eq!(ja[7].id, "default");
}
