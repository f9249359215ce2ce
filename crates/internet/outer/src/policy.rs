//! The policy in force: the site's own file, or one that is built in.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sekisho_policy::{Policy, PolicyError};
use sekisho_settings::{Language, Origin, PolicySettings, Problem, SettingsError, SettingsErrors, Told};

/// The policy that the settings name.
///
/// # Errors
/// Everything that is wrong with the site's file, with line and remedy.
pub fn load(settings: &PolicySettings) -> Result<Policy, SettingsErrors> {
    match &settings.file {
        Some(path) => read(path, Some("policy.file")),
        None => built_in(settings.profile.name()),
    }
}

/// The policy in a file; `key` is the setting that names it, if one does.
///
/// # Errors
/// Everything that is wrong with it, with line and remedy.
pub fn read(path: &Path, key: Option<&str>) -> Result<Policy, SettingsErrors> {
    let text = text_of(path).map_err(|err| {
        let problem = Problem::UnreadableFile(path.to_owned(), err.to_string());
        let origin = Origin::File { path: path.to_owned(), line: None };
        SettingsErrors(vec![SettingsError { origin, key: key.map(str::to_owned), value: None, problem }])
    })?;
    Policy::parse(&text).map_err(|errors| SettingsErrors(errors.into_iter().map(|err| told(path, err)).collect()))
}

/// A built-in policy.
///
/// # Errors
/// [`Problem::Bug`] if there is none of that name.
pub fn built_in(name: &str) -> Result<Policy, SettingsErrors> {
    Policy::built_in(name).ok_or_else(|| {
        let problem = Problem::Bug(format!("no built-in policy {name}"));
        SettingsErrors(vec![SettingsError { origin: Origin::Default, key: None, value: None, problem }])
    })
}

/// The text, and no more of it than a policy may have and one octet, so that
/// a longer one is told as such.
fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(Policy::MAX_TEXT as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn told(path: &Path, error: PolicyError) -> SettingsError {
    let told = Told {
        what_en: error.what(Language::En),
        what_ja: error.what(Language::Ja),
        remedy_en: error.remedy(Language::En),
        remedy_ja: error.remedy(Language::Ja),
    };
    let origin = Origin::Named { path: path.to_owned(), line: error.line, column: error.column };
    SettingsError { origin, key: error.key, value: error.value, problem: Problem::Told(Box::new(told)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use sekisho_settings::PolicyProfile;

    #[test]
    fn every_profile_of_the_settings_is_built_in() {
        for profile in [PolicyProfile::TextOnly, PolicyProfile::RebuildOrHold, PolicyProfile::Pixels] {
            let policy = load(&PolicySettings { profile, file: None }).unwrap();
            assert_eq!(policy.profile().as_str(), profile.name());
        }
    }

    #[test]
    fn a_file_stands_for_the_profile_and_its_mistakes_are_told_like_settings() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.toml");
        let settings = PolicySettings { profile: PolicyProfile::Pixels, file: Some(path.clone()) };
        let told = load(&settings).unwrap_err();
        assert!(matches!(told.0[0].problem, Problem::UnreadableFile(..)) && told.0[0].key.is_some());
        std::fs::write(&path, "profile = \"town\"\ndefault = \"hold\"\n").unwrap();
        assert_eq!(load(&settings).unwrap().profile().as_str(), "town");
        std::fs::write(&path, "profile = \"town\"\ndefault = \"allow\"\n").unwrap();
        let told = load(&settings).unwrap_err();
        let place = format!("{}:2:1: default = \"allow\": ", path.display());
        assert!(told.localized(Language::Ja).starts_with(&place), "{told}");
        std::fs::write(&path, "#".repeat(100_000)).unwrap();
        assert!(load(&settings).unwrap_err().to_string().contains("the policy is too long"));
    }
}
