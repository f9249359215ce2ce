//! What parent and zygote say to each other: datagrams on a Unix `SOCK_SEQPACKET` pair, descriptors by `SCM_RIGHTS`.
//!
//! Owns the form of every datagram. Both ends are of the same build and neither is hostile: a job never holds this
//! socket. What does not fit the form is a bug and ends the zygote.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::socket_type;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use rustix::process::Pid;

use crate::{Cause, JobLimits, JobStatus, Layer, Layers, State};

/// First byte of every datagram. Changes with any change of form, so that two versions notice each other.
const VERSION: u8 = 1;
/// The longest datagram is `Refused`: two bytes, a layer, the layers.
const LONGEST: usize = 64;

/// One job, as the zygote gets it.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) limits: JobLimits,
    pub(crate) input: OwnedFd,
    pub(crate) output: OwnedFd,
}

/// What a zygote says.
#[derive(Debug)]
pub(crate) enum Report {
    /// In the sandbox and waiting for jobs.
    Ready(Layers),
    /// Could not be confined for want of this layer; will exit.
    Refused(Layer, Layers),
    /// The job runs.
    Started { pid: Pid, pidfd: OwnedFd },
    /// The job could not be forked.
    NotStarted(Errno),
    /// The job ended and was reaped.
    Ended(JobStatus),
}

/// Why nothing could be received.
#[derive(Debug)]
pub(crate) enum ReceiveError {
    /// The other end is closed.
    Closed,
    /// Nothing there yet; only when asked not to block.
    NotYet,
    /// A datagram of another form.
    Garbled,
    System(Errno),
}

/// A fresh pair: the parent's end, the zygote's end.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
}

/// Whether a descriptor can be a zygote's end at all.
pub(crate) fn is_control(fd: BorrowedFd<'_>) -> bool {
    socket_type(fd).is_ok_and(|kind| kind == SocketType::SEQPACKET)
}

pub(crate) fn send_job(
    socket: BorrowedFd<'_>,
    limits: JobLimits,
    input: BorrowedFd<'_>,
    output: BorrowedFd<'_>,
) -> Result<(), Errno> {
    let mut bytes = vec![VERSION, b'J'];
    bytes.extend(limits.memory.to_le_bytes());
    bytes.extend(limits.cpu_seconds.to_le_bytes());
    send(socket, &bytes, &[input, output])
}

/// Blocks for the next job.
pub(crate) fn receive_job(socket: BorrowedFd<'_>) -> Result<Assignment, ReceiveError> {
    let (bytes, [input, output]) = receive(socket, RecvFlags::CMSG_CLOEXEC)?;
    let mut reader = Reader(&bytes);
    if reader.byte()? != VERSION || reader.byte()? != b'J' {
        return Err(ReceiveError::Garbled);
    }
    let limits =
        JobLimits { memory: u64::from_le_bytes(reader.take()?), cpu_seconds: u64::from_le_bytes(reader.take()?) };
    reader.end()?;
    let (Some(input), Some(output)) = (input, output) else { return Err(ReceiveError::Garbled) };
    Ok(Assignment { limits, input, output })
}

pub(crate) fn send_report(socket: BorrowedFd<'_>, report: &Report) -> Result<(), Errno> {
    let mut bytes = vec![VERSION];
    match report {
        Report::Ready(layers) => {
            bytes.push(b'R');
            put_layers(&mut bytes, layers);
        }
        Report::Refused(layer, layers) => {
            bytes.extend([b'X', *layer as u8]);
            put_layers(&mut bytes, layers);
        }
        Report::Started { pid, pidfd } => {
            bytes.push(b'S');
            bytes.extend(pid.as_raw_nonzero().get().to_le_bytes());
            return send(socket, &bytes, &[pidfd.as_fd()]);
        }
        Report::NotStarted(errno) => {
            bytes.push(b'N');
            bytes.extend(errno.raw_os_error().to_le_bytes());
        }
        Report::Ended(JobStatus::Exited(code)) => {
            bytes.push(b'E');
            bytes.extend(code.to_le_bytes());
        }
        Report::Ended(JobStatus::Signaled(signal)) => {
            bytes.push(b'K');
            bytes.extend(signal.to_le_bytes());
        }
    }
    send(socket, &bytes, &[])
}

