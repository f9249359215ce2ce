//! Keys of the document, of graphics and of functions.

use super::{Key, Kind, Role};
use Kind::*;

const MUST: bool = true;
const MAY: bool = false;
/// Most pages, annotations, names and so on in one array.
const MANY: usize = 100_000;

pub(in crate::pdf) const CATALOG: &[Key] = &[
    ("Type", MUST, Names(&["Catalog"])),
    ("Pages", MUST, Elsewhere),
    ("Outlines", MAY, Elsewhere),
    ("PageLabels", MAY, One(Role::Labels)),
    ("PageMode", MAY, Names(&["UseNone", "UseOutlines"])),
    (
        "PageLayout",
        MAY,
        Names(&["SinglePage", "OneColumn", "TwoColumnLeft", "TwoColumnRight", "TwoPageLeft", "TwoPageRight"]),
    ),
    ("Lang", MAY, Language),
    ("ViewerPreferences", MAY, One(Role::Preferences)),
];

pub(in crate::pdf) const PREFERENCES: &[Key] = &[("Direction", MUST, Names(&["L2R", "R2L"]))];

pub(in crate::pdf) const LABELS: &[Key] = &[("Nums", MUST, Elsewhere)];

pub(in crate::pdf) const LABEL: &[Key] = &[
    ("Type", MAY, Names(&["PageLabel"])),
    ("S", MAY, Names(&["D", "R", "r", "A", "a"])),
    ("P", MAY, Readable),
    ("St", MAY, Integer(1, i32::MAX as i64)),
];

pub(in crate::pdf) const PAGES: &[Key] = &[
    ("Type", MUST, Names(&["Pages"])),
    ("Kids", MUST, Elsewhere),
    ("Count", MUST, Integer(0, MANY as i64)),
    ("Parent", MAY, Elsewhere),
];

pub(in crate::pdf) const PAGE: &[Key] = &[
    ("Type", MUST, Names(&["Page"])),
    ("Parent", MUST, Elsewhere),
    ("MediaBox", MUST, Numbers(4, 4)),
    ("CropBox", MAY, Numbers(4, 4)),
    ("Rotate", MAY, Integer(0, 270)),
    ("UserUnit", MAY, Number),
    ("Resources", MUST, One(Role::Resources)),
    ("Contents", MUST, OneOrMany(Role::Contents, MANY)),
    ("Annots", MAY, Many(Role::Annotation, MANY)),
    ("Group", MAY, One(Role::Group)),
];

pub(in crate::pdf) const GROUP: &[Key] = &[
    ("Type", MAY, Names(&["Group"])),
    ("S", MUST, Names(&["Transparency"])),
    ("CS", MAY, One(Role::ColorSpace)),
    ("I", MAY, Bool),
    ("K", MAY, Bool),
];

pub(in crate::pdf) const ANNOTATION: &[Key] = &[
    ("Type", MAY, Names(&["Annot"])),
    ("Subtype", MUST, Names(&["Link"])),
    ("Rect", MUST, Numbers(4, 4)),
    ("Border", MUST, Numbers(3, 3)),
    ("A", MAY, One(Role::Action)),
    ("Dest", MAY, Destination),
];

pub(in crate::pdf) const ACTION: &[Key] = &[("S", MUST, Names(&["URI"])), ("URI", MUST, Link)];

pub(in crate::pdf) const OUTLINES: &[Key] = &[
    ("Type", MAY, Names(&["Outlines"])),
    ("First", MAY, Elsewhere),
    ("Last", MAY, Elsewhere),
    ("Count", MAY, Integer(-(MANY as i64), MANY as i64)),
];

pub(in crate::pdf) const OUTLINE: &[Key] = &[
    ("Title", MUST, Readable),
    ("Parent", MUST, Elsewhere),
    ("Prev", MAY, Elsewhere),
    ("Next", MAY, Elsewhere),
    ("First", MAY, Elsewhere),
    ("Last", MAY, Elsewhere),
    ("Count", MAY, Integer(-(MANY as i64), MANY as i64)),
    ("Dest", MAY, Destination),
];

