//! Every other format: what is read, what is left out, what is refused.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::collections::BTreeSet;
use std::io::Write as _;

use bzip2::write::BzEncoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sekisho_disarm::{Bounds, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::Removal;
use support::samples::{self, TEXT};
use support::tar::{Block, tar};
use support::{entries, left_out, named, opened, opened_within};

fn gzip(name: &str, octets: &[u8]) -> Vec<u8> {
    let mut encoder: GzEncoder<Vec<u8>> = GzBuilder::new().filename(name).write(Vec::new(), Compression::new(6));
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(octets: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::new(6));
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn good_archives_are_read() {
    let expected = named(&[("a.txt", b"hello"), ("d/c.txt", TEXT)]);
    for (kind, archive) in [
        (Kind::SevenZip, samples::seven()),
        (Kind::SevenZip, samples::seven_plain()),
        (Kind::Tar, samples::tar()),
        (Kind::Gzip, gzip("x", &samples::tar())),
        (Kind::Bzip2, bzip2(&samples::tar())),
        (Kind::Lzh, samples::lzh()),
        (Kind::Cab, samples::cab()),
        (Kind::Rar, samples::rar4()),
        (Kind::Rar, samples::rar5()),
    ] {
        assert_eq!(entries(kind, &archive), expected, "{}", kind.code());
    }
}

#[test]
fn packed_files_are_named_by_what_they_say() {
    assert_eq!(entries(Kind::Gzip, &gzip("../../../a.txt", TEXT)), named(&[("a.txt", TEXT)]));
    assert_eq!(entries(Kind::Gzip, &gzip("", TEXT)), named(&[("outer", TEXT)]));
    assert_eq!(entries(Kind::Bzip2, &bzip2(TEXT)), named(&[("outer", TEXT)]));
    assert_eq!(entries(Kind::Xz, &samples::xz()), named(&[("outer", TEXT)]));
}

#[test]
fn members_of_a_gzip_are_one_file() {
    let two = [gzip("a.txt", b"one "), gzip("b.txt", b"two")].concat();
    assert_eq!(entries(Kind::Gzip, &two), named(&[("a.txt", b"one two")]));
    let (_, padded) = opened(Kind::Gzip, &[&two[..], &[0; 99]].concat()).unwrap();
    assert_eq!(padded.removed, BTreeSet::from([Removal::TrailingData]));
    let behind = [&two[..], b"%PDF-1.7"].concat();
    assert_eq!(opened(Kind::Gzip, &behind).err(), Some(Refusal::Ambiguous));
}

#[test]
fn what_is_cut_off_or_bent_is_refused() {
    for (kind, archive) in [
        (Kind::Gzip, gzip("a", TEXT)),
        (Kind::Bzip2, bzip2(TEXT)),
        (Kind::Xz, samples::xz()),
        (Kind::Tar, samples::tar()),
        (Kind::SevenZip, samples::seven()),
        (Kind::Lzh, samples::lzh()),
        (Kind::Cab, samples::cab()),
    ] {
        let half = &archive[..archive.len() / 2];
        assert_eq!(opened(kind, half).err(), Some(Refusal::Malformed), "{}", kind.code());
        assert_eq!(opened(kind, b"").err().is_some(), !matches!(kind, Kind::Tar | Kind::Lzh));
    }
}

#[test]
fn all_end_with_the_budget() {
    let zeros = vec![0; 3 << 20];
    let long = tar(&[Block::file("zeros", &zeros)]);
    let octets = Bounds { octets: 1 << 20, ..Bounds::default() };
    let none = Bounds { octets: 8, ..Bounds::default() };
    let entry = Bounds { entries: 1, ..Bounds::default() };
    for (bounds, kind, archive) in [
        (octets, Kind::Gzip, gzip("a", &zeros)),
        (octets, Kind::Gzip, gzip("a", &long)),
        (octets, Kind::Bzip2, bzip2(&zeros)),
        (none, Kind::Xz, samples::xz()),
        (none, Kind::SevenZip, samples::seven()),
        (none, Kind::Lzh, samples::lzh()),
        (none, Kind::Cab, samples::cab()),
        (none, Kind::Rar, samples::rar4()),
        (none, Kind::Rar, samples::rar5()),
        (entry, Kind::SevenZip, samples::seven()),
        (entry, Kind::Tar, samples::tar()),
        (entry, Kind::Lzh, samples::lzh()),
        (entry, Kind::Cab, samples::cab()),
        (entry, Kind::Rar, samples::rar4()),
        (entry, Kind::Rar, samples::rar5()),
    ] {
        assert_eq!(opened_within(bounds, kind, &archive).err(), Some(Refusal::TooLarge), "{}", kind.code());
    }
}

#[test]
fn encrypted_archives_say_so() {
    for (kind, archive) in [
        (Kind::SevenZip, samples::seven_encrypted()),
        (Kind::SevenZip, samples::seven_encrypted_header()),
        (Kind::Rar, samples::rar4_encrypted()),
        (Kind::Rar, samples::rar5_encrypted()),
    ] {
        assert_eq!(opened(kind, &archive).err(), Some(Refusal::Encrypted), "{}", kind.code());
    }
}

#[test]
fn links_and_devices_are_left_out() {
    for kind in *b"123467S" {
        let special = Block { kind, ..Block::file("special", b"") };
        let archive = tar(&[special, Block::file("z", b"z")]);
        let (entries, opened) = opened(Kind::Tar, &archive).unwrap();
        match kind {
            // Contiguous files are files.
            b'7' => assert_eq!(entries, named(&[("special", b""), ("z", b"z")])),
            _ => {
                assert_eq!(entries, named(&[("z", b"z")]));
                assert_eq!(left_out(&opened), [("special", Refusal::Unsupported)]);
            }
        }
    }
    let (entries, opened) = opened(Kind::Rar, &samples::rar5_link()).unwrap();
    assert_eq!((entries, left_out(&opened)), (vec![], vec![("link", Refusal::Unsupported)]));
}

#[test]
fn tar_names_come_from_where_they_stand() {
    let long = "長/".repeat(60) + "a.txt";
    let pax = format!("{:03} path={long}\n", long.len() + 10);
    let folder = Block { kind: b'5', ..Block::file("folder/", b"") };
    for (blocks, path) in [
        (
            vec![Block { kind: b'L', ..Block::file("x", format!("{long}\0").as_bytes()) }, Block::file("y", TEXT)],
            &*long,
        ),
        (vec![Block { kind: b'x', ..Block::file("x", pax.as_bytes()) }, Block::file("y", TEXT)], &long),
        (vec![Block { prefix: "p/q".to_owned(), ..Block::file("y", TEXT) }], "p/q/y"),
        (vec![folder, Block::file("../../etc/passwd", TEXT)], "etc/passwd"),
        (vec![Block { kind: 0, ..Block::file("old/", b"") }, Block { kind: 0, ..Block::file("old/y", TEXT) }], "old/y"),
    ] {
        assert_eq!(entries(Kind::Tar, &tar(&blocks)), named(&[(path, TEXT)]), "{path}");
    }
}

#[test]
fn two_readings_of_a_tar_are_refused() {
    let pax = |record: &[u8], kind| Block { kind, ..Block::file("x", record) };
    let one = || Block::file("a", &[0; 600]);
    for (what, archive) in [
        ("another size", tar(&[pax(b"9 size=1\n", b'x'), one()])),
        ("a size for all", tar(&[pax(b"12 size=600\n", b'g'), one()])),
        ("octets in a link", tar(&[Block { kind: b'2', ..one() }])),
        ("another behind the end", [tar(&[one()]), tar(&[one()])].concat()),
    ] {
        assert_eq!(opened(Kind::Tar, &archive).err(), Some(Refusal::Ambiguous), "{what}");
    }
    let same = pax(b"12 size=600\n", b'x');
    assert_eq!(entries(Kind::Tar, &tar(&[same, one()])), named(&[("a", &[0; 600])]));
    let (_, opened) = opened(Kind::Tar, &[tar(&[one()]), b"garbage".to_vec()].concat()).unwrap();
    assert_eq!(opened.removed, BTreeSet::from([Removal::TrailingData]));
}

#[test]
fn lzh_reads_its_levels_and_methods() {
    let name = b"\x93\xfa\x96{.txt";
    for archive in [
        samples::lzh_entry(0, *b"-lh0-", name, TEXT, TEXT),
        samples::lzh_entry(1, *b"-lh0-", name, TEXT, TEXT),
        samples::lzh_level2(&[(1, name)], TEXT),
    ] {
        assert_eq!(entries(Kind::Lzh, &archive), named(&[("日本.txt", TEXT)]));
    }
    let packed = samples::lzh_entry(1, *b"-lh5-", b"a.txt", &samples::lh5_letters(b'a', 300), &[b'a'; 300]);
    assert_eq!(entries(Kind::Lzh, &packed), named(&[("a.txt", &[b'a'; 300])]));
    let folder = samples::lzh_entry(1, *b"-lhd-", b"d\\", b"", b"");
    assert_eq!(entries(Kind::Lzh, &folder), []);
    for (archive, reason) in [
        (samples::lzh_entry(1, *b"-lh0-", b"a", TEXT, b"other"), Refusal::Malformed),
        (samples::lzh_entry(1, *b"-lh0-", b"a", TEXT, &TEXT[1..]), Refusal::Malformed),
        (samples::lzh_entry(1, *b"-lh5-", b"a", b"x", TEXT), Refusal::Malformed),
        (samples::lzh_entry(1, *b"-pm2-", b"a", TEXT, TEXT), Refusal::Unsupported),
        (samples::lzh_entry(1, *b"-lhd-", b"a|../b", b"", b""), Refusal::Unsupported),
    ] {
        let (_, opened) = opened(Kind::Lzh, &archive).unwrap();
        assert_eq!(opened.left_out.iter().map(|lost| lost.reason).collect::<Vec<_>>(), [reason]);
    }
    let (_, opened) = opened(Kind::Lzh, &[samples::lzh(), b"\0behind".to_vec()].concat()).unwrap();
    assert_eq!(opened.removed, BTreeSet::from([Removal::TrailingData]));
}

#[test]
fn lzh_names_and_comments_come_from_extra_headers() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let folder = [&wide("資料")[..], &[0xff; 2]].concat();
    let named_twice = samples::lzh_level2(&[(1, b"x"), (2, b"y\xff"), (0x44, &wide("表.txt")), (0x45, &folder)], TEXT);
    assert_eq!(entries(Kind::Lzh, &named_twice), named(&[("資料/表.txt", TEXT)]));
    let (_, commented) = opened(Kind::Lzh, &samples::lzh_level2(&[(1, b"x"), (0x3f, b"a comment")], TEXT)).unwrap();
    assert_eq!(commented.removed, BTreeSet::from([Removal::Comment]));
}

#[test]
fn a_broken_entry_costs_itself_or_its_block() {
    // Two files stored alone: the other one is whole.
    for (mut archive, kind) in [(samples::rar4(), Kind::Rar), (samples::rar5(), Kind::Rar)] {
        let at = archive.windows(5).position(|five| five == b"hello").unwrap();
        archive[at] ^= 1;
        let (entries, opened) = opened(kind, &archive).unwrap();
        assert_eq!(entries, named(&[("d/c.txt", TEXT)]));
        assert_eq!(left_out(&opened), [("a.txt", Refusal::Malformed)]);
        assert_eq!(opened.removed, BTreeSet::from([Removal::Entry]));
    }
    // Two files in one stream: what is behind the fault is lost with it.
    let mut solid = samples::seven_plain();
    solid[32 + 12] ^= 0x55;
    let (entries, opened) = opened(Kind::SevenZip, &solid).unwrap();
    assert_eq!(entries, named(&[("a.txt", b"hello")]));
    assert_eq!(left_out(&opened), [("d/c.txt", Refusal::Malformed)]);
}

#[test]
fn cab_refuses_shared_octets_and_volumes() {
    let file = |name, start, size| samples::CabFile { name, start, size };
    let shared = samples::cab_of(&[file("a", 0, 5), file("b", 4, 5)], &[b"hello hello"], 0);
    assert_eq!(opened(Kind::Cab, &shared).err(), Some(Refusal::Ambiguous));
    let volume = samples::cab_of(&[file("a", 0, 5)], &[b"hello"], 2);
    assert_eq!(opened(Kind::Cab, &volume).err(), Some(Refusal::Unsupported));
    let (_, past) = opened(Kind::Cab, &samples::cab_of(&[file("a", 0, 6)], &[b"hello"], 0)).unwrap();
    assert_eq!(left_out(&past), [("a", Refusal::Malformed)]);
    let (_, behind) = opened(Kind::Cab, &[samples::cab(), b"behind".to_vec()].concat()).unwrap();
    assert_eq!(behind.removed, BTreeSet::from([Removal::TrailingData]));
}

#[test]
fn a_broken_block_costs_what_is_behind_it() {
    let mut blocks = samples::cab_of(
        &[samples::CabFile { name: "a", start: 0, size: 5 }, samples::CabFile { name: "b", start: 5, size: 5 }],
        &[b"hello", b"world"],
        0,
    );
    let last = blocks.len() - 1;
    blocks[last] ^= 1;
    let (entries, opened) = opened(Kind::Cab, &blocks).unwrap();
    assert_eq!((entries, left_out(&opened)), (named(&[("a", b"hello")]), vec![("b", Refusal::Malformed)]));
}

#[test]
fn data_around_a_7z_or_rar_is_seen() {
    let (_, behind) = opened(Kind::SevenZip, &[samples::seven(), b"behind".to_vec()].concat()).unwrap();
    assert_eq!(behind.removed, BTreeSet::from([Removal::TrailingData]));
    let program = [b"MZ program".to_vec(), samples::rar5()].concat();
    assert_eq!(opened(Kind::Rar, &program).err(), Some(Refusal::Ambiguous));
    // No header to be found anywhere, but for one that is searched for.
    let mut blank = samples::seven();
    blank[8..32].fill(0);
    assert_eq!(opened(Kind::SevenZip, &blank).err(), Some(Refusal::Malformed));
}

#[test]
fn what_is_no_archive_is_not_opened() {
    assert_eq!(opened(Kind::Pdf, b"%PDF-1.7").err(), Some(Refusal::Unsupported));
    assert!(sekisho_archive::is_archive(Kind::Rar) && !sekisho_archive::is_archive(Kind::OtherArchive));
}
