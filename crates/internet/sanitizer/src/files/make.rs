//! One method, tried on one file.

use std::collections::BTreeSet;

use sekisho_disarm::{Budget, Decoded, Disarmed, File, Identity, Refusal};
use sekisho_policy::{Group, Kind};
use sekisho_safe_message::{Content, Method, Removal, RemovalReason, Sha256};

use super::{Desk, Fate, Inside, Piece, Place, Treated, inner, mail, named, shown_name, text, treat_one};

/// What a method made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) files: Vec<Piece>,
    pub(super) removed: BTreeSet<Removal>,
    pub(super) inside: Vec<Inside>,
    pub(super) text: Option<String>,
}

/// Why nothing was made, and what was seen inside until then.
pub(super) type Failed = (Refusal, Vec<Inside>);

/// What a method works with.
pub(super) struct Maker<'m, 'f> {
    desk: &'m Desk<'m>,
    file: &'m File<'f>,
    identity: &'m Identity,
    place: Place,
    budget: &'m mut Budget,
}

impl<'m, 'f> Maker<'m, 'f> {
    pub(super) fn new(
        desk: &'m Desk<'m>,
        file: &'m File<'f>,
        identity: &'m Identity,
        place: Place,
        budget: &'m mut Budget,
    ) -> Self {
        Self { desk, file, identity, place, budget }
    }

    /// Tries `method`.
    pub(super) fn make(mut self, method: Method) -> Result<Made, Failed> {
        let kind = self.identity.kind;
        match (kind.group(), method) {
            (Group::Archive, Method::Rebuild) => self.archive(kind),
            (Group::Mail, Method::Rebuild | Method::Extract) => self.mail(kind),
            (Group::Picture | Group::Drawing | Group::Pdf | Group::Text | Group::Web | Group::Record, _) => {
                self.one(kind, method).map_err(|refusal| (refusal, Vec::new()))
            }
            (Group::Archive | Group::Mail, _)
            | (
                Group::OtherPicture
                | Group::Office
                | Group::LegacyOffice
                | Group::OtherDocument
                | Group::OtherArchive
                | Group::Program
                | Group::DiskImage
                | Group::Media
                | Group::Unknown,
                _,
            ) => Err((Refusal::Unsupported, Vec::new())),
        }
    }

    /// A kind that becomes one file.
    fn one(&mut self, kind: Kind, method: Method) -> Result<Made, Refusal> {
        let disarmed = self.remembered(kind, method)?;
        let (content, mut removed) = disarmed.into_parts();
        let content = match content {
            // The words of a page may be markup to whoever opens the file.
            Content::Text(text) if method == Method::Extract => text::inert(text.as_str(), &mut removed)?,
            other => other,
        };
        let file = named(self.file.name, content);
        Ok(Made { files: vec![Piece { folders: Vec::new(), file }], removed, inside: Vec::new(), text: None })
    }

    /// What was made of the same octets for other recipients, or is made now.
    fn remembered(&mut self, kind: Kind, method: Method) -> Result<Disarmed, Refusal> {
        let Some(remembered) = self.desk.remembered else { return self.disarm(kind, method) };
        let key = (Sha256::of(self.file.octets.read()), kind, method, self.desk.options.noise);
        if let Some(known) = remembered.0.borrow().get(&key) {
            return known.clone();
        }
        let made = self.disarm(kind, method);
        // What was too large beside other files may fit beside none.
        if made != Err(Refusal::TooLarge) {
            remembered.0.borrow_mut().insert(key, made.clone());
        }
        made
    }

    fn disarm(&mut self, kind: Kind, method: Method) -> Result<Disarmed, Refusal> {
        let (octets, options) = (self.file.octets, &self.desk.options);
        Ok(match (kind.group(), method) {
            (Group::Pdf, Method::Rebuild) => sekisho_pdf::rebuild(octets, options, self.budget)?,
            (Group::Pdf, Method::Flatten) => {
                sekisho_pdf::flatten_with_fonts(octets, options, &self.desk.fonts.pages, self.budget)?
            }
            (Group::Pdf, Method::Extract) => sekisho_pdf::extract(octets, options, self.budget)?,
            (Group::Picture | Group::Drawing, Method::Rebuild | Method::Flatten) => self.picture(kind)?,
            (_, Method::Rebuild) => text::rebuild(kind, octets, options, self.budget)?,
            (_, Method::Extract) => text::extract(kind, octets, self.desk.rules, self.budget)?,
            (_, Method::Flatten) => return Err(Refusal::Unsupported),
        })
    }

    /// A fax has many pages in one picture: they become pages again.
    fn picture(&mut self, kind: Kind) -> Result<Disarmed, Refusal> {
        let (octets, options) = (self.file.octets, &self.desk.options);
        if kind == Kind::Tiff && sekisho_image::page_count(octets, self.budget)? > 1 {
            let mut pages = sekisho_pdf::Pictures::new(options.jpeg_quality);
            let removed =
                sekisho_image::tiff_pages(octets, self.budget, &mut |page| pages.push(page.pixels, page.dpi))?;
            return Ok(Disarmed::of(pages.finish()?)?.without(removed));
        }
        sekisho_image::rebuild_with_fonts(kind, octets, options, &self.desk.fonts.drawings, self.budget)
    }

