//! The policies that come with the program; the same files lie in
//! `config/policy/`, to copy from.

use sekisho_safe_message::ProfileName;

use crate::rule::Chain;
use crate::{End, Policy};

/// The text of one of [`Policy::BUILT_IN`].
pub(crate) fn text(name: &str) -> Option<&'static str> {
    match name {
        "text-only" => Some(include_str!("../../../../config/policy/text-only.toml")),
        "rebuild-or-hold" => Some(include_str!("../../../../config/policy/rebuild-or-hold.toml")),
        "pixels" => Some(include_str!("../../../../config/policy/pixels.toml")),
        _ => None,
    }
}

/// `text-only` without its file: for code that needs some policy, and for
/// which nothing crosses is the right one.
pub(crate) fn text_only() -> Policy {
    let default = Chain { methods: Vec::new(), end: End::Strip };
    // The name is one by construction; an empty policy keeps everything out.
    let profile = ProfileName::parse("text-only").unwrap_or_else(|_| unreachable!("a profile's name"));
    Policy { profile, rules: Vec::new(), default }
}
