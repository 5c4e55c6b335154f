//! A ranking as a table.

use std::io;

use super::ranking::Ranking;
use super::{Axis, Distance, Score};
use crate::report::kind::Kind;
use crate::report::rows::{CAPTURE_COLUMN, Cells, Row, Rows};

impl Ranking {
    /// A row for each point and flow, and before them one for their mean.
    ///
    /// # Errors
    /// Those of the table.
    pub fn write(&self, rows: &mut impl Rows) -> io::Result<()> {
        let axes = self.axes.iter().map(|axis| (axis.name.as_str(), kind_of(axis)));
        rows.begin(&BEFORE.into_iter().chain(axes).chain(BEHIND).collect::<Vec<_>>())?;
        for (rank, place) in self.order.iter().enumerate() {
            let (Some(point), Some(mean)) = (self.points.get(*place), self.means.get(*place)) else {
                continue;
            };
            let rank = self.is_ranked().then_some(rank as u64 + 1);
            let mut row = |of: [&str; 3], score: &Score| {
                let (profile, base, values) = (self.profile, point.is_base, &point.values);
                rows.row(&PointRow { profile, rank, base, values, of, score })
            };
            row(["mean", "", ""], mean)?;
            for flow in &self.flows {
                if let Some(Some(score)) = flow.scores.get(*place) {
                    let origin = flow.reference.as_ref().map_or("", |(origin, _)| origin.name());
                    row([&flow.capture, &flow.flow, origin], score)?;
                }
            }
        }
        Ok(())
    }
}

/// Columns before the parameters.
const BEFORE: [(&str, Kind); 3] = [("profile", Kind::Text), ("rank", Kind::Integer), ("base", Kind::Flag)];
/// Columns behind the parameters. Counts are means.
const BEHIND: [(&str, Kind); 12] = [
    (CAPTURE_COLUMN, Kind::Text),
    ("flow", Kind::Text),
    ("held_against", Kind::Text),
    ("median_pct", Kind::Real),
    ("p90_pct", Kind::Real),
    ("within_5_pct", Kind::Real),
    ("over_pct", Kind::Real),
    ("under_pct", Kind::Real),
    ("mean_bps", Kind::Integer),
    ("rembs", Kind::Real),
    ("falls", Kind::Real),
    ("first_fall_s", Kind::Real),
];

/// A parameter is a number, or words: with its unit, too.
fn kind_of(axis: &Axis) -> Kind {
    let is_number = axis.values.iter().all(|value| value.parse::<f64>().is_ok());
    if is_number { Kind::Real } else { Kind::Text }
}

/// How a point does on a flow, or on all of them.
struct PointRow<'a> {
    profile: &'a str,
    rank: Option<u64>,
    base: bool,
    /// Of the parameters.
    values: &'a [String],
    /// The capture, the flow, and what it is held against.
    of: [&'a str; 3],
    score: &'a Score,
}

impl Row for PointRow<'_> {
    fn cells(&self, cells: &mut impl Cells) {
        let Self { profile, score, .. } = self;
        cells.text(profile);
        cells.optional(self.rank, Cells::count);
        cells.flag(self.base);
        self.values.iter().for_each(|value| cells.written(value));
        self.of.iter().for_each(|word| cells.text(word));
        let far: [fn(&Distance) -> f64; 5] =
            [|far| far.median, |far| far.p90, |far| far.within_5, |far| far.over, |far| far.under];
        for of in far {
            let share = score.distance.as_ref().map(of);
            cells.optional(share, |cells, share| cells.written(&format!("{:.4}", share * 100.0)));
        }
        cells.written(&format!("{:.0}", score.mean_bps));
        cells.written(&format!("{:.2}", score.rembs));
        cells.written(&format!("{:.2}", score.falls));
        cells.optional(score.first_fall_s, |cells, at| cells.written(&format!("{at:.6}")));
    }
}
