//! Which kinds a name's ending and a declared type stand for. Kinds of one
//! family are one for this: a `.doc` that is a DOCX is opened as what it is.

use sekisho_policy::{Group, Kind};

use super::Hint;

/// Endings, and a kind of the families that may have them.
const ENDINGS: &[(&[&str], &[Kind])] = &[
    (&["png", "jpg", "jpeg", "jpe", "jfif", "gif", "bmp", "dib", "tif", "tiff", "webp"], &[Kind::Png]),
    (&["heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpx", "psd", "ico", "cur"], &[Kind::Heif]),
    (&["ps", "eps"], &[Kind::PostScript]),
    (&["ai"], &[Kind::PostScript, Kind::Pdf]),
    (&["svg", "svgz", "emf", "wmf", "emz", "wmz"], &[Kind::Svg]),
    (&["pdf"], &[Kind::Pdf]),
    (&["fdf", "xfdf", "xdp"], &[Kind::PdfForm]),
    (&["txt", "text", "log", "md", "csv", "tsv", "tab", "json", "asc", "srt", "yaml", "yml"], &[Kind::Text]),
    (&["xml"], &[Kind::Xml, Kind::OfficeXml, Kind::Svg]),
    (&["html", "htm", "xhtml", "xht", "mht", "mhtml"], &[Kind::Html]),
    (&["ics", "ifb", "vcs", "vcf", "vcard"], &[Kind::Calendar]),
    (&["docx", "docm", "dotx", "dotm", "doc", "dot", "wri", "rtf", "odt", "ott", "sxw", "fodt", "wps"], &[Kind::Docx]),
    (
        &["xlsx", "xlsm", "xltx", "xltm", "xlsb", "xlam", "xls", "xlt", "xla", "ods", "ots", "sxc", "fods"],
        &[Kind::Xlsx],
    ),
    (
        &["pptx", "pptm", "ppsx", "ppsm", "potx", "potm", "ppam", "ppt", "pps", "pot", "odp", "otp", "sxi", "fodp"],
        &[Kind::Pptx],
    ),
    (&["odg", "otg", "sxd", "fodg"], &[Kind::Odg]),
    (&["jtd", "jtt", "jttc", "jtdc"], &[Kind::Ichitaro]),
    (&["jhd", "jsd", "hwp", "vsd", "pub", "mpp"], &[Kind::CompoundFile]),
    (&["epub", "xps", "oxps", "vsdx", "pages", "numbers", "key", "odf"], &[Kind::OtherPackage]),
    (&["one", "onetoc2", "onepkg"], &[Kind::OneNote, Kind::Cab]),
    (&["xdw", "xbd", "xct"], &[Kind::DocuWorks]),
    // Documents that are archives inside may be called archives.
    (&["zip"], &[Kind::Zip, Kind::Docx, Kind::OtherPackage, Kind::Java]),
    (
        &[
            "7z", "tar", "gz", "tgz", "bz2", "tbz", "tbz2", "xz", "txz", "lzh", "lha", "cab", "rar", "zipx", "zst",
            "z", "lz",
        ],
        &[Kind::SevenZip],
    ),
    (&["eml", "mbox", "mbx", "msg", "oft", "p7m", "p7s", "p7c"], &[Kind::Mail]),
    (&["iso", "img", "vhd", "vhdx", "vmdk", "udf", "wim"], &[Kind::DiskImage]),
    (
        &[
            "mp3", "m4a", "wav", "wma", "ogg", "flac", "aac", "mid", "mp4", "mov", "avi", "wmv", "mpg", "mpeg", "mkv",
            "webm",
        ],
        &[Kind::Audio],
    ),
    (&["ttf", "otf", "ttc", "woff", "woff2"], &[Kind::Font]),
    (&["sqlite", "db"], &[Kind::Database]),
    (&["swf"], &[Kind::Flash]),
];

