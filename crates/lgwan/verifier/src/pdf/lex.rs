//! Tokens and values (ISO 32000-1 7.2, 7.3), in the spelling of our writer.

use sekisho_verify::Fault;

/// Nesting of direct values.
const MAX_DEPTH: usize = 16;
/// Octets of a name (Annex C).
const MAX_NAME: usize = 127;
/// Octets of a number.
const MAX_NUMBER: usize = 24;
/// Octets of a string.
const MAX_TEXT: usize = 1 << 20;

/// A name's octets, without `/` and escapes.
pub(super) type Name = Box<[u8]>;

/// A direct value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Name(Name),
    Text(Box<[u8]>),
    Array(Vec<Value>),
    Dict(Dict),
    Reference(u32),
}

/// A dictionary, sorted by key; no key stands twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Dict(Vec<(Name, Value)>);

impl Dict {
    fn new(mut entries: Vec<(Name, Value)>) -> Result<Self, Fault> {
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        let twice = entries.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if twice { Err(Fault::Key) } else { Ok(Self(entries)) }
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&Value> {
        let place = self.0.binary_search_by(|(name, _)| name.as_ref().cmp(key)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Value {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "ten digits fit")]
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Null
            | Self::Bool(_)
            | Self::Name(_)
            | Self::Text(_)
            | Self::Array(_)
            | Self::Dict(_)
            | Self::Reference(_) => None,
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }

    pub(super) fn array(&self) -> Option<&[Value]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub(super) fn dict(&self) -> Option<&Dict> {
        if let Self::Dict(dict) = self { Some(dict) } else { None }
    }
}

/// What stands between blanks and delimiters.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    Integer(i64),
    Real(f64),
    Name(Name),
    Text(Box<[u8]>),
    ArrayBegin,
    ArrayEnd,
    DictBegin,
    DictEnd,
    BraceBegin,
    BraceEnd,
    /// A keyword or operator.
    Word(&'a [u8]),
    End,
}

/// Reads tokens from the front.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    octets: &'a [u8],
    at: usize,
    /// Blanks and line feeds in a row.
    blanks: usize,
    /// Values that may still be read: their memory.
    left: usize,
}

impl<'a> Lexer<'a> {
    /// A file: at most so many values, one blank between tokens.
    pub(super) fn of_file(octets: &'a [u8], left: usize) -> Self {
        Self { octets, at: 0, blanks: 1, left }
    }

    /// What is packed in a stream, of which no value is kept: a line end and a
    /// blank between tokens.
    pub(super) fn of_stream(octets: &'a [u8]) -> Self {
        Self { octets, at: 0, blanks: 2, left: usize::MAX }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    /// Exactly these octets.
    pub(super) fn tag(&mut self, tag: &[u8]) -> Option<()> {
        self.rest().starts_with(tag).then(|| self.at += tag.len())
    }

    /// So many octets.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..count)?;
        self.at += count;
        Some(taken)
    }

