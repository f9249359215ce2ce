//! A tar writer.

pub(crate) struct Block {
    pub(crate) kind: u8,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) body: Vec<u8>,
}

impl Block {
    pub(crate) fn file(name: &str, body: &[u8]) -> Self {
        Self { kind: b'0', name: name.to_owned(), prefix: String::new(), body: body.to_vec() }
    }
}

pub(crate) fn tar(blocks: &[Block]) -> Vec<u8> {
    let mut out = Vec::new();
    for block in blocks {
        let mut header = [0; 512];
        put(&mut header, 0, block.name.as_bytes());
        put(&mut header, 124, format!("{:011o}", block.body.len()).as_bytes());
        header[156] = block.kind;
        put(&mut header, 257, b"ustar\x0000");
        put(&mut header, 345, block.prefix.as_bytes());
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|octet| u32::from(*octet)).sum();
        put(&mut header, 148, format!("{sum:06o}\0").as_bytes());
        out.extend(header);
        out.extend(&block.body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn put(header: &mut [u8; 512], at: usize, octets: &[u8]) {
    header[at..at + octets.len()].copy_from_slice(octets);
}
