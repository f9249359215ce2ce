//! CRC-32C (Castagnoli), eight bytes a step: finds what a disk lost, proves nothing against an attacker.

/// Reversed polynomial of RFC 3720 12.1.
const POLYNOMIAL: u32 = 0x82f6_3b78;

const TABLES: &[[u32; 256]; 8] = &tables();

/// A checksum in progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crc32c(u32);

impl Crc32c {
    pub(crate) fn new() -> Self {
        Self(!0)
    }

    pub(crate) fn value(self) -> u32 {
        !self.0
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut crc = self.0;
        for &[a, b, c, d, e, f, g, h] in words {
            let low = (u32::from_le_bytes([a, b, c, d]) ^ crc).to_le_bytes();
            crc = pick(7, low[0])
                ^ pick(6, low[1])
                ^ pick(5, low[2])
                ^ pick(4, low[3])
                ^ pick(3, e)
                ^ pick(2, f)
                ^ pick(1, g)
                ^ pick(0, h);
        }
        for &byte in rest {
            crc = (crc >> 8) ^ pick(0, byte ^ crc.to_le_bytes()[0]);
        }
        self.0 = crc;
    }
}

fn pick(table: usize, byte: u8) -> u32 {
    TABLES[table][usize::from(byte)]
}

#[expect(clippy::cast_possible_truncation, reason = "const fn: the index is below 256")]
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut i = 0;
        while i < 256 {
            let before = tables[table - 1][i];
            tables[table][i] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
            i += 1;
        }
        table += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = Crc32c::new();
        crc.update(bytes);
        crc.value()
    }

    #[test]
    fn known_values() {
        // RFC 3720 B.4 and the catalogue's check value.
        let ascending: Vec<u8> = (0..32).collect();
        for (bytes, expected) in [
            (&b""[..], 0),
            (b"123456789", 0xe306_9283),
            (&[0; 32], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&ascending, 0x46dd_794e),
        ] {
            assert_eq!(crc(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn pieces_are_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        for cut in [0, 1, 7, 8, 9, 500, 999, 1_000] {
            let mut pieces = Crc32c::new();
            pieces.update(&bytes[..cut]);
            pieces.update(&bytes[cut..]);
            assert_eq!(pieces.value(), crc(&bytes), "cut at {cut}");
        }
    }
}
