//! Text kinds, made anew.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
use std::collections::BTreeSet;

use sekisho_disarm::Bounds;
use sekisho_safe_message::{Content, Removal, SafeKind};

use super::*;

fn made(kind: Kind, octets: &[u8]) -> Result<Disarmed, Refusal> {
    rebuild(kind, Untrusted::new(octets), &Options::default(), &mut Budget::new(Bounds::default()))
}

fn words_of(kind: Kind, octets: &[u8]) -> Result<Disarmed, Refusal> {
    extract(kind, Untrusted::new(octets), &Rules::default(), &mut Budget::new(Bounds::default()))
}

fn file(disarmed: &Disarmed) -> String {
    String::from_utf8(disarmed.content().write().into_owned()).unwrap()
}

/// What a file becomes, and what was taken out.
fn file_of(kind: Kind, octets: impl AsRef<[u8]>) -> (String, Vec<Removal>) {
    let disarmed = made(kind, octets.as_ref()).unwrap();
    (file(&disarmed), disarmed.removed().iter().copied().collect())
}

#[test]
fn text_in_every_charset() {
    let utf16: Vec<u8> = "関所\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for octets in [
        "関所\r\n".as_bytes(),
        "\u{feff}関所\n".as_bytes(),
        b"\x8a\xd6\x8f\x8a\r\n",
        b"\xb4\xd8\xbd\xea\n",
        b"\x1b$B4X=j\x1b(B\n",
        &[&b"\xfe\xff"[..], &utf16].concat(),
    ] {
        assert_eq!(file_of(Kind::Text, octets), ("関所\r\n".to_owned(), Vec::new()), "{octets:x?}");
    }
}

#[test]
fn text_that_does_nothing() {
    use Removal::{InvisibleCharacter, Markup, Script};
    for (text, made, removed) in [
        ("a\u{202e}b\u{200b}\u{e0041}c", "abc", &[InvisibleCharacter][..]),
        ("a\u{1b}[31mb\u{1b}[0m\u{7}", "ab", &[InvisibleCharacter]),
        ("a\0b\u{1a}", "ab", &[InvisibleCharacter]),
        ("x <scr\u{200b}ipt>", "x ＜script>", &[InvisibleCharacter, Markup]),
        ("x <?php y ?>", "x ＜?php y ?>", &[Markup]),
        ("  <b>", "  ＜b>", &[Markup]),
        ("@echo off", "| @echo off", &[Script]),
        ("MZ世代について", "| MZ世代について", &[Script]),
        ("begin 644 x.exe\nM", "| begin 644 x.exe\r\nM", &[InvisibleCharacter]),
        ("http://a.example/ -1 =1+1 <yamada@a.example>", "http://a.example/ -1 =1+1 <yamada@a.example>", &[]),
        ("a\u{c}b\u{2028}c", "a\r\nb\r\nc", &[]),
    ] {
        assert_eq!(file_of(Kind::Text, text), (made.to_owned(), removed.to_vec()), "{text:?}");
        let again = file_of(Kind::Text, made);
        assert_eq!(again, (made.to_owned(), Vec::new()), "a second time");
    }
}

#[test]
fn text_that_is_none_is_refused() {
    let program: Vec<u8> = (0..=255).cycle().take(4096).collect();
    assert_eq!(made(Kind::Text, &program), Err(Refusal::Malformed));
    assert_eq!(made(Kind::Text, &b"ab\0".repeat(100)), Err(Refusal::Malformed));
    assert_eq!(made(Kind::Text, &b"abc\n".repeat(2 << 20)), Err(Refusal::TooLarge));
    let mut small = Budget::new(Bounds { octets: 3, ..Bounds::default() });
    let refused = rebuild(Kind::Text, Untrusted::new(b"abcd"), &Options::default(), &mut small);
    assert_eq!(refused, Err(Refusal::TooLarge));
    assert_eq!(made(Kind::Html, b"<p>x"), Err(Refusal::Unsupported));
    assert_eq!(words_of(Kind::Png, b"x"), Err(Refusal::Unsupported));
}

#[test]
fn json_and_xml_are_text() {
    let json = "{\"a\": \"<b>\", \"n\": -1}\r\n";
    assert_eq!(file_of(Kind::Json, json), (json.to_owned(), Vec::new()));
    let xml = b"<?xml version=\"1.0\" encoding='Shift_JIS'?><x><!DOCTYPE y>\x83\x7e</x>";
    let text = "＜?xml version=\"1.0\" encoding='Shift_JIS'?><x>＜!DOCTYPE y>ミ</x>";
    assert_eq!(file_of(Kind::Xml, xml), (text.to_owned(), vec![Removal::Markup]));
}

