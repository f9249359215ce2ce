//! A private Postfix that relays everything and filters nothing.
//!
//! Owns: a configuration folder, queue and log of its own; the system's
//! Postfix is neither read nor touched. Its package defaults stand, with four
//! exceptions that keep it off the network (no DNS, loopback only, one relay
//! host, one domain). Durability is its own: queue file and directory synced
//! before `250`.

use std::fmt::Write;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use crate::cell::Target;
use crate::error::BenchError;
use crate::gateway::free_address;
use crate::ledger::DOMAIN;

const NAME: &str = "postfix";

/// Where Debian keeps it; root's PATH has it, a user's may not.
const PROGRAM: &str = "/usr/sbin/postfix";

/// How long it may take to start.
const READY: Duration = Duration::from_secs(30);

/// Debian's own table without what runs as another user or in a jail.
const SERVICES: &str = "\
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
";

/// The running instance; it ends when dropped.
#[derive(Debug)]
pub struct Postfix {
    config: PathBuf,
    root: u32,
    address: SocketAddr,
}

impl Postfix {
    /// Why it cannot run here, if so.
    pub fn absent() -> Option<&'static str> {
        if !Path::new(PROGRAM).exists() {
            Some("Postfix is not installed (Debian: apt-get install postfix)")
        } else if !rustix::process::geteuid().is_root() {
            Some("Postfix starts only as root")
        } else {
            None
        }
    }

    /// Its version.
    pub fn version() -> String {
        let output = Command::new("/usr/sbin/postconf").args(["-dh", "mail_version"]).output();
        output.map_or("?".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Starts it below `dir`, relaying to `sink`; returns when it listens.
    ///
    /// # Errors
    /// [`BenchError::Program`] with what it said if it does not start.
    pub fn start(dir: &Path, sink: SocketAddr) -> Result<Self, BenchError> {
        let address = free_address().map_err(BenchError::system("find a free port"))?;
        let config = dir.join("etc");
        write_config(dir, address, sink).map_err(BenchError::system(config.display().to_string()))?;
        let output = control(&config, "start").map_err(BenchError::system(PROGRAM))?;
        let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if !output.status.success() {
            return Err(BenchError::Program(NAME, said()));
        }
        match wait_for(address, &dir.join("spool/pid/master.pid")) {
            Some(root) => Ok(Self { config, root, address }),
            None => {
                // It may have come up half.
                let _ = control(&config, "stop");
                Err(BenchError::Program(NAME, format!("did not listen on {address}: {}", said())))
            }
        }
    }

    /// What is measured.
    pub fn target(&self) -> Target {
        Target { name: NAME.to_owned(), root: Some(self.root), address: self.address }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // What it refuses to stop cannot be stopped otherwise from here.
        let _ = control(&self.config, "stop");
    }
}

fn control(config: &Path, verb: &str) -> std::io::Result<Output> {
    Command::new(PROGRAM).arg("-c").arg(config).arg(verb).output()
}

fn write_config(dir: &Path, address: SocketAddr, sink: SocketAddr) -> std::io::Result<()> {
    for name in ["etc", "spool", "data", "log"] {
        fs::create_dir_all(dir.join(name))?;
    }
    // Its programs run as its own user and must reach their queue.
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    let _ = Command::new("chown").arg("postfix").arg(dir.join("data")).status()?;
    fs::write(dir.join("etc/main.cf"), main_cf(dir, sink))?;
    fs::write(dir.join("etc/master.cf"), format!("{address} inet n - n - - smtpd\n{SERVICES}"))
}

fn main_cf(dir: &Path, sink: SocketAddr) -> String {
    let here = |name: &str| dir.join(name).display().to_string();
    let relay = format!("[{}]:{}", sink.ip(), sink.port());
    let mut text = String::new();
    for (key, value) in [
        ("compatibility_level", "3.6"),
        ("queue_directory", &here("spool")),
        ("data_directory", &here("data")),
        ("maillog_file", &here("log/mail.log")),
        ("maillog_file_prefixes", &dir.display().to_string()),
        ("command_directory", "/usr/sbin"),
        ("daemon_directory", "/usr/lib/postfix/sbin"),
        ("mail_owner", "postfix"),
        ("setgid_group", "postdrop"),
        ("myhostname", "gateway.bench.example"),
        ("mydestination", ""),
        ("local_transport", "error:none"),
        ("alias_maps", ""),
        ("inet_interfaces", "127.0.0.1"),
        ("inet_protocols", "ipv4"),
        ("mynetworks", "127.0.0.0/8"),
        ("relay_domains", DOMAIN),
        ("relayhost", &relay),
        ("disable_dns_lookups", "yes"),
        ("smtp_host_lookup", "native"),
        ("smtpd_peername_lookup", "no"),
        ("smtpd_relay_restrictions", "reject_unauth_destination"),
        ("smtpd_recipient_restrictions", ""),
        ("message_size_limit", "52428800"),
    ] {
        // A string takes every write.
        let _ = writeln!(text, "{key} = {value}");
    }
    text
}

/// The master's id, once it listens.
fn wait_for(address: SocketAddr, pid_file: &Path) -> Option<u32> {
    let until = Instant::now() + READY;
    while Instant::now() < until {
        let pid = fs::read_to_string(pid_file).ok().and_then(|text| text.trim().parse().ok());
        if pid.is_some() && TcpStream::connect(address).is_ok() {
            return pid;
        }
        thread::sleep(Duration::from_millis(50));
    }
    None
}
