//! How the full-screen review is called.

use clap::{Arg, Command};

/// `quarantine review`.
pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("review")
        .about(t(
            "全画面で確認する（一覧、内容、解放、削除、原本の申請と承認）",
            "Review on the full screen: list, look, release, delete, ask for and approve originals",
        ))
        .arg(Arg::new("filter").value_name("FILTER").num_args(0..).help(t(
            "最初の絞り込み（例: from:@example.jp kind:pdf since:3d。既定: state:held,kept）",
            "What to show first (such as from:@example.jp kind:pdf since:3d; default: state:held,kept)",
        )))
}
