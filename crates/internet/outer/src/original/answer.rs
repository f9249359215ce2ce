//! What a person hears who asked for an original by mail: a short mail in both
//! languages, to a recipient of that original and nobody else, so that nobody
//! is written to in another's name.

use sekisho_safe_message::{Address, Language, MailId, SafeLine, SafeText, Timestamp};

use super::letter::Letter;

/// What there is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The request waits for approval.
    Received,
    /// An earlier one does.
    Already,
    /// The number's time is over.
    Expired,
    /// The original is no longer kept.
    Gone,
    /// A person said no.
    Rejected,
}

/// Which original, and who hears it.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// The original's id.
    pub(crate) id: MailId,
    /// Its subject, if it is known.
    pub(crate) subject: Option<SafeLine>,
    /// Who asked.
    pub(crate) requester: Address,
}

/// The mail that says `answer`, under a fresh id, from `from`.
pub(crate) fn letter(answer: Answer, about: &About, id: MailId, from: Address, date: Timestamp) -> Letter {
    let subject = format!("{} / {} [{}]", head(answer, Language::Ja), head(answer, Language::En), about.id);
    let text = [Language::Ja, Language::En].map(|language| text(answer, about, language)).join("\n");
    Letter {
        id,
        from,
        to: vec![about.requester.clone()],
        subject: SafeLine::clean(&subject).value,
        text: SafeText::clean(&text).value,
        date,
    }
}

fn head(answer: Answer, language: Language) -> &'static str {
    let (ja, en) = match answer {
        Answer::Received => ("原本の申請を受け付けました", "Your request for an original"),
        Answer::Already => ("原本は申請済みです", "Your request is waiting already"),
        Answer::Expired => ("申請番号の期限が過ぎています", "Your request number has expired"),
        Answer::Gone => ("原本の保管期間が過ぎています", "The original is no longer kept"),
        Answer::Rejected => ("原本の申請は承認されませんでした", "Your request was not approved"),
    };
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

fn text(answer: Answer, about: &About, language: Language) -> String {
    let (ja, en) = match answer {
        Answer::Received => (
            "原本の申請を受け付けました。担当者が承認すると、原本がこのメールボックスに届きます。",
            "Your request has arrived. Once it is approved, the original comes to this mailbox.",
        ),
        Answer::Already => (
            "この原本は申請済みで、承認を待っています。もう一度申請する必要はありません。",
            "The original has been asked for and waits for approval. You need not ask again.",
        ),
        Answer::Expired => (
            "申請番号の期限が過ぎているため、受け付けられませんでした。\
             原本が必要な場合は、管理番号を添えて管理者にお問い合わせください。",
            "The request number has expired. If you need the original, tell your administrator the mail id.",
        ),
        Answer::Gone => (
            "原本の保管期間が過ぎたか、原本が削除されているため、お届けできません。\
             必要な場合は、差出人に送り直しを依頼してください。",
            "The original is no longer kept. If you need it, ask the sender to send it again.",
        ),
        Answer::Rejected => (
            "原本の申請は承認されませんでした。ご不明な点は、管理番号を添えて管理者にお問い合わせください。",
            "Your request was not approved. If you have questions, tell your administrator the mail id.",
        ),
    };
    let subject = about.subject.as_ref().map_or("", SafeLine::as_str);
    match language {
        Language::Ja => format!("{ja}\n\n管理番号: {}\n件名: {subject}\n", about.id),
        Language::En => format!("{en}\n\nMail id: {}\nSubject: {subject}\n", about.id),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn every_answer_is_said_in_both_languages_to_the_requester_alone() {
        let about = About {
            id: MailId::new(1, [1; 10]),
            subject: Some(SafeLine::clean("見積書").value),
            requester: "b@city.example".parse().unwrap(),
        };
        for answer in [Answer::Received, Answer::Already, Answer::Expired, Answer::Gone, Answer::Rejected] {
            let from: Address = "sekisho@mx.city.example".parse().unwrap();
            let letter = letter(answer, &about, MailId::new(2, [2; 10]), from, Timestamp::from_unix_ms_jst(0));
            assert_eq!(letter.to, std::slice::from_ref(&about.requester));
            for language in [Language::Ja, Language::En] {
                assert!(letter.subject.as_str().contains(head(answer, language)));
                assert!(letter.text.as_str().contains(&text(answer, &about, language)));
            }
            assert_eq!(letter.text.as_str().matches(&about.id.to_string()).count(), 2);
        }
    }
}