pub(in crate::pdf) const RESOURCES: &[Key] = &[
    ("Font", MAY, Named(Role::Font)),
    ("XObject", MAY, Named(Role::Drawing)),
    ("ExtGState", MAY, Named(Role::GraphicsState)),
    ("ColorSpace", MAY, Named(Role::ColorSpace)),
    ("Pattern", MAY, Named(Role::Pattern)),
    ("Shading", MAY, Named(Role::Shading)),
];

/// Of every stream.
pub(super) const LENGTH: Key = ("Length", MUST, Integer(0, i32::MAX as i64));
pub(super) const FLATE: Key = ("Filter", MAY, Names(&["FlateDecode"]));

/// Contents, glyphs, tables, maps.
pub(in crate::pdf) const STREAM: &[Key] = &[LENGTH, FLATE];

pub(in crate::pdf) const IMAGE: &[Key] = &[
    LENGTH,
    ("Filter", MAY, Names(&["FlateDecode", "DCTDecode"])),
    ("Type", MAY, Names(&["XObject"])),
    ("Subtype", MUST, Names(&["Image"])),
    ("Width", MUST, Integer(1, 65_535)),
    ("Height", MUST, Integer(1, 65_535)),
    ("ColorSpace", MAY, One(Role::ColorSpace)),
    ("ImageMask", MAY, Bool),
    ("BitsPerComponent", MUST, Integer(1, 16)),
    ("Decode", MAY, Numbers(2, 64)),
    ("Interpolate", MAY, Bool),
    ("SMask", MAY, One(Role::Image)),
    ("Mask", MAY, Mask),
    ("Matte", MAY, Numbers(1, 32)),
];

pub(in crate::pdf) const FORM: &[Key] = &[
    LENGTH,
    FLATE,
    ("Type", MAY, Names(&["XObject"])),
    ("Subtype", MUST, Names(&["Form"])),
    ("BBox", MUST, Numbers(4, 4)),
    ("Matrix", MAY, Numbers(6, 6)),
    ("Resources", MUST, One(Role::Resources)),
    ("Group", MAY, One(Role::Group)),
];

pub(in crate::pdf) const INTENTS: &[&str] =
    &["AbsoluteColorimetric", "RelativeColorimetric", "Saturation", "Perceptual"];

pub(in crate::pdf) const GRAPHICS_STATE: &[Key] = &[
    ("Type", MAY, Names(&["ExtGState"])),
    ("LW", MAY, Number),
    ("LC", MAY, Integer(0, 2)),
    ("LJ", MAY, Integer(0, 2)),
    ("ML", MAY, Number),
    ("D", MAY, Dash),
    ("CA", MAY, Number),
    ("ca", MAY, Number),
    ("BM", MAY, Modes),
    ("SMask", MAY, NameOr(&["None"], Role::SoftMask)),
    ("AIS", MAY, Bool),
    ("SA", MAY, Bool),
    ("TK", MAY, Bool),
    ("RI", MAY, Names(INTENTS)),
    ("FL", MAY, Number),
    ("SM", MAY, Number),
    ("OP", MAY, Bool),
    ("op", MAY, Bool),
    ("OPM", MAY, Integer(0, 1)),
];

pub(in crate::pdf) const SOFT_MASK: &[Key] = &[
    ("Type", MAY, Names(&["Mask"])),
    ("S", MUST, Names(&["Alpha", "Luminosity"])),
    ("G", MUST, One(Role::Form)),
    ("BC", MAY, Numbers(1, 32)),
    ("TR", MAY, Names(&["Identity"])),
];

pub(in crate::pdf) const TILING: &[Key] = &[
    LENGTH,
    FLATE,
    ("Type", MAY, Names(&["Pattern"])),
    ("PatternType", MUST, Integer(1, 1)),
    ("PaintType", MUST, Integer(1, 2)),
    ("TilingType", MUST, Integer(1, 3)),
    ("BBox", MUST, Numbers(4, 4)),
    ("XStep", MUST, Number),
    ("YStep", MUST, Number),
    ("Resources", MUST, One(Role::Resources)),
    ("Matrix", MAY, Numbers(6, 6)),
];

pub(in crate::pdf) const SHADED: &[Key] = &[
    ("Type", MAY, Names(&["Pattern"])),
    ("PatternType", MUST, Integer(2, 2)),
    ("Shading", MUST, One(Role::Shading)),
    ("Matrix", MAY, Numbers(6, 6)),
    ("ExtGState", MAY, One(Role::GraphicsState)),
];

