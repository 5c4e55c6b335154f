//! What may go wrong in a picture.

/// Why a figure could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The font in the program is damaged.
    #[error("drawing the picture: the font is damaged")]
    Font,
    /// The drawing failed.
    #[error("drawing the picture: {0}")]
    Drawing(String),
    /// The PNG could not be written.
    #[error("writing the picture: {0}")]
    Png(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The SVG could not be written.
    #[error("writing the picture: {0}")]
    Io(#[from] std::io::Error),
}

impl PlotError {
    pub(super) fn png(error: png::EncodingError) -> Self {
        Self::Png(error.into())
    }
}
