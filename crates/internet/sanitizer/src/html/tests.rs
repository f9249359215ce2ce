//! What a reader gets of HTML, feature by feature.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;

fn text(html: &str) -> String {
    to_text(html).text
}

/// Each page must come out as the text beside it.
fn check(table: &[(&str, &str)]) {
    for (html, seen) in table {
        assert_eq!(text(html), *seen, "{html}");
    }
}

#[test]
fn lines_and_blanks() {
    check(&[
        ("a<b>b</b>c", "abc"),
        ("<p>a</p><p>b", "a\n\nb"),
        ("<div>a</div><div>b", "a\nb"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("a<br><br><br>b", "a\n\nb"),
        ("<div>a<br></div><div>b</div>", "a\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("a \n\t b", "a b"),
        ("関\n所", "関所"),
        ("関。\n\t 「所", "関。「所"),
        ("<b>関\n</b>所", "関所"),
        ("関 所", "関 所"),
        ("関\nsho", "関 sho"),
        ("a&nbsp;&nbsp;b", "a  b"),
        ("a<p>&nbsp;</p>b", "a\n\nb"),
        ("a&shy;b&#8203;c<wbr>d", "abcd"),
        ("क्&zwj;ष &zwnj; &zwnj;x", "क्\u{200d}ष x"),
        ("<p style='margin:0'>a<p style='margin:0'>b", "a\nb"),
        ("<style>p.m{margin:0mm;margin-bottom:.0001pt}</style><p class=m>a<p class=m>b", "a\nb"),
        ("<span style='display:block'>a</span>b", "a\nb"),
        ("<div style='display:inline'>a</div><div style='display:inline'>b</div>", "a b"),
        ("a<hr>b", "a\n\n----------\n\nb"),
        ("a<div>|</div><div>| |</div>b", "a\nb"),
        ("<", "<"),
        ("a<b", "a"),
        ("", ""),
    ]);
}

#[test]
fn characters() {
    check(&[
        ("a&amp;b&lt;script&gt;&#x95a2;&bogus;", "a&b<script>関&bogus;"),
        ("10<sup>6</sup> 1<sup>st</sup> H<sub>2</sub>O 注<sup>1)</sup>", "10^6 1st H2O 注1)"),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>です", "漢字（かんじ）です"),
        ("<ruby>漢<rt>かん<rb>字<rt>じ</ruby>", "漢（かん）字（じ）"),
        ("<q>a</q>", "“a”"),
        ("関<q>所</q>", "関「所」"),
        ("<del>1</del> <ins>2</ins>", "[struck: 1] 2"),
        ("価<span style='text-decoration:line-through'>1円</span>2円", "価[取消: 1円]2円"),
        ("<s></s>a", "a"),
    ]);
}

#[test]
fn preformatted() {
    check(&[
        ("<pre>\na\n  b\n\n\nc</pre>d", "a\n  b\n\n\nc\n\nd"),
        ("<div style='white-space:pre-wrap'>a\n  b\n\n\nc</div>", "a\n  b\n\nc"),
        ("<div style='white-space:pre-line'>a\n  b</div>", "a\nb"),
        ("<textarea>\na<b></textarea>", "a<b>"),
        ("<xmp>a<b></xmp>", "a<b>"),
        ("a<plaintext><b>", "a\n\n<b>"),
    ]);
}

#[test]
fn headings_lists_and_quotes() {
    check(&[
        ("<h1>関所</h1>本文<h3>小<br>見出し</h3>", "■ 関所\n\n本文\n\n□ 小\n  見出し"),
        ("<h2>◆関所</h2>x<h2></h2>", "◆関所\n\nx"),
        ("<ul><li>a<li>b<ol><li>c<br>cc<li>d</ol></ul>e", "- a\n- b\n  1. c\n     cc\n  2. d\n\ne"),
        ("<ul><li>関<li>所", "・関\n・所"),
        ("<ol start=9><li>a<li>b<li value=20>c</ol>", "9. a\n10. b\n20. c"),
        ("<ul style='list-style:none'><li>a<li>b</ul>", "a\nb"),
        ("<ul><li><p>a</p><li><div>b", "- a\n\n- b"),
        ("<ul><li></li><li>a", "- a"),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\n  b\nc\n  d"),
        ("<blockquote>a<br>b<blockquote>c</blockquote></blockquote>d", "> a\n> b\n>\n> > c\n\nd"),
        ("<blockquote><ul><li>a<li>b<br>c</ul></blockquote>", "> - a\n> - b\n>   c"),
    ]);
}

#[test]
fn tables_of_data() {
    check(&[
        ("<table><tr><td>a<td>b<tr><td>ccc<td>d</table>", "a    b\nccc  d"),
        (
            "<table><tr><th>品名<th>数<tr><td>りんご<td>10<tr><td>柿<td>1,000</table>",
            "品名       数\n------  -----\nりんご     10\n柿      1,000",
        ),
        (
            "<table border=1><caption>表</caption><tr><td colspan=3>題<tr><td rowspan=2>a<td>b<td>c<tr><td>d<td>e</table>",
            "表\n\n題\na  b  c\n   d  e",
        ),
        ("<table><tr><td>a<td><td>b<tr><td>c<td>&nbsp;<td>d</table>", "a  b\nc  d"),
        ("<table><tr><td>住所<td>一<br>二<tr><td>氏名<td>三</table>", "住所  一\n      二\n氏名  三"),
        ("<table><tr><td><font>a<td>b</font><tr><td>c<td>d</table>", "a  b\nc  d"),
    ]);
    let long = "長".repeat(40);
    check(&[
        (
            &format!("<table><tr><th>い<th>ろ<tr><td>{long}<td>{long}<tr><td>は<td>に</table>"),
            &format!("い: {long}\nろ: {long}\n\nい: は\nろ: に"),
        ),
        (
            &format!("<table><tr><td>い：<td>{long}{long}<tr><td>ろ<td>に</table>"),
            &format!("い： {long}{long}\nろ: に"),
        ),
    ]);
}

#[test]
fn tables_of_layout_flow() {
    check(&[
        ("<table><tr><td>a</table>b", "a\nb"),
        ("<table><tr><td>Home<td>|<td>About</table>", "Home  |  About"),
        ("<table><tr><td><p>a<p>b<td><p>c<p>d</table>", "a\n\nb\n\nc\n\nd"),
        ("<table role=presentation><tr><td>a<td>b<tr><td>ccc<td>d</table>", "a  b\nccc  d"),
        ("<table><tr><td><table><tr><td>x<td>y</table><tr><td>p<td>q</table>", "x  y\np  q"),
        ("<tr><td>a<td>b", "a\nb"),
        ("<table>stray<tr><td>a<td>b<tr><td>c<td>d</table>", "stray\na  b\nc  d"),
    ]);
}

#[test]
fn pictures_and_fields() {
    check(&[
        ("<img alt='x y'><img src=a><img alt='logo.png'><img alt=spacer>", "[image: x y]"),
        ("関<img alt='所'>", "関[画像: 所]"),
        ("<img alt=t width=1 height=1><img alt=t style='display:none'>", ""),
        ("<select><option>a<option selected>b</select>", "[b]"),
        ("<select><option>a<option>b</select>", "[a]"),
        ("<input value=a><input type=hidden value=b><input type=password value=c><input type=submit value=d>", "a [d]"),
        ("<input type=checkbox checked>a<input type=radio>b", "[x] a [ ] b"),
        ("<noscript>a</noscript><video>b</video><noframes>c</noframes>", "abc"),
        ("<form action='http://f.example/'>x</form>", "x\nform sends to[1]\n\nLinks:\n[1] http://f.example/"),
    ]);
}

#[test]
fn links_name_their_targets() {
    check(&[
        ("<a href='http://a/'>t</a>", "t[1]\n\nLinks:\n[1] http://a/"),
        ("<a href=http://a/>関</a> <a href=http://a/>所</a>", "関[1] 所[1]\n\nリンク先:\n[1] http://a/"),
        ("<a href='http://a.example/'>http://a.example</a>", "http://a.example"),
        ("<a href='http://a.example/'>www.a.example</a>", "www.a.example[1]\n\nLinks:\n[1] http://a.example/"),
        ("<a href='mailto:a@b.jp?subject=x'>a@b.jp</a>", "a@b.jp"),
        (
            "<a href='http://evil.example/'>http://bank.example/</a>関",
            "http://bank.example/[1: 表示と異なるリンク先]関\n\nリンク先:\n[1] http://evil.example/",
        ),
        (
            "<a href='http://bank.example@evil.example/'>ここ</a>",
            "ここ[1: 表示と異なるリンク先]\n\nリンク先:\n[1] http://bank.example@evil.example/ （実際の接続先: evil.example）",
        ),
        ("<a href='#x'>t</a><a href='javascript:x()'>u</a>", "tu[disabled link: javascript]"),
        ("<a href='\\\\\\\\host\\share'>関</a>", "関[無効なリンク: UNC]"),
        ("<a href='http://a/'><img src=x></a>", "[image][1]\n\nLinks:\n[1] http://a/"),
        ("<a href='http://a/'><img src=x width=1 height=1></a>", ""),
        ("<a href=' ht\ntp://a/ '>t</a>", "t[1]\n\nLinks:\n[1] http://a/"),
        ("<base href='http://b.example/d/'><a href=x>t</a>", "t[1]\n\nLinks:\n[1] http://b.example/d/x"),
        ("<map><area href='http://a/' alt='left'></map>", "left[1]\n\nLinks:\n[1] http://a/"),
        ("<a href=http://a/ style='display:none'>x</a>", ""),
    ]);
    assert!(to_text("<a href='http://evil.example/'>www.bank.example</a>").misleading);
    assert!(!to_text("<a href='http://evil.example/'>bank</a>").misleading);
}

#[test]
fn what_a_reader_does_not_see() {
    for html in [
        "<div style='display:none'>x<p>x</div>",
        "<div style='DISPLAY : NONE !important'>x</div>",
        "<span hidden>x</span>",
        "<div style='visibility:hidden'>x</div>",
        "<div style='font-size:0px'>x<b style='font-size:1em'>x</b></div>",
        "<div style='max-height:0;overflow:hidden'>x</div>",
        "<div style='height:0;overflow:hidden'>x</div>",
        "<div style='line-height:0;overflow:hidden'>x</div>",
        "<div style='opacity:0'>x</div>",
        "<div style='mso-hide:all'>x</div>",
        "<div style='position:absolute;left:-9999px'>x</div>",
        "<div style='text-indent:-9999px'>x</div>",
        "<div style='position:absolute;clip:rect(0 0 0 0)'>x</div>",
        "<font color=white>x</font>",
        "<div style='background:#eee'><span style='color:#EEEEEE'>x</span></div>",
        "<table bgcolor=navy><tr><td style='color:navy'>x</table>",
        "<span style='color:transparent'>x</span>",
        "<style>.h{display:none}</style><div class='z h'>x</div>",
        "<style>#h{font-size:0}</style><div id=h>x</div>",
        "<style>p.h{visibility:hidden}</style><p class=h>x</p>",
        "<style>.w .h{display:none}</style><div class=w><p><b class=h>x</b></div>",
        "<style>table.w td > .h{display:none}</style><table class='v w'><tr><td><b class=h>x</b></table>",
        "<style>.w .h{display:none}.h{display:block}</style><div class=w><b class=h>x</b></div>",
        "<style>@media (min-width:480px){.h{display:none}}</style><div class=h>x</div>",
        "<template>x</template><object>x</object><iframe>x</iframe>",
        "<svg><text>x</text></svg><math>x</math><datalist><option>x</datalist>",
        "<!-- x --><!--[if mso]>x<![endif]--><script>x</script><title>x</title>",
    ] {
        assert_eq!(text(&format!("a {html}b")).replace(['\n', ' '], ""), "ab", "{html}");
    }
}

#[test]
fn what_a_reader_sees_after_all() {
    for html in [
        "<td style='font-size:0'><div style='font-size:13px'>x</div></td>",
        "<div style='line-height:0;overflow:hidden'><p style='line-height:1.5'>x</p></div>",
        "<div style='line-height:0'>x</div>",
        "<div style='visibility:hidden'><b style='visibility:visible'>x</b></div>",
        "<p style='display:none'>y<p>x",
        "<p><span style='display:none'>y<div>x",
        "<table><tr><td style='display:none'><font>y<td>x</table>",
        "<table><tr style='display:none'><td>y<tr><td>x</table>",
        "<div style='display:none'><table><tr><td>y</table></div>x",
        "<div style='display:block' hidden>x</div>",
        "<div style='width:0'>x</div>",
        "<div style='background:url(x)'><span style='color:#fff'>x</span></div>",
        "<table bgcolor=navy><tr><td style='color:#fff'>x</table>",
        "<style>@media (max-width:1px){.h{display:none}}</style><div class=h>x</div>",
        "<style>.w .b{background:#000}</style><div class=w><b class=b style='color:#fff'>x</b></div>",
        "<style>.w .h{display:none}</style><b class=w></b><b class=h>x</b>",
        "<style>.w > .h{display:none}</style><div class=w><p><b class=h>x</b></div>",
        "<style>.h{display:none}.w .h{display:inline}</style><div class=w><b class=h>x</b></div>",
        "<style>.h[title],.h:hover,* .h,.h + b{display:none}</style><div class=h>x</div>",
        "<style>@media screen and (max-width:480px){.h{display:none}}</style><div class=h>x</div>",
        "<style media=print>b{display:none}</style><b>x</b>",
        "<!--[if !mso]><!-->x<!--<![endif]-->",
        "<![if !mso]>x<![endif]>",
    ] {
        assert_eq!(text(html), "x", "{html}");
    }
    // Word does not show this button, all others do.
    assert!(text("<a href='http://a/' style='mso-hide:all'>x</a>").starts_with("x[1]"));
}

#[test]
fn floods_are_linear_and_keep_their_text() {
    let attributes = format!("x<b {}>y</b>z", "a=1 ".repeat(50_000));
    assert!(to_text(&attributes).fallback);
    assert_eq!(text(&attributes), "x y z");
    let script = format!("<script>for (i=0;i<n;i++) {}</script>x", "a ".repeat(50_000));
    assert!(text(&script).ends_with('x'));
    assert!(!to_text(&format!("<b style='{}'>x</b>", "a:b; ".repeat(50_000))).fallback);
    let quotes = format!("<b {}>x</b>", "a= \"> <script>\"".repeat(50_000));
    assert!(to_text(&quotes).text.contains('x'));
    for bomb in [
        "<div>",
        "</div>",
        "<b>",
        "<blockquote>",
        "<ul><li>",
        "<table><tr><td>",
        "<a href=x>",
        "<",
        "&",
        "<p>",
        "<td>",
        "<table><td>a<td>b<tr><td>c<td>d</table>",
        "<q>",
        "<s>a",
        "<ruby>a<rt>b",
        "<select><option>",
        "<a href=x><div>y",
        "<h1>",
        "<pre>\n",
        "<style>p{display:block}</style>",
        "<dd>",
        "<caption>",
        "<form action=x>a",
    ] {
        let html = format!("{}</select>x", bomb.repeat(50_000));
        let rendered = to_text(&html);
        assert!(rendered.text.contains('x') || bomb == "<", "{bomb}");
        assert!(rendered.text.len() < 6 << 20, "{bomb}: {}", rendered.text.len());
    }
}

#[test]
fn wide_tables_do_not_swell() {
    let row = "<tr><td>a<td>b";
    let html = format!("<table><tr><td>{}<td>b{}</table>", "w".repeat(90), row.repeat(100_000));
    assert!(text(&html).len() < 2 * html.len());
}

#[test]
fn beyond_the_deepest_nesting_hidden_stays_hidden() {
    let deep = "<div>".repeat(5000);
    for (html, seen) in [
        ("<script>secret()</script>shown", "shown"),
        ("<p style=display:none>secret</p>shown", "shown"),
        ("<div hidden><div>secret</div>secret</div>shown", "shown"),
        ("<p hidden>secret<p>shown", "shown"),
        ("<style>.secret{}</style>shown", "shown"),
        ("<span hidden><img alt=secret></span><img alt=shown>", "[image: shown]"),
    ] {
        assert_eq!(to_text(&format!("{deep}{html}")).text.trim(), seen, "{html}");
    }
}
