//! Fonts of the machine, read before the sandbox closes: for PDF pages and
//! drawings that name a Japanese font and hold none.
//!
//! Never: a folder searched, or a name that a mail gives.

use std::path::Path;
use std::sync::Arc;

use sekisho_sandbox::map_file;
use sekisho_sanitizer::{FontData, Fonts};

/// Longest font that is read, in octets.
const MAX: u64 = 32 << 20;

/// Sans-serif fonts, the first that is there: Debian's and Ubuntu's
/// `fonts-ipafont-gothic`, `fonts-noto-cjk`; RHEL's `ipa-gothic-fonts`,
/// `google-noto-sans-cjk-fonts`; a place for the site's own.
const GOTHIC: [&str; 6] = [
    "/etc/sekisho/gothic.ttf",
    "/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf",
    "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf",
    "/usr/share/fonts/ipa-gothic/ipag.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
];

/// The same with serifs.
const MINCHO: [&str; 6] = [
    "/etc/sekisho/mincho.ttf",
    "/usr/share/fonts/opentype/ipafont-mincho/ipam.ttf",
    "/usr/share/fonts/opentype/ipaexfont-mincho/ipaexm.ttf",
    "/usr/share/fonts/ipa-mincho/ipam.ttf",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSerifCJK-Regular.ttc",
];

/// The fonts that there are.
pub(crate) fn load() -> Fonts {
    Fonts::new(first(&GOTHIC), first(&MINCHO))
}

/// Shared by all workers of the machine if only root can change it; else a copy, which every fork pays for.
fn first(places: &[&str]) -> Option<FontData> {
    places.iter().map(Path::new).find_map(|place| match map_file(place, MAX) {
        Ok(font) => Some(Arc::new(font) as FontData),
        Err(_) => copy(place),
    })
}

fn copy(place: &Path) -> Option<FontData> {
    let small = std::fs::metadata(place).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX);
    small.then(|| std::fs::read(place).ok().map(|font| Arc::new(font) as FontData)).flatten()
}