/// The next report; never blocks.
pub(crate) fn try_receive_report(socket: BorrowedFd<'_>) -> Result<Report, ReceiveError> {
    let (bytes, [first, _]) = receive(socket, RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT)?;
    let mut reader = Reader(&bytes);
    if reader.byte()? != VERSION {
        return Err(ReceiveError::Garbled);
    }
    let report = match reader.byte()? {
        b'R' => Report::Ready(reader.layers()?),
        b'X' => Report::Refused(reader.layer()?, reader.layers()?),
        b'S' => {
            let pid = Pid::from_raw(reader.number()?.max(0)).ok_or(ReceiveError::Garbled)?;
            Report::Started { pid, pidfd: first.ok_or(ReceiveError::Garbled)? }
        }
        b'N' => Report::NotStarted(Errno::from_raw_os_error(reader.number()?)),
        b'E' => Report::Ended(JobStatus::Exited(reader.number()?)),
        b'K' => Report::Ended(JobStatus::Signaled(reader.number()?)),
        _ => return Err(ReceiveError::Garbled),
    };
    reader.end()?;
    Ok(report)
}

fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Errno::TOOBIG);
    }
    // Never blocks: at most three short datagrams are ever under way.
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    retry_on_intr(|| sendmsg(socket, &[IoSlice::new(bytes)], &mut control, flags)).map(|_| ())
}

type Received = (Vec<u8>, [Option<OwnedFd>; 2]);

fn receive(socket: BorrowedFd<'_>, flags: RecvFlags) -> Result<Received, ReceiveError> {
    let mut bytes = [0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = retry_on_intr(|| recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags));
    let got = got.map_err(|errno| match errno {
        Errno::AGAIN => ReceiveError::NotYet,
        Errno::CONNRESET | Errno::PIPE => ReceiveError::Closed,
        other => ReceiveError::System(other),
    })?;
    let mut fds = [None, None];
    let mut places = fds.iter_mut();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(sent) = message {
            for fd in sent {
                if let Some(place) = places.next() {
                    *place = Some(fd);
                }
            }
        }
    }
    if got.bytes == 0 {
        return Err(ReceiveError::Closed); // no datagram of ours is empty
    }
    if got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(ReceiveError::Garbled);
    }
    Ok((bytes.get(..got.bytes).unwrap_or_default().to_vec(), fds))
}

