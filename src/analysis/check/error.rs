//! Why a case file is refused.

/// Why a case file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// No TOML, or a key of the wrong kind; the message has the line.
    #[error("{0}")]
    Syntax(String),
    /// A key whose value makes no sense.
    #[error("'{key}': {what}")]
    Key {
        /// The key.
        key: String,
        /// What is wrong.
        what: String,
    },
}
