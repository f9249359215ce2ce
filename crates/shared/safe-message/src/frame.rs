//! The border's canonical form: the only spelling in which a [`SafeMessage`]
//! crosses.
//!
//! ```text
//! "SKF2"  header length (u32, big-endian)  header
//! of the text, then of each attachment in the header's order:
//!   chunks: length (u32, 1 to 65,536)  that many octets
//!   end:    length 0
//! SHA-256 of everything before it
//! ```
//!
//! The header is decoded, every value re-checked by its own type, encoded
//! again and compared octet by octet: a message has exactly one frame. Chunks
//! are full but for the last, for the same reason. Nothing may follow.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::Head;
use crate::{
    Content, MAX_ATTACHED, MAX_ATTACHMENTS, MessageError, SafeAttachment, SafeKind, SafeMessage, SafeName, SafeText,
    Sha256, TextError, Untrusted,
};

const MAGIC: &[u8; 4] = b"SKF2";
/// Octets in one chunk.
const CHUNK: usize = 64 * 1024;
/// Longest header: 1,500 addresses with names, 1,000 recipients, 100 notices
/// come to some 700 kB at their bounds; honest mail needs 2 kB.
const MAX_HEADER: usize = 1 << 20;

/// Longest frame, in octets.
pub const MAX: usize = 8 + MAX_HEADER + CONTENT + 4 * (CONTENT / CHUNK + 2 * (MAX_ATTACHMENTS + 1)) + 32;
/// Octets of text and attachments.
const CONTENT: usize = SafeText::MAX + MAX_ATTACHED;

/// Why octets are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// They end too early, or a length points past the end.
    Short,
    /// A length is over its bound.
    TooLong,
    /// They do not begin as a frame.
    Magic,
    /// The header does not decode, or a value in it breaks its type's rule.
    Header,
    /// Another spelling than the canonical one, or octets behind the end.
    NotCanonical,
    /// The text is not UTF-8.
    Utf8,
    /// The text is not safe.
    Text(TextError),
    /// An attachment's name or content is not safe.
    Attachment(TextError),
    /// A bound of the message.
    Message(MessageError),
    /// The digest does not fit.
    Digest,
}

#[derive(Serialize, Deserialize)]
struct Header {
    head: Head,
    text_len: u32,
    attachments: Vec<Announced>,
}

/// An attachment, as the header announces it.
#[derive(Serialize, Deserialize)]
struct Announced {
    name: SafeName,
    kind: u8,
    len: u32,
}

/// The frame of `message`.
///
/// # Errors
/// [`FrameError::TooLong`] if its header passes the bound (which values within
/// their own bounds can, together).
pub fn encode(message: &SafeMessage) -> Result<Vec<u8>, FrameError> {
    let text = message.text.as_str().as_bytes();
    let attachments = message.attachments.iter().map(announce).collect::<Result<Vec<_>, _>>()?;
    let octets: usize = message.attachments.iter().map(|one| one.content().crossing().len()).sum();
    let header = encode_header(&Header { head: message.head.clone(), text_len: length(text)?, attachments })?;
    let content = text.len() + octets;
    let mut out = Vec::with_capacity(header.len() + content + 64 + (content / CHUNK + message.attachments.len()) * 8);
    out.extend_from_slice(MAGIC);
    push_block(&mut out, &header)?;
    push_content(&mut out, text)?;
    for attachment in &message.attachments {
        push_content(&mut out, attachment.content().crossing())?;
    }
    let digest = Sha256::of(&out);
    out.extend_from_slice(digest.as_bytes());
    Ok(out)
}

fn announce(attachment: &SafeAttachment) -> Result<Announced, FrameError> {
    let kind = SafeKind::ALL.iter().position(|kind| *kind == attachment.kind());
    let kind = kind.and_then(|place| u8::try_from(place).ok()).ok_or(FrameError::Header)?;
    Ok(Announced { name: attachment.name().clone(), kind, len: length(attachment.content().crossing())? })
}

fn length(octets: &[u8]) -> Result<u32, FrameError> {
    u32::try_from(octets.len()).map_err(|_| FrameError::TooLong)
}

fn push_content(out: &mut Vec<u8>, content: &[u8]) -> Result<(), FrameError> {
    for chunk in content.chunks(CHUNK) {
        push_block(out, chunk)?;
    }
    push_block(out, &[])
}

fn push_block(out: &mut Vec<u8>, block: &[u8]) -> Result<(), FrameError> {
    let len = u32::try_from(block.len()).map_err(|_| FrameError::TooLong)?;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(block);
    Ok(())
}

