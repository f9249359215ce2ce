//! A line that a person types.

use super::Key;

/// Characters of one line: a reason is a sentence, not a letter.
const MAX: usize = 500;

/// The line and where the next character goes.
#[derive(Clone, Default)]
pub(super) struct Field {
    text: Vec<char>,
    at: usize,
    secret: bool,
}

impl Field {
    pub(super) fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().take(MAX).collect();
        Self { at: text.len(), text, secret: false }
    }

    /// A password: shown as dots.
    pub(super) fn secret() -> Self {
        Self { secret: true, ..Self::default() }
    }

    pub(super) fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// The line as it is shown, and what of it stands before the cursor.
    pub(super) fn shown(&self) -> (String, String) {
        let shown = |chars: &[char]| match self.secret {
            true => "•".repeat(chars.len()),
            false => chars.iter().collect(),
        };
        (shown(&self.text), shown(&self.text[..self.at]))
    }

    /// Whether the key meant something here.
    pub(super) fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Char(c) => self.insert(c),
            Key::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            Key::Delete if self.at < self.text.len() => {
                self.text.remove(self.at);
            }
            Key::Left => self.at = self.at.saturating_sub(1),
            Key::Right => self.at = (self.at + 1).min(self.text.len()),
            Key::Home | Key::Control('a') => self.at = 0,
            Key::End | Key::Control('e') => self.at = self.text.len(),
            Key::Control('u') => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            _ => return false,
        }
        true
    }

    /// Pasted text: line ends are blanks, so that a paste never presses a button.
    pub(super) fn paste(&mut self, text: &str) {
        for c in text.trim().chars().take(MAX) {
            self.insert(if c.is_control() { ' ' } else { c });
        }
    }

    fn insert(&mut self, c: char) {
        if self.text.len() < MAX && !c.is_control() {
            self.text.insert(self.at, c);
            self.at += 1;
        }
    }
}
