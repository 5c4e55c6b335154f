//! What can be written, and by which flags it is asked for.

use std::path::{Path, PathBuf};

use super::super::args::{
    CheckArgs, ComparisonArgs, ExplainArgs, InspectArgs, OutputArgs, Report, SweepArgs, TableFormat,
};

/// What can be written. In this order it is looked at whether it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Kind {
    /// Our REMBs as a capture.
    Pcap,
    /// A row for each step of the estimator.
    EstimateCsv,
    /// A row for each REMB.
    RembCsv,
    /// A row for each stream.
    StreamsCsv,
    /// A row for each event.
    EventsCsv,
    /// PNG or SVG.
    Picture,
    /// The page.
    Html,
    /// All that the command found.
    Json,
    /// The settings.
    Config,
    /// The figures of a comparison.
    ComparisonCsv,
    /// The points of a sweep.
    SweepCsv,
    /// The capture with our REMBs in it.
    Merge,
    /// A report for CI.
    Junit,
    /// A report for people.
    Markdown,
}

/// Outputs and what their flags say where they go.
pub(in crate::cli) type Asked = Vec<(Kind, PathBuf)>;

impl Kind {
    /// What it is called in a folder that takes everything.
    const IN_FOLDER: [(Self, &str); 9] = [
        (Self::Pcap, "remb.pcap"),
        (Self::EstimateCsv, "estimate.csv"),
        (Self::RembCsv, "remb.csv"),
        (Self::StreamsCsv, "streams.csv"),
        (Self::EventsCsv, "events.csv"),
        (Self::Picture, "estimate.png"),
        (Self::Html, "report.html"),
        (Self::Json, "summary.json"),
        (Self::Config, "config.toml"),
    ];

    fn all_in(folder: &Path) -> impl Iterator<Item = (Self, PathBuf)> {
        Self::IN_FOLDER.into_iter().map(|(kind, name)| (kind, folder.join(name)))
    }
}

impl OutputArgs {
    /// A flag of its own wins over the folder.
    pub(in crate::cli) fn asked(&self) -> Asked {
        let mut asked = given([
            (Kind::Pcap, &self.pcap),
            (Kind::EstimateCsv, &self.estimate_csv),
            (Kind::RembCsv, &self.remb_csv),
            (Kind::Picture, &self.plot),
            (Kind::Html, &self.html),
            (Kind::Json, &self.json),
            (Kind::Merge, &self.merge),
        ]);
        for (kind, mut path) in self.directory.iter().flat_map(|folder| Kind::all_in(folder)) {
            if path.extension().is_some_and(|ending| ending == TableFormat::Csv.ending()) {
                path.set_extension(self.tables.ending());
            }
            if !asked.iter().any(|(known, _)| *known == kind) {
                asked.push((kind, path));
            }
        }
        asked
    }
}

impl InspectArgs {
    pub(in crate::cli) fn asked(&self) -> Asked {
        given([(Kind::StreamsCsv, &self.csv), (Kind::Json, &self.json)])
    }
}

impl ExplainArgs {
    pub(in crate::cli) fn asked(&self) -> Asked {
        given([(Kind::EventsCsv, &self.csv), (Kind::Json, &self.json)])
    }
}

impl ComparisonArgs {
    pub(in crate::cli) fn asked(&self) -> Asked {
        given([
            (Kind::ComparisonCsv, &self.csv),
            (Kind::Picture, &self.plot),
            (Kind::Html, &self.html),
            (Kind::Json, &self.json),
        ])
    }
}

impl SweepArgs {
    pub(in crate::cli) fn asked(&self) -> Asked {
        given([(Kind::SweepCsv, &self.csv), (Kind::Picture, &self.plot), (Kind::Json, &self.json)])
    }
}

impl CheckArgs {
    pub(in crate::cli) fn asked(&self) -> Asked {
        let of = |report: &Report| match report {
            Report::Junit(path) => (Kind::Junit, path.clone()),
            Report::Markdown(path) => (Kind::Markdown, path.clone()),
        };
        self.report.iter().map(of).collect()
    }
}

fn given<const N: usize>(flags: [(Kind, &Option<PathBuf>); N]) -> Asked {
    flags.into_iter().filter_map(|(kind, path)| Some((kind, path.clone()?))).collect()
}
