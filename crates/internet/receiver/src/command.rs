//! A command line -> [`Command`] or [`Offence`].
//!
//! Owns the grammar of RFC 5321 4.1.1, read strictly: one space between
//! tokens, none behind `FROM:`, no source routes. Never keeps a line or any
//! part of it that is not a typed value; never knows what came before.

use sekisho_safe_message::{Address, Domain, Untrusted};

use crate::Offence;

/// RFC 5321 4.5.3.1.4: octets of a command line with CRLF. Only MAIL and RCPT
/// may be longer (4.1.1.11: parameters extend the limit), up to what the
/// reader of lines was told.
const MAX_PLAIN_LINE: usize = 512;

/// What the peer asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// HELO with a name.
    Helo(Domain),
    /// EHLO with a name.
    Ehlo(Domain),
    /// MAIL.
    Mail(MailFrom),
    /// RCPT.
    Rcpt(Recipient),
    /// DATA.
    Data,
    /// RSET.
    Rset,
    /// NOOP; its string is forgotten.
    Noop,
    /// QUIT.
    Quit,
    /// VRFY; its string is forgotten.
    Vrfy,
    /// STARTTLS.
    StartTls,
    /// BDAT, with whatever arguments: octets follow that are no commands.
    Bdat,
    /// EXPN, HELP or AUTH: known, not offered.
    NotOffered,
}

/// The arguments of MAIL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFrom {
    /// The sender; `None` for `<>`.
    pub sender: Option<Address>,
    /// RFC 1870: octets that the peer says will come. What does not fit is
    /// `u64::MAX`.
    pub size: Option<u64>,
    /// RFC 6152.
    pub body: BodyType,
    /// Whether any parameter was given, which takes EHLO first.
    pub extended: bool,
}

/// What BODY says (RFC 6152).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyType {
    /// ASCII, or nothing was said.
    #[default]
    SevenBit,
    /// Octets above 127 may come.
    EightBitMime,
}

/// The path of RCPT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A mailbox.
    Address(Address),
    /// `<postmaster>` in any case of letters, without a domain (RFC 5321
    /// 4.1.1.3).
    Postmaster,
}

type Reader = fn(Option<&str>) -> Result<Command, Offence>;

/// Every verb we know.
const VERBS: [(&str, Reader); 15] = [
    ("HELO", |name| Ok(Command::Helo(domain(name)?))),
    ("EHLO", |name| Ok(Command::Ehlo(domain(name)?))),
    ("MAIL", mail),
    ("RCPT", rcpt),
    ("DATA", |rest| bare(rest, Command::Data)),
    ("RSET", |rest| bare(rest, Command::Rset)),
    ("NOOP", |_| Ok(Command::Noop)),
    ("QUIT", |rest| bare(rest, Command::Quit)),
    ("VRFY", |rest| rest.map(|_| Command::Vrfy).ok_or(Offence::Syntax)),
    ("STARTTLS", |rest| bare(rest, Command::StartTls)),
    ("BDAT", |_| Ok(Command::Bdat)),
    ("EXPN", |_| Ok(Command::NotOffered)),
    ("HELP", |_| Ok(Command::NotOffered)),
    ("AUTH", |_| Ok(Command::NotOffered)),
    ("BURL", |_| Ok(Command::Bdat)), // RFC 4468: as foreign to us as BDAT.
];

/// Reads one line, without its CRLF.
///
/// # Errors
/// The [`Offence`] that keeps it from being a command; none of them is fatal.
pub fn parse(line: Untrusted<'_>) -> Result<Command, Offence> {
    let text = printable(line)?;
    let (verb, rest) = match text.split_once(' ') {
        Some((verb, rest)) => (verb, Some(rest)),
        None => (text, None),
    };
    let (name, read) = VERBS.iter().find(|(name, _)| verb.eq_ignore_ascii_case(name)).ok_or(Offence::Unknown)?;
    if line.len() + 2 > MAX_PLAIN_LINE && !matches!(*name, "MAIL" | "RCPT") {
        return Err(Offence::LineTooLong);
    }
    read(rest)
}

/// The line as text; white space at its end is borne (RFC 5321 4.1.1).
fn printable(line: Untrusted<'_>) -> Result<&str, Offence> {
    let mut octets = line.read();
    while let [head @ .., b' ' | b'\t'] = octets {
        octets = head;
    }
    let sound = octets.iter().all(|b| (b' '..=b'~').contains(b));
    std::str::from_utf8(octets).ok().filter(|_| sound).ok_or(Offence::NotAscii)
}

