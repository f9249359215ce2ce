//! Pictures: decoded to samples, written as samples or as a JPEG of our own
//! (ISO 32000-1 8.9).

mod coded;

use hayro_syntax::object::stream::{ImageColorSpace, ImageDecodeParams};
use hayro_syntax::object::{Array, Dict, Object, Stream};
use sekisho_disarm::Refusal;
use sekisho_image::{Form, Pixels, encode_jpeg};
use sekisho_safe_message::Removal;

use super::color::{Sort, Space, inline_space, palette, plain_space};
use super::{Rebuild, Role, press, read};
use crate::filters::{self, Filter};
use crate::guard::guarded;
use crate::write::{Dictionary, Ref, Value, deflate};

/// Longest side of a picture.
const MAX_SIDE: i64 = 65_535;

/// What a picture's dictionary says, short or long keys.
struct Head {
    width: u32,
    height: u32,
    bits: u8,
    is_mask: bool,
}

/// Samples of a picture, rows padded to octets.
struct Samples {
    data: Vec<u8>,
    width: u32,
    height: u32,
    bits: u8,
    components: usize,
    /// Alpha that was in the picture itself (JPEG 2000), one octet a pixel.
    alpha: Option<Vec<u8>>,
    /// The quality of the JPEG that they were, if they were a photograph.
    quality: Option<u8>,
    /// Octets of the coded data, if those were JPEG 2000: photographs or not.
    coded: Option<usize>,
}

impl Samples {
    fn row(&self) -> usize {
        (self.width as usize * self.components * usize::from(self.bits)).div_ceil(8)
    }
}

