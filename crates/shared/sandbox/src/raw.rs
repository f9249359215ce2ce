//! Every `unsafe` block of the project, each one system call behind a safe face.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_int;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::process::Pid;
use rustix::thread::UnshareFlags;

use crate::{EXIT_OUT_OF_MEMORY, WorkerMemory};

/// Who one is after a fork.
pub(crate) enum Forked {
    Child,
    Parent(Pid),
}

/// `fork`. The caller has made sure that the process has one thread (see `confine::Ground`).
#[expect(unsafe_code, reason = "no safe wrapper of fork exists")]
pub(crate) fn fork() -> Result<Forked, Errno> {
    // SAFETY: the process has one thread, so no lock and no allocator state can be caught half way in the child; this is
    // checked on entering the sandbox, whose filter then forbids to start a thread. glibc's own fork is used, which
    // keeps its notion of thread and process ids right (abort depends on it).
    let pid = unsafe { libc::fork() };
    match pid {
        0 => Ok(Forked::Child),
        pid => Pid::from_raw(pid.max(0)).map(Forked::Parent).ok_or_else(last_error),
    }
}

/// Ends the process at once: no exit handlers, no buffers, no page touched on the way.
#[expect(unsafe_code, reason = "no safe wrapper of _exit exists")]
pub(crate) fn exit_now(code: u8) -> ! {
    // SAFETY: _exit takes a number and does not return; nothing that a forked child shares needs unwinding.
    unsafe { libc::_exit(i32::from(code)) }
}

// SAFETY: every call goes to the system's allocator with its arguments unchanged; the only difference is not to return
// when it has nothing to give.
#[expect(unsafe_code, reason = "an allocator is an unsafe trait")]
unsafe impl GlobalAlloc for WorkerMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is passed on.
        or_exit(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        or_exit(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; `block` came from this allocator, which is the system's.
        or_exit(unsafe { System.realloc(block, layout, size) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

fn or_exit(block: *mut u8) -> *mut u8 {
    if block.is_null() { exit_now(EXIT_OUT_OF_MEMORY) } else { block }
}

/// Makes `input` descriptor 0 and `output` descriptor 1 and closes every other one.
///
/// For a job's process only: what else its copy of memory believes to own is gone, and since the job can open nothing
/// afterwards, no such stale number can ever name another file.
#[expect(unsafe_code, reason = "close_range and fixed descriptor numbers have no safe wrapper")]
pub(crate) fn keep_only(input: &OwnedFd, output: &OwnedFd) -> Result<(OwnedFd, OwnedFd), Errno> {
    // SAFETY: dup3 and close_range take numbers only. 0 and 1 are the zygote's control socket and /dev/null; the child
    // uses neither. The two OwnedFds made at the end are the only owners of 0 and 1: standard input and output handles
    // of this process borrow, they never close.
    unsafe {
        check(libc::dup3(input.as_raw_fd(), 0, 0))?;
        check(libc::dup3(output.as_raw_fd(), 1, 0))?;
        check(libc::syscall(libc::SYS_close_range, 2_u32, u32::MAX, 0_u32))?;
        Ok((OwnedFd::from_raw_fd(0), OwnedFd::from_raw_fd(1)))
    }
}

/// The first `len` octets of a file as memory, read-only and never given back.
///
/// The caller has made sure that the file is `len` octets long and that nobody but root changes it (`memory::map_file`).
#[expect(unsafe_code, reason = "memory behind a file has no safe wrapper")]
pub(crate) fn map_for_life(file: &File, len: usize) -> Result<&'static [u8], Errno> {
    // SAFETY: the kernel chooses a free place, and nothing unmaps it, so the slice lives as long as the process. Its
    // octets change only if root writes into the file in place; package managers replace files instead. A page beyond a
    // file that root cut short ends the process, by a signal. Octets that change would be a torn font in a process that
    // is trusted with nothing.
    unsafe {
        let start = mmap(std::ptr::null_mut(), len, ProtFlags::READ, MapFlags::PRIVATE, file, 0)?;
        Ok(std::slice::from_raw_parts(start.cast::<u8>(), len))
    }
}

/// Closes what the program inherited beyond the three standard descriptors (a shell's, a build tool's, systemd's).
///
/// For the very beginning of a program only, as `serve` says: nothing in it owns a descriptor above 2 yet.
#[expect(unsafe_code, reason = "close_range has no safe wrapper")]
pub(crate) fn close_inherited() -> Result<(), Errno> {
    // SAFETY: it takes numbers only, and these have no owner in this program.
    check(unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) }).map(|_| ())
}

/// Ignores the signals by which a terminal or a service manager ends whole groups of processes.
///
/// The parent drains; its jobs must not die under it. SIGKILL and the end of the control socket still end us.
#[expect(unsafe_code, reason = "no safe wrapper of signal exists")]
pub(crate) fn ignore_group_signals() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: SIG_IGN installs no handler, so no code of ours can run at an unsafe moment.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// `unshare`, for namespaces.
#[expect(unsafe_code, reason = "rustix marks it unsafe for the sake of CLONE_FILES")]
pub(crate) fn unshare(namespaces: UnshareFlags) -> Result<(), Errno> {
    debug_assert!(!namespaces.contains(UnshareFlags::FILES), "only namespaces");
    // SAFETY: the danger is CLONE_FILES with several threads; the callers pass namespaces only.
    unsafe { rustix::thread::unshare_unsafe(namespaces) }
}

/// The highest Landlock ABI of this kernel. Restricts nothing.
#[expect(unsafe_code, reason = "the landlock crate tells it only after restricting the caller")]
pub(crate) fn landlock_abi() -> Result<i64, Errno> {
    const VERSION: u32 = 1; // LANDLOCK_CREATE_RULESET_VERSION
    // SAFETY: with this flag and no attributes the call reads no memory and only returns a number.
    check(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0_usize, VERSION) })
}

/// Whether this kernel can kill a process by a seccomp filter. Installs nothing.
#[expect(unsafe_code, reason = "no safe wrapper of seccomp's question exists")]
pub(crate) fn seccomp_can_kill() -> Result<(), Errno> {
    let action: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    // SAFETY: the kernel reads four bytes from `action`, which lives through the call.
    let answer = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0_u32, &raw const action) };
    check(answer).map(|_| ())
}

fn check(returned: impl Into<i64>) -> Result<i64, Errno> {
    let returned = returned.into();
    if returned < 0 { Err(last_error()) } else { Ok(returned) }
}

fn last_error() -> Errno {
    let raw: Option<c_int> = std::io::Error::last_os_error().raw_os_error();
    raw.map_or(Errno::IO, Errno::from_raw_os_error)
}
