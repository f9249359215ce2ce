//! What a `style` attribute says about visibility.

/// The visible effect of a `style` attribute; `None` where it says nothing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// The element and all inside is not shown.
    pub(super) gone: bool,
    /// `visibility`: whether it is hidden; elements inside may say otherwise.
    pub(super) invisible: Option<bool>,
    /// `font-size`: whether it is zero; elements inside may say otherwise.
    pub(super) zero_size: Option<bool>,
    /// `white-space`: whether blanks and line ends count.
    pub(super) preformatted: Option<bool>,
    /// `display: block` and the like.
    pub(super) block: bool,
}

/// Reads an attribute's value.
pub(super) fn parse(text: &str) -> Style {
    let mut style = Style::default();
    for declaration in text.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let value = value.trim().to_ascii_lowercase();
        let value = value.split('!').next().unwrap_or_default().trim();
        match property.trim().to_ascii_lowercase().as_str() {
            "display" => {
                style.gone |= value == "none";
                style.block |= value == "block";
            }
            "visibility" => style.invisible = Some(matches!(value, "hidden" | "collapse")),
            "font-size" => style.zero_size = Some(is_zero(value)),
            "white-space" => style.preformatted = Some(value.starts_with("pre")),
            "opacity" | "max-height" => style.gone |= is_zero(value),
            "mso-hide" => style.gone |= value == "all",
            _ => {}
        }
    }
    style
}

/// `0`, `0px`, `0.0em` ...
fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number.parse::<f32>().is_ok_and(|number| number == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations() {
        assert!(parse("color:red; Display : NONE!important").gone);
        assert!(parse("opacity:0.0").gone && !parse("opacity:0.5").gone && !parse("max-height:none").gone);
        assert_eq!(parse("font-size:0").zero_size, Some(true));
        assert_eq!(parse("font-size:10px").zero_size, Some(false));
        assert_eq!(parse("visibility:visible").invisible, Some(false));
        assert_eq!(parse("junk;;:;"), Style::default());
    }
}
