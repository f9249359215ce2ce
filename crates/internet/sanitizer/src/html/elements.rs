//! What each HTML element means for text.

/// What an element is to a reader of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Part of a line.
    Inline,
    /// A link.
    Link,
    /// It stands on lines of its own.
    Block,
    /// The same, with an empty line around it.
    Paragraph,
    /// A heading; of the two highest levels or not.
    Heading(bool),
    /// Its white space counts.
    Preformatted,
    /// What a term means.
    Definition,
    /// A table.
    Table,
    /// A part of a table, between it and its rows.
    Section,
    /// A row of a table.
    Row,
    /// A cell of a row; a heading or not.
    Cell(bool),
    /// A table's caption.
    Caption,
    /// An entry of a list.
    Item,
    /// A list; numbered or not.
    List(bool),
    /// A quotation.
    Quote,
    /// A quotation within a line.
    ShortQuote,
    /// How a word is read.
    Ruby,
    /// Text that no longer holds.
    Struck,
    /// Raised text.
    Raised,
    /// A choice of options.
    Choice,
    /// One of them.
    Option,
    /// A form.
    Form,
    /// A style sheet.
    Style,
    /// Nothing inside is shown.
    Unseen,
}

/// What the element `name` (lower case) is.
pub(super) fn kind(name: &str) -> Kind {
    match name {
        "a" => Kind::Link,
        "p" => Kind::Paragraph,
        "h1" | "h2" => Kind::Heading(true),
        "h3" | "h4" | "h5" | "h6" => Kind::Heading(false),
        "pre" | "xmp" | "listing" | "plaintext" => Kind::Preformatted,
        "address" | "article" | "aside" | "body" | "center" | "details" | "div" | "dt" | "fieldset" | "figcaption"
        | "figure" | "footer" | "header" | "html" | "legend" | "main" | "nav" | "section" | "summary" | "textarea"
        | "optgroup" => Kind::Block,
        "dd" => Kind::Definition,
        "table" => Kind::Table,
        "tbody" | "tfoot" | "thead" => Kind::Section,
        "tr" => Kind::Row,
        "td" => Kind::Cell(false),
        "th" => Kind::Cell(true),
        "caption" => Kind::Caption,
        "li" => Kind::Item,
        "ul" | "menu" | "dir" | "dl" => Kind::List(false),
        "ol" => Kind::List(true),
        "blockquote" => Kind::Quote,
        "q" => Kind::ShortQuote,
        "rt" => Kind::Ruby,
        "s" | "strike" | "del" => Kind::Struck,
        "sup" => Kind::Raised,
        "select" => Kind::Choice,
        "option" => Kind::Option,
        "form" => Kind::Form,
        "style" => Kind::Style,
        "script" | "template" | "title" | "object" | "iframe" | "svg" | "math" | "datalist" | "rp" => Kind::Unseen,
        _ => Kind::Inline,
    }
}

impl Kind {
    /// Whether it is part of a line.
    pub(super) fn is_inline(self) -> bool {
        matches!(
            self,
            Self::Inline
                | Self::Link
                | Self::ShortQuote
                | Self::Ruby
                | Self::Struck
                | Self::Raised
                | Self::Choice
                | Self::Option
                | Self::Style
                | Self::Unseen
        )
    }

    /// Whether it belongs to a table's grid.
    pub(super) fn is_grid(self) -> bool {
        matches!(self, Self::Section | Self::Row | Self::Cell(_) | Self::Caption)
    }
}

/// Elements that have no content and no end tag.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "br" | "img"
            | "hr"
            | "meta"
            | "link"
            | "input"
            | "wbr"
            | "col"
            | "base"
            | "area"
            | "embed"
            | "source"
            | "param"
            | "track"
            | "frame"
            | "basefont"
            | "bgsound"
            | "keygen"
            | "image"
    )
}

/// Whether the start of `next` ends an open `open` (HTML 13.1.2.4: optional
/// end tags): what is hidden ends there too.
pub(super) fn start_ends(open: (&str, Kind), next: (&str, Kind)) -> bool {
    match open.1 {
        Kind::Paragraph => !next.1.is_inline() && !next.1.is_grid(),
        Kind::Item => next.1 == Kind::Item,
        Kind::Block if open.0 == "dt" => matches!(next.0, "dt" | "dd"),
        Kind::Definition => matches!(next.0, "dt" | "dd"),
        Kind::Option => matches!(next.0, "option" | "optgroup"),
        Kind::Ruby => matches!(next.0, "rt" | "rp" | "rb" | "rtc"),
        Kind::Unseen if open.0 == "rp" => matches!(next.0, "rt" | "rp" | "rb" | "rtc"),
        Kind::Link => next.1 == Kind::Link,
        Kind::Heading(_) => matches!(next.1, Kind::Heading(_)),
        Kind::Inline if open.0 == "head" => next.0 == "body",
        _ => false,
    }
}

/// Whether an end tag does not look beyond an open `open` for its start (HTML
/// 13.2.4.2: scopes): a stray `</div>` in a cell ends nothing outside it.
pub(super) fn is_scope(open: Kind, end: (&str, Kind)) -> bool {
    let page = matches!(end.0, "body" | "html");
    match open {
        Kind::Cell(_) | Kind::Caption => !end.1.is_grid() && end.1 != Kind::Table && !page,
        Kind::Table => end.1 != Kind::Table && !page,
        _ => false,
    }
}
