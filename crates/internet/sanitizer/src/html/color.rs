//! Colours, as far as it matters whether text and ground are the same.

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Color {
    /// Red, green, blue.
    Rgb([u8; 3]),
    /// Nothing of it is seen.
    Clear,
    /// A picture, a gradient, or a name that is not known here.
    Unknown,
}

/// Most that two channels may differ and nobody sees it.
const SAME: u8 = 4;

impl Color {
    pub(super) const WHITE: Self = Self::Rgb([255; 3]);
    pub(super) const BLACK: Self = Self::Rgb([0; 3]);
    /// What a link is drawn in.
    pub(super) const LINK: Self = Self::Rgb([0, 0, 238]);

    /// Whether text of this colour cannot be seen on `ground`.
    pub(super) fn vanishes_on(self, ground: Self) -> bool {
        match (self, ground) {
            (Self::Clear, _) => true,
            (Self::Rgb(text), Self::Rgb(ground)) => text.iter().zip(ground).all(|(a, b)| a.abs_diff(b) <= SAME),
            _ => false,
        }
    }
}

/// Reads a lower-case colour; `None` where it leaves things as they are.
pub(super) fn parse(value: &str) -> Option<Color> {
    match value {
        "inherit" | "currentcolor" | "initial" | "unset" | "" => return None,
        "transparent" => return Some(Color::Clear),
        _ => {}
    }
    if let Some(digits) = value.strip_prefix('#') {
        return Some(hex(digits).unwrap_or(Color::Unknown));
    }
    if let Some(list) = value.strip_prefix("rgb(").or_else(|| value.strip_prefix("rgba(")) {
        return Some(channels(list).unwrap_or(Color::Unknown));
    }
    Some(named(value).unwrap_or(Color::Unknown))
}

/// Reads `background` and its parts: any picture may lie behind the text.
pub(super) fn parse_background(value: &str) -> Option<Color> {
    if value.contains("url(") || value.contains("gradient") || value.contains("var(") {
        return Some(Color::Unknown);
    }
    if value.starts_with("rgb") {
        return parse(value).filter(|color| *color != Color::Clear);
    }
    let mut words = value.split_ascii_whitespace();
    // `none` and positions say nothing; a clear ground shows the one below.
    let mut colors = words.by_ref().filter_map(|word| if word.starts_with('#') { parse(word) } else { named(word) });
    colors.next()
}

/// Reads the attributes `color` and `bgcolor`, where `#` may be missing.
pub(super) fn parse_legacy(value: &str) -> Option<Color> {
    let value = value.trim().to_ascii_lowercase();
    match hex(value.trim_start_matches('#')) {
        Some(color) => Some(color),
        None => parse(&value),
    }
}

fn hex(digits: &str) -> Option<Color> {
    let nibbles: Vec<u8> = digits.bytes().take(9).map(nibble).collect::<Option<_>>()?;
    match *nibbles.as_slice() {
        [.., a0, a1] if nibbles.len() == 8 && a0 == 0 && a1 == 0 => Some(Color::Clear),
        [r, g, b] | [r, g, b, _] => Some(Color::Rgb([r * 17, g * 17, b * 17])),
        [r0, r1, g0, g1, b0, b1] | [r0, r1, g0, g1, b0, b1, _, _] => {
            Some(Color::Rgb([r0 * 16 + r1, g0 * 16 + g1, b0 * 16 + b1]))
        }
        _ => None,
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn channels(list: &str) -> Option<Color> {
    let list = list.split(')').next()?;
    let mut numbers = list.split([',', ' ', '/']).filter(|word| !word.is_empty()).map(str::parse::<f32>);
    let mut channel = || numbers.next()?.ok().map(|n| n.clamp(0.0, 255.0));
    let rgb = [channel()?, channel()?, channel()?];
    let clear = channel().is_some_and(|alpha| alpha < 0.02);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to an octet")]
    let rgb = rgb.map(|n| n as u8);
    Some(if clear { Color::Clear } else { Color::Rgb(rgb) })
}

fn named(name: &str) -> Option<Color> {
    Some(Color::Rgb(match name {
        "white" => [255, 255, 255],
        "black" => [0, 0, 0],
        "red" => [255, 0, 0],
        "blue" => [0, 0, 255],
        "green" => [0, 128, 0],
        "lime" => [0, 255, 0],
        "yellow" => [255, 255, 0],
        "gray" | "grey" => [128, 128, 128],
        "silver" => [192, 192, 192],
        "navy" => [0, 0, 128],
        "maroon" => [128, 0, 0],
        "purple" => [128, 0, 128],
        "teal" => [0, 128, 128],
        "olive" => [128, 128, 0],
        "orange" => [255, 165, 0],
        "whitesmoke" => [245, 245, 245],
        "lightgray" | "lightgrey" => [211, 211, 211],
        "aliceblue" | "antiquewhite" | "aqua" | "azure" | "beige" | "brown" | "cyan" | "crimson" | "darkblue"
        | "darkgray" | "darkgreen" | "darkred" | "dimgray" | "fuchsia" | "gold" | "indigo" | "ivory" | "lightblue"
        | "lightyellow" | "magenta" | "pink" | "skyblue" | "snow" | "steelblue" | "tomato" | "violet" => {
            return Some(Color::Unknown);
        }
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors() {
        for (text, color) in [
            ("#fff", Some(Color::WHITE)),
            ("#ffffff", Some(Color::WHITE)),
            ("rgb(255, 255, 255)", Some(Color::WHITE)),
            ("rgba(0,0,0,0)", Some(Color::Clear)),
            ("#00000000", Some(Color::Clear)),
            ("transparent", Some(Color::Clear)),
            ("black", Some(Color::BLACK)),
            ("inherit", None),
            ("#ggg", Some(Color::Unknown)),
            ("#ffffffffffffff", Some(Color::Unknown)),
        ] {
            assert_eq!(parse(text), color, "{text}");
        }
        assert_eq!(parse_legacy("FFFFFF"), Some(Color::WHITE));
        assert_eq!(parse_background("#fff no-repeat"), Some(Color::WHITE));
        assert_eq!(parse_background("#fff url(x)"), Some(Color::Unknown));
        assert_eq!(parse_background("none"), None);
        assert!(Color::Rgb([254, 254, 254]).vanishes_on(Color::WHITE));
        assert!(!Color::BLACK.vanishes_on(Color::WHITE) && !Color::WHITE.vanishes_on(Color::Unknown));
    }
}
