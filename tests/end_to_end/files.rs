//! Attachments through the whole gateway, and what the policy says about them.

use std::fs;

use sekisho_safe_message::SafeKind;

use super::support::{Client, Gateway, Mail, Place, deliver, fixture, program, python, within};

/// Names and kinds of the files that a mail came with.
fn files(mail: &Mail) -> Vec<(String, SafeKind)> {
    let reading = super::support::reading(&mail.bytes);
    reading.attachments.iter().map(|one| (one.name.as_str().to_owned(), one.kind)).collect()
}

#[test]
fn a_pdf_arrives_as_a_pdf_that_does_nothing() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &fixture("95-pdf-active"));
    let mail = gateway.arrives(id);
    assert_eq!(files(&mail), [("見積書.pdf".to_owned(), SafeKind::Pdf)], "{}", mail.notice());
    assert!(mail.notice().contains("見積書.pdf"), "{}", mail.notice());
    // Another reader finds the same file, by its name.
    if let Some(python3) = program("python3") {
        let path = gateway.path("mail.eml");
        fs::write(&path, &mail.bytes).unwrap();
        let script = "import sys,email,email.policy\n\
            m=email.message_from_binary_file(open(sys.argv[1],'rb'),policy=email.policy.default)\n\
            a=list(m.iter_attachments())[0]\n\
            d=a.get_payload(decode=True)\n\
            bad=[k for k in (b'JavaScript',b'OpenAction',b'Launch',b'EmbeddedFile',b'AcroForm') if k in d]\n\
            sys.stdout.buffer.write(f'{a.get_filename()} {d[:5].decode()} {bad}'.encode())";
        assert_eq!(python(&python3, script, &[&path.display().to_string()]), "見積書.pdf %PDF- []");
    }
    within("its original is kept", || gateway.state("outer", id).filter(|(state, _)| state == "kept"));
    let shown = gateway.json(&["show", &id.to_string()]);
    let part =
        shown[0]["record"]["report"]["parts"].as_array().unwrap().iter().find(|part| part["kind_detected"] == "pdf");
    let part = part.unwrap_or_else(|| panic!("no part of it is a PDF: {}", shown[0]));
    assert_eq!((part["action"].as_str(), part["method"].as_str()), (Some("rebuild"), Some("rebuild")), "{part}");
    assert!(part["rule"].is_string() && part["removed"].as_array().is_some_and(|all| !all.is_empty()), "{part}");
    gateway.finish();
}

#[test]
fn an_archive_arrives_without_what_must_not() {
    let gateway = Gateway::start(&[]);
    let mail = gateway.arrives(deliver(gateway.listen, &fixture("102-zip-nested")));
    assert_eq!(files(&mail), [("資料.zip".to_owned(), SafeKind::Zip)], "{}", mail.notice());
    for name in ["setup.exe", "run.bat"] {
        assert!(mail.notice().contains(name), "{name}: {}", mail.notice());
    }
    gateway.finish();
}

#[test]
fn what_needs_a_password_waits() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &fixture("103-zip-password"));
    assert_eq!(gateway.held(id), "encrypted-file");
    assert!(gateway.delivered().is_empty());
    gateway.finish();
}

#[test]
fn recipients_get_what_their_rules_say() {
    let mut place = Place::new(&[("vault.keep", "held")]);
    let policy = "profile = \"two-rules\"\ndefault = \"quarantine\"\n\n\
        [[rule]]\nid = \"school\"\nwhen = { recipient = [\"@school.city.example.lg.jp\"] }\nthen = \"strip\"\n\n\
        [[rule]]\nid = \"pictures\"\nwhen = { kind = [\"png\"] }\nthen = \"rebuild\"\n";
    let file = place.path("policy.toml");
    fs::write(&file, policy).unwrap();
    place.set("policy.file", &file.display().to_string());
    let gateway = Gateway::start_in(place);
    let to = ["a@city.example.lg.jp", "b@school.city.example.lg.jp", "c@city.example.lg.jp"];
    let mut client = Client::greeted(gateway.listen).unwrap();
    let reply = client.send("hanako@sender.example", &to, &fixture("90-png-with-more")).unwrap();
    assert_eq!(reply.code, 250, "{}", reply.text);
    let mails = within("both mails arrive", || Some(gateway.delivered()).filter(|mails| mails.len() == 2));
    let mut counts: Vec<usize> = mails.iter().map(|mail| files(mail).len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [0, 1]);
    assert!(mails.iter().all(|mail| mail.header().contains("two-rules")));
    gateway.finish();
}

#[test]
fn a_quarantined_file_keeps_its_mail() {
    let gateway = Gateway::start(&[("vault.keep", "held")]);
    let id = deliver(gateway.listen, &fixture("109-polyglot"));
    assert_eq!(files(&gateway.arrives(id)), []);
    within("its original is kept", || gateway.state("outer", id).filter(|(state, _)| state == "kept"));
    gateway.finish();
}