fn bare(rest: Option<&str>, command: Command) -> Result<Command, Offence> {
    if rest.is_some() { Err(Offence::Syntax) } else { Ok(command) }
}

fn domain(name: Option<&str>) -> Result<Domain, Offence> {
    Domain::parse(name.ok_or(Offence::Syntax)?).map_err(|_| Offence::Syntax)
}

fn mail(rest: Option<&str>) -> Result<Command, Offence> {
    let (path, parameters) = path(rest, "FROM:").ok_or(Offence::Sender)?;
    let sender = match path {
        "" => None,
        _ => Some(path.parse().map_err(|_| Offence::Sender)?),
    };
    let mut size = None;
    let mut body = None;
    let mut extended = false;
    for parameter in parameters {
        extended = true;
        let (keyword, value) = keyword(parameter)?;
        if keyword.eq_ignore_ascii_case("SIZE") {
            once(&mut size, octets(value.ok_or(Offence::Syntax)?)?)?;
        } else if keyword.eq_ignore_ascii_case("BODY") {
            once(&mut body, body_type(value.ok_or(Offence::Syntax)?)?)?;
        } else {
            return Err(Offence::MailParameter);
        }
    }
    Ok(Command::Mail(MailFrom { sender, size, body: body.unwrap_or_default(), extended }))
}

fn rcpt(rest: Option<&str>) -> Result<Command, Offence> {
    let (path, mut parameters) = path(rest, "TO:").ok_or(Offence::Recipient)?;
    let recipient = match path {
        name if name.eq_ignore_ascii_case("postmaster") => Recipient::Postmaster,
        _ => Recipient::Address(path.parse().map_err(|_| Offence::Recipient)?),
    };
    match parameters.next() {
        None => Ok(Command::Rcpt(recipient)),
        Some(parameter) => {
            keyword(parameter)?;
            Err(Offence::RcptParameter)
        }
    }
}

/// `LABEL<path>` and what may stand behind it: nothing, or a space and
/// parameters with one space between them (RFC 5321 4.1.1.2).
fn path<'a>(rest: Option<&'a str>, label: &str) -> Option<(&'a str, impl Iterator<Item = &'a str>)> {
    let (head, tail) = rest?.split_at_checked(label.len())?;
    let inner = tail.strip_prefix('<').filter(|_| head.eq_ignore_ascii_case(label))?;
    let end = closing_bracket(inner)?;
    let behind = &inner[end + 1..];
    let parameters = match behind.strip_prefix(' ') {
        Some(parameters) => Some(parameters),
        None if behind.is_empty() => None,
        None => return None,
    };
    Some((&inner[..end], parameters.into_iter().flat_map(|list| list.split(' '))))
}

/// Where the path ends: at the first `>` outside a quoted string.
fn closing_bracket(inner: &str) -> Option<usize> {
    let mut quoted = false;
    let mut octets = inner.bytes().enumerate();
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'"' => quoted = !quoted,
            b'\\' if quoted => drop(octets.next()),
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// esmtp-param of RFC 5321 4.1.2.
fn keyword(parameter: &str) -> Result<(&str, Option<&str>), Offence> {
    let (keyword, value) = match parameter.split_once('=') {
        Some((keyword, value)) => (keyword, Some(value)),
        None => (parameter, None),
    };
    let sound = keyword.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && keyword.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && value.is_none_or(|v| !v.is_empty() && !v.contains('='));
    sound.then_some((keyword, value)).ok_or(Offence::Syntax)
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Offence> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Offence::Syntax),
    }
}

/// size-value of RFC 1870 3: 1 to 20 digits, so 2^64 can be written.
fn octets(value: &str) -> Result<u64, Offence> {
    let sound = (1..=20).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    sound.then(|| value.parse().unwrap_or(u64::MAX)).ok_or(Offence::Syntax)
}

