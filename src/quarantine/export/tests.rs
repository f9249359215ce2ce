//! Bundles made against two small programs behind real admin sockets.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_audit::{Act, Chain, Code, Entry, START, Signer, link};
use sekisho_channel::ChannelError;
use sekisho_channel::admin::{
    Caller, Handler, Item, Kept, Link, MailState, Replies, Reply, Request, Role, Server, Shown,
};
use sekisho_safe_message::{Language, MailId, SafeLine, SafeName, Sha256, Timestamp};
use sekisho_settings::{CommandSettings, Configuration, Surroundings};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Stop, Task, make};
use crate::answers::No;
use crate::ask::Side;
use crate::exit::Exit;
use crate::screen::Screen;

const MAIL: &[u8] = b"From: a@example.com\r\n\r\nhello\r\n";
const PASSWORD: &str = "k7m2p-xq9dw-4hb8n-t3vse";

/// What a program knows and says.
#[derive(Clone)]
struct Says {
    id: MailId,
    original: Vec<u8>,
    /// The digest that the record has of it.
    recorded: Sha256,
    kept: bool,
    roles: Vec<Role>,
    links: Vec<Link>,
    shares: Vec<MailId>,
}

impl Handler for Says {
    async fn handle(&self, _: Caller, request: Request, replies: &mut Replies) -> Result<(), ChannelError> {
        for reply in self.answer(&request) {
            replies.send(&reply).await?;
        }
        Ok(())
    }
}

