//! Events as flat rows: the columns of `events.csv`, the fields of the JSON.

use std::io;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::event_text;
use super::rows::{CAPTURE_COLUMN, Cells, Row, Rows};
use super::tables::{Clock, estimator_name};
use crate::model::{Event, FallCause, Gap, Happening, NoRiseCause, StreamKind};
use crate::units::{Bitrate, CaptureTime, Seconds, TimeDelta};

/// Columns of `events.csv`: what every event has, then the numbers of the types.
pub const EVENT_COLUMNS: [&str; 42] = [
    "flow",
    "type",
    "at_s",
    "until_s",
    "first_frame",
    "cause",
    "text",
    "why",
    "from_bps",
    "to_bps",
    "decreases",
    "incoming_bps",
    "gradient_ms",
    "threshold_ms",
    "queue_before_ms",
    "queue_ms",
    "window_s",
    "link_bps",
    "came_bps",
    "lost",
    "burst_bytes",
    "burst_ratio",
    "sender_pauses",
    "recorded",
    "queue_empty_s",
    "bound",
    "gap_s",
    "rate_window_emptied",
    "streams_timed_out",
    "expected",
    "share",
    "longest",
    "step_ms",
    "ssrc",
    "kind",
    "rtx_of",
    "estimator",
    "from_ms",
    "to_ms",
    "recorded_bps",
    "replayed_bps",
    "packet_queue_ms",
];
/// Columns that every event has.
const COMMON: usize = 7;

/// An event in words and plain numbers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EventRow {
    /// The flow.
    pub flow: String,
    /// The column `type`.
    pub kind: &'static str,
    /// When, or from when on.
    pub at: Seconds,
    /// Until when.
    pub until: Option<Seconds>,
    /// The first frame that shows it.
    pub first_frame: Option<u64>,
    /// Why; empty where it has no cause.
    pub cause: &'static str,
    /// In a sentence, without its time.
    pub text: String,
    /// Only for those who want all of it.
    pub is_detail: bool,
    /// The numbers of its type, by column; those that are not known are not there.
    pub numbers: Vec<(&'static str, Cell)>,
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// An integer.
    Integer(i64),
    /// A real number with so many decimals.
    Fixed(f64, u32),
    /// A word; of a flag yes or no.
    Word(String),
}

impl EventRow {
    /// Of an event of a flow by this name.
    pub fn of(event: &Event, flow: &str) -> Self {
        Self {
            flow: flow.to_owned(),
            kind: event.what.name(),
            at: event.at,
            until: event.until,
            first_frame: event.first_frame.map(|frame| frame.0),
            cause: cause(&event.what),
            text: event_text::sentence(event),
            is_detail: event.is_detail,
            numbers: numbers(&event.what),
        }
    }

    /// Why in a word: what was behind the cause, where there is such, else the cause.
    pub(super) fn reason(&self) -> &str {
        match self.number("why") {
            Some(Cell::Word(why)) => why,
            _ => self.cause,
        }
    }

    /// The value of a column, where it is a number.
    pub fn value(&self, column: &str) -> Option<f64> {
        match self.number(column)? {
            Cell::Integer(value) => Some(*value as f64),
            Cell::Fixed(value, _) => Some(*value),
            Cell::Word(_) => None,
        }
    }

    /// The same in a table of several captures.
    #[must_use]
    pub fn of_capture(mut self, name: &str) -> Self {
        self.numbers.push((CAPTURE_COLUMN, Cell::Word(name.to_owned())));
        self
    }

    /// The value of a column beyond those that all have.
    pub fn number(&self, column: &str) -> Option<&Cell> {
        self.numbers.iter().find(|(name, _)| *name == column).map(|(_, cell)| cell)
    }
}

impl Serialize for EventRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("flow", &self.flow)?;
        map.serialize_entry("type", self.kind)?;
        map.serialize_entry("at_s", &self.at)?;
        map.serialize_entry("until_s", &self.until)?;
        map.serialize_entry("first_frame", &self.first_frame)?;
        map.serialize_entry("cause", &Some(self.cause).filter(|cause| !cause.is_empty()))?;
        map.serialize_entry("text", &self.text)?;
        for (name, cell) in &self.numbers {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Fixed(value, digits) => {
                let unit = 10_f64.powi((*digits).cast_signed());
                serializer.serialize_f64((value * unit).round() / unit)
            }
            Self::Word(word) => serializer.serialize_str(word),
        }
    }
}

/// Writes the table of events, whole. Where they are of several captures, these stand at its end.
///
/// # Errors
/// Those of the table.
pub fn write_events(rows: &mut impl Rows, events: &[EventRow], nanoseconds: bool) -> io::Result<()> {
    let of_several = events.iter().any(|event| event.number(CAPTURE_COLUMN).is_some());
    let columns: Vec<_> = EVENT_COLUMNS.into_iter().chain(of_several.then_some(CAPTURE_COLUMN)).collect();
    rows.header(&columns)?;
    let clock = Clock { first: CaptureTime::default(), nanoseconds };
    events.iter().try_for_each(|event| rows.row(&InColumns { event, columns: &columns, clock }))
}

struct InColumns<'a> {
    event: &'a EventRow,
    columns: &'a [&'static str],
    clock: Clock,
}

impl Row for InColumns<'_> {
    fn cells(&self, cells: &mut impl Cells) {
        let Self { event, columns, clock } = self;
        cells.text(&event.flow);
        cells.word(event.kind);
        clock.cell(cells, event.at.0);
        cells.optional(event.until, |cells, until| clock.cell(cells, until.0));
        cells.optional(event.first_frame, |cells, frame| cells.count(frame));
        cells.word(event.cause);
        cells.text(&event.text);
        for column in columns.iter().skip(COMMON) {
            cells.optional(event.number(column), |cells, cell| match cell {
                Cell::Integer(value) => cells.integer(*value),
                Cell::Fixed(value, digits) => cells.fixed(*value, *digits),
                Cell::Word(word) => cells.written(word),
            });
        }
    }
}

