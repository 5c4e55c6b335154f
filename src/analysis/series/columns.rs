//! Which columns of a file are which, and how their cells are read.

use super::cells::{TimeUnit, has_unit, list, rate, rate_unit};
use super::{ColumnNames, SeriesError, SeriesEvent, TimeBasis};

/// The columns of a file that matter, by their places.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) all: Vec<String>,
    /// At least one, the one that is taken first if it may be chosen.
    times: Vec<TimeColumn>,
    rate: usize,
    /// Bit/s of one, where its cells have no unit.
    rate_unit: f64,
    ssrcs: Option<usize>,
    flow: Option<usize>,
    missing: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct TimeColumn {
    place: usize,
    unit: TimeUnit,
    basis: TimeBasis,
    is_guessed: bool,
}

/// How the rows of a file are read.
pub(super) struct Form<'a> {
    columns: &'a Columns,
    time: TimeColumn,
    pub(super) basis: TimeBasis,
}

/// Names of our own come first, in this order.
const TIMES: [&str; 2] = ["time_s", "unix_time_s"];
const RATES: [&str; 2] = ["bitrate_bps", "estimate_bps"];
/// What others call them, but for a unit at the end.
const OTHER_TIMES: [&str; 9] =
    ["time", "timestamp", "unix_time", "unix_timestamp", "unix", "epoch", "ts", "datetime", "date"];
const OTHER_RATES: [&str; 6] = ["bitrate", "estimate", "rate", "remb", "remb_bitrate", "bandwidth"];
/// So many seconds after the first frame are none: they count from 1970.
const EPOCH_FROM_S: f64 = 1e8;

impl Columns {
    pub(super) fn find(
        header: &csv::StringRecord,
        first: Option<&csv::StringRecord>,
        names: &ColumnNames,
    ) -> Result<Self, SeriesError> {
        let all: Vec<_> = header.iter().map(|name| name.trim().to_owned()).collect();
        let table = Table { all: &all, first };
        let mut missing = Vec::new();
        let mut named = |name: &Option<String>| {
            let (place, unit) = table.named(name.as_deref()?);
            if place.is_none() {
                missing.extend(name.clone());
            }
            Some((place?, unit))
        };
        let [time, rate, ssrcs, flow] = [&names.time, &names.rate, &names.ssrcs, &names.flow].map(&mut named);
        let place = |named: Option<(usize, Option<f64>)>| named.map(|(place, _)| place);
        let times = table.times(place(time), &names.time)?;
        let (rate, rate_unit) = match rate {
            Some((place, None)) if counts_bytes(table.name(place)) => {
                return Err(SeriesError::Bytes(table.name(place).to_owned()));
            }
            Some((place, unit)) => (place, unit.or_else(|| unit_of_name(table.name(place)))),
            None => table.rate(&names.rate)?,
        };
        let (ssrcs, flow) =
            (place(ssrcs).or_else(|| table.place("ssrcs")), place(flow).or_else(|| table.place("flow")));
        Ok(Self { times, rate, rate_unit: rate_unit.unwrap_or(1.0), ssrcs, flow, missing, all })
    }

    /// Columns that `--column` names and that are not there.
    pub(super) fn missing(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().map(String::as_str)
    }

    /// What times there are count from.
    pub(super) fn bases(&self) -> Vec<TimeBasis> {
        self.times.iter().map(|time| time.basis).collect()
    }

    pub(super) fn basis_in_words(&self) -> &'static str {
        match self.bases().first() {
            Some(TimeBasis::Epoch) => "1970",
            _ => "the first frame",
        }
    }

    /// By the first time that counts from `basis`, or that there is.
    pub(super) fn form(&self, basis: Option<TimeBasis>) -> Form<'_> {
        let fits = |time: &&TimeColumn| basis.is_none_or(|basis| time.basis == basis);
        let none =
            TimeColumn { place: 0, unit: TimeUnit::Seconds, basis: TimeBasis::FirstFrame, is_guessed: false };
        let time = self.times.iter().find(fits).or(self.times.first()).copied().unwrap_or(none);
        Form { columns: self, time, basis: time.basis }
    }

    fn name(&self, place: usize) -> &str {
        self.all.get(place).map_or("", String::as_str)
    }
}

