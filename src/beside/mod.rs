//! A capture with the event log of the same call: the log has what encryption hides, the capture has arrival times. Both clocks are
//! brought together by the packets that both have, and the RTCP of the log is put between the capture's frames.

mod fit;
mod log;
mod spliced;

pub use fit::{Fit, Fitting, TooFewPairs};
pub use log::{LogIndex, NotALog};
pub use spliced::{Beside, Spliced};
