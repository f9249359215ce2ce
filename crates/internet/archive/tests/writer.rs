//! The ZIP that crosses, read again field by field.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use sekisho_archive::ZipWriter;
use sekisho_disarm::{Decoded, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::{Content, SafeAttachment, SafeName, SafeText, Written};
use support::{crc32, entries, named};

fn text(stem: &str, text: &str) -> SafeAttachment {
    SafeAttachment::new(stem, Content::Text(SafeText::clean(text).value))
}

fn written(writer: ZipWriter) -> Vec<u8> {
    let Content::Zip(file) = writer.content().unwrap() else { unreachable!("a ZIP writes a ZIP") };
    file.octets().to_vec()
}

/// Paths, in the order of the archive.
fn paths(file: &[u8]) -> Vec<String> {
    entries(Kind::Zip, file).into_iter().map(|(path, _)| path).collect()
}

#[test]
fn the_layout_is_exact() {
    let mut writer = ZipWriter::new();
    writer.push(&["資料"], &text("a", "a")).unwrap();
    let file = written(writer);
    let path = "資料/a.txt".as_bytes();
    let length = u8::try_from(path.len()).unwrap();
    let shared = [
        &[20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0][..],
        &crc32(b"a").to_le_bytes(),
        &[1, 0, 0, 0, 1, 0, 0, 0, length, 0, 0, 0],
    ]
    .concat();
    let local = [b"PK\x03\x04", &shared[..], path, b"a"].concat();
    let central = [b"PK\x01\x02\x14\0", &shared[..], &[0; 14], path].concat();
    let size = u8::try_from(central.len()).unwrap();
    let start = u8::try_from(local.len()).unwrap();
    let end = [b"PK\x05\x06\0\0\0\0", &[1, 0, 1, 0, size, 0, 0, 0, start, 0, 0, 0, 0, 0][..]].concat();
    assert_eq!(file, [local, central, end].concat());
}

#[test]
fn what_is_written_is_read() {
    let long = "hello ".repeat(100);
    let mut writer = ZipWriter::new();
    let none: [&str; 0] = [];
    writer.push(&none, &text("空", "")).unwrap();
    writer.push(&["a", "b"], &text("long", &long)).unwrap();
    let noise: Vec<u8> = (0..64_u8).map(|at| at.wrapping_mul(151)).collect();
    let picture = SafeAttachment::new("p", Content::Png(Written::new(noise.clone()).unwrap()));
    writer.push(&["a"], &picture).unwrap();
    let file = written(writer);
    let expected = named(&[("空.txt", b""), ("a/b/long.txt", long.as_bytes()), ("a/p.png", &noise)]);
    assert_eq!(entries(Kind::Zip, &file), expected);
    // Deflated only where that is shorter.
    assert!(file.len() < long.len() && file.windows(noise.len()).any(|part| part == noise));
}

#[test]
fn what_is_written_again_is_the_same() {
    let mut writer = ZipWriter::new();
    for (folders, stem) in [(&["資料", "con"][..], "x"), (&["資料"], "x"), (&["資料"], "X"), (&[], "v1.2")] {
        writer.push(folders, &text(stem, &stem.repeat(50))).unwrap();
    }
    let once = written(writer);
    let mut writer = ZipWriter::new();
    for (path, octets) in entries(Kind::Zip, &once) {
        let parts: Vec<&str> = path.split('/').collect();
        let (name, folders) = parts.split_last().unwrap();
        let content = std::str::from_utf8(&octets).unwrap();
        writer.push(folders, &text(name.strip_suffix(".txt").unwrap(), content)).unwrap();
    }
    assert_eq!(written(writer), once);
}

#[test]
fn folders_are_safe_names() {
    for (folders, path) in [
        (&["..", "x"][..], "x/a.txt"),
        (&["a/../b", "c:\\d"], "a..b/cd/a.txt"),
        (&["con", "Aux.log", "com1 .x", "lpt¹", "console"], "_con/_Aux.log/_com1 .x/_lpt¹/console/a.txt"),
        (&["x\u{202e}y. ", " .."], "xy/a.txt"),
        (&["1", "2", "3", "4", "5", "6", "7", "8", "9"], "1/2/3/4/5/6/7/a.txt"),
    ] {
        let mut writer = ZipWriter::new();
        writer.push(folders, &text("a", "a")).unwrap();
        assert_eq!(paths(&written(writer)), [path]);
    }
}

#[test]
fn paths_differ_by_more_than_case() {
    let mut writer = ZipWriter::new();
    for (folders, stem) in [
        (&["A"][..], "x"),
        (&["a"], "X"),
        (&["a"], "x"),
        (&["a", "X.TXT"], "y"),
        (&["a", "x.txt"], "z"),
        (&["a"], "x (2)"),
        (&["B.txt"], "y"),
        (&[], "b"),
    ] {
        writer.push(folders, &text(stem, "a")).unwrap();
    }
    let paths = paths(&written(writer));
    assert_eq!(
        paths,
        [
            "A/x.txt",
            "A/X (2).txt",
            "A/x (3).txt",
            "A/X.TXT (4)/y.txt",
            "A/X.TXT (4)/z.txt",
            "A/x (2) (2).txt",
            "B.txt/y.txt",
            "b (2).txt",
        ]
    );
}

#[test]
fn long_names_keep_their_number() {
    let mut writer = ZipWriter::new();
    let long = "長".repeat(200);
    for _ in 0..3 {
        writer.push(&[&long], &text(&long, "a")).unwrap();
    }
    let paths = paths(&written(writer));
    assert!(paths[1].ends_with("長 (2).txt") && paths[2].ends_with("長 (3).txt"));
    assert!(paths.iter().flat_map(|path| path.split('/')).all(|part| SafeName::parse(part.to_owned()).is_ok()));
}

#[test]
fn bounds_refuse_the_entry_and_keep_the_archive() {
    let mut writer = ZipWriter::new();
    let none: [&str; 0] = [];
    assert_eq!(ZipWriter::new().content(), Err(Refusal::Unsupported));
    writer.push(&none, &text("a", "a")).unwrap();
    let before = paths(&written(rebuilt(&["a"])));
    let inner = SafeAttachment::new("b", Content::Zip(Written::new(vec![0]).unwrap()));
    assert_eq!(writer.push(&none, &inner), Err(Refusal::Unsupported));
    // Noise, which Deflate does not make shorter.
    let mut chance = support::Chance::new(1);
    let noise: Vec<u8> = (0..33 << 17).flat_map(|_| chance.next().to_le_bytes()).collect();
    let large = SafeAttachment::new("c", Content::Png(Written::new(noise).unwrap()));
    writer.push(&none, &large).unwrap();
    assert_eq!(writer.push(&none, &large), Err(Refusal::TooLarge));
    let after = paths(&written(writer));
    assert_eq!((before, after), (vec!["a.txt".to_owned()], vec!["a.txt".to_owned(), "c.png".to_owned()]));
}

#[test]
fn there_are_ten_thousand_entries_at_most() {
    let stems: Vec<String> = (0..10_000).map(|_| "same".to_owned()).collect();
    let stems: Vec<&str> = stems.iter().map(String::as_str).collect();
    let mut writer = rebuilt(&stems);
    assert_eq!(writer.push(&["a"], &text("a", "a")), Err(Refusal::TooLarge));
    assert_eq!(paths(&written(writer)).last().map(String::as_str), Some("same (10000).txt"));
}

fn rebuilt(stems: &[&str]) -> ZipWriter {
    let mut writer = ZipWriter::new();
    let none: [&str; 0] = [];
    for stem in stems {
        writer.push(&none, &text(stem, "a")).unwrap();
    }
    writer
}

#[test]
fn every_character_makes_a_stable_path() {
    let chars: Vec<char> = (0..=0x10_ffff).step_by(97).filter_map(char::from_u32).collect();
    for chars in chars.chunks(5000) {
        let mut writer = ZipWriter::new();
        for c in chars {
            writer.push(&[format!("{c}a{c}"), format!("{c}")], &text(&format!("{c}b{c}"), "a")).unwrap();
        }
        for path in paths(&written(writer)) {
            let parts: Vec<&str> = path.split('/').collect();
            assert!((2..=3).contains(&parts.len()), "{path:?}");
            assert!(parts.iter().all(|part| SafeName::parse((*part).to_owned()).is_ok()), "{path:?}");
        }
    }
}
