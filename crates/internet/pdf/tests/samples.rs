//! Files of others, which are not part of the project: this test skips when
//! they are not there.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use hayro_syntax::Pdf;
use sekisho_disarm::{Bounds, Budget, Options, Refusal};
use sekisho_safe_message::{Removal, Untrusted};

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples/pdf");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

fn rebuilt(octets: &[u8]) -> Result<(Vec<u8>, Vec<Removal>), Refusal> {
    let mut budget = Budget::new(Bounds::default());
    let disarmed = sekisho_pdf::rebuild(Untrusted::new(octets), &Options::default(), &mut budget)?;
    let (content, removed) = disarmed.into_parts();
    Ok((content.write().into_owned(), removed.into_iter().collect()))
}

#[test]
fn a_rebuilt_sample_is_its_own_rebuild() {
    let samples = samples();
    let mut made = 0;
    for (name, octets) in &samples {
        let Ok((once, _)) = rebuilt(octets) else { continue };
        made += 1;
        let pages = Pdf::new(once.clone()).unwrap().pages().len();
        let (twice, removed) = rebuilt(&once).unwrap();
        // Programs of our own are redrawn like any others.
        let left: Vec<Removal> = removed.into_iter().filter(|removal| *removal != Removal::Font).collect();
        assert_eq!(left, [], "{name}");
        assert_eq!(Pdf::new(twice.clone()).unwrap().pages().len(), pages, "{name}");
        assert!(twice.len() <= once.len() + once.len() / 50 + 64, "{name}: {} -> {}", once.len(), twice.len());
    }
    assert!(samples.is_empty() || made * 100 >= samples.len() * 88, "{made} of {}", samples.len());
}

#[test]
fn damaged_samples_do_no_harm() {
    static OURS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        let here = std::thread::current().name() == Some("damaged_samples_do_no_harm");
        if let Some(place) = info.location().filter(|place| here && place.file().contains("internet/pdf/src")) {
            OURS.lock().unwrap().push(place.to_string());
        }
    }));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap()
    };
    for (_, sample) in samples() {
        for round in 0..3 {
            let mut octets = sample.clone();
            for _ in 0..1 + next() % 20 {
                let at = next() % octets.len();
                octets[at] = next().to_le_bytes()[0];
            }
            if round == 2 {
                octets.truncate(next() % octets.len());
            }
            let _ = rebuilt(&octets);
        }
    }
    std::panic::set_hook(before);
    assert_eq!(*OURS.lock().unwrap(), Vec::<String>::new());
}
