//! What was measured, as it stands in JSON and is read again from there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::Times;

/// Name and version of the JSON.
pub const SCHEMA: &str = "sekisho.bench/1";

/// Most intervals of a chart.
const INTERVALS: u64 = 120;

/// A whole run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// [`SCHEMA`].
    pub schema: String,
    /// Of this program.
    pub version: String,
    /// `release` or `debug`.
    pub build: String,
    /// Processor, cores, memory, kernel.
    pub machine: String,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// A profile, or the files.
    pub source: String,
    /// Different mails, and their octets together.
    pub mails: u64,
    /// See `mails`.
    pub octets: u64,
    /// Mails a second of the profile's busiest minute.
    pub profile_peak: Option<f64>,
    /// Mails due a second; none in a closed loop.
    pub rate: Option<f64>,
    /// Connections at one time.
    pub connections: usize,
    /// Seconds asked for.
    pub duration: Option<f64>,
    /// Seconds at the start that are in no rate and no latency.
    pub warm_up: f64,
    /// Of the profile.
    pub seed: u64,
    /// Ended by Ctrl-C: what is missing may have been under way.
    pub interrupted: bool,
    /// Each server in each round, in the order measured; the first is the one
    /// under test.
    pub results: Vec<Figures>,
    /// With `--ramp`: every step.
    pub ramp: Vec<Step>,
    /// With `--ramp`: the highest rate that held, in mails a second.
    pub knee: Option<f64>,
}

/// One server under one load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Its name.
    pub target: String,
    /// Mails that got `250`.
    pub accepted: u64,
    /// Mails that did not: reply code or kind of failure.
    pub refused: BTreeMap<String, u64>,
    /// Greetings of 421, tried again.
    pub put_off: u64,
    /// Mails that were due and could not be sent in time.
    pub unsent: u64,
    /// Whether a sink saw what came out; without one what follows is not known.
    pub sink: bool,
    /// Mails that came to all their recipients.
    pub delivered: u64,
    /// Mails that wait for a person; none if nobody can be asked.
    pub held: Option<u64>,
    /// Accepted, and neither delivered nor held.
    pub lost: u64,
    /// The same, when the run was ended early: it may be under way.
    pub under_way: u64,
    /// Arrivals at a recipient that had the mail.
    pub duplicates: u64,
    /// Arrivals that are of no mail of this run.
    pub strange: u64,
    /// Accepted a second, from the end of the warm-up to the last `250`.
    pub accepted_rate: f64,
    /// Delivered a second, from the end of the warm-up to the last arrival.
    pub delivered_rate: f64,
    /// To `250`: from the final dot, in an open loop from when the mail was due.
    pub to_reply: Latency,
    /// To the last recipient's arrival, from the same moment.
    pub to_delivery: Latency,
    /// Processor time for one mail, in milliseconds, by program.
    pub cpu_ms: BTreeMap<String, f64>,
    /// Cache flushes of all disks for one mail, whoever asked for them.
    pub flushes_per_mail: Option<f64>,
    /// Peak proportional set size in KiB, by program.
    pub pss_kib: BTreeMap<String, u64>,
    /// Of all programs at one moment.
    pub pss_all_kib: u64,
    /// Over time.
    pub intervals: Vec<Interval>,
    /// How many took how long.
    pub histogram: Vec<Bin>,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half are not longer.
    pub p50: f64,
    /// 90 of 100.
    pub p90: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1000.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

/// A piece of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its start, in seconds.
    pub at: f64,
    /// Its length, in seconds.
    pub seconds: f64,
    /// `250`s in it.
    pub accepted: u64,
    /// Arrivals in it.
    pub delivered: u64,
    /// Of the mails that were due (or dotted) in it, to the end that is known:
    /// delivery, or `250` without a sink. In milliseconds.
    pub p50: f64,
    /// The same.
    pub p99: f64,
}

/// Mails of about one latency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Not longer than this, in milliseconds, and longer than the bin before.
    pub up_to: f64,
    /// To `250`.
    pub reply: u64,
    /// To delivery.
    pub delivery: u64,
}