/// A header, and the row below it.
struct Table<'a> {
    all: &'a [String],
    first: Option<&'a csv::StringRecord>,
}

impl Table<'_> {
    fn place(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|column| column == name)
    }

    fn name(&self, place: usize) -> &str {
        self.all.get(place).map_or("", String::as_str)
    }

    fn cell(&self, place: usize) -> &str {
        self.first.and_then(|row| row.get(place)).unwrap_or_default().trim()
    }

    /// A column of this name; or of its beginning, where its end is a unit.
    fn named(&self, name: &str) -> (Option<usize>, Option<f64>) {
        let with_unit = || {
            let (name, unit) = name.rsplit_once(':')?;
            Some((self.place(name)?, rate_unit(unit)?))
        };
        match (self.place(name), with_unit()) {
            (None, Some((place, unit))) => (Some(place), Some(unit)),
            (place, _) => (place, None),
        }
    }

    /// Columns with names of our own, then with what others call it, but for a unit at the end.
    fn known<'a>(
        &'a self,
        own: &'a [&str],
        others: &'a [&str],
        without_unit: fn(&str) -> &str,
    ) -> impl Iterator<Item = usize> + 'a {
        let is_other = move |name: &String| {
            let plain = without_unit(name).trim().to_ascii_lowercase();
            !own.contains(&name.as_str()) && others.contains(&plain.as_str())
        };
        let other =
            self.all.iter().enumerate().filter(move |(_, name)| is_other(name)).map(|(place, _)| place);
        own.iter().filter_map(|name| self.place(name)).chain(other)
    }

    /// Without a name that was given, those whose names or cells say in what unit they are.
    fn times(&self, found: Option<usize>, named: &Option<String>) -> Result<Vec<TimeColumn>, SeriesError> {
        let says_unit = |place: &usize| {
            TimeUnit::of_name(self.name(*place)).is_some() || TimeUnit::Date.read(self.cell(*place)).is_some()
        };
        let known = self.known(&TIMES, &OTHER_TIMES, TimeUnit::without).filter(says_unit);
        let places: Vec<_> = found.map_or_else(|| known.collect(), |place| vec![place]);
        if places.is_empty() {
            return Err(SeriesError::NoTime { named: named.clone(), there: self.all.to_vec() });
        }
        Ok(places.into_iter().map(|place| time_column(place, self.name(place), self.cell(place))).collect())
    }

    /// The same of a rate, and its unit.
    fn rate(&self, named: &Option<String>) -> Result<(usize, Option<f64>), SeriesError> {
        let says_unit = |(place, unit): &(usize, Option<f64>)| unit.is_some() || has_unit(self.cell(*place));
        let mut known = self.known(&RATES, &OTHER_RATES, without_rate_unit);
        let known = known.by_ref().map(|place| (place, unit_of_name(self.name(place)))).find(says_unit);
        known.ok_or_else(|| SeriesError::NoRate { named: named.clone(), there: self.all.to_vec() })
    }
}

/// How a column of times is read: by its name, else by its first cell.
fn time_column(place: usize, name: &str, first: &str) -> TimeColumn {
    let name = name.to_ascii_lowercase();
    let is_unix = ["unix", "epoch"].iter().any(|word| name.contains(word));
    if TimeUnit::Date.read(first).is_some() {
        return TimeColumn { place, unit: TimeUnit::Date, basis: TimeBasis::Epoch, is_guessed: false };
    }
    let size = first.parse().map_or(0.0, f64::abs);
    let unit = TimeUnit::of_name(&name);
    let seconds = unit.map_or(size, |unit| size / unit.per_second());
    let by_size = match seconds {
        _ if unit.is_some() || seconds < 1e11 => unit.unwrap_or(TimeUnit::Seconds),
        _ if seconds < 1e14 => TimeUnit::Milliseconds,
        _ if seconds < 1e17 => TimeUnit::Microseconds,
        _ => TimeUnit::Nanoseconds,
    };
    let is_epoch = is_unix || size / by_size.per_second() >= EPOCH_FROM_S;
    let is_guessed = (unit.is_none() && by_size != TimeUnit::Seconds) || (is_epoch && !is_unix);
    let basis = if is_epoch { TimeBasis::Epoch } else { TimeBasis::FirstFrame };
    TimeColumn { place, unit: by_size, basis, is_guessed }
}

