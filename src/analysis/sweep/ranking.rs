//! What a sweep came to: its points, ranked.

use serde::{Deserialize, Serialize};

use super::points::{Points, SweptPoint};
use super::{Axis, Score, mean, rank};

/// A picture with more lines shows nothing.
const MAX_LINES: usize = 200;

/// Where a reference comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The capture's own REMBs.
    Recorded,
    /// A file that was given.
    File,
}

/// A flow, and how every point does on it. It is serialised where captures are swept by several processes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScoredFlow {
    /// The capture, for a person.
    pub capture: String,
    /// Source and destination.
    pub flow: String,
    /// Packets that were fed.
    pub packets: usize,
    /// What it is held against, and what that is like.
    pub reference: Option<(Origin, Score)>,
    /// By point.
    pub scores: Vec<Option<Score>>,
}

/// All points, in order.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// What the parameters start from.
    pub profile: &'static str,
    /// How many captures there are.
    pub captures: usize,
    /// What is swept.
    pub axes: Vec<Axis>,
    /// In the order of the grid.
    pub points: Vec<SweptPoint>,
    /// The flows of all captures.
    pub flows: Vec<ScoredFlow>,
    /// The mean of each point over the flows that are held against something; if none is, over all.
    pub means: Vec<Score>,
    /// Places of the points, the best first.
    pub order: Vec<usize>,
}

impl Ranking {
    /// Ranks the points.
    pub fn new(profile: &'static str, captures: usize, points: &Points, flows: Vec<ScoredFlow>) -> Self {
        let (axes, points) = (points.axes.clone(), points.points.clone());
        let any_reference = flows.iter().any(|flow| flow.reference.is_some());
        let counting = flows.iter().filter(|flow| flow.reference.is_some() == any_reference);
        let of_point = |place: usize| {
            let scores = counting.clone().filter_map(move |flow| flow.scores.get(place)?.as_ref());
            mean(scores).unwrap_or_default()
        };
        let means: Vec<_> = (0..points.len()).map(of_point).collect();
        let order = rank(&means);
        Self { profile, captures, axes, points, flows, means, order }
    }

    /// The points that a picture of lines shows: so many of the best, then others evenly.
    pub fn drawn(&self, max_best: usize) -> Vec<usize> {
        let (best, others) = self.order.split_at(max_best.min(self.order.len()));
        let step = others.len().div_ceil(MAX_LINES).max(1);
        best.iter().chain(others.iter().step_by(step)).copied().collect()
    }

    /// Whether anything is held against something.
    pub fn is_ranked(&self) -> bool {
        self.means.iter().any(|score| score.distance.is_some())
    }
}

impl Origin {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::File => "file",
        }
    }
}
