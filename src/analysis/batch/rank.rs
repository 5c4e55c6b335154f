//! The worst flows of many captures, as a table for a person.

use super::Table;
use crate::report::table::table;

/// By what flows are called bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rank {
    /// Falls of more than 3 %.
    #[default]
    Falls,
    /// The largest queue.
    Queue,
    /// The share of time in over-use.
    Overuse,
    /// The share of packets lost.
    Loss,
    /// How far the REMBs are from the recorded ones.
    Distance,
}

impl Rank {
    /// The column that has it.
    pub const fn column(self) -> &'static str {
        match self {
            Self::Falls => "remb_falls",
            Self::Queue => "queue_max_ms",
            Self::Overuse => "overuse_pct",
            Self::Loss => "loss_pct",
            Self::Distance => "median_pct",
        }
    }
}

/// What is shown of a flow: a column, and its heading.
const SHOWN: [(&str, &str); 10] = [
    ("capture", "capture"),
    ("flow", "flow"),
    ("remb_falls", "falls"),
    ("queue_max_ms", "queue, ms"),
    ("overuse_pct", "over-use, %"),
    ("loss_pct", "loss, %"),
    ("pause_max_s", "pause, s"),
    ("rtt_ms", "RTT, ms"),
    ("last_bps", "last, bit/s"),
    ("median_pct", "off recorded, %"),
];
/// So many of these stand to the left.
const LEFT: usize = 2;

/// The worst flows so far.
#[derive(Debug, Clone)]
pub struct Worst {
    by: usize,
    shown: Vec<usize>,
    most: usize,
    /// The worst first; of equals the earlier.
    rows: Vec<(f64, Vec<String>)>,
    flows: u64,
}

impl Worst {
    /// Keeps so many.
    pub fn new(rank: Rank, most: usize) -> Self {
        let columns = Table::Flows.columns();
        let place = |name: &str| columns.iter().position(|column| *column == name).unwrap_or(usize::MAX);
        let shown = SHOWN.iter().map(|(column, _)| place(column)).collect();
        Self { by: place(rank.column()), shown, most, rows: Vec::new(), flows: 0 }
    }

    /// Takes rows of the table of flows, as CSV without a header.
    pub fn take(&mut self, rows: &[u8]) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(rows);
        for row in reader.records().map_while(Result::ok) {
            self.flows += 1;
            let Some(figure) = row.get(self.by).and_then(|cell| cell.parse::<f64>().ok()) else { continue };
            let place = self.rows.partition_point(|(known, _)| *known >= figure);
            if place < self.most {
                let cells = self.shown.iter().map(|place| row.get(*place).unwrap_or_default().to_owned());
                self.rows.insert(place, (figure, cells.collect()));
                self.rows.truncate(self.most);
            }
        }
    }

    /// Flows so far.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// A line for each; empty without any.
    pub fn to_text(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let heading = SHOWN.iter().map(|(_, heading)| (*heading).to_owned()).collect();
        let rows: Vec<_> =
            [heading].into_iter().chain(self.rows.iter().map(|(_, row)| row.clone())).collect();
        table(&rows, LEFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_come_first_and_those_without_a_figure_not_at_all() {
        let columns = Table::Flows.columns();
        let row = |capture: &str, falls: &str| {
            let cell = |column: &&str| match *column {
                "capture" => capture,
                "remb_falls" => falls,
                _ => "",
            };
            columns.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
        };
        let mut worst = Worst::new(Rank::Falls, 2);
        let rows = [row("a", "1"), row("b", ""), row("c", "10"), row("d", "1"), row("e", "0")];
        rows.iter().for_each(|row| worst.take(row.as_bytes()));
        assert_eq!(worst.flows(), 5);
        let captures: Vec<_> = worst.rows.iter().map(|(_, row)| row[0].as_str()).collect();
        assert_eq!(captures, ["c", "a"]);
        assert!(worst.to_text().starts_with("capture  flow  falls"));
    }
}
