//! Why a file gives no series.

/// What keeps a text from being read as CSV.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CsvError(csv::Error);

/// Why a file gives no series. Whoever opened it knows its name; where two files are spoken of, they are named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// It cannot be read, or is no CSV.
    #[error(transparent)]
    Csv(CsvError),
    /// No column is known to be a time.
    #[error(
        "no column {}; there are {}; --column time=NAME names it",
        wanted(named, "time_s or unix_time_s, or another that is a time", "a time"),
        there.join(", ")
    )]
    NoTime {
        /// The name that was given, and is not there.
        named: Option<String>,
        /// All columns.
        there: Vec<String>,
    },
    /// No column is known to be a bit rate.
    #[error(
        "no column {}; there are {}; --column rate=NAME names it",
        wanted(named, "bitrate_bps or estimate_bps, or another that is a rate", "a rate"),
        there.join(", ")
    )]
    NoRate {
        /// The name that was given, and is not there.
        named: Option<String>,
        /// All columns.
        there: Vec<String>,
    },
    /// A column counts bytes.
    #[error("column '{0}' counts bytes by its name; --column rate=NAME:UNIT says otherwise")]
    Bytes(String),
    /// A column that was named is not there: the file and its columns, and the name.
    #[error("{0}: --column: there is no '{1}'")]
    NotThere(String, String),
    /// A column that was named is in neither file.
    #[error("--column: no column '{1}' in {a} or {b}", a = .0[0], b = .0[1])]
    InNeither([String; 2], String),
    /// Times of two files count from different moments.
    #[error(
        "no times in common: those of {a} count from {from_a}, those of {b} from {from_b}; --column time=NAME names others",
        a = .0[0], from_a = .1[0], b = .0[1], from_b = .1[1]
    )]
    NoCommonTimes([String; 2], [&'static str; 2]),
    /// A row that cannot be read.
    #[error("line {line}: {why}")]
    Row {
        /// From 1, the header included.
        line: u64,
        /// What is wrong, and in which column.
        why: String,
    },
}

fn wanted(named: &Option<String>, known: &str, what: &str) -> String {
    match named {
        Some(name) => format!("'{name}', and none that is known to be {what}"),
        None => known.to_owned(),
    }
}

impl SeriesError {
    pub(super) fn csv(error: csv::Error) -> Self {
        Self::Csv(CsvError(error))
    }

    /// Whether a name that was given for a column is wrong, and not the file.
    pub fn is_of_a_name(&self) -> bool {
        match self {
            Self::NotThere(..) | Self::InNeither(..) => true,
            Self::NoTime { named, .. } | Self::NoRate { named, .. } => named.is_some(),
            _ => false,
        }
    }

    /// Whether the file could not be read, whatever is in it.
    pub fn is_io(&self) -> bool {
        matches!(self, Self::Csv(CsvError(error)) if error.is_io_error())
    }
}
