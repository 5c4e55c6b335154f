//! An opened output.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::bail_if_exists;

/// An opened output; dropped before [`Output::finish`] it leaves nothing.
pub(in crate::cli) enum Output {
    /// Standard output, or what is no file.
    Stream {
        writer: BufWriter<Box<dyn Write + Send>>,
        /// What it will get once nothing is to be taken back.
        kept: Option<BufWriter<File>>,
        shown: String,
    },
    File {
        file: BufWriter<NamedTempFile>,
        path: PathBuf,
        force: bool,
    },
}

impl Output {
    /// The file's name; `None` of a stream.
    pub(in crate::cli) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stream { .. } => None,
            Self::File { path, .. } => Some(path),
        }
    }

    /// Gives all files their names; none, where one of them is taken.
    pub(in crate::cli) fn finish_all(outputs: Vec<Self>) -> Result<()> {
        for output in &outputs {
            if let Self::File { path, force: false, .. } = output {
                bail_if_exists(path)?;
            }
        }
        outputs.into_iter().try_for_each(Self::finish)
    }

    /// Gives the file its name.
    fn finish(self) -> Result<()> {
        match self {
            Self::Stream { mut writer, kept, shown } => {
                let copied = kept.map_or(Ok(()), |kept| copy_from_start(kept, &mut writer));
                ignoring_closed_pipe(copied.and_then(|()| writer.flush())).context(shown)
            }
            Self::File { file, path, force } => {
                let shown = path.display();
                let file = file.into_inner().map_err(io::IntoInnerError::into_error);
                let file = file.with_context(|| format!("cannot write {shown}"))?;
                readable_by_others(file.path());
                let result = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
                result.map_err(|error| error.error).with_context(|| format!("cannot write {shown}"))?;
                Ok(())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream { kept: Some(kept), .. } => kept.write(bytes),
            Self::Stream { writer, .. } => {
                ignoring_closed_pipe(writer.write_all(bytes)).map(|()| bytes.len())
            }
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream { kept: Some(kept), .. } => kept.flush(),
            Self::Stream { writer, .. } => ignoring_closed_pipe(writer.flush()),
            Self::File { file, .. } => file.flush(),
        }
    }
}

fn copy_from_start(kept: BufWriter<File>, writer: &mut impl Write) -> io::Result<()> {
    let mut kept = kept.into_inner().map_err(io::IntoInnerError::into_error)?;
    kept.rewind()?;
    io::copy(&mut kept, writer).map(drop)
}

/// Whoever reads may have seen enough.
fn ignoring_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Temporary files are private; outputs are as other programs' files are.
#[cfg(unix)]
pub(in crate::cli) fn readable_by_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // A file system without permissions keeps what it has.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
pub(in crate::cli) fn readable_by_others(_path: &Path) {}
