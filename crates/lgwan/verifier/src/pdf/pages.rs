//! The tree of pages (7.7.3): each node once, parents and counts right.

use sekisho_verify::{Fault, Flaw};

use super::grammar as g;
use super::lex::{Dict, Value};
use super::walk::{OTHER, PAGE, Walk};
use crate::cursor::hold;

/// Nodes above a page.
const MAX_DEPTH: u32 = 64;
/// Most pages.
const MAX_PAGES: usize = 100_000;

/// A node that was met: where it stands, what it counts, its parent's place in
/// the list.
struct Node {
    at: usize,
    claimed: i64,
    parent: usize,
    pages: i64,
}

impl<'a> Walk<'a> {
    /// The tree from its root on.
    pub(super) fn pages(&mut self, root: Option<&Value>) -> Result<(), Flaw> {
        let Some(Value::Reference(root)) = root else { return Err(Flaw::at(Fault::Role, self.at)) };
        let mut nodes: Vec<Node> = Vec::new();
        let mut pages = 0;
        // A node or page, its parent's number and place, its depth.
        let mut todo = vec![(*root, None, 0, 0)];
        while let Some((number, parent, place, depth)) = todo.pop() {
            let object = self.file.get(number).ok_or(Flaw::at(Fault::Reference, self.at))?;
            let dict = object.value.dict().ok_or(Flaw::at(Fault::Role, object.at))?;
            let is_page = dict.get(b"Type").and_then(Value::name) == Some(b"Page");
            self.enter(number, if is_page { PAGE } else { OTHER })?;
            hold(dict.get(b"Parent") == parent.map(Value::Reference).as_ref(), Fault::Reference, object.at)?;
            if is_page {
                pages += 1;
                hold(pages <= MAX_PAGES && depth > 0, Fault::Size, object.at)?;
                self.page(dict).map_err(|fault| Flaw::at(fault, object.at))?;
                nodes[place].pages += 1;
                continue;
            }
            hold(depth < MAX_DEPTH && nodes.len() < MAX_PAGES, Fault::Depth, object.at)?;
            self.table(dict, &[g::PAGES]).map_err(|fault| Flaw::at(fault, object.at))?;
            let claimed = dict.get(b"Count").and_then(Value::integer).unwrap_or(-1);
            nodes.push(Node { at: object.at, claimed, parent: place, pages: 0 });
            let kids = dict.get(b"Kids").and_then(Value::array).ok_or(Flaw::at(Fault::Role, object.at))?;
            hold(kids.len() <= MAX_PAGES, Fault::Size, object.at)?;
            for kid in kids {
                let Value::Reference(kid) = kid else { return Err(Flaw::at(Fault::Role, object.at)) };
                todo.push((*kid, Some(number), nodes.len() - 1, depth + 1));
            }
        }
        counts(nodes)
    }

    fn page(&mut self, dict: &'a Dict) -> Result<(), Fault> {
        self.table(dict, &[g::PAGE])?;
        if dict.get(b"Rotate").and_then(Value::integer).is_some_and(|turn| turn % 90 != 0) {
            return Err(Fault::Value);
        }
        let contents = dict.get(b"Contents").ok_or(Fault::Missing)?;
        let streams = match contents {
            Value::Reference(number) if self.file.get(*number).is_some_and(|object| object.data.is_some()) => {
                vec![*number]
            }
            other => {
                let streams = self.array(other)?.iter().map(|one| match one {
                    Value::Reference(number) => Ok(*number),
                    _ => Err(Fault::Role),
                });
                streams.collect::<Result<_, _>>()?
            }
        };
        self.draws(streams, dict, false)
    }
}

/// That every node counts the pages below it: children stand behind their
/// parents in the list.
fn counts(mut nodes: Vec<Node>) -> Result<(), Flaw> {
    while let Some(node) = nodes.pop() {
        hold(node.pages == node.claimed && node.pages > 0, Fault::Value, node.at)?;
        if let Some(parent) = nodes.get_mut(node.parent) {
            parent.pages += node.pages;
        }
    }
    Ok(())
}
