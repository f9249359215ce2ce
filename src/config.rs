//! `sekisho config`: what is wrong with the configuration, and what is in
//! force.

use clap::ArgMatches;
use sekisho_settings::{Configuration, Origin, SettingsErrors};

use crate::exit::Exit;
use crate::screen::{Screen, Tone};

pub(crate) fn run(matches: &ArgMatches, screen: &Screen, loaded: Result<Configuration, SettingsErrors>) -> Exit {
    let configuration = match loaded {
        Ok(configuration) => configuration,
        Err(errors) => return screen.bad_configuration(&errors),
    };
    match matches.subcommand_name() {
        Some("check") => check(&configuration, screen),
        Some("show") => show(&configuration, screen),
        _ => Exit::Usage,
    }
}

fn check(configuration: &Configuration, screen: &Screen) -> Exit {
    if let Err(errors) = configuration.check() {
        return screen.bad_configuration(&errors);
    }
    let policy = configuration.command().and_then(|settings| sekisho_outer::policy::load(&settings.policy));
    if let Err(errors) = policy {
        return screen.bad_configuration(&errors);
    }
    let missing = configuration.missing_files();
    if !missing.is_empty() {
        return screen.bad_configuration(&SettingsErrors(missing));
    }
    if screen.is_json() {
        screen.object(&serde_json::json!({ "schema": "sekisho.config-errors/1", "errors": [] }));
    } else {
        screen.line(screen.paint(Tone::Good, screen.t("設定に誤りはありません。", "The configuration is sound.")));
    }
    Exit::Ok
}

fn show(configuration: &Configuration, screen: &Screen) -> Exit {
    let effective = match configuration.effective() {
        Ok(effective) => effective,
        Err(errors) => return screen.bad_configuration(&errors),
    };
    if screen.is_json() {
        for setting in &effective {
            let object = serde_json::json!({
                "schema": "sekisho.setting/1", "key": setting.key, "value": setting.value, "origin": setting.origin.to_string(),
            });
            screen.object(&object);
        }
        return Exit::Ok;
    }
    let rows: Vec<_> = effective
        .iter()
        .map(|setting| {
            let origin = setting.origin.to_string();
            let tone = if setting.origin == Origin::Default { Tone::Dim } else { Tone::Plain };
            vec![
                (tone, setting.key.to_string()),
                (tone, setting.value.clone().unwrap_or_default()),
                (Tone::Dim, origin),
            ]
        })
        .collect();
    screen.table(&[screen.t("設定", "key"), screen.t("値", "value"), screen.t("出どころ", "origin")], &rows);
    Exit::Ok
}
