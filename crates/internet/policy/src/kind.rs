//! The kinds of file, by content, as a closed list.

use sekisho_safe_message::{Language, Method};
use serde::{Deserialize, Serialize};

/// Makes a closed list with a stable code and a name in both languages.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal, $ja:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = $en] #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every member, in the order of the manual.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable code in policies, reports and manuals.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What a person calls it.
            pub fn name(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::Ja) => $ja, (Self::$variant, Language::En) => $en,)*
                }
            }

            /// The member with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

names! {
    /// What a file is, by its content.
    Kind {
        Png = "png", "PNG画像", "PNG picture";
        Jpeg = "jpeg", "JPEG画像", "JPEG picture";
        Gif = "gif", "GIF画像", "GIF picture";
        Bmp = "bmp", "BMP画像", "BMP picture";
        Tiff = "tiff", "TIFF画像", "TIFF picture";
        Webp = "webp", "WebP画像", "WebP picture";
        Heif = "heif", "HEIF画像", "HEIF picture";
        Avif = "avif", "AVIF画像", "AVIF picture";
        JpegXl = "jxl", "JPEG XL画像", "JPEG XL picture";
        Jpeg2000 = "jp2", "JPEG 2000画像", "JPEG 2000 picture";
        Psd = "psd", "Photoshop画像", "Photoshop picture";
        Icon = "ico", "アイコン", "icon";
        PostScript = "postscript", "PostScript", "PostScript";
        Svg = "svg", "SVG図形", "SVG drawing";
        Emf = "emf", "EMF図形", "EMF drawing";
        Wmf = "wmf", "WMF図形", "WMF drawing";
        Pdf = "pdf", "PDF", "PDF";
        PdfForm = "pdf-form", "PDFフォームデータ（FDF、XDP）", "PDF form data (FDF, XDP)";
        Text = "text", "テキスト", "text";
        Csv = "csv", "CSV", "CSV";
        Json = "json", "JSON", "JSON";
        Xml = "xml", "XML", "XML";
        Html = "html", "HTML", "HTML";
        Mht = "mht", "MHT（ウェブアーカイブ）", "MHT (web archive)";
        Calendar = "ics", "予定（iCalendar）", "calendar (iCalendar)";
        Card = "vcf", "連絡先（vCard）", "contact (vCard)";
        Docx = "docx", "Word文書", "Word document";
        Docm = "docm", "マクロ付きWord文書", "Word document with macros";
        Xlsx = "xlsx", "Excelブック", "Excel workbook";
        Xlsm = "xlsm", "マクロ付きExcelブック", "Excel workbook with macros";
        Xlsb = "xlsb", "Excelバイナリブック", "binary Excel workbook";
        Pptx = "pptx", "PowerPoint資料", "PowerPoint presentation";
        Pptm = "pptm", "マクロ付きPowerPoint資料", "PowerPoint presentation with macros";
        Odt = "odt", "ODF文書", "ODF text";
        Ods = "ods", "ODF表計算", "ODF spreadsheet";
        Odp = "odp", "ODFプレゼンテーション", "ODF presentation";
        Odg = "odg", "ODF図形", "ODF drawing";
        FlatOdf = "flat-odf", "フラットODF", "flat ODF";
        OfficeXml = "office-xml", "Office XML（2003形式など）", "Office XML (2003 and the like)";
        Doc = "doc", "旧Word文書", "old Word document";
        Xls = "xls", "旧Excelブック", "old Excel workbook";
        Ppt = "ppt", "旧PowerPoint資料", "old PowerPoint presentation";
        Rtf = "rtf", "RTF文書", "RTF document";
        Ichitaro = "ichitaro", "一太郎文書", "Ichitaro document";
        EncryptedOffice = "encrypted-office", "暗号化されたOffice文書", "encrypted Office document";
        CompoundFile = "cfb", "複合ファイル", "compound file";
        OtherPackage = "package", "その他のパッケージ形式（OPC、EPUBなど）", "another package (OPC, EPUB and the like)";
        OneNote = "onenote", "OneNote", "OneNote";
        DocuWorks = "docuworks", "DocuWorks文書", "DocuWorks document";
        Zip = "zip", "ZIP書庫", "ZIP archive";
        SevenZip = "7z", "7z書庫", "7z archive";
        Tar = "tar", "tar書庫", "tar archive";
        Gzip = "gzip", "gzip圧縮", "gzip";
        Bzip2 = "bzip2", "bzip2圧縮", "bzip2";
        Xz = "xz", "xz圧縮", "xz";
        Lzh = "lzh", "LZH書庫", "LZH archive";
        Cab = "cab", "CAB書庫", "CAB archive";
        Rar = "rar", "RAR書庫", "RAR archive";
        OtherArchive = "other-archive", "その他の書庫", "another archive";
        Mail = "mail", "メール（eml）", "mail (eml)";
        Mbox = "mbox", "メールボックス（mbox）", "mailbox (mbox)";
        Msg = "msg", "Outlookメッセージ（msg）", "Outlook message (msg)";
        Tnef = "tnef", "winmail.dat（TNEF）", "winmail.dat (TNEF)";
        Smime = "smime", "S/MIMEメール", "S/MIME mail";
        Executable = "executable", "実行プログラム", "program";
        Script = "script", "スクリプト", "script";
        Shortcut = "shortcut", "ショートカット", "shortcut";
        Help = "help", "ヘルプ（chm、hlp）", "help file (chm, hlp)";
        Java = "java", "Javaプログラム", "Java program";
        Flash = "flash", "Flash", "Flash";
        DiskImage = "disk-image", "ディスクイメージ", "disk image";
        Audio = "audio", "音声", "sound";
        Video = "video", "動画", "video";
        Font = "font", "フォント", "font";
        Database = "database", "データベース", "database";
        Empty = "empty", "空のファイル", "empty file";
        Unknown = "unknown", "不明な形式", "unknown format";
    }
}

