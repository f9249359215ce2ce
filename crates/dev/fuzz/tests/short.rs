//! Every door for a moment, always with the same inputs.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::time::{Duration, Instant};

use sekisho_fuzz::{Engine, TARGETS, seeds};

#[test]
fn nothing_is_found_in_a_moment() {
    let mut findings = Vec::new();
    for target in TARGETS {
        let seeds = seeds(target).unwrap();
        assert!(seeds.len() >= 3, "{} begins with {} seeds", target.name, seeds.len());
        let all = seeds.len() as u64;
        let mut engine = Engine::new(target, seeds, 1);
        let until = Instant::now() + Duration::from_secs(2);
        // The seeds are tried however slow the machine is.
        while engine.progress().runs < all || Instant::now() < until {
            let input = engine.next_input();
            if let Err(finding) = engine.run(input) {
                findings.push(format!(
                    "{}: {}\n{:?}",
                    target.name,
                    finding.what,
                    String::from_utf8_lossy(&finding.input)
                ));
                break;
            }
        }
        assert!(engine.progress().ways >= 2, "{}: every input takes the same way", target.name);
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
