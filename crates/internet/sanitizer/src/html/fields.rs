//! Pictures and fields of forms: what of them is text.

use html5ever::Attribute;

use super::open::attribute;
use super::style;

/// Longest text of a picture or a field, in characters.
pub(super) const MAX_TEXT: usize = 1000;

/// Most options of a choice that are shown.
const MAX_CHOSEN: usize = 20;

/// The options of a choice: those chosen, or else the first.
#[derive(Debug, Default)]
pub(super) struct Choice {
    first: Option<String>,
    chosen: Vec<String>,
    open: Taker,
}

/// What takes the text of the open option.
#[derive(Debug, Default, Clone, Copy)]
enum Taker {
    #[default]
    None,
    First,
    Chosen,
}

impl Choice {
    /// An option begins.
    pub(super) fn begin(&mut self, selected: bool) {
        self.open = match &self.first {
            _ if selected && self.chosen.len() < MAX_CHOSEN => {
                self.chosen.push(String::new());
                Taker::Chosen
            }
            None => {
                self.first = Some(String::new());
                Taker::First
            }
            Some(_) => Taker::None,
        };
    }

    /// Text of the open option.
    pub(super) fn text(&mut self, text: &str) {
        let option = match self.open {
            Taker::None => None,
            Taker::First => self.first.as_mut(),
            Taker::Chosen => self.chosen.last_mut(),
        };
        if let Some(option) = option.filter(|option| option.len() < MAX_TEXT) {
            option.push_str(text);
        }
    }

    /// What is shown of it all.
    pub(super) fn text_shown(self) -> Option<String> {
        let chosen: Vec<&str> =
            self.chosen.iter().map(|option| option.trim()).filter(|option| !option.is_empty()).collect();
        let text = if chosen.is_empty() { self.first?.trim().to_owned() } else { chosen.join(", ") };
        (!text.is_empty()).then(|| format!("[{text}]"))
    }
}

/// What is seen of an `<input>`.
pub(super) fn input(attributes: &[Attribute]) -> Option<String> {
    let kind = attribute(attributes, "type").unwrap_or("text").trim().to_ascii_lowercase();
    let value: String = attribute(attributes, "value").unwrap_or_default().trim().chars().take(MAX_TEXT).collect();
    let checked = attribute(attributes, "checked").is_some();
    match kind.as_str() {
        "hidden" | "password" | "file" | "color" | "range" => None,
        "checkbox" | "radio" => Some(if checked { "[x]" } else { "[ ]" }.to_owned()),
        "image" => {
            attribute(attributes, "alt").filter(|alt| says_something(alt)).map(|alt| format!("[{}]", alt.trim()))
        }
        _ if value.is_empty() => None,
        "submit" | "button" | "reset" => Some(format!("[{value}]")),
        _ => Some(value),
    }
}

/// Whether a picture is there to be fetched or to fill space, not to be seen.
pub(super) fn is_spacer(attributes: &[Attribute]) -> bool {
    let is_dot = |name| {
        let value = attribute(attributes, name).map(|value| value.trim().trim_end_matches("px"));
        value.is_some_and(|value| matches!(value, "0" | "1" | "2"))
    };
    // A width of one alone is a line drawn across the page.
    let sized = is_dot("width") || is_dot("height");
    sized || attribute(attributes, "style").is_some_and(style::hides_picture)
}

/// Whether a picture's description describes it: not a file's name, not a
/// stopgap.
pub(super) fn says_something(alt: &str) -> bool {
    let alt = alt.trim();
    let lower = alt.to_ascii_lowercase();
    let file = [".gif", ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".svg"].iter().any(|end| lower.ends_with(end));
    let stopgap = matches!(
        lower.as_str(),
        "image"
            | "img"
            | "picture"
            | "photo"
            | "spacer"
            | "blank"
            | "space"
            | "pixel"
            | "line"
            | "border"
            | "bullet"
            | "shim"
            | "dot"
            | "画像"
            | "イメージ"
            | "写真"
            | "空白"
            | "no alt"
            | "alt"
            | "null"
            | "undefined"
    );
    let name = (file && !alt.contains(' ')) || lower.starts_with("http");
    !stopgap && !name && alt.chars().any(char::is_alphanumeric)
}

/// Whether a style sheet for `media` holds on the reader's screen.
pub(super) fn holds_here(media: Option<&str>) -> bool {
    media.is_none_or(|media| {
        let media = media.trim().to_ascii_lowercase();
        matches!(media.as_str(), "" | "all" | "screen" | "only screen" | "screen, projection")
    })
}