fn body_type(value: &str) -> Result<BodyType, Offence> {
    if value.eq_ignore_ascii_case("7BIT") {
        Ok(BodyType::SevenBit)
    } else if value.eq_ignore_ascii_case("8BITMIME") {
        Ok(BodyType::EightBitMime)
    } else {
        Err(Offence::MailParameter)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn read(line: &str) -> Result<Command, Offence> {
        parse(Untrusted::new(line.as_bytes()))
    }

    #[test]
    fn verbs() {
        for (line, expected) in [
            ("DATA", Ok(Command::Data)),
            ("data", Ok(Command::Data)),
            ("DaTa  \t", Ok(Command::Data)),
            ("DATA x", Err(Offence::Syntax)),
            (" DATA", Err(Offence::Unknown)),
            ("", Err(Offence::Unknown)),
            ("DATAX", Err(Offence::Unknown)),
            ("DATA\tx", Err(Offence::NotAscii)),
            ("RSET", Ok(Command::Rset)),
            ("RSET 1", Err(Offence::Syntax)),
            ("NOOP", Ok(Command::Noop)),
            ("NOOP x y", Ok(Command::Noop)),
            ("QUIT", Ok(Command::Quit)),
            ("VRFY", Err(Offence::Syntax)),
            ("VRFY a", Ok(Command::Vrfy)),
            ("EXPN a", Ok(Command::NotOffered)),
            ("HELP", Ok(Command::NotOffered)),
            ("AUTH PLAIN AA==", Ok(Command::NotOffered)),
            ("BDAT 5 X", Ok(Command::Bdat)),
            ("BDAT -1", Ok(Command::Bdat)),
            ("STARTTLS", Ok(Command::StartTls)),
            ("STARTTLS now", Err(Offence::Syntax)),
            ("EHLO", Err(Offence::Syntax)),
            ("EHLO  a", Err(Offence::Syntax)),
            ("EHLO a b", Err(Offence::Syntax)),
            ("EHLO a_b.example", Ok(Command::Ehlo(Domain::parse("a_b.example").unwrap()))),
            ("HELO [192.0.2.1]", Ok(Command::Helo(Domain::parse("[192.0.2.1]").unwrap()))),
            ("EHLO [IPv6:::1]", Ok(Command::Ehlo(Domain::parse("[IPv6:::1]").unwrap()))),
            ("EHLO é", Err(Offence::NotAscii)),
            ("GET / HTTP/1.1", Err(Offence::Unknown)),
            ("MAIL FROM:<a\x01@b>", Err(Offence::NotAscii)),
            ("MAIL FROM:<あ@b>", Err(Offence::NotAscii)),
            ("MAIL FROM:<a\x7f@b>", Err(Offence::NotAscii)),
        ] {
            assert_eq!(read(line), expected, "{line:?}");
        }
        assert_eq!(read(&format!("NOOP {}", "x".repeat(505))), Ok(Command::Noop));
        assert_eq!(read(&format!("NOOP {}", "x".repeat(506))), Err(Offence::LineTooLong));
        assert_eq!(parse(Untrusted::new(b"QUIT\0")), Err(Offence::NotAscii));
        assert_eq!(parse(Untrusted::new(b"MAIL FROM:<a\r\n@b>")), Err(Offence::NotAscii));
    }

    #[test]
    fn paths() {
        for (path, expected) in [
            ("<>", Ok("")),
            ("<a@b.example>", Ok("a@b.example")),
            ("<A.b+c@B.EXAMPLE>", Ok("A.b+c@b.example")),
            ("<\"a b\"@c>", Ok("\"a b\"@c")),
            ("<\"a>b\"@c>", Ok("\"a>b\"@c")),
            ("<\"a\\\">b\"@c>", Ok("\"a\\\">b\"@c")),
            ("<a@[192.0.2.1]>", Ok("a@[192.0.2.1]")),
            ("<a@[IPv6:2001:db8::1]>", Ok("a@[ipv6:2001:db8::1]")),
            ("<a@[IPv6:2001:db8::1>", Err(Offence::Sender)),
            ("<a@[300.0.2.1]>", Err(Offence::Sender)),
            ("<@x,@y:a@b>", Err(Offence::Sender)),
            ("<@x:a@b>", Err(Offence::Sender)),
            ("<a@b>x", Err(Offence::Sender)),
            ("<a@b>>", Err(Offence::Sender)),
            ("<<a@b>>", Err(Offence::Sender)),
            ("<a@b%c>", Err(Offence::Sender)),
            ("<a@b@c>", Err(Offence::Sender)),
            ("<(a@b>", Err(Offence::Sender)),
            ("<a@b(.evil>", Err(Offence::Sender)),
            ("<a@b'@evil>", Err(Offence::Sender)),
            ("a@b", Err(Offence::Sender)),
            ("<a@b", Err(Offence::Sender)),
            ("a@b>", Err(Offence::Sender)),
            (" <a@b>", Err(Offence::Sender)),
            ("< a@b>", Err(Offence::Sender)),
            ("<a@b >", Err(Offence::Sender)),
            ("<a b@c>", Err(Offence::Sender)),
            ("<\"a@b>", Err(Offence::Sender)),
            ("<a>", Err(Offence::Sender)),
            ("<postmaster>", Err(Offence::Sender)),
            ("Me <a@b>", Err(Offence::Sender)),
            ("<a@b><c@d>", Err(Offence::Sender)),
            ("", Err(Offence::Sender)),
        ] {
            let got = read(&format!("MAIL FROM:{path}")).map(|command| match command {
                Command::Mail(mail) => mail.sender.map(|a| a.to_string()).unwrap_or_default(),
                other => panic!("{other:?}"),
            });
            assert_eq!(got.as_deref(), expected.as_deref(), "{path}");
        }
        for line in ["MAIL", "MAIL FROM", "MAIL FROM <a@b>", "MAIL TO:<a@b>", "MAIL FROM :<a@b>", "MAIL  FROM:<a@b>"] {
            assert_eq!(read(line), Err(Offence::Sender), "{line}");
        }
    }

    #[test]
    fn lengths_of_paths() {
        let address = |local: usize, domain: &str| read(&format!("RCPT TO:<{}@{domain}>", "a".repeat(local)));
        let label = "d".repeat(63);
        assert!(address(64, &format!("{label}.example")).is_ok());
        assert_eq!(address(1, &format!("{label}d.example")), Err(Offence::Recipient));
        assert_eq!(address(1, &[label.as_str(); 4].join(".")), Err(Offence::Recipient));
        assert_eq!(address(300, "b"), Err(Offence::Recipient));
    }

    #[test]
    fn recipients() {
        for (path, expected) in [
            ("<a@b>", Ok(Recipient::Address("a@b".parse().unwrap()))),
            ("<postmaster>", Ok(Recipient::Postmaster)),
            ("<POSTmaster>", Ok(Recipient::Postmaster)),
            ("<postmaster@b>", Ok(Recipient::Address("postmaster@b".parse().unwrap()))),
            ("<>", Err(Offence::Recipient)),
            ("<abuse>", Err(Offence::Recipient)),
            ("<@x:a@b>", Err(Offence::Recipient)),
            ("<a@b> NOTIFY=NEVER", Err(Offence::RcptParameter)),
            ("<a@b> X", Err(Offence::RcptParameter)),
            ("<a@b>  X", Err(Offence::Syntax)),
            ("<a@b> =x", Err(Offence::Syntax)),
        ] {
            assert_eq!(read(&format!("rcpt to:{path}")), expected.map(Command::Rcpt), "{path}");
        }
    }

    #[test]
    fn parameters() {
        for (text, expected) in [
            ("", Ok((None, BodyType::SevenBit))),
            (" SIZE=1000", Ok((Some(1000), BodyType::SevenBit))),
            (" size=0 body=8bitmime", Ok((Some(0), BodyType::EightBitMime))),
            (" BODY=7BIT", Ok((None, BodyType::SevenBit))),
            (" SIZE=18446744073709551615", Ok((Some(u64::MAX), BodyType::SevenBit))),
            (" SIZE=18446744073709551616", Ok((Some(u64::MAX), BodyType::SevenBit))),
            (" SIZE=100000000000000000000", Err(Offence::Syntax)),
            (" SIZE=-1", Err(Offence::Syntax)),
            (" SIZE=+1", Err(Offence::Syntax)),
            (" SIZE=", Err(Offence::Syntax)),
            (" SIZE", Err(Offence::Syntax)),
            (" SIZE=1 SIZE=1", Err(Offence::Syntax)),
            (" SIZE=1  BODY=7BIT", Err(Offence::Syntax)),
            (" BODY", Err(Offence::Syntax)),
            (" BODY=BINARYMIME", Err(Offence::MailParameter)),
            (" SMTPUTF8", Err(Offence::MailParameter)),
            (" AUTH=<>", Err(Offence::MailParameter)),
            (" RET=HDRS", Err(Offence::MailParameter)),
            (" -X=1", Err(Offence::Syntax)),
            (" X==1", Err(Offence::Syntax)),
        ] {
            let got = read(&format!("MAIL FROM:<a@b>{text}")).map(|command| match command {
                Command::Mail(mail) => (mail.size, mail.body),
                other => panic!("{other:?}"),
            });
            assert_eq!(got, expected, "{text}");
        }
    }
}
