//! rlimits: what a zygote takes for good, and what each job takes on top.
//!
//! Owns the figures and their reasons. Limits are only ever lowered.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What one job may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobLimits {
    /// Bytes of address space beyond what the zygote had mapped when it entered the sandbox.
    pub memory: u64,
    /// Seconds of processor time. At the end SIGXCPU, which a hostile job can ignore; one second later SIGKILL.
    pub cpu_seconds: u64,
}

/// What a job's limits are counted from; read once, in the zygote.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground {
    /// Bytes that the zygote has mapped: its code and what it loaded.
    pub(crate) mapped: u64,
    memory_ceiling: Option<u64>,
    cpu_ceiling: Option<u64>,
}

impl Ground {
    pub(crate) fn new(mapped: u64) -> Self {
        Self { mapped, memory_ceiling: getrlimit(Resource::As).maximum, cpu_ceiling: getrlimit(Resource::Cpu).maximum }
    }
}

/// For the zygote and, by inheritance, for every job.
pub(crate) fn enter() -> Result<(), Errno> {
    for (resource, most) in [
        (Resource::Core, 0),        // a core file is mail on disk
        (Resource::Nofile, 16),     // the zygote holds six; a leak shows itself within a few jobs
        (Resource::Stack, 8 << 20), // bounds recursion, whatever the parent's own limit was
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
    ] {
        lower(resource, most)?;
    }
    Ok(())
}

/// For one job, in its own process, before it reads a byte.
///
/// A few system calls and no memory: this is paid for every mail.
pub(crate) fn enter_job(limits: JobLimits, ground: Ground) -> Result<(), Errno> {
    let memory = at_most(ground.mapped.saturating_add(limits.memory), ground.memory_ceiling);
    setrlimit(Resource::As, Rlimit { current: Some(memory), maximum: Some(memory) })?;
    let hard = at_most(limits.cpu_seconds.saturating_add(1), ground.cpu_ceiling);
    let soft = limits.cpu_seconds.min(hard);
    setrlimit(Resource::Cpu, Rlimit { current: Some(soft), maximum: Some(hard) })?;
    // Not in the zygote: its error output may be a file. RLIMIT_NPROC counts a user's processes, not a tree's, so only
    // a job, which starts none, can have 0; root is exempt from it. The filter is what forbids a fork.
    for resource in [Resource::Fsize, Resource::Nofile, Resource::Nproc] {
        setrlimit(resource, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    Ok(())
}

fn lower(resource: Resource, most: u64) -> Result<(), Errno> {
    let value = Some(at_most(most, getrlimit(resource).maximum));
    setrlimit(resource, Rlimit { current: value, maximum: value })
}

fn at_most(wanted: u64, ceiling: Option<u64>) -> u64 {
    ceiling.map_or(wanted, |ceiling| wanted.min(ceiling))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_ever_above_the_ceiling() {
        for (wanted, ceiling, got) in
            [(5, None, 5), (5, Some(9), 5), (9, Some(5), 5), (u64::MAX, Some(5), 5), (0, Some(5), 0)]
        {
            assert_eq!(at_most(wanted, ceiling), got);
        }
    }
}
