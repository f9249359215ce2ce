//! Which layers are hidden (ISO 32000-1 8.11).

use std::collections::HashSet;

use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier};

/// Groups of optional content that a reader does not see.
#[derive(Default)]
pub(super) struct Layers {
    off: HashSet<ObjectIdentifier>,
    on: HashSet<ObjectIdentifier>,
    /// Whether groups are hidden unless listed (`BaseState` is `OFF`).
    hidden_by_default: bool,
}

/// Groups that are looked at.
const MAX_GROUPS: usize = 10_000;

impl Layers {
    /// Reads the default configuration.
    pub(super) fn read(catalog: &Dict<'_>) -> Self {
        let properties = catalog.get::<Dict<'_>>("OCProperties").unwrap_or_default();
        let default = properties.get::<Dict<'_>>("D").unwrap_or_default();
        Self {
            off: references(&default, "OFF"),
            on: references(&default, "ON"),
            hidden_by_default: default.get::<Name<'_>>("BaseState").is_some_and(|state| &*state == b"OFF"),
        }
    }

    /// Whether what belongs to `group` (a group, or membership in some) is
    /// hidden. Visibility expressions are not followed: `OCGs` stands beside
    /// them for readers that do not.
    pub(super) fn hides(&self, group: &Dict<'_>) -> bool {
        if group.get::<Name<'_>>("Type").as_deref() != Some(b"OCMD") {
            return group.obj_id().is_some_and(|id| self.is_off(id));
        }
        let members = references(group, "OCGs");
        if members.is_empty() {
            return false;
        }
        let mut off = members.iter().map(|id| self.is_off(*id));
        match group.get::<Name<'_>>("P").as_deref() {
            Some(b"AllOn") => off.any(|off| off),
            Some(b"AnyOff") => !off.any(|off| off),
            Some(b"AllOff") => !off.all(|off| off),
            _ => off.all(|off| off),
        }
    }

    fn is_off(&self, id: ObjectIdentifier) -> bool {
        self.off.contains(&id) || (self.hidden_by_default && !self.on.contains(&id))
    }
}

/// The references in an array, or the one that stands in its place.
fn references(dict: &Dict<'_>, key: &str) -> HashSet<ObjectIdentifier> {
    if let Some(array) = dict.get::<Array<'_>>(key) {
        let found = array.raw_iter().take(MAX_GROUPS).filter_map(|item| match item {
            MaybeRef::Ref(target) => Some(target.into()),
            MaybeRef::NotRef(_) => None,
        });
        return found.collect();
    }
    match dict.get_raw::<Object<'_>>(key) {
        Some(MaybeRef::Ref(target)) => [target.into()].into(),
        _ => HashSet::new(),
    }
}
