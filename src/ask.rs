//! Asking the two programs over their admin sockets.

use std::path::Path;

use clap::ArgMatches;
use sekisho_channel::ChannelError;
use sekisho_channel::admin::{self, Reply, Request};
use sekisho_settings::AdminSockets;

use crate::exit::Exit;
use crate::screen::Screen;

/// One of the two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The Internet side.
    Outer,
    /// The LGWAN side.
    Inner,
}

impl Side {
    /// Both, in the order of a mail's way.
    pub(crate) const BOTH: [Self; 2] = [Self::Outer, Self::Inner];

    /// The one that `--side` names, or both.
    pub(crate) fn asked(matches: &ArgMatches) -> impl Iterator<Item = Self> {
        let only = matches.get_one::<String>("side").cloned();
        Self::BOTH.into_iter().filter(move |side| only.as_deref().is_none_or(|name| name == side.name()))
    }

    /// Its name in options and JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Outer => "outer",
            Self::Inner => "inner",
        }
    }

    /// Its name for a person.
    pub(crate) fn label(self, screen: &Screen) -> &'static str {
        match self {
            Self::Outer => screen.t("インターネット側", "Internet side"),
            Self::Inner => screen.t("LGWAN側", "LGWAN side"),
        }
    }

    fn socket(self, sockets: &AdminSockets) -> &Path {
        match self {
            Self::Outer => &sockets.outer,
            Self::Inner => &sockets.inner,
        }
    }
}

/// All replies of one program.
pub(crate) fn ask(side: Side, sockets: &AdminSockets, request: &Request) -> Result<Vec<Reply>, ChannelError> {
    let mut replies = Vec::new();
    each(side, sockets, request, |reply| {
        replies.push(reply);
        true
    })?;
    Ok(replies)
}

/// Hands the replies of one program to `each` as they come.
pub(crate) fn each(
    side: Side,
    sockets: &AdminSockets,
    request: &Request,
    each: impl FnMut(Reply) -> bool,
) -> Result<(), ChannelError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(admin::ask(side.socket(sockets), request, each))
}

/// Whether the program was there, and went away over the request.
fn has_ended(err: &ChannelError) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(err, ChannelError::Io(err) if matches!(err.kind(), UnexpectedEof | ConnectionReset | BrokenPipe))
}

/// Says that a program cannot be asked, and what to do.
pub(crate) fn unreachable(side: Side, err: &ChannelError, screen: &Screen) -> Exit {
    let who = side.label(screen);
    if has_ended(err) {
        screen.error(screen.t(
            format!("{who}のプログラムが、応答する前に終了しました。行われたかどうかは sekisho show で分かります。同じコマンドを繰り返しても、二重には行われません。"),
            format!("the {who} ended before it answered. `sekisho show` tells whether it was done; the same command again does nothing twice."),
        ));
        return Exit::Unreachable;
    }
    screen.error(screen.t(
        format!("{who}のプログラムに接続できません（{err}）。起動しているか、設定（state_dir）と権限が正しいかを確かめてください。"),
        format!("the {who} cannot be asked ({err}). Is it running, is state_dir the same, may you ask it?"),
    ));
    Exit::Unreachable
}