/// Declared types (or how they begin, where they end in `/`), and the same.
/// Types that say nothing are not among them.
const DECLARED: &[(&str, &[Kind])] = &[
    ("image/svg+xml", &[Kind::Svg]),
    ("image/emf", &[Kind::Emf]),
    ("image/x-emf", &[Kind::Emf]),
    ("image/wmf", &[Kind::Wmf]),
    ("image/x-wmf", &[Kind::Wmf]),
    ("image/", &[Kind::Png]),
    ("audio/", &[Kind::Audio]),
    ("video/", &[Kind::Video]),
    ("font/", &[Kind::Font]),
    ("application/pdf", &[Kind::Pdf]),
    ("application/x-pdf", &[Kind::Pdf]),
    ("application/postscript", &[Kind::PostScript, Kind::Pdf]),
    ("text/html", &[Kind::Html]),
    ("application/xhtml+xml", &[Kind::Html]),
    ("text/calendar", &[Kind::Calendar]),
    ("text/vcard", &[Kind::Card]),
    ("text/x-vcard", &[Kind::Card]),
    ("text/directory", &[Kind::Card]),
    ("text/rtf", &[Kind::Rtf]),
    ("application/rtf", &[Kind::Rtf]),
    ("text/xml", &[Kind::Xml, Kind::OfficeXml, Kind::Svg, Kind::Html, Kind::PdfForm]),
    ("application/xml", &[Kind::Xml, Kind::OfficeXml, Kind::Svg, Kind::Html, Kind::PdfForm]),
    // What programs write that have no type of their own.
    ("text/plain", &[Kind::Text, Kind::Calendar, Kind::Mail]),
    ("text/csv", &[Kind::Csv]),
    ("text/tab-separated-values", &[Kind::Csv]),
    ("application/json", &[Kind::Json]),
    ("application/msword", &[Kind::Doc]),
    // Windows with Excel declares cells so.
    ("application/vnd.ms-excel", &[Kind::Xls, Kind::Csv]),
    ("application/vnd.ms-powerpoint", &[Kind::Ppt]),
    ("application/vnd.openxmlformats-officedocument.", &[Kind::Docx]),
    ("application/vnd.oasis.opendocument.", &[Kind::Odt, Kind::OtherPackage]),
    ("application/zip", &[Kind::Zip, Kind::Docx, Kind::OtherPackage, Kind::Java]),
    ("application/x-zip-compressed", &[Kind::Zip, Kind::Docx, Kind::OtherPackage, Kind::Java]),
    ("application/x-7z-compressed", &[Kind::SevenZip]),
    ("application/gzip", &[Kind::Gzip]),
    ("application/x-gzip", &[Kind::Gzip]),
    ("application/x-tar", &[Kind::Tar]),
    ("application/x-lzh", &[Kind::Lzh]),
    ("application/x-lha", &[Kind::Lzh]),
    ("application/vnd.rar", &[Kind::Rar]),
    ("message/rfc822", &[Kind::Mail]),
    ("message/global", &[Kind::Mail]),
    ("application/mbox", &[Kind::Mbox]),
    ("application/ms-tnef", &[Kind::Tnef]),
    ("application/vnd.ms-tnef", &[Kind::Tnef]),
    ("application/vnd.ms-outlook", &[Kind::Msg]),
    ("application/pkcs7-mime", &[Kind::Smime]),
    ("application/x-pkcs7-mime", &[Kind::Smime]),
];

/// Families: groups, some of them as one.
#[derive(PartialEq, Eq)]
enum Family {
    Picture,
    Office,
    Archive,
    Media,
    Other(Group),
}

fn family(kind: Kind) -> Family {
    match kind.group() {
        Group::Picture | Group::OtherPicture => Family::Picture,
        Group::Office | Group::LegacyOffice => Family::Office,
        Group::Archive | Group::OtherArchive => Family::Archive,
        Group::Media => Family::Media,
        group @ (Group::Drawing
        | Group::Pdf
        | Group::Text
        | Group::Web
        | Group::Record
        | Group::OtherDocument
        | Group::Mail
        | Group::Program
        | Group::DiskImage
        | Group::Unknown) => Family::Other(group),
    }
}

/// Whether `ending` (lower case, without the dot) is one of these.
pub(crate) fn is_known_ending(ending: &str) -> bool {
    ENDINGS.iter().any(|(endings, _)| endings.contains(&ending))
}

/// Whether what the file says about itself and its content do not fit.
pub(super) fn differs(kind: Kind, hint: &Hint<'_>) -> bool {
    if kind == Kind::Empty {
        return false;
    }
    let fits = |kinds: &[Kind]| kinds.iter().any(|expected| family(*expected) == family(kind));
    let by_name = ENDINGS.iter().find(|(endings, _)| endings.contains(&hint.ending.as_str()));
    let named = match by_name {
        // What is run is called so by more names than there are kinds.
        None if hint.dangerous => !matches!(kind.group(), Group::Program | Group::Unknown | Group::DiskImage),
        None => false,
        Some((_, kinds)) => !fits(kinds),
    };
    let declares =
        |word: &str| if word.ends_with(['/', '.']) { hint.declared.starts_with(word) } else { hint.declared == word };
    let by_type = DECLARED.iter().find(|(word, _)| declares(word));
    named || by_type.is_some_and(|(_, kinds)| !fits(kinds))
}
