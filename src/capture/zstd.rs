//! Zstandard (RFC 8878): frame after frame, skippable ones passed over, checksums held to. What was decoded before an error
//! is given out before it.

use std::error::Error;
use std::io::{self, Cursor, ErrorKind, Read};

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// The first byte of a skippable frame has any low half; the others are these.
const SKIPPABLE_HIGH_HALF: u8 = 0x50;
const SKIPPABLE_REST: [u8; 3] = [0x2a, 0x4d, 0x18];
/// What a frame may ask to be kept of its content, bytes; `zstd -19` asks for a quarter.
const MAX_WINDOW: u64 = 32 << 20;
/// A block that is the last one and empty, and a checksum.
const END_OF_FRAME: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// Whether a file that begins so is compressed by zstd.
pub(super) fn is_zstd(start: &[u8]) -> bool {
    start.first_chunk().is_some_and(|start| *start == MAGIC || is_skippable(*start))
}

fn is_skippable([first, rest @ ..]: [u8; 4]) -> bool {
    first & 0xf0 == SKIPPABLE_HIGH_HALF && rest == SKIPPABLE_REST
}

/// What a compressed file holds.
pub(super) struct ZstdReader<R> {
    source: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
    /// Comes after what was decoded before it.
    error: Option<io::Error>,
    is_over: bool,
}

impl<R: Read> ZstdReader<R> {
    pub(super) fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self { source, decoder, is_in_frame: false, error: None, is_over: false }
    }

    /// Passes over what is to be skipped; no without another frame.
    fn begin_frame(&mut self) -> io::Result<bool> {
        loop {
            let mut magic = [0; 4];
            match self.read_up_to(&mut magic)? {
                0 => return Ok(false),
                4 => {}
                _ => return Err(ErrorKind::UnexpectedEof.into()),
            }
            if is_skippable(magic) {
                let mut len = [0; 4];
                self.source.read_exact(&mut len)?;
                let len = u32::from_le_bytes(len).into();
                if io::copy(&mut self.source.by_ref().take(len), &mut io::sink())? < len {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            } else if magic == MAGIC {
                let frame = Cursor::new(magic).chain(&mut self.source);
                return self.decoder.reset(frame).map(|()| true).map_err(to_io);
            } else {
                return Err(invalid("a zstd frame is followed by something else"));
            }
        }
    }

    fn read_up_to(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut len = 0;
        while let Some(rest) = buffer.get_mut(len..).filter(|rest| !rest.is_empty()) {
            match self.source.read(rest) {
                Ok(0) => break,
                Ok(read) => len += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(len)
    }

    /// Begins a frame, decodes a block, or ends the frame.
    fn go_on(&mut self) -> io::Result<()> {
        if !self.is_in_frame {
            self.is_in_frame = self.begin_frame()?;
            self.is_over = !self.is_in_frame;
            return Ok(());
        }
        if !self.decoder.is_finished() {
            let block = BlockDecodingStrategy::UptoBlocks(1);
            return self.decoder.decode_blocks(&mut self.source, block).map(drop).map_err(to_io);
        }
        self.is_in_frame = false;
        match self.decoder.get_checksum_from_data() {
            Some(told) if Some(told) != self.decoder.get_calculated_checksum() => {
                Err(invalid("the checksum of a zstd frame is another than that of its content"))
            }
            _ => Ok(()),
        }
    }

    /// The decoder keeps back what later blocks may refer to; without any it gives it out.
    fn end_frame_here(&mut self) {
        if self.is_in_frame && !self.decoder.is_finished() {
            let _ = self.decoder.decode_blocks(&END_OF_FRAME[..], BlockDecodingStrategy::All);
        }
    }
}

impl<R: Read> Read for ZstdReader<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_in_frame && self.decoder.can_collect() > 0 {
                return self.decoder.read(target);
            }
            if self.is_over {
                return self.error.take().map_or(Ok(0), Err);
            }
            if let Err(error) = self.go_on() {
                self.end_frame_here();
                self.error = Some(error);
                self.is_over = true;
            }
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// An error of the source stays what it was.
fn to_io(error: FrameDecoderError) -> io::Error {
    if let FrameDecoderError::WindowSizeTooBig { requested, .. } = error {
        return invalid(&format!(
            "a zstd window of {requested} bytes, more than {MAX_WINDOW}: decompress it first, with zstd -dc --long=31"
        ));
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        if let Some(of_source) = one.downcast_ref::<io::Error>() {
            return io::Error::new(of_source.kind(), error.to_string());
        }
        cause = one.source();
    }
    invalid(&error.to_string())
}
