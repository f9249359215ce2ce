//! Settings as written: what the file and the environment may say, unchecked. Fields are named like
//! the keys; every one is optional; an unknown one is an error.

use serde::{Deserialize, Serialize};

/// Text that a later step parses.
pub(crate) type Text = Option<String>;
/// A list of such texts.
pub(crate) type List = Option<Vec<String>>;
/// A whole number.
pub(crate) type Count = Option<i64>;
/// Yes or no.
pub(crate) type Flag = Option<bool>;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Written {
    pub(crate) version: Count,
    pub(crate) state_dir: Text,
    pub(crate) language: Text,
    pub(crate) outer: Outer,
    pub(crate) worker: Worker,
    pub(crate) limits: Limits,
    pub(crate) handoff: Handoff,
    pub(crate) inner: Inner,
    pub(crate) vault: Vault,
    pub(crate) roles: Roles,
    pub(crate) review: Review,
    pub(crate) original: Original,
    pub(crate) passwords: Passwords,
    pub(crate) policy: Policy,
    pub(crate) files: Files,
    pub(crate) notice: Notice,
    pub(crate) links: Links,
    pub(crate) authentication: Authentication,
    pub(crate) log: Log,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Outer {
    pub(crate) listen: List,
    pub(crate) hostname: Text,
    pub(crate) domains: List,
    pub(crate) clients: List,
    pub(crate) max_message_size: Text,
    pub(crate) max_recipients: Count,
    pub(crate) max_connections: Count,
    pub(crate) max_connections_per_client: Count,
    pub(crate) max_errors: Count,
    pub(crate) max_commands: Count,
    pub(crate) max_command_line: Count,
    pub(crate) max_data_line: Count,
    pub(crate) max_received: Count,
    pub(crate) command_timeout: Text,
    pub(crate) data_timeout: Text,
    pub(crate) max_session: Text,
    pub(crate) min_free_space: Text,
    pub(crate) tls_cert_file: Text,
    pub(crate) tls_key_file: Text,
    pub(crate) require_tls: Flag,
    pub(crate) admin_socket: Text,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Worker {
    pub(crate) count: Count,
    pub(crate) deadline: Text,
    pub(crate) memory: Text,
    pub(crate) output_max: Text,
    pub(crate) allow_without_landlock: Flag,
    pub(crate) renew_after: Count,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) depth: Count,
    pub(crate) parts: Count,
    pub(crate) headers: Count,
    pub(crate) header_bytes: Text,
    pub(crate) text_bytes: Text,
    pub(crate) html_bytes: Text,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Handoff {
    pub(crate) address: Text,
    pub(crate) timeout: Text,
    pub(crate) server_name: Text,
    pub(crate) ca_file: Text,
    pub(crate) cert_file: Text,
    pub(crate) key_file: Text,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Inner {
    pub(crate) deliver: Text,
    pub(crate) tls: Text,
    pub(crate) ca_file: Text,
    pub(crate) helo: Text,
    pub(crate) allow_without_landlock: Flag,
    pub(crate) charset: Text,
    pub(crate) lifetime: Text,
    pub(crate) retry_min: Text,
    pub(crate) retry_max: Text,
    pub(crate) concurrency: Count,
    pub(crate) postmaster: Text,
    pub(crate) max_frame_size: Text,
    pub(crate) min_free_space: Text,
    pub(crate) record_retention: Text,
    pub(crate) admin_socket: Text,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Vault {
    pub(crate) keep: Text,
    pub(crate) retention: Text,
    pub(crate) retention_held: Text,
    pub(crate) retention_quarantined: Text,
    pub(crate) retention_delivered: Text,
    pub(crate) retention_unchanged: Text,
    pub(crate) retention_released: Text,
    pub(crate) record_retention: Text,
    pub(crate) key_file: Text,
    pub(crate) lost_keys: List,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Roles {
    pub(crate) reviewer: List,
    pub(crate) approver: List,
    pub(crate) auditor: List,
    pub(crate) operator: List,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Review {
    pub(crate) digest_to: List,
    pub(crate) digest_at: Text,
    pub(crate) digest_language: Text,
    pub(crate) held_max: Count,
    pub(crate) age_max: Text,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Original {
    pub(crate) deliver: Text,
    pub(crate) tls: Text,
    pub(crate) ca_file: Text,
    pub(crate) sender: Text,
    pub(crate) address: Text,
    pub(crate) token_lifetime: Text,
    pub(crate) approvals: Count,
    pub(crate) form: Text,
    pub(crate) dual: Flag,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Passwords {
    pub(crate) follow: Flag,
    pub(crate) window: Text,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Policy {
    pub(crate) profile: Text,
    pub(crate) file: Text,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Files {
    pub(crate) jpeg_quality: Count,
    pub(crate) frames: Count,
    pub(crate) noise: Flag,
    pub(crate) fonts: Flag,
    pub(crate) dpi: Count,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Notice {
    pub(crate) language: Text,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Links {
    pub(crate) form: Text,
    pub(crate) show: List,
    pub(crate) plain: List,
    pub(crate) remove: List,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Authentication {
    pub(crate) servers: List,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    pub(crate) format: Text,
    pub(crate) level: Text,
}
