//! A ranking as JSON.

use serde::Serialize;
use serde_json::json;

use super::ranking::Ranking;
use super::text::OPEN_LOOP;
use crate::report::summary::Tool;

impl Ranking {
    /// Everything, by point and flow, as it is written as JSON.
    pub fn to_json(&self) -> impl Serialize + use<> {
        let flows = self.flows.iter().map(|flow| {
            let (origin, reference) = flow.reference.as_ref().map(|(origin, score)| (origin, score)).unzip();
            json!({"capture": flow.capture, "flow": flow.flow, "packets": flow.packets, "held_against": origin,
                "reference": reference})
        });
        let points = self.order.iter().enumerate().filter_map(|(rank, place)| {
            let (point, mean) = self.points.get(*place).zip(self.means.get(*place))?;
            let names = self.axes.iter().map(|axis| axis.name.clone());
            let values: serde_json::Map<_, _> =
                names.zip(point.values.iter().map(|value| value.clone().into())).collect();
            let scores: Vec<_> = self.flows.iter().map(|flow| flow.scores.get(*place)).collect();
            let rank = self.is_ranked().then_some(rank + 1);
            Some(
                json!({"rank": rank, "base": point.is_base, "values": values, "mean": mean, "flows": scores}),
            )
        });
        json!({"tool": Tool::default(), "profile": self.profile, "note": OPEN_LOOP,
            "flows": flows.collect::<Vec<_>>(), "points": points.collect::<Vec<_>>()})
    }
}
