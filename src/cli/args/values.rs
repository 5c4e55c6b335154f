//! Values of flags that are neither texts nor numbers.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use remb_replay::bwe::{DelayFilter, EstimatorChoice};
use remb_replay::remb::Profile;
use remb_replay::units::TimeDelta;

/// A number of percent, with or without its sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Percent(pub f64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').unwrap_or(text).trim().parse();
        match number {
            Ok(percent @ 0.0..=f64::MAX) => Ok(Self(percent)),
            _ => Err("a percentage is written as 5 or 5%".to_owned()),
        }
    }
}

/// A part of a capture, seconds since its first frame; an open side is the capture's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// From here.
    pub(crate) from: Option<f64>,
    /// To here.
    pub(crate) to: Option<f64>,
}

impl FromStr for View {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "a part is written as FROM..TO in seconds since the first frame, e.g. 25..40 or 90s..".to_owned()
        };
        let side = |text: &str| match text.trim() {
            "" => Ok(None),
            text => match text.parse::<f64>() {
                Ok(seconds @ 0.0..=1e9) => Ok(Some(seconds)),
                _ => {
                    let time = text.parse::<TimeDelta>().ok().filter(|time| *time >= TimeDelta::ZERO);
                    time.map(|time| Some(time.as_micros() as f64 / 1e6)).ok_or_else(wrong)
                }
            },
        };
        let (from, to) = text.split_once("..").ok_or_else(wrong)?;
        let view = Self { from: side(from)?, to: side(to)? };
        match (view.from, view.to) {
            (None, None) => Err(wrong()),
            (from, Some(to)) if to <= from.unwrap_or(0.0) => Err(format!("{text} ends before it begins")),
            _ => Ok(view),
        }
    }
}

/// A picture's file, whose ending says what it is; `-` is a PNG.
pub(super) fn picture(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_known =
        |ending: &std::ffi::OsStr| ["png", "svg"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    match text == "-" || path.extension().is_some_and(is_known) {
        true => Ok(path),
        false => Err("a picture is a .png or an .svg, by the ending of its name".to_owned()),
    }
}

/// A table's file, whose ending says what it is; `-` is CSV.
pub(super) fn table(text: &str) -> Result<PathBuf, String> {
    match cfg!(feature = "parquet") || !is_parquet(text) {
        true => Ok(text.into()),
        false => Err("this program was built without Parquet: only CSV is written".to_owned()),
    }
}

/// The file of a table that is CSV alone: what a column of it is, its name does not say.
pub(super) fn csv(text: &str) -> Result<PathBuf, String> {
    match is_parquet(text) {
        false => Ok(text.into()),
        true => Err("this table is written as CSV alone, and not as Parquet".to_owned()),
    }
}

fn is_parquet(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

/// After how long something is given up.
pub(super) fn deadline(text: &str) -> Result<TimeDelta, String> {
    match text.parse() {
        Ok(time) if time > TimeDelta::ZERO => Ok(time),
        Ok(_) => Err("a deadline is longer than 0s".to_owned()),
        Err(error) => Err(format!("{error}")),
    }
}

/// How RTCP is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rtcp {
    /// RR, SDES, REMB.
    Compound,
    /// A bare REMB.
    Reduced,
}

/// Which media feed the estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Media {
    /// All but audio.
    Auto,
    /// All.
    All,
}

/// Which of several copies of a packet count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Copies {
    /// The first.
    First,
    /// The last that comes within two seconds.
    Last,
    /// All.
    Keep,
}

/// The estimators by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Estimator {
    /// By what the packets carry.
    Auto,
    /// By abs-send-time.
    AbsSendTime,
    /// By RTP timestamps.
    RtpTimestamp,
}

impl From<Estimator> for EstimatorChoice {
    fn from(estimator: Estimator) -> Self {
        match estimator {
            Estimator::Auto => Self::Auto,
            Estimator::AbsSendTime => Self::AbsSendTime,
            Estimator::RtpTimestamp => Self::RtpTimestamp,
        }
    }
}

/// The delay filters by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Filter {
    /// libwebrtc's on the receiving side.
    Kalman,
    /// libwebrtc's on the sending side.
    Trendline,
}

impl From<Filter> for DelayFilter {
    fn from(filter: Filter) -> Self {
        match filter {
            Filter::Kalman => Self::Kalman,
            Filter::Trendline => Self::Trendline,
        }
    }
}

/// The schedules by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheduler {
    /// Every interval, and at once on a fall.
    Periodic,
    /// libwebrtc's throttle.
    Libwebrtc,
}

impl From<Scheduler> for Profile {
    fn from(scheduler: Scheduler) -> Self {
        match scheduler {
            Scheduler::Periodic => Self::Periodic,
            Scheduler::Libwebrtc => Self::Libwebrtc,
        }
    }
}

/// How tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// Text, a row a line.
    Csv,
    /// By column, with types.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl TableFormat {
    /// Of many captures: what programs that read many tables like best.
    pub(crate) const fn usual() -> Self {
        #[cfg(feature = "parquet")]
        return Self::Parquet;
        #[cfg(not(feature = "parquet"))]
        Self::Csv
    }

    /// All that there are.
    pub(crate) fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// By the ending of a file's name; CSV unless it says otherwise.
    pub(crate) fn of(path: &Path) -> Self {
        let is = |format: &&Self| {
            path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(format.ending()))
        };
        Self::all().iter().find(is).copied().unwrap_or(Self::Csv)
    }

    /// How files end.
    pub(crate) const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }
}

/// When progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// On a terminal.
    Auto,
    /// Not at all.
    Never,
}

/// A report, its form and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// For CI.
    Junit(PathBuf),
    /// For people.
    Markdown(PathBuf),
}

impl FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("junit", path)) if !path.is_empty() => Ok(Self::Junit(path.into())),
            Some(("md", path)) if !path.is_empty() => Ok(Self::Markdown(path.into())),
            _ => Err("a report is written as junit:FILE or md:FILE".to_owned()),
        }
    }
}

/// When messages are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
