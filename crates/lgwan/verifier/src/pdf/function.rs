//! Functions (7.10).

use sekisho_verify::Fault;

use super::grammar as g;
use super::lex::{Dict, Lexer, Token, Value};
use super::walk::Walk;

/// Braces in braces.
const MAX_DEPTH: u32 = 16;
/// Samples of one table: a megabyte each of 32 bits.
const MAX_SAMPLES: u64 = 1 << 24;

/// A function of any type.
pub(super) fn check<'a>(walk: &mut Walk<'a>, dict: &'a Dict, data: Option<&'a [u8]>) -> Result<(), Fault> {
    match (dict.get(b"FunctionType").and_then(Value::integer), data) {
        (Some(0), Some(data)) => {
            walk.table(dict, &[g::SAMPLED])?;
            let octets = samples(dict)?;
            walk.measure(dict, data, octets)
        }
        (Some(2), None) => walk.table(dict, &[g::EXPONENTIAL]),
        (Some(3), None) => {
            walk.table(dict, &[g::STITCHING])?;
            let len = |key: &[u8]| {
                dict.get(key)
                    .and_then(|value| walk.file.resolve(value))
                    .and_then(Value::array)
                    .map_or(0, <[Value]>::len)
            };
            let functions = len(b"Functions");
            let sound = len(b"Bounds") + 1 == functions && len(b"Encode") == 2 * functions;
            if sound { Ok(()) } else { Err(Fault::Function) }
        }
        (Some(4), Some(data)) => {
            walk.table(dict, &[g::CALCULATOR])?;
            let program = walk.unpack(dict, data)?;
            calculator(&program)
        }
        _ => Err(Fault::Function),
    }
}

/// Octets of a table of samples: 7.10.2.
fn samples(dict: &Dict) -> Result<u64, Fault> {
    let len = |key: &[u8]| dict.get(key).and_then(Value::array).map_or(0, <[Value]>::len) as u64;
    let (inputs, outputs) = (len(b"Domain") / 2, len(b"Range") / 2);
    let bits = dict.get(b"BitsPerSample").and_then(Value::integer).unwrap_or(0);
    let sizes = dict.get(b"Size").and_then(Value::array).unwrap_or_default();
    let fits = |key: &[u8], count: u64| dict.get(key).is_none() || len(key) == 2 * count;
    let sound = sizes.len() as u64 == inputs && matches!(bits, 1 | 2 | 4 | 8 | 12 | 16 | 24 | 32);
    if !sound || !fits(b"Encode", inputs) || !fits(b"Decode", outputs) {
        return Err(Fault::Function);
    }
    let mut count = outputs;
    for size in sizes {
        let size = size.integer().and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0);
        count =
            count.checked_mul(size.ok_or(Fault::Function)?).filter(|count| *count <= MAX_SAMPLES).ok_or(Fault::Size)?;
    }
    Ok((count * bits.unsigned_abs()).div_ceil(8))
}

/// 7.10.5: one pair of braces, and in it numbers, operators of the list, and
/// braces before `if` and `ifelse`.
fn calculator(program: &[u8]) -> Result<(), Fault> {
    let mut lexer = Lexer::of_stream(program);
    let mut depth = 0u32;
    // Braces that have just ended, for `if` and `ifelse`.
    let mut blocks = 0;
    if lexer.token()? != Token::BraceBegin {
        return Err(Fault::Function);
    }
    loop {
        let wanted = match lexer.token()? {
            Token::BraceBegin if depth < MAX_DEPTH && blocks < 2 => {
                depth += 1;
                blocks = 0;
                continue;
            }
            Token::BraceEnd => {
                if blocks > 0 {
                    return Err(Fault::Function);
                }
                let Some(outside) = depth.checked_sub(1) else { break };
                depth = outside;
                blocks = if second(&mut lexer)? { 2 } else { 1 };
                if blocks == 2 {
                    depth += 1;
                    blocks = 0;
                }
                continue;
            }
            Token::Word(b"if" | b"ifelse") => 1,
            Token::Integer(_) | Token::Real(_) => 0,
            Token::Word(operator) if OPERATORS.contains(&operator) => 0,
            _ => return Err(Fault::Function),
        };
        if blocks != wanted {
            return Err(Fault::Function);
        }
        blocks = 0;
    }
    if lexer.token()? == Token::End { Ok(()) } else { Err(Fault::Function) }
}

/// Whether another block begins right behind one that has ended.
fn second(lexer: &mut Lexer<'_>) -> Result<bool, Fault> {
    let mut ahead = lexer.clone();
    let begins = ahead.token()? == Token::BraceBegin;
    if begins {
        *lexer = ahead;
    }
    Ok(begins)
}

const OPERATORS: &[&[u8]] = &[
    b"abs",
    b"add",
    b"atan",
    b"ceiling",
    b"cos",
    b"cvi",
    b"cvr",
    b"div",
    b"exp",
    b"floor",
    b"idiv",
    b"ln",
    b"log",
    b"mod",
    b"mul",
    b"neg",
    b"round",
    b"sin",
    b"sqrt",
    b"sub",
    b"truncate",
    b"and",
    b"bitshift",
    b"eq",
    b"false",
    b"ge",
    b"gt",
    b"le",
    b"lt",
    b"ne",
    b"not",
    b"or",
    b"true",
    b"xor",
    b"copy",
    b"dup",
    b"exch",
    b"index",
    b"pop",
    b"roll",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs() {
        for (program, sound) in [
            (&b"{}"[..], true),
            (b"{1 exch sub dup 0.5 mul}", true),
            (b"{dup 0 lt {neg} if}", true),
            (b"{dup 0 lt {neg}{1 add} ifelse}", true),
            (b"{dup 0 lt {dup 1 lt {pop 1} if}{1 add} ifelse}", true),
            (b"", false),
            (b"{", false),
            (b"{}}", false),
            (b"{} x", false),
            (b"{neg if}", false),
            (b"{{neg}}", false),
            (b"{{neg} 1}", false),
            (b"{def}", false),
            (b"{(a) print}", false),
            (b"{{{{{{{{{{{{{{{{{{ ", false),
        ] {
            assert_eq!(calculator(program).is_ok(), sound, "{}", String::from_utf8_lossy(program));
        }
    }
}
