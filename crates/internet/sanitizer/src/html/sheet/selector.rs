//! Selectors: tags, classes and ids, one inside the other.
//!
//! What stands before the last blank or `>` of a selector is a step. Which
//! steps an open element has reached, and which are reached around it, are two
//! words of bits: whether `.a .b` holds is one look, however deep the page.

use html5ever::Attribute;

/// Most steps that are known: bits of a word.
const MAX_STEPS: usize = 64;
/// Most classes of one element that are looked at.
const MAX_CLASSES: usize = 16;
/// Most classes that a selector may ask of one element.
const MAX_ASKED: usize = 4;

/// The steps that an element, and any element around it, has reached.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::html) struct Reached {
    here: u64,
    anywhere: u64,
}

/// A tag, a class or an id by its hash: who makes two of them the same hides
/// his own text, which he can do anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(u64);

impl Name {
    /// FNV-1a; `kind` is the sign before the name in a selector.
    fn new(kind: u8, name: &str) -> Self {
        let octets = std::iter::once(kind).chain(name.bytes().map(|b| b.to_ascii_lowercase()));
        Self(octets.fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
    }

    pub(super) fn tag(name: &str) -> Self {
        Self::new(b' ', name)
    }

    fn class(name: &str) -> Self {
        Self::new(b'.', name)
    }

    fn id(name: &str) -> Self {
        Self::new(b'#', name)
    }
}

/// What an element must be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Compound {
    tag: Option<Name>,
    classes: Vec<Name>,
    id: Option<Name>,
}

/// What must be around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    Anything,
    /// An element that has reached this step.
    Inside(usize),
    /// The parent has.
    ChildOf(usize),
}

impl Around {
    pub(super) fn is_met(self, outer: Reached) -> bool {
        match self {
            Self::Anything => true,
            Self::Inside(step) => outer.anywhere & (1 << step) != 0,
            Self::ChildOf(step) => outer.here & (1 << step) != 0,
        }
    }
}

/// The names of an element.
pub(super) struct Names {
    tag: Name,
    classes: Vec<Name>,
    id: Option<Name>,
}

impl Names {
    pub(super) fn of(tag: &str, attributes: &[Attribute]) -> Self {
        let value = |key| attributes.iter().find(|attribute| &*attribute.name.local == key).map(|found| &*found.value);
        let classes = value("class").unwrap_or_default().split_ascii_whitespace().take(MAX_CLASSES);
        Self {
            tag: Name::tag(tag),
            classes: classes.map(Name::class).collect(),
            id: value("id").map(|id| Name::id(id.trim_ascii())),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Name> {
        self.id.into_iter().chain(self.classes.iter().copied()).chain([self.tag])
    }
}

impl Compound {
    /// Reads `tag.class#id`; `None` if there is more to it.
    fn read(text: &str) -> Option<Self> {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let mut compound = Self::default();
        let (mut kind, mut rest) = (b' ', text);
        loop {
            let end = rest.find(['.', '#']).unwrap_or(rest.len());
            let name = &rest[..end];
            match kind {
                b' ' if name.is_empty() && end < rest.len() => {}
                _ if !is_name(name) => return None,
                b'.' if compound.classes.len() < MAX_ASKED => compound.classes.push(Name::class(name)),
                b'#' if compound.id.is_none() => compound.id = Some(Name::id(name)),
                b' ' => compound.tag = Some(Name::tag(name)),
                _ => return None,
            }
            match rest.as_bytes().get(end) {
                Some(next) => (kind, rest) = (*next, &rest[end + 1..]),
                None => return Some(compound),
            }
        }
    }

    /// The name that fewest elements have.
    pub(super) fn rarest(&self) -> Option<Name> {
        self.id.or(self.classes.last().copied()).or(self.tag)
    }

    pub(super) fn is(&self, names: &Names) -> bool {
        self.tag.is_none_or(|tag| tag == names.tag)
            && self.classes.iter().all(|class| names.classes.contains(class))
            && (self.id.is_none() || self.id == names.id)
    }

    /// CSS Selectors 17: an id counts more than classes, and these more than a tag.
    fn weight(&self) -> u32 {
        let classes = u32::try_from(self.classes.len()).unwrap_or_default();
        u32::from(self.id.is_some()) << 16 | classes << 8 | u32::from(self.tag.is_some())
    }
}

/// The steps of all selectors, each once.
#[derive(Debug, Default)]
pub(super) struct Steps(Vec<Step>);

#[derive(Debug, PartialEq, Eq)]
struct Step {
    around: Around,
    compound: Compound,
}

/// A selector: what the element is, what is around it, and how much it counts.
pub(super) struct Selector {
    pub(super) compound: Compound,
    pub(super) around: Around,
    pub(super) weight: u32,
}

impl Steps {
    /// Reads a selector; `None` if there is more to it, or too much.
    pub(super) fn read(&mut self, selector: &str) -> Option<Selector> {
        let selector = selector.replace('>', " > ");
        let (mut around, mut weight, mut child) = (Around::Anything, 0_u32, false);
        let mut last: Option<Compound> = None;
        for part in selector.split_ascii_whitespace() {
            if part == ">" {
                if child || last.is_none() {
                    return None;
                }
                child = true;
                continue;
            }
            let compound = Compound::read(part)?;
            weight = weight.saturating_add(compound.weight());
            if let Some(outer) = last.replace(compound) {
                let step = self.number(Step { around, compound: outer })?;
                around = if child { Around::ChildOf(step) } else { Around::Inside(step) };
            }
            child = false;
        }
        last.filter(|_| !child).map(|compound| Selector { compound, around, weight })
    }

    fn number(&mut self, step: Step) -> Option<usize> {
        if let Some(known) = self.0.iter().position(|known| *known == step) {
            return Some(known);
        }
        (self.0.len() < MAX_STEPS).then(|| {
            self.0.push(step);
            self.0.len() - 1
        })
    }

    /// The steps that an element inside `outer` has reached.
    pub(super) fn reached(&self, names: &Names, outer: Reached) -> Reached {
        let steps = self.0.iter().enumerate();
        let here = steps
            .filter(|(_, step)| step.around.is_met(outer) && step.compound.is(names))
            .fold(0, |bits, (at, _)| bits | 1 << at);
        Reached { here, anywhere: outer.anywhere | here }
    }
}