impl Says {
    fn answer(&self, request: &Request) -> Vec<Reply> {
        match request {
            Request::Whoami => vec![Reply::Caller { name: line("tanaka"), uid: 1000, roles: self.roles.clone() }],
            Request::Show { id } if *id == self.id => vec![self.detail()],
            Request::Show { .. } => vec![Reply::NotFound],
            Request::Original { .. } => self.pieces(),
            Request::Audit { after, limit } => {
                let behind = self.links.iter().filter(|link| link.number > *after).take(*limit as usize);
                let links = behind.map(|link| Reply::Link(Box::new(link.clone())));
                links.chain([Reply::Done]).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn detail(&self) -> Reply {
        let shares: Vec<Value> = self.shares.iter().map(|id| json!({ "id": id })).collect();
        let record = json!({ "report": { "source": { "sha256": self.recorded } }, "shares": shares });
        let kept = Kept { original: self.kept, ..Kept::default() };
        let item = Item {
            id: self.id,
            state: MailState::Held,
            label: line("encrypted-file"),
            arrived_ms: 1_795_478_700_000,
            due_ms: 0,
            size: self.original.len() as u64,
            attempts: 1,
            from: Some("a@example.com".parse().unwrap()),
            to: vec!["b@city.example.lg.jp".parse().unwrap()],
            subject: Some(line("見積書の件")),
        };
        Reply::Detail { item: Box::new(item), record: Some(record), kept: Some(Box::new(kept)) }
    }

    fn pieces(&self) -> Vec<Reply> {
        let shown = Shown {
            name: SafeName::parse("original.eml".to_owned()).unwrap(),
            kind: line("eml"),
            size: self.original.len() as u64,
            sha256: self.recorded,
        };
        let pieces = self.original.chunks(7).map(|piece| Reply::Octets { data: STANDARD.encode(piece) });
        [Reply::Working, Reply::File(Box::new(shown))].into_iter().chain(pieces).chain([Reply::Done]).collect()
    }
}

fn line(text: &str) -> SafeLine {
    SafeLine::clean(text).value
}

fn id(n: u8) -> MailId {
    MailId::new(1_795_478_700_000, [n; 10])
}

fn act(id: MailId, why: &str) -> Entry {
    Entry::Act(Box::new(Act {
        at_ms: 1,
        who: line("tanaka"),
        uid: Some(1000),
        login: None,
        what: Code::new("export"),
        why: line(why),
        id: Some(id),
        result: Code::new("done"),
        details: std::collections::BTreeMap::new(),
    }))
}

/// A sound chain: acts about these mails, and a signature wherever there is none.
fn links(side: Chain, about: &[Option<MailId>]) -> Vec<Link> {
    let signer = Signer::from_seed(&[7; 32], side).unwrap();
    let (mut before, mut links) = (START, Vec::new());
    for (at, about) in about.iter().enumerate() {
        let number = at as u64 + 1;
        let words = format!("見積 \"id\":\"{}\"", id(1));
        let entry = about.map_or_else(|| signer.checkpoint(1, number - 1, &before), |id| act(id, &words));
        let entry = String::from_utf8(entry.encode()).unwrap();
        before = link(&before, number, entry.as_bytes());
        links.push(Link { number, entry, hash: Sha256::from_bytes(before) });
    }
    links
}

/// An outer program that knows mail 1, which went inside as mail 2.
fn outer() -> Says {
    Says {
        id: id(1),
        original: MAIL.to_vec(),
        recorded: Sha256::of(MAIL),
        kept: true,
        roles: vec![Role::Reviewer],
        links: links(Chain::Outer, &[Some(id(9)), None, Some(id(1)), Some(id(9)), Some(id(1)), None, Some(id(9))]),
        shares: vec![id(2)],
    }
}

fn inner() -> Says {
    Says { id: id(2), links: links(Chain::Inner, &[Some(id(2)), Some(id(9))]), shares: Vec::new(), ..outer() }
}

/// Both programs, and a folder for the bundle.
struct Site {
    dir: tempfile::TempDir,
    settings: CommandSettings,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Site {
    fn of(outer: Says, inner: Says) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = Surroundings::none().with("SEKISHO_STATE_DIR", dir.path().join("state").to_str().unwrap());
        let settings = Configuration::load(None, &state).unwrap().command().unwrap();
        let sockets = [(settings.admin.outer.clone(), outer), (settings.admin.inner.clone(), inner)];
        let ((stop, stopped), (ready, is_ready)) = (oneshot::channel(), std::sync::mpsc::channel());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for (socket, says) in sockets {
                    fs::create_dir_all(socket.parent().unwrap()).unwrap();
                    tokio::spawn(Server::bind(&socket).await.unwrap().run(Arc::new(says)));
                }
                ready.send(()).unwrap();
                let _ = stopped.await;
            });
        });
        is_ready.recv().unwrap();
        Self { dir, settings, stop: Some(stop), thread: Some(thread) }
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("evidence.zip")
    }

    fn export(&self, ids: &[MailId], sides: &[Side]) -> Result<Exit, Stop> {
        let file = self.dir.path().join("password");
        fs::write(&file, format!("{PASSWORD}\r\nnot this\n")).unwrap();
        let (screen, reason) = (Screen::new(Language::En, true), line("a citizen asked"));
        let now = Timestamp::from_unix_ms_jst(1_795_489_200_000);
        let task = Task { ids, sides: sides.to_vec(), reason: &reason, settings: &self.settings, screen: &screen, now };
        make(&task, &self.out(), Some(&file))
    }

    /// Files besides the password and the programs' own.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "state" && name != "password").collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().unwrap().join();
    }
}

