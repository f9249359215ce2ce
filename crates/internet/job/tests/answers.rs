//! A worker's answer is believed only if it divides the job's recipients, and
//! each share speaks of its own.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use sekisho_job::{
    Answer, AnswerError, Answers, FileRules, HoldReason, Job, Limits, Orders, Outgoing, Report, Rules, Verdict,
    encode_answers, encode_deliver, encode_hold,
};
use sekisho_policy::Policy;
use sekisho_safe_message::{
    Envelope, Language, MailId, Mailbox, SafeHeaders, SafeLine, SafeMessage, SafeText, Sha256, Timestamp, Untrusted,
};

fn job(recipients: usize) -> Job {
    let to = (0..recipients).map(|n| format!("r{n}@b.example").parse().unwrap()).collect();
    let policy = Policy::text_only();
    Job {
        id: MailId::new(1, [2; 10]),
        envelope: Envelope::new(None, to).unwrap(),
        received: Timestamp::new(0, 540).unwrap(),
        size: 5,
        limits: Limits::default(),
        profile: policy.profile().clone(),
        rules: Rules::default(),
        policy,
        files: FileRules::default(),
        orders: Orders::default(),
    }
}

fn report(job: &Job, hold: Option<HoldReason>) -> Report {
    let mut report = Report::unread(job, HoldReason::Rule, Sha256::of(b"mail"));
    report.hold_reason = hold;
    report.outcome = if hold.is_some() { Verdict::Hold } else { Verdict::Deliver };
    report
}

fn message(job: &Job) -> SafeMessage {
    let headers = SafeHeaders {
        from: Mailbox { name: None, address: "a@b.example".parse().unwrap() },
        to: vec![],
        cc: vec![],
        reply_to: vec![],
        subject: SafeLine::default(),
        date: job.received,
        message_id: None,
        in_reply_to: vec![],
        references: vec![],
        auto_submitted: None,
        list_id: None,
    };
    let (text, envelope) = (SafeText::clean("text").value, job.envelope.clone());
    SafeMessage::new(job.id, envelope, headers, text, vec![], Language::En, job.profile.clone()).unwrap()
}

/// An answer of shares that are told to be for these places, as jobs say.
fn answer(shares: &[(&[usize], &Job, bool)]) -> Vec<u8> {
    let made: Vec<_> = shares
        .iter()
        .map(|(places, job, crosses)| {
            let reason = (!crosses).then_some(HoldReason::Rule);
            (*places, report(job, reason), crosses.then(|| message(job)))
        })
        .collect();
    let outgoing: Vec<_> = made
        .iter()
        .map(|(recipients, report, message)| Outgoing { recipients, report, message: message.as_ref() })
        .collect();
    encode_answers(&outgoing).unwrap()
}

#[test]
fn a_mail_with_one_share_is_read_either_way() {
    let job = job(3);
    let bytes = encode_deliver(&message(&job), &report(&job, None)).unwrap();
    let Answer::Deliver(got, frame, _) = Answer::decode(Untrusted::new(&bytes), &job).unwrap() else {
        panic!("not delivered")
    };
    assert_eq!(*got, message(&job));
    let answers = Answers::decode(bytes, &job).unwrap();
    let [share] = answers.shares() else { panic!("one share") };
    assert_eq!((&share.job, answers.frame(share)), (&job, Some(&*frame)));

    let bytes = encode_hold(&report(&job, Some(HoldReason::NoSender))).unwrap();
    let held = Answer::decode(Untrusted::new(&bytes), &job).unwrap();
    assert!(matches!(held, Answer::Hold(HoldReason::NoSender, _)));
    let answers = Answers::decode(bytes, &job).unwrap();
    assert_eq!(answers.frame(&answers.shares()[0]), None);
}

#[test]
fn a_share_has_an_id_of_its_own_that_follows_from_its_recipients() {
    let job = job(3);
    let all = job.share(&[0, 1, 2]).unwrap();
    let some = job.share(&[0, 2]).unwrap();
    let other = job.share(&[1]).unwrap();
    assert_eq!(all, job);
    assert_eq!(some.envelope.to(), [job.envelope.to()[0].clone(), job.envelope.to()[2].clone()]);
    assert_eq!(some, job.share(&[0, 2]).unwrap());
    assert!(some.id != job.id && other.id != job.id && some.id != other.id);
    assert_eq!(some.id.unix_ms(), job.id.unix_ms());
    let elsewhere = Job { id: MailId::new(1, [3; 10]), ..job.clone() };
    assert_ne!(elsewhere.share(&[1]).unwrap().id, other.id);
    for bad in [&[][..], &[3], &[0, 0], &[1, 0], &[0, 1, 3]] {
        assert_eq!(job.share(bad), None, "{bad:?}");
    }
}