impl<'a> Rebuild<'a, '_> {
    /// The place of a picture; `None` if it cannot be decoded, which leaves a
    /// gap on the page and nothing else.
    ///
    /// # Errors
    /// [`Refusal`] beyond the budget.
    pub(super) fn image(&mut self, stream: &Stream<'a>, spaces: &Dict<'a>) -> Result<Option<Ref>, Refusal> {
        self.image_as(stream, spaces, Role::XObject)
    }

    fn image_as(&mut self, stream: &Stream<'a>, spaces: &Dict<'a>, role: Role) -> Result<Option<Ref>, Refusal> {
        let dict = stream.dict();
        let (place, new) = self.place(dict.data(), role);
        if !new {
            return Ok(Some(place).filter(|place| !self.failed.contains(place)));
        }
        let space = match role {
            Role::Mask | Role::Stencil => Space::device(1),
            _ => self.space_at(dict, "ColorSpace", spaces)?,
        };
        let shared = space.as_ref().map(|space| match dict.get::<Object<'a>>("ColorSpace") {
            Some(Object::Array(array)) => self.shared_space(array.data(), space),
            _ => space.value.clone(),
        });
        let mut dictionary = Dictionary::of_type("XObject");
        // A mask has no mask: a chain of them would be followed call by call.
        if role == Role::XObject {
            self.masks(dict, space.as_ref(), &mut dictionary)?;
        }
        let made = self.finish_image(stream, space, shared, dictionary, place)?;
        if made.is_none() {
            self.failed.insert(place);
        }
        Ok(made)
    }

    /// `SMask` or `Mask` of a picture.
    fn masks(&mut self, dict: &Dict<'a>, space: Option<&Space>, new: &mut Dictionary) -> Result<(), Refusal> {
        if let Some(mask) = dict.get::<Stream<'a>>("SMask") {
            if let Some(place) = self.image_as(&mask, &Dict::empty(), Role::Mask)? {
                new.set("SMask", place.into());
            }
            return Ok(());
        }
        match dict.get::<Object<'a>>("Mask") {
            Some(Object::Stream(mask)) if mask.dict().get::<bool>("ImageMask") == Some(true) => {
                if let Some(place) = self.image_as(&mask, &Dict::empty(), Role::Stencil)? {
                    new.set("Mask", place.into());
                }
            }
            Some(Object::Array(_)) => {
                let keys = read::numbers(dict, "Mask");
                let right = |keys: &Vec<f64>| space.is_some_and(|space| keys.len() == space.components * 2);
                if let Some(keys) = keys.filter(right) {
                    let keys = keys.into_iter().map(|key| Value::Real(key.trunc().clamp(0.0, 65_535.0)));
                    new.set("Mask", Value::Array(keys.collect()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A picture inside contents, as one of its own.
    ///
    /// # Errors
    /// As [`Rebuild::image`].
    pub(super) fn inline_image(&mut self, stream: &Stream<'_>, spaces: &Dict<'a>) -> Result<Option<Ref>, Refusal> {
        let space = match inline_space(stream) {
            Some(Object::Name(name)) => match (plain_space(&name), spaces.get::<Object<'a>>(&*name)) {
                (Some("DeviceGray"), _) => Space::device(1),
                (Some("DeviceRGB"), _) => Space::device(3),
                (Some("DeviceCMYK"), _) => Space::device(4),
                (_, Some(object)) => self.color_space(object, spaces, 0)?,
                (_, None) => None,
            },
            Some(Object::Array(array)) => self.inline_indexed(&array, spaces)?,
            _ => None,
        };
        let value = space.as_ref().map(|space| space.value.clone());
        let place = self.objects.reserve();
        self.finish_image(stream, space, value, Dictionary::of_type("XObject"), place)
    }

    fn inline_indexed(&mut self, array: &Array<'_>, spaces: &Dict<'a>) -> Result<Option<Space>, Refusal> {
        let items: Vec<Object<'_>> = array.iter::<Object<'_>>().take(4).collect();
        let [Object::Name(family), Object::Name(base), Object::Number(most), Object::String(table)] = items.as_slice()
        else {
            return Ok(None);
        };
        if !matches!(&**family, b"Indexed" | b"I") {
            return Ok(None);
        }
        let base = match plain_space(base) {
            Some("DeviceGray") => Space::device(1),
            Some("DeviceRGB") => Space::device(3),
            Some("DeviceCMYK") => Space::device(4),
            _ => match spaces.get::<Object<'a>>(&**base) {
                Some(object) => self.color_space(object, spaces, 1)?,
                None => None,
            },
        };
        let base = base.filter(|base| base.components > 0 && base.sort != Sort::Indexed);
        Ok(base.map(|base| palette(&base, most.as_i64(), table.as_bytes().to_vec())))
    }

    fn finish_image(
        &mut self,
        stream: &Stream<'_>,
        space: Option<Space>,
        value: Option<Value>,
        mut new: Dictionary,
        place: Ref,
    ) -> Result<Option<Ref>, Refusal> {
        let dict = stream.dict();
        let Some(head) = head(dict) else { return Ok(None) };
        let Some(mut samples) = self.samples(stream, &head, space.as_ref())? else { return Ok(None) };
        if head.is_mask && (samples.bits != 1 || samples.components != 1) {
            return Ok(None);
        }
        let (mut space, mut value) = match (space, value) {
            (Some(space), Some(value)) if space.components == samples.components => (space, value),
            _ => match Space::device(samples.components) {
                Some(space) => (space.clone(), space.value),
                None => return Ok(None),
            },
        };
        let mut decode = read::numbers(dict, "Decode").or_else(|| read::numbers(dict, "D"));
        if let Some(inverted) = printed(&samples, &space, decode.as_deref(), &new)
            && let Some(shown) = Space::device(3)
        {
            samples.data = press::rgb(&samples.data, inverted);
            samples.components = 3;
            // Fine detail of four inks is in one picture now: spend what the site allows.
            samples.quality = Some(self.options.jpeg_quality);
            (decode, value, space) = (None, shown.value.clone(), shown);
        }
        new.set("Subtype", Value::name("Image"));
        new.set("Width", Value::Int(samples.width.into()));
        new.set("Height", Value::Int(samples.height.into()));
        new.set("BitsPerComponent", Value::Int(samples.bits.into()));
        if head.is_mask {
            new.set("ImageMask", Value::Bool(true));
        } else {
            new.set("ColorSpace", value);
        }
        new.set_some("Decode", decode.filter(|decode| decode.len() == samples.components * 2).map(Value::numbers));
        let smooth = read::truth(dict, "Interpolate").or_else(|| read::truth(dict, "I"));
        new.set_some("Interpolate", smooth);
        new.set_some("Matte", read::numbers(dict, "Matte").map(Value::numbers));
        self.own_alpha(&samples, dict, &mut new);
        self.store(samples, &space, new, place);
        Ok(Some(place))
    }

    /// Alpha inside the picture (`SMaskInData`, 11.6.5.3) becomes a mask.
    fn own_alpha(&mut self, samples: &Samples, dict: &Dict<'_>, new: &mut Dictionary) {
        if let Some(alpha) = &samples.alpha
            && read::integer(dict, "SMaskInData").unwrap_or(0) > 0
            && alpha.len() == samples.width as usize * samples.height as usize
        {
            let mask = Dictionary::of_type("XObject").with("Subtype", Value::name("Image"));
            let mask = mask.with("Width", Value::Int(samples.width.into()));
            let mask = mask.with("Height", Value::Int(samples.height.into()));
            let mask = mask.with("BitsPerComponent", Value::Int(8)).with("ColorSpace", Value::name("DeviceGray"));
            let place = self.objects.add_stream(mask, alpha.clone());
            new.set("SMask", place.into());
        }
    }

    /// Photographs as JPEG again, the rest sample by sample.
    fn store(&mut self, samples: Samples, space: &Space, new: Dictionary, place: Ref) {
        let photo =
            samples.quality.filter(|_| space.sort == Sort::Plain && samples.bits == 8 && !new.has_array("Mask"));
        let form = match samples.components {
            1 => Some(Form::Grey8),
            3 => Some(Form::Rgb8),
            _ => None,
        };
        if let (Some(quality), Some(form)) = (photo, form) {
            let quality = quality.clamp(30, self.options.jpeg_quality.max(30));
            let Ok(pixels) = Pixels::new(samples.width, samples.height, form, samples.data) else { return };
            let is_drawing = samples.coded.is_some_and(|coded| deflate(pixels.data()).len() <= coded / 2 * 3);
            match encode_jpeg(&pixels, quality) {
                Ok(jpeg) if !is_drawing => self.objects.set_jpeg(place, new, jpeg),
                Ok(_) | Err(_) => self.objects.set_stream(place, new, pixels.into_data()),
            }
            return;
        }
        self.objects.set_stream(place, new, samples.data);
    }

    fn samples(&mut self, stream: &Stream<'_>, head: &Head, space: Option<&Space>) -> Result<Option<Samples>, Refusal> {
        self.budget.picture(head.width.into(), head.height.into())?;
        let unpacked = match filters::unpack(stream, self.budget) {
            Ok(unpacked) => unpacked,
            Err(Refusal::Malformed | Refusal::Unsupported) => {
                if filters::is_external(stream.dict()) {
                    self.note(Removal::ExternalReference);
                }
                return Ok(None);
            }
            Err(other) => return Err(other),
        };
        let samples = match unpacked.picture {
            None => {
                let components = if head.is_mask { Some(1) } else { space.map(|space| space.components) };
                let Some(components) = components.filter(|count| *count > 0) else { return Ok(None) };
                let Head { width, height, bits, .. } = *head;
                Samples {
                    data: unpacked.data,
                    width,
                    height,
                    bits,
                    components,
                    alpha: None,
                    quality: None,
                    coded: None,
                }
            }
            Some((filter, parameters)) => {
                self.measure(filter, &unpacked.data, head, &parameters)?;
                match self.decoded(stream, head, (space, filter), &unpacked.data)? {
                    Some(samples) => samples,
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(filled(samples, head)))
    }

    /// Takes from the budget the pixels that a decoder will make by what the
    /// coded data say of themselves; those of the dictionary are taken already.
    fn measure(&mut self, filter: Filter, data: &[u8], head: &Head, parameters: &Dict<'_>) -> Result<(), Refusal> {
        if filter == Filter::CcittFax {
            let columns = read::integer(parameters, "Columns").unwrap_or(1728);
            let columns = u64::try_from(columns).map_err(|_| Refusal::Malformed)?;
            self.budget.picture(columns, head.height.into())?;
        }
        if let Some((width, height)) = coded::sides(filter, data) {
            self.budget.picture(width.into(), height.into())?;
        }
        if let Some(globals) = parameters.get::<Stream<'_>>("JBIG2Globals") {
            filters::unpack(&globals, self.budget).map(drop).or_else(|refusal| match refusal {
                Refusal::TooLarge => Err(refusal),
                _ => Ok(()),
            })?;
        }
        Ok(())
    }

    /// Has hayro decode a picture filter. What stands before it was unpacked
    /// under the budget already; hayro does that once more.
    fn decoded(
        &mut self,
        stream: &Stream<'_>,
        head: &Head,
        (space, filter): (Option<&Space>, Filter),
        data: &[u8],
    ) -> Result<Option<Samples>, Refusal> {
        let (width, height) = (head.width, head.height);
        let bilevel = matches!(filter, Filter::Jbig2 | Filter::CcittFax);
        let parameters = ImageDecodeParams {
            // Bilevel pictures come packed only then.
            is_indexed: bilevel || space.is_some_and(|space| space.sort == Sort::Indexed),
            bpc: (filter != Filter::Jpx || space.is_some()).then_some(head.bits),
            num_components: space.and_then(|space| u8::try_from(space.components).ok()).filter(|count| *count > 0),
            target_dimension: None,
            width,
            height,
        };
        let Ok(Ok(result)) = guarded(|| stream.decoded_image(&parameters)) else { return Ok(None) };
        let decoded = result.data.into_owned();
        let Some(about) = result.image_data else { return Ok(None) };
        let own = match about.color_space {
            Some(ImageColorSpace::Gray) => 1,
            Some(ImageColorSpace::Rgb) => 3,
            Some(ImageColorSpace::Cmyk) => 4,
            Some(ImageColorSpace::Unknown(count)) => usize::from(count),
            None => space.map_or(0, |space| space.components),
        };
        if own == 0 || !(1..=16).contains(&about.bits_per_component) {
            return Ok(None);
        }
        let quality = match filter {
            Filter::Dct => Some(coded::quality(data)),
            Filter::Jpx => Some(self.options.jpeg_quality),
            _ => None,
        };
        let samples = Samples {
            data: decoded,
            width: about.width,
            height: about.height,
            bits: about.bits_per_component,
            components: own,
            alpha: about.alpha,
            quality,
            coded: (filter == Filter::Jpx).then_some(data.len()),
        };
        let sides = (1..=MAX_SIDE).contains(&samples.width.into()) && (1..=MAX_SIDE).contains(&samples.height.into());
        Ok(sides.then_some(samples))
    }
}

/// Rows as many and as long as the dictionary will say.
fn filled(mut samples: Samples, head: &Head) -> Samples {
    let wanted = samples.row() * samples.height as usize;
    // What is missing is white where that is 1, and painted nowhere in a mask.
    let rest = if head.is_mask { 0xff } else { 0 };
    samples.data.resize(wanted, rest);
    samples
}

fn head(dict: &Dict<'_>) -> Option<Head> {
    let number = |short: &str, long: &str| read::integer(dict, long).or_else(|| read::integer(dict, short));
    let side = |number: Option<i64>| u32::try_from(number.filter(|side| (1..=MAX_SIDE).contains(side))?).ok();
    let is_mask = dict.get::<bool>("ImageMask").or_else(|| dict.get::<bool>("IM")).unwrap_or(false);
    let bits = if is_mask { 1 } else { number("BPC", "BitsPerComponent").unwrap_or(8) };
    let bits = u8::try_from(bits).ok().filter(|bits| [1, 2, 4, 8, 16].contains(bits))?;
    Some(Head { width: side(number("W", "Width"))?, height: side(number("H", "Height"))?, bits, is_mask })
}

/// Most pixels of a photograph in CMYK that is turned into RGB: both are in
/// memory at once.
const MAX_PRINTED: u64 = 40_000_000;

/// Whether samples are those of a photograph in CMYK, and if so, whether they
/// are inverted.
fn printed(samples: &Samples, space: &Space, decode: Option<&[f64]>, new: &Dictionary) -> Option<bool> {
    let pixels = u64::from(samples.width) * u64::from(samples.height);
    let is_photo = samples.quality.is_some() && samples.bits == 8 && samples.components == 4;
    if !is_photo || space.sort != Sort::Plain || new.has_array("Mask") || pixels > MAX_PRINTED {
        return None;
    }
    match decode {
        None | Some([0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]) => Some(false),
        Some([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]) => Some(true),
        Some(_) => None,
    }
}
