//! Keys of fonts (9.6 to 9.8), and the character maps that readers have.

use super::tables::{FLATE, LENGTH};
use super::{Key, Kind, Role};
use Kind::*;

const MUST: bool = true;
const MAY: bool = false;

const WIDTH_KEYS: [Key; 3] =
    [("FirstChar", MAY, Integer(0, 255)), ("LastChar", MAY, Integer(0, 255)), ("Widths", MAY, One(Role::Widths))];

pub(in crate::pdf) const ENCODINGS: &[&str] =
    &["WinAnsiEncoding", "MacRomanEncoding", "MacExpertEncoding", "StandardEncoding"];

/// Of Type 1 and TrueType fonts.
pub(in crate::pdf) const SIMPLE: &[Key] = &[
    ("Type", MUST, Names(&["Font"])),
    ("Subtype", MUST, Names(&["Type1", "TrueType", "MMType1"])),
    ("BaseFont", MUST, AnyName),
    WIDTH_KEYS[0],
    WIDTH_KEYS[1],
    WIDTH_KEYS[2],
    ("FontDescriptor", MAY, One(Role::Descriptor)),
    ("Encoding", MAY, NameOr(ENCODINGS, Role::Encoding)),
    ("ToUnicode", MAY, One(Role::Unicode)),
];

pub(in crate::pdf) const DRAWN: &[Key] = &[
    ("Type", MUST, Names(&["Font"])),
    ("Subtype", MUST, Names(&["Type3"])),
    ("FontBBox", MUST, Numbers(4, 4)),
    ("FontMatrix", MUST, Numbers(6, 6)),
    ("CharProcs", MUST, One(Role::Glyphs)),
    ("Encoding", MUST, One(Role::Encoding)),
    WIDTH_KEYS[0],
    WIDTH_KEYS[1],
    WIDTH_KEYS[2],
    ("FontDescriptor", MAY, One(Role::Descriptor)),
    ("Resources", MUST, One(Role::Resources)),
    ("ToUnicode", MAY, One(Role::Unicode)),
];

pub(in crate::pdf) const COMPOSITE: &[Key] = &[
    ("Type", MUST, Names(&["Font"])),
    ("Subtype", MUST, Names(&["Type0"])),
    ("BaseFont", MUST, AnyName),
    ("Encoding", MUST, NameOr(MAPS, Role::Map)),
    ("DescendantFonts", MUST, Many(Role::Descendant, 1)),
    ("ToUnicode", MAY, One(Role::Unicode)),
];

pub(in crate::pdf) const DESCENDANT: &[Key] = &[
    ("Type", MUST, Names(&["Font"])),
    ("Subtype", MUST, Names(&["CIDFontType0", "CIDFontType2"])),
    ("BaseFont", MUST, AnyName),
    ("CIDSystemInfo", MUST, One(Role::SystemInfo)),
    ("FontDescriptor", MUST, One(Role::Descriptor)),
    ("DW", MAY, Number),
    ("W", MAY, One(Role::Widths)),
    ("DW2", MAY, Numbers(2, 2)),
    ("W2", MAY, One(Role::Widths)),
    ("CIDToGIDMap", MAY, NameOr(&["Identity"], Role::GlyphMap)),
];

pub(in crate::pdf) const SYSTEM_INFO: &[Key] =
    &[("Registry", MUST, Text(64)), ("Ordering", MUST, Text(64)), ("Supplement", MUST, Integer(0, 99))];

pub(in crate::pdf) const DESCRIPTOR: &[Key] = &[
    ("Type", MUST, Names(&["FontDescriptor"])),
    ("FontName", MUST, AnyName),
    ("FontFamily", MAY, Text(127)),
    ("FontStretch", MAY, AnyName),
    ("FontWeight", MAY, Number),
    ("Flags", MUST, Integer(0, u32::MAX as i64)),
    ("FontBBox", MAY, Numbers(4, 4)),
    ("ItalicAngle", MAY, Number),
    ("Ascent", MAY, Number),
    ("Descent", MAY, Number),
    ("Leading", MAY, Number),
    ("CapHeight", MAY, Number),
    ("XHeight", MAY, Number),
    ("StemV", MAY, Number),
    ("StemH", MAY, Number),
    ("AvgWidth", MAY, Number),
    ("MaxWidth", MAY, Number),
    ("MissingWidth", MAY, Number),
    ("FontFile3", MAY, One(Role::FontFile)),
];

pub(in crate::pdf) const FONT_FILE3: &[Key] = &[LENGTH, FLATE, ("Subtype", MUST, Names(&["Type1C", "CIDFontType0C"]))];

pub(in crate::pdf) const ENCODING: &[Key] =
    &[("Type", MAY, Names(&["Encoding"])), ("BaseEncoding", MAY, Names(ENCODINGS)), ("Differences", MAY, Differences)];

pub(in crate::pdf) const MAP: &[Key] = &[
    LENGTH,
    FLATE,
    ("Type", MUST, Names(&["CMap"])),
    ("CMapName", MUST, AnyName),
    ("CIDSystemInfo", MUST, One(Role::SystemInfo)),
    ("WMode", MAY, Integer(0, 1)),
];

/// 9.7.5.2, table 118.
pub(in crate::pdf) const MAPS: &[&str] = &[
    "Identity-H",
    "Identity-V",
    "GB-EUC-H",
    "GB-EUC-V",
    "GBpc-EUC-H",
    "GBpc-EUC-V",
    "GBK-EUC-H",
    "GBK-EUC-V",
    "GBKp-EUC-H",
    "GBKp-EUC-V",
    "GBK2K-H",
    "GBK2K-V",
    "UniGB-UCS2-H",
    "UniGB-UCS2-V",
    "UniGB-UTF16-H",
    "UniGB-UTF16-V",
    "B5pc-H",
    "B5pc-V",
    "HKscs-B5-H",
    "HKscs-B5-V",
    "ETen-B5-H",
    "ETen-B5-V",
    "ETenms-B5-H",
    "ETenms-B5-V",
    "CNS-EUC-H",
    "CNS-EUC-V",
    "UniCNS-UCS2-H",
    "UniCNS-UCS2-V",
    "UniCNS-UTF16-H",
    "UniCNS-UTF16-V",
    "83pv-RKSJ-H",
    "90ms-RKSJ-H",
    "90ms-RKSJ-V",
    "90msp-RKSJ-H",
    "90msp-RKSJ-V",
    "90pv-RKSJ-H",
    "Add-RKSJ-H",
    "Add-RKSJ-V",
    "EUC-H",
    "EUC-V",
    "Ext-RKSJ-H",
    "Ext-RKSJ-V",
    "H",
    "V",
    "UniJIS-UCS2-H",
    "UniJIS-UCS2-V",
    "UniJIS-UCS2-HW-H",
    "UniJIS-UCS2-HW-V",
    "UniJIS-UTF16-H",
    "UniJIS-UTF16-V",
    "KSC-EUC-H",
    "KSC-EUC-V",
    "KSCms-UHC-H",
    "KSCms-UHC-V",
    "KSCms-UHC-HW-H",
    "KSCms-UHC-HW-V",
    "KSCpc-EUC-H",
    "UniKS-UCS2-H",
    "UniKS-UCS2-V",
    "UniKS-UTF16-H",
    "UniKS-UTF16-V",
];
