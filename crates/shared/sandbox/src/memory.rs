//! Running out of memory, told apart from every other abort.

/// The allocator for a program that calls [`serve`](crate::serve): the system's, but a request that cannot be met ends
/// the process with [`EXIT_OUT_OF_MEMORY`](crate::EXIT_OUT_OF_MEMORY), where the standard library would abort as it does
/// for a stack overflow. `try_reserve` ends the process too.
///
/// ```no_run
/// #[global_allocator]
/// static MEMORY: sekisho_sandbox::WorkerMemory = sekisho_sandbox::WorkerMemory;
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkerMemory;
