//! Where things stand on a terminal of a given size.

use ratatui::layout::Rect;

use super::state::View;

/// From here on the details stand beside the list.
const WIDE: u16 = 110;
/// From here on they stand below it.
const TALL: u16 = 20;
/// Lines of the list, with its head, when the details stand below.
const UPPER: u16 = 14;
/// The smallest terminal on which a decision can be read.
const SMALLEST: (u16, u16) = (60, 18);

/// The areas of a screen.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Everything between the title and the message.
    pub(super) body: Rect,
    /// The list with its head.
    pub(super) list: Rect,
    /// The details beside or below it.
    pub(super) side: Option<Rect>,
    /// Mails in sight.
    pub(super) rows: usize,
    pub(super) is_too_small: bool,
}

impl Layout {
    pub(super) fn of((width, height): (u16, u16)) -> Self {
        let body = Rect::new(0, 1, width, height.saturating_sub(3));
        let (list, side) = if width >= WIDE {
            let left = width * 3 / 5;
            let right = Rect { x: left + 1, width: width - left - 1, ..body };
            (Rect { width: left, ..body }, Some(right))
        } else if height >= TALL {
            let below = Rect { y: body.y + UPPER, height: body.height - UPPER, ..body };
            (Rect { height: UPPER, ..body }, Some(below))
        } else {
            (body, None)
        };
        let rows = usize::from(list.height.saturating_sub(1));
        let is_too_small = width < SMALLEST.0 || height < SMALLEST.1;
        Self { body, list, side, rows, is_too_small }
    }

    /// Lines that one page of a view has.
    pub(super) fn page(&self, view: View) -> usize {
        match view {
            View::List => self.rows,
            // Below its heading.
            View::Detail | View::Preview => usize::from(self.body.height.saturating_sub(1)),
        }
    }
}
