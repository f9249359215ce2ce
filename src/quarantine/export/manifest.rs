//! The manifest of a bundle (目録): for programs, and for people in both languages.

use std::fmt::Write;

use sekisho_audit::Chain;
use sekisho_channel::admin::Item;
use sekisho_safe_message::{Address, SafeLine, Timestamp};
use serde_json::{Value, json};

use super::Task;
use super::chain::Record;
use super::mail::Mail;
use super::original::Original;
use super::output::Member;
use crate::ask::Side;

/// What a bundle is, who made it and why.
pub(super) struct Manifest<'a> {
    pub(super) task: &'a Task<'a>,
    /// Name and id of who asked, as the kernel says.
    pub(super) caller: (SafeLine, u32),
    pub(super) records: &'a [Record],
    pub(super) mails: &'a [Mail],
}

impl Manifest<'_> {
    /// For programs. `members` are all but this one.
    pub(super) fn json(&self, members: &[Member]) -> Vec<u8> {
        let (name, uid) = &self.caller;
        let object = json!({
            "schema": "sekisho.evidence/1",
            "program": concat!("sekisho ", env!("CARGO_PKG_VERSION")),
            "made_at": self.task.now.rfc3339(),
            "made_by": { "name": name, "uid": uid },
            "reason": self.task.reason,
            "sides": self.task.sides.iter().map(|side| side.name()).collect::<Vec<_>>(),
            "records": self.records.iter().map(record).collect::<Vec<_>>(),
            "mails": self.mails.iter().map(|mail| self.mail(mail)).collect::<Vec<_>>(),
            "members": members,
        });
        let mut text = serde_json::to_vec_pretty(&object).unwrap_or_default();
        text.push(b'\n');
        text
    }

    fn mail(&self, mail: &Mail) -> Value {
        let original = match mail.original {
            Original::Here { sha256, size, recorded } => {
                json!({ "state": "here", "sha256": sha256, "size": size, "as_recorded": recorded })
            }
            Original::Gone => json!({ "state": "gone" }),
            Original::NotAsked => json!({ "state": "not-asked" }),
        };
        let links: Vec<Value> = self
            .records
            .iter()
            .map(|record| {
                let side = record.side;
                json!({ "side": side, "entries": mail.links_of(side), "signed": mail.is_signed(side) })
            })
            .collect();
        let Item { arrived_ms, from, to, subject, .. } = &mail.item;
        json!({
            "id": mail.id,
            "arrived_at": moment(*arrived_ms),
            "from": from,
            "to": to,
            "subject": subject,
            "inner_ids": mail.inner,
            "recorded_by": mail.recorded.iter().map(|side| side.name()).collect::<Vec<_>>(),
            "original": original,
            "audit": links,
        })
    }

    /// For people. `members` are all but this one and the JSON.
    pub(super) fn text(&self, members: &[Member]) -> String {
        let mut text = String::new();
        self.head(&mut text);
        for mail in self.mails {
            about(mail, &mut text);
        }
        // Writing to a string never fails.
        let _ = writeln!(text, "\n== 監査記録 / Audit record ==");
        for record in self.records {
            checked(record, &mut text);
        }
        let _ = writeln!(text, "\n== 内容（SHA-256、バイト数、名前） / Members (SHA-256, octets, name) ==");
        for Member { name, size, sha256 } in members {
            let _ = writeln!(text, "{sha256}  {size:>10}  {name}");
        }
        text.push_str(HOW_TO_CHECK);
        text
    }

    fn head(&self, text: &mut String) {
        let (name, uid) = &self.caller;
        let (at, reason) = (self.task.now.rfc3339(), self.task.reason);
        let _ = write!(
            text,
            "証拠一式 / Evidence bundle\n\
             作成日時 / made at : {at}\n\
             作成者   / made by : {name} (uid {uid})\n\
             理由     / reason  : {reason}\n\
             通数     / mails   : {}\n\
             \n\
             original.eml は受信したままの原本で、無害化していません。添付ファイルを開かないでください。\n\
             original.eml is the mail as it came and was not disarmed: do not open what is attached to it.\n",
            self.mails.len()
        );
    }
}

const HOW_TO_CHECK: &str = "
== 確かめ方 / How to check ==
各ファイルのSHA-256を計算し（sha256sum、certutil -hashfile ... SHA256）、上の表と比べてください。
audit.ndjson の各行では、before（直前のハッシュ値）、number、entry から hash を計算し直せます。番号とハッシュ値は、
庁内に残る監査記録（sekisho audit verify で検証）と一致しなければなりません。kind が checkpoint の行は、それより前の
すべてに対する署名（Ed25519）です。
Compute each member's SHA-256 and compare it with the table above. On each line of audit.ndjson the hash can be
computed again from before (the hash of the entry before), number and entry. Numbers and hashes must be those of the
record that stays at the site (`sekisho audit verify` checks it). A line of kind checkpoint is a signature (Ed25519)
over everything before it.
hash = SHA-256(\"sekisho audit 1\" 00 | before (32) | number (u64, big-endian) | length of entry (u64, big-endian) | entry)
";

fn record(record: &Record) -> Value {
    json!({
        "side": record.side,
        "entries": record.entries,
        "last": record.last.map(|(number, hash)| json!({ "number": number, "hash": hash })),
        "signed_up_to": record.signed,
        "fault": record.fault.map(|fault| json!({ "at": fault.at, "what": fault.what.code() })),
    })
}

/// One mail in words.
fn about(mail: &Mail, text: &mut String) {
    let Item { arrived_ms, from, to, subject, .. } = &mail.item;
    let from = from.as_ref().map_or_else(|| "<>".to_owned(), Address::to_string);
    let to = to.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
    let subject = subject.as_ref().map_or("", SafeLine::as_str);
    let original = match mail.original {
        Original::Here { sha256, size, .. } => format!("{sha256} ({size})"),
        Original::Gone => "残っていません / not kept any more".to_owned(),
        Original::NotAsked => "インターネット側には照会していません / the Internet side was not asked".to_owned(),
    };
    let links: Vec<String> = [(Side::Outer, Chain::Outer), (Side::Inner, Chain::Inner)]
        .into_iter()
        .map(|(side, chain)| format!("{} {}", side.name(), mail.links_of(chain)))
        .collect();
    let _ = write!(
        text,
        "\n== {} ==\n\
         受信日時 / received : {}\n\
         差出人   / from     : {from}\n\
         宛先     / to       : {to}\n\
         件名     / subject  : {subject}\n\
         原本     / original : {original}\n\
         監査記録 / entries  : {}\n",
        mail.id,
        moment(*arrived_ms),
        links.join(", ")
    );
}

/// One side's record in words.
fn checked(record: &Record, text: &mut String) {
    let side = record.side.code();
    let (entries, signed) = (record.entries, record.signed);
    let _ = match (&record.fault, record.last) {
        (Some(fault), _) => {
            let japanese = fault.explain(sekisho_safe_message::Language::Ja);
            writeln!(text, "{side}: 異常 / FAULT: {japanese} / {fault}")
        }
        (None, None) => writeln!(text, "{side}: 記録なし / empty"),
        (None, Some((number, hash))) => writeln!(
            text,
            "{side}: {entries} 件に改ざん・欠落なし（署名は {signed} 番まで）/ {entries} entries are sound (signed up to {signed})\n\
             {side}: 末尾 / last {number} {hash}"
        ),
    };
}

/// A moment in Japan Standard Time.
fn moment(ms: u64) -> String {
    Timestamp::from_unix_ms_jst(ms).rfc3339()
}
