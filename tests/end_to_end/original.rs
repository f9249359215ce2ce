//! Originals leave on the Internet side alone: after a request and an
//! approval, or at once where the site delivers both.

use std::sync::atomic::{AtomicUsize, Ordering};

use sekisho_safe_message::MailId;
use serde_json::Value;

use crate::support::{Arrived, Client, Gateway, Moment, Sink, attachment, deliver, plain, program, python, within};

const READER: &str = "shimin@city.example.lg.jp";
const DESK: &str = "genpon@city.example.lg.jp";

fn gateway(outside: &Sink, more: &[(&str, &str)]) -> Gateway {
    let url = outside.url();
    let mut settings = vec![
        ("original.deliver", url.as_str()),
        ("original.address", DESK),
        ("notice.language", "ja"),
        ("policy.profile", "text-only"),
    ];
    settings.extend_from_slice(more);
    Gateway::start(&settings)
}

/// A mail that loses its file on the way in.
fn reduced() -> Vec<u8> {
    attachment("with a file", "the text", "plan.docm", 20)
}

/// Whether this is the original, octet by octet, behind its trace.
fn is_original(arrived: &Arrived, id: MailId, original: &[u8]) -> bool {
    let Some(trace) = arrived.data.strip_suffix(original) else { return false };
    let trace = String::from_utf8_lossy(trace);
    trace.starts_with(&format!("Received: by mx.city.example.lg.jp (Sekisho) id {id};\r\n "))
        && trace.ends_with(&format!("\r\nX-Sekisho-Original: {id}\r\n"))
}

/// Requests of one mail.
fn requests(gateway: &Gateway, id: MailId) -> Vec<Value> {
    let listed = gateway.json(&["original", "list", "--state", "all"]);
    listed.into_iter().filter(|line| line["id"] == id.to_string()).map(|line| line["request"].clone()).collect()
}

fn state(gateway: &Gateway, id: MailId) -> String {
    within("there is a request", || Some(requests(gateway, id).first()?["state"].as_str()?.to_owned()))
}

/// Writes to the desk in somebody's name.
fn write(gateway: &Gateway, from: &str, text: &str) -> MailId {
    let mut client = Client::greeted(gateway.listen).unwrap();
    let reply = client.send(from, &[DESK], &plain("Re: with a file", text)).unwrap();
    reply.expected(250).unwrap().id().unwrap()
}

#[test]
fn a_reader_asks_by_mail_and_has_it_outside() {
    let outside = Sink::start();
    let gateway = gateway(&outside, &[]);
    let original = reduced();
    let id = deliver(gateway.listen, &original);
    let notice = gateway.arrives(id).notice().to_owned();
    assert!(notice.contains(&format!("下の番号を本文に書いて {DESK} へ")), "{notice}");
    let token = notice.split(['\n', ' ']).find(|word| word.starts_with("SKR-")).unwrap().to_owned();

    // A stranger who has the token gets nothing, and nobody hears of it.
    let stranger = write(&gateway, "evil@sender.example", &token);
    // A reader's program quotes and breaks it.
    let typed = format!("原本をお願いします。\r\n> {}\r\n> {}", token[..20].to_lowercase(), &token[20..]);
    let asked = write(&gateway, READER, &typed);
    assert_eq!(state(&gateway, id), "pending");
    let request = requests(&gateway, id)[0].clone();
    assert_eq!(request["asked"]["who"], format!("mail:{READER}"), "{request}");
    assert!(request["asked"]["why"].as_str().unwrap().contains(&asked.to_string()), "{request}");
    let told = outside.receives("the reader is told", |mail| mail.to == [READER]);
    assert!(told.from.is_empty() && String::from_utf8(told.data).unwrap().contains("Auto-Submitted: auto-generated"));

    // Asked again: told, and one request.
    write(&gateway, READER, &token);
    within("the reader is told again", || (outside.count() == 2).then_some(()));
    assert_eq!(requests(&gateway, id).len(), 1);

    let approved = gateway.sekisho(&["original", "approve", &id.to_string(), "--reason", "電話で確認"]);
    assert_eq!(approved.code, 0, "{approved:?}");
    let arrived = outside.receives("the original arrives outside", |mail| is_original(mail, id, &original));
    assert_eq!(arrived.to, [READER]);
    within("it is on record", || (state(&gateway, id) == "delivered").then_some(()));
    // Approved again: nothing more goes out.
    gateway.sekisho(&["original", "approve", &id.to_string(), "--reason", "もう一度"]);
    assert_eq!((outside.count(), gateway.delivered().len()), (3, 1), "requests do not cross");
    assert!(gateway.state("inner", stranger).is_none() && gateway.state("inner", asked).is_none());
    gateway.finish();
}

