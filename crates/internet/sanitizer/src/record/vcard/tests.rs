//! Cards of telephones and mail programs.
use super::*;

fn ja(text: &str) -> String {
    to_text(text, Language::Ja).unwrap_or_default()
}

#[test]
fn iphone() {
    let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 18.0//EN\r\nN:山田;太郎;;;\r\nFN:山田 太郎\r\n\
        X-PHONETIC-FIRST-NAME:たろう\r\nX-PHONETIC-LAST-NAME:やまだ\r\nORG:関所市;総務部;\r\nTITLE:課長\r\n\
        TEL;type=CELL;type=VOICE;type=pref:090-0000-0000\r\nitem1.TEL:03-0000-0000\r\nitem1.X-ABLabel:_$!<Other>!$_\r\n\
        EMAIL;type=INTERNET;type=WORK:yamada@city.example.jp\r\n\
        item2.ADR;type=WORK:;;霞が関1-1-1\\n庁舎5階;千代田区;東京都;100-0013;日本\r\nitem2.X-ABADR:jp\r\n\
        item3.URL;type=pref:https://www.city.example.jp/\r\nNOTE:一行目\\n二行目\\, 続き\r\n\
        PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAASABIAAD\r\n AAAAAAAA\r\nEND:VCARD\r\n";
    let expected = "\
【連絡先】
氏名　：山田 太郎
よみ　：やまだ たろう
組織　：関所市 総務部
役職　：課長
電話　：090-0000-0000（携帯）
　　　　03-0000-0000（Other）
メール：yamada@city.example.jp（勤務先）
住所　：〒100-0013 東京都千代田区霞が関1-1-1 庁舎5階 日本（勤務先）
ＵＲＬ：https://www.city.example.jp/
メモ：
　一行目
　二行目, 続き
";
    assert_eq!(ja(text), expected);
}

#[test]
fn outlook_in_english() {
    let text = "BEGIN:VCARD\nVERSION:2.1\nN;LANGUAGE=en-us:Smith;Jane;Q.;Dr.\nORG:Example Ltd.;Sales\nTITLE:Manager\n\
        TEL;WORK;VOICE:+1 555 0100\nTEL;WORK;FAX:+1 555 0101\nADR;WORK;PREF:;;1 Main Street;Springfield;IL;12345;USA\n\
        LABEL;WORK;PREF;ENCODING=QUOTED-PRINTABLE:1 Main Street=0D=0A=\nSpringfield\n\
        EMAIL;PREF;INTERNET:jane@example.com\nKEY;X509;ENCODING=BASE64:\n MIIB\n AAAA\n\nREV:20261124T010000Z\nEND:VCARD\n";
    let expected = "\
[Contact]
Name:         Dr. Jane Q. Smith
Organization: Example Ltd. Sales
Title:        Manager
Phone:        +1 555 0100 (work)
              +1 555 0101 (work, fax)
Mail:         jane@example.com
Address:      1 Main Street, Springfield, IL, 12345, USA (work)
";
    assert_eq!(to_text(text, Language::En).as_deref(), Some(expected));
}

#[test]
fn telephone_in_shift_jis() {
    let text = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=8D=B2=93=A1;=89=D4=8Eq;;;\r\n\
        SOUND;X-IRMC-N;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=BB=C4=B3;=CA=C5=BA;;;\r\n\
        TEL;CELL:09000000000\r\nNOTE;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=95=5C=8E=\r\n=A6\r\n\
        PHOTO;TYPE=JPEG;ENCODING=BASE64:\r\n /9j/4AAQ\r\n\r\nEND:VCARD\r\n";
    assert_eq!(ja(text), "【連絡先】\n氏名：佐藤 花子\nよみ：ｻﾄｳ ﾊﾅｺ\n電話：09000000000（携帯）\nメモ：\n　表示\n");
}

#[test]
fn version_four_and_several() {
    let text = "BEGIN:VCARD\nVERSION:4.0\nFN:鈴木一郎\nN;SORT-AS=\"すずき,いちろう\":鈴木;一郎;;;\n\
        TEL;VALUE=uri;TYPE=\"work,voice\":tel:+81-3-0000-0000\nPHOTO:data:image/jpeg;base64,AAAA\nEND:VCARD\n\
        BEGIN:VCARD\nFN:never closed\nBEGIN:VCARD\nEND:VCARD\nFN:outside\n";
    assert_eq!(
        ja(text),
        "【連絡先】\n氏名：鈴木一郎\nよみ：すずき いちろう\n電話：+81-3-0000-0000（勤務先）\n\n【連絡先】\n氏名：never closed\n"
    );
}

#[test]
fn nothing_and_too_much() {
    for text in ["", "FN:x", "BEGIN:VCARD\nPHOTO;ENCODING=b:AAAA\nEND:VCARD"] {
        assert_eq!(to_text(text, Language::Ja), None, "{text}");
    }
    let text = ja(&"BEGIN:VCARD\nFN:a\nEND:VCARD\n".repeat(MAX_CARDS + 3));
    assert_eq!(text.matches("氏名").count(), MAX_CARDS);
    assert!(text.ends_with("（ほかに3件の連絡先があります）\n"));
}
