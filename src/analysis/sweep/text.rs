//! A ranking as a table for a person.

use super::ranking::{Origin, Ranking, ScoredFlow};
use super::{Distance, Score, mean};
use crate::report::counted;
use crate::report::table::table;

/// What every output says.
pub const OPEN_LOOP: &str = "A replay is open loop: what the sender sent does not change with the estimate.";

impl Ranking {
    /// The table, with so many rows from the top.
    pub fn to_text(&self, top: usize) -> String {
        let mut text = format!("{}\n{OPEN_LOOP}\n\n", self.in_a_sentence());
        let mut head = vec![if self.is_ranked() { "rank" } else { "" }.to_owned(), String::new()];
        head.extend(self.axes.iter().map(|axis| axis.name.clone()));
        let figures = if self.is_ranked() { &FIGURES[..] } else { &FIGURES[DISTANCES..] };
        head.extend(figures.iter().map(|(name, _)| (*name).to_owned()));
        let mut rows = vec![head];
        for (rank, place) in self.order.iter().enumerate() {
            let (Some(point), Some(mean)) = (self.points.get(*place), self.means.get(*place)) else {
                continue;
            };
            if rank >= top && !point.is_base {
                continue;
            }
            let rank = if self.is_ranked() { (rank + 1).to_string() } else { String::new() };
            let mut row = vec![rank, if point.is_base { "*" } else { "" }.to_owned()];
            row.extend(point.values.iter().cloned());
            row.extend(figures.iter().map(|(_, of)| of(mean)));
            rows.push(row);
        }
        let references = self.flows.iter().filter_map(|flow| flow.reference.as_ref().map(|(_, score)| score));
        if let Some(reference) = mean(references) {
            let mut row = vec![String::new(), String::new(), "reference".to_owned()];
            row.resize(2 + self.axes.len(), String::new());
            row.extend(figures.iter().map(|(_, of)| of(&reference)));
            rows.push(row);
        }
        text.push_str(&table(&rows, 2 + self.axes.len()));
        text.push_str("\n* as it is without the sweep\n");
        let left = self.order.len().saturating_sub(top);
        if left > 0 {
            text.push_str(&format!("{left} points further down are in --csv and --json\n"));
        }
        text
    }

    /// What was swept, and what it is held against.
    pub fn in_a_sentence(&self) -> String {
        let of = |origin| {
            let is = |flow: &&ScoredFlow| flow.reference.as_ref().is_some_and(|(known, _)| *known == origin);
            self.flows.iter().filter(is).count()
        };
        let left_out = self.flows.len() - of(Origin::Recorded) - of(Origin::File);
        let against = match (of(Origin::Recorded), of(Origin::File)) {
            (0, 0) => "nothing to hold them against: points are in the order of the grid".to_owned(),
            (recorded, 0) => format!("{recorded} held against the REMBs that were recorded"),
            (0, file) => format!("{file} held against --reference, whatever was recorded"),
            (recorded, file) => {
                format!(
                    "{file} held against --reference, {recorded} that it does not name against the REMBs that were recorded"
                )
            }
        };
        let left_out = match left_out {
            0 => String::new(),
            _ if !self.is_ranked() => String::new(),
            several => format!(", {several} against nothing and in no mean"),
        };
        format!(
            "{}, {}, {}; {against}{left_out}",
            counted(self.captures as u64, "captures"),
            counted(self.flows.len() as u64, "flows"),
            counted(self.points.len() as u64, "points")
        )
    }
}

/// How a figure is written.
type Figure = fn(&Score) -> String;

/// The figures of the table: their names, and how they are written.
const FIGURES: [(&str, Figure); 9] = [
    ("median", |score| percent(score, |distance| distance.median)),
    ("90th", |score| percent(score, |distance| distance.p90)),
    ("within 5 %", |score| percent(score, |distance| distance.within_5)),
    ("above", |score| percent(score, |distance| distance.over)),
    ("below", |score| percent(score, |distance| distance.under)),
    ("mean rate", |score| format!("{:.0} kbit/s", score.mean_bps / 1000.0)),
    ("REMBs", |score| format!("{:.1}", score.rembs)),
    ("falls", |score| format!("{:.1}", score.falls)),
    ("first fall", |score| score.first_fall_s.map_or("–".to_owned(), |at| format!("{at:.1} s"))),
];
/// So many of them, from the first, need a reference.
const DISTANCES: usize = 5;

fn percent(score: &Score, of: fn(&Distance) -> f64) -> String {
    score.distance.as_ref().map_or(String::new(), |distance| format!("{:.2} %", of(distance) * 100.0))
}
