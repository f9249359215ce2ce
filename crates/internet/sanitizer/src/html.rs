//! HTML to text: one linear pass over html5ever's tokens, no tree.
//!
//! A tree costs time in the square of its depth and many times the memory of
//! its input; a stream of tokens costs neither, and loses no text. What no
//! reader of the original sees (scripts, style sheets, hidden elements) is
//! left out; links are numbered and their real targets listed below; tables
//! of data are laid out in columns, tables of layout flow.
//!
//! Never: emits markup, gives up on broken markup, or fetches anything.

mod color;
mod elements;
mod fields;
mod flood;
mod link;
mod look;
mod open;
mod page;
mod references;
mod sheet;
mod sink;
mod style;
mod table;
mod words;

#[cfg(test)]
mod tests;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tokenizer, TokenizerOpts};
use sekisho_safe_message::SafeText;

use crate::language::has_japanese;
use sink::Sink;

pub(crate) use link::host::{is_domain, punycode, to_ascii as ascii_host};

/// The remark on an address whose host is not plainly the one that is asked;
/// empty if it is.
pub(crate) fn host_remark(url: &str, japanese: bool) -> String {
    let words = if japanese { &words::JAPANESE } else { &words::ENGLISH };
    match link::read(url, None) {
        link::Target::Place(place) if !place.is_plain() => place.remarks(words).trim_start().to_owned(),
        link::Target::Place(_) | link::Target::Inside | link::Target::Disabled(_) => String::new(),
    }
}

/// HTML as text.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// The text; what is longer than a [`SafeText`] is cut soon after.
    pub(crate) text: String,
    /// The markup was not to be trusted to the tokenizer.
    pub(crate) fallback: bool,
    /// A link's label names one place, and it leads to another.
    pub(crate) misleading: bool,
}

/// The text that a reader of `html` sees.
pub(crate) fn to_text(html: &str) -> Rendered {
    if flood::is_in(html) {
        return Rendered { fallback: true, ..tokenize(&flood::without_tags(html)) };
    }
    tokenize(html)
}

fn tokenize(html: &str) -> Rendered {
    let input = BufferQueue::default();
    // Tendrils count octets in 32 bits; the caller's bound is far below.
    input.push_back(StrTendril::from_slice(html));
    let japanese = has_japanese(html);
    let words = if japanese { &words::JAPANESE } else { &words::ENGLISH };
    let tokenizer = Tokenizer::new(Sink::new(words, japanese), TokenizerOpts::default());
    // Scripts are not run, so the tokenizer never stops for one.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let (text, misleading) = tokenizer.sink.finish(SafeText::MAX + 1);
    Rendered { text, fallback: false, misleading }
}
