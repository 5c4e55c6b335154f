//! A ranking as CSV.

use std::io::{self, Write};

use super::ranking::Ranking;
use super::{Distance, Score};

impl Ranking {
    /// A row for each point and flow, and before them one for their mean.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_csv(&self, writer: impl Write) -> io::Result<()> {
        let mut writer = ::csv::Writer::from_writer(writer);
        let axes = self.axes.iter().map(|axis| axis.name.as_str());
        let head: Vec<_> = ["profile", "rank", "base"].into_iter().chain(axes).chain(COLUMNS).collect();
        writer.write_record(head)?;
        for (rank, place) in self.order.iter().enumerate() {
            let (Some(point), Some(mean)) = (self.points.get(*place), self.means.get(*place)) else {
                continue;
            };
            let rank = if self.is_ranked() { (rank + 1).to_string() } else { String::new() };
            let mut start = vec![self.profile.to_owned(), rank, u8::from(point.is_base).to_string()];
            start.extend(point.values.iter().cloned());
            let mut row = |place: [&str; 3], score: &Score| {
                let place = place.map(str::to_owned);
                writer.write_record(start.iter().chain(&place).chain(&cells(score)))
            };
            row(["mean", "", ""], mean)?;
            for flow in &self.flows {
                if let Some(Some(score)) = flow.scores.get(*place) {
                    let origin = flow.reference.as_ref().map_or("", |(origin, _)| origin.name());
                    row([&flow.capture, &flow.flow, origin], score)?;
                }
            }
        }
        writer.flush()
    }
}

/// Columns of the CSV behind the parameters.
const COLUMNS: [&str; 12] = [
    "capture",
    "flow",
    "held_against",
    "median_pct",
    "p90_pct",
    "within_5_pct",
    "over_pct",
    "under_pct",
    "mean_bps",
    "rembs",
    "falls",
    "first_fall_s",
];

fn cells(score: &Score) -> Vec<String> {
    let far = |of: fn(&Distance) -> f64| {
        score.distance.as_ref().map_or(String::new(), |distance| format!("{:.4}", of(distance) * 100.0))
    };
    vec![
        far(|distance| distance.median),
        far(|distance| distance.p90),
        far(|distance| distance.within_5),
        far(|distance| distance.over),
        far(|distance| distance.under),
        format!("{:.0}", score.mean_bps),
        format!("{:.2}", score.rembs),
        format!("{:.2}", score.falls),
        score.first_fall_s.map(|at| format!("{at:.6}")).unwrap_or_default(),
    ]
}
