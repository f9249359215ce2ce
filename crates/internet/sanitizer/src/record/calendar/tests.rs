//! Invitations as people get them, and broken ones.
use super::*;

fn ja(text: &str) -> String {
    to_text(text, Language::Ja).unwrap_or_default()
}

/// A calendar with one event.
fn event(method: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:1@example\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

const OUTLOOK: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nPRODID:Microsoft Exchange Server 2010\r\nVERSION:2.0\r\n\
    BEGIN:VTIMEZONE\r\nTZID:Tokyo Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0900\r\n\
    TZOFFSETTO:+0900\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0900\r\n\
    TZOFFSETTO:+0900\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n\
    ORGANIZER;CN=\"山田 太郎\":mailto:yamada@city.example.jp\r\n\
    ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=\"佐藤; 花子\"\r\n :mailto:sato@example.co.jp\r\n\
    ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED;CN=kato@example.com:MAILTO:kato@example.com\r\n\
    ATTENDEE;CUTYPE=ROOM;PARTSTAT=DECLINED;CN=第1会議室:mailto:room1@city.example.jp\r\n\
    DESCRIPTION;LANGUAGE=ja-JP:議題\\n1. 予算\\, 決算\\n場所：偽の場所\\n\r\n\
    UID:040000008200E00074C5B7101A82E008\r\nSUMMARY;LANGUAGE=ja-JP:定例\r\n 会議\r\n\
    DTSTART;TZID=\"Tokyo Standard Time\":20261124T100000\r\nDTEND;TZID=\"Tokyo Standard Time\":20261124T113000\r\n\
    RRULE:FREQ=WEEKLY;COUNT=10;INTERVAL=1;BYDAY=TU;WKST=SU\r\nEXDATE;TZID=Tokyo Standard Time:20261201T100000,20261208T100000\r\n\
    STATUS:CONFIRMED\r\nSEQUENCE:0\r\nLOCATION;LANGUAGE=ja-JP:第1会議室\r\n\
    X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example.com/l/meetup-join/1\r\n\
    X-ALT-DESC;FMTTYPE=text/html:<html><body>別の文</body></html>\r\n\
    ATTACH;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=\"次第.pdf\":JVBERi0xLjcK\r\n\
    BEGIN:VALARM\r\nDESCRIPTION:REMINDER\r\nTRIGGER;RELATED=START:-PT15M\r\nACTION:DISPLAY\r\nEND:VALARM\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";

const OUTLOOK_JA: &str = "\
【予定】招待
件名　：定例会議
日時　：2026年11月24日(火) 10:00～11:30
繰返し：毎週 火曜日（10回）
除外日：2026年12月1日(火) 10:00、2026年12月8日(火) 10:00
場所　：第1会議室
主催者：山田 太郎 <yamada@city.example.jp>
出席者：佐藤; 花子 <sato@example.co.jp>（返事待ち）
　　　　kato@example.com（任意・出席）
　　　　第1会議室 <room1@city.example.jp>（設備・欠席）
接続先：https://teams.example.com/l/meetup-join/1
添付　：添付あり: 次第.pdf
説明：
　議題
　1. 予算, 決算
　場所：偽の場所
";

#[test]
fn outlook() {
    assert_eq!(ja(OUTLOOK), OUTLOOK_JA);
}

#[test]
fn google_in_english() {
    let text = event(
        "REQUEST",
        "DTSTART:20261124T010000Z\r\nDTEND:20261124T023000Z\r\nORGANIZER;CN=Alice:mailto:alice@example.com\r\n\
         ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=TENTATIVE;RSVP=TRUE\r\n ;CN=bob@example.com;X-NUM-GUESTS=0:mailto:bob@example.com\r\n\
         X-GOOGLE-CONFERENCE:https://meet.example.com/abc\r\nSUMMARY:Budget\r\nSEQUENCE:2\r\nLOCATION:\r\n\
         DESCRIPTION:<p>Please <b>read</b>&nbsp\\;it.<br>Thanks</p><p>-::~:~::~:~:~:~:~:~:~::~:~::- a--b</p>",
    );
    let expected = "\
[Event] Updated invitation
Subject:     Budget
When:        Tue 24 Nov 2026 10:00-11:30 JST
Organizer:   Alice <alice@example.com>
Attendees:   bob@example.com (tentative)
Meeting URL: https://meet.example.com/abc
Description:
  Please read it.
  Thanks
\x20\x20
  ----- a--b
";
    let text = to_text(&text, Language::En).unwrap_or_default();
    assert_eq!(text.replace('\u{a0}', " "), expected);
}

#[test]
fn zimbra_in_another_zone() {
    let text = "BEGIN:VCALENDAR\nPRODID:Zimbra-Calendar-Provider\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\n\
        TZID:America/New_York\nBEGIN:STANDARD\nDTSTART:19710101T020000\nTZOFFSETTO:-0500\nTZOFFSETFROM:-0400\n\
        RRULE:FREQ=YEARLY;WKST=MO;INTERVAL=1;BYMONTH=11;BYDAY=1SU\nTZNAME:EST\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
        DTSTART:19710101T020000\nTZOFFSETTO:-0400\nTZOFFSETFROM:-0500\n\
        RRULE:FREQ=YEARLY;WKST=MO;INTERVAL=1;BYMONTH=3;BYDAY=2SU\nTZNAME:EDT\nEND:DAYLIGHT\nEND:VTIMEZONE\nBEGIN:VEVENT\n\
        RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270301T000000Z\nSUMMARY:Call\nDTSTART;TZID=\"America/New_York\":20261123T200000\n\
        DURATION:PT45M\nEND:VEVENT\nEND:VCALENDAR\n";
    assert_eq!(
        ja(text),
        "【予定】招待\n件名　：Call\n日時　：2026年11月24日(火) 10:00～10:45（日本時間）\n\
         繰返し：毎週 月曜日（2027年3月1日(月)まで）（曜日・日付は現地のもの）\n"
    );
}

#[test]
fn replies_and_cancellations() {
    for (method, lines, expected) in [
        // Thunderbird
        (
            "REPLY",
            "SUMMARY:定例会議\r\nORGANIZER;CN=山田:mailto:y@example.jp\r\nATTENDEE;CN=佐藤;PARTSTAT=ACCEPTED:\r\n mailto:s@example.jp\r\nCOMMENT:遅れます",
            "【予定】返信：出席\n件名　：定例会議\n主催者：山田 <y@example.jp>\n出席者：佐藤 <s@example.jp>（出席）\nコメント：\n　遅れます\n",
        ),
        (
            "REPLY",
            "SUMMARY:x\r\nATTENDEE;PARTSTAT=DECLINED:mailto:s@example.jp",
            "【予定】返信：欠席\n件名　：x\n出席者：s@example.jp（欠席）\n",
        ),
        // iCloud
        (
            "CANCEL",
            "SUMMARY:x\r\nSTATUS:CANCELLED\r\nDTSTART;VALUE=DATE:20261124\r\nDTEND;VALUE=DATE:20261126\r\n\
             RECURRENCE-ID;VALUE=DATE:20261124",
            "【予定】取消\n件名　：x\n状態　：取り消されました\n日時　：2026年11月24日(火)～2026年11月25日(水)（終日）\n対象回：2026年11月24日(火)\n",
        ),
        (
            "PUBLISH",
            "SUMMARY:x\r\nDTSTART:20261124T000000\r\nDTEND:20261125T000000\r\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
            "【予定】お知らせ\n件名：x\n日時：2026年11月24日(火)（終日）\n",
        ),
        (
            "X-OTHER",
            "DTSTART;TZID=Mars/Base:20261124T100000",
            "【予定】\n日時：2026年11月24日(火) 10:00（Mars/Base の時刻）\n",
        ),
        (
            "COUNTER",
            "DTSTART:tomorrow\r\nRRULE:FREQ=HOURLY",
            "【予定】変更の提案\n日時　：tomorrow\n繰返し：FREQ=HOURLY\n",
        ),
        // A name that looks like another address, and an address that is none.
        (
            "REQUEST",
            "ORGANIZER;CN=\"市長 <mayor@city.example.jp>\":mailto:x@evil.example\r\nATTENDEE;CN=部屋:invalid:nomail",
            "【予定】招待\n主催者：市長 mayor@city.example.jp <x@evil.example>\n出席者：部屋（返事待ち）\n",
        ),
        (
            "ADD",
            "ATTACH:data:text/plain;base64,QUJD\r\nATTACH;FILENAME=a.doc:https://files.example/1",
            "【予定】日程の追加\n添付：添付あり\n　　　a.doc https://files.example/1\n",
        ),
    ] {
        assert_eq!(ja(&event(method, lines)), expected);
    }
}

#[test]
fn telephone_and_task() {
    let text = "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VTODO\r\nSUMMARY;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=95=F1=\r\n=8D=90\r\n\
        DUE:20261130T080000Z\r\nSTATUS:NEEDS-ACTION\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
    assert_eq!(ja(text), "【作業依頼】\n件名：報告\n状態：未着手\n期限：2026年11月30日(月) 17:00\n");
}

#[test]
fn broken_and_too_much() {
    for text in [
        "",
        "BEGIN:VCALENDAR\nEND:VCALENDAR",
        "BEGIN:VEVENT\nEND:VEVENT",
        "END:VEVENT\nSUMMARY:x",
        "BEGIN:VALARM\nBEGIN:",
    ] {
        assert_eq!(to_text(text, Language::Ja), None, "{text}");
    }
    assert_eq!(ja("BEGIN:VEVENT\nSUMMARY:切れた\nDTSTART:2026"), "【予定】\n件名：切れた\n日時：2026\n");
    let many = ja(&"BEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\n".repeat(60));
    assert_eq!(many.matches("件名：a\n").count(), 50);
    assert!(many.ends_with("\n（ほかに10件の予定があります）\n"));
    let guests = ja(&event("REQUEST", &"ATTENDEE:mailto:a@example.jp\r\n".repeat(70)));
    assert!(guests.contains("a@example.jp（返事待ち）\n　　　　ほか20名\n"), "{guests}");
    // Deep nesting ends nowhere and costs nothing.
    assert_eq!(to_text(&"BEGIN:VALARM\n".repeat(100_000), Language::Ja), None);
}