#[test]
fn cells_become_inert_and_stay() {
    use Removal::{Formula, InvisibleCharacter, Markup};
    for (text, made, removed) in [
        ("a,b\n1,-2\n", "a,b\r\n1,-2\r\n", &[][..]),
        ("a\tb,c\n1\t+81-3\n", "a,\"b,c\"\r\n1,+81-3\r\n", &[]),
        ("sep=;\na;b\n", "a,b\r\n", &[]),
        ("x,=1+1\n", "x,'=1+1\r\n", &[Formula]),
        ("x,'=1+1\n", "x,'=1+1\r\n", &[]),
        ("x,\"\r=1+1\",z\r\n", "x,\"\n'=1+1\",z\r\n", &[Formula]),
        ("x,a;=1\n", "x,\"a;'=1\"\r\n", &[Formula]),
        ("x,\u{200b}=1\n", "x,'=1\r\n", &[Formula, InvisibleCharacter]),
        ("x,<script>\n", "x,＜script>\r\n", &[Markup]),
        ("氏名,年\n", "\u{feff}氏名,年\r\n", &[]),
        (",\n\n,,\n\n", ",\r\n\r\n,,\r\n\r\n", &[]),
        ("a,\"b\nc,d\n", "a,\"\"\"b\"\r\nc,d\r\n", &[]),
        ("a,b\u{b}c\n", "a,b c\r\n", &[]),
        ("ID,name\n", "\"ID\",name\r\n", &[]),
    ] {
        let made = made.strip_prefix('\u{feff}').filter(|made| made.is_ascii()).unwrap_or(made);
        let (got, lost) = file_of(Kind::Csv, text);
        assert_eq!(
            (got.trim_start_matches('\u{feff}'), &lost[..]),
            (made.trim_start_matches('\u{feff}'), removed),
            "{text:?}"
        );
        assert_eq!(got.starts_with('\u{feff}'), !made.is_ascii());
        assert_eq!(file_of(Kind::Csv, &got), (got, Vec::new()), "a second time");
    }
    assert_eq!(made(Kind::Csv, b"ID;PWXL;N;E\n"), Err(Refusal::Unsupported));
    assert_eq!(made(Kind::Csv, b""), Err(Refusal::Malformed));
    assert_eq!(made(Kind::Csv, ",".repeat(70_000).as_bytes()), Err(Refusal::TooLarge));
    let mut small = Budget::new(Bounds { steps: 1000, ..Bounds::default() });
    let cells = ",".repeat(2000);
    let refused = rebuild(Kind::Csv, Untrusted::new(cells.as_bytes()), &Options::default(), &mut small);
    assert_eq!(refused, Err(Refusal::TooLarge));
}

#[test]
fn pages_become_text() {
    let html = b"<html><head><meta charset=Shift_JIS><script>alert(1)</script></head>\
        <body><p>\x8a\xd6\x8f\x8a <a href='http://a.example/x'>link</a></p><p style='display:none'>no</p>";
    let page = words_of(Kind::Html, html).unwrap();
    let text = file(&page);
    assert!(text.contains("関所") && !text.contains("alert") && !text.contains("no"), "{text}");
    assert!(text.contains("a.example/x") && !text.contains("http://"), "{text}");
    assert!([Removal::Markup, Removal::Script, Removal::HiddenText].iter().all(|r| page.removed().contains(r)));
    assert_eq!(words_of(Kind::Html, b"<script>x</script>"), Err(Refusal::Unsupported));

    let mht = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\n\
        Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>=E9=96=A2=E6=89=80</p>\n\
        --b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n";
    let page = words_of(Kind::Mht, mht.as_bytes()).unwrap();
    assert_eq!(file(&page).trim(), "関所");
    assert_eq!(page.removed(), &BTreeSet::from([Removal::Markup, Removal::EmbeddedFile]));
    assert_eq!(words_of(Kind::Mht, b"Content-Type: text/plain\n\nx"), Err(Refusal::Unsupported));
}

