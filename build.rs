//! Gathers `fixtures/mail/` for `sekisho demo`, so that an installed command
//! has its samples with it.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let fixtures = Path::new(&root).join("fixtures/mail");
    println!("cargo::rerun-if-changed={}", fixtures.display());
    let mut list = String::from("/// Every fixture, in order of names.\nstatic SAMPLES: &[Sample] = &[\n");
    let mut folders: Vec<_> = fs::read_dir(&fixtures)?.collect::<Result<_, _>>()?;
    folders.sort_by_key(fs::DirEntry::file_name);
    for folder in folders {
        let mail = folder.path().join("in.eml");
        if mail.is_file() {
            let name = folder.file_name();
            let deliver = folder.path().join("out.eml").is_file();
            let _ = writeln!(list, "    ({name:?}, include_bytes!({mail:?}), {deliver}),");
        }
    }
    list.push_str("];\n");
    fs::write(Path::new(&out).join("samples.rs"), list)
}
