//! The worker of the tests: a job reads one order and tries what it says.
//!
//! An order that gets through says "done", so that a test can tell a failed attempt from a forbidden one.

#![allow(clippy::unwrap_used, reason = "a job fails by panic")]

use std::collections::HashMap;
use std::ffi::{OsString, c_long};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use sekisho_sandbox::{Confinement, JobInput, JobOutput, serve};

/// Written by one job, looked for by the next.
static MARK: AtomicU64 = AtomicU64::new(0);

pub(crate) fn main(mut arguments: Vec<OsString>) -> ExitCode {
    let confinement = Confinement::take_from(&mut arguments);
    let prepare = || match arguments.get(1).and_then(|how| how.to_str()) {
        Some("with-a-thread") => drop(std::thread::spawn(std::thread::park)),
        Some("that-panics") => panic!("on purpose"),
        _ => {}
    };
    serve(confinement, prepare, |(), input, output| job(input, output))
}

fn job(mut input: JobInput, mut output: JobOutput) {
    let mut order = String::new();
    input.read_to_string(&mut order).unwrap();
    let (verb, argument) = order.split_once(' ').unwrap_or((&order, ""));
    let number = || argument.parse::<c_long>().unwrap();
    match verb {
        "echo" => return output.write_all(argument.as_bytes()).unwrap(),
        "honest" => honest(),
        "mark" => return write!(output, "{}", MARK.swap(7, Ordering::Relaxed)).unwrap(),
        "open" => drop(std::fs::File::open("/etc/passwd")),
        "create" => drop(std::fs::File::create("/tmp/sekisho-isolation-test")),
        "udp" => drop(UdpSocket::bind("127.0.0.1:0")),
        "unix" => drop(UnixStream::pair()),
        "connect" => drop(TcpStream::connect("127.0.0.1:25")),
        "fork" => drop(raw(libc::SYS_clone, [libc::SIGCHLD.into(), 0, 0, 0, 0, 0])),
        "thread" => drop(std::thread::spawn(|| {}).join()),
        "spawn" => drop(Command::new("/bin/true").status()),
        "trace" => drop(raw(libc::SYS_ptrace, [libc::PTRACE_ATTACH.into(), number(), 0, 0, 0, 0])),
        "kill" => drop(raw(libc::SYS_kill, [number(), libc::SIGKILL.into(), 0, 0, 0, 0])),
        "tgkill" => drop(raw(libc::SYS_tgkill, [number(), number(), libc::SIGKILL.into(), 0, 0, 0])),
        "abort-other" => drop(raw(libc::SYS_tgkill, [number(), number(), libc::SIGABRT.into(), 0, 0, 0])),
        "peek" => drop(raw(libc::SYS_process_vm_readv, [number(), 0, 0, 0, 0, 0])),
        "call" => drop(raw(number(), [0; 6])),
        "call-32" => call_32(),
        "map-executable" => drop(map(libc::PROT_READ | libc::PROT_EXEC, 4096)),
        "make-executable" => {
            let page = map(libc::PROT_READ | libc::PROT_WRITE, 4096);
            raw(libc::SYS_mprotect, [page, 4096, libc::PROT_EXEC.into(), 0, 0, 0]);
        }
        "lift" => drop(raw(libc::SYS_prlimit64, [0, libc::RLIMIT_AS.into(), 0, 0, 0, 0])),
        "descriptors" => return write!(output, "{:?}", descriptors()).unwrap(),
        "map-all" => return write!(output, "{}", map_all()).unwrap(),
        "eat" => eat(),
        "spin" => spin(),
        "spin-stubbornly" => {
            ignore_time_limit();
            spin();
        }
        "flood" => flood(output.by_ref()),
        "panic" => panic!("on purpose"),
        "abort" => std::process::abort(),
        "overflow" => drop(overflow(0)),
        "wild" => wild(),
        "exit" => std::process::exit(number().try_into().unwrap()),
        _ => panic!("no such order: {order}"),
    }
    output.write_all(b"done").unwrap();
}

/// A sample of what honest parsing code asks of std and malloc.
fn honest() {
    let started = (Instant::now(), SystemTime::now());
    let mut map = HashMap::new();
    for n in 0..10_000_u32 {
        map.insert(n, format!("value {n}"));
    }
    let mut grown: Vec<u8> = Vec::new(); // brk, then mmap and mremap
    for n in 0..5_000_000_u32 {
        grown.push(n.to_le_bytes()[0]);
    }
    drop(map);
    grown.shrink_to_fit();
    let lock = Mutex::new(grown);
    *lock.lock().unwrap() = vec![1; 1 << 20];
    assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
    assert!(started.0.elapsed().as_nanos() > 0 && started.1.elapsed().is_ok());
}

#[expect(unsafe_code, reason = "an attacker makes his system calls himself")]
fn raw(number: c_long, [a, b, c, d, e, f]: [c_long; 6]) -> c_long {
    // SAFETY: whatever the call does, it does in a process that exists to be killed for it.
    unsafe { libc::syscall(number, a, b, c, d, e, f) }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the other way into the kernel")]
fn call_32() {
    // SAFETY: getpid of the 32-bit table; it reads and writes no memory.
    unsafe { std::arch::asm!("int 0x80", inout("eax") 20 => _, out("r8") _, out("r9") _, out("r10") _, out("r11") _) };
}

#[cfg(not(target_arch = "x86_64"))]
fn call_32() {
    drop(raw(c_long::from(u16::MAX), [0; 6]));
}

fn map(protection: i32, length: c_long) -> c_long {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    raw(libc::SYS_mmap, [0, length, protection.into(), flags.into(), -1, 0])
}

/// Every number below 1024 that can be read or written.
fn descriptors() -> Vec<c_long> {
    let usable = |fd: &c_long| {
        let calls = [libc::SYS_read, libc::SYS_write];
        calls.into_iter().any(|call| raw(call, [*fd, 0, 0, 0, 0, 0]) >= 0)
    };
    (0..1024).filter(usable).collect()
}

/// How many MiB can be mapped.
fn map_all() -> usize {
    (0..100_000).take_while(|_| map(libc::PROT_READ, 1 << 20) > 0).count()
}

/// Far more than any limit of the tests, and little enough for a host where the limit fails.
fn eat() {
    let mut eaten = Vec::new();
    for _ in 0..1024 {
        eaten.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&eaten);
    }
}

fn spin() {
    loop {
        std::hint::spin_loop();
    }
}

#[expect(unsafe_code, reason = "an attacker ignores what he may ignore")]
fn ignore_time_limit() {
    // SAFETY: SIG_IGN installs no handler.
    unsafe { libc::signal(libc::SIGXCPU, libc::SIG_IGN) };
}

/// Ends only when nobody reads any more.
fn flood(output: &mut JobOutput) {
    while output.write_all(&[b'x'; 4096]).is_ok() {}
}

#[expect(unconditional_recursion, reason = "the point of it")]
fn overflow(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 128]);
    overflow(depth + 1) + here[0]
}

#[expect(unsafe_code, reason = "the point of it")]
fn wild() {
    let nowhere = std::hint::black_box(8 as *mut u8);
    // SAFETY: none; the process dies of it.
    unsafe { nowhere.write_volatile(1) };
}