#[test]
fn shares_divide_the_recipients() {
    let job = job(4);
    let (a, b) = (job.share(&[0, 2]).unwrap(), job.share(&[1, 3]).unwrap());
    let answers = Answers::decode(answer(&[(&[0, 2], &a, true), (&[1, 3], &b, false)]), &job).unwrap();
    let [first, second] = answers.shares() else { panic!("two shares") };
    assert_eq!((&first.job, &second.job), (&a, &b));
    assert!(answers.frame(first).is_some() && answers.frame(second).is_none());

    let (c, d) = (job.share(&[0]).unwrap(), job.share(&[2, 3]).unwrap());
    let foreign = job.share(&[0, 1]).unwrap();
    for (shares, error) in [
        // Somebody is left out, is named twice, or does not exist.
        (&[(&[0, 2][..], &a, true)][..], AnswerError::Foreign),
        (&[(&[0, 2], &a, true), (&[2, 3], &d, true)], AnswerError::Malformed),
        (&[(&[0, 2], &a, true), (&[1, 3, 9], &b, true)], AnswerError::Foreign),
        // Another order than the one.
        (&[(&[1, 3], &b, true), (&[0, 2], &a, true)], AnswerError::Malformed),
        (&[(&[2, 0], &a, true), (&[1, 3], &b, true)], AnswerError::Malformed),
        // All, and more.
        (&[(&[], &job, true), (&[1, 3], &b, true)], AnswerError::Malformed),
        // Ids and envelopes of other shares, or of the whole.
        (&[(&[0, 2], &c, true), (&[1, 3], &b, true)], AnswerError::Foreign),
        (&[(&[0, 2], &job, true), (&[1, 3], &b, true)], AnswerError::Foreign),
        (&[(&[0, 2], &b, true), (&[1, 3], &a, true)], AnswerError::Foreign),
        (&[(&[0, 2], &a, true), (&[1, 3], &foreign, false)], AnswerError::Foreign),
    ] {
        assert_eq!(Answers::decode(answer(shares), &job), Err(error), "{shares:?}");
    }
    // One share has one spelling as well.
    let mut spelled = answer(&[(&[], &job, true)]);
    spelled.splice(6..8, [0, 4, 0, 0, 0, 1, 0, 2, 0, 3]);
    assert_eq!(Answers::decode(spelled, &job), Err(AnswerError::Malformed));
    let divided = answer(&[(&[0, 2], &a, true), (&[1, 3], &b, true)]);
    assert_eq!(Answer::decode(Untrusted::new(&divided), &job), Err(AnswerError::Divided));
}

#[test]
fn at_most_sixteen_shares() {
    let job = job(17);
    let shares: Vec<_> = (0..17).map(|place| (vec![place], job.share(&[place]).unwrap())).collect();
    let told: Vec<_> = shares.iter().map(|(places, job)| (&places[..], job, false)).collect();
    let reports: Vec<_> = told.iter().map(|(_, job, _)| report(job, Some(HoldReason::Rule))).collect();
    let outgoing: Vec<_> = told
        .iter()
        .zip(&reports)
        .map(|((recipients, _, _), report)| Outgoing { recipients, report, message: None })
        .collect();
    assert!(encode_answers(&outgoing).is_err() && encode_answers(&[]).is_err());
    let mut forged = answer(&told[..16]);
    forged[4] = 17;
    assert_eq!(Answers::decode(forged.clone(), &job), Err(AnswerError::Malformed));
    forged[4] = 0;
    assert_eq!(Answers::decode(forged, &job), Err(AnswerError::Malformed));
}

/// Any answer is believed whole or not at all.
#[test]
fn no_octets_make_it_panic_and_none_are_lost() {
    let job = job(2);
    let (a, b) = (job.share(&[0]).unwrap(), job.share(&[1]).unwrap());
    let good = answer(&[(&[0], &a, true), (&[1], &b, true)]);
    for len in 0..good.len() {
        assert!(Answers::decode(good[..len].to_vec(), &job).is_err(), "{len}");
    }
    assert!(Answers::decode([&good[..], b"x"].concat(), &job).is_err());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        if let Ok(answers) = Answers::decode(bad, &job) {
            // A report may say other things; who gets what it may not.
            assert_eq!(answers.shares().iter().map(|share| share.job.id).collect::<Vec<_>>(), [a.id, b.id]);
        }
    }
}

#[test]
fn the_largest_job_fits_its_bound() {
    let mut text = "profile = \"p\"\ndefault = \"strip\"\n".to_owned();
    for n in 0..500 {
        text.push_str(&format!("[[rule]]\nid=\"{n}\"\nthen=\"rebuild\"\nwhen={{name=\"{}{n}\"}}\n", "a".repeat(60)));
    }
    let policy = Policy::parse(&text).unwrap();
    let local = "l".repeat(58);
    let label = "d".repeat(60);
    let domain = format!("{label}.{label}.{label}.example");
    let to = (0..1000).map(|n| format!("{n}{local}@{domain}").parse().unwrap()).collect();
    let job = Job { envelope: Envelope::new(None, to).unwrap(), policy, ..job(1) };
    let encoded = job.encode().unwrap();
    assert_eq!(Job::decode(&encoded[4..]), Ok(job));
}
