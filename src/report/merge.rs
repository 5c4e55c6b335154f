//! A capture's frames and our REMBs in one capture, in order of time.

use std::io::{self, Write};

use super::pcapng::Pcapng;
use crate::capture::{Annotated, CaptureError, CaptureReader, Frame, LinkType};
use crate::units::{CaptureTime, Count, FrameNumber, Ssrc};

/// Who sends our REMBs in a merged capture, unless told: a receiver that only receives is 1 already. It reads "REMB".
pub const MERGED_SENDER: Ssrc = Ssrc(0x5245_4d42);

/// Names of the interfaces.
const CAPTURE: &str = "capture";
const REMBS: &str = "remb-replay";

/// Why two captures are not merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The REMBs cannot be read.
    #[error(transparent)]
    Rembs(#[from] CaptureError),
    /// The merged capture cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Writes every packet that can be read, and before each the REMBs that are earlier. Says which frames have times before
/// 1970, which a pcapng cannot hold.
///
/// # Errors
/// If the REMBs cannot be read, or nothing can be written. Where the capture is damaged it ends.
pub fn merge<W: Write>(
    mut capture: CaptureReader,
    rembs: CaptureReader,
    output: W,
) -> Result<(W, Count), MergeError> {
    let mut rembs = Ahead::new(rembs)?;
    let mut merged = Pcapng::new(output)?;
    let mut left_out = Count::default();
    while let Ok(Some(packet)) = capture.next_annotated() {
        match packet {
            Annotated::Frame(frame, comments) => {
                rembs.give_before(Some(frame.at), &mut merged)?;
                if !merged.frame(CAPTURE, &frame, &comments)? {
                    left_out.add(frame.number.0);
                }
            }
            Annotated::Untimed { link_type, data, original_len } => {
                merged.untimed((CAPTURE, link_type), data, original_len)?;
            }
        }
    }
    rembs.give_before(None, &mut merged)?;
    Ok((merged.into_inner(), left_out))
}

/// REMBs with the next one in hand.
struct Ahead {
    reader: CaptureReader,
    next: Option<(CaptureTime, Vec<u8>)>,
}

impl Ahead {
    fn new(reader: CaptureReader) -> Result<Self, CaptureError> {
        let mut ahead = Self { reader, next: None };
        ahead.step()?;
        Ok(ahead)
    }

    fn step(&mut self) -> Result<(), CaptureError> {
        self.next = self.reader.next_frame()?.map(|frame| (frame.at, frame.data.to_vec()));
        Ok(())
    }

    /// Writes those before `at`, or all.
    fn give_before(
        &mut self,
        at: Option<CaptureTime>,
        merged: &mut Pcapng<impl Write>,
    ) -> Result<(), MergeError> {
        while let Some((own, data)) = self.next.take_if(|(own, _)| at.is_none_or(|at| *own < at)) {
            let original_len = u32::try_from(data.len()).map_err(io::Error::other)?;
            let frame = Frame {
                number: FrameNumber(0),
                at: own,
                nanoseconds: true,
                link_type: LinkType(RAW_IP),
                data: &data,
                original_len,
                direction: None,
                log: None,
            };
            merged.frame(REMBS, &frame, &[])?;
            self.step()?;
        }
        Ok(())
    }
}

const RAW_IP: u16 = 101;
