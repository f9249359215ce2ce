//! `sekisho vault key`: makes keys, in a file that only its owner reads.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use sekisho_safe_message::Timestamp;
use sekisho_vault::{KeyId, Keys, VaultError};

use crate::exit::Exit;
use crate::quarantine::now_ms;
use crate::screen::Screen;

pub(super) fn run(matches: &ArgMatches, screen: &Screen) -> Exit {
    let Some((name, sub)) = matches.subcommand() else { return Exit::Usage };
    let Some(file) = sub.get_one::<PathBuf>("file") else { return Exit::Usage };
    let id = sub.get_one::<KeyId>("name").cloned();
    let made = match name {
        "new" => new(file, id),
        "add" => add(file, id),
        _ => return Exit::Usage,
    };
    match made {
        Ok(keys) => {
            tell(name, file, &keys, screen);
            Exit::Ok
        }
        Err(err) => {
            screen.error(err.localized(screen.language()));
            Exit::Failed
        }
    }
}

fn new(file: &Path, id: Option<KeyId>) -> Result<Keys, VaultError> {
    Keys::create(file, &id.unwrap_or_else(|| today(&[])))?;
    Keys::load(file)
}

fn add(file: &Path, id: Option<KeyId>) -> Result<Keys, VaultError> {
    let taken: Vec<KeyId> = Keys::load(file)?.ids().cloned().collect();
    Keys::add(file, &id.unwrap_or_else(|| today(&taken)))?;
    Keys::load(file)
}

fn today(taken: &[KeyId]) -> KeyId {
    KeyId::for_day(Timestamp::from_unix_ms_jst(now_ms()), taken)
}

fn tell(name: &str, file: &Path, keys: &Keys, screen: &Screen) {
    let (id, file) = (keys.current_id(), file.display());
    if screen.is_json() {
        let ids: Vec<&str> = keys.ids().map(KeyId::as_str).collect();
        let file = file.to_string();
        screen.object(
            &serde_json::json!({ "schema": "sekisho.vault-key/1", "file": file, "key": id.as_str(), "keys": ids }),
        );
        return;
    }
    if name == "new" {
        screen.line(screen.t(
            format!(
                "鍵ファイル {file} を作りました（鍵 {id}）。\n\
                 設定の [vault] key_file に書き、所有者をゲートウェイの利用者にしてください。"
            ),
            format!(
                "Made the key file {file} (key {id}).\n\
                 Name it in [vault] key_file, and give it to the user that the gateway runs as."
            ),
        ));
    } else {
        screen.line(screen.t(
            format!("{file} の先頭に鍵 {id} を加えました。続けて sekisho vault rotate --reason … を実行してください。"),
            format!("Key {id} stands first in {file} now. Next: sekisho vault rotate --reason …"),
        ));
    }
    screen.line(screen.t(
        "鍵を失うと原本は二度と開けません。このファイルの写しを別の場所に安全に保管してください。",
        "Without its keys no original can be opened: keep a copy of this file in another, safe place.",
    ));
}
