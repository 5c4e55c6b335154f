//! `--merge`: the capture's frames and our REMBs in one capture, in order of time.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::outputs::Output;
use crate::capture::{CaptureReader, Frame};
use crate::report::pcap::RembPcap;
use crate::report::pcapng::Pcapng;
use crate::units::{CaptureTime, Ssrc};

/// Who sends our REMBs in a merged capture, unless told: a receiver that only receives is 1 already. It reads "REMB".
pub(super) const MERGED_SENDER: Ssrc = Ssrc(0x5245_4d42);

/// Our REMBs, until the capture is read again.
pub(super) type Kept = RembPcap<BufWriter<File>>;

/// Where the capture can be read again.
pub(super) enum Again {
    Path(PathBuf),
    /// A copy of standard input.
    Copy(File),
}

impl Again {
    fn open(self) -> Result<Box<dyn Read + Send>> {
        match self {
            Self::Path(path) => {
                let file = File::open(&path).with_context(|| path.display().to_string())?;
                Ok(Box::new(file))
            }
            Self::Copy(mut file) => {
                file.seek(SeekFrom::Start(0)).context("the copy of standard input")?;
                Ok(Box::new(file))
            }
        }
    }
}

/// Names of the interfaces.
const CAPTURE: &str = "capture";
const REMBS: &str = "remb-replay";

/// Writes every frame that was read, and before each the REMBs that are earlier. Says how many frames have times before 1970,
/// which a pcapng cannot hold.
pub(super) fn merge(again: Again, rembs: Kept, output: Output) -> Result<(Output, u64)> {
    let mut capture = CaptureReader::new(again.open()?).context("the capture, read again")?;
    let file = rembs.into_inner().into_inner().map_err(|error| anyhow!(error.into_error()))?;
    let mut rembs = Ahead::new(file)?;
    let mut merged = Pcapng::new(output)?;
    let mut left_out = 0;
    // Where the capture is damaged it ends, as it did before.
    while let Ok(Some(frame)) = capture.next_frame() {
        rembs.give_before(Some(frame.at), &mut merged)?;
        left_out += u64::from(!merged.frame(CAPTURE, &frame)?);
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
            merged.frame(REMBS, &frame)?;
            self.step()?;
        }
        Ok(())
    }
}

const RAW_IP: u16 = 101;

/// The capture at a path, or a copy that grows while standard input is read.
pub(super) fn again(path: &Path) -> Result<(Again, Option<File>)> {
    if path.as_os_str() != "-" {
        return Ok((Again::Path(path.to_owned()), None));
    }
    let file = tempfile::tempfile().context("a copy of standard input")?;
    let copy = file.try_clone().context("a copy of standard input")?;
    Ok((Again::Copy(file), Some(copy)))
}