    pub(super) fn token(&mut self) -> Result<Token<'a>, Fault> {
        let blanks = self.rest().iter().take_while(|octet| matches!(octet, b' ' | b'\n')).count();
        if blanks > self.blanks {
            return Err(Fault::Syntax);
        }
        self.at += blanks;
        let rest = self.rest();
        let Some(first) = rest.first() else { return Ok(Token::End) };
        let (token, length) = match first {
            b'[' => (Token::ArrayBegin, 1),
            b']' => (Token::ArrayEnd, 1),
            b'{' => (Token::BraceBegin, 1),
            b'}' => (Token::BraceEnd, 1),
            b'<' if rest.starts_with(b"<<") => (Token::DictBegin, 2),
            b'>' if rest.starts_with(b">>") => (Token::DictEnd, 2),
            b'<' => hex(rest)?,
            b'(' => literal(rest)?,
            b'/' => name(rest)?,
            b'0'..=b'9' | b'-' | b'.' => number(rest)?,
            octet if is_regular(*octet) => {
                let length = rest.iter().take_while(|octet| is_regular(**octet)).count();
                (Token::Word(&rest[..length]), length)
            }
            _ => return Err(Fault::Syntax),
        };
        self.at += length;
        Ok(token)
    }

    /// The next value; references stand for themselves.
    pub(super) fn value(&mut self) -> Result<Value, Fault> {
        let token = self.token()?;
        self.value_of(token, 0)
    }

    /// The value that begins with `token`. Nested at most [`MAX_DEPTH`] times,
    /// and so is this function.
    pub(super) fn value_of(&mut self, token: Token<'a>, depth: usize) -> Result<Value, Fault> {
        self.left = self.left.checked_sub(1).ok_or(Fault::Size)?;
        Ok(match token {
            Token::Integer(number) => self.reference(number).map_or(Value::Integer(number), Value::Reference),
            Token::Real(number) => Value::Real(number),
            Token::Name(name) => Value::Name(name),
            Token::Text(text) => Value::Text(text),
            Token::Word(b"null") => Value::Null,
            Token::Word(b"true") => Value::Bool(true),
            Token::Word(b"false") => Value::Bool(false),
            Token::ArrayBegin | Token::DictBegin if depth >= MAX_DEPTH => return Err(Fault::Depth),
            Token::ArrayBegin => Value::Array(self.items(depth)?),
            Token::DictBegin => Value::Dict(self.entries(depth)?),
            Token::ArrayEnd | Token::DictEnd | Token::BraceBegin | Token::BraceEnd | Token::Word(_) | Token::End => {
                return Err(Fault::Syntax);
            }
        })
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Value>, Fault> {
        let mut items = Vec::new();
        loop {
            match self.token()? {
                Token::ArrayEnd => return Ok(items),
                token => items.push(self.value_of(token, depth + 1)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Dict, Fault> {
        let mut entries = Vec::new();
        loop {
            match self.token()? {
                Token::DictEnd => return Dict::new(entries),
                Token::Name(name) => {
                    let token = self.token()?;
                    entries.push((name, self.value_of(token, depth + 1)?));
                }
                _ => return Err(Fault::Syntax),
            }
        }
    }

    /// `5 0 R`, of which the first number has been read.
    fn reference(&mut self, number: i64) -> Option<u32> {
        let number = u32::try_from(number).ok().filter(|number| *number > 0)?;
        self.rest().starts_with(b" 0 R").then_some(())?;
        self.rest().get(4).is_none_or(|next| !is_regular(*next)).then(|| self.at += 4)?;
        Some(number)
    }
}

/// Neither blank nor delimiter (7.2.2), and printable ASCII.
fn is_regular(octet: u8) -> bool {
    matches!(octet, b'!'..=b'~') && !b"()<>[]{}/%".contains(&octet)
}

/// `-12` or `-12.5`, nothing longer than a number of ours.
fn number<'a>(rest: &[u8]) -> Result<(Token<'a>, usize), Fault> {
    let length = rest.iter().take(MAX_NUMBER + 1).take_while(|octet| is_regular(**octet)).count();
    let text = rest.get(..length).filter(|_| length <= MAX_NUMBER).ok_or(Fault::Syntax)?;
    let text = std::str::from_utf8(text).map_err(|_| Fault::Syntax)?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let all = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    let sound = all(whole) && (1..=10).contains(&whole.len()) && (whole.len() == 1 || !whole.starts_with('0'));
    if !sound || part.is_some_and(|part| part.is_empty() || !all(part)) {
        return Err(Fault::Syntax);
    }
    let token = match part {
        None => Token::Integer(text.parse().map_err(|_| Fault::Syntax)?),
        Some(_) => Token::Real(text.parse().map_err(|_| Fault::Syntax)?),
    };
    Ok((token, length))
}

/// `/Name`; `#` and two digits for what is not regular, and for nothing else.
fn name<'a>(rest: &[u8]) -> Result<(Token<'a>, usize), Fault> {
    let mut out = Vec::new();
    let mut at = 1;
    while let Some(octet) = rest.get(at).filter(|octet| is_regular(**octet)) {
        let (octet, length) = match octet {
            b'#' => {
                let octet = rest.get(at + 1..at + 3).and_then(hex_octet).ok_or(Fault::Syntax)?;
                if (is_regular(octet) && octet != b'#') || octet == 0 {
                    return Err(Fault::Syntax);
                }
                (octet, 3)
            }
            plain => (*plain, 1),
        };
        out.push(octet);
        at += length;
        if out.len() > MAX_NAME {
            return Err(Fault::Syntax);
        }
    }
    Ok((Token::Name(out.into()), at))
}

/// `(text)` of printable ASCII, with `\` before brackets and itself.
fn literal<'a>(rest: &[u8]) -> Result<(Token<'a>, usize), Fault> {
    let mut out = Vec::new();
    let mut at = 1;
    while out.len() <= MAX_TEXT {
        match rest.get(at).ok_or(Fault::End)? {
            b')' => return Ok((Token::Text(out.into()), at + 1)),
            b'\\' => {
                let escaped = rest.get(at + 1).filter(|octet| b"()\\".contains(octet)).ok_or(Fault::Syntax)?;
                out.push(*escaped);
                at += 2;
            }
            octet @ (b' '..=b'\'' | b'*'..=b'~') => {
                out.push(*octet);
                at += 1;
            }
            _ => return Err(Fault::Syntax),
        }
    }
    Err(Fault::Size)
}

/// `<0a1B>`
fn hex<'a>(rest: &[u8]) -> Result<(Token<'a>, usize), Fault> {
    let end = rest.iter().take(2 * MAX_TEXT).position(|octet| *octet == b'>').ok_or(Fault::Syntax)?;
    let digits = &rest[1..end];
    let octets = digits.chunks(2).map(hex_octet).collect::<Option<Vec<_>>>().ok_or(Fault::Syntax)?;
    Ok((Token::Text(octets.into()), end + 1))
}

