//! Kinds of real files: those of the samples beside the project, if they are
//! there. Each folder holds one kind or a few; what is otherwise is listed with
//! its reason.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::path::{Path, PathBuf};

use sekisho_disarm::{File, Identity, identify};
use sekisho_policy::Kind;
use sekisho_safe_message::Untrusted;

/// What files in a folder may be.
const FOLDERS: &[(&str, &[Kind])] = &[
    ("csv", &[Kind::Csv]),
    ("doc", &[Kind::Doc]),
    ("docx", &[Kind::Docx, Kind::Docm, Kind::EncryptedOffice]),
    ("eml", &[Kind::Mail, Kind::Mbox]),
    ("exec", &[Kind::Script, Kind::Shortcut, Kind::Help]),
    ("html", &[Kind::Html, Kind::Mht]),
    ("ics-vcf", &[Kind::Calendar, Kind::Card]),
    ("jtd", &[Kind::Ichitaro]),
    ("media", &[Kind::Audio]),
    ("metafile", &[Kind::Emf, Kind::Wmf]),
    ("msg", &[Kind::Msg]),
    ("odf", &[Kind::Odt, Kind::Ods, Kind::Odp, Kind::Odg, Kind::FlatOdf]),
    ("one", &[Kind::OneNote]),
    ("pdf", &[Kind::Pdf, Kind::PdfForm]),
    ("ppt", &[Kind::Ppt]),
    ("pptx", &[Kind::Pptx, Kind::Pptm, Kind::EncryptedOffice]),
    ("rtf", &[Kind::Rtf]),
    ("smime", &[Kind::Smime]),
    ("svg", &[Kind::Svg]),
    ("text", &[Kind::Text]),
    ("tnef", &[Kind::Tnef]),
    ("xls", &[Kind::Xls]),
    ("xlsx", &[Kind::Xlsx, Kind::Xlsm, Kind::Xlsb, Kind::EncryptedOffice]),
    ("xml", &[Kind::OfficeXml, Kind::Xml]),
];

/// Endings of files in mixed folders.
const ENDINGS: &[(&str, Kind)] = &[
    ("zip", Kind::Zip),
    ("zipx", Kind::Zip),
    ("7z", Kind::SevenZip),
    ("rar", Kind::Rar),
    ("lzh", Kind::Lzh),
    ("tar", Kind::Tar),
    ("gz", Kind::Gzip),
    ("tgz", Kind::Gzip),
    ("bz2", Kind::Bzip2),
    ("cab", Kind::Cab),
    ("iso", Kind::DiskImage),
    ("png", Kind::Png),
    ("jpg", Kind::Jpeg),
    ("gif", Kind::Gif),
    ("webp", Kind::Webp),
    ("psd", Kind::Psd),
    ("jp2", Kind::Jpeg2000),
    ("jxl", Kind::JpegXl),
    ("dib", Kind::Bmp),
    ("swf", Kind::Flash),
    ("mdb", Kind::Database),
    ("epub", Kind::OtherPackage),
    ("xps", Kind::OtherPackage),
    ("vsdx", Kind::OtherPackage),
    ("vsd", Kind::CompoundFile),
    ("pub", Kind::CompoundFile),
];

/// Files that are not what their folder or ending says, and why.
const OTHERWISE: &[(&str, Kind)] = &[
    // Its end was cut off by a fuzzer: an ELF header is all that is sure.
    ("la_7zip_malformed3.7z", Kind::Executable),
    // A document's parts under the name of an archive.
    ("testZip_with_DataDescriptor2.zip", Kind::OtherPackage),
    // A mail under Outlook's ending.
    ("message.msg", Kind::Mail),
    // A picture of the first Macintosh, which nobody opens.
    ("cow.pict", Kind::Unknown),
    // No word of its header is left, or it never was one.
    ("issue-263.pdf", Kind::Text),
    ("sample_bad_pdf.pdf", Kind::Text),
    // Encrypted presentations are packages in a compound file.
    ("clusterfuzz-testcase-minimized-POIHSLFFuzzer-4624961081573376.ppt", Kind::EncryptedOffice),
    // Other documents under an old ending.
    ("excel4_sample_macro.slk", Kind::Script),
    ("sample-mime-octet-stream.xls", Kind::Docx),
    ("sample-mime-application-zip.xls", Kind::Ods),
    ("clusterfuzz-testcase-minimized-POIVisioFuzzer-4537225637134336.vsd", Kind::OtherPackage),
    // A package without its main part.
    ("clusterfuzz-testcase-minimized-XLSX2CSVFuzzer-5636439151607808.xlsx", Kind::OtherPackage),
    // Beginnings that tell two readers two things: PDF wins, and that is said.
    ("syn_docx_mz_prefix.docx", Kind::Executable),
    ("syn_jpg_mime_svg.jpg", Kind::Svg),
    ("syn_zip_pdf_polyglot.zip", Kind::Pdf),
];

/// Files that another reader would open as another kind. No other is flagged.
const POLYGLOTS: &[&str] = &[
    "syn_docx_mz_prefix.docx",
    "syn_gif_zip_gifar.gif",
    "syn_pdf_html_polyglot.html",
    "syn_pdf_zip_polyglot.pdf",
    "syn_zip_pdf_polyglot.zip",
];

fn samples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples");
    let Ok(folders) = std::fs::read_dir(root) else { return Vec::new() };
    let mut found = Vec::new();
    for folder in folders.flatten().filter(|folder| folder.path().is_dir() && folder.file_name() != "SOURCES") {
        found.extend(std::fs::read_dir(folder.path()).unwrap().flatten().map(|file| file.path()));
    }
    found
}

fn expected(folder: &str, name: &str) -> Option<Vec<Kind>> {
    if let Some((_, kind)) = OTHERWISE.iter().find(|(other, _)| *other == name) {
        return Some(vec![*kind]);
    }
    if let Some((_, kinds)) = FOLDERS.iter().find(|(known, _)| *known == folder) {
        return Some(kinds.to_vec());
    }
    let ending = name.rsplit('.').next().unwrap();
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| vec![*kind])
}

fn told(path: &Path) -> Identity {
    let octets = std::fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    identify(&File { octets: Untrusted::new(&octets), name: Some(&name), declared: "" })
}

#[test]
fn samples_are_what_their_folders_say() {
    let (mut wrong, mut flagged) = (Vec::new(), Vec::new());
    for path in samples() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let folder = path.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
        let found = told(&path);
        if expected(&folder, &name).is_some_and(|kinds| !kinds.contains(&found.kind)) {
            wrong.push(format!("{folder}/{name}: {:?}", found.kind));
        }
        if found.polyglot {
            flagged.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let surplus: Vec<_> = flagged.iter().filter(|name| !POLYGLOTS.contains(&name.as_str())).collect();
    assert!(surplus.is_empty(), "{surplus:#?}");
    assert!(flagged.is_empty() || flagged.len() == POLYGLOTS.len(), "{flagged:?}");
}
