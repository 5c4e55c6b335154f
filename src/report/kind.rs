//! What the cells of a table's column are, by its name.

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Yes or no.
    Flag,
}

/// Columns that are words.
const TEXTS: [&str; 26] = [
    "bound",
    "capture",
    "captured_at",
    "carrier",
    "cause",
    "error",
    "estimator",
    "flow",
    "format",
    "kind",
    "payload_types",
    "rate_state",
    "reason",
    "retransmits",
    "rtt_source",
    "rtx_of",
    "sender_ssrc",
    "sha256",
    "ssrc",
    "ssrcs",
    "text",
    "type",
    "usage",
    "verdict",
    "warnings",
    "why",
];
/// Columns that are counts or other whole numbers, beside those in bytes and bit/s.
const INTEGERS: [&str; 21] = [
    "abs_send_time_id",
    "clock_hz",
    "decreases",
    "duplicates",
    "exit_code",
    "expected",
    "first_frame",
    "flows",
    "frames",
    "longest",
    "lost",
    "num_deltas",
    "packets",
    "packets_fed",
    "recorded_rembs",
    "remb_falls",
    "rembs",
    "reordered",
    "sender_pauses",
    "streams",
    "truncated",
];
/// Columns that are yes or no.
const FLAGS: [&str; 7] =
    ["encrypted", "fed_to_estimator", "fit", "probe", "rate_window_emptied", "recorded", "streams_timed_out"];
/// Columns that are numbers, beside those with a unit.
const REALS: [&str; 2] = ["share", "var_noise"];
/// Units, as the names of columns end.
const UNITS: [(&str, Kind); 9] = [
    ("_bps", Kind::Integer),
    ("_bytes", Kind::Integer),
    ("_kbps", Kind::Real),
    ("_ms", Kind::Real),
    ("_pct", Kind::Real),
    ("_percent", Kind::Real),
    ("_ppm", Kind::Real),
    ("_s", Kind::Real),
    ("_ratio", Kind::Real),
];

impl Kind {
    /// By a column's name; `None` of one that is not known.
    pub fn of(column: &str) -> Option<Self> {
        let lists = [
            (&TEXTS[..], Self::Text),
            (&INTEGERS, Self::Integer),
            (&FLAGS, Self::Flag),
            (&REALS, Self::Real),
        ];
        let listed = lists.into_iter().find(|(names, _)| names.contains(&column)).map(|(_, kind)| kind);
        listed.or_else(|| UNITS.iter().find(|(unit, _)| column.ends_with(unit)).map(|(_, kind)| *kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::events::EVENT_COLUMNS;
    use crate::report::fleet::{CAPTURE_COLUMNS, FLOW_COLUMNS};
    use crate::report::tables::{ESTIMATE_COLUMNS, REMB_COLUMNS, STREAM_COLUMNS};

    #[test]
    fn the_kind_of_every_column_is_known() {
        let tables = [
            &ESTIMATE_COLUMNS[..],
            &REMB_COLUMNS,
            &STREAM_COLUMNS,
            &EVENT_COLUMNS,
            &CAPTURE_COLUMNS,
            &FLOW_COLUMNS,
        ];
        let unknown: Vec<_> = tables.into_iter().flatten().filter(|name| Kind::of(name).is_none()).collect();
        assert!(unknown.is_empty(), "what are {unknown:?}?");
    }
}
