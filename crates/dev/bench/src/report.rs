//! Cells to tables, in Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::cell::Cell;
use crate::spread::Spread;

/// Throughput, cost and latency: a row for each mail, number of connections
/// and server; each figure the median (min-max) of the rounds. `references` are
/// the servers that the others are compared with, round by round.
pub fn throughput(cells: &[Cell], references: &[&str]) -> String {
    let ratios: String = references.iter().map(|reference| format!(" ratio to {reference} |")).collect();
    let mut table = format!(
        "| mail | c | server | delivered/s |{ratios} accepted/s | CPU ms/mail | peak PSS MiB | \
         dot to 250 ms p50 / p99 | dot to sink ms p50 / p99 | idle % | others % |\n\
         |---|---|---|---|{}---|---|---|---|---|---|---|\n",
        "---|".repeat(references.len())
    );
    for (mail, connections, server) in rows(cells) {
        let of = |server: &str| -> Vec<&Cell> {
            let same = |cell: &&Cell| cell.mail == mail && cell.connections == connections && cell.target == server;
            cells.iter().filter(same).collect()
        };
        let own = of(server);
        let spread = |value: fn(&Cell) -> f64| own.iter().map(|cell| value(cell)).collect::<Spread>();
        let ratio = |reference: &&str| {
            let other = of(reference);
            let pairs = own.iter().zip(&other);
            let ratios: Spread = pairs.map(|(own, other)| own.delivered_rate() / other.delivered_rate()).collect();
            if server == *reference || ratios.is_empty() { " - |".to_owned() } else { format!(" {ratios:.2} |") }
        };
        let ratios: String = references.iter().map(ratio).collect();
        // A string takes every write.
        let _ = writeln!(
            table,
            "| {mail} | {connections} | {server} | **{}** |{ratios} {} | {} | {:.0} | {:.1} / {:.1} | {:.1} / {:.1} | {:.0} | {:.0} |",
            spread(Cell::delivered_rate),
            spread(Cell::accepted_rate),
            spread(Cell::time_per_mail),
            spread(|cell| cell.peaks.all as f64 / 1024.0).max(),
            spread(|cell| cell.tally.to_reply.p50).median(),
            spread(|cell| cell.tally.to_reply.p99).median(),
            spread(|cell| cell.tally.to_arrival.p50).median(),
            spread(|cell| cell.tally.to_arrival.p99).median(),
            spread(|cell| cell.machine.idle).median(),
            spread(|cell| cell.others + cell.machine.stolen).median(),
        );
    }
    table
}

/// Peak memory: a row for each mail and number of connections, a column for
/// each program of the one server that the cells are of; the sum is that of
/// one moment, so it may be less than the sum of the peaks.
pub fn memory(cells: &[Cell]) -> String {
    let programs: BTreeSet<&str> =
        cells.iter().flat_map(|cell| cell.peaks.programs.keys()).map(String::as_str).collect();
    let mut table = "| mail | c | mails | put off |".to_owned();
    let mut rule = "|---|---|---|---|".to_owned();
    for program in &programs {
        let _ = write!(table, " {program} |");
        rule.push_str("---|");
    }
    let _ = write!(table, " all at one time |\n{rule}---|\n");
    let mib = |kib: u64| format!("{:.1}", kib as f64 / 1024.0);
    for cell in cells {
        let (delivered, put_off) = (cell.tally.delivered, cell.trouble.put_off);
        let _ = write!(table, "| {} | {} | {delivered} | {put_off} |", cell.mail, cell.connections);
        for program in &programs {
            let _ = write!(table, " {} |", mib(cell.peaks.programs.get(*program).copied().unwrap_or(0)));
        }
        let _ = writeln!(table, " {} |", mib(cell.peaks.all));
    }
    table
}

/// What must be nothing: mails refused, missing, doubled or of nobody.
pub fn losses(cells: &[Cell]) -> String {
    let mut servers: BTreeMap<&str, [u64; 5]> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for cell in cells {
        let row = servers.entry(&cell.target).or_default();
        let counts =
            [cell.tally.delivered, cell.missing(), cell.tally.duplicates, cell.tally.strange, cell.trouble.put_off];
        row.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        for (why, count) in &cell.trouble.refused {
            *refused.entry((&cell.target, why)).or_default() += count;
        }
    }
    let mut text = String::new();
    for (server, [delivered, missing, duplicates, strange, put_off]) in servers {
        let of_server = refused.iter().filter(|((name, _), _)| *name == server);
        let refused: Vec<String> = of_server.map(|((_, why), count)| format!("{count} x {why}")).collect();
        let refused = if refused.is_empty() { "0".to_owned() } else { refused.join(", ") };
        let _ = writeln!(
            text,
            "- {server}: {delivered} delivered, {missing} accepted and missing, {duplicates} doubled, {strange} strange, {refused} refused, {put_off} put off with 421"
        );
    }
    text
}

/// Mail, connections, server: each once, in the order in which the first round
/// measured the loads, servers by name.
fn rows(cells: &[Cell]) -> Vec<(&str, usize, &str)> {
    let mut loads: Vec<(&str, usize)> = Vec::new();
    for cell in cells {
        let load = (cell.mail.as_str(), cell.connections);
        if !loads.contains(&load) {
            loads.push(load);
        }
    }
    let servers: BTreeSet<&str> = cells.iter().map(|cell| cell.target.as_str()).collect();
    let every = loads
        .into_iter()
        .flat_map(|(mail, connections)| servers.iter().map(move |server| (mail, connections, *server)));
    every.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ledger::Ledger;
    use crate::machine::Shares;

    fn cell(target: &str, delivered: u64) -> Cell {
        let mut tally = Ledger::new(0, 0).tally();
        (tally.delivered, tally.delivering) = (delivered, Duration::from_secs(1));
        Cell {
            target: target.to_owned(),
            mail: "text2k".to_owned(),
            connections: 10,
            tally,
            trouble: crate::sender::Trouble::default(),
            time: Duration::ZERO,
            peaks: crate::process::Peaks::default(),
            machine: Shares { idle: 0.0, stolen: 0.0 },
            others: 0.0,
        }
    }

    #[test]
    fn each_server_is_compared_round_by_round_with_each_reference() {
        let cells = [cell("sekisho", 100), cell("postfix", 50), cell("single", 60), cell("sekisho", 90)];
        let table = throughput(&cells, &["sekisho", "postfix"]);
        let row = |server: &str| table.lines().find(|line| line.contains(&format!("| {server} |"))).unwrap_or_default();
        assert!(row("single").contains("| 0.60 (0.60-0.60) | 1.20 (1.20-1.20) |"), "{table}");
        assert!(row("sekisho").contains("| - | 2.00 (2.00-2.00) |"), "{table}");
        let columns = |line: &str| line.matches('|').count();
        assert!(table.lines().all(|line| columns(line) == columns(&table[..table.find('\n').unwrap_or(0)])), "{table}");
    }
}
