//! Somebody who can write to the disk bends the audit record of a stopped
//! gateway: `audit verify` says where.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::desk::{act, held, index, locked, record_is_sound, release};
use crate::support::{Gateway, program, python};

/// What is done to the rows of the chain: what it is called, what does it, and
/// the number at which it is to be found.
const BENT: [(&str, &str, u64); 5] = [
    (
        "an octet flipped",
        "UPDATE chain SET entry = CAST(replace(CAST(entry AS TEXT), '\"at_ms\":1', '\"at_ms\":2') AS BLOB) WHERE number = 4",
        4,
    ),
    ("a row removed", "DELETE FROM chain WHERE number = 4", 4),
    (
        "a row removed, the others renumbered",
        "DELETE FROM chain WHERE number = 4; UPDATE chain SET number = number - 1 WHERE number > 4",
        4,
    ),
    (
        "two rows exchanged",
        "UPDATE chain SET number = -4 WHERE number = 4; UPDATE chain SET number = 4 WHERE number = 5; UPDATE chain SET number = 5 WHERE number = -4",
        4,
    ),
    ("a hash bent", "UPDATE chain SET hash = zeroblob(32) WHERE number = 4", 4),
];

fn run(python3: &Path, index: &Path, sql: &str) {
    const SCRIPT: &str = "import sqlite3,sys
db = sqlite3.connect(sys.argv[1])
before = db.total_changes
db.executescript(sys.argv[2])
db.commit()
assert db.total_changes > before, 'nothing was changed'
db.close()";
    python(python3, SCRIPT, &[&index.display().to_string(), sql]);
}

#[test]
fn a_bent_record_is_found_out_at_its_place() {
    let Some(python3) = program("python3") else { return };
    let gateway = Gateway::start(&[]);
    for number in 0..3 {
        let id = held(&gateway, &locked(&format!("mail {number}")));
        assert_eq!(release(&gateway, id).code, 0);
    }
    record_is_sound(&gateway);
    let mut place = gateway.finish();
    let file = index(&place);
    let sound = fs::read(&file).unwrap();
    for (what, sql, at) in BENT {
        run(&python3, &file, sql);
        let gateway = Gateway::start_in(place);
        let verdict = gateway.sekisho(&["--json", "audit", "verify", "--side", "outer"]);
        assert_eq!(verdict.code, 5, "{what}: {verdict:?}");
        let told: Value = serde_json::from_str(verdict.out.lines().next().unwrap()).unwrap();
        assert_eq!((&told["sound"], &told["fault"]["at"]), (&Value::Bool(false), &Value::from(at)), "{what}: {told}");
        let words = gateway.sekisho(&["audit", "verify", "--side", "outer", "--lang", "en"]);
        assert!(words.code == 5 && words.out.contains("NOT SOUND"), "{what}: {words:?}");
        assert!(words.out.contains(&at.to_string()), "{what}: {words:?}");
        // The inner side's is what it was, and mail goes on.
        assert_eq!(gateway.sekisho(&["audit", "verify", "--side", "inner"]).code, 0, "{what}");
        let id = held(&gateway, &locked(what));
        assert_eq!(act(&gateway, &["quarantine", "delete", &id.to_string(), "--yes"]).code, 0);
        place = gateway.finish();
        fs::write(&file, &sound).unwrap();
        for rest in ["-wal", "-shm"] {
            fs::remove_file(format!("{}{rest}", file.display())).unwrap_or_default();
        }
    }
}
