//! `--merge`: the capture's frames and our REMBs in one capture, in order of time.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::outputs::Output;
use crate::capture::{Annotated, CaptureReader, Frame};
use crate::report::pcap::RembPcap;
use crate::report::pcapng::Pcapng;
use crate::report::summary::Count;
use crate::units::{CaptureTime, Ssrc};

/// Who sends our REMBs in a merged capture, unless told: a receiver that only receives is 1 already. It reads "REMB".
pub(super) const MERGED_SENDER: Ssrc = Ssrc(0x5245_4d42);

/// Our REMBs, until the capture is read again.
pub(super) type Kept = RembPcap<BufWriter<File>>;

/// Names of the interfaces.
const CAPTURE: &str = "capture";
const REMBS: &str = "remb-replay";

/// Writes every packet that was read, and before each the REMBs that are earlier. Says which frames have times before 1970,
/// which a pcapng cannot hold.
pub(super) fn merge(mut again: File, rembs: Kept, output: Output) -> Result<(Output, Count)> {
    again.seek(SeekFrom::Start(0)).context("the capture, read again")?;
    let mut capture = CaptureReader::new(Box::new(again)).context("the capture, read again")?;
    let file = rembs.into_inner().into_inner().map_err(|error| anyhow!(error.into_error()))?;
    let mut rembs = Ahead::new(file)?;
    let mut merged = Pcapng::new(output)?;
    let mut left_out = Count::default();
    // Where the capture is damaged it ends, as it did before.
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
    fn new(mut file: File) -> Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        let mut ahead = Self { reader: CaptureReader::new(Box::new(file))?, next: None };
        ahead.step()?;
        Ok(ahead)
    }

    fn step(&mut self) -> Result<()> {
        self.next = self.reader.next_frame()?.map(|frame| (frame.at, frame.data.to_vec()));
        Ok(())
    }

    /// Writes those before `at`, or all.
    fn give_before(&mut self, at: Option<CaptureTime>, merged: &mut Pcapng<Output>) -> Result<()> {
        while let Some((own, data)) = self.next.take_if(|(own, _)| at.is_none_or(|at| *own < at)) {
            let original_len = u32::try_from(data.len())?;
            let frame = Frame {
                number: crate::units::FrameNumber(0),
                at: own,
                nanoseconds: true,
                link_type: crate::capture::LinkType(RAW_IP),
                data: &data,
                original_len,
                direction: None,
            };
            merged.frame(REMBS, &frame, &[])?;
            self.step()?;
        }
        Ok(())
    }
}

const RAW_IP: u16 = 101;

/// The capture, to be read a second time; and the same file where it is a copy that has to grow while the capture is read,
/// because that is no file that has a beginning to go back to.
pub(super) fn again(path: &Path) -> Result<(File, Option<File>)> {
    let shown = || path.display().to_string();
    if path.as_os_str() != "-" && fs::metadata(path).with_context(shown)?.is_file() {
        return Ok((File::open(path).with_context(shown)?, None));
    }
    let file = tempfile::tempfile().context("a copy of the capture")?;
    let copy = file.try_clone().context("a copy of the capture")?;
    Ok((file, Some(copy)))
}
