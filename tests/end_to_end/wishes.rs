//! What a site decides about the text of its mails, through the whole gateway.

use super::support::{Gateway, deliver, program, python, within};

/// A mail with these fields above the usual ones.
fn mail(fields: &str, text: &str) -> Vec<u8> {
    format!(
        "{fields}From: hanako@sender.example\r\nTo: shimin@city.example.lg.jp\r\nSubject: =?UTF-8?B?6auZ5qmL44Gu5Lu2?=\r\n\
         Date: Tue, 24 Nov 2026 09:05:00 +0900\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

#[test]
fn links_are_shown_as_the_site_says() {
    let gateway = Gateway::start(&[
        ("links.form", "remove"),
        ("links.show", "news.example"),
        ("links.plain", "city.example.lg.jp"),
        ("vault.keep", "changed"),
    ]);
    let text = "関所 https://www.city.example.lg.jp/a http://x.news.example/b http://evil.example/c";
    let id = deliver(gateway.listen, &mail("", text));
    let arrived = gateway.arrives(id);
    assert_eq!(arrived.text().trim_end(), "関所 https://www.city.example.lg.jp/a hxxp://x.news.example/b ［URL省略］");
    assert!(arrived.notice().contains("URL"), "{}", arrived.notice());
    // Something was taken away, so that the original stays.
    within("its original is kept", || gateway.state("outer", id).filter(|(state, _)| state == "kept"));
    gateway.finish();
}

#[test]
fn results_of_servers_believed_are_told() {
    let gateway = Gateway::start(&[("authentication.servers", "mx.city.example.lg.jp"), ("notice.language", "ja")]);
    let results = "Authentication-Results: mx.city.example.lg.jp; spf=pass smtp.mailfrom=sender.example;\r\n \
                   dkim=none; dmarc=fail header.from=sender.example\r\nAuthentication-Results: evil.example; dmarc=pass\r\n";
    let id = deliver(gateway.listen, &mail(results, "本文"));
    let arrived = gateway.arrives(id);
    for word in ["SPF", "DKIM", "DMARC", "不合格"] {
        assert!(arrived.notice().contains(word), "{word}: {}", arrived.notice());
    }
    // The fields themselves stay outside.
    assert!(!arrived.header().to_lowercase().contains("authentication"), "{}", arrived.header());
    within("its record is there", || gateway.state("outer", id).filter(|(state, _)| state == "done"));
    let shown = gateway.json(&["show", &id.to_string()]);
    let known = &shown[0]["record"]["report"]["authentication"];
    assert_eq!((known["spf"].as_str(), known["dmarc"].as_str()), (Some("pass"), Some("fail")), "{known}");
    let said = gateway.sekisho(&["show", &id.to_string(), "--lang", "ja"]).out;
    assert!(said.contains("送信元の確認: SPF pass, DKIM none, DMARC fail"), "{said}");
    gateway.finish();
}

#[test]
fn old_clients_get_iso_2022_jp() {
    let gateway = Gateway::start(&[("inner.charset", "iso-2022-jp")]);
    let id = deliver(gateway.listen, &mail("", "髙橋様①のcafé、𠮷野家"));
    let arrived = gateway.arrives(id);
    assert!(arrived.header().contains("charset=iso-2022-jp"), "{}", arrived.header());
    assert!(arrived.bytes.is_ascii());
    assert_eq!((arrived.subject(), arrived.text().trim_end()), ("髙橋の件", "髙橋様①のcafe、〓野家"));
    // An unrelated reader knows the plain part of the character set.
    if let Some(python3) = program("python3") {
        let id = deliver(gateway.listen, &mail("", "関所の門"));
        let path = gateway.path("plain.eml");
        std::fs::write(&path, &gateway.arrives(id).bytes).unwrap();
        let script = "import sys,email,email.policy\n\
            m=email.message_from_binary_file(open(sys.argv[1],'rb'),policy=email.policy.default)\n\
            sys.stdout.buffer.write(m.get_content().encode())";
        let said = python(&python3, script, &[&path.display().to_string()]);
        assert!(said.starts_with("関所の門\n"), "{said}");
    }
    gateway.finish();
}
