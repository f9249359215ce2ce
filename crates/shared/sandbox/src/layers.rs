//! The layers of the sandbox and what became of each.
//!
//! Owns the closed lists (layer, state, cause) and their words in English and Japanese. Applies nothing.

use std::fmt;

use serde::Serialize;

/// One layer of the sandbox. Each stands by itself: what one misses, another stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// No new privileges, no capabilities, not traceable. Compulsory.
    Privileges,
    /// User, network and IPC namespaces of its own. Taken where the host allows it.
    Namespaces,
    /// rlimits: memory, processor time, no core, no files. Compulsory.
    Limits,
    /// Landlock: no file, no TCP port, no signal and no abstract socket outside. Compulsory unless the settings say
    /// otherwise.
    Landlock,
    /// seccomp: an allow-list of system calls, everything else kills. Compulsory.
    Seccomp,
}

impl Layer {
    /// All layers, in the order in which they are entered.
    pub const ALL: [Self; 5] = [Self::Privileges, Self::Namespaces, Self::Limits, Self::Landlock, Self::Seccomp];

    /// Stable name, as in JSON and in the manual.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Privileges => "privileges",
            Self::Namespaces => "namespaces",
            Self::Limits => "limits",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }

    /// What the layer does, for an English reader.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::Privileges => "no privileges, none to be gained",
            Self::Namespaces => "an empty network of its own",
            Self::Limits => "limits on memory and processor time",
            Self::Landlock => "no access to files (Landlock)",
            Self::Seccomp => "only the system calls of a computation (seccomp)",
        }
    }

    /// What the layer does, for a Japanese reader.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        match self {
            Self::Privileges => "特権を持たず、新たに得ることもできない",
            Self::Namespaces => "専用の空のネットワークで動く",
            Self::Limits => "メモリとCPU時間を制限する",
            Self::Landlock => "ファイルに触れられない(Landlock)",
            Self::Seccomp => "計算に要るシステムコールだけを許す(seccomp)",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What became of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In force.
    Active,
    /// Not in force, and why.
    Unavailable(Cause),
}

impl State {
    /// Whether the layer is in force.
    #[must_use]
    pub fn is_active(self) -> bool {
        match self {
            Self::Active => true,
            Self::Unavailable(_) => false,
        }
    }

    pub(crate) fn of<T>(done: Result<T, rustix::io::Errno>) -> Self {
        done.map_or_else(|errno| Self::Unavailable(Cause::of(errno)), |_| Self::Active)
    }
}

/// Why a layer is not in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The kernel is too old or was built without it.
    NotInKernel,
    /// The kernel has it, but it was switched off at boot or by a sysctl.
    SwitchedOff,
    /// The host's own rules (a container, an access-control module) forbid it.
    NotPermitted,
    /// The program had started a second thread, which would have stayed outside. A bug of the program.
    Threads,
    /// Any other refusal of the kernel: the error number.
    Failed(i32),
}

impl Cause {
    pub(crate) fn of(errno: rustix::io::Errno) -> Self {
        match errno {
            rustix::io::Errno::NOSYS => Self::NotInKernel,
            rustix::io::Errno::OPNOTSUPP => Self::SwitchedOff,
            rustix::io::Errno::PERM | rustix::io::Errno::ACCESS => Self::NotPermitted,
            other => Self::Failed(other.raw_os_error()),
        }
    }

    /// The cause and what to do, for an English reader.
    #[must_use]
    pub fn english(self) -> String {
        match self {
            Self::NotInKernel => "the kernel does not have it: use Linux 5.13 or later".to_owned(),
            Self::SwitchedOff => "switched off on this host: see the kernel's lsm= option and sysctls".to_owned(),
            Self::NotPermitted => {
                "this host forbids it: see the container's or the unit's system-call filter".to_owned()
            }
            Self::Threads => "the program had started a thread before: please report this bug".to_owned(),
            Self::Failed(errno) => format!("the kernel refused it: {}", std::io::Error::from_raw_os_error(errno)),
        }
    }

