//! What a file has that its new form has not: one look at every object, for
//! the report.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, Name};
use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use super::Rebuild;
use crate::walk::dictionaries;

impl<'a> Rebuild<'a, '_> {
    /// Notes what is not rebuilt, wherever it stands, also in objects that no
    /// page leads to.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] beyond the budget.
    pub(super) fn scan(&mut self, pdf: &'a Pdf) -> Result<(), Refusal> {
        dictionaries(pdf, self.budget, |dict| {
            self.removed.extend(dict.keys().filter_map(|key| by_key(&key, dict)));
            Ok(())
        })
    }
}

fn by_key(key: &[u8], dict: &Dict<'_>) -> Option<Removal> {
    Some(match key {
        b"JS" | b"JavaScript" => Removal::Script,
        b"AA" | b"OpenAction" => Removal::Action,
        b"EmbeddedFiles" | b"EF" | b"AF" | b"Collection" => Removal::EmbeddedFile,
        b"AcroForm" | b"XFA" => Removal::Form,
        b"RichMediaContent" | b"Movie" | b"Sound" | b"3DD" => Removal::Multimedia,
        b"Metadata" | b"PieceInfo" | b"CreationDate" | b"Producer" => Removal::Metadata,
        b"ByteRange" => Removal::Signature,
        b"FontFile" | b"FontFile2" | b"FontFile3" => Removal::Font,
        b"S" => by_action(dict)?,
        _ => return None,
    })
}

fn by_action(dict: &Dict<'_>) -> Option<Removal> {
    Some(match dict.get::<Name<'_>>("S")?.as_ref() {
        b"JavaScript" => Removal::Script,
        b"Launch" | b"SubmitForm" | b"ImportData" | b"ResetForm" | b"Named" | b"Hide" | b"SetOCGState" => {
            Removal::Action
        }
        b"GoToR" | b"GoToE" => Removal::ExternalReference,
        b"Rendition" | b"Movie" | b"Sound" | b"RichMediaExecute" | b"GoTo3DView" => Removal::Multimedia,
        _ => return None,
    })
}
