//! Which leaves are shown, in which order.

use crate::mime::Mime;
use crate::parts::{Content, Leaf, Markup};

/// What text there is below an entity.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Below {
    Nothing,
    Html,
    Plain,
}

/// The leaves to show, in order. Everything that is text is shown, but of
/// alternatives one: the first with plain text, else the first with HTML
/// (RFC 2046 5.1.4 says the last; all say the same, and plain loses nothing).
/// Records and mails inside are no versions of a text: an invitation's text
/// may say less than its calendar, so that both are shown.
pub(super) fn choose(mime: &Mime<'_>, leaves: &[Leaf]) -> Vec<usize> {
    let count = mime.entities.len();
    let mut below = vec![Below::Nothing; count];
    for leaf in leaves {
        below[leaf.entity] = kind(leaf);
    }
    // Children follow their container, so backwards they come first.
    let mut best: Vec<Option<usize>> = vec![None; count];
    for index in (0..count).rev() {
        let Some(parent) = mime.entities[index].parent else { continue };
        let alternative = mime.entities[parent].is("multipart/alternative");
        let wins = below[index] != Below::Nothing && (!alternative || below[index] >= below[parent]);
        if wins {
            (below[parent], best[parent]) = (below[index], Some(index));
        }
    }
    let mut live = vec![true; count];
    for index in 0..count {
        if let Some(parent) = mime.entities[index].parent {
            let alternative = mime.entities[parent].is("multipart/alternative");
            live[index] = live[parent] && (!alternative || best[parent] == Some(index));
        }
    }
    let is_shown = |leaf: &Leaf| stands_alone(leaf) || live[leaf.entity] && kind(leaf) != Below::Nothing;
    leaves.iter().enumerate().filter(|(_, leaf)| is_shown(leaf)).map(|(index, _)| index).collect()
}

fn kind(leaf: &Leaf) -> Below {
    match &leaf.content {
        Content::Text(text) if text.text.trim().is_empty() => Below::Nothing,
        Content::Text(text) => match text.markup {
            Markup::Plain => Below::Plain,
            Markup::Html => Below::Html,
            Markup::Record(_) => Below::Nothing,
        },
        Content::Nested(_) | Content::File => Below::Nothing,
    }
}

fn stands_alone(leaf: &Leaf) -> bool {
    match &leaf.content {
        Content::Text(text) => matches!(text.markup, Markup::Record(_)),
        Content::Nested(_) => true,
        Content::File => false,
    }
}