/// A name that ends in a unit, in brackets or behind a separator: its unit.
fn unit_of_name(name: &str) -> Option<f64> {
    let rest = without_rate_unit(name);
    let unit = name.get(rest.len()..)?.trim_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '/'));
    rate_unit(unit)
}

/// Whether the unit at its end is one of bytes: `kBps`.
fn counts_bytes(name: &str) -> bool {
    unit_of_name(name).is_none() && unit_of_name(&name.to_ascii_lowercase()).is_some()
}

fn without_rate_unit(name: &str) -> &str {
    let plain = name.trim_end_matches([')', ']']);
    let cut = plain.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '/'));
    match cut.and_then(|cut| plain.split_at_checked(cut)) {
        Some((rest, unit))
            if rate_unit(unit.trim_start_matches(|c: char| !c.is_ascii_alphanumeric())).is_some() =>
        {
            rest.trim_end_matches(|c: char| !c.is_ascii_alphanumeric())
        }
        _ => name,
    }
}

impl Form<'_> {
    /// What was taken for granted.
    pub(super) fn note(&self) -> Option<String> {
        let Self { columns, time, basis } = self;
        let from = if *basis == TimeBasis::Epoch { "1970" } else { "the first frame" };
        let what = format!(
            "times of column '{}' are read as {} since {from}, by their size",
            columns.name(time.place),
            time.unit.name()
        );
        time.is_guessed.then_some(what)
    }

    /// `None` for a row without a rate: there was no estimate yet. The error is what is wrong in which column.
    pub(super) fn event<'a>(
        &self,
        row: &'a csv::StringRecord,
    ) -> Result<Option<(&'a str, SeriesEvent)>, String> {
        let Self { columns, time, .. } = self;
        let cell = |place: usize| row.get(place).map_or("", str::trim);
        if cell(columns.rate).is_empty() {
            return Ok(None);
        }
        let wrong = |place: usize, why: String| format!("column '{}': {why}", columns.name(place));
        let text = cell(time.place);
        let at_ns = time.unit.read(text);
        let at_ns = at_ns
            .ok_or_else(|| wrong(time.place, format!("'{text}' is no time {}", time.unit.in_words())))?;
        let text = cell(columns.rate);
        let bps = rate(text, columns.rate_unit);
        let bps = bps.ok_or_else(|| wrong(columns.rate, format!("'{text}' is no bit rate")))?;
        let streams = |place: usize| {
            list(cell(place))
                .map_err(|word| wrong(place, format!("'{word}' is no SSRC (0x-hex or decimal, 32 bits)")))
        };
        let ssrcs = columns.ssrcs.map(streams).transpose()?.filter(|list| !list.is_empty());
        Ok(Some((columns.flow.map_or("", cell), SeriesEvent { at_ns, bps, ssrcs })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_rate_is_at_the_end_of_its_columns_name() {
        for (name, unit) in [
            ("bitrate_kbps", Some(1e3)),
            ("remb (Mbit/s)", Some(1e6)),
            ("rate[bps]", Some(1.0)),
            ("Bitrate kbit/s", Some(1e3)),
            ("bitrate_kBps", None),
            ("BITRATE_KBPS", Some(1e3)),
            ("bitrate", None),
            ("kbps", None),
            ("bitrate_of_bob", None),
        ] {
            assert_eq!(unit_of_name(name), unit, "{name}");
        }
    }
}