const FUNCTIONS: Kind = OneOrMany(Role::Function, 32);

/// Of every shading.
pub(in crate::pdf) const SHADING: &[Key] = &[
    ("ShadingType", MUST, Integer(1, 7)),
    ("ColorSpace", MUST, One(Role::ColorSpace)),
    ("Background", MAY, Numbers(1, 32)),
    ("BBox", MAY, Numbers(4, 4)),
    ("AntiAlias", MAY, Bool),
];

/// Of shadings of types 1 to 7, besides.
pub(in crate::pdf) const SHADINGS: [&[Key]; 7] = [
    &[("Domain", MAY, Numbers(4, 4)), ("Matrix", MAY, Numbers(6, 6)), ("Function", MUST, FUNCTIONS)],
    &[
        ("Coords", MUST, Numbers(4, 4)),
        ("Domain", MAY, Numbers(2, 2)),
        ("Function", MUST, FUNCTIONS),
        ("Extend", MAY, Bools(2)),
    ],
    &[
        ("Coords", MUST, Numbers(6, 6)),
        ("Domain", MAY, Numbers(2, 2)),
        ("Function", MUST, FUNCTIONS),
        ("Extend", MAY, Bools(2)),
    ],
    MESH,
    &[
        LENGTH,
        FLATE,
        ("BitsPerCoordinate", MUST, Integer(1, 32)),
        ("BitsPerComponent", MUST, Integer(1, 16)),
        ("VerticesPerRow", MUST, Integer(2, 65_535)),
        ("Decode", MUST, Numbers(6, 72)),
        ("Function", MAY, FUNCTIONS),
    ],
    MESH,
    MESH,
];

const MESH: &[Key] = &[
    LENGTH,
    FLATE,
    ("BitsPerCoordinate", MUST, Integer(1, 32)),
    ("BitsPerComponent", MUST, Integer(1, 16)),
    ("BitsPerFlag", MUST, Integer(2, 8)),
    ("Decode", MUST, Numbers(6, 72)),
    ("Function", MAY, FUNCTIONS),
];

/// Of functions of type 0.
pub(in crate::pdf) const SAMPLED: &[Key] = &[
    LENGTH,
    FLATE,
    ("FunctionType", MUST, Integer(0, 0)),
    ("Domain", MUST, Intervals(32)),
    ("Range", MUST, Intervals(32)),
    ("Size", MUST, Numbers(1, 32)),
    ("BitsPerSample", MUST, Integer(1, 32)),
    ("Order", MAY, Integer(1, 3)),
    ("Encode", MAY, Numbers(2, 64)),
    ("Decode", MAY, Numbers(2, 64)),
];

pub(in crate::pdf) const EXPONENTIAL: &[Key] = &[
    ("FunctionType", MUST, Integer(2, 2)),
    ("Domain", MUST, Intervals(1)),
    ("Range", MAY, Intervals(32)),
    ("C0", MAY, Numbers(1, 32)),
    ("C1", MAY, Numbers(1, 32)),
    ("N", MUST, Number),
];

pub(in crate::pdf) const STITCHING: &[Key] = &[
    ("FunctionType", MUST, Integer(3, 3)),
    ("Domain", MUST, Intervals(1)),
    ("Range", MAY, Intervals(32)),
    ("Functions", MUST, Many(Role::Function, 10_000)),
    ("Bounds", MUST, Numbers(0, 10_000)),
    ("Encode", MUST, Numbers(2, 20_000)),
];

pub(in crate::pdf) const CALCULATOR: &[Key] = &[
    LENGTH,
    FLATE,
    ("FunctionType", MUST, Integer(4, 4)),
    ("Domain", MUST, Intervals(32)),
    ("Range", MUST, Intervals(32)),
];

pub(in crate::pdf) const CALIBRATION: &[Key] = &[
    ("WhitePoint", MUST, Numbers(3, 3)),
    ("BlackPoint", MAY, Numbers(3, 3)),
    ("Gamma", MAY, Elsewhere),
    ("Matrix", MAY, Numbers(9, 9)),
    ("Range", MAY, Numbers(4, 4)),
];
