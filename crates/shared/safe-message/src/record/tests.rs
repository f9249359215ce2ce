//! Records: what is on the lists, and what is not.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
use super::*;

const HEAD: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Sekisho//Sekisho//EN\n";
const ENTRY: &str = "BEGIN:VEVENT\nUID:1@x\nDTSTAMP:20260401T000000Z\n";
const TAIL: &str = "END:VEVENT\nEND:VCALENDAR\n";

fn event(lines: &str) -> Result<SafeRecord, TextError> {
    SafeRecord::parse_calendar(format!("{HEAD}{ENTRY}{lines}{TAIL}"))
}

fn card(lines: &str) -> Result<SafeRecord, TextError> {
    SafeRecord::parse_card(format!("BEGIN:VCARD\nVERSION:3.0\nN:山田;太郎;;;\nFN:山田 太郎\n{lines}END:VCARD\n"))
}

#[test]
fn lines_of_an_entry_that_may_cross() {
    for line in [
        "",
        "DTSTART:20260401T090000",
        "DTSTART:20260401T090000Z",
        "DTSTART;TZID=Asia/Tokyo:20260401T090000",
        "DTSTART;TZID=\"(UTC+09:00) 大阪、札幌、東京\":20260401T090000",
        "DTSTART;VALUE=DATE:20260401",
        "DTEND;VALUE=DATE:20260402",
        "DURATION:PT1H30M",
        "DURATION:-P1DT15M",
        "DURATION:P2W",
        "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,-1FR;UNTIL=20270331T000000Z",
        "EXDATE;VALUE=DATE:20260408,20260415",
        "SUMMARY;LANGUAGE=ja:定例会\\, 第1回\\n議題\\; C:\\\\Users",
        "CATEGORIES:会議,研修\\,外部",
        "ORGANIZER;CN=\"総務課, 山田\":mailto:yamada@city.example.lg.jp",
        "ATTENDEE;CN=佐藤;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:sato@a.example",
        "GEO:35.68;139.76",
        "URL:https://www.city.example.lg.jp/?a=b&c=%20",
        "PRIORITY:0",
        "STATUS:CONFIRMED",
        "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Reminder\nTRIGGER;RELATED=START:-PT15M\nEND:VALARM",
    ] {
        let lines = if line.is_empty() { String::new() } else { format!("{line}\n") };
        assert_eq!(event(&lines).map(drop), Ok(()), "{line}");
    }
}

#[test]
fn lines_of_an_entry_that_may_not() {
    for line in [
        "dtstart:20260401T090000",
        "DTSTART:20260401",
        "DTSTART:20261301T090000",
        "DTSTART:20260401T240000",
        "DTSTART;VALUE=DATE:20260401T090000",
        "DTSTART;VALUE=DATE;TZID=Asia/Tokyo:20260401",
        "DTSTART;TZID=Asia/Tokyo:20260401T090000Z",
        "DTSTART;TZID=\"Asia/Tokyo\":20260401T090000",
        "DTSTART;TZID=:20260401T090000",
        "DTSTART;X-A=b:20260401T090000",
        "DTSTART;VALUE=DATE;VALUE=DATE:20260401",
        "SUMMARY:a\nSUMMARY:b",
        "SUMMARY:a,b",
        "SUMMARY:a\\x",
        "SUMMARY:a\\",
        "SUMMARY:<script>",
        "SUMMARY:a File:///c",
        "SUMMARY:\\\\\\\\server\\\\x",
        "SUMMARY",
        "SUMMARY;LANGUAGE=ja",
        "",
        "ATTACH:https://a.example/",
        "X-ALT-DESC:a",
        "URL:ftp://a.example/",
        "URL:https://a.example/ b",
        "URL:https://a.example/?u=file:///c",
        "ATTENDEE:https://a.example/",
        "ATTENDEE:mailto:a b@c",
        "ATTENDEE:mailto:a@b?bcc=c@d",
        "ATTENDEE;CN=a\"b:mailto:a@b",
        "ATTENDEE;SENT-BY=a:mailto:a@b",
        "RRULE:FREQ=MINUTELY",
        "RRULE:FREQ=DAILY;COUNT=10000",
        "RRULE:FREQ=DAILY;COUNT=3;UNTIL=20260401",
        "RRULE:FREQ=DAILY;BYHOUR=1",
        "RRULE:FREQ=DAILY;COUNT=1;COUNT=2",
        "RRULE:COUNT=1;FREQ=DAILY",
        "DURATION:P",
        "DURATION:PT",
        "DURATION:P1M",
        "DURATION:PT1S1H",
        "PRIORITY:10",
        "PRIORITY:09",
        "PERCENT-COMPLETE:1",
        "BEGIN:VEVENT\nEND:VEVENT",
        "BEGIN:VALARM\nACTION:PROCEDURE\nDESCRIPTION:a\nTRIGGER:PT0S\nEND:VALARM",
        "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:PT0S\nEND:VALARM",
        "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:a\nTRIGGER;VALUE=DATE:20260401\nEND:VALARM",
        "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:a\nTRIGGER:PT0S\nEND:VALARM\nSUMMARY:late",
        "END:VEVENT\nBEGIN:VTIMEZONE\nTZID:a\nEND:VTIMEZONE\nBEGIN:VEVENT",
    ] {
        assert!(event(&format!("{line}\n")).is_err(), "{line}");
    }
    assert_eq!(event("SUMMARY:a\u{202e}b\n"), Err(TextError::Forbidden('\u{202e}')));
    assert_eq!(event(&format!("SUMMARY:{}\n", "x".repeat(SafeRecord::MAX_LINE))), Err(TextError::TooLong));
    assert_eq!(event(&"COMMENT:x\n".repeat(SafeRecord::MAX_LINES)), Err(TextError::TooLong));
}