    /// The cause and what to do, for a Japanese reader.
    #[must_use]
    pub fn japanese(self) -> String {
        match self {
            Self::NotInKernel => "カーネルにこの機能がありません。Linux 5.13以降を使ってください".to_owned(),
            Self::SwitchedOff => "このホストでは無効です。カーネルのlsm=指定とsysctlを確かめてください".to_owned(),
            Self::NotPermitted => {
                "このホストが禁じています。コンテナやユニットのシステムコール制限を確かめてください".to_owned()
            }
            Self::Threads => "閉じ込める前にスレッドが作られていました。不具合としてご報告ください".to_owned(),
            Self::Failed(errno) => {
                format!("カーネルが拒みました({})", std::io::Error::from_raw_os_error(errno))
            }
        }
    }
}

/// The state of every layer, as one zygote reports it or as [`survey`](crate::survey) expects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Layers {
    /// State of [`Layer::Privileges`].
    pub privileges: State,
    /// State of [`Layer::Namespaces`].
    pub namespaces: State,
    /// State of [`Layer::Limits`].
    pub limits: State,
    /// State of [`Layer::Landlock`].
    pub landlock: State,
    /// Landlock's ABI in use (what it can restrict grows with it; 6 adds signals and abstract sockets); 0 for none.
    pub landlock_abi: u8,
    /// State of [`Layer::Seccomp`].
    pub seccomp: State,
}

impl Layers {
    /// The state of one layer.
    #[must_use]
    pub fn state(&self, layer: Layer) -> State {
        match layer {
            Layer::Privileges => self.privileges,
            Layer::Namespaces => self.namespaces,
            Layer::Limits => self.limits,
            Layer::Landlock => self.landlock,
            Layer::Seccomp => self.seccomp,
        }
    }

    /// Every layer with its state, in the order of [`Layer::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Layer, State)> + '_ {
        Layer::ALL.into_iter().map(|layer| (layer, self.state(layer)))
    }

    /// The first layer without which no job may run, if one is missing. `None`: work may begin.
    #[must_use]
    pub fn missing(&self, allow_without_landlock: bool) -> Option<Layer> {
        self.iter()
            .find(|(layer, state)| !state.is_active() && compulsory(*layer, allow_without_landlock))
            .map(|(layer, _)| layer)
    }
}

fn compulsory(layer: Layer, allow_without_landlock: bool) -> bool {
    match layer {
        Layer::Privileges | Layer::Limits | Layer::Seccomp => true,
        Layer::Landlock => !allow_without_landlock,
        Layer::Namespaces => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL_ACTIVE: Layers = Layers {
        privileges: State::Active,
        namespaces: State::Active,
        limits: State::Active,
        landlock: State::Active,
        landlock_abi: 6,
        seccomp: State::Active,
    };
    const OFF: State = State::Unavailable(Cause::NotInKernel);

    #[test]
    fn only_namespaces_and_by_permission_landlock_may_miss() {
        let cases = [
            (ALL_ACTIVE, None, None),
            (Layers { namespaces: OFF, ..ALL_ACTIVE }, None, None),
            (Layers { privileges: OFF, ..ALL_ACTIVE }, Some(Layer::Privileges), Some(Layer::Privileges)),
            (Layers { limits: OFF, ..ALL_ACTIVE }, Some(Layer::Limits), Some(Layer::Limits)),
            (Layers { landlock: OFF, ..ALL_ACTIVE }, Some(Layer::Landlock), None),
            (Layers { seccomp: OFF, ..ALL_ACTIVE }, Some(Layer::Seccomp), Some(Layer::Seccomp)),
        ];
        for (layers, strict, lenient) in cases {
            assert_eq!(layers.missing(false), strict, "{layers:?}");
            assert_eq!(layers.missing(true), lenient, "{layers:?}");
        }
    }
}
