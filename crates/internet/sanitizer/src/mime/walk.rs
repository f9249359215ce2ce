//! The strict walk: one pass over the mail's lines, an explicit stack of open
//! multiparts, every bound checked on the way.

use memchr::memchr;
use sekisho_job::{Anomaly, HoldReason, Limits};

use super::entity::{Entity, Place, Shape, describe, may_contain};
use super::fields::{self, Field};
use crate::findings::Findings;

/// The header of the mail and its parts.
pub(crate) fn walk<'a>(raw: &'a [u8], limits: &Limits, findings: &mut Findings) -> (Vec<Field<'a>>, Vec<Entity<'a>>) {
    let first = Header { start: 0, field: 0, lines: 0, parent: None, path: Vec::new(), in_digest: false };
    let mut walk = Walk {
        raw,
        limits,
        findings,
        header: Vec::new(),
        entities: Vec::new(),
        open: Vec::new(),
        state: State::Header(first),
        merged: false,
        doubtful: false,
    };
    let mut at = 0;
    while at < raw.len() && !matches!(walk.state, State::Stopped) {
        let end = memchr(b'\n', &raw[at..]).map_or(raw.len(), |feed| at + feed + 1);
        walk.line(at, end);
        at = end;
    }
    walk.finish(at);
    (walk.header, walk.entities)
}

struct Walk<'a, 'w> {
    raw: &'a [u8],
    limits: &'w Limits,
    findings: &'w mut Findings,
    header: Vec<Field<'a>>,
    entities: Vec<Entity<'a>>,
    open: Vec<Open>,
    state: State,
    /// The line before ended in a bare LF: some readers see no line end there.
    merged: bool,
    /// The part before had no end of its header: for some readers the next
    /// part's header belongs to it.
    doubtful: bool,
}

/// What the next line belongs to.
enum State {
    Header(Header),
    /// The content of this leaf.
    Leaf(usize),
    /// The preamble or epilogue of the innermost open multipart.
    Outside,
    /// A bound was passed.
    Stopped,
}

/// A header block that is not over yet.
struct Header {
    start: usize,
    /// Where its newest field begins.
    field: usize,
    lines: u32,
    parent: Option<usize>,
    path: Vec<u32>,
    in_digest: bool,
}

/// A multipart inside which the walk is.
struct Open {
    entity: usize,
    boundary: Vec<u8>,
    children: u32,
    ended: bool,
}

/// What a line is to the open multiparts.
enum Delimiter {
    /// `--boundary` of the multipart at this depth.
    Next(usize),
    /// `--boundary--`
    Close(usize),
}

impl Walk<'_, '_> {
    fn line(&mut self, at: usize, end: usize) {
        let line = content(&self.raw[at..end]);
        let delimiter = if line.starts_with(b"--") && !self.open.is_empty() { self.delimiter(line) } else { None };
        self.line_end(at, end, delimiter.is_some());
        match delimiter {
            Some(Delimiter::Next(depth)) => return self.next_part(depth, at, end),
            Some(Delimiter::Close(depth)) => return self.close(depth, at),
            None => {}
        }
        match &mut self.state {
            State::Header(_) if line.is_empty() => self.header_ends(at, end),
            State::Header(header) => {
                if !is_continuation(line) {
                    header.lines += 1;
                    header.field = at;
                }
                let bytes = end - header.start;
                if bytes > self.limits.header_bytes as usize || header.lines > self.limits.header_fields {
                    self.stop(HoldReason::HeaderTooLarge);
                }
            }
            State::Outside => self.outside(line),
            State::Leaf(_) | State::Stopped => {}
        }
    }

