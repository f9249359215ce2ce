//! Colour spaces (8.6): of how many components, and what they refer to.

use sekisho_verify::Fault;

use super::grammar::Role;
use super::layout::File;
use super::lex::Value;
use super::walk::Walk;

/// A pattern over an index over inks over a device.
const MAX_DEPTH: u32 = 4;
/// Most inks.
const MAX_INKS: usize = 32;

/// The family that a space is of, which says what may stand below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Device,
    Inks,
    Indexed,
    Pattern,
}

/// Components of a space that pictures, shadings and colours may be in; none
/// of a pattern.
pub(super) fn components(file: &File<'_>, value: &Value) -> Result<usize, Fault> {
    family(file, value, MAX_DEPTH).map(|(_, components)| components)
}

/// Calls itself at most [`MAX_DEPTH`] times.
fn family(file: &File<'_>, value: &Value, depth: u32) -> Result<(Family, usize), Fault> {
    let depth = depth.checked_sub(1).ok_or(Fault::Depth)?;
    let value = file.resolve(value).ok_or(Fault::Reference)?;
    let below = |value: &Value, allowed: &[Family]| {
        let (family, components) = family(file, value, depth)?;
        if allowed.contains(&family) { Ok(components) } else { Err(Fault::Value) }
    };
    if let Value::Name(name) = value {
        return match name.as_ref() {
            b"DeviceGray" => Ok((Family::Device, 1)),
            b"DeviceRGB" => Ok((Family::Device, 3)),
            b"DeviceCMYK" => Ok((Family::Device, 4)),
            b"Pattern" => Ok((Family::Pattern, 0)),
            _ => Err(Fault::Value),
        };
    }
    let [Value::Name(name), parts @ ..] = value.array().ok_or(Fault::Role)? else { return Err(Fault::Value) };
    match (name.as_ref(), parts) {
        (b"CalGray", [_]) => Ok((Family::Device, 1)),
        (b"CalRGB" | b"Lab", [_]) => Ok((Family::Device, 3)),
        (b"Indexed", [base, Value::Integer(0..=255), _]) => {
            below(base, &[Family::Device, Family::Inks])?;
            Ok((Family::Indexed, 1))
        }
        (b"Separation", [Value::Name(_), other, _]) => {
            below(other, &[Family::Device])?;
            Ok((Family::Inks, 1))
        }
        (b"DeviceN", [Value::Array(inks), other, _]) => {
            below(other, &[Family::Device])?;
            let sound = (1..=MAX_INKS).contains(&inks.len()) && inks.iter().all(|ink| ink.name().is_some());
            if sound { Ok((Family::Inks, inks.len())) } else { Err(Fault::Value) }
        }
        (b"Pattern", []) => Ok((Family::Pattern, 0)),
        (b"Pattern", [base]) => {
            below(base, &[Family::Device, Family::Inks, Family::Indexed])?;
            Ok((Family::Pattern, 0))
        }
        _ => Err(Fault::Value),
    }
}

impl<'a> Walk<'a> {
    /// A space, and the roles of what it refers to.
    pub(super) fn color_space(&mut self, value: &'a Value) -> Result<(), Fault> {
        components(self.file, value)?;
        let [Value::Name(name), parts @ ..] = value.array().unwrap_or_default() else { return Ok(()) };
        match (name.as_ref(), parts) {
            (b"CalGray" | b"CalRGB" | b"Lab", [parameters]) => self.one(Role::Calibration, parameters),
            (b"Indexed", [base, Value::Integer(highest), table]) => {
                self.one(Role::ColorSpace, base)?;
                let colors = u64::try_from(highest + 1).map_err(|_| Fault::Value)?;
                let octets = colors * components(self.file, base)? as u64;
                self.lookup(table, octets)
            }
            (b"Separation" | b"DeviceN", [_, other, tint]) => {
                self.one(Role::ColorSpace, other)?;
                self.one(Role::Function, tint)
            }
            (b"Pattern", [base]) => self.one(Role::ColorSpace, base),
            _ => Ok(()),
        }
    }

    /// Exactly the index's colours, in a string or a stream.
    fn lookup(&mut self, table: &'a Value, octets: u64) -> Result<(), Fault> {
        match table {
            Value::Text(text) if text.len() as u64 == octets => Ok(()),
            Value::Reference(number) => {
                self.refer(*number, Role::Lookup)?;
                let object = self.file.get(*number).ok_or(Fault::Reference)?;
                let (Some(dict), Some(data)) = (object.value.dict(), object.data) else { return Err(Fault::Role) };
                self.measure(dict, data, octets)
            }
            _ => Err(Fault::Value),
        }
    }
}