fn hex_octet(digits: &[u8]) -> Option<u8> {
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let [high, low] = digits else { return None };
    Some(digit(*high)? << 4 | digit(*low)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn read(text: &[u8]) -> Result<Value, Fault> {
        Lexer::of_file(text, 1000).value()
    }

    #[test]
    fn values() {
        for (text, want) in [
            (&b"12"[..], Value::Integer(12)),
            (b"-0.5", Value::Real(-0.5)),
            (b"5 0 R", Value::Reference(5)),
            (b"5 0 RG", Value::Integer(5)),
            (b"/A#20b", Value::Name((*b"A b").into())),
            (b"(a\\(b)", Value::Text((*b"a(b").into())),
            (b"<4a4B>", Value::Text((*b"JK").into())),
            (b"[1 true]", Value::Array(vec![Value::Integer(1), Value::Bool(true)])),
            (
                b"<</B 1/A null>>",
                Value::Dict(Dict(vec![((*b"A").into(), Value::Null), ((*b"B").into(), Value::Integer(1))])),
            ),
        ] {
            assert_eq!(read(text), Ok(want), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for (text, want) in [
            (&b"+1"[..], Fault::Syntax),
            (b"01", Fault::Syntax),
            (b"1.", Fault::Syntax),
            (b".5", Fault::Syntax),
            (b"1e5", Fault::Syntax),
            (b"--1", Fault::Syntax),
            (b"12345678901", Fault::Syntax),
            (b"/J#61vaScript", Fault::Syntax),
            (b"/A#0", Fault::Syntax),
            (b"(a(b))", Fault::Syntax),
            (b"(a\\n)", Fault::Syntax),
            (b"(a\nb)", Fault::Syntax),
            (b"<4>", Fault::Syntax),
            (b"<4 4>", Fault::Syntax),
            (b"% x\n1", Fault::Syntax),
            (b"\t1", Fault::Syntax),
            (b"  1", Fault::Syntax),
            (b"[1", Fault::Syntax),
            (b"<</A 1/A 2>>", Fault::Key),
            (b"<</A>>", Fault::Syntax),
            (b"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", Fault::Depth),
        ] {
            assert_eq!(read(text), Err(want), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(Lexer::of_file(b"[1 2 3]", 3).value(), Err(Fault::Size));
    }
}
