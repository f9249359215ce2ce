//! `sekisho serve`: outer and inner on one host, watched over.
//!
//! It starts the two programs, restarts what dies (with growing pauses), says
//! one line when both are ready, and on SIGTERM or SIGINT lets them finish:
//! first the side that receives, then the side that delivers.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use sekisho_settings::{Delivery, GatewaySettings};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};

use crate::exit::Exit;
use crate::screen::{Screen, Tone};
use sekisho_channel::program::sibling;

/// Shortest and longest pause before a program that died is started again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// A program that has run so long is taken as recovered.
const STEADY: Duration = Duration::from_secs(60);
/// How long a program may take to be ready: it may have to recover a spool.
const READY: Duration = Duration::from_secs(120);
/// How long a program may take to finish what it has begun.
const DRAIN: Duration = Duration::from_secs(60);

/// One program under watch.
pub(crate) struct Program {
    name: &'static str,
    path: PathBuf,
    arguments: Vec<std::ffi::OsString>,
    environment: Vec<(&'static str, String)>,
    life: Life,
    pause: Duration,
}

enum Life {
    /// Running since then; dropping its standard input asks it to end.
    Up(Box<Child>, Option<ChildStdin>, Instant),
    /// To be started then.
    Down(Instant),
}

/// Why a program did not come up.
enum StartError {
    Io(io::Error),
    Ended(ExitStatus),
    Slow,
}

impl Program {
    pub(crate) fn new(
        name: &'static str,
        config: Option<&PathBuf>,
        environment: Vec<(&'static str, String)>,
    ) -> io::Result<Self> {
        let mut arguments = vec!["--supervised".into()];
        if let Some(config) = config {
            arguments.extend(["--config".into(), config.clone().into_os_string()]);
        }
        let life = Life::Down(Instant::now());
        Ok(Self { name, path: sibling(name)?, arguments, environment, life, pause: PAUSES.0 })
    }

    /// Starts it and waits until it says that it is ready.
    async fn start(&mut self) -> Result<(), StartError> {
        let mut child = Command::new(&self.path)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            // Ctrl-C is for the supervisor, which ends the two in order.
            .process_group(0)
            .spawn()
            .map_err(StartError::Io)?;
        let stdin = child.stdin.take();
        let Some(stdout) = child.stdout.take() else { return Err(StartError::Io(io::ErrorKind::BrokenPipe.into())) };
        let mut line = String::new();
        match timeout(READY, BufReader::new(stdout).read_line(&mut line)).await {
            Ok(Ok(_)) if line == "ready\n" => {}
            Ok(_) => return Err(StartError::Ended(child.wait().await.map_err(StartError::Io)?)),
            Err(_) => return Err(StartError::Slow),
        }
        self.life = Life::Up(Box::new(child), stdin, Instant::now());
        Ok(())
    }

    /// Resolves when there is something to do: it died, or its time to be
    /// started has come.
    async fn event(&mut self) -> Option<io::Result<ExitStatus>> {
        match &mut self.life {
            Life::Up(child, _, _) => Some(child.wait().await),
            Life::Down(at) => {
                sleep_until(*at).await;
                None
            }
        }
    }

    /// Takes note of a death and of when to try again.
    fn died(&mut self) -> Duration {
        if let Life::Up(_, _, since) = &self.life
            && since.elapsed() >= STEADY
        {
            self.pause = PAUSES.0;
        }
        let pause = self.pause;
        self.life = Life::Down(Instant::now() + pause);
        self.pause = (pause * 2).min(PAUSES.1);
        pause
    }

    /// Asks it to finish, waits, and kills it when it does not.
    async fn stop(&mut self) {
        let Life::Up(child, stdin, _) = &mut self.life else { return };
        drop(stdin.take());
        if timeout(DRAIN, child.wait()).await.is_err() {
            // It loses nothing: whatever was accepted is durable.
            let _ = child.kill().await;
        }
    }
}

/// Both programs, in the order in which they start.
pub(crate) struct Gateway {
    inner: Program,
    outer: Program,
}

impl Gateway {
    /// The programs; nothing is started yet.
    pub(crate) fn new(config: Option<&PathBuf>, environment: &[(&'static str, String)]) -> io::Result<Self> {
        Ok(Self {
            inner: Program::new("sekisho-inner", config, environment.to_vec())?,
            outer: Program::new("sekisho-outer", config, environment.to_vec())?,
        })
    }

    /// Starts both: first the side that takes, then the side that receives.
    pub(crate) async fn start(&mut self, screen: &Screen) -> Result<(), Exit> {
        let mut started = self.inner.start().await.map_err(|err| (self.inner.name, err));
        if started.is_ok() {
            started = self.outer.start().await.map_err(|err| (self.outer.name, err));
        }
        match started {
            Ok(()) => Ok(()),
            Err((name, err)) => {
                let exit = complain(name, &err, screen);
                self.stop().await;
                Err(exit)
            }
        }
    }

    /// Watches over both until `stop` resolves, then ends them in order.
    pub(crate) async fn watch(&mut self, stop: impl Future<Output = ()>, screen: &Screen) {
        tokio::pin!(stop);
        loop {
            let (program, event) = tokio::select! {
                () = &mut stop => break,
                event = self.outer.event() => (&mut self.outer, event),
                event = self.inner.event() => (&mut self.inner, event),
            };
            match event {
                Some(status) => {
                    let pause = program.died();
                    let how = status.map_or_else(|err| err.to_string(), |status| status.to_string());
                    screen.error(screen.t(
                        format!(
                            "{} が終了しました（{how}）。{}秒後に起動し直します。",
                            program.name,
                            pause.as_secs_f32()
                        ),
                        format!("{} ended ({how}); it is started again in {} s", program.name, pause.as_secs_f32()),
                    ));
                }
                None => {
                    // A stop that comes meanwhile drops the start, and with it the child.
                    let started = tokio::select! {
                        () = &mut stop => break,
                        started = program.start() => started,
                    };
                    if let Err(err) = started {
                        complain(program.name, &err, screen);
                        program.died();
                    }
                }
            }
        }
        self.stop().await;
    }

    /// Lets both finish: the side that receives first.
    pub(crate) async fn stop(&mut self) {
        self.outer.stop().await;
        self.inner.stop().await;
    }
}

fn complain(name: &str, err: &StartError, screen: &Screen) -> Exit {
    match err {
        StartError::Io(err) => screen.error(format!("{name}: {err}")),
        // It has said why on its own standard error.
        StartError::Ended(status) => screen.error(
            screen
                .t(format!("{name} を起動できませんでした（{status}）。"), format!("{name} did not start ({status})")),
        ),
        StartError::Slow => screen.error(screen.t(
            format!("{name} の準備が{}秒以内に終わりませんでした。", READY.as_secs()),
            format!("{name} was not ready within {} s", READY.as_secs()),
        )),
    }
    match err {
        StartError::Ended(status) if status.code() == Some(78) => Exit::Config,
        StartError::Ended(_) | StartError::Io(_) | StartError::Slow => Exit::Failed,
    }
}

/// Resolves at SIGTERM or SIGINT.
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut signals: [Signal; 2] = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    Ok(async move {
        let [terminate, interrupt] = &mut signals;
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    })
}

pub(crate) fn run(settings: &GatewaySettings, config: Option<&PathBuf>, screen: &Screen) -> Exit {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => {
            screen.error(err.to_string());
            return Exit::Failed;
        }
    };
    runtime.block_on(async {
        let prepared = stop_signal().and_then(|stop| Ok((stop, Gateway::new(config, &[])?)));
        let (stop, mut gateway) = match prepared {
            Ok(prepared) => prepared,
            Err(err) => {
                screen.error(err.to_string());
                return Exit::Failed;
            }
        };
        if let Err(exit) = gateway.start(screen).await {
            return exit;
        }
        announce(settings, screen);
        gateway.watch(stop, screen).await;
        Exit::Ok
    })
}

/// The one ready line.
fn announce(settings: &GatewaySettings, screen: &Screen) {
    let listen: Vec<_> = settings.outer.receiver.listen.iter().map(ToString::to_string).collect();
    let deliver = match &settings.inner.delivery {
        Delivery::Smtp(relay) => format!("smtp://{}", relay.server),
        Delivery::Maildir(path) => path.display().to_string(),
    };
    // Outer has loaded it: what is wrong with it was said there.
    let policy = sekisho_outer::policy::load(&settings.outer.policy).ok();
    let profile = policy.as_ref().map_or("", |policy| policy.profile().as_str());
    if screen.is_json() {
        let object = serde_json::json!({ "schema": "sekisho.ready/1", "listen": listen, "deliver": deliver, "profile": profile });
        screen.object(&object);
        return;
    }
    let listen = listen.join(" ");
    let text = screen.t(
        format!("受信 {listen} → 配送 {deliver}（方式 {profile}）"),
        format!("receiving on {listen}, delivering to {deliver} (profile {profile})"),
    );
    screen.line(format!("{} {text}", screen.paint(Tone::Good, screen.t("関所 準備完了:", "sekisho ready:"))));
}