fn encode_header(header: &Header) -> Result<Vec<u8>, FrameError> {
    let bytes = postcard::to_allocvec(header).map_err(|_| FrameError::Header)?;
    if bytes.len() > MAX_HEADER { Err(FrameError::TooLong) } else { Ok(bytes) }
}

/// The message whose frame `frame` is.
///
/// # Errors
/// The first rule that `frame` breaks; its octets are then to be distrusted
/// whole.
pub fn decode(frame: Untrusted<'_>) -> Result<SafeMessage, FrameError> {
    let frame = frame.read();
    let body = frame.strip_prefix(MAGIC.as_slice()).ok_or(FrameError::Magic)?;
    let (header, rest) = take_block(body, MAX_HEADER)?;
    let Header { head, text_len, attachments: announced } = decode_header(header)?;
    let (text, mut rest) = take_content(rest, text_len as usize)?;
    let mut attachments = Vec::with_capacity(announced.len());
    for one in announced {
        let (octets, behind) = take_content(rest, one.len as usize)?;
        rest = behind;
        attachments.push(attachment(one, octets)?);
    }
    let signed = &frame[..frame.len() - rest.len()];
    match rest.len() {
        0..32 => return Err(FrameError::Short),
        32 => {}
        _ => return Err(FrameError::NotCanonical),
    }
    if Sha256::of(signed).as_bytes() != rest {
        return Err(FrameError::Digest);
    }
    let text = String::from_utf8(text).map_err(|_| FrameError::Utf8)?;
    let text = SafeText::parse(text).map_err(FrameError::Text)?;
    SafeMessage::checked(head, text, attachments).map_err(FrameError::Message)
}

fn attachment(announced: Announced, octets: Vec<u8>) -> Result<SafeAttachment, FrameError> {
    let kind = SafeKind::ALL.get(usize::from(announced.kind)).ok_or(FrameError::Header)?;
    let content = Content::crossed(*kind, octets).map_err(FrameError::Attachment)?;
    SafeAttachment::named(announced.name, content).map_err(FrameError::Attachment)
}

fn take_block(bytes: &[u8], max: usize) -> Result<(&[u8], &[u8]), FrameError> {
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or(FrameError::Short)?;
    let len = u32::from_be_bytes(*len) as usize;
    if len > max {
        return Err(FrameError::TooLong);
    }
    rest.split_at_checked(len).ok_or(FrameError::Short)
}

fn decode_header(bytes: &[u8]) -> Result<Header, FrameError> {
    let header: Header = postcard::from_bytes(bytes).map_err(|_| FrameError::Header)?;
    let attached = header.attachments.iter().fold(0, |sum: u64, one| sum + u64::from(one.len));
    if header.text_len as usize > SafeText::MAX || attached > MAX_ATTACHED as u64 {
        return Err(FrameError::TooLong);
    }
    // postcard bears longer spellings of numbers and octets behind the end.
    if encode_header(&header)? == bytes { Ok(header) } else { Err(FrameError::NotCanonical) }
}

fn take_content(mut rest: &[u8], len: usize) -> Result<(Vec<u8>, &[u8]), FrameError> {
    let mut content = Vec::with_capacity(len.min(rest.len()));
    loop {
        let (chunk, behind) = take_block(rest, CHUNK)?;
        rest = behind;
        // Every chunk is as long as it can be, so that the split is unique.
        if chunk.len() != CHUNK.min(len - content.len()) {
            return Err(FrameError::NotCanonical);
        }
        if chunk.is_empty() {
            return Ok((content, rest));
        }
        content.extend_from_slice(chunk);
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("the frame ends too early"),
            Self::TooLong => f.write_str("a length in the frame is over its bound"),
            Self::Magic => f.write_str("the octets do not begin as a frame"),
            Self::Header => f.write_str("the frame's header does not decode"),
            Self::NotCanonical => f.write_str("the frame is not in its canonical spelling"),
            Self::Utf8 => f.write_str("the frame's text is not UTF-8"),
            Self::Text(err) => write!(f, "the frame's text is not safe: {err}"),
            Self::Attachment(err) => write!(f, "an attachment in the frame is not safe: {err}"),
            Self::Message(err) => write!(f, "the frame's message breaks a bound: {err}"),
            Self::Digest => f.write_str("the frame's digest does not fit its octets"),
        }
    }
}

impl std::error::Error for FrameError {}
