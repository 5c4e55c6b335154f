//! What came of a capture: flows, streams, what was inferred of them, what is in doubt. Typed, and without sentences: the
//! room `report` has the words.
//!
//! ```
//! use remb_replay::model::{Doubt, Severity, Warning};
//! use remb_replay::units::Count;
//!
//! let count = Some(Count { count: 12, first_frame: 7 });
//! let warning = Warning { doubt: Doubt::Fragments, flow: None, count };
//! assert_eq!((warning.code(), warning.doubt.severity()), ("W-FRAGMENTS", Severity::Warning));
//! assert!(warning.message().starts_with("12 datagrams"));
//! ```

mod conditions;
mod copies;
mod doubt;
mod estimation;
mod event;
mod extension;
mod flow;
mod frames;
mod late;
mod reading;
mod recorded;
mod stream;
mod verdict;

pub use conditions::Conditions;
pub use copies::CopyPolicy;
pub use doubt::{
    ClocksApart, CopySpacing, Disagreement, Doubt, Encapsulation, Guess, Limit, SaidInVain, SeveralFlows,
    Severity, Warning, WhyDisagrees, WhySeveralFlows,
};
pub use estimation::{Apart, Estimation, RateRange, RembTally, TimerRuns};
pub use event::{
    Burst, Divergence, EstimatorCause, EstimatorChange, Event, Fall, FallCause, Gap, Happening, Loss,
    LossCause, NoRemb, NoRise, NoRiseCause, PathStep, Presence, Probe, RttChange, StreamChange, WhyNoRemb,
    WhyOverUse,
};
pub use extension::{ElementSeen, Extension};
pub use flow::{
    CapturePoint, CapturePointEvidence, End, Flow, Inference, RtcpSeen, Rtt, RttSource, Srtp, SrtpEvidence,
};
pub use frames::Frames;
pub use late::{Late, LateFinding};
pub use reading::Reading;
pub use recorded::{RecordedRembs, Unusable, Unusables};
pub use stream::{Losses, Stream, StreamKind, Treatment};
pub use verdict::{Basis, EmptyRange, Known, NotFed, Nothing, SendTimeBasis, Unfit, Verdict};
