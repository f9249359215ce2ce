//! Character maps (9.7.5, 9.10.3; Adobe technical note 5014): a head of known
//! words, sections of codes, a tail.

use sekisho_verify::Fault;

use super::grammar as g;
use super::lex::{Dict, Lexer, Token, Value};
use super::values::one_of;
use super::walk::Walk;

/// Tokens of the head.
const MAX_HEAD: usize = 80;
/// Lines of one section (5014, 1.4.1).
const MAX_LINES: i64 = 100;
/// Octets of a text that one code stands for.
const MAX_TARGET: usize = 512;

const NAMES: &[&str] = &[
    "CIDInit",
    "ProcSet",
    "CIDSystemInfo",
    "Registry",
    "Ordering",
    "Supplement",
    "CMapName",
    "CMapVersion",
    "CMapType",
    "WMode",
    "UIDOffset",
    "XUID",
];
const WORDS: &[&[u8]] = &[b"findresource", b"begin", b"dict", b"dup", b"def", b"end", b"begincmap"];

/// A font's encoding.
pub(super) fn check<'a>(walk: &mut Walk<'a>, dict: &'a Dict, data: &'a [u8]) -> Result<(), Fault> {
    walk.table(dict, &[g::MAP])?;
    let map = walk.unpack(dict, data)?;
    read(&map)
}

/// What a font's codes mean: a stream without more.
pub(super) fn unicode<'a>(walk: &mut Walk<'a>, dict: &'a Dict, data: &'a [u8]) -> Result<(), Fault> {
    walk.table(dict, &[if dict.get(b"Type").is_some() { g::MAP } else { g::STREAM }])?;
    let map = walk.unpack(dict, data)?;
    read(&map)
}

fn read(map: &[u8]) -> Result<(), Fault> {
    let mut lexer = Lexer::of_stream(map);
    let mut count = head(&mut lexer)?;
    loop {
        let Token::Word(word) = lexer.token()? else { return Err(Fault::Map) };
        let section = word.strip_prefix(b"begin").ok_or(Fault::Map)?;
        for _ in 0..count {
            line(&mut lexer, section)?;
        }
        match lexer.token()? {
            Token::Word(word) if word.strip_prefix(b"end") == Some(section) => {}
            _ => return Err(Fault::Map),
        }
        match lexer.token()? {
            Token::Integer(lines @ 1..=MAX_LINES) => count = lines,
            Token::Word(b"endcmap") => return tail(&mut lexer),
            _ => return Err(Fault::Map),
        }
    }
}

/// Up to the number of lines of the code space, which comes first.
fn head(lexer: &mut Lexer<'_>) -> Result<i64, Fault> {
    let mut before = None;
    let mut named = false;
    for _ in 0..MAX_HEAD {
        if lexer.rest().starts_with(b"begincodespacerange") || lexer.rest().starts_with(b" begincodespacerange") {
            return before.filter(|lines| (1..=MAX_LINES).contains(lines)).ok_or(Fault::Map);
        }
        before = None;
        match lexer.token()? {
            Token::Integer(number) => before = Some(number),
            Token::Name(name) => {
                if !named {
                    one_of(NAMES, &name).map_err(|_| Fault::Map)?;
                }
                named = !named && name.as_ref() == b"CMapName";
                continue;
            }
            Token::Word(word) if WORDS.contains(&word) => {}
            Token::Text(text) if text.len() <= 64 => {}
            Token::DictBegin | Token::DictEnd => {}
            _ => return Err(Fault::Map),
        }
        named = false;
    }
    Err(Fault::Map)
}

/// One line of a section.
fn line(lexer: &mut Lexer<'_>, section: &[u8]) -> Result<(), Fault> {
    let first = code(lexer)?;
    match section {
        b"codespacerange" => same_length(first, code(lexer)?),
        b"bfchar" => target(lexer.token()?),
        b"bfrange" => {
            same_length(first, code(lexer)?)?;
            match lexer.token()? {
                Token::ArrayBegin => targets(lexer),
                single => target(single),
            }
        }
        b"cidchar" | b"notdefchar" => character(lexer),
        b"cidrange" | b"notdefrange" => {
            same_length(first, code(lexer)?)?;
            character(lexer)
        }
        _ => Err(Fault::Map),
    }
}

/// Octets of a code.
fn code(lexer: &mut Lexer<'_>) -> Result<usize, Fault> {
    match lexer.token()? {
        Token::Text(code) if (1..=4).contains(&code.len()) => Ok(code.len()),
        _ => Err(Fault::Map),
    }
}

fn same_length(first: usize, last: usize) -> Result<(), Fault> {
    if first == last { Ok(()) } else { Err(Fault::Map) }
}

/// UTF-16.
fn target(token: Token<'_>) -> Result<(), Fault> {
    match token {
        Token::Text(text) if text.len().is_multiple_of(2) && text.len() <= MAX_TARGET => Ok(()),
        _ => Err(Fault::Map),
    }
}

/// One for each code: at most 256.
fn targets(lexer: &mut Lexer<'_>) -> Result<(), Fault> {
    for _ in 0..=256 {
        match lexer.token()? {
            Token::ArrayEnd => return Ok(()),
            token => target(token)?,
        }
    }
    Err(Fault::Map)
}

fn character(lexer: &mut Lexer<'_>) -> Result<(), Fault> {
    if matches!(lexer.token()?, Token::Integer(0..=65_535)) { Ok(()) } else { Err(Fault::Map) }
}

fn tail(lexer: &mut Lexer<'_>) -> Result<(), Fault> {
    let cmap = Value::Name((*b"CMap").into());
    let words = [&b"CMapName"[..], b"currentdict", b"", b"defineresource", b"pop", b"end", b"end"];
    for word in words {
        let sound = match lexer.token()? {
            Token::Word(found) => found == word,
            Token::Name(name) => word.is_empty() && Value::Name(name) == cmap,
            _ => false,
        };
        if !sound {
            return Err(Fault::Map);
        }
    }
    if lexer.token()? == Token::End { Ok(()) } else { Err(Fault::Map) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) \
        /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
        1 begincodespacerange\n<00> <ff>\nendcodespacerange\n";
    const TAIL: &str = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n";

    #[test]
    fn maps() {
        for (body, sound) in [
            ("", true),
            ("2 beginbfchar\n<01> <0041>\n<02> <d842dfb7>\nendbfchar\n", true),
            ("1 beginbfrange\n<01> <03> <0041>\nendbfrange\n", true),
            ("1 beginbfrange\n<01> <02> [<0041> <0042>]\nendbfrange\n", true),
            ("1 begincidrange\n<01> <02> 5\nendcidrange\n", true),
            ("1 beginbfchar\n<01> <0041>\n<02> <0042>\nendbfchar\n", false),
            ("2 beginbfchar\n<01> <0041>\nendbfchar\n", false),
            ("1 beginbfchar\n<01> <41>\nendbfchar\n", false),
            ("1 beginbfchar\n<01> <0041>\nendbfrange\n", false),
            ("101 beginbfchar\n", false),
            ("/Other usecmap\n", false),
        ] {
            assert_eq!(read(format!("{HEAD}{body}{TAIL}").as_bytes()).is_ok(), sound, "{body}");
        }
        assert!(read(format!("{HEAD}{TAIL}x").as_bytes()).is_err());
        assert!(read(format!("(%!PS) run {HEAD}{TAIL}").as_bytes()).is_err());
        assert!(read(HEAD.as_bytes()).is_err());
    }
}
