//! The records of a ZIP archive (APPNOTE.TXT 4.3).

use sekisho_safe_message::Timestamp;

/// One member, as directory and local header say.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) at: Timestamp,
    pub(super) size: u64,
    pub(super) sealed: u32,
    pub(super) offset: u32,
}

/// 4.4.3.2: AES encryption.
const NEEDED: u16 = 51;
/// Made by Unix, so that rights are those below.
const MADE_BY: u16 = 3 << 8 | NEEDED;
/// A regular file for its owner alone.
const MODE: u32 = 0o100_600 << 16;
/// Bit 0: encrypted; bit 11: the name is UTF-8.
const FLAGS: u16 = 1 | 1 << 11;
/// 4.4.5: the real method stands in the extra field.
const METHOD_AES: u16 = 99;
/// AE-2, vendor `AE`, AES-256, stored.
const EXTRA: [u8; 11] = [0x01, 0x99, 7, 0, 2, 0, b'A', b'E', 3, 0, 0];
/// Octets of the end record.
pub(super) const END: u64 = 22;

/// Whether a name is relative, plain, and stays below the folder it is unpacked in.
pub(super) fn good_name(name: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '\\' | ':');
    name.len() <= 512 && name.chars().all(plain) && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

impl Entry {
    /// 4.3.7.
    pub(super) fn local(&self) -> Vec<u8> {
        let mut out = b"PK\x03\x04".to_vec();
        self.common(&mut out);
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&EXTRA);
        out
    }

    /// 4.3.12.
    pub(super) fn directory(&self) -> Vec<u8> {
        let mut out = b"PK\x01\x02".to_vec();
        out.extend_from_slice(&MADE_BY.to_le_bytes());
        self.common(&mut out);
        // No comment, the first disk, no internal attributes.
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&MODE.to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&EXTRA);
        out
    }

    /// Octets of [`Entry::directory`].
    pub(super) fn directory_len(&self) -> u64 {
        46 + self.name.len() as u64 + EXTRA.len() as u64
    }

    fn common(&self, out: &mut Vec<u8>) {
        let (date, time) = dos(self.at);
        for field in [NEEDED, FLAGS, METHOD_AES, time, date] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        // No CRC in AE-2: it would tell about the content.
        let size = u32::try_from(self.size).unwrap_or(u32::MAX);
        for field in [0, self.sealed, size] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        // At most 512 and 11 octets.
        for len in [self.name.len(), EXTRA.len()] {
            out.extend_from_slice(&u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes());
        }
    }
}

/// 4.3.16; `None` beyond what it can say.
pub(super) fn end(members: usize, directory: usize, start: u32) -> Option<Vec<u8>> {
    let members = u16::try_from(members).ok()?.to_le_bytes();
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend_from_slice(&members);
    out.extend_from_slice(&members);
    out.extend_from_slice(&u32::try_from(directory).ok()?.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    Some(out)
}

/// 4.4.6: date and time of MS-DOS, local, two seconds fine, from 1980 to 2107.
fn dos(at: Timestamp) -> (u16, u16) {
    let c = at.in_jst().civil();
    let year = c.year.clamp(1980, 2107) - 1980;
    let date = (year << 9) | (c.month << 5) | c.day;
    let time = (c.hour << 11) | (c.minute << 5) | (c.second / 2);
    (u16::try_from(date).unwrap_or(0), u16::try_from(time).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{dos, good_name};
    use sekisho_safe_message::Timestamp;

    #[test]
    fn names_stay_below() {
        for good in ["a", "01ABC/original.eml", "原本.eml"] {
            assert!(good_name(good), "{good}");
        }
        for bad in ["", "/a", "a/", "../a", "a/../b", "a//b", ".", "a\\b", "C:x", "a\nb"] {
            assert!(!good_name(bad), "{bad}");
        }
    }

    #[test]
    fn times_are_those_of_the_wall_clock() {
        let at = |ms| dos(Timestamp::from_unix_ms_jst(ms));
        // 2026-11-24 09:05:07 JST
        assert_eq!(at(1_795_478_707_000), (46 << 9 | 11 << 5 | 24, 9 << 11 | 5 << 5 | 3));
        assert_eq!(at(0).0 >> 9, 0);
    }
}
