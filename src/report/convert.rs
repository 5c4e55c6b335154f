//! Any input as a pcapng that Wireshark opens; what was made up is said in its comments.

use std::io::{self, Write};

use super::pcapng::Pcapng;
use crate::capture::{Annotated, CaptureError, CaptureReader, made};
use crate::units::Count;

/// Names of the interfaces.
const CAPTURE: &str = "capture";
const LOG: &str = "log";

/// What became of a conversion.
#[derive(Debug)]
#[non_exhaustive]
pub struct Converted<W> {
    /// The writer, after the last frame.
    pub writer: W,
    /// Frames written.
    pub frames: u64,
    /// Frames with times before 1970, which a pcapng cannot hold.
    pub left_out: Count,
    /// Why reading ended before the input did.
    pub ended_early: Option<CaptureError>,
}

/// Writes every packet that can be read.
///
/// # Errors
/// Those of the writer.
pub fn convert<W: Write>(input: &mut CaptureReader, output: W) -> io::Result<Converted<W>> {
    let head = input.read_head();
    let name = if input.log().is_some() { LOG } else { CAPTURE };
    let mut pcapng = match input.log() {
        Some(log) => {
            let mut pcapng =
                Pcapng::with_comments(output, &what_was_made(&input.format(), log.has_made_headers))?;
            pcapng.names(&[(*made::REMOTE.ip(), "remote"), (*made::LOCAL.ip(), "local")])?;
            pcapng.facts(log);
            pcapng
        }
        None => Pcapng::with_comments(output, &[])?,
    };
    let (mut frames, mut left_out) = (0, Count::default());
    if let Err(error) = head {
        return Ok(Converted { writer: pcapng.into_inner(), frames, left_out, ended_early: Some(error) });
    }
    let ended_early = loop {
        let snaplen = input.snaplen().map_or(0, |(_, most)| most);
        let packet = match input.next_annotated() {
            Ok(Some(packet)) => packet,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        match packet {
            Annotated::Frame(frame, comments) => {
                match pcapng.frame_as_read((name, snaplen), &frame, &comments)? {
                    true => frames += 1,
                    false => left_out.add(frame.number.0),
                }
            }
            Annotated::Untimed { link_type, data, original_len } => {
                pcapng.untimed((name, link_type), data, original_len)?;
                frames += 1;
            }
        }
    };
    Ok(Converted { writer: pcapng.into_inner(), frames, left_out, ended_early })
}

fn what_was_made(format: &str, has_made_headers: bool) -> Vec<String> {
    let addresses = format!(
        "made by remb-replay convert from: {format}. Addresses and ports are made up: {} is the peer ({}), {} is who wrote the log ({})",
        made::REMOTE.ip(),
        "remote",
        made::LOCAL.ip(),
        "local",
    );
    let headers = "RTP headers are made of the log's fields, with header extensions under the ids 1 audio level, 2 abs-send-time, \
                   3 transport-wide sequence number, 13 video orientation, 14 transmission time offset; payloads are not in the log, \
                   lengths are right. RTCP is as logged. Times are those of the log, whole milliseconds";
    let mut comments = vec![addresses];
    comments.extend(has_made_headers.then(|| headers.to_owned()));
    comments.push(format!(
        "to see RTP, choose Decode As: UDP port {} as RTP (tshark -d udp.port=={0},rtp); RTCP is recognised",
        made::LOCAL.port()
    ));
    comments
}
