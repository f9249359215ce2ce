//! An original that rots on the disk: it is seen, named, and costs no other
//! mail anything.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use sekisho_safe_message::MailId;

use crate::desk::{
    act, copies, ends, held, index, is_released, locked, long_locked, record_is_sound, release, says, vault,
};
use crate::support::{Gateway, Place, Sink, program, python, within};

/// Lines that make a mail too long for the index: it lies in a segment.
const LONG: usize = 3_000;

/// What is done to the octets of a mail.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Flip,
    Cut,
}

/// Harms the stored octets of one mail of a stopped gateway.
fn harm(place: &Place, python3: &std::path::Path, id: MailId, harm: Harm) {
    const EXTENT: &str = "import sqlite3,sys
db = sqlite3.connect(sys.argv[1])
row = db.execute('SELECT segment, start, length FROM extent WHERE seq = (SELECT coalesce(body, seq) FROM item WHERE id = ?) ORDER BY part', (bytes.fromhex(sys.argv[2]),)).fetchone()
print(*row)";
    let hex: String = id.to_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    let found = python(python3, EXTENT, &[&index(place).display().to_string(), &hex]);
    let numbers: Vec<u64> = found.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [segment, start, length] = numbers[..] else { panic!("{found}") };
    let file = vault(place).join(format!("segments/{segment:08}.seg"));
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    match harm {
        Harm::Flip => flip(&file, start + length / 2),
        Harm::Cut => file.set_len(start + length / 2).unwrap(),
    }
}

fn flip(file: &File, at: u64) {
    let mut octet = [0];
    file.read_exact_at(&mut octet, at).unwrap();
    file.write_all_at(&[octet[0] ^ 0x10], at).unwrap();
}

#[test]
fn a_damaged_original_is_named_and_harms_no_other() {
    let Some(python3) = program("python3") else { return };
    for kind in [Harm::Flip, Harm::Cut] {
        let outside = Sink::start();
        let settings = [("original.deliver", outside.url()), ("original.approvals", "1".to_owned())];
        let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let gateway = Gateway::start(&settings);
        // The last one is cut: what lies behind it in the segment would go, too.
        let whole = held(&gateway, &long_locked("whole", LONG));
        let small = held(&gateway, &locked("small"));
        let harmed = held(&gateway, &long_locked("harmed", LONG));
        let place = gateway.finish();
        harm(&place, &python3, harmed, kind);
        let gateway = Gateway::start_in(place);
        is_told(&gateway, harmed, &outside);
        for id in [whole, small] {
            ends(&gateway.sekisho(&["quarantine", "preview", &id.to_string()]), 0);
            ends(&release(&gateway, id), 0);
            is_released(&gateway, id);
        }
        assert_eq!(gateway.delivered().len(), 2);
        // What cannot be read can be deleted.
        ends(&act(&gateway, &["quarantine", "delete", &harmed.to_string(), "--yes"]), 0);
        record_is_sound(&gateway);
        gateway.finish();
    }
}

/// Everything that is asked of the mail says what is wrong with it.
#[track_caller]
fn is_told(gateway: &Gateway, id: MailId, outside: &Sink) {
    let text = id.to_string();
    let damaged: &[&str] = &[&text, "the stored original is damaged"];
    let list = gateway.sekisho(&["quarantine", "list"]);
    says(&list, 0, &[&text]);
    says(&gateway.sekisho(&["quarantine", "show", &text, "--lang", "en"]), 0, &[&text, "harmed"]);
    says(&gateway.sekisho(&["quarantine", "preview", &text, "--lang", "en"]), 1, damaged);
    let look = ["quarantine", "preview", &text, "--files", "files", "--lang", "en"];
    says(&gateway.sekisho(&look), 1, damaged);
    let dry = ["quarantine", "release", &text, "--profile", "text-only", "--dry-run"];
    says(&act(gateway, &dry), 1, damaged);
    says(&act(gateway, &["quarantine", "export", &text, "--out", "evidence.zip"]), 1, damaged);
    assert!(!gateway.path("evidence.zip").exists(), "half a bundle is none");
    ends(&act(gateway, &["original", "request", &text]), 0);
    let failed = within("the request fails", || {
        let listed = gateway.json(&["original", "list", "--state", "all"]);
        let request = listed.into_iter().find(|line| line["id"] == text)?["request"].clone();
        (request["state"] == "failed").then_some(request)
    });
    assert_eq!(failed["said"], "damaged", "{failed}");
    assert_eq!(outside.count(), 0, "half an original is none");
    ends(&act(gateway, &["original", "request", &text, "--zip"]), 0);
    let approved = act(gateway, &["original", "approve", &format!("{text}#2")]);
    says(&approved, 1, &["damaged"]);
    assert!(outside.count() == 0 && !approved.out.contains("password"), "{approved:?}");
    // A release says it, too, and the mail is found by it from then on.
    says(&release(gateway, id), 5, &[&text, "still held: ", "damaged"]);
    says(&gateway.sekisho(&["quarantine", "list", "--code", "damaged"]), 0, &[&text]);
    assert_eq!(copies(gateway, id), 0);
}