const INVITATION: &str = "BEGIN:VCALENDAR\r\nPRODID:-//Example//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nX-WR-CALNAME:x\r\n\
BEGIN:VTIMEZONE\r\nTZID:Tokyo Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0900\r\n\
TZOFFSETTO:+0900\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n\
ORGANIZER;CN=\"総務課, 山田\":MAILTO:yamada@city.example.lg.jp\r\n\
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=佐藤;X-NUM=0:mailto:sato@a.example\r\n\
ATTENDEE:http://a.example/\r\n\
DESCRIPTION;LANGUAGE=ja-JP:資料は \\\\\\\\server\\\\共有 と <a href=\"http://a.example\">ここ</a>\\n以上\r\n\
SUMMARY:定例会\\, 第1回\r\nDTSTART;TZID=Tokyo Standard Time:20260401T090000\r\nDTEND;TZID=Tokyo Standard Time:20260401T100000\r\n\
UID:040000008200E00074C5B7101A82E008\r\nCLASS:PUBLIC\r\nPRIORITY:5\r\nDTSTAMP:20260325T012345Z\r\nTRANSP:OPAQUE\r\n\
STATUS:CONFIRMED\r\nSEQUENCE:0\r\nRRULE:FREQ=WEEKLY;COUNT=05;BYDAY=WE\r\nLOCATION:第1会議室\r\nURL:file:///c:/x\r\n\
ATTACH:http://a.example/a.exe\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA\r\nX-ALT-DESC;FMTTYPE=text/html:<html></html>\r\n\
BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nACTION:DISPLAY\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\n\
BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nACTION:PROCEDURE\r\nATTACH:file:///c:/x.exe\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn an_invitation_stays_one() {
    let (text, removed) = file_of(Kind::Calendar, INVITATION);
    let unfolded = text.replace("\r\n ", "");
    for line in [
        "METHOD:REQUEST",
        "PRODID:-//Sekisho//Sekisho//EN",
        "TZID:Tokyo Standard Time",
        "ORGANIZER;CN=\"総務課, 山田\":mailto:yamada@city.example.lg.jp",
        "ATTENDEE;CN=佐藤;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:sato@a.example",
        "SUMMARY:定例会\\, 第1回",
        "DTSTART;TZID=Tokyo Standard Time:20260401T090000",
        "RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=WE",
        "ACTION:DISPLAY",
        "TRIGGER:-PT15M",
    ] {
        assert!(unfolded.lines().any(|got| got == line), "{line} in\n{unfolded}");
    }
    for word in ["ATTACH", "PROCEDURE", "file:", "X-", "<a", "\\\\\\\\", "a.exe", "Example"] {
        assert!(!unfolded.contains(word), "{word} in\n{unfolded}");
    }
    for removal in [Removal::Property, Removal::Markup, Removal::Link, Removal::EmbeddedFile, Removal::Alarm] {
        assert!(removed.contains(&removal), "{removal:?}");
    }
    assert_eq!(file_of(Kind::Calendar, &text), (text, Vec::new()), "a second time");
    let words = file(&words_of(Kind::Calendar, INVITATION.as_bytes()).unwrap());
    assert!(words.contains("定例会") && words.contains("第1会議室"), "{words}");
}

