//! `--merge`: the capture is read again, and our REMBs are put between its frames.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::outputs::Output;
use remb_replay::capture::CaptureReader;
use remb_replay::report::merge;
use remb_replay::report::pcap::RembPcap;
use remb_replay::units::Count;

/// Our REMBs, until the capture is read again.
pub(super) type Kept = RembPcap<BufWriter<File>>;

/// Says which frames are left out.
pub(super) fn merge(
    again: File,
    session: Option<NonZeroUsize>,
    rembs: Kept,
    output: Output,
) -> Result<(Output, Count)> {
    let capture = from_start(again, session).context("the capture, read again")?;
    let rembs = rembs.into_inner().into_inner().map_err(|error| anyhow!(error.into_error()))?;
    Ok(merge::merge(capture, from_start(rembs, None)?, output)?)
}

fn from_start(mut file: File, session: Option<NonZeroUsize>) -> Result<CaptureReader> {
    file.seek(SeekFrom::Start(0))?;
    Ok(CaptureReader::of_session(Box::new(file), session)?)
}

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
