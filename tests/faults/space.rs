//! A full disk under the outer side: new mail is refused for now, who decides
//! hears that there is no room, nothing is lost, and with room again the same
//! commands work.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sekisho_safe_message::MailId;

use crate::desk::{
    REASON, act, copies, ends, entries, held, is_released, locked, record_is_sound, release, says, vault,
};
use crate::support::{Client, Gateway, Outcome, Place, Process, Sink, deliver, plain, program, within};

/// What stays free for what has begun.
const RESERVE: u64 = 4 << 20;

/// A file system of 24 MiB in a namespace of its own, which is gone with its
/// holder. It needs no rights where users may make namespaces.
struct Disk {
    holder: Child,
    nsenter: PathBuf,
    /// As those outside the namespace see it.
    dir: PathBuf,
}

impl Disk {
    /// `None`, and why, where it is not allowed.
    fn mount(dir: &Path) -> Option<Self> {
        let (unshare, nsenter) = (program("unshare")?, program("nsenter")?);
        fs::create_dir_all(dir).unwrap();
        let mut holder = Command::new(unshare)
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .args(["mount -t tmpfs -o size=24m,mode=700 sekisho-faults \"$1\" && echo mounted && exec cat", "sh"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let inside = PathBuf::from(format!("/proc/{}/root{}", holder.id(), dir.display()));
        let disk = Self { dir: inside, nsenter, holder };
        if said == "mounted\n" && fs::read_dir(&disk.dir).is_ok() {
            return Some(disk);
        }
        eprintln!("skipped: this user may not mount a file system in a namespace");
        None
    }

    /// Starts the outer side where it sees this disk.
    #[track_caller]
    fn outer(&self, place: &Place) -> Process {
        let command = place.command("sekisho-outer");
        let mut inside = place.command(&self.nsenter.display().to_string());
        inside.arg(format!("--target={}", self.holder.id())).args([
            "--user",
            "--mount",
            "--preserve-credentials",
            "--",
        ]);
        inside.arg(command.get_program());
        let before = fs::metadata(place.path("sekisho-outer.out")).map_or(0, |meta| meta.len());
        let mut outer = Process::start("sekisho-outer", place.dir(), inside);
        assert_eq!(outer.speaks(usize::try_from(before).unwrap()), "ready\n", "{}", outer.tail());
        outer
    }

    fn free(&self) -> u64 {
        let space = rustix::fs::statvfs(&self.dir).unwrap();
        space.f_bavail * space.f_frsize
    }

    /// Leaves so many octets free.
    fn fill(&self, left: u64) {
        let mut filler = File::options().create(true).append(true).open(self.dir.join("filler")).unwrap();
        for size in [64 * 1024, 4096, 1] {
            while self.free() >= left + size as u64 && filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn clear(&self) {
        fs::remove_file(self.dir.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Its standard input ends, and so does it.
        drop(self.holder.stdin.take());
        self.holder.wait().unwrap();
    }
}

/// The reply to a mail that is offered now.
fn offered(place: &Place) -> u16 {
    let mut client = Client::greeted(place.listen).unwrap();
    client.ask("MAIL FROM:<a@sender.example>").unwrap().code
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let outside = Sink::start();
    let place = Place::new(&[
        ("outer.min_free_space", "4MiB"),
        ("original.deliver", &outside.url()),
        ("original.approvals", "1"),
        ("vault.keep", "all"),
    ]);
    let Some(disk) = Disk::mount(&vault(&place)) else { return };
    let (outer, inner) = (disk.outer(&place), place.program("sekisho-inner"));
    let ids: Vec<MailId> = (0..16).map(|n| held(&place, &locked(&format!("mail {n}")))).collect();
    let mut half = Client::greeted(place.listen).unwrap();
    half.begin("a@sender.example", &["b@city.example.lg.jp"]).unwrap();

    // Below the reserve: no new mail, not even one that has begun; what people decide has room.
    disk.fill(RESERVE / 2);
    assert_eq!(offered(&place), 452);
    half.write(&plain("half", &"the other half\r\n".repeat(5_000))).unwrap();
    half.write(b".\r\n").unwrap();
    assert_eq!(half.reply().unwrap().code, 452);
    drop(half);
    assert!(place.problems("outer").contains(&"low-space".to_owned()));
    ends(&release(&place, ids[0]), 0);
    is_released(&place, ids[0]);

    // Not an octet left, and a log that has to grow for everything.
    outer.finish();
    let outer = disk.outer(&place);
    disk.fill(0);
    let commands = commands(&ids[1..]);
    let run = |words: &Vec<String>| place.sekisho(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let refused: Vec<&Vec<String>> = commands.iter().filter(|words| is_refused(&run(words), words)).collect();
    println!("{} of {} commands found no room", refused.len(), commands.len());
    assert!(!refused.is_empty(), "the disk is full");
    assert_eq!(offered(&place), 452);
    for id in &ids {
        assert!(copies(&place, *id) <= 1);
        assert!(place.state("outer", *id).is_some(), "{id} is lost");
    }

    disk.clear();
    within("there is room again", || (offered(&place) == 250).then_some(()));
    for words in refused {
        ends(&run(words), 0);
    }
    all_is_done(&place, &outside, &ids);
    outer.finish();
    inner.finish();
}

/// Every act, each of a mail of its own, some twice.
fn commands(ids: &[MailId]) -> Vec<Vec<String>> {
    const ACTS: [&str; 5] = [
        "quarantine release ID --profile text-only",
        "quarantine delete ID --yes",
        "quarantine hold ID --legal",
        "original request ID",
        "quarantine export ID --out evidence-ID.zip",
    ];
    let words = |(at, id): (usize, &MailId)| {
        let words = ACTS[at % ACTS.len()].split(' ').map(|word| word.replace("ID", &id.to_string()));
        words.chain(["--lang", "en", "--reason", REASON].map(str::to_owned)).collect()
    };
    ids.iter().enumerate().map(words).collect()
}

/// Either it is done, or it says that there is no room, and what for.
#[track_caller]
fn is_refused(outcome: &Outcome, words: &[String]) -> bool {
    if outcome.code == 0 {
        return false;
    }
    says(outcome, 1, &["the disk of the Internet side's state directory is full", "make room, then do it again"]);
    assert!(words.iter().any(|word| outcome.err.contains(word.as_str())), "which mail: {outcome:?}");
    true
}

#[track_caller]
fn all_is_done(place: &Place, outside: &Sink, ids: &[MailId]) {
    let (first, rest) = ids.split_first().unwrap();
    is_released(place, *first);
    let mut released = 1;
    for (at, id) in rest.iter().enumerate() {
        let shown = place.json(&["show", &id.to_string()]).remove(0);
        match at % 5 {
            0 => {
                is_released(place, *id);
                released += 1;
            }
            1 => assert_eq!(shown["kept"]["original"], false, "{shown}"),
            2 => assert_eq!(shown["kept"]["legal_hold"], true, "{shown}"),
            3 => {
                let trace = format!("X-Sekisho-Original: {id}\r\n");
                outside.receives("the original", |mail| String::from_utf8_lossy(&mail.data).contains(&trace));
            }
            _ => assert!(place.path(&format!("evidence-{id}.zip")).exists()),
        }
    }
    assert_eq!((place.delivered().len(), outside.count()), (released, 3), "each once");
    assert!(!entries(place).is_empty());
    // Mail goes on.
    place.arrives(deliver(place.listen, &plain("after", "there is room")));
    record_is_sound(place);
}

#[test]
fn a_bundle_that_finds_no_room_leaves_nothing() {
    let place = Place::new(&[]);
    let Some(disk) = Disk::mount(&place.path("disk")) else { return };
    let gateway = Gateway::start_in(place);
    let id = held(&gateway, &crate::desk::long_locked("evidence", 60_000)).to_string();
    disk.fill(256 * 1024);
    let out = disk.dir.join("evidence.zip").display().to_string();
    let export = || act(&gateway, &["quarantine", "export", &id, "--out", &out]);
    says(&export(), 1, &[&out, "No space left on device"]);
    let left: Vec<_> = fs::read_dir(&disk.dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["filler"]);
    disk.clear();
    ends(&export(), 0);
    assert!(File::open(Path::new(&out)).unwrap().metadata().unwrap().len() > 1 << 20);
    gateway.finish();
}
