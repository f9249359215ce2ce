//! Originals (原本) on their way out of the gateway: to their recipients'
//! mailboxes on the Internet side, after a request and an approval, or at once
//! where the site delivers both (dual delivery).
//!
//! Owns: the connection to that mail server, tokens and requests by mail, the
//! mails that the gateway itself writes on this side (answers to requests, the
//! password-protected parcel, the reviewers' digest).
//!
//! Never: the LGWAN side, an approval of its own, or a look into an original:
//! its octets pass as they came.

pub(crate) mod answer;
pub(crate) mod courier;
pub(crate) mod digest;
pub(crate) mod letter;
pub(crate) mod parcel;
pub(crate) mod petition;
pub(crate) mod token;
