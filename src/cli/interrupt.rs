//! Ctrl-C and termination end the reading and not the run: what was read is still written out. A second one ends it all.

use std::io::{self, Read};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

static SIGNALS: AtomicU32 = AtomicU32::new(0);

/// As the shell has it: 128 and the signal's number.
const EXIT_CODE: i32 = 130;
/// What is still read of a pipe, bytes: whoever fills it may have got the same signal, and more than lies in pipe and
/// buffers is not to come then.
const LEFT_IN_PIPE: u64 = 1 << 20;

/// From here on signals end the reading. Where there are none it has no effect.
pub(super) fn end_reading_on_signals() {
    // It fails where it was called before, or where signals cannot be had.
    let _ = ctrlc::set_handler(|| {
        if SIGNALS.fetch_add(1, Ordering::Relaxed) > 0 {
            process::exit(EXIT_CODE);
        }
    });
}

/// Reads until a signal comes: files no further, pipes to their end if that is near.
pub(super) struct Interruptible<R> {
    reader: R,
    left: u64,
}

impl<R> Interruptible<R> {
    pub(super) fn file(reader: R) -> Self {
        Self { reader, left: 0 }
    }

    pub(super) fn pipe(reader: R) -> Self {
        Self { reader, left: LEFT_IN_PIPE }
    }
}

impl<R: Read> Read for Interruptible<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_interrupted = SIGNALS.load(Ordering::Relaxed) > 0;
        if is_interrupted && self.left == 0 {
            return Err(io::Error::other("interrupted"));
        }
        let read = self.reader.read(buffer)?;
        if is_interrupted {
            self.left = self.left.saturating_sub(read as u64);
        }
        Ok(read)
    }
}
