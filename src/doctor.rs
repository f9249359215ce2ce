//! `sekisho check`: whether this machine can run the gateway safely, before it
//! does.

use std::path::Path;

use sekisho_sandbox::{Confinement, Layer, State, Zygote, survey};
use sekisho_settings::CommandSettings;

use crate::exit::Exit;
use crate::lang::pick;
use crate::screen::{Screen, Tone, size};
use sekisho_channel::program::sibling;

/// One thing looked at.
struct Finding {
    code: &'static str,
    what: String,
    sound: bool,
    detail: String,
}

pub(crate) fn run(settings: &CommandSettings, screen: &Screen) -> Exit {
    let mut findings = Vec::new();
    programs(&mut findings, screen);
    layers(settings, &mut findings, screen);
    worker(settings, &mut findings, screen);
    state_dir(&settings.state_dir, &mut findings, screen);
    let sound = findings.iter().all(|finding| finding.sound);
    if screen.is_json() {
        let list: Vec<_> =
            findings.iter().map(|f| serde_json::json!({ "code": f.code, "ok": f.sound, "detail": f.detail })).collect();
        screen.object(&serde_json::json!({ "schema": "sekisho.check/1", "ok": sound, "findings": list }));
    } else {
        let rows: Vec<_> = findings
            .into_iter()
            .map(|f| {
                let (tone, word) = if f.sound { (Tone::Good, "OK") } else { (Tone::Bad, "NG") };
                vec![(tone, word.to_owned()), (Tone::Plain, f.what), (Tone::Dim, f.detail)]
            })
            .collect();
        screen.table(&["", screen.t("点検", "check"), screen.t("結果", "result")], &rows);
    }
    if sound { Exit::Ok } else { Exit::Failed }
}

fn programs(findings: &mut Vec<Finding>, screen: &Screen) {
    for name in ["sekisho-outer", "sekisho-worker", "sekisho-inner", "sekisho-verifier"] {
        let found = sibling(name);
        findings.push(Finding {
            code: "program",
            what: screen.t(format!("プログラム {name}"), format!("program {name}")),
            sound: found.is_ok(),
            detail: found.map_or_else(|err| err.to_string(), |path| path.display().to_string()),
        });
    }
}

/// What the kernel offers. Only what the gateway insists on can be unsound.
fn layers(settings: &CommandSettings, findings: &mut Vec<Finding>, screen: &Screen) {
    let layers = survey();
    let missing = layers.missing(settings.worker.allow_without_landlock);
    for (layer, state) in layers.iter() {
        findings.push(Finding {
            code: layer.code(),
            what: describe(layer, screen),
            sound: missing != Some(layer),
            detail: match state {
                State::Active => screen.t("有効", "active").to_owned(),
                State::Unavailable(cause) => screen.t(cause.japanese(), cause.english()),
            },
        });
    }
}

fn describe(layer: Layer, screen: &Screen) -> String {
    let label = pick(screen.language(), layer.japanese(), layer.english());
    screen.t(format!("隔離: {label}"), format!("isolation: {label}"))
}

/// A worker is really started and confined, not only surveyed.
fn worker(settings: &CommandSettings, findings: &mut Vec<Finding>, screen: &Screen) {
    let confinement = Confinement { allow_without_landlock: settings.worker.allow_without_landlock };
    let started = sibling("sekisho-worker")
        .map_err(|err| err.to_string())
        .and_then(|program| Zygote::spawn(&program, [], confinement).map_err(|err| err.to_string()));
    findings.push(Finding {
        code: "worker",
        what: screen.t("解析プロセスの起動と隔離".to_owned(), "a worker starts, confined".to_owned()),
        sound: started.is_ok(),
        detail: match started {
            Ok(zygote) => {
                let active = zygote.layers().iter().filter(|(_, state)| state.is_active());
                active.map(|(layer, _)| layer.code()).collect::<Vec<_>>().join(", ")
            }
            Err(why) => why,
        },
    });
}

fn state_dir(dir: &Path, findings: &mut Vec<Finding>, screen: &Screen) {
    // The directory may not exist yet; then its nearest ancestor decides.
    let there = dir.ancestors().find(|place| place.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let writable = rustix::fs::access(there, rustix::fs::Access::WRITE_OK).is_ok();
    let free = rustix::fs::statvfs(there).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize)).unwrap_or(0);
    findings.push(Finding {
        code: "state-dir",
        what: screen.t(format!("状態ディレクトリ {}", dir.display()), format!("state directory {}", dir.display())),
        sound: writable && free > 0,
        detail: screen.t(
            format!("{}、空き {}", if writable { "書き込み可" } else { "書き込めません" }, size(free)),
            format!("{}, {} free", if writable { "writable" } else { "not writable" }, size(free)),
        ),
    });
}
