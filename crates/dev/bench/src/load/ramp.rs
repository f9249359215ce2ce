//! The knee: the highest rate that a server keeps up with.
//!
//! Rates double until one is too much, then the gap is halved a few times.
//! Each step is an open loop, so that a server that falls behind is seen to.

use super::figures::{Figures, Step};
use crate::error::BenchError;

/// Halvings of the last gap: it is a sixteenth of the rate then.
const HALVINGS: u32 = 4;

/// No machine of this kind needs more.
const MOST: f64 = 100_000.0;

/// Delivered at less than this share of what was due: it lags. The last mails'
/// own latency costs a short step some of it.
const KEEPS_UP: f64 = 0.95;

/// What a ramp found.
#[derive(Debug, Default)]
pub struct Climb {
    /// Every step, in its order.
    pub steps: Vec<Step>,
    /// All measurements, in the same order.
    pub all: Vec<Figures>,
    /// Which of them was the highest that held.
    pub best: Option<usize>,
}

/// Climbs from `start` mails a second; a step holds up while deliveries keep
/// up, nothing is refused, and 99 of 100 mails take at most `bound`
/// milliseconds. `stopped` ends it early.
///
/// # Errors
/// Those of `measure`.
pub fn climb(
    start: f64,
    bound: f64,
    stopped: impl Fn() -> bool,
    mut measure: impl FnMut(f64) -> Result<Figures, BenchError>,
) -> Result<Climb, BenchError> {
    let mut climb = Climb::default();
    let (mut low, mut high, mut rate) = (0.0, None, start);
    let mut halvings = 0;
    while halvings < HALVINGS && rate <= MOST {
        let figures = measure(rate)?;
        if stopped() {
            climb.all.push(figures);
            break;
        }
        let step = judge(rate, bound, &figures);
        climb.steps.push(step);
        climb.all.push(figures);
        if step.held_up {
            (low, climb.best) = (rate, Some(climb.all.len() - 1));
        } else {
            high = Some(rate);
        }
        rate = match high {
            None => rate * 2.0,
            Some(high) => {
                halvings += 1;
                f64::midpoint(low, high)
            }
        };
    }
    Ok(climb)
}

/// Whether a server kept up with `rate` mails a second.
pub fn kept_up(rate: f64, figures: &Figures) -> bool {
    let smooth = figures.refused.is_empty() && figures.unsent == 0 && figures.sound();
    // What is held for a person is not to be delivered.
    let held = figures.held.unwrap_or(0) as f64 / figures.accepted.max(1) as f64;
    smooth && figures.outcome().0 >= KEEPS_UP * rate * (1.0 - held)
}

fn judge(rate: f64, bound: f64, figures: &Figures) -> Step {
    let (_, latency) = figures.outcome();
    Step {
        rate,
        accepted_rate: figures.accepted_rate,
        delivered_rate: figures.delivered_rate,
        p99: latency.p99,
        held_up: kept_up(rate, figures) && latency.p99 <= bound,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::load::figures::Latency;

    fn server(limit: f64) -> impl FnMut(f64) -> Result<Figures, BenchError> {
        move |rate| {
            let reached = rate.min(limit);
            let to_delivery = Latency { p99: if rate > limit { 900.0 } else { 10.0 }, ..Latency::default() };
            Ok(Figures { sink: true, delivered_rate: reached, to_delivery, ..Figures::default() })
        }
    }

    #[test]
    fn the_knee_lies_between_what_held_and_what_did_not() {
        for (limit, low, high) in [(100.0, 85.0, 107.0), (3.0, 2.0, 3.5), (10.0, 9.9, 11.0)] {
            let climb = climb(10.0, 500.0, || false, server(limit)).unwrap();
            let knee = climb.steps[climb.best.unwrap()].rate;
            assert!((low..high).contains(&knee), "{limit}: {knee}");
        }
    }

    #[test]
    fn a_step_that_is_slow_refused_or_late_does_not_hold() {
        let sound = Figures { sink: true, delivered_rate: 10.0, ..Figures::default() };
        assert!(judge(10.0, 5.0, &sound).held_up);
        let half_held = Figures { accepted: 20, held: Some(10), delivered_rate: 5.0, ..sound.clone() };
        assert!(judge(10.0, 5.0, &half_held).held_up);
        for bad in [
            Figures { delivered_rate: 9.0, ..sound.clone() },
            Figures { to_delivery: Latency { p99: 6.0, ..Latency::default() }, ..sound.clone() },
            Figures { refused: [("452".to_owned(), 1)].into(), ..sound.clone() },
            Figures { unsent: 1, ..sound.clone() },
            Figures { lost: 1, ..sound.clone() },
        ] {
            assert!(!judge(10.0, 5.0, &bad).held_up, "{bad:?}");
        }
    }

    #[test]
    fn ctrl_c_ends_the_climb() {
        let climb = climb(10.0, 500.0, || true, server(100.0)).unwrap();
        assert_eq!((climb.steps.len(), climb.all.len(), climb.best), (0, 1, None));
    }
}