fn put_layers(bytes: &mut Vec<u8>, layers: &Layers) {
    for (_, state) in layers.iter() {
        let (tag, errno) = match state {
            State::Active => (0, 0),
            State::Unavailable(Cause::NotInKernel) => (1, 0),
            State::Unavailable(Cause::SwitchedOff) => (2, 0),
            State::Unavailable(Cause::NotPermitted) => (3, 0),
            State::Unavailable(Cause::Threads) => (4, 0),
            State::Unavailable(Cause::Failed(errno)) => (5, errno),
        };
        bytes.push(tag);
        bytes.extend(errno.to_le_bytes());
    }
    bytes.push(layers.landlock_abi);
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ReceiveError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(ReceiveError::Garbled)?;
        self.0 = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8, ReceiveError> {
        self.take().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<i32, ReceiveError> {
        self.take().map(i32::from_le_bytes)
    }

    fn layer(&mut self) -> Result<Layer, ReceiveError> {
        let tag = self.byte()?;
        Layer::ALL.into_iter().find(|layer| *layer as u8 == tag).ok_or(ReceiveError::Garbled)
    }

    fn layers(&mut self) -> Result<Layers, ReceiveError> {
        Ok(Layers {
            privileges: self.state()?,
            namespaces: self.state()?,
            limits: self.state()?,
            landlock: self.state()?,
            seccomp: self.state()?,
            landlock_abi: self.byte()?,
        })
    }

    fn state(&mut self) -> Result<State, ReceiveError> {
        match (self.byte()?, self.number()?) {
            (0, _) => Ok(State::Active),
            (1, _) => Ok(State::Unavailable(Cause::NotInKernel)),
            (2, _) => Ok(State::Unavailable(Cause::SwitchedOff)),
            (3, _) => Ok(State::Unavailable(Cause::NotPermitted)),
            (4, _) => Ok(State::Unavailable(Cause::Threads)),
            (5, errno) => Ok(State::Unavailable(Cause::Failed(errno))),
            _ => Err(ReceiveError::Garbled),
        }
    }

    fn end(&self) -> Result<(), ReceiveError> {
        if self.0.is_empty() { Ok(()) } else { Err(ReceiveError::Garbled) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panic")]
    use super::*;

    const LAYERS: Layers = Layers {
        privileges: State::Active,
        namespaces: State::Unavailable(Cause::NotPermitted),
        limits: State::Unavailable(Cause::Failed(-7)),
        landlock: State::Unavailable(Cause::SwitchedOff),
        landlock_abi: 9,
        seccomp: State::Unavailable(Cause::Threads),
    };

    fn round_trip(report: &Report) -> Report {
        let (ours, theirs) = pair().unwrap();
        send_report(theirs.as_fd(), report).unwrap();
        try_receive_report(ours.as_fd()).unwrap()
    }

    #[test]
    fn every_report_arrives_as_it_was_sent() {
        let reports = [
            Report::Ready(LAYERS),
            Report::Refused(Layer::Landlock, LAYERS),
            Report::NotStarted(Errno::AGAIN),
            Report::Ended(JobStatus::Exited(101)),
            Report::Ended(JobStatus::Signaled(9)),
        ];
        for report in reports {
            assert_eq!(format!("{:?}", round_trip(&report)), format!("{report:?}"));
        }
    }

    #[test]
    fn a_started_report_carries_a_living_descriptor() {
        let (kept, pidfd) = rustix::pipe::pipe().unwrap();
        let Report::Started { pid, pidfd } = round_trip(&Report::Started { pid: Pid::INIT, pidfd }) else {
            panic!("another report")
        };
        assert_eq!(pid, Pid::INIT);
        rustix::io::write(pidfd, b"x").unwrap();
        assert_eq!(rustix::io::read(kept, &mut [0; 2]).unwrap(), 1);
    }

    #[test]
    fn a_job_without_both_descriptors_is_garbled() {
        let (ours, theirs) = pair().unwrap();
        let mut bytes = vec![VERSION, b'J'];
        bytes.extend([0; 16]);
        for fds in [&[][..], &[ours.as_fd()][..]] {
            send(ours.as_fd(), &bytes, fds).unwrap();
            assert!(matches!(receive_job(theirs.as_fd()), Err(ReceiveError::Garbled)));
        }
    }

    #[test]
    fn other_versions_lengths_and_tags_are_garbled() {
        let (ours, theirs) = pair().unwrap();
        for bytes in [&[VERSION + 1, b'E', 0, 0, 0, 0][..], &[VERSION, b'E', 0], &[VERSION, b'?'], &[0; 65]] {
            send(theirs.as_fd(), bytes, &[]).unwrap();
            assert!(matches!(try_receive_report(ours.as_fd()), Err(ReceiveError::Garbled)), "{bytes:?}");
        }
    }

    #[test]
    fn silence_and_an_end_are_told_apart() {
        let (ours, theirs) = pair().unwrap();
        assert!(matches!(try_receive_report(ours.as_fd()), Err(ReceiveError::NotYet)));
        drop(theirs);
        assert!(matches!(try_receive_report(ours.as_fd()), Err(ReceiveError::Closed)));
    }
}
