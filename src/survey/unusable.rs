//! REMBs of the capture that are not used, each with its reason.

use crate::model::Unusable;
use crate::rtp::{Block, begins_with_remb};
use remb::{CapturedRemb, ParseRembError};

/// The REMB that a block is, if it is one.
pub(super) fn read_remb(block: &Block<'_>) -> Option<Result<CapturedRemb, Unusable>> {
    Some(match block.remb() {
        Ok(remb) => Ok(remb),
        Err(ParseRembError::NotRemb) => return None,
        Err(ParseRembError::BitrateOverflow) => Err(Unusable::TooHigh),
        Err(ParseRembError::Cut) => Err(Unusable::Cut),
        Err(_) => Err(Unusable::Counts),
    })
}

/// REMBs by their identifier in what is no RTCP: how many.
pub(super) fn rembs_within(bytes: &[u8]) -> usize {
    let begins = |start: &usize| bytes.get(*start..).is_some_and(begins_with_remb);
    (0..bytes.len()).step_by(4).filter(begins).count()
}
