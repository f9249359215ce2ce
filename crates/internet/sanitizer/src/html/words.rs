//! What the page says in words of its own, in the page's language.

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) image: &'static str,
    pub(super) bullet: &'static str,
    /// Columns of `bullet`.
    pub(super) bullet_columns: u8,
    pub(super) heading: &'static str,
    pub(super) minor_heading: &'static str,
    pub(super) no_link: &'static str,
    pub(super) differs: &'static str,
    pub(super) links: &'static str,
    pub(super) host: &'static str,
    pub(super) ip: &'static str,
    pub(super) form: &'static str,
    pub(super) struck: &'static str,
    pub(super) ruby: (&'static str, &'static str),
    pub(super) quote: (&'static str, &'static str),
}

pub(super) const JAPANESE: Words = Words {
    image: "画像",
    bullet: "・",
    bullet_columns: 2,
    heading: "■ ",
    minor_heading: "□ ",
    no_link: "無効なリンク",
    differs: "表示と異なるリンク先",
    links: "リンク先:",
    host: "実際の接続先",
    ip: "IPアドレス",
    form: "フォームの送信先",
    struck: "[取消: ",
    ruby: ("（", "）"),
    quote: ("「", "」"),
};

pub(super) const ENGLISH: Words = Words {
    image: "image",
    bullet: "- ",
    bullet_columns: 2,
    heading: "■ ",
    minor_heading: "□ ",
    no_link: "disabled link",
    differs: "leads elsewhere",
    links: "Links:",
    host: "real host",
    ip: "IP address",
    form: "form sends to",
    struck: "[struck: ",
    ruby: ("(", ")"),
    quote: ("“", "”"),
};