/// One step of a ramp.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Mails due a second.
    pub rate: f64,
    /// Accepted and delivered a second.
    pub accepted_rate: f64,
    /// See `accepted_rate`.
    pub delivered_rate: f64,
    /// 99 of 100 mails, to the end that is known, in milliseconds.
    pub p99: f64,
    /// Whether the server kept up.
    pub held_up: bool,
}

impl Latency {
    /// Of latencies in nanoseconds. A percentile is one of the readings: the
    /// smallest that so many are not longer than.
    pub fn of_nanos(mut nanos: Vec<u64>) -> Self {
        nanos.sort_unstable();
        let at = |per_mille: usize| {
            let rank = (nanos.len() * per_mille).div_ceil(1000).saturating_sub(1);
            nanos.get(rank).map_or(0.0, |nanos| *nanos as f64 / 1e6)
        };
        Self { p50: at(500), p90: at(900), p99: at(990), p999: at(999), max: at(1000) }
    }
}

impl Figures {
    /// Rates, latencies, intervals and histogram of the mails of a ledger.
    /// What was due or dotted in the first `warm_up` nanoseconds is left out,
    /// unless that is all there is.
    pub(crate) fn timed(&mut self, times: &[Times], warm_up: u64) {
        let warm_up = if times.iter().any(|mail| mail.from > warm_up) { warm_up } else { 0 };
        let late: Vec<&Times> = times.iter().filter(|mail| mail.from > warm_up).collect();
        let done =
            |end: fn(&Times) -> u64| -> Vec<u64> { late.iter().map(|mail| end(mail)).filter(|at| *at > 0).collect() };
        let rate = |ends: &[u64]| {
            let last = ends.iter().max().copied().unwrap_or(0);
            if last > warm_up { ends.len() as f64 * 1e9 / (last - warm_up) as f64 } else { 0.0 }
        };
        let (replies, arrivals) = (done(|mail| mail.accepted), done(|mail| mail.arrived));
        (self.accepted_rate, self.delivered_rate) = (rate(&replies), rate(&arrivals));
        let (to_reply, to_delivery) = (spans(&late, |mail| mail.accepted), spans(&late, |mail| mail.arrived));
        self.histogram = histogram(&to_reply, &to_delivery);
        self.intervals = intervals(times, self.sink);
        (self.to_reply, self.to_delivery) = (Latency::of_nanos(to_reply), Latency::of_nanos(to_delivery));
    }

    /// The rate and latency of the last step that is known.
    pub fn outcome(&self) -> (f64, Latency) {
        if self.sink { (self.delivered_rate, self.to_delivery) } else { (self.accepted_rate, self.to_reply) }
    }

    /// How long it took, in seconds, about.
    pub fn span(&self) -> f64 {
        self.intervals.last().map_or(0.0, |piece| piece.at + piece.seconds)
    }

    /// Processor time of all programs for one mail, in milliseconds.
    pub fn cpu_all(&self) -> Option<f64> {
        (!self.cpu_ms.is_empty()).then(|| self.cpu_ms.values().sum())
    }

    /// No mail lost, none doubled.
    pub fn sound(&self) -> bool {
        self.lost == 0 && self.duplicates == 0
    }
}

fn spans(mails: &[&Times], end: fn(&Times) -> u64) -> Vec<u64> {
    mails.iter().filter(|mail| end(mail) > mail.from).map(|mail| end(mail) - mail.from).collect()
}

/// Bins grow by the fourth root of two: 19 % wide, whatever the latency.
fn histogram(replies: &[u64], deliveries: &[u64]) -> Vec<Bin> {
    let up_to = |step: i32| (f64::from(step) / 4.0).exp2();
    let mut bins: BTreeMap<i32, Bin> = BTreeMap::new();
    for (nanos, to_reply) in
        replies.iter().map(|nanos| (nanos, true)).chain(deliveries.iter().map(|nanos| (nanos, false)))
    {
        let ms = *nanos as f64 / 1e6;
        #[expect(clippy::cast_possible_truncation, reason = "four times the logarithm of a u64 is below 256")]
        let step = (4.0 * ms.log2()).ceil() as i32;
        let bin = bins.entry(step).or_insert_with(|| Bin { up_to: up_to(step), ..Bin::default() });
        if to_reply {
            bin.reply += 1;
        } else {
            bin.delivery += 1;
        }
    }
    // Empty ones between keep the axis true.
    let steps = bins.keys().next().zip(bins.keys().last()).map(|(first, last)| *first..=*last);
    let bin = |step| bins.get(&step).copied().unwrap_or_else(|| Bin { up_to: up_to(step), ..Bin::default() });
    steps.into_iter().flatten().map(bin).collect()
}

