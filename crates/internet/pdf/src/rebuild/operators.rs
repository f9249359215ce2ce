//! The operators of page contents (ISO 32000-1 Annex A).

/// What an operator takes and does, as far as writing it anew needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// So many numbers; changes a state and paints nothing.
    State(&'static str, usize),
    /// So many numbers; moves inside a text object and nowhere else.
    Move(&'static str, usize),
    /// So many whole numbers from 0 up to a bound.
    Whole(&'static str, u8),
    /// So many numbers; part of a path.
    Path(&'static str, usize),
    /// Paints or ends a path.
    Paint(&'static str),
    /// `d`: an array and a number.
    Dash,
    /// `ri`.
    Intent,
    /// `gs`.
    ExtState,
    /// `cs` (stroking: `CS`).
    Space(&'static str),
    /// `sc`, `scn` (stroking: `SC`, `SCN`).
    Color(&'static str),
    /// `sh`.
    Shading,
    /// `Do`.
    XObject,
    /// `Tf`.
    Font,
    /// `Tj`.
    Show,
    /// `'`.
    NextLineShow,
    /// `"`.
    SpacedShow,
    /// `TJ`.
    ShowSpaced,
    /// `q`.
    Save,
    /// `Q`.
    Restore,
    /// `BT`.
    BeginText,
    /// `ET`.
    EndText,
    /// `BI` to `EI`, read as one.
    InlineImage,
    /// `BMC`, `BDC`.
    BeginMarked,
    /// `EMC`.
    EndMarked,
    /// `d0` and `d1` with so many numbers.
    GlyphWidth(&'static str, usize),
    /// Known, and not written: `MP`, `DP`, `BX`, `EX`.
    Nothing,
}

/// The operator that is spelled so.
pub(super) fn operator(name: &[u8]) -> Option<Operator> {
    state(name).or_else(|| path(name)).or_else(|| other(name))
}

fn state(name: &[u8]) -> Option<Operator> {
    use Operator::{Move, State, Whole};
    Some(match name {
        b"w" => State("w", 1),
        b"J" => Whole("J", 2),
        b"j" => Whole("j", 2),
        b"M" => State("M", 1),
        b"i" => State("i", 1),
        b"cm" => State("cm", 6),
        b"g" => State("g", 1),
        b"G" => State("G", 1),
        b"rg" => State("rg", 3),
        b"RG" => State("RG", 3),
        b"k" => State("k", 4),
        b"K" => State("K", 4),
        b"Tc" => State("Tc", 1),
        b"Tw" => State("Tw", 1),
        b"Tz" => State("Tz", 1),
        b"TL" => State("TL", 1),
        b"Tr" => Whole("Tr", 7),
        b"Ts" => State("Ts", 1),
        b"Td" => Move("Td", 2),
        b"TD" => Move("TD", 2),
        b"Tm" => Move("Tm", 6),
        b"T*" => Move("T*", 0),
        _ => return None,
    })
}

fn path(name: &[u8]) -> Option<Operator> {
    use Operator::{Paint, Path};
    Some(match name {
        b"m" => Path("m", 2),
        b"l" => Path("l", 2),
        b"c" => Path("c", 6),
        b"v" => Path("v", 4),
        b"y" => Path("y", 4),
        b"re" => Path("re", 4),
        b"h" => Path("h", 0),
        b"W" => Path("W", 0),
        b"W*" => Path("W*", 0),
        b"S" => Paint("S"),
        b"s" => Paint("s"),
        b"f" | b"F" => Paint("f"),
        b"f*" => Paint("f*"),
        b"B" => Paint("B"),
        b"B*" => Paint("B*"),
        b"b" => Paint("b"),
        b"b*" => Paint("b*"),
        b"n" => Paint("n"),
        _ => return None,
    })
}

fn other(name: &[u8]) -> Option<Operator> {
    Some(match name {
        b"d" => Operator::Dash,
        b"ri" => Operator::Intent,
        b"gs" => Operator::ExtState,
        b"cs" => Operator::Space("cs"),
        b"CS" => Operator::Space("CS"),
        b"sc" => Operator::Color("sc"),
        b"SC" => Operator::Color("SC"),
        b"scn" => Operator::Color("scn"),
        b"SCN" => Operator::Color("SCN"),
        b"sh" => Operator::Shading,
        b"Do" => Operator::XObject,
        b"Tf" => Operator::Font,
        b"Tj" => Operator::Show,
        b"'" => Operator::NextLineShow,
        b"\"" => Operator::SpacedShow,
        b"TJ" => Operator::ShowSpaced,
        b"q" => Operator::Save,
        b"Q" => Operator::Restore,
        b"BT" => Operator::BeginText,
        b"ET" => Operator::EndText,
        b"BI" => Operator::InlineImage,
        b"BMC" | b"BDC" => Operator::BeginMarked,
        b"EMC" => Operator::EndMarked,
        b"d0" => Operator::GlyphWidth("d0", 2),
        b"d1" => Operator::GlyphWidth("d1", 6),
        b"MP" | b"DP" | b"BX" | b"EX" => Operator::Nothing,
        _ => return None,
    })
}
