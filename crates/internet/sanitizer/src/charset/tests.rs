//! Octets and labels as mail has them, and the text that comes out.

use super::*;

const JIS: &[u8] = b"\x1b$B4X=j\x1b(B ok";
const SJIS: &[u8] = b"\x8a\xd6\x8f\x8a\x82\xcc";
const EUC: &[u8] = b"\xb4\xd8\xbd\xea\xa4\xce";

#[test]
fn labels_right_wrong_and_absent() {
    for (octets, label, text, used, fate) in [
        (&b"abc"[..], None, "abc", "us-ascii", Label::Absent),
        (b"abc", Some("x-nothing"), "abc", "us-ascii", Label::Unknown),
        (JIS, Some("ISO-2022-JP"), "関所 ok", "iso-2022-jp", Label::Right),
        (JIS, Some("us-ascii"), "関所 ok", "iso-2022-jp", Label::Wrong),
        (JIS, Some("utf-8"), "関所 ok", "iso-2022-jp", Label::Wrong),
        (JIS, None, "関所 ok", "iso-2022-jp", Label::Absent),
        (SJIS, Some("Shift_JIS"), "関所の", "Shift_JIS", Label::Right),
        (SJIS, Some("iso-2022-jp"), "関所の", "Shift_JIS", Label::Wrong),
        (SJIS, None, "関所の", "Shift_JIS", Label::Absent),
        (EUC, None, "関所の", "EUC-JP", Label::Absent),
        (EUC, Some("\"euc-jp\""), "関所の", "EUC-JP", Label::Right),
        (SJIS, Some("utf-8"), "関所の", "Shift_JIS", Label::Wrong),
        ("関所".as_bytes(), Some("iso-2022-jp"), "関所", "UTF-8", Label::Wrong),
        ("関所".as_bytes(), None, "関所", "UTF-8", Label::Absent),
        (b"caf\xe9 noir", None, "café noir", "windows-1252", Label::Absent),
        (b"caf\xe9", Some("iso-8859-1"), "café", "windows-1252", Label::Right),
        (b"+ADw-script+AD4-", Some("utf-7"), "<script>", "utf-7", Label::Right),
        (b"+ADw-script+AD4-", None, "+ADw-script+AD4-", "us-ascii", Label::Absent),
        (b"\x95\xa2\x62\x40", Some("utf-16be"), "関所", "utf-16be", Label::Right),
        (b"\xfe\xff\x00a\x95\xa2", Some("utf-16"), "a関", "utf-16be", Label::Right),
        (b"\xff\xfea\x00\xa2\x95", Some("utf-16"), "a関", "utf-16le", Label::Right),
        (b"\x00\x00\x00a\x00\x00\x95\xa2", Some("utf-32"), "a関", "utf-32be", Label::Right),
        (b"abcd", Some("utf-16"), "abcd", "us-ascii", Label::Right),
        (b"\x0e6@7\x0f", Some("iso-2022-jp"), "ｶﾀｷ", "iso-2022-jp", Label::Right),
        (b"\xe9\x96\xa2\xe6\x89\x80\xe3\x81\xae\xe3", Some("utf-8"), "関所の\u{fffd}", "UTF-8", Label::Right),
        (
            b"\xce\xd2\xca\xc7\xd6\xd0\xb9\xfa\xc8\xcb\xa3\xac\xc4\xe3\xba\xc3",
            Some("gb2312"),
            "我是中国人，你好",
            "GBK",
            Label::Right,
        ),
        (b"\xb0\xa1\xb3\xaa\xb4\xd9\xb6\xf3", Some("ks_c_5601-1987"), "가나다라", "EUC-KR", Label::Right),
        (b"\xa4\xa4\xa4\xe5", Some("big5"), "中文", "Big5", Label::Right),
        (
            b"\x81\x60\x81\x7c\x81\x61\x81\x91\x81\x92\x81\xca",
            Some("shift_jis"),
            "～－∥￠￡￢",
            "Shift_JIS",
            Label::Right,
        ),
        (b"\x1b$B!A!]!B!q!r\"L\x1b(B", Some("iso-2022-jp"), "～－∥￠￡￢", "iso-2022-jp", Label::Right),
        (b"\xa1\xc1\xa1\xdd\xa1\xc2\xa1\xf1\xa1\xf2\xa2\xcc", Some("euc-jp"), "～－∥￠￡￢", "EUC-JP", Label::Right),
        (b"\x1b$B4X=j\x1b(Jab", None, "関所ab", "iso-2022-jp", Label::Absent),
        (
            b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0",
            None,
            "Привет, как дела",
            "windows-1251",
            Label::Absent,
        ),
        (b"=1B$B4X=j", None, "=1B$B4X=j", "us-ascii", Label::Absent),
        (b"\x87\x40\x87\x8a\xfb\xfc\x81\x60", Some("cp932"), "①㈱髙～", "Shift_JIS", Label::Right),
    ] {
        let got = decode(octets, label.map(str::as_bytes));
        assert_eq!((got.text.as_str(), got.used, got.label), (text, used, fate), "{octets:?} {label:?}");
        assert_eq!(got.replacements, text.matches('\u{fffd}').count() as u64);
    }
}

