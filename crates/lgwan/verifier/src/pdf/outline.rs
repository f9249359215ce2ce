//! The outline (12.3.3): lists of items, forward and back, each item once.

use sekisho_verify::{Fault, Flaw};

use super::grammar as g;
use super::lex::{Dict, Value};
use super::walk::{OTHER, Walk};
use crate::cursor::hold;

impl Walk<'_> {
    /// The outline from its root on.
    pub(super) fn outlines(&mut self, root: &Value) -> Result<(), Flaw> {
        let Value::Reference(root) = root else { return Err(Flaw::at(Fault::Role, self.at)) };
        let object = self.enter(*root, OTHER)?;
        let dict = object.value.dict().ok_or(Flaw::at(Fault::Role, object.at))?;
        self.table(dict, &[g::OUTLINES]).map_err(|fault| Flaw::at(fault, object.at))?;
        let mut todo = vec![*root];
        // Each item is entered once, so that this ends.
        while let Some(parent) = todo.pop() {
            self.items(parent, &mut todo)?;
        }
        Ok(())
    }

    /// The items right below `parent`; those that have some go to `todo`.
    fn items(&mut self, parent: u32, todo: &mut Vec<u32>) -> Result<(), Flaw> {
        let object = self.file.get(parent).ok_or(Flaw::at(Fault::Reference, self.at))?;
        let dict = object.value.dict().ok_or(Flaw::at(Fault::Role, object.at))?;
        let (mut next, mut before) = (reference(dict, b"First", object.at)?, None);
        while let Some(number) = next {
            let item = self.enter(number, OTHER)?;
            let dict = item.value.dict().ok_or(Flaw::at(Fault::Role, item.at))?;
            self.table(dict, &[g::OUTLINE]).map_err(|fault| Flaw::at(fault, item.at))?;
            let sound = reference(dict, b"Parent", item.at)? == Some(parent)
                && reference(dict, b"Prev", item.at)? == before
                && reference(dict, b"First", item.at)?.is_some() == reference(dict, b"Last", item.at)?.is_some();
            hold(sound, Fault::Reference, item.at)?;
            if dict.get(b"First").is_some() {
                todo.push(number);
            }
            before = Some(number);
            next = reference(dict, b"Next", item.at)?;
        }
        hold(reference(dict, b"Last", object.at)? == before, Fault::Reference, object.at)
    }
}

fn reference(dict: &Dict, key: &[u8], at: usize) -> Result<Option<u32>, Flaw> {
    match dict.get(key) {
        None => Ok(None),
        Some(Value::Reference(number)) => Ok(Some(*number)),
        Some(_) => Err(Flaw::at(Fault::Role, at)),
    }
}
