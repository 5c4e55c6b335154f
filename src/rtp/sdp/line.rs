//! A text to its lines: the JSON around it, byte order mark, line ends, numbers.

use std::borrow::Cow;

use serde::Deserialize;

use super::error::{MAX_BYTES, SdpError};

/// A line without what surrounds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// From 1.
    pub number: usize,
    pub text: &'a str,
}

const MAX_QUOTED_CHARS: usize = 100;

impl<'a> Line<'a> {
    /// The error that this line is.
    pub(super) fn wrong(self, what: &'static str) -> SdpError {
        let mut text: String = self.text.chars().take(MAX_QUOTED_CHARS).collect();
        if text.len() < self.text.len() {
            text.push('…');
        }
        SdpError::Line { line: self.number, what, text }
    }

    /// Name and value of an `a=` line; the value is empty where there is none.
    pub(super) fn attribute(self) -> Option<(&'a str, &'a str)> {
        let attribute = self.text.strip_prefix("a=")?;
        Some(attribute.split_once(':').unwrap_or((attribute, "")))
    }
}

#[derive(Deserialize)]
struct Json {
    sdp: String,
}

/// The SDP in a file's text: the text itself, or the `sdp` of `{"type":"offer","sdp":"v=0…"}`.
pub(super) fn unwrapped(text: &str) -> Result<Cow<'_, str>, SdpError> {
    if text.len() > MAX_BYTES {
        return Err(SdpError::TooLong(text.len()));
    }
    let trimmed = trimmed(text);
    if !trimmed.starts_with('{') {
        return Ok(Cow::Borrowed(text));
    }
    match serde_json::from_str(trimmed) {
        Ok(Json { sdp }) => Ok(Cow::Owned(sdp)),
        Err(error) => Err(SdpError::Json(error.to_string())),
    }
}

/// The lines, whatever ends them: `\r\n`, `\n`, or a lone `\r` in a text without any `\n`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let end = if text.contains('\n') { '\n' } else { '\r' };
    text.split(end).zip(1..).map(|(text, number)| Line { number, text: trimmed(text) })
}

/// Without white space, and without the byte order mark or NUL that editors and C programs leave at the ends.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0')
}
