//! What was in a file that pictures and text do not carry.

use std::collections::BTreeSet;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object};
use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

use crate::filters::{decode, is_external};

/// Direct dictionaries and arrays inside each other that are looked into.
const MAX_DEPTH: u32 = 12;

/// Looks at every object of the file, and inflates every stream that is no
/// picture once under the budget, since hayro inflates them without a bound.
///
/// # Errors
/// [`Refusal::TooLarge`] beyond the budget.
pub(crate) fn removals(pdf: &Pdf, budget: &mut Budget) -> Result<BTreeSet<Removal>, Refusal> {
    let mut seen = Seen { removed: BTreeSet::new(), budget };
    let metadata = pdf.metadata();
    if metadata.author.is_some() || metadata.title.is_some() || metadata.producer.is_some() {
        seen.removed.insert(Removal::Metadata);
    }
    for object in pdf.objects() {
        seen.object(&object, 0)?;
    }
    Ok(seen.removed)
}

struct Seen<'b> {
    removed: BTreeSet<Removal>,
    budget: &'b mut Budget,
}

impl Seen<'_> {
    fn object(&mut self, object: &Object<'_>, depth: u32) -> Result<(), Refusal> {
        self.budget.steps(1)?;
        if depth > MAX_DEPTH {
            return Ok(());
        }
        match object {
            Object::Dict(dict) => self.dict(dict, depth),
            Object::Array(items) => self.array(items, depth),
            Object::Stream(stream) => {
                // Data that cannot be read are not drawn either.
                if let Err(Refusal::TooLarge) = decode(stream, self.budget) {
                    return Err(Refusal::TooLarge);
                }
                if is_external(stream.dict()) {
                    self.removed.insert(Removal::ExternalReference);
                }
                self.dict(stream.dict(), depth)
            }
            Object::Null(_) | Object::Boolean(_) | Object::Number(_) | Object::String(_) | Object::Name(_) => Ok(()),
        }
    }

    fn array(&mut self, items: &Array<'_>, depth: u32) -> Result<(), Refusal> {
        for item in items.raw_iter() {
            if let MaybeRef::NotRef(object) = item {
                self.object(&object, depth + 1)?;
            }
        }
        Ok(())
    }

    fn dict(&mut self, dict: &Dict<'_>, depth: u32) -> Result<(), Refusal> {
        self.removed.extend(["Type", "Subtype", "S", "FT"].iter().filter_map(|key| of_name(key, dict)));
        for (key, value) in dict.entries() {
            self.removed.extend(of_key(&key));
            if let MaybeRef::NotRef(object) = value {
                self.object(&object, depth + 1)?;
            }
        }
        if let Some(hidden) = dict.get::<Dict<'_>>("OCProperties").and_then(|layers| layers.get::<Dict<'_>>("D"))
            && (hidden.get::<Array<'_>>("OFF").is_some_and(|off| off.raw_iter().next().is_some())
                || hidden.get::<Name<'_>>("BaseState").is_some_and(|state| &*state == b"OFF"))
        {
            self.removed.insert(Removal::HiddenLayer);
        }
        Ok(())
    }
}

fn of_key(key: &[u8]) -> Option<Removal> {
    Some(match key {
        b"JS" | b"JavaScript" => Removal::Script,
        b"OpenAction" | b"AA" => Removal::Action,
        b"EmbeddedFiles" | b"EF" | b"AF" => Removal::EmbeddedFile,
        b"AcroForm" | b"XFA" => Removal::Form,
        b"Annots" => Removal::Annotation,
        b"Metadata" | b"PieceInfo" => Removal::Metadata,
        b"FontFile" | b"FontFile2" | b"FontFile3" => Removal::Font,
        b"ByteRange" => Removal::Signature,
        b"ICCBased" => Removal::ColorProfile,
        _ => return None,
    })
}

fn of_name(key: &str, dict: &Dict<'_>) -> Option<Removal> {
    let name = dict.get::<Name<'_>>(key)?;
    Some(match (key, &*name) {
        ("S", b"JavaScript") => Removal::Script,
        ("S", b"Launch" | b"SubmitForm" | b"ImportData" | b"ResetForm" | b"Named" | b"Hide" | b"SetOCGState") => {
            Removal::Action
        }
        ("S", b"GoToR" | b"GoToE") => Removal::ExternalReference,
        ("S", b"URI") | ("Subtype", b"Link") => Removal::Link,
        ("S", b"Rendition" | b"Sound" | b"Movie" | b"RichMediaExecute")
        | ("Subtype", b"Screen" | b"RichMedia" | b"Movie" | b"Sound" | b"3D") => Removal::Multimedia,
        ("Subtype", b"FileAttachment") => Removal::EmbeddedFile,
        ("FT", b"Sig") | ("Type", b"Sig") => Removal::Signature,
        _ => return None,
    })
}
