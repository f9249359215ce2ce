//! HTML to text: one linear pass over html5ever's tokens, no tree.
//!
//! A tree costs time in the square of its depth and many times the memory of
//! its input; a stream of tokens costs neither, and loses no text. What no
//! reader of the original sees (scripts, style sheets, hidden elements) is
//! left out; links are numbered and their targets listed below.
//!
//! Never: emits markup, or gives up on broken markup.

mod elements;
mod page;
mod sink;
mod style;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tokenizer, TokenizerOpts};

use sink::Sink;

/// Most attributes of one tag: html5ever compares each with all before it.
const MAX_ATTRIBUTES: usize = 200;

/// HTML as text.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// The text.
    pub(crate) text: String,
    /// The markup was not to be trusted to the tokenizer.
    pub(crate) fallback: bool,
}

/// The text that a reader of `html` sees.
pub(crate) fn to_text(html: &str) -> Rendered {
    if floods_attributes(html) {
        return Rendered { text: tokenize(&without_tags(html)), fallback: true };
    }
    Rendered { text: tokenize(html), fallback: false }
}

fn tokenize(html: &str) -> String {
    let input = BufferQueue::default();
    // Tendrils count octets in 32 bits; the caller's bound is far below.
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    // Scripts are not run, so the tokenizer never stops for one.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.into_text()
}

/// Whether any tag has more attributes than honest HTML ever has: counted as
/// blanks and slashes outside quotes between `<` and `>`, never too low.
fn floods_attributes(html: &str) -> bool {
    let (mut in_tag, mut quote, mut gaps, mut before) = (false, None, 0, 0);
    for b in html.bytes() {
        match (in_tag, quote) {
            (false, _) => {
                in_tag = before == b'<' && (b.is_ascii_alphabetic() || b == b'/');
                (gaps, quote) = (0, None);
            }
            (true, Some(mark)) if b == mark => {
                quote = None;
                gaps += 1; // `a="b"c="d"` has no blank
            }
            (true, Some(_)) => {}
            (true, None) => match b {
                b'>' => in_tag = false,
                b'"' | b'\'' if before == b'=' => quote = Some(b),
                _ if is_gap(b) => gaps += usize::from(!is_gap(before)),
                _ => {}
            },
        }
        if gaps > MAX_ATTRIBUTES {
            return true;
        }
        before = b;
    }
    false
}

fn is_gap(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/')
}

/// The crude way: everything between `<` and `>` goes.
fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        out.push(' ');
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        to_text(html).text.trim_end().to_owned()
    }

    #[test]
    fn what_a_reader_sees() {
        for (html, seen) in [
            ("a<b>b</b>c", "abc"),
            ("<p>a</p><p>b", "a\n\nb"),
            ("a<br>b<br/>c", "a\nb\nc"),
            ("a \n\t b", "a b"),
            ("関\n所", "関所"),
            ("関 所", "関 所"),
            ("a&amp;b&lt;script&gt;&nbsp;&#x95a2;&bogus;", "a&b<script> 関&bogus;"),
            ("<head><title>t</title><style>s{}</style></head><script>x</script>a<!-- c -->", "a"),
            ("<ul><li>a<li>b<ol><li>c<li>d</ol></ul>e", "- a\n- b\n  1. c\n  2. d\n\ne"),
            ("<blockquote>a<br>b<blockquote>c</blockquote></blockquote>d", "> a\n> b\n>\n> > c\n\nd"),
            ("<table><tr><td>a<td>b</tr><tr><th>c</th><td>d</td></tr></table>", "a  b\nc  d"),
            ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
            ("<img alt='x y'><img src=a><img alt=関>", "[image: x y][画像: 関]"),
            ("<h1>a</h1>b<hr>c", "a\n\nb\n\n----------\n\nc"),
            ("<textarea>a<b></textarea>", "a<b>"),
            ("a<plaintext><b>", "a\n<b>"),
            ("<", "<"),
            ("a<b", "a"),
            ("", ""),
        ] {
            assert_eq!(text(html), seen, "{html}");
        }
    }

    #[test]
    fn what_a_reader_does_not_see() {
        for html in [
            "<div style='display:none'>x<p>x</div>",
            "<div style='DISPLAY : NONE !important'>x</div>",
            "<span hidden>x</span>",
            "<div style='visibility:hidden'>x</div>",
            "<div style='font-size:0px'>x</div>",
            "<div style='max-height:0;overflow:hidden'>x</div>",
            "<div style='opacity:0'>x</div>",
            "<div style='mso-hide:all'>x</div>",
            "<template>x</template><object>x</object><iframe>x</iframe>",
            "<svg><text>x</text></svg><select><option>x</select>",
            "<noframes>x</noframes>",
        ] {
            assert_eq!(text(&format!("a {html}b")).replace(['\n', ' '], ""), "ab", "{html}");
        }
        for html in [
            "<td style='font-size:0'><div style='font-size:13px'>x</div></td>",
            "<p style='display:none'>y<p>x",
            "<div style='visibility:hidden'><b style='visibility:visible'>x</b></div>",
            "<table><tr><td style='display:none'>y<td>x</table>",
            "<div style='display:block'>x</div>",
        ] {
            assert_eq!(text(html), "x", "{html}");
        }
    }

    #[test]
    fn links_name_their_targets() {
        for (html, seen) in [
            ("<a href='http://a/'>t</a>", "t[1]\n\n[1] http://a/"),
            ("<a href=http://a/>t</a> <a href=http://a/>u</a>", "t[1] u[1]\n\n[1] http://a/"),
            ("<a href='http://a/'>http://a/</a>", "http://a/"),
            ("<a href='http://evil/'>http://a/</a>", "http://a/[1]\n\n[1] http://evil/"),
            ("<a href='mailto:a@b'>a@b</a>", "a@b"),
            ("<a href='#x'>t</a><a href='javascript:x()'>u</a>", "tu"),
            ("<a href='http://a/'><img src=x></a>", ""),
            ("<a href=' ht\ntp://a/ '>t</a>", "t[1]\n\n[1] http://a/"),
        ] {
            assert_eq!(text(html), seen, "{html}");
        }
    }

    #[test]
    fn floods_are_linear_and_keep_their_text() {
        let attributes = format!("x<b {}>y</b>z", "a=1 ".repeat(50_000));
        assert!(to_text(&attributes).fallback);
        assert_eq!(text(&attributes).replace(' ', ""), "xyz");
        for bomb in
            ["<div>", "</div>", "<b>", "<blockquote>", "<ul><li>", "<table><tr><td>", "<a href=x>", "<", "&", "<p>"]
        {
            let html = format!("{}x", bomb.repeat(100_000));
            let rendered = to_text(&html);
            assert!(rendered.text.contains('x') || bomb == "<", "{bomb}");
            assert!(rendered.text.len() < 8 << 20, "{bomb}: {}", rendered.text.len());
        }
    }
}