#[test]
fn two_persons_are_needed() {
    let outside = Sink::start();
    let gateway = gateway(&outside, &[]);
    let id = deliver(gateway.listen, &reduced());
    gateway.arrives(id);
    let run = |act: &str| gateway.sekisho(&["original", act, &id.to_string(), "--reason", "窓口から", "--lang", "en"]);
    let asked = run("request");
    assert_eq!(asked.code, 0, "{asked:?}");
    let refused = run("approve");
    assert_eq!(refused.code, 5, "who asks does not approve: {refused:?}");
    assert_eq!(state(&gateway, id), "pending");
    assert_eq!(run("reject").code, 0);
    assert_eq!((state(&gateway, id), outside.count()), ("rejected".to_owned(), 0));
    gateway.finish();
}

#[test]
fn a_server_that_is_busy_has_it_later_and_who_is_unknown_never() {
    let tries = AtomicUsize::new(0);
    let outside = Sink::scripted(move |moment| match moment {
        Moment::Rcpt(_) if tries.fetch_add(1, Ordering::SeqCst) == 0 => Some("450 4.2.1 Later".to_owned()),
        Moment::End(data) if data.windows(7).any(|part| part == b"no such") => Some("550 5.1.1 Never".to_owned()),
        _ => None,
    });
    let gateway = gateway(&outside, &[("original.approvals", "1")]);
    let original = reduced();
    let (id, never) =
        (deliver(gateway.listen, &original), deliver(gateway.listen, &attachment("x", "no such", "a.docm", 1)));
    for id in [id, never] {
        gateway.arrives(id);
    }
    let run = |arguments: &[&str]| gateway.sekisho(&[&["original"][..], arguments].concat());
    assert_eq!(run(&["request", &id.to_string(), "--reason", "窓口から"]).code, 0);
    within("it is put off", || (requests(&gateway, id)[0]["said"] == "450 4.2.1").then_some(()));
    assert_eq!(outside.count(), 0);
    assert_eq!(run(&["deliver"]).code, 0);
    outside.receives("it arrives", |mail| is_original(mail, id, &original));
    assert_eq!(run(&["request", &never.to_string(), "--reason", "窓口から"]).code, 0);
    within("it is given up", || (state(&gateway, never) == "failed").then_some(()));
    let request = &requests(&gateway, never)[0];
    assert_eq!(request["said"], "550 5.1.1", "{request}");
    gateway.finish();
}

#[test]
fn a_zip_opens_with_the_password_that_the_approver_is_told() {
    let outside = Sink::start();
    let gateway = gateway(&outside, &[("original.approvals", "1")]);
    let original = reduced();
    let id = deliver(gateway.listen, &original);
    gateway.arrives(id);
    let id = id.to_string();
    let asked = gateway.sekisho(&["original", "request", &id, "--zip", "--reason", "窓口から"]);
    assert_eq!(asked.code, 0, "{asked:?}");
    let told = gateway.json(&["original", "approve", &id, "--reason", "確認済み"]);
    let password = told.iter().find_map(|line| line["password"].as_str()).unwrap_or_else(|| panic!("{told:?}"));
    let mail = outside.receives("the parcel arrives", |mail| mail.to == [READER]);
    let mail = String::from_utf8(mail.data).unwrap();
    let zip = mail.split("filename=\"original-").nth(1).and_then(|rest| rest.split("\r\n\r\n").nth(1)).unwrap();
    let zip = zip.split("\r\n--").next().unwrap();
    assert!(
        mail.is_ascii()
            && !mail.contains("plan.docm")
            && !mail.contains(password)
            && !gateway.serve.log().contains(password)
    );
    if let (Some(python3), Some(seven)) = (program("python3"), program("7z")) {
        let (coded, file) = (gateway.path("zip.b64"), gateway.path("original.zip"));
        std::fs::write(&coded, zip).unwrap();
        let script = "import base64,sys\nopen(sys.argv[2],'wb').write(base64.b64decode(open(sys.argv[1]).read()))";
        python(&python3, script, &[&coded.display().to_string(), &file.display().to_string()]);
        let opened = std::process::Command::new(seven)
            .args(["e", "-so", &format!("-p{password}")])
            .args([file.as_os_str(), "original.eml".as_ref()])
            .output()
            .unwrap();
        assert!(opened.stdout == original, "{}", String::from_utf8_lossy(&opened.stderr));
    }
    gateway.finish();
}

#[test]
fn dual_delivery_sends_both_at_once() {
    let outside = Sink::start();
    let gateway = gateway(&outside, &[("original.dual", "true")]);
    let (original, other) = (reduced(), plain("untouched", "text"));
    let (id, second) = (deliver(gateway.listen, &original), deliver(gateway.listen, &other));
    for (id, original) in [(id, &original), (second, &other)] {
        let arrived = outside.receives("the original is outside", |mail| is_original(mail, id, original));
        assert_eq!(arrived.to, [READER]);
        assert!(gateway.arrives(id).header().contains("X-Sekisho-Id"));
    }
    gateway.finish();
    assert_eq!(outside.count(), 2, "each once");
}