names! {
    /// Kinds that rules name together.
    Group {
        Picture = "picture", "画像", "pictures";
        OtherPicture = "other-picture", "その他の画像", "other pictures";
        Drawing = "drawing", "図形", "drawings";
        Pdf = "pdf-files", "PDF", "PDF";
        Text = "plain", "テキスト・CSV", "text and cells";
        Web = "web", "ウェブページ", "web pages";
        Record = "record", "予定・連絡先", "calendars and cards";
        Office = "office", "Office文書", "Office documents";
        LegacyOffice = "legacy-office", "旧形式のOffice文書", "old Office documents";
        OtherDocument = "other-document", "その他の文書", "other documents";
        Archive = "archive", "書庫", "archives";
        OtherArchive = "unknown-archive", "扱えない書庫", "archives that cannot be opened";
        Mail = "mails", "メール", "mails";
        Program = "program", "プログラム", "programs";
        DiskImage = "disk-images", "ディスクイメージ", "disk images";
        Media = "media", "音声・動画", "sound and video";
        Unknown = "other", "不明", "unknown";
    }
}

impl Kind {
    /// The group it belongs to.
    pub fn group(self) -> Group {
        match self {
            Self::Png | Self::Jpeg | Self::Gif | Self::Bmp | Self::Tiff | Self::Webp => Group::Picture,
            Self::Heif | Self::Avif | Self::JpegXl | Self::Jpeg2000 | Self::Psd | Self::Icon | Self::PostScript => {
                Group::OtherPicture
            }
            Self::Svg | Self::Emf | Self::Wmf => Group::Drawing,
            Self::Pdf => Group::Pdf,
            Self::Text | Self::Csv | Self::Json | Self::Xml => Group::Text,
            Self::Html | Self::Mht => Group::Web,
            Self::Calendar | Self::Card => Group::Record,
            Self::Docx
            | Self::Docm
            | Self::Xlsx
            | Self::Xlsm
            | Self::Xlsb
            | Self::Pptx
            | Self::Pptm
            | Self::Odt
            | Self::Ods
            | Self::Odp
            | Self::Odg
            | Self::FlatOdf
            | Self::OfficeXml => Group::Office,
            Self::Doc | Self::Xls | Self::Ppt | Self::Rtf | Self::Ichitaro | Self::EncryptedOffice => {
                Group::LegacyOffice
            }
            Self::PdfForm | Self::CompoundFile | Self::OtherPackage | Self::OneNote | Self::DocuWorks => {
                Group::OtherDocument
            }
            Self::Zip
            | Self::SevenZip
            | Self::Tar
            | Self::Gzip
            | Self::Bzip2
            | Self::Xz
            | Self::Lzh
            | Self::Cab
            | Self::Rar => Group::Archive,
            Self::OtherArchive => Group::OtherArchive,
            Self::Mail | Self::Mbox | Self::Msg | Self::Tnef | Self::Smime => Group::Mail,
            Self::Executable | Self::Script | Self::Shortcut | Self::Help | Self::Java | Self::Flash => Group::Program,
            Self::DiskImage => Group::DiskImage,
            Self::Audio | Self::Video => Group::Media,
            Self::Font | Self::Database | Self::Empty | Self::Unknown => Group::Unknown,
        }
    }
}

impl Kind {
    /// Whether somebody here can do this with files of the kind. A method that
    /// is not offered is passed over in a chain.
    pub fn offers(self, method: Method) -> bool {
        self.methods().contains(&method)
    }

    fn methods(self) -> &'static [Method] {
        use Method::{Extract, Flatten, Rebuild};
        match self {
            Self::Tiff => &[Rebuild, Flatten],
            Self::Pdf => &[Rebuild, Flatten, Extract],
            Self::Html | Self::Mht => &[Extract],
            kind => match kind.group() {
                Group::Picture | Group::Drawing | Group::Archive => &[Rebuild],
                Group::Text | Group::Record | Group::Mail => &[Rebuild, Extract],
                // Pdf and Web are above; the others have nobody who reads them.
                Group::Pdf
                | Group::Web
                | Group::OtherPicture
                | Group::Office
                | Group::LegacyOffice
                | Group::OtherDocument
                | Group::OtherArchive
                | Group::Program
                | Group::DiskImage
                | Group::Media
                | Group::Unknown => &[],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(Kind::from_code(kind.code()), Some(*kind));
            assert!(Kind::ALL[..at].iter().all(|other| other.code() != kind.code()));
            // A rule's list may name both kinds and groups.
            assert_eq!(Group::from_code(kind.code()), None, "{}", kind.code());
        }
        for (at, group) in Group::ALL.iter().enumerate() {
            assert!(Group::ALL[..at].iter().all(|other| other.code() != group.code()));
        }
    }
}
