//! ZIP's own encryption, ZipCrypto (APPNOTE 6.1).
//!
//! It proves nothing: one password in 256 fits by chance, and whoever knows a
//! few octets of the content needs none. What is asked of it here is only that
//! the octets come out.

/// Octets in front of the packed ones, the last of which is a check.
pub(super) const HEADER: usize = 12;

/// The table of CRC-32, one octet at a time (APPNOTE 6.1.5).
const TABLE: [u32; 256] = table();

/// The three keys (APPNOTE 6.1.5).
pub(super) struct Keys([u32; 3]);

impl Keys {
    /// The keys that `password` makes for `body`, if the last octet of its
    /// header is one of `checks`, and the packed octets.
    pub(super) fn fit<'a>(body: &'a [u8], password: &[u8], checks: [u8; 2]) -> Option<(Self, &'a [u8])> {
        let (header, packed) = body.split_at_checked(HEADER)?;
        let mut keys = Self::of(password);
        let check = header.iter().map(|octet| keys.open(*octet)).last()?;
        checks.contains(&check).then_some((keys, packed))
    }

    /// What the packed octets were before they were encrypted.
    pub(super) fn decrypt(mut self, packed: &[u8]) -> Vec<u8> {
        packed.iter().map(|octet| self.open(*octet)).collect()
    }

    fn of(password: &[u8]) -> Self {
        let mut keys = Self([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        for octet in password {
            keys.update(*octet);
        }
        keys
    }

    fn update(&mut self, plain: u8) {
        let [first, second, third] = &mut self.0;
        *first = crc(*first, plain);
        *second = second.wrapping_add(*first & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *third = crc(*third, second.to_be_bytes()[0]);
    }

    fn open(&mut self, cipher: u8) -> u8 {
        // 16 bits each: the mask is the second octet of the product.
        let temp = (self.0[2] & 0xffff) | 2;
        let plain = cipher ^ temp.wrapping_mul(temp ^ 1).to_be_bytes()[2];
        self.update(plain);
        plain
    }
}

fn crc(crc: u32, octet: u8) -> u32 {
    let place = usize::from(crc.to_le_bytes()[0] ^ octet);
    (crc >> 8) ^ TABLE[place]
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let (mut at, mut octet) = (0, 0_u32);
    while at < 256 {
        let (mut value, mut bit) = (octet, 0);
        while bit < 8 {
            value = if value & 1 == 0 { value >> 1 } else { (value >> 1) ^ 0xedb8_8320 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
        octet += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encrypted_comes_out() {
        // Made by Info-ZIP 3.0: `zip -0 -P secret`, of "hello".
        let body = *b"\xe3\xc9\x81\xa2\xed\x95\x52\x39\x4e\x75\xa8\x94\x29\x1e\x28\x58\x07";
        for (password, checks, plain) in [
            (&b"secret"[..], [0x36, 0x18], Some(&b"hello"[..])),
            (b"secret", [0x18, 0x36], Some(b"hello")),
            (b"secret", [0x36, 0x36], None),
            (b"Secret", [0x36, 0x18], None),
            (b"", [0x36, 0x18], None),
        ] {
            let opened = Keys::fit(&body, password, checks).map(|(keys, packed)| keys.decrypt(packed));
            assert_eq!(opened.as_deref(), plain, "{password:?}");
        }
        assert!(Keys::fit(&body[..11], b"secret", [0x36, 0x18]).is_none());
    }
}
