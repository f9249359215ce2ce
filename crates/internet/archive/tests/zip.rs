//! ZIP: what is read, what is left out, and what is refused because two tools
//! would read two archives.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::collections::BTreeSet;

use sekisho_disarm::{Bounds, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::Removal;
use support::zip::{Around, Item, deflate, write, write_around};
use support::{crc32, entries, left_out, named, opened, opened_within};

const TEXT: &[u8] = b"hello hello hello hello hello";

fn two() -> [Item; 2] {
    [Item::deflated("a.txt", TEXT), Item::stored("b/c.txt", b"c")]
}

/// An extra field.
fn extra(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes(), &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

#[test]
fn honest_archives_are_read() {
    let expected = named(&[("a.txt", TEXT), ("b/c.txt", b"c")]);
    assert_eq!(entries(Kind::Zip, &write(&two())), expected);
    for (signature, wide) in [(false, false), (false, true), (true, false), (true, true)] {
        let described = two().map(|item| item.described(signature, wide));
        assert_eq!(entries(Kind::Zip, &write(&described)), expected, "{signature} {wide}");
    }
    let long = Around { zip64: true, ..Around::default() };
    assert_eq!(entries(Kind::Zip, &write_around(&two(), &long)), expected);
    let folder = Item::stored("b/", b"");
    assert_eq!(entries(Kind::Zip, &write(&[two(), [folder.clone(), folder]].concat())), expected);
    assert_eq!(entries(Kind::Zip, &write(&[])), []);
}

#[test]
fn long_sizes_are_read_where_they_are_left_to_zip64() {
    let sizes = [(TEXT.len() as u64).to_le_bytes(), (TEXT.len() as u64).to_le_bytes()].concat();
    let long = |sizes: &[u8]| {
        Item::stored("a.txt", TEXT).both(|header| {
            (header.packed, header.inflated) = (u32::MAX, u32::MAX);
            header.extra = extra(1, sizes);
        })
    };
    assert_eq!(entries(Kind::Zip, &write(&[long(&sizes)])), named(&[("a.txt", TEXT)]));
    assert_eq!(opened(Kind::Zip, &write(&[long(&sizes[..8])])).err(), Some(Refusal::Malformed));
    let one = Item::stored("a.txt", TEXT).with(|item| {
        (item.local.packed, item.local.inflated) = (u32::MAX, u32::MAX);
        item.local.extra = extra(1, &sizes);
    });
    assert_eq!(entries(Kind::Zip, &write(&[one])), named(&[("a.txt", TEXT)]));
}

#[test]
fn names_are_decoded() {
    let unicode =
        |raw: &[u8], name: &str| extra(0x7075, &[&[1], &crc32(raw).to_le_bytes()[..], name.as_bytes()].concat());
    let raw = b"\x93\xfa\x96{.txt";
    for (name, flags, host, field, expected) in [
        (&raw[..], 0, 0, Vec::new(), "日本.txt"),
        ("日本.txt".as_bytes(), 0x800, 0, Vec::new(), "日本.txt"),
        ("日本.txt".as_bytes(), 0, 0, Vec::new(), "日本.txt"),
        ("か\u{3099}.txt".as_bytes(), 0, 3, Vec::new(), "が.txt"),
        (raw, 0, 0, unicode(raw, "会社.txt"), "会社.txt"),
        (raw, 0, 0, unicode(b"other", "会社.txt"), "日本.txt"),
        (b"C:\\x\\..\\y.txt", 0, 0, Vec::new(), "x/y.txt"),
        (b"/../../y.txt", 0, 3, Vec::new(), "y.txt"),
        (b"a.txt:stream", 0, 0, Vec::new(), "a.txt:stream"),
        (b"a\0.exe", 0, 0, Vec::new(), "a\0.exe"),
    ] {
        let item = Item::deflated("", TEXT).with(|item| item.host = host).both(|header| {
            header.flags = flags;
            header.name = name.to_vec();
            header.extra.clone_from(&field);
        });
        assert_eq!(entries(Kind::Zip, &write(&[item])), named(&[(expected, TEXT)]), "{name:?}");
    }
}

#[test]
fn two_readings_are_refused() {
    let a = || Item::deflated("a.txt", TEXT);
    let lies: [(&str, Item); 16] = [
        ("name", a().with(|item| item.local.name = b"b.exe".to_vec())),
        ("method", a().with(|item| item.local.method = 0)),
        ("crc", a().with(|item| item.local.crc ^= 1)),
        ("packed size", a().with(|item| item.local.packed += 1)),
        ("size", a().with(|item| item.local.inflated += 1)),
        ("described size", a().described(true, false).with(|item| item.local.inflated = 1)),
        ("strong encryption", a().with(|item| item.local.flags |= 1 << 6)),
        ("encryption", a().with(|item| item.local.flags |= 1)),
        ("character set", a().both(|header| header.name = "あ".into()).with(|item| item.local.flags = 0)),
        ("gap", a().with(|item| item.behind = b"gap".to_vec())),
        ("no descriptor", a().described(true, false).with(|item| item.behind.clear())),
        ("descriptor's size", a().described(true, false).with(|item| item.behind[8] ^= 1)),
        ("descriptor's crc", a().described(false, false).with(|item| item.behind[0] ^= 1)),
        ("place", a().with(|item| item.offset = 1)),
        ("stored sizes", Item::stored("a.txt", TEXT).both(|header| header.inflated -= 1)),
        ("octets in a folder", Item::stored("a/", TEXT)),
    ];
    for (what, item) in lies {
        let lie = opened(Kind::Zip, &write(&[item, Item::stored("z", b"z")]));
        assert_eq!(lie.err(), Some(Refusal::Ambiguous), "{what}");
    }
}

#[test]
fn names_that_the_two_headers_extend_differently_are_refused() {
    let name = |text: &str| extra(0x7075, &[&[1], &crc32(b"a.txt").to_le_bytes()[..], text.as_bytes()].concat());
    let item = Item::deflated("a.txt", TEXT).with(|item| item.local.extra = name("b.txt"));
    assert_eq!(opened(Kind::Zip, &write(&[item])).err(), Some(Refusal::Ambiguous));
}

#[test]
fn octets_that_belong_to_nothing_are_refused() {
    let around = Around::default;
    for (what, around) in [
        ("program in front", Around { before: b"MZ program".to_vec(), ..around() }),
        ("before the directory", Around { between: b"PK\x03\x04".to_vec(), ..around() }),
        ("behind the end", Around { behind: b"%PDF-1.7".to_vec(), ..around() }),
        ("another archive behind", Around { behind: write(&two()), ..around() }),
        ("another archive in front", Around { before: write(&two()), ..around() }),
        ("header in the comment", Around { comment: b"PK\x03\x04".to_vec(), ..around() }),
        ("end record in the comment", Around { comment: write(&[]), ..around() }),
        ("fewer entries than there are", Around { count: -1, ..around() }),
    ] {
        assert_eq!(opened(Kind::Zip, &write_around(&two(), &around)).err(), Some(Refusal::Ambiguous), "{what}");
    }
    let more = Around { count: 1, ..around() };
    assert_eq!(opened(Kind::Zip, &write_around(&two(), &more)).err(), Some(Refusal::Malformed));
}

#[test]
fn an_archive_in_an_archive_is_no_second_end() {
    let inner = write(&two());
    let outer = write(&[Item::stored("inner.zip", &inner)]);
    assert_eq!(entries(Kind::Zip, &outer), named(&[("inner.zip", &inner)]));
    // But one who reads from front to back would end the entry too early.
    let described = write(&two().map(|item| item.described(true, false)));
    let outer = write(&[Item::stored("inner.zip", &described).described(true, false)]);
    assert_eq!(opened(Kind::Zip, &outer).err(), Some(Refusal::Ambiguous));
}

#[test]
fn overlapping_entries_are_refused() {
    let [a, b] = two();
    let step = i64::try_from(30 + a.local.name.len() + a.body.len()).unwrap();
    for offset in [-1, 1 - step, -step, 2] {
        let lie = write(&[a.clone(), b.clone().with(|item| item.offset = offset)]);
        assert_eq!(opened(Kind::Zip, &lie).err(), Some(Refusal::Ambiguous), "{offset}");
    }
    // Two names for the same octets.
    let same = a.clone().with(|item| item.offset = -step);
    assert_eq!(opened(Kind::Zip, &write(&[a, same])).err(), Some(Refusal::Ambiguous));
}

#[test]
fn the_same_path_twice_is_refused() {
    for second in ["a/b.txt", "a\\b.txt", "/a/./b.txt", "a//b.txt", "../a/b.txt"] {
        let twice = write(&[Item::stored("a/b.txt", b"1"), Item::stored(second, b"2")]);
        assert_eq!(opened(Kind::Zip, &twice).err(), Some(Refusal::Ambiguous), "{second}");
    }
    // The writer tells these apart.
    let cases = write(&[Item::stored("a.txt", b"1"), Item::stored("A.TXT", b"2")]);
    assert_eq!(entries(Kind::Zip, &cases).len(), 2);
}

#[test]
fn broken_entries_are_left_out_by_name() {
    let a = || Item::deflated("a.txt", TEXT);
    let cut = &deflate(TEXT)[..4];
    for (what, item, reason) in [
        ("checksum", a().both(|header| header.crc ^= 1), Refusal::Malformed),
        ("too small a size", a().both(|header| header.inflated -= 1), Refusal::Malformed),
        ("too large a size", a().both(|header| header.inflated += 1), Refusal::Malformed),
        ("impossible size", a().both(|header| header.inflated = 200 << 20), Refusal::Malformed),
        ("cut off", Item::packed("a.txt", TEXT, 8, cut), Refusal::Malformed),
        ("no bzip2", Item::packed("a.txt", TEXT, 12, cut), Refusal::Malformed),
        ("no LZMA", Item::packed("a.txt", TEXT, 14, cut), Refusal::Malformed),
        ("Zstandard", Item::packed("a.txt", TEXT, 93, cut), Refusal::Unsupported),
        ("link", a().with(|item| item.attributes = 0o120_777 << 16), Refusal::Unsupported),
        ("device", a().with(|item| item.attributes = 0o060_777 << 16), Refusal::Unsupported),
    ] {
        let (entries, opened) = opened(Kind::Zip, &write(&[item, Item::stored("z", b"z")])).unwrap();
        assert_eq!((entries, left_out(&opened)), (named(&[("z", b"z")]), vec![("a.txt", reason)]), "{what}");
        assert_eq!(opened.removed, BTreeSet::from([Removal::Entry]), "{what}");
    }
}

#[test]
fn octets_behind_the_end_of_packed_data_are_refused() {
    let more = [deflate(TEXT), b"PK\x03\x04".to_vec()].concat();
    let item = Item::packed("a.txt", TEXT, 8, &more);
    assert_eq!(opened(Kind::Zip, &write(&[item])).err(), Some(Refusal::Ambiguous));
}

#[test]
fn one_encrypted_entry_is_an_encrypted_archive() {
    for item in [
        Item::deflated("a.txt", TEXT).both(|header| header.flags |= 1),
        Item::deflated("a.txt", TEXT).with(|item| item.central.flags |= 1),
        Item::deflated("a.txt", TEXT).both(|header| header.flags |= 1 << 13),
        Item::deflated("a.txt", TEXT).both(|header| header.method = 99),
    ] {
        let archive = write(&[Item::stored("z", b"z"), item]);
        assert_eq!(opened(Kind::Zip, &archive).err(), Some(Refusal::Encrypted));
    }
}

#[test]
fn what_no_entry_shows_is_noted() {
    let comment = Around { comment: b"a comment".to_vec(), ..Around::default() };
    let padding = Around { behind: b"\r\n\0\0".to_vec(), ..Around::default() };
    let [a, b] = two();
    let commented = a.clone().with(|item| item.comment = b"a comment".to_vec());
    let litter = Item::stored("__MACOSX/._a.txt", b"fork");
    for (archive, removal) in [
        (write_around(&two(), &comment), Removal::Comment),
        (write(&[commented, b.clone()]), Removal::Comment),
        (write_around(&two(), &padding), Removal::TrailingData),
        (write(&[a, b, litter]), Removal::Metadata),
    ] {
        let (entries, opened) = opened(Kind::Zip, &archive).unwrap();
        assert_eq!((entries.len(), opened.removed), (2, BTreeSet::from([removal])));
        assert_eq!(opened.left_out, []);
    }
}

#[test]
fn bombs_end_with_the_budget() {
    let bounds = Bounds { octets: 1 << 20, entries: 100, ..Bounds::default() };
    let zeros = vec![0; 400_000];
    let three: Vec<Item> = ["a", "b", "c"].map(|name| Item::deflated(name, &zeros)).to_vec();
    assert_eq!(opened_within(bounds, Kind::Zip, &write(&three)).err(), Some(Refusal::TooLarge));
    assert!(opened_within(bounds, Kind::Zip, &write(&three[..2])).is_ok());
    let many: Vec<Item> = (0..101).map(|at| Item::stored(&at.to_string(), b"")).collect();
    assert_eq!(opened_within(bounds, Kind::Zip, &write(&many)).err(), Some(Refusal::TooLarge));
    // The count alone asks for nothing.
    let lie = Around { count: 60_000, ..Around::default() };
    assert_eq!(opened(Kind::Zip, &write_around(&two(), &lie)).err(), Some(Refusal::Malformed));
}
