//! `sekisho sanitize`: raw mails in, safe mails and reports out.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ArgMatches;
use sekisho_job::{HoldReason, offline_line_ends};
use sekisho_safe_message::{Address, Envelope, MailId, Timestamp};
use sekisho_settings::CommandSettings;

use crate::batch;
use crate::exit::Exit;
use crate::files::{self, Input};
use crate::offline::{self, Offline, Sanitized};
use crate::screen::{Screen, Tone};

/// What was asked for.
struct Order {
    inputs: Vec<Input>,
    out: Option<PathBuf>,
    report: Option<PathBuf>,
    id: Option<MailId>,
    now: Option<u64>,
    max: u64,
}

/// Counts of one run.
#[derive(Default)]
struct Tally {
    delivered: usize,
    held: BTreeMap<HoldReason, usize>,
    failed: usize,
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let inputs = match batch::inputs(matches, screen) {
        Ok(inputs) => inputs,
        Err(exit) => return exit,
    };
    let order = Order {
        out: matches.get_one::<PathBuf>("out").cloned(),
        report: matches.get_one::<PathBuf>("report").cloned(),
        id: matches.get_one::<MailId>("id").copied(),
        now: matches.get_one::<u64>("now").copied(),
        max: settings.max_message_size,
        inputs,
    };
    if let Some(usage) = misuse(&order, screen) {
        screen.error(usage);
        return Exit::Usage;
    }
    let Some(envelope) = envelope(matches) else { return Exit::Usage };
    let profile = matches.get_one::<String>("profile").map(String::as_str);
    let policy = match offline::policy(profile, settings) {
        Ok(policy) => policy,
        Err(errors) => return screen.bad_configuration(&errors),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return batch::failed(screen, &err),
    };
    runtime.block_on(async {
        match Offline::start(settings, policy, envelope).await {
            Ok(offline) => work(offline, order, screen).await.unwrap_or_else(|err| batch::failed(screen, &err)),
            Err(err) => batch::failed(screen, &err),
        }
    })
}

fn misuse(order: &Order, screen: &Screen) -> Option<&'static str> {
    if order.inputs.len() > 1 && order.out.is_none() {
        return Some(screen.t("複数のメールには --out DIR が要ります。", "several mails need --out DIR"));
    }
    if order.out.is_none() && order.report.as_deref() == Some(Path::new("-")) {
        return Some(screen.t("--report - には --out DIR が要ります。", "--report - needs --out DIR"));
    }
    if order.inputs.len() > 1 && order.id.is_some() {
        return Some(screen.t("--id は1通のときだけ使えます。", "--id is for one mail only"));
    }
    None
}

/// Offline there is no SMTP envelope: the null sender, and a recipient that
/// goes nowhere.
fn envelope(matches: &ArgMatches) -> Option<Envelope> {
    let mut to: Vec<Address> = matches.get_many::<Address>("to").into_iter().flatten().cloned().collect();
    if to.is_empty() {
        to.push("postmaster@localhost".parse().ok()?);
    }
    Envelope::new(matches.get_one::<Address>("from").cloned(), to)
}

async fn work(offline: Offline, order: Order, screen: &Screen) -> io::Result<Exit> {
    let mut reports = batch::reports(order.report.as_deref())?;
    let mut tally = Tally::default();
    let order = Arc::new(order);
    let each = {
        let (offline, order) = (offline.clone(), Arc::clone(&order));
        move |input: Input| {
            let (offline, order) = (offline.clone(), Arc::clone(&order));
            async move {
                let (id, received) = identity(&order, &input);
                one(&offline, &input, id, received, order.max).await
            }
        }
    };
    tally.failed = batch::run(&order.inputs, offline.width(), screen, each, |sanitized, input| {
        record(sanitized, input, &order, &mut reports, &mut tally, screen)
    })
    .await?;
    if let Some(reports) = &mut reports {
        reports.flush()?;
    }
    let reports_go_to_stdout = order.report.as_deref() == Some(Path::new("-"));
    Ok(conclude(&tally, order.out.is_some() && !reports_go_to_stdout, screen))
}

async fn one(offline: &Offline, input: &Input, id: MailId, received: Timestamp, max: u64) -> io::Result<Sanitized> {
    let raw = files::read(input, max)?;
    offline.sanitize(id, received, &offline_line_ends(&raw)).await.map_err(io::Error::other)
}

fn identity(order: &Order, input: &Input) -> (MailId, Timestamp) {
    batch::identity(order.id, order.now, &input.name)
}
fn record(
    sanitized: Sanitized,
    input: &Input,
    order: &Order,
    reports: &mut Option<Box<dyn Write>>,
    tally: &mut Tally,
    screen: &Screen,
) -> io::Result<()> {
    let Sanitized { mail, mut report } = sanitized;
    let name = input.name.to_string_lossy().into_owned();
    if let Some(bytes) = mail {
        tally.delivered += 1;
        match &order.out {
            Some(out) => {
                files::write(out, &input.name, &bytes).map_err(|err| batch::named(&out.join(&input.name), err))?;
                report.outputs = vec![name.clone()];
            }
            None if screen.is_json() => {}
            None => io::stdout().lock().write_all(&bytes)?,
        }
    } else {
        let reason = report.hold_reason.unwrap_or(HoldReason::Internal);
        *tally.held.entry(reason).or_default() += 1;
        if order.out.is_none() {
            screen.error(format!("{}: {}", screen.t("保留", "held"), reason.explain(screen.language())));
        }
    }
    report.input = Some(name);
    batch::emit(&report, reports, screen)
}

fn conclude(tally: &Tally, summary: bool, screen: &Screen) -> Exit {
    let held: usize = tally.held.values().sum();
    if summary && !screen.is_json() {
        screen.line(screen.t(
            format!("無害化 {}通、保留 {held}通、失敗 {}通", tally.delivered, tally.failed),
            format!("{} sanitized, {held} held, {} failed", tally.delivered, tally.failed),
        ));
        let rows: Vec<_> = tally
            .held
            .iter()
            .map(|(reason, count)| {
                let explained = reason.explain(screen.language()).to_owned();
                vec![(Tone::Plain, count.to_string()), (Tone::Warn, reason.code().to_owned()), (Tone::Plain, explained)]
            })
            .collect();
        if !rows.is_empty() {
            screen.table(&[screen.t("通数", "mails"), screen.t("理由", "reason"), ""], &rows);
        }
    }
    match (tally.delivered, held, tally.failed) {
        (_, _, 1..) => Exit::Failed,
        (_, 0, 0) => Exit::Ok,
        (0, _, 0) => Exit::Refused,
        (_, _, 0) => Exit::Partly,
    }
}
