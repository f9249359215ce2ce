//! The program's work: question after question, to the end of its input.

use std::io::{self, Read, Write};

use sekisho_safe_message::{SafeKind, Untrusted};
use sekisho_verify::asking::{self, QUESTION};

use crate::check;

/// Reads files from `input` and writes an answer for each.
///
/// # Errors
/// A pipe that broke, or what is no question.
pub fn run(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    loop {
        let mut question = [0; QUESTION];
        if input.read(&mut question[..1])? == 0 {
            return Ok(());
        }
        input.read_exact(&mut question[1..])?;
        let (kind, len) = asking::read_question(question).ok_or(io::ErrorKind::InvalidData)?;
        let mut octets = vec![0; len];
        input.read_exact(&mut octets)?;
        output.write_all(&asking::answer(check(kind, Untrusted::new(&octets))))?;
    }
}

/// Touches what every file needs, before the first fork.
pub fn warm() {
    for kind in SafeKind::ALL {
        // Nothing is such a file; the answer is of no interest.
        let _ = check(kind, Untrusted::new(b""));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use sekisho_verify::{Fault, Flaw};

    #[test]
    fn questions_are_answered_in_turn() {
        let picture = crate::png::tests::sample();
        let mut input = Vec::new();
        for (kind, octets) in [(SafeKind::Png, picture.as_slice()), (SafeKind::Gif, b"GIF87a")] {
            input.extend(asking::question(kind, octets.len()));
            input.extend(octets);
        }
        let mut output = Vec::new();
        run(input.as_slice(), &mut output).unwrap();
        let answers: Vec<_> =
            output.chunks(asking::ANSWER).map(|one| asking::read_answer(one.try_into().unwrap())).collect();
        assert_eq!(answers, [Some(Ok(())), Some(Err(Flaw::at(Fault::Signature, 0)))]);
        assert!(run(&input[..input.len() - 1], &mut Vec::new()).is_err());
        assert!(run(&[77; QUESTION][..], &mut Vec::new()).is_err());
    }
}
