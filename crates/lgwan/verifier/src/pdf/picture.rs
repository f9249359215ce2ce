//! Images (8.9.5): exactly the octets of their rows, or a JPEG of their form.

use sekisho_verify::Fault;

use super::grammar::{IMAGE, Role};
use super::lex::{Dict, Value};
use super::space;
use super::walk::Walk;
use crate::{MAX_PIXELS, jpeg};

impl<'a> Walk<'a> {
    pub(super) fn image(&mut self, dict: &'a Dict, data: &'a [u8]) -> Result<(), Fault> {
        self.table(dict, &[IMAGE])?;
        let number =
            |key: &[u8]| dict.get(key).and_then(Value::integer).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let (width, height, bits) = (number(b"Width"), number(b"Height"), number(b"BitsPerComponent"));
        if width * height > MAX_PIXELS {
            return Err(Fault::Size);
        }
        let is_stencil = dict.get(b"ImageMask") == Some(&Value::Bool(true));
        let components = match (dict.get(b"ColorSpace"), is_stencil) {
            (None, true) if bits == 1 && dict.get(b"SMask").is_none() && dict.get(b"Mask").is_none() => 1,
            (Some(space), false) => match space::components(self.file, space)? {
                0 => return Err(Fault::Value),
                components => components,
            },
            _ => return Err(Fault::Picture),
        };
        self.masks(dict, components)?;
        if dict.get(b"Filter").and_then(Value::name) == Some(b"DCTDecode") {
            let shape = jpeg::shape(data).map_err(|flaw| flaw.fault)?;
            let agrees = (shape.width, shape.height, shape.components) == (width, height, components) && bits == 8;
            return if agrees { Ok(()) } else { Err(Fault::Picture) };
        }
        if !matches!(bits, 1 | 2 | 4 | 8 | 16) {
            return Err(Fault::Value);
        }
        self.measure(dict, data, (width * components as u64 * bits).div_ceil(8) * height)
    }

    /// What decides which pixels show: a grey image, a stencil, or colours.
    fn masks(&mut self, dict: &'a Dict, components: usize) -> Result<(), Fault> {
        if let Some(soft) = dict.get(b"SMask") {
            let mask = self.mask(soft)?;
            if mask.get(b"ColorSpace").and_then(Value::name) != Some(b"DeviceGray") {
                return Err(Fault::Picture);
            }
        }
        match dict.get(b"Mask") {
            None => Ok(()),
            Some(Value::Array(colors)) if colors.len() == 2 * components => Ok(()),
            Some(Value::Array(_)) => Err(Fault::Value),
            Some(stencil) => {
                let is_stencil = self.mask(stencil)?.get(b"ImageMask") == Some(&Value::Bool(true));
                if is_stencil { Ok(()) } else { Err(Fault::Picture) }
            }
        }
    }

    /// An image that has no mask of its own.
    fn mask(&mut self, value: &'a Value) -> Result<&'a Dict, Fault> {
        self.one(Role::Image, value)?;
        let mask = self.file.resolve(value).and_then(Value::dict).ok_or(Fault::Role)?;
        if mask.get(b"SMask").is_some() || mask.get(b"Mask").is_some() { Err(Fault::Picture) } else { Ok(mask) }
    }
}
