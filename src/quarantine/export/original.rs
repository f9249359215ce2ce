//! An original on its way into a bundle, piece by piece.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_channel::admin::{Reply, Request, Shown};
use sekisho_safe_message::{MailId, Sha256};

use super::output::{Output, Stream};
use super::{Stop, Task};
use crate::answers::No;
use crate::ask::{self, Side};

/// What became of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Original {
    /// It is in the bundle.
    Here {
        /// Its digest.
        sha256: Sha256,
        /// Octets.
        size: u64,
        /// Whether there is a record that says the same digest.
        recorded: bool,
    },
    /// It is not kept any more.
    Gone,
    /// Only the LGWAN side was asked, which never has it.
    NotAsked,
}

/// What a program has sent of an original.
struct Coming<'a> {
    name: &'a str,
    /// Until the original begins.
    output: Option<&'a mut Output>,
    member: Option<(Shown, Stream<'a>)>,
    /// Why no more is wanted.
    trouble: Option<Trouble>,
}

enum Trouble {
    No(No),
    Strange,
    /// Not what was announced.
    Damaged,
    Io(io::Error),
}

/// Puts the original of a mail into the bundle. It must be what the program
/// says that it is, and what its record says, if there is one yet.
pub(super) fn collect(
    id: MailId,
    recorded: Option<Sha256>,
    task: &Task<'_>,
    output: &mut Output,
) -> Result<Original, Stop> {
    let name = format!("{id}/original.eml");
    let request = Request::Original { id, reason: task.reason.clone() };
    let mut coming = Coming { name: &name, output: Some(&mut *output), member: None, trouble: None };
    let asked = ask::each(Side::Outer, &task.settings.admin, &request, |reply| coming.take(reply));
    asked.map_err(|err| Stop::Unreachable(Side::Outer, err))?;
    let (shown, stream) = match (coming.trouble, coming.member) {
        (Some(Trouble::Io(err)), member) => {
            drop(member);
            return Err(output.failed(err));
        }
        (Some(Trouble::No(No::Invalid(code))), None) if code.as_str() == "no-original" => return Ok(Original::Gone),
        (Some(Trouble::No(no)), _) => return Err(Stop::No(id.to_string(), no)),
        (Some(Trouble::Strange), _) | (None, None) => return Err(Stop::Strange(id.to_string())),
        (Some(Trouble::Damaged), _) => return Err(Stop::Differs(id)),
        (None, Some(member)) => member,
    };
    let sha256 = match stream.finish() {
        Ok(sha256) => sha256,
        // Fewer octets than were announced.
        Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Err(Stop::Differs(id)),
        Err(err) => return Err(output.failed(err)),
    };
    if sha256 != shown.sha256 || recorded.is_some_and(|recorded| recorded != sha256) {
        return Err(Stop::Differs(id));
    }
    output.took(&name, shown.size, sha256);
    Ok(Original::Here { sha256, size: shown.size, recorded: recorded.is_some() })
}

impl Coming<'_> {
    /// Takes one reply; whether more is wanted.
    fn take(&mut self, reply: Reply) -> bool {
        let taken = match reply {
            Reply::Working => Ok(()),
            Reply::File(shown) => self.begin(*shown),
            Reply::Octets { data } => self.write(&data),
            Reply::Done => return false,
            other => Err(No::of(&other).map_or(Trouble::Strange, Trouble::No)),
        };
        self.trouble = taken.err();
        self.trouble.is_none()
    }

    fn begin(&mut self, shown: Shown) -> Result<(), Trouble> {
        // One original, once.
        let output = self.output.take().ok_or(Trouble::Strange)?;
        let stream = output.begin(self.name, shown.size).map_err(Trouble::Io)?;
        self.member = Some((shown, stream));
        Ok(())
    }

    fn write(&mut self, data: &str) -> Result<(), Trouble> {
        let (_, stream) = self.member.as_mut().ok_or(Trouble::Strange)?;
        let octets = STANDARD.decode(data).map_err(|_| Trouble::Strange)?;
        stream.write_all(&octets).map_err(|err| match err.kind() {
            // More octets than were announced.
            io::ErrorKind::InvalidInput => Trouble::Damaged,
            _ => Trouble::Io(err),
        })
    }
}