/// Unpacks with 7-Zip; `None` where it is not installed.
fn unpacked(zip: &Path) -> Option<tempfile::TempDir> {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new("7z");
    command.arg("x").arg(format!("-p{PASSWORD}")).arg(zip).current_dir(dir.path());
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    assert!(status.success());
    Some(dir)
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_bundle_has_everything_and_its_manifest_is_true() {
    let site = Site::of(outer(), inner());
    assert_eq!(site.export(&[id(1)], &Side::BOTH).ok(), Some(Exit::Ok));
    assert_eq!(site.left(), ["evidence.zip"]);
    let octets = fs::read(site.out()).unwrap();
    assert!(!octets.windows(5).any(|part| part == b"hello"));
    let Some(dir) = unpacked(&site.out()) else { return };
    let below = dir.path().join(id(1).to_string());
    assert_eq!(fs::read(below.join("original.eml")).unwrap(), MAIL);
    assert_eq!(json_of(&below.join("record.outer.json"))["side"], "outer");
    assert_eq!(json_of(&below.join(format!("record.inner.{}.json", id(2))))["item"]["id"], id(2).to_string());

    let manifest = json_of(&dir.path().join("manifest.json"));
    assert_eq!(manifest["made_by"], json!({ "name": "tanaka", "uid": 1000 }));
    assert_eq!(manifest["reason"], "a citizen asked");
    let members = manifest["members"].as_array().unwrap();
    assert_eq!(members.len(), 5);
    for member in members {
        let bytes = fs::read(dir.path().join(member["name"].as_str().unwrap())).unwrap();
        assert_eq!(member["sha256"], Sha256::of(&bytes).to_string());
        assert_eq!(member["size"], bytes.len());
    }
    let text = fs::read_to_string(dir.path().join("manifest.txt")).unwrap();
    for part in ["証拠一式", "見積書の件", "tanaka", &Sha256::of(MAIL).to_string(), "inner: 2 件に改ざん・欠落なし"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn the_links_of_a_mail_come_with_the_signatures_around_them() {
    let site = Site::of(outer(), inner());
    assert_eq!(site.export(&[id(1)], &Side::BOTH).ok(), Some(Exit::Ok));
    let Some(dir) = unpacked(&site.out()) else { return };
    let text = fs::read_to_string(dir.path().join(format!("{}/audit.ndjson", id(1)))).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<_> =
        lines.iter().map(|told| (told["side"].as_str().unwrap(), told["number"].as_u64().unwrap())).collect();
    // What quotes the id in its words is not about it; inside no signature has come yet.
    assert_eq!(numbers, [("outer", 2), ("outer", 3), ("outer", 5), ("outer", 6), ("inner", 1)]);
    for told in &lines {
        let hash = |name: &str| serde_json::from_value::<Option<Sha256>>(told[name].clone()).unwrap();
        let before = hash("before").map_or(START, |hash| *hash.as_bytes());
        let entry = told["entry"].as_str().unwrap();
        let computed = link(&before, told["number"].as_u64().unwrap(), entry.as_bytes());
        assert_eq!(hash("hash"), Some(Sha256::from_bytes(computed)));
    }
    let audit = &json_of(&dir.path().join("manifest.json"))["mails"][0]["audit"];
    assert_eq!(audit[0], json!({ "side": "outer", "entries": 2, "signed": true }));
    assert_eq!(audit[1], json!({ "side": "inner", "entries": 1, "signed": false }));
}

#[test]
fn a_failure_leaves_nothing_and_nothing_is_overwritten() {
    let other = Sha256::of(b"another mail");
    let cases = [
        (Says { recorded: other, ..outer() }, id(1)),
        (Says { roles: Vec::new(), ..outer() }, id(1)),
        (outer(), id(3)),
    ];
    for (at, (says, id)) in cases.into_iter().enumerate() {
        let site = Site::of(says, inner());
        let stop = site.export(&[id], &Side::BOTH).err().unwrap();
        let expected = match at {
            0 => matches!(stop, Stop::Differs(_)),
            1 => matches!(stop, Stop::No(_, No::Denied(_))),
            _ => matches!(stop, Stop::No(_, No::NotFound)),
        };
        assert!(expected, "case {at}");
        assert!(site.left().is_empty(), "case {at}: {:?}", site.left());
    }
    let site = Site::of(outer(), inner());
    fs::write(site.out(), "mine").unwrap();
    assert!(matches!(site.export(&[id(1)], &Side::BOTH), Err(Stop::File(..))));
    assert_eq!(fs::read(site.out()).unwrap(), b"mine");
    assert_eq!(site.left(), ["evidence.zip"]);
}

#[test]
fn what_is_missing_or_wrong_is_told_and_is_not_success() {
    // The original is not kept any more.
    let site = Site::of(Says { kept: false, ..outer() }, inner());
    assert_eq!(site.export(&[id(1)], &Side::BOTH).ok(), Some(Exit::Partly));
    if let Some(dir) = unpacked(&site.out()) {
        let manifest = json_of(&dir.path().join("manifest.json"));
        assert_eq!(manifest["mails"][0]["original"], json!({ "state": "gone" }));
    }
    // Somebody changed an entry.
    let mut changed = outer();
    changed.links[3].entry = changed.links[3].entry.replace("tanaka", "tanako");
    let site = Site::of(changed, inner());
    assert_eq!(site.export(&[id(1)], &[Side::Outer]).ok(), Some(Exit::Partly));
    if let Some(dir) = unpacked(&site.out()) {
        let manifest = json_of(&dir.path().join("manifest.json"));
        assert_eq!(manifest["records"][0]["fault"], json!({ "at": 4, "what": "changed" }));
    }
}
