//! What a site has decided about the text that its readers get.

use sekisho_safe_message::Domain;
use serde::{Deserialize, Serialize};

/// The site's wishes, the same for every mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The language of the notice.
    pub notice: NoticeLanguage,
    /// How addresses of the web are shown.
    pub links: LinkRules,
    /// Servers whose `Authentication-Results` are believed (RFC 8601 2.5: the
    /// authserv-id). They must take fields in their own name out of what comes
    /// in (RFC 8601 5), or anybody could forge them.
    pub servers: Vec<Domain>,
}

/// Which language the notice below the text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeLanguage {
    /// That of the mail: Japanese if its text has Japanese, or none at all.
    Auto,
    /// 日本語
    Ja,
    /// English
    En,
}

/// How an address of the web is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkForm {
    /// Readable, but no client makes a link of it: `hxxps://a.example/`.
    Show,
    /// As it is.
    Plain,
    /// Not at all; words say that one stood there.
    Remove,
}

/// How addresses of the web are shown: one form, and exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRules {
    /// The form where no exception says otherwise.
    pub form: LinkForm,
    /// A domain, with all below it, and its form. Of several that fit the
    /// longest name counts.
    pub exceptions: Vec<(Domain, LinkForm)>,
}

/// How files are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRules {
    /// Quality of JPEG pictures, 1 to 100.
    pub jpeg_quality: u8,
    /// Frames of an animated picture; the rest is left out.
    pub frames: u32,
    /// Whether the lowest bit of each pixel is changed.
    pub noise: bool,
    /// Whether a PDF keeps its fonts.
    pub fonts: bool,
    /// Dots per inch of pages that become pictures.
    pub dpi: u16,
}

impl Default for FileRules {
    /// As the settings have it where nothing is written.
    fn default() -> Self {
        Self { jpeg_quality: 92, frames: 100, noise: false, fonts: true, dpi: 150 }
    }
}

impl Default for Rules {
    /// The notice in the mail's language, links inert, no server believed.
    fn default() -> Self {
        Self {
            notice: NoticeLanguage::Auto,
            links: LinkRules { form: LinkForm::Show, exceptions: Vec::new() },
            servers: Vec::new(),
        }
    }
}

impl LinkRules {
    /// The form for `host`, in ASCII and lower case (`www.example.jp`).
    pub fn form_of(&self, host: &str) -> LinkForm {
        let fits = |domain: &Domain| {
            let rest = host.strip_suffix(domain.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let fitting = self.exceptions.iter().filter(|(domain, _)| fits(domain));
        fitting.max_by_key(|(domain, _)| domain.as_str().len()).map_or(self.form, |(_, form)| *form)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn the_longest_domain_counts() {
        let exception = |domain: &str, form| (Domain::parse(domain).unwrap(), form);
        let rules = LinkRules {
            form: LinkForm::Show,
            exceptions: vec![
                exception("example.jp", LinkForm::Plain),
                exception("ads.example.jp", LinkForm::Remove),
                exception("x.ads.example.jp", LinkForm::Show),
            ],
        };
        for (host, form) in [
            ("example.jp", LinkForm::Plain),
            ("www.example.jp", LinkForm::Plain),
            ("badexample.jp", LinkForm::Show),
            ("ads.example.jp", LinkForm::Remove),
            ("a.ads.example.jp", LinkForm::Remove),
            ("a.x.ads.example.jp", LinkForm::Show),
            ("", LinkForm::Show),
        ] {
            assert_eq!(rules.form_of(host), form, "{host}");
        }
    }
}