    /// RFC 5322 2.3: CR and LF stand together only. A single one inside a
    /// part's content changes no structure; in a header block, or where a
    /// delimiter is made or broken by it, it does.
    fn line_end(&mut self, at: usize, end: usize, is_delimiter: bool) {
        let (whole, line) = (&self.raw[at..end], content(&self.raw[at..end]));
        let in_header = matches!(&self.state, State::Header(header) if !self.folds_elsewhere(header, at, end));
        let structural = is_delimiter || in_header;
        let bare_lf = whole.ends_with(b"\n") && whole.len() == line.len() + 1;
        let merged = std::mem::replace(&mut self.merged, bare_lf);
        if (bare_lf || merged && is_delimiter) && structural {
            self.findings.found(Anomaly::BareLf);
        } else if bare_lf {
            self.findings.found(Anomaly::LineEndInText);
        }
        if !line.contains(&b'\r') {
            return;
        }
        let is_like =
            |piece: &[u8]| piece.starts_with(b"--") && self.open.iter().any(|o| piece[2..].starts_with(&o.boundary));
        let makes_one = line.split(|b| *b == b'\r').skip(1).any(is_like);
        self.findings.found(if structural || makes_one { Anomaly::BareCr } else { Anomaly::LineEndInText });
    }

    /// Whether the line is part of a field that nothing is read from, and goes
    /// on in the next line: with or without a line end between the two, the
    /// field and its neighbours are the same.
    fn folds_elsewhere(&self, header: &Header, at: usize, end: usize) -> bool {
        const UNREAD: [&[u8]; 4] = [b"received:", b"dkim-signature:", b"arc-", b"x-"];
        let start = if is_continuation(&self.raw[at..end]) { header.field } else { at };
        let field = &self.raw[start..end];
        let unread = |name: &[u8]| field.get(..name.len()).is_some_and(|f| f.eq_ignore_ascii_case(name));
        is_continuation(&self.raw[end..]) && UNREAD.iter().any(|name| unread(name))
    }

    fn stop(&mut self, reason: HoldReason) {
        self.findings.hold(reason);
        self.state = State::Stopped;
    }

    /// RFC 2046 5.1.1: a delimiter is the whole line, but for blanks behind
    /// it. The same clause lets readers compare the line's beginning only, so
    /// a line that begins like one and goes on is read in two ways.
    fn delimiter(&mut self, line: &[u8]) -> Option<Delimiter> {
        let mut alike = false;
        for (depth, open) in self.open.iter().enumerate().rev() {
            let Some(rest) = line[2..].strip_prefix(open.boundary.as_slice()) else { continue };
            match rest.trim_ascii_end() {
                b"" => return Some(Delimiter::Next(depth)),
                b"--" => return Some(Delimiter::Close(depth)),
                _ => alike = true,
            }
        }
        if alike {
            self.findings.found(Anomaly::BoundaryLike);
        }
        None
    }

    fn next_part(&mut self, depth: usize, at: usize, end: usize) {
        self.leave(depth, at);
        let limits = self.limits;
        let open = &mut self.open[depth];
        if open.ended {
            self.findings.found(Anomaly::RepeatedEnd);
        }
        open.children += 1;
        let (parent, child) = (open.entity, open.children);
        if self.entities.len() >= limits.parts as usize {
            return self.stop(HoldReason::TooManyParts);
        }
        let container = &self.entities[parent];
        let path = container.path.iter().copied().chain([child]).collect();
        let in_digest = container.is("multipart/digest");
        self.state = State::Header(Header { start: end, field: end, lines: 0, parent: Some(parent), path, in_digest });
    }

    fn close(&mut self, depth: usize, at: usize) {
        self.leave(depth, at);
        let open = &mut self.open[depth];
        if open.ended {
            self.findings.found(Anomaly::RepeatedEnd);
        }
        if open.children == 0 {
            // Nothing but a preamble: some readers show it as the text.
            self.findings.found(Anomaly::NoParts);
        }
        open.ended = true;
        let entity = open.entity;
        self.end_content(entity, at);
        self.state = State::Outside;
    }

    /// Ends what is open inside the multipart at `depth`, before the line at
    /// `at`.
    fn leave(&mut self, depth: usize, at: usize) {
        let end = before_line_end(self.raw, at);
        match &self.state {
            State::Header(header) if header.start < at => {
                // A header block that no empty line ends.
                self.doubtful = true;
                self.header_ends(at, at);
                if let State::Leaf(leaf) = self.state {
                    self.end_content(leaf, at);
                }
                self.doubtful = true;
            }
            // A delimiter right behind another: no part at all, or an empty one.
            State::Header(_) => self.findings.found(Anomaly::EmptyPart),
            State::Leaf(leaf) => self.end_content(*leaf, end),
            State::Outside => {}
            // What comes after a bound was not looked at, so nothing is missing.
            State::Stopped => return,
        }
        while self.open.len() > depth + 1 {
            if let Some(inner) = self.open.pop() {
                self.end_open(&inner, end);
            }
        }
    }