#[test]
fn calendars_of_all_sorts() {
    let event =
        |lines: &str| format!("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
    for (lines, kept) in [
        ("DTSTART:20260401", "DTSTART;VALUE=DATE:20260401"),
        ("DTSTART;VALUE=DATE:20260401T000000", "DTSTART;VALUE=DATE:20260401"),
        ("DTSTART;VALUE=DATE-TIME;TZID=Asia/Tokyo:20260401T090000", "DTSTART;TZID=Asia/Tokyo:20260401T090000"),
        ("EXDATE:20260401T090000Z,20260408T090000Z", "EXDATE:20260401T090000Z,20260408T090000Z"),
        ("SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=SHIFT_JIS:=89=EF=8Bc", "SUMMARY:会議"),
        ("RRULE:COUNT=2;FREQ=daily", "RRULE:FREQ=DAILY;COUNT=2"),
        ("CREATED:20260301T000000Z", "DTSTAMP:20260301T000000Z"),
        ("SUMMARY:a", "DTSTAMP:19700101T000000Z"),
        ("STATUS:confirmed", "STATUS:CONFIRMED"),
        ("PRIORITY:05", "PRIORITY:5"),
        ("CATEGORIES:会議,研修", "CATEGORIES:会議,研修"),
    ] {
        let (text, _) = file_of(Kind::Calendar, event(lines));
        assert!(text.lines().any(|line| line == kept), "{lines}: {text}");
        assert!(text.contains("UID:"), "{text}");
    }
    for (lines, refusal) in [
        ("RRULE:FREQ=SECONDLY", Refusal::Unsupported),
        ("RRULE:W1 MO #0", Refusal::Unsupported),
        ("DTSTART:tomorrow", Refusal::Unsupported),
        ("RDATE;VALUE=PERIOD:20260401T090000Z/PT1H", Refusal::Unsupported),
        ("BEGIN:VALARM", Refusal::Malformed),
    ] {
        assert_eq!(made(Kind::Calendar, event(lines).as_bytes()), Err(refusal), "{lines}");
    }
    for (text, refusal) in [
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", Refusal::Unsupported),
        ("BEGIN:VCALENDAR\n", Refusal::Malformed),
        ("BEGIN:VCARD\nEND:VCARD\n", Refusal::Malformed),
        ("x", Refusal::Malformed),
        ("", Refusal::Malformed),
    ] {
        assert_eq!(made(Kind::Calendar, text.as_bytes()), Err(refusal), "{text}");
    }
    let deep = "BEGIN:X\n".repeat(100_000);
    assert_eq!(made(Kind::Calendar, deep.as_bytes()), Err(Refusal::TooLarge));
    let year: String = (0..800).map(|at| format!("BEGIN:VEVENT\nUID:{at}\nSUMMARY:x\nEND:VEVENT\n")).collect();
    assert!(made(Kind::Calendar, format!("BEGIN:VCALENDAR\n{year}END:VCALENDAR\n").as_bytes()).is_ok());
}

#[test]
fn cards_of_all_versions() {
    let card = |lines: &str| format!("BEGIN:VCARD\n{lines}\nEND:VCARD\n");
    for (lines, kept, removal) in [
        ("VERSION:3.0\nFN:山田 太郎\nN:山田;太郎", "N:山田;太郎;;;", None),
        ("VERSION:4.0\nFN:山田 太郎", "N:山田 太郎;;;;", None),
        ("VERSION:3.0\nN:山田;太郎;;;", "FN:山田 太郎", None),
        ("VERSION:3.0\nORG:関所市;総務課", "FN:関所市 総務課", None),
        ("VERSION:2.1\nFN:a\nTEL;WORK;VOICE:03-0000-0000", "TEL;TYPE=WORK,VOICE:03-0000-0000", None),
        ("VERSION:4.0\nFN:a\nTEL;VALUE=uri;TYPE=\"cell,x\":tel:+81-90", "TEL;TYPE=CELL:+81-90", None),
        ("VERSION:2.1\nFN;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=8A=D6=\n=8F=8A", "FN:関所", None),
        (
            "VERSION:3.0\nFN:a\nADR;TYPE=WORK:;;霞が関1-1;千代田区;東京都;100-0000;日本",
            "ADR;TYPE=WORK:;;霞が関1-1;千代田区;東京都;100-0000;日本",
            None,
        ),
        ("VERSION:2.1\nFN:a\nSOUND;X-IRMC-N:ﾔﾏﾀﾞ;ﾀﾛｳ;;;", "X-PHONETIC-LAST-NAME:ﾔﾏﾀﾞ", None),
        ("VERSION:3.0\nFN:a\nBDAY:1990-04-01T00:00:00Z", "BDAY:1990-04-01", None),
        ("VERSION:3.0\nFN:a\nREV:2026-04-01T00:00:00Z", "REV:20260401T000000Z", None),
        ("VERSION:3.0\nFN:a\nREV:x", "FN:a", Some(Removal::Metadata)),
        ("VERSION:4.0\nFN:a\nGEO:geo:35.6,139.7", "GEO:35.6;139.7", None),
        ("VERSION:3.0\nFN:a\nPHOTO;ENCODING=b:AAAA\n BBBB", "FN:a", Some(Removal::EmbeddedFile)),
        ("VERSION:2.1\nFN:a\nAGENT:\nBEGIN:VCARD\nFN:b\nEND:VCARD", "FN:a", Some(Removal::EmbeddedFile)),
        ("VERSION:3.0\nFN:a\nSOUND:x", "FN:a", Some(Removal::Multimedia)),
        ("VERSION:3.0\nFN:a\nX-JABBER:x", "FN:a", Some(Removal::Property)),
        ("VERSION:3.0\nFN:a\nURL:file://a.example/a.exe", "FN:a", Some(Removal::Link)),
        ("VERSION:3.0\nFN:a\nURL:https://a.example/", "URL:https://a.example/", None),
        (
            "VERSION:3.0\nFN:a\nNOTE:<script>alert(1)</script>",
            "NOTE:＜script>alert(1)＜/script>",
            Some(Removal::Markup),
        ),
        ("VERSION:3.0\nFN:a\u{202e}b", "FN:ab", Some(Removal::InvisibleCharacter)),
    ] {
        let (text, removed) = file_of(Kind::Card, card(lines));
        assert!(text.starts_with("BEGIN:VCARD\r\nVERSION:3.0\r\n"), "{text}");
        assert!(text.replace("\r\n ", "").lines().any(|line| line == kept), "{lines}: {text}");
        assert_eq!(removed.into_iter().next(), removal, "{lines}");
        assert_eq!(file_of(Kind::Card, &text), (text, Vec::new()), "a second time");
    }
    let (two, _) = file_of(Kind::Card, card("FN:a").repeat(2));
    assert_eq!(two.matches("BEGIN:VCARD").count(), 2);
    assert_eq!(made(Kind::Card, card("NOTE:x").as_bytes()), Err(Refusal::Malformed));
    let words = file(&words_of(Kind::Card, card("FN:山田").as_bytes()).unwrap());
    assert!(words.contains("山田"), "{words}");
}

/// Any octets are made anew, or refused; what was made is made again, as it
/// is.
#[test]
fn any_octets_are_made_anew_or_refused() {
    let seeds: [(Kind, Vec<u8>); 8] = [
        (Kind::Text, "関所\u{1b}[1m <script>\r\n\u{1b}]0;x\u{7}".into()),
        (Kind::Csv, "氏名,\"a\"\"b\";=1\r\n-1,+2\t'@x\n\"\r=1\",ID;P\n".into()),
        (Kind::Csv, b"\x8e\x81\x96\xbc;a;=1\r\n\"b\n".to_vec()),
        (Kind::Calendar, INVITATION.into()),
        (
            Kind::Card,
            "BEGIN:VCARD\nVERSION:2.1\nN;QUOTED-PRINTABLE:=8A=D6;a\\\nTEL;WORK:1\nORG:a;b\\;c,<p>\nEND:VCARD\n".into(),
        ),
        (Kind::Xml, "<?xml encoding='x'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".into()),
        (Kind::Html, "<p style='x' onclick=y>関所<a href=//x>y</a><!--".into()),
        (
            Kind::Mht,
            "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x\n--b--\n".into(),
        ),
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut chance = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).unwrap()
    };
    let signs = b"\r\n\t \"',;:=\\<>&\0\x1b\xff\x80%+-@(";
    let mut count = 0;
    for round in 0..4_000 {
        let (kind, seed) = &seeds[round % seeds.len()];
        let mut octets = seed.clone();
        for _ in 0..chance(8) {
            let at = chance(octets.len());
            octets[at] = signs[chance(signs.len())];
        }
        let from = chance(octets.len());
        match chance(4) {
            0 => octets.truncate(from),
            1 => octets.extend_from_within(from..),
            _ => {}
        }
        drop(words_of(*kind, &octets));
        let Ok(first) = made(*kind, &octets) else { continue };
        count += 1;
        let text = file(&first);
        let again = made(*kind, text.as_bytes()).map(|again| file(&again));
        let is_stable =
            again.as_ref() == Ok(&text) || first.content().kind() == SafeKind::Text && text.trim().is_empty();
        // A text of one charset may look like another's, and cells of one
        // column may have signs that look like separators.
        let may_differ = matches!(first.content(), Content::Table(_)) && again.is_ok();
        assert!(is_stable || may_differ, "{kind:?}\n{text:?}\n{again:?}");
    }
    assert!(count > 1_000, "{count}");
}

/// The samples of all repositories, if they are there: each becomes a file.
#[test]
fn samples() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples");
    let mut count = 0;
    for folder in ["csv", "text", "xml", "ics-vcf", "html"] {
        let Ok(list) = std::fs::read_dir(samples.join(folder)) else { return };
        for path in list.map(|entry| entry.unwrap().path()) {
            let octets = std::fs::read(&path).unwrap();
            let result = match (folder, path.extension().and_then(|ending| ending.to_str()).unwrap_or_default()) {
                ("csv", _) => made(Kind::Csv, &octets),
                ("text", _) => made(Kind::Text, &octets),
                ("xml", _) => made(Kind::Xml, &octets),
                (_, "ics") => made(Kind::Calendar, &octets),
                (_, "vcf") => made(Kind::Card, &octets),
                (_, "mht") => words_of(Kind::Mht, &octets),
                _ => words_of(Kind::Html, &octets),
            };
            let written = file(result.as_ref().unwrap_or_else(|refusal| panic!("{}: {refusal:?}", path.display())));
            assert!(!written.is_empty() && !written.contains("<script"), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 0);
}