#[test]
fn as_mail_has_it() {
    for (label, octets, text) in [
        (Some("iso-2022-jp"), &b"\x1b$B4X=j-!-j|byu!A!]\x1b(I6@\x1b(B"[..], "関所①㈱髙﨑～－ｶﾀ"),
        (Some("iso-2022-jp"), &b"\x1b$B4X=j$N"[..], "関所の"),
        (Some("us-ascii"), &b"\x1b$B4X=j$N\x1b(B"[..], "関所の"),
        (Some("utf-8"), &b"\x1b$B4X=j$N\x1b(B"[..], "関所の"),
        (Some("iso-2022-jp"), &b"\x0e6@7\x0f"[..], "ｶﾀｷ"),
        (Some("iso-2022-jp"), &b"\xb6\xc0\xb7 \x1b$B4X=j\x1b(B"[..], "ｶﾀｷ 関所"),
        (
            Some("shift_jis"),
            &b"\x8a\xd6\x8f\x8a\x87@\x87\x8a\xee\xe0\xed\x95\x81`\x81|\xb6\xc0"[..],
            "関所①㈱髙﨑～－ｶﾀ",
        ),
        (Some("iso-2022-jp"), &b"\x8a\xd6\x8f\x8a\x82\xcc\x8cf\x8e\xa6"[..], "関所の掲示"),
        (Some("iso-2022-jp"), &b"\xa4\xb3\xa4\xb3\xa4\xcb\xa4\xb3\xa4\xec\xa4\xf2"[..], "ここにこれを"),
        (Some("shift_jis"), &b"\xa4\xb3\xa4\xb3\xa4\xcb\xa4\xb3\xa4\xec\xa4\xf2"[..], "ここにこれを"),
        (Some("iso-2022-jp"), &b"\xe9\x96\xa2\xe6\x89\x80\xe3\x81\xae"[..], "関所の"),
        (Some("shift_jis"), &b"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"[..], "日本語"),
        (Some("iso-8859-1"), &b"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xa7\xe3\x81\x99"[..], "日本語です"),
        (
            Some("iso-8859-1"),
            &b"\x82\xb1\x82\xea\x82\xcd\x81A\x8a\xd6\x8f\x8a\x82\xc5\x82\xb7\x81B"[..],
            "これは、関所です。",
        ),
        (
            Some("utf-8"),
            &b"\x82\xb1\x82\xea\x82\xcd\x81A\x8a\xd6\x8f\x8a\x82\xc5\x82\xb7\x81B"[..],
            "これは、関所です。",
        ),
        (
            Some("euc-jp"),
            &b"\x82\xb1\x82\xea\x82\xcd\x81A\x8a\xd6\x8f\x8a\x82\xc5\x82\xb7\x81B"[..],
            "これは、関所です。",
        ),
        (None, &b"\x82\xb1\x82\xea\x82\xcd\x81A\x8a\xd6\x8f\x8a\x82\xc5\x82\xb7\x81B"[..], "これは、関所です。"),
        (None, &b"\xa4\xb3\xa4\xec\xa4\xcf\xa1\xa2\xb4\xd8\xbd\xea\xa4\xc7\xa4\xb9\xa1\xa3"[..], "これは、関所です。"),
        (
            None,
            &b"\x82\xb1\x82\xea\x82\xcd\x81A\x8a\xd6\x8f\x8a\x82\xc5\x82\xb7\x81B\xff"[..],
            "これは、関所です。\u{fffd}",
        ),
        (
            Some("shift_jis"),
            &b"\x82\xb1\x82\xea\x82\xcd\x81A\x8a\xd6\x8f\x8a\x82\xc5\x82\xb7\x81B\x83"[..],
            "これは、関所です。\u{fffd}",
        ),
        (Some("utf-8"), &b"\xe9\x96\xa2\xe6\x89\x80\xe3\x81"[..], "関所\u{fffd}"),
        (None, &b"\xe9\x96\xa2\xe6\x89\x80\xe3\x81\xae\xe3\x81"[..], "関所の\u{fffd}"),
        (Some("utf-8"), &b"\xc2\xa1ok \xa1"[..], "¡ok \u{fffd}"),
        (Some("iso-2022-jp"), &b"\x82a\x82x\x82d"[..], "ＢＹＥ"),
        (Some("utf-16"), &b"\xfe\xff\x95\xa2b@"[..], "関所"),
        (Some("utf-16"), &b"\xff\xfe\xa2\x95@b"[..], "関所"),
        (Some("utf-16"), &b"S0\x8c0o0\xda0\xf30g0Y0"[..], "これはペンです"),
        (Some("utf-16"), &b"0S0\x8c0o0\xda0\xf30g0Y"[..], "これはペンです"),
        (Some("utf-16le"), &b"\xa2\x95@b"[..], "関所"),
        (Some("utf-32"), &b"\xff\xfe\x00\x00\xa2\x95\x00\x00@b\x00\x00"[..], "関所"),
        (Some("utf-32"), &b"\xa2\x95\x00\x00a\x00\x00\x00"[..], "関a"),
        (Some("utf-32"), &b"\x00\x00\x95\xa2\x00\x00b@\x00\x00\x00a"[..], "関所a"),
        (None, &b"\xf6\xce\xc1\xfa\xbc\xaf\xcd\xc5\xb9\xab\xcb\xbe"[..], "鑫龙集团公司"),
        (None, &b"\xff\xfea\x00b\x00c\x00"[..], "abc"),
        (None, &b"\xef\xbb\xbf\xe9\x96\xa2\xe6\x89\x80"[..], "関所"),
        (Some("gb18030"), &b"\xd6\xd0\xce\xc4\x952\x826"[..], "中文𠀀"),
        (Some("big5"), &b"\xa4\xa4\xa4\xe5"[..], "中文"),
        (Some("ks_c_5601-1987"), &b"\xc7\xd1\xb1\xb9\xbe\xee\x8cc"[..], "한국어똠"),
        (Some("iso-2022-kr"), &b"\x1b$)C\x0eGQ19>n\x0f"[..], "한국어"),
        (Some("hz-gb-2312"), &b"~{VPND~}"[..], "中文"),
        (Some("iso-8859-15"), &b"\xa4"[..], "€"),
        (Some("iso-8859-2"), &b"\xb3\xf3d\xbc"[..], "łódź"),
        (Some("iso-8859-7"), &b"\xe1\xe2\xe3"[..], "αβγ"),
        (Some("koi8-r"), &b"\xf0\xd2\xc9\xd7\xc5\xd4"[..], "Привет"),
        (Some("cp1251"), &b"\xcf\xf0\xe8\xe2\xe5\xf2"[..], "Привет"),
        (Some("windows-1252"), &b"\x93na\xefve\x94"[..], "“naïve”"),
        (Some("iso-8859-1"), &b"\x93na\xefve\x94"[..], "“naïve”"),
        (Some("iso-8859-1"), &b"voil\xc3\xa0"[..], "voilÃ\u{a0}"),
        (Some("iso-2022-jp-3"), &b"\x1b$(QOT$w\x1b(B"[..], "𠮟か゚"),
        (Some("iso-2022-jp-1"), &b"\x1b$(D0!\x1b(B"[..], "丂"),
        (Some("euc-jp"), &b"\x8f\xb0\xa1"[..], "丂"),
        (Some("euc-jis-2004"), &b"\xcf\xd4"[..], "𠮟"),
        (Some("shift_jisx0213"), &b"\x98s"[..], "𠮟"),
    ] {
        assert_eq!(decode(octets, label.map(str::as_bytes)).text, text, "{label:?} {octets:?}");
    }
}

#[test]
fn what_cannot_be_read_is_counted() {
    let got = decode("関所の".as_bytes().split_last().map_or(&[], |(_, cut)| cut), Some(b"utf-8"));
    assert_eq!((got.text.as_str(), got.replacements), ("関所\u{fffd}", 1));
    let got = decode(b"\x1b$B4X=\x1b(B", Some(b"iso-2022-jp"));
    assert_eq!((got.text.as_str(), got.replacements), ("関\u{fffd}", 1));
}
