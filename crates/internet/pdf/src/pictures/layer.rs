//! Text that nobody sees, over a page that is a picture.
//!
//! Type 3 fonts whose only glyph is empty, with a `ToUnicode` of their own:
//! they hold nothing but the characters, any character, and no reader looks
//! for a font to replace them. Each word is stretched over the place where it
//! is seen, so that it is marked there, and readers find the words by their
//! gaps as in the original.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as _;

use sekisho_safe_message::is_safe_char;

use crate::extract::words::Word;
use crate::write::{Dictionary, Objects, Ref, Value, spell_number};

/// Width of every glyph in thousandths of the size. Half the size, and the
/// name `a`: readers guess the size of a Type 3 font by the width of a letter
/// (poppler: half the size for any letter but `m`).
const WIDTH: u16 = 500;

/// Codes of a font. The first font holds ASCII at its own codes, so that
/// words of Latin letters need no other.
const CODES: usize = 256;

/// The fonts and what their codes stand for.
pub(super) struct Layer {
    codes: HashMap<char, usize>,
    characters: Vec<char>,
    fonts: BTreeMap<usize, Ref>,
    glyph: Ref,
}

/// A place in a font.
struct Code {
    font: usize,
    octet: u8,
}

impl Layer {
    pub(super) fn new(objects: &mut Objects) -> Self {
        let glyph = objects.add_stream(Dictionary::new(), format!("{WIDTH} 0 d0").into_bytes());
        Self { codes: HashMap::new(), characters: Vec::new(), fonts: BTreeMap::new(), glyph }
    }

    /// Writes `words` behind `contents`; `height` is that of the page, and all
    /// places of words shrink by `shrink`. Gives the fonts that the page needs.
    pub(super) fn write(
        &mut self,
        objects: &mut Objects,
        contents: &mut Vec<u8>,
        words: &[Word],
        height: f64,
        shrink: f64,
    ) -> Option<Dictionary> {
        let mut used = BTreeSet::new();
        let mut state = None;
        for word in words {
            let codes: Vec<Code> = word.text.chars().filter(|c| is_safe_char(*c)).map(|c| self.code(c)).collect();
            if codes.is_empty() {
                continue;
            }
            if used.is_empty() {
                contents.extend(b"\nBT 3 Tr");
            }
            used.extend(codes.iter().map(|code| code.font));
            place(contents, word, codes.len(), height, shrink);
            self.show(contents, word, &codes, word.size * shrink, &mut state, &mut used);
        }
        if used.is_empty() {
            return None;
        }
        contents.extend(b" ET");
        let mut fonts = Dictionary::new();
        for font in used {
            let place = *self.fonts.entry(font).or_insert_with(|| objects.reserve());
            fonts.set_own(format!("T{font}"), place.into());
        }
        Some(fonts)
    }

    fn show(
        &mut self,
        contents: &mut Vec<u8>,
        word: &Word,
        codes: &[Code],
        size: f64,
        state: &mut Option<(usize, u64)>,
        used: &mut BTreeSet<usize>,
    ) {
        let space = word.space.then(|| self.code(' '));
        let mut open = false;
        for code in codes.iter().chain(space.as_ref()) {
            let wanted = (code.font, size.to_bits());
            if *state != Some(wanted) {
                contents.extend(if open { b"> Tj" as &[u8] } else { b"" });
                open = false;
                let _ = write!(contents, " /T{} ", code.font);
                spell_number(contents, size);
                contents.extend(b" Tf");
                *state = Some(wanted);
                used.insert(code.font);
            }
            contents.extend(if open { b"" as &[u8] } else { b" <" });
            open = true;
            let _ = write!(contents, "{:02x}", code.octet);
        }
        contents.extend(b"> Tj");
    }

    fn code(&mut self, character: char) -> Code {
        let at = if matches!(character, ' '..='~') {
            character as usize
        } else {
            let next = CODES + self.characters.len();
            *self.codes.entry(character).or_insert_with(|| {
                self.characters.push(character);
                next
            })
        };
        Code { font: at / CODES, octet: at.to_le_bytes()[0] }
    }

    /// Writes the fonts that pages need.
    pub(super) fn finish(&self, objects: &mut Objects) {
        for (font, place) in &self.fonts {
            let ascii: Vec<char> = (' '..='~').collect();
            let (first, characters): (usize, &[char]) = match font.checked_sub(1) {
                None => (32, &ascii),
                Some(at) => {
                    let start = (at * CODES).min(self.characters.len());
                    (0, &self.characters[start..(start + CODES).min(self.characters.len())])
                }
            };
            let map = objects.add_stream(Dictionary::new(), to_unicode(first, characters));
            objects.set(*place, self.font(first, characters.len(), map));
        }
    }

    fn font(&self, first: usize, count: usize, map: Ref) -> Dictionary {
        let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(0));
        let mut differences = vec![number(first)];
        differences.extend(std::iter::repeat_n(Value::name("a"), count));
        let encoding = Dictionary::of_type("Encoding").with("Differences", Value::Array(differences));
        Dictionary::of_type("Font")
            .with("Subtype", Value::name("Type3"))
            .with("FontBBox", Value::numbers([0, 0, i32::from(WIDTH), 1000]))
            .with("FontMatrix", Value::numbers([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]))
            .with("CharProcs", Dictionary::new().with("a", self.glyph.into()).into())
            .with("Encoding", encoding.into())
            .with("FirstChar", number(first))
            .with("LastChar", number(first + count.saturating_sub(1)))
            .with("Widths", Value::Array(vec![Value::Int(i64::from(WIDTH)); count]))
            .with("Resources", Dictionary::new().into())
            .with("ToUnicode", map.into())
    }
}

/// The stretch and the place of `word`, which has `count` characters.
fn place(contents: &mut Vec<u8>, word: &Word, count: usize, height: f64, shrink: f64) {
    let length = word.advance.0.hypot(word.advance.1);
    let (cos, sin) = if length > 0.0 { (word.advance.0 / length, word.advance.1 / length) } else { (1.0, 0.0) };
    #[expect(clippy::cast_precision_loss, reason = "a word has fewer than 2^52 characters")]
    let natural = count as f64 * word.size * f64::from(WIDTH) / 1000.0;
    let stretch = (100.0 * length / natural).clamp(0.1, 10_000.0);
    contents.push(b' ');
    spell_number(contents, stretch);
    contents.extend(b" Tz");
    // Places are from the upper left, PDF's from the lower left.
    for number in [cos, -sin, sin, cos, word.origin.0 * shrink, height - word.origin.1 * shrink] {
        contents.push(b' ');
        spell_number(contents, number);
    }
    contents.extend(b" Tm");
}

/// A `ToUnicode` CMap (9.10.3): codes from `first` on are `characters`.
fn to_unicode(first: usize, characters: &[char]) -> Vec<u8> {
    let mut out = b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
        /CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n\
        /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
        1 begincodespacerange\n<00> <ff>\nendcodespacerange\n"
        .to_vec();
    let codes: Vec<(usize, char)> = (first..).zip(characters.iter().copied()).collect();
    // At most 100 in a block (Adobe technical note 5014, 1.4.1).
    for block in codes.chunks(100) {
        let _ = writeln!(out, "{} beginbfchar", block.len());
        for (code, character) in block {
            let _ = write!(out, "<{code:02x}> <");
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "{unit:04x}");
            }
            out.extend(b">\n");
        }
        out.extend(b"endbfchar\n");
    }
    out.extend(b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    out
}