#[test]
fn frames() {
    for (text, fits) in [
        (format!("{HEAD}{ENTRY}{TAIL}"), true),
        (format!("{HEAD}CALSCALE:GREGORIAN\nMETHOD:REQUEST\n{ENTRY}{TAIL}"), true),
        (format!("{HEAD}METHOD:REQUEST\nCALSCALE:GREGORIAN\n{ENTRY}{TAIL}"), false),
        (format!("{HEAD}END:VCALENDAR\n"), false),
        (format!("{HEAD}{ENTRY}END:VEVENT\n"), false),
        (format!("{HEAD}{ENTRY}{TAIL}{HEAD}{ENTRY}{TAIL}"), false),
        (format!("{HEAD}{ENTRY}{TAIL}X"), false),
        (format!("X:1\n{HEAD}{ENTRY}{TAIL}"), false),
        (String::new(), false),
        ("\n".to_owned(), false),
        (format!("{HEAD}BEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n"), false),
    ] {
        assert_eq!(SafeRecord::parse_calendar(text.clone()).is_ok(), fits, "{text}");
        assert!(SafeRecord::parse_card(text).is_err());
    }
    let zone = "BEGIN:VTIMEZONE\nTZID:Tokyo\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0900\nTZOFFSETTO:+0900\n\
                END:STANDARD\nEND:VTIMEZONE\n";
    assert!(SafeRecord::parse_calendar(format!("{HEAD}{zone}{ENTRY}{TAIL}")).is_ok());
}

#[test]
fn cards() {
    for (lines, fits) in [
        ("ORG:関所市;総務課\nTEL;TYPE=WORK,FAX:03-0000-0000\nEMAIL;TYPE=INTERNET:a@b.example\n", true),
        ("ADR;TYPE=WORK:;;霞が関1-1;千代田区;東京都;100-0000;日本\nBDAY:1990-04-01\nBDAY:--0401\n", false),
        (
            "BDAY:--0401\nREV:20260401T000000Z\nX-PHONETIC-LAST-NAME:やまだ\nURL:https://a.example/\nURL:http://b/\n",
            true,
        ),
        ("TEL;TYPE=\"WORK\":1\n", false),
        ("TEL;TYPE=WORK,X:1\n", false),
        ("PHOTO:x\n", false),
        ("N:a;b;c;d;e\n", false),
        ("ADR:a;b\n", false),
        ("NOTE:<a href=x>\n", false),
    ] {
        assert_eq!(card(lines).is_ok(), fits, "{lines}");
    }
    let one = "BEGIN:VCARD\nVERSION:3.0\nN:;;;;\nFN:a\nEND:VCARD\n";
    assert!(SafeRecord::parse_card(one.repeat(3)).is_ok());
    assert!(SafeRecord::parse_card(one.replace("FN:a\n", "")).is_err());
    assert!(SafeRecord::parse_card("BEGIN:VCARD\nN:;;;;\nVERSION:3.0\nFN:a\nEND:VCARD\n".to_owned()).is_err());
}

#[test]
fn what_lines_make_is_folded_and_unfolds() {
    let line = |name, parameters: &[(&'static str, &str)], value: &str| RecordLine {
        name,
        parameters: parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        value: value.to_owned(),
    };
    let long = "長い説明".repeat(40);
    let lines = [
        line("BEGIN", &[], "VCALENDAR"),
        line("VERSION", &[], "2.0"),
        line("PRODID", &[], "-//Sekisho//Sekisho//EN"),
        line("BEGIN", &[], "VEVENT"),
        line("UID", &[], "1@x"),
        line("DTSTAMP", &[], "20260401T000000Z"),
        line("DESCRIPTION", &[("LANGUAGE", "ja")], &long),
        line("ORGANIZER", &[("CN", "総務課; 山田")], "mailto:a@b.example"),
        line("END", &[], "VEVENT"),
        line("END", &[], "VCALENDAR"),
    ];
    let record = SafeRecord::calendar(&lines).unwrap();
    assert!(record.as_str().contains("ORGANIZER;CN=\"総務課; 山田\":mailto:a@b.example\n"));
    let file = String::from_utf8(record.write()).unwrap();
    assert!(file.split_terminator("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
    assert_eq!(file.replace("\r\n ", "").replace("\r\n", "\n"), record.as_str());
}

#[test]
fn any_line_is_taken_or_refused() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut chance = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).unwrap()
    };
    let good =
        format!("{HEAD}{ENTRY}DTSTART;TZID=\"a:b\":20260401T090000\nSUMMARY:あ\\n\nRRULE:FREQ=DAILY;BYDAY=1MO\n{TAIL}");
    let signs: Vec<char> = ";:=,\\\"\nTあ0-+<P".chars().collect();
    let mut taken = 0;
    for _ in 0..20_000 {
        let mut text: Vec<char> = good.chars().collect();
        for _ in 0..=chance(3) {
            let at = chance(text.len());
            text[at] = signs[chance(signs.len())];
        }
        text.truncate(text.len() - if chance(4) == 0 { chance(text.len()) } else { 0 });
        taken += usize::from(SafeRecord::parse_calendar(text.into_iter().collect()).is_ok());
    }
    assert!(taken > 0);
}
