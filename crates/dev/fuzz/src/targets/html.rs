//! HTML: any page, between a paragraph that is seen, a script that is not,
//! and another paragraph.

use sekisho_job::Anomaly;

use super::charset::quoted;
use super::pass::{Passed, Through, pass, power};
use super::{Target, Verdict, must};

/// The sanitizer, by a page alone.
pub(super) const HTML: Target = Target {
    name: "html",
    about: "any page becomes text in proportion, with what is seen, without scripts, and no address is live",
    words: &[
        b"<p>",
        b"</p>",
        b"<div>",
        b"</div>",
        b"<br>",
        b"<table>",
        b"</table>",
        b"<tr><td>",
        b"<td>",
        b"<td colspan=1000 rowspan=1000>",
        b"<th>",
        b"<ul><li>",
        b"<ol start=99999999><li>",
        b"<blockquote>",
        b"</blockquote>",
        b"<pre>",
        b"<h1>",
        b"<a href=\"http://a.example/?b=c\">",
        b"<a href='//user@evil.example'>http://bank.example</a>",
        b"</a>",
        b"<base href=http://x.example/>",
        b"<img src=x alt=\"picture\">",
        b"<ruby>a<rt>b",
        b"<select><option selected>",
        b"<form action=http://f.example>",
        b"<input value=v>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"<!DOCTYPE html>",
        b"<script>",
        b"</script>",
        b"<style>p{display:none}.a>b,#c:hover{color:#fff}</style>",
        b"<textarea>",
        b"<plaintext>",
        b"<template>",
        b"<svg>",
        b"<span style=\"display:none\">",
        b"<font color=white size=1>",
        b"<body bgcolor=#ffffff>",
        b" style='font-size:0;mso-hide:all'",
        b" hidden",
        b"&lt;script&gt;",
        b"&#x202e;",
        b"&#0;",
        b"&nbsp;",
        b"&amp",
        b"http://",
        b"ht\xe2\x80\x8btps://",
        b"h\xf3\xa0\x80\x81ttp://x",
        b"\xe2\x80\x8b",
        b"\xe9\x96\xa2\xe6\x89\x80",
        b"begin 644 x\n",
    ],
    run: html,
};

const FIRST: &str = "qfirstq";
const SCRIPT: &str = "qscriptq";
const LAST: &str = "qlastq";

/// Longest page that repetition makes.
const MAX_PAGE: usize = 256 * 1024;

/// Ends what the page may have left open: a tag, a comment, raw text, tables.
const CLOSE: &str = "x\">'>-->]]></script></style></title></textarea></xmp></iframe></noembed></noframes></noscript>\
                     </table></table></table></table></table></table></table></table></div>";

/// Where one of these stands, what follows may rightly be unseen (or, in raw
/// text, a script be seen as the words that it is).
const MAY_HIDE: [&str; 30] = [
    "style",
    "hidden",
    "color",
    "height",
    "width",
    "size",
    "class",
    "script",
    "template",
    "object",
    "iframe",
    "svg",
    "math",
    "datalist",
    "title",
    "plaintext",
    "textarea",
    "xmp",
    "listing",
    "select",
    "option",
    "noembed",
    "noframes",
    "noscript",
    "frameset",
    "<rp",
    "<!",
    "<?",
    "\u{1b}",
    "applet",
];

/// A first octet of 1 to 6 repeats the rest 2 to 64 times.
fn html(input: &[u8]) -> Verdict {
    let (input, times) = match input {
        [n @ 1..=6, rest @ ..] => (rest, (1 << n).min(MAX_PAGE / rest.len().max(1)).max(1)),
        whole => (whole, 1),
    };
    let page = String::from_utf8_lossy(input).repeat(times);
    let whole = format!("<p>{FIRST}</p>{page}{CLOSE}<script>{SCRIPT}</script><p>{LAST}</p>");
    let mut mail = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\
                     Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        .to_vec();
    mail.extend_from_slice(&quoted(whole.as_bytes()));
    mail.extend_from_slice(b"\r\n");
    let passed = pass(&mail)?;
    let Passed::Through(through) = &passed else { return Ok(passed.way(())) };
    let text = through.message.text().as_str();
    // A page that would take too long is stripped of its tags alone.
    if !through.report.anomalies.contains(&Anomaly::HtmlFallback) {
        seen_and_unseen(&page.to_ascii_lowercase(), text)?;
    }
    in_proportion(&whole, through)?;
    must(!is_live(text), "an address that a client makes live")?;
    Ok(passed.way(layout(text)))
}

fn seen_and_unseen(page: &str, text: &str) -> Result<(), String> {
    // What comes later hides what was before by a style sheet alone.
    if !["style", "\u{1b}"].iter().any(|word| page.contains(word)) {
        must(text.contains(FIRST), "the first paragraph is lost")?;
    }
    if !MAY_HIDE.iter().any(|word| page.contains(word)) {
        must(text.contains(LAST), "the last paragraph is lost")?;
        must(!text.contains(SCRIPT), "a script is seen")?;
    }
    Ok(())
}

/// Text is not much longer than the page, and each of its `<` stood there,
/// as such or as a reference (a link's target may be seen twice).
fn in_proportion(page: &str, through: &Through) -> Result<(), String> {
    let text = through.message.text().as_str();
    must(text.len() <= 64 * page.len() + 4096, "text out of proportion")?;
    let count = |text: &str, wanted: &[u8]| text.bytes().filter(|b| wanted.contains(b)).count();
    must(count(text, b"<") <= 2 * count(page, b"<&"), "markup that was not there")
}

/// Whether clients would make a link of anything: a scheme at a word's start.
fn is_live(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let starts = |at: usize| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    ["http://", "https://", "ftp://"].iter().any(|scheme| text.match_indices(scheme).any(|(at, _)| starts(at)))
}

/// What the text looks like: how many lines of which kind.
fn layout(text: &str) -> [u32; 12] {
    let lines = |start: &[&str]| text.lines().filter(|line| start.iter().any(|s| line.starts_with(s))).count();
    let counts = [
        text.lines().count(),
        lines(&[""; 1]) - text.lines().filter(|line| !line.is_empty()).count(),
        lines(&["> "]),
        lines(&["> > > "]),
        lines(&["- ", "・"]),
        lines(&["  "]),
        lines(&["■", "□"]),
        lines(&["1. ", "2. "]),
        text.matches(" | ").count(),
        text.matches("[1]").count(),
        text.matches("hxxp").count(),
        text.matches(['[', '【', '「']).count(),
    ];
    counts.map(|count| power(count as u64))
}
