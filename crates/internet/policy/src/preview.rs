//! Policies for looking into a mail: what a reviewer sees is made by the same
//! code as what crosses, and nothing waits.

use sekisho_safe_message::{Method, ProfileName};

use crate::rule::{Chain, Rule, When};
use crate::sets::KindSet;
use crate::{End, Group, Kind, Policy};

/// What a reviewer wants to see of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Its text.
    Text,
    /// Its text, and every file that can be made anew, in the way that keeps
    /// most of it.
    Files,
    /// Its text, and pictures: of a document those of its pages.
    Pictures,
}

impl Policy {
    /// The policy for a look. No rule of it holds a mail, not even for a
    /// password: what cannot be shown stays out.
    pub fn for_preview(look: Look) -> Self {
        let all = KindSet::all();
        let (name, rules) = match look {
            Look::Text => ("preview-text", Vec::new()),
            Look::Files => {
                ("preview-files", vec![rule("files", all, &[Method::Rebuild, Method::Flatten, Method::Extract])])
            }
            Look::Pictures => (
                "preview-pictures",
                vec![
                    rule("pages", paged(), &[Method::Flatten, Method::Extract]),
                    rule("files", all, &[Method::Rebuild, Method::Extract]),
                ],
            ),
        };
        let profile = ProfileName::parse(name).unwrap_or_else(|_| unreachable!("a profile's name"));
        Self { profile, rules, default: Chain { methods: Vec::new(), end: End::Quarantine } }
    }
}

/// What has pages.
fn paged() -> KindSet {
    let groups = [Group::Pdf, Group::Office, Group::LegacyOffice, Group::Web];
    groups.into_iter().fold(KindSet::one(Kind::Tiff), |set, group| set.with(KindSet::group(group)))
}

fn rule(id: &str, kinds: KindSet, methods: &[Method]) -> Rule {
    Rule {
        id: id.to_owned(),
        line: 0,
        when: When { kind: Some(kinds), ..When::default() },
        then: Chain { methods: methods.to_vec(), end: End::Quarantine },
        exception: None,
    }
}
