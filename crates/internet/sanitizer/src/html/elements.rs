//! What each HTML element means for text.

/// What an element does to the flow of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Nothing.
    Inline,
    /// It stands on lines of its own.
    Block,
    /// The same, with an empty line around it.
    Paragraph,
    /// A cell of a table's row.
    Cell,
    /// An entry of a list.
    Item,
    /// A list; numbered or not.
    List(bool),
    /// A quotation.
    Quote,
    /// Nothing inside is shown.
    Unseen,
}

/// The flow of the element `name` (lower case).
pub(super) fn flow(name: &str) -> Flow {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "dl" | "xmp" | "listing" => Flow::Paragraph,
        "address" | "article" | "aside" | "body" | "caption" | "center" | "dd" | "details" | "dir" | "div" | "dt"
        | "fieldset" | "figcaption" | "figure" | "footer" | "form" | "header" | "html" | "legend" | "main" | "nav"
        | "plaintext" | "section" | "summary" | "table" | "tbody" | "tfoot" | "thead" | "tr" | "option" => Flow::Block,
        "td" | "th" => Flow::Cell,
        "li" => Flow::Item,
        "ul" | "menu" => Flow::List(false),
        "ol" => Flow::List(true),
        "blockquote" => Flow::Quote,
        "script" | "style" | "template" | "title" | "object" | "iframe" | "noembed" | "noframes" | "svg" | "math"
        | "select" | "datalist" | "audio" | "video" | "canvas" | "applet" => Flow::Unseen,
        _ => Flow::Inline,
    }
}

/// Elements that have no content and no end tag.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
            | "col"
            | "embed"
            | "frame"
            | "hr"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Whether white space counts inside.
pub(super) fn is_preformatted(name: &str) -> bool {
    matches!(name, "pre" | "xmp" | "listing" | "plaintext" | "textarea")
}

/// Whether the start of `next` ends an open `open` (HTML 13.1.2.4: optional
/// end tags): what is hidden ends there too.
pub(super) fn start_ends(open: &str, next: &str) -> bool {
    match open {
        "p" => !matches!(flow(next), Flow::Inline | Flow::Unseen) || next == "hr",
        "li" => next == "li",
        "dt" | "dd" => matches!(next, "dt" | "dd"),
        "td" | "th" => matches!(next, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot"),
        "tr" => matches!(next, "tr" | "tbody" | "thead" | "tfoot"),
        "tbody" | "thead" | "tfoot" => matches!(next, "tbody" | "thead" | "tfoot"),
        "option" => matches!(next, "option" | "optgroup"),
        "a" => next == "a",
        "head" => next == "body",
        _ => false,
    }
}

/// Whether an end tag does not look beyond an open `open` for its start (HTML
/// 13.2.4.2: scopes): a stray `</div>` in a cell ends nothing outside it.
pub(super) fn is_scope(open: &str, end: &str) -> bool {
    match open {
        "td" | "th" | "caption" => {
            !matches!(end, "td" | "th" | "caption" | "tr" | "table" | "tbody" | "thead" | "tfoot" | "body" | "html")
        }
        "table" => !matches!(end, "table" | "body" | "html"),
        _ => false,
    }
}
