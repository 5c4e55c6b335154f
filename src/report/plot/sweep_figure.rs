//! The data of a sweep's picture: the REMBs of all points over each other, or a map of two parameters.

/// A sweep, drawn one way or the other.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepFigure {
    /// The title, and a line below it.
    pub title: [String; 2],
    /// What is drawn.
    pub content: SweepContent,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepContent {
    /// A panel for each flow.
    Overlay {
        /// At most [`MAX_PANELS`] are drawn.
        panels: Vec<OverlayPanel>,
        /// What the best points are, in the order of [`OverlayPanel::best`].
        best: Vec<String>,
    },
    /// A colour for each pair of values.
    Map {
        /// The parameter to the right, and its values.
        x: (String, Vec<String>),
        /// The parameter upwards, and its values.
        y: (String, Vec<String>),
        /// By y, then by x; what each pair comes to.
        cells: Vec<Vec<Option<f64>>>,
        /// What that is, and its unit.
        what: String,
        /// The pair that holds without the sweep, by its places in x and y.
        base: Option<(usize, usize)>,
        /// Whether less is better.
        less_is_better: bool,
    },
}

/// A flow, and what the points made of it. Series are seconds and bit/s.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OverlayPanel {
    /// Which flow.
    pub title: String,
    /// The capture's end, seconds.
    pub end: f64,
    /// What the points are held against.
    pub reference: Vec<(f64, f64)>,
    /// The best points, the best first.
    pub best: Vec<Vec<(f64, f64)>>,
    /// All others.
    pub others: Vec<Vec<(f64, f64)>>,
}

/// Panels that fit on a sheet.
pub const MAX_PANELS: usize = 8;
/// Points that are drawn in a colour of their own.
pub const MAX_BEST: usize = 4;