    fn end_open(&mut self, open: &Open, end: usize) {
        if !open.ended {
            self.findings.found(Anomaly::MissingEnd);
            self.end_content(open.entity, end);
        }
    }

    fn end_content(&mut self, entity: usize, end: usize) {
        let entity = &mut self.entities[entity];
        entity.content = self.raw.get(entity.at..end).unwrap_or_default();
    }

    /// The header block is over at `at`; content begins at `end`.
    fn header_ends(&mut self, at: usize, end: usize) {
        let State::Header(header) = std::mem::replace(&mut self.state, State::Outside) else { return };
        let block = &self.raw[header.start..at];
        let is_root = header.parent.is_none();
        let mut own = self.findings.of_part();
        let fields = fields::parse(block, &mut own);
        if is_root && fields.is_empty() {
            self.findings.absorb(own);
            return self.stop(HoldReason::NoHeader);
        }
        let place = Place { parent: header.parent, path: header.path, in_digest: header.in_digest, at: end };
        let mut entity = describe(&fields, place, &mut own);
        if std::mem::take(&mut self.doubtful) {
            own.found(Anomaly::HeaderJunk);
        }
        if !is_root && entity.shape == Shape::Leaf && !may_contain(block) {
            own.confine();
        }
        entity.withheld = own.withholds();
        self.findings.absorb(own);
        let index = self.entities.len();
        self.enter(index, &entity.shape);
        self.entities.push(entity);
        if is_root {
            self.header = fields;
        }
    }

    fn enter(&mut self, index: usize, shape: &Shape) {
        match shape {
            Shape::Leaf => self.state = State::Leaf(index),
            Shape::Container(boundary) => {
                if self.open.len() >= self.limits.depth as usize {
                    return self.stop(HoldReason::TooDeep);
                }
                // An outer boundary that begins like this one would end the
                // inner part for every reader that compares beginnings. The
                // reverse is common (Eudora) and read alike by all.
                let clashes = |outer: &Open| outer.boundary.starts_with(boundary);
                if self.open.iter().any(clashes) {
                    self.findings.found(Anomaly::BoundaryClash);
                }
                self.open.push(Open { entity: index, boundary: boundary.clone(), children: 0, ended: false });
                self.state = State::Outside;
            }
        }
    }

    /// Preambles and epilogues are not part of the mail (RFC 2046 5.1.1), but
    /// some reader may find a part in them.
    fn outside(&mut self, line: &[u8]) {
        let like = |name: &str| line.get(..name.len()).is_some_and(|l| l.eq_ignore_ascii_case(name.as_bytes()));
        if ["Content-Type:", "Content-Transfer-Encoding:", "Content-Disposition:"].iter().any(|name| like(name)) {
            self.findings.found(Anomaly::HiddenPart);
        }
    }

    fn finish(&mut self, end: usize) {
        match &self.state {
            State::Header(_) => {
                // No empty line: a mail of a header alone.
                self.header_ends(end, end);
                if let State::Leaf(leaf) = self.state {
                    self.end_content(leaf, end);
                }
            }
            State::Leaf(leaf) => self.end_content(*leaf, end),
            State::Outside | State::Stopped => {}
        }
        while let Some(open) = self.open.pop() {
            self.end_open(&open, end);
        }
    }
}

/// RFC 5322 2.2.3.
fn is_continuation(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// A line without its end.
fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The line end before a delimiter belongs to the delimiter (RFC 2046 5.1.1).
fn before_line_end(raw: &[u8], at: usize) -> usize {
    match raw[..at] {
        [.., b'\r', b'\n'] => at - 2,
        [.., b'\n'] => at - 1,
        _ => at,
    }
}
