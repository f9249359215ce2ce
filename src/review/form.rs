//! A dialog: lines to type, choices, and buttons of which the harmless one
//! comes first.

use super::Key;
use super::field::Field;

/// What a dialog is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Which mails are listed.
    Filter,
    /// Sanitize again and deliver.
    Release,
    /// Destroy the original.
    Delete,
    /// Ask for the original.
    Request,
    /// Decide about a request.
    Decide {
        /// Yes or no.
        approve: bool,
    },
    /// 法的保全.
    LegalHold {
        /// Put or lift.
        on: bool,
    },
    /// Write the files of a preview to a folder.
    Save,
    /// Preview with a password.
    Password,
}

/// A line of a dialog.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Filter,
    Way,
    Kinds,
    Profile,
    Doubts,
    Password,
    To,
    Form,
    Number,
    Look,
    Folder,
    Reason,
    Word,
    Count,
}

/// What a button does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Button {
    Cancel,
    Try,
    Do,
}

/// What is typed or chosen.
#[derive(Clone)]
pub(super) enum Input {
    Text(Field),
    Choice { options: Vec<String>, at: usize },
    Switch(bool),
}

/// A dialog. The focus runs over the lines, then the buttons.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) purpose: Purpose,
    pub(super) rows: Vec<(Name, Input)>,
    pub(super) buttons: Vec<Button>,
    pub(super) focus: usize,
}

/// What a key led to.
pub(super) enum Pressed {
    Nothing,
    Button(Button),
}

impl Form {
    pub(super) fn new(purpose: Purpose, rows: Vec<(Name, Input)>, buttons: Vec<Button>) -> Self {
        Self { purpose, rows, buttons, focus: 0 }
    }

    pub(super) fn text(&self, name: Name) -> String {
        match self.input(name) {
            Some(Input::Text(field)) => field.text(),
            Some(Input::Choice { .. } | Input::Switch(_)) | None => String::new(),
        }
    }

    pub(super) fn choice(&self, name: Name) -> usize {
        match self.input(name) {
            Some(Input::Choice { at, .. }) => *at,
            Some(Input::Text(_) | Input::Switch(_)) | None => 0,
        }
    }

    pub(super) fn is_on(&self, name: Name) -> bool {
        matches!(self.input(name), Some(Input::Switch(true)))
    }

    /// The button that Enter would press.
    pub(super) fn button(&self) -> Option<Button> {
        self.buttons.get(self.focus.checked_sub(self.rows.len())?).copied()
    }

    /// Whether a line counts in the way that was chosen.
    pub(super) fn is_live(&self, name: Name) -> bool {
        match name {
            Name::Kinds => self.choice(Name::Way) == 1,
            Name::Profile => self.choice(Name::Way) == 2,
            _ => true,
        }
    }

    /// Where the focus goes when something is missing.
    pub(super) fn look_at(&mut self, name: Name) {
        if let Some(at) = self.rows.iter().position(|(row, _)| *row == name) {
            self.focus = at;
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some((_, Input::Text(field))) = self.rows.get_mut(self.focus) {
            field.paste(text);
        }
    }

    pub(super) fn key(&mut self, key: Key) -> Pressed {
        match key {
            Key::Escape => return Pressed::Button(Button::Cancel),
            Key::Tab | Key::Down => self.walk(true),
            Key::BackTab | Key::Up => self.walk(false),
            Key::Enter => match self.button() {
                Some(button) => return Pressed::Button(button),
                // A dialog without buttons is one line.
                None if self.buttons.is_empty() => return Pressed::Button(Button::Do),
                None => self.walk(true),
            },
            key => self.turn(key),
        }
        Pressed::Nothing
    }

    /// The next line or button that counts, in a circle.
    fn walk(&mut self, on: bool) {
        let stops = self.rows.len() + self.buttons.len();
        for _ in 0..stops {
            self.focus = (self.focus + if on { 1 } else { stops - 1 }) % stops;
            if self.rows.get(self.focus).is_none_or(|(name, _)| self.is_live(*name)) {
                return;
            }
        }
    }

    fn turn(&mut self, key: Key) {
        let on = matches!(key, Key::Right | Key::Char(' '));
        let (rows, stops) = (self.rows.len(), self.rows.len() + self.buttons.len());
        match self.rows.get_mut(self.focus).map(|(_, input)| input) {
            Some(Input::Text(field)) => {
                field.key(key);
            }
            Some(Input::Choice { options, at }) if on => *at = (*at + 1) % options.len().max(1),
            Some(Input::Choice { options, at }) if key == Key::Left => {
                *at = (*at + options.len().max(1) - 1) % options.len().max(1);
            }
            Some(Input::Switch(is_on)) if on || key == Key::Left => *is_on = !*is_on,
            Some(Input::Choice { .. } | Input::Switch(_)) => {}
            None if key == Key::Left && self.focus > rows => self.focus -= 1,
            None if key == Key::Right && self.focus + 1 < stops => self.focus += 1,
            None => {}
        }
    }

    fn input(&self, name: Name) -> Option<&Input> {
        self.rows.iter().find(|(row, _)| *row == name).map(|(_, input)| input)
    }
}