fn cause(what: &Happening) -> &'static str {
    match what {
        Happening::Fall(fall) => fall.cause.name(),
        Happening::NoRise(hold) => hold.cause.name(),
        Happening::Loss(loss) => loss.cause.name(),
        Happening::Stream(stream) => stream.change.name(),
        Happening::Estimator(estimator) => estimator.cause.name(),
        Happening::NoRemb(no_remb) => no_remb.why.name(),
        Happening::Pause(_)
        | Happening::Outage(_)
        | Happening::Path(_)
        | Happening::Probe(_)
        | Happening::Rtt(_)
        | Happening::Divergence(_) => "",
    }
}

fn numbers(what: &Happening) -> Vec<(&'static str, Cell)> {
    let mut cells = Numbers(Vec::new());
    match what {
        Happening::Fall(fall) => {
            if let FallCause::OverUse(why) = fall.cause {
                cells.word("why", why.name());
            }
            cells.rate("from_bps", Some(fall.from));
            cells.rate("to_bps", Some(fall.to));
            cells.count("decreases", fall.decreases);
            cells.rate("incoming_bps", fall.incoming);
            cells.ms("gradient_ms", fall.gradient_ms);
            cells.ms("threshold_ms", fall.threshold_ms);
            cells.ms("queue_before_ms", fall.queue_before_ms);
            cells.ms("queue_ms", fall.queue_ms);
            cells.ms("packet_queue_ms", fall.packet_queue_ms);
            cells.seconds("window_s", fall.window);
            cells.rate("link_bps", fall.link);
            cells.rate("came_bps", fall.came);
            cells.count("lost", fall.lost);
            if let Some(burst) = fall.burst {
                cells.count("burst_bytes", burst.bytes);
                cells.push("burst_ratio", Cell::Fixed(burst.ratio, 2));
            }
            cells.count("sender_pauses", fall.sender_pauses);
            if let Some(recorded) = fall.recorded {
                cells.flag("recorded", recorded);
            }
        }
        Happening::NoRise(hold) => {
            cells.rate("from_bps", Some(hold.held));
            cells.rate("incoming_bps", hold.incoming);
            if let Some(since) = hold.queue_empty_since {
                cells.push("queue_empty_s", Cell::Fixed(since.0 as f64 / 1e9, 6));
            }
            if let NoRiseCause::Bound(name) = hold.cause {
                cells.word("bound", name);
            }
            cells.seconds("gap_s", hold.no_packets);
        }
        Happening::Pause(gap) | Happening::Outage(gap) => cells.gap(gap),
        Happening::Loss(loss) => {
            cells.ms("queue_ms", loss.queue_ms);
            cells.count("lost", loss.lost);
            cells.count("expected", loss.expected);
            cells.push("share", Cell::Fixed(loss.share(), 4));
            cells.count("longest", loss.longest);
        }
        Happening::Path(path) => cells.ms("step_ms", Some(ms(path.step))),
        Happening::Probe(probe) => {
            cells.rate("from_bps", probe.from);
            cells.rate("to_bps", Some(probe.to));
        }
        Happening::Stream(stream) => {
            cells.word("ssrc", &stream.ssrc.to_string());
            cells.word("kind", stream.kind.name());
            if let StreamKind::Rtx { of: Some(of) } = stream.kind {
                cells.word("rtx_of", &of.to_string());
            }
        }
        Happening::Estimator(change) => cells.word("estimator", estimator_name(change.to)),
        Happening::Rtt(rtt) => {
            cells.ms("from_ms", Some(ms(rtt.from)));
            cells.ms("to_ms", Some(ms(rtt.to)));
        }
        Happening::Divergence(apart) => {
            cells.rate("recorded_bps", Some(apart.recorded));
            cells.rate("replayed_bps", Some(apart.replayed));
        }
        Happening::NoRemb(_) => {}
    }
    cells.0
}

fn ms(span: TimeDelta) -> f64 {
    span.as_micros() as f64 / 1e3
}

/// Cells by their columns.
struct Numbers(Vec<(&'static str, Cell)>);

impl Numbers {
    fn push(&mut self, column: &'static str, cell: Cell) {
        self.0.push((column, cell));
    }

    fn word(&mut self, column: &'static str, word: &str) {
        self.push(column, Cell::Word(word.to_owned()));
    }

    fn flag(&mut self, column: &'static str, flag: bool) {
        self.word(column, if flag { "yes" } else { "no" });
    }

    fn count(&mut self, column: &'static str, count: u64) {
        self.push(column, Cell::Integer(i64::try_from(count).unwrap_or(i64::MAX)));
    }

    fn rate(&mut self, column: &'static str, rate: Option<Bitrate>) {
        self.0.extend(rate.map(|rate| (column, Cell::Integer(rate.as_bps()))));
    }

    fn ms(&mut self, column: &'static str, ms: Option<f64>) {
        self.0.extend(ms.map(|ms| (column, Cell::Fixed(ms, 4))));
    }

    fn seconds(&mut self, column: &'static str, span: Option<TimeDelta>) {
        self.0.extend(span.map(|span| (column, Cell::Fixed(span.to_secs_f64(), 6))));
    }

    fn gap(&mut self, gap: &Gap) {
        self.count("lost", gap.lost);
        self.seconds("gap_s", Some(gap.gap));
        self.flag("rate_window_emptied", gap.empties_rate_window);
        self.flag("streams_timed_out", gap.times_out);
    }
}
