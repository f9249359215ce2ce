//! Settings as used: validated, typed, defaults filled in. One struct per program, and each holds
//! only what its program may know.
//!
//! Sizes are bytes, durations are [`std::time::Duration`], paths are ready to open: relative ones of
//! the file have been joined with the folder that the key's documentation names.

mod inner;
mod outer;
mod shared;

pub use inner::{Charset, Delivery, InnerSettings, Relay, RelayTls, RetrySchedule};
pub use outer::{
    Keep, OriginalSettings, OuterSettings, PasswordSettings, ReceiverSettings, ReceiverTls, RetentionSettings,
    ReviewSettings, RoleSettings, ServerIdentity, VaultSettings,
};
pub use shared::{
    AdminSockets, AuthenticationSettings, CommandSettings, FileSettings, GatewaySettings, Handoff, HandoffAddress,
    HandoffTls, LanguageChoice, LinkForm, LinkSettings, LogFilter, LogFormat, LogLevel, LogSettings, NoticeSettings,
    PolicyProfile, PolicySettings, ReadingLimits, WorkerSettings,
};