/// The whole run in at most [`INTERVALS`] pieces of whole seconds, or of tenths
/// if it is short.
fn intervals(times: &[Times], sink: bool) -> Vec<Interval> {
    let end = times.iter().flat_map(|mail| [mail.accepted, mail.arrived]).max().unwrap_or(0);
    let unit = if end > 20_000_000_000 { 1_000_000_000 } else { 100_000_000 };
    let length = (end / unit).div_ceil(INTERVALS).max(1) * unit;
    let count = usize::try_from(end / length + 1).unwrap_or(1);
    let seconds = length as f64 / 1e9;
    let mut pieces = vec![Interval::default(); count];
    let mut latencies: Vec<Vec<u64>> = vec![Vec::new(); count];
    let place = |at: u64| usize::try_from(at / length).unwrap_or(0).min(count - 1);
    for mail in times {
        if mail.accepted > 0 {
            pieces[place(mail.accepted)].accepted += 1;
        }
        if mail.arrived > 0 {
            pieces[place(mail.arrived)].delivered += 1;
        }
        let end = if sink { mail.arrived } else { mail.accepted };
        if end > mail.from && mail.from > 0 {
            latencies[place(mail.from)].push(end - mail.from);
        }
    }
    for (at, (piece, nanos)) in pieces.iter_mut().zip(latencies).enumerate() {
        let latency = Latency::of_nanos(nanos);
        (piece.at, piece.seconds, piece.p50, piece.p99) = (at as f64 * seconds, seconds, latency.p50, latency.p99);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn percentiles_are_readings() {
        let latency = Latency::of_nanos((1..=1000).rev().map(|ms| ms * MS).collect());
        assert_eq!(latency, Latency { p50: 500.0, p90: 900.0, p99: 990.0, p999: 999.0, max: 1000.0 });
        assert_eq!(Latency::of_nanos(vec![3 * MS]), Latency { p50: 3.0, p90: 3.0, p99: 3.0, p999: 3.0, max: 3.0 });
        assert_eq!(Latency::of_nanos(Vec::new()), Latency::default());
    }

    #[test]
    fn a_bin_ends_where_its_longest_does() {
        let bins = histogram(&[MS, MS, 4 * MS], &[MS * 100]);
        let filled: Vec<_> = bins.iter().filter(|bin| bin.reply + bin.delivery > 0).collect();
        let counts: Vec<_> = filled.iter().map(|bin| (bin.reply, bin.delivery)).collect();
        assert_eq!(counts, [(2, 0), (1, 0), (0, 1)]);
        assert_eq!((filled[0].up_to, filled[1].up_to), (1.0, 4.0));
        assert!(filled[2].up_to >= 100.0 && filled[2].up_to < 119.0);
        assert!(bins.windows(2).all(|pair| (pair[1].up_to / pair[0].up_to - 2_f64.powf(0.25)).abs() < 1e-9));
        assert!(histogram(&[], &[]).is_empty());
    }

    #[test]
    fn the_warm_up_is_in_no_figure_but_in_the_chart() {
        let mail = |from, accepted, arrived| Times { from: from * MS, accepted: accepted * MS, arrived: arrived * MS };
        let times = [mail(10, 500, 900), mail(1_001, 1_011, 1_021), mail(1_500, 1_520, 2_000), Times::default()];
        let mut figures = Figures { sink: true, ..Figures::default() };
        figures.timed(&times, 1_000 * MS);
        assert_eq!(figures.to_reply.max, 20.0);
        assert_eq!((figures.to_delivery.p50, figures.to_delivery.max), (20.0, 500.0));
        assert!((figures.delivered_rate - 2.0).abs() < 1e-9);
        assert_eq!(figures.intervals.iter().map(|piece| piece.delivered).sum::<u64>(), 3);
        assert_eq!(figures.histogram.iter().map(|bin| bin.reply).sum::<u64>(), 2);
        figures.timed(&times[..1], 1_000 * MS);
        assert_eq!(figures.to_reply.max, 490.0);
    }
}
