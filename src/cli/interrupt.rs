//! Ctrl-C and termination end the reading and not the run: what was read is still written out. A second one ends it all.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

static IS_INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// As the shell has it: 128 and the number of SIGINT.
const EXIT_CODE: i32 = 130;
/// What is still read of a pipe, bytes: whoever fills it may have got the same signal, and more than lies in pipe and
/// buffers is not to come then.
const LEFT_IN_PIPE: u64 = 1 << 20;

/// From here on signals end the reading. A hangup is left alone, for nohup.
pub(super) fn end_reading_on_signals() {
    for signal in [SIGINT, SIGTERM] {
        // The first sets the flag, and the next finds it set. Where signals cannot be had it has no effect.
        let _ = flag::register_conditional_shutdown(signal, EXIT_CODE, Arc::clone(&IS_INTERRUPTED));
        let _ = flag::register(signal, Arc::clone(&IS_INTERRUPTED));
    }
}

/// Whether a signal has come.
pub(super) fn is_interrupted() -> bool {
    IS_INTERRUPTED.load(Ordering::Relaxed)
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
        let is_interrupted = is_interrupted();
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