    fn archive(&mut self, kind: Kind) -> Result<Made, Failed> {
        let (mut files, mut inside) = (Vec::new(), Vec::new());
        let source = sekisho_archive::Source { kind, octets: self.file.octets, name: self.file.name };
        let desk = self.desk;
        let passwords = &desk.options.passwords;
        let opened = self.budget.deeper(|budget| {
            sekisho_archive::open_with_passwords(&source, passwords, budget, &mut |budget, entry| {
                let place = Place { inline: false, in_archive: true, reason: RemovalReason::Rule };
                let path = entry.folders.iter().chain([&entry.name]).map(String::as_str).collect::<Vec<_>>().join("/");
                let at = At { folders: &entry.folders, path: &path };
                entry_into(desk, &inner(&entry.name, "", &entry.octets), place, at, budget, &mut files, &mut inside);
                Ok(())
            })
        });
        let opened = match opened {
            Ok(opened) => opened,
            Err(refusal) => return Err((refusal, inside)),
        };
        inside.extend(opened.left_out.iter().map(|lost| left_out(&lost.path, lost.reason)));
        self.close(files, opened.removed, inside)
    }

    /// The files of an archive as one archive, if this one stands for itself;
    /// in another archive they lie in a folder of it.
    fn close(&self, files: Vec<Piece>, mut removed: BTreeSet<Removal>, inside: Vec<Inside>) -> Result<Made, Failed> {
        removed.extend(taken_out(&inside));
        if inside.iter().any(|one| matches!(one.treated.fate, Fate::Out { .. })) {
            removed.insert(Removal::Entry);
        }
        if files.is_empty() {
            return Err((Refusal::Unsupported, inside));
        }
        if self.place.in_archive {
            return Ok(Made { files: self.in_folder(files), removed, inside, text: None });
        }
        let content = match zip(&files) {
            Ok(content) => content,
            Err(refusal) => return Err((refusal, inside)),
        };
        let file = named(self.file.name, content);
        Ok(Made { files: vec![Piece { folders: Vec::new(), file }], removed, inside, text: None })
    }

    /// The files in a folder that is called as this one was.
    fn in_folder(&self, files: Vec<Piece>) -> Vec<Piece> {
        let folder = self.file.name.map_or("", sekisho_disarm::stem_of);
        let under = |piece: Piece| {
            let folders = std::iter::once(folder.to_owned()).chain(piece.folders).collect();
            Piece { folders, file: piece.file }
        };
        files.into_iter().map(under).collect()
    }

    /// A mail becomes its text, and its files.
    fn mail(&mut self, kind: Kind) -> Result<Made, Failed> {
        let (mut files, mut inside) = (Vec::new(), Vec::new());
        let (desk, octets) = (self.desk, self.file.octets);
        let (whole, in_archive) = (self.file.name, self.place.in_archive);
        let opened = self.budget.deeper(|budget| {
            let opened = mail::open(kind, octets, budget)?;
            for (name, declared, octets) in &opened.files {
                let place = Place { inline: false, in_archive, reason: RemovalReason::Attachment };
                // What a signature wraps is called as the whole was.
                let own = whole.filter(|_| name.is_empty() && kind == Kind::Smime);
                let name = own.map_or(name.as_str(), sekisho_disarm::stem_of);
                let file = inner(name, declared, octets);
                entry_into(desk, &file, place, At { folders: &[], path: name }, budget, &mut files, &mut inside);
            }
            Ok(opened)
        });
        let opened = match opened {
            Ok(opened) => opened,
            Err(refusal) => return Err((refusal, inside)),
        };
        if !self.place.in_archive {
            return Ok(Made { files, removed: opened.removed, inside, text: Some(opened.text) });
        }
        // Nobody sees the text of a mail in an archive but as a file.
        let mut removed = opened.removed;
        let text = match text::inert(&opened.text, &mut removed) {
            Ok(text) => text,
            Err(refusal) => return Err((refusal, inside)),
        };
        files.insert(0, Piece { folders: Vec::new(), file: named(self.file.name, text) });
        Ok(Made { files: self.in_folder(files), removed, inside, text: None })
    }
}

/// Where a file lies in another.
#[derive(Clone, Copy)]
struct At<'a> {
    /// The folders, outermost first; hostile.
    folders: &'a [String],
    /// Folders and name in one.
    path: &'a str,
}

/// Treats a file inside a file, and keeps what is made of it.
fn entry_into(
    desk: &Desk<'_>,
    file: &File<'_>,
    place: Place,
    at: At<'_>,
    budget: &mut Budget,
    files: &mut Vec<Piece>,
    inside: &mut Vec<Inside>,
) {
    let octets = file.octets.read();
    let mut treated = treat_one(desk, file, place, budget);
    if let Fate::Made { files: made, .. } = &mut treated.fate {
        for mut piece in std::mem::take(made) {
            piece.folders.splice(0..0, at.folders.iter().cloned());
            files.push(piece);
        }
    }
    inside.push(Inside { name: shown_name(at.path), size: octets.len() as u64, sha256: Sha256::of(octets), treated });
}

/// What was taken out of the files in a file: its line in the notice tells all.
fn taken_out(inside: &[Inside]) -> BTreeSet<Removal> {
    let removed = inside.iter().filter_map(|one| match &one.treated.fate {
        Fate::Made { removed, .. } => Some(removed),
        Fate::Out { .. } => None,
    });
    removed.flatten().copied().collect()
}

/// An entry that the archive's reader left out.
fn left_out(path: &str, refusal: Refusal) -> Inside {
    Inside { name: shown_name(path), size: 0, sha256: Sha256::of(&[]), treated: Treated::out(refusal.reason()) }
}

fn zip(files: &[Piece]) -> Result<Content, Refusal> {
    let mut writer = sekisho_archive::ZipWriter::new();
    for piece in files {
        let folders: Vec<&str> = piece.folders.iter().map(String::as_str).collect();
        writer.push(&folders, &piece.file)?;
    }
    writer.content()
}
