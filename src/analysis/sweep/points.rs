//! The points of a sweep, and the configurations that they stand for.

use super::{Axis, Grid, GridError};
use crate::analysis::compare::{GRAIN, at_phase};
use crate::config::Parameters;
use crate::replay::ReplayConfig;
use crate::survey::SurveyConfig;

/// A point of the grid.
#[derive(Debug, Clone)]
pub struct SweptPoint {
    /// In the order of the axes.
    pub values: Vec<String>,
    /// Whether these are the settings without the sweep.
    pub is_base: bool,
}

/// What is replayed with each capture.
#[derive(Debug, Clone)]
pub struct Points {
    /// What is swept.
    pub axes: Vec<Axis>,
    /// In the order of the grid.
    pub points: Vec<SweptPoint>,
    /// Most points differ in nothing that a survey knows of, and share one.
    pub surveys: Vec<SurveyConfig>,
    configs: Vec<PointConfigs>,
}

/// The configurations of a point.
#[derive(Debug, Clone)]
pub(super) struct PointConfigs {
    /// One for each phase of the receiver's clock.
    pub(super) phases: Vec<ReplayConfig>,
    /// The place of the survey that serves them.
    pub(super) survey: usize,
}

impl Points {
    /// All points of a grid; and the settings as they are, if they are none of them.
    ///
    /// # Errors
    /// If a point is not valid.
    pub fn new(grid: Grid, base: &ReplayConfig, phases: u16) -> Result<Self, GridError> {
        let mut points = Self { axes: Vec::new(), points: vec![], configs: vec![], surveys: vec![] };
        for values in grid.points() {
            let config = with(base, &grid.axes, &values)?;
            let is_base = config.parameters == base.parameters;
            points.push(SweptPoint { values, is_base }, &config, phases);
        }
        if !points.points.iter().any(|point| point.is_base) {
            let by_name = base.parameters.by_name();
            let values = grid.axes.iter().map(|axis| by_name.value(&axis.name).unwrap_or_default()).collect();
            points.push(SweptPoint { values, is_base: true }, base, phases);
        }
        Ok(Self { axes: grid.axes, ..points })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is none; there is always the settings as they are.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    pub(super) fn configs(&self, point: usize) -> Option<&PointConfigs> {
        self.configs.get(point)
    }

    fn push(&mut self, point: SweptPoint, config: &ReplayConfig, phases: u16) {
        let survey = config.survey();
        let known = self.surveys.iter().position(|known| *known == survey);
        let survey = known.unwrap_or_else(|| {
            self.surveys.push(survey);
            self.surveys.len() - 1
        });
        let phases = (0..phases).map(|phase| at_phase(config, phase, phases, GRAIN)).collect();
        self.points.push(point);
        self.configs.push(PointConfigs { phases, survey });
    }
}

/// The same configuration with the values of a point.
fn with(base: &ReplayConfig, axes: &[Axis], values: &[String]) -> Result<ReplayConfig, GridError> {
    let mut by_name = base.parameters.by_name();
    for (axis, value) in axes.iter().zip(values) {
        by_name.set(&format!("{}={value}", axis.name))?;
    }
    Ok(ReplayConfig { parameters: Parameters::from_names(&by_name)?, ..base.clone() })
}
