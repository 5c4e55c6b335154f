//! The document: scripts and styles by their sums, data compressed, nothing of the capture as markup.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::super::events::EventRow;
use super::super::summary::{Flow, Summary};
use super::flow_page::FlowPage;
use super::packed::Packed;
use super::rembs::Rembs;
use super::row::COLUMNS;
use super::thin::{MIN_PIXELS, PIXELS};

const UPLOT_LICENSE: &str = include_str!("vendor/uplot-1.6.32/LICENSE");
const UPLOT: &str = include_str!("vendor/uplot-1.6.32/uPlot.iife.min.js");
const UPLOT_STYLE: &str = include_str!("vendor/uplot-1.6.32/uPlot.min.css");
const STYLE: &str = include_str!("web/page.css");
/// In the order in which they build on each other.
const SCRIPTS: [&str; 10] = [
    include_str!("web/inflate.js"),
    include_str!("web/data.js"),
    include_str!("web/series.js"),
    include_str!("web/format.js"),
    include_str!("web/panels.js"),
    include_str!("web/marks.js"),
    include_str!("web/charts.js"),
    include_str!("web/events.js"),
    include_str!("web/sections.js"),
    include_str!("web/main.js"),
];
/// Bytes of columns that a page may have: in base64, and if nothing could be compressed, they are less than 8 MiB.
const MAX_BYTES: usize = 5 << 20;
/// Every row stays so long before and after an event, microseconds.
const AROUND_EVENT_US: i64 = 2_000_000;

/// What is put into a page.
pub struct PageContent<'a> {
    /// The capture's name.
    pub title: &'a str,
    /// All that was found.
    pub summary: &'a Summary,
    /// Their names, a line about each, and the series.
    pub flows: Vec<(String, String, FlowPage)>,
    /// What is shown first, seconds.
    pub view: Option<(f64, f64)>,
}

/// Writes the page. Where its flows have more rows than it may hold, these are thinned out.
///
/// # Errors
/// Those of the writer.
pub fn write_page(mut writer: impl Write, content: PageContent<'_>) -> io::Result<()> {
    let PageContent { title, summary, mut flows, view } = content;
    let spans = spans(summary.flows.iter().flat_map(|flow| &flow.events), &flows);
    fit(&mut flows, &spans);
    let mut columns = Columns::default();
    let flows: Vec<_> = flows.iter().map(|(name, about, flow)| columns.flow(name, about, flow)).collect();
    let json = serde_json::to_vec(&Content { title, view, flows, shown: shown(summary), summary })?;
    head(&mut writer, title)?;
    let size = 4 + json.len() + columns.parts.iter().map(|part| part.len()).sum::<usize>();
    write!(writer, "<script type=\"text/plain\" id=\"data\" data-size=\"{size}\">")?;
    let mut packed = DeflateEncoder::new(EncoderWriter::new(&mut writer, &STANDARD), Compression::new(LEVEL));
    packed.write_all(&u32::try_from(json.len()).map_err(io::Error::other)?.to_le_bytes())?;
    packed.write_all(&json)?;
    columns.parts.iter().try_for_each(|part| packed.write_all(part))?;
    packed.finish()?.finish()?;
    writeln!(writer, "</script>")?;
    let scripts = [uplot(), page_script()];
    scripts.iter().try_for_each(|script| writeln!(writer, "<script>{script}</script>"))?;
    writeln!(writer, "</body>\n</html>")
}

/// Beyond it the time doubles for a hundredth of the size.
const LEVEL: u32 = 5;

/// Of each of the summary's flows the places of the events that are shown: all but details.
fn shown(summary: &Summary) -> Vec<Vec<usize>> {
    let of_flow = |flow: &Flow| {
        let events = flow.events.iter().enumerate();
        events.filter(|(_, event)| !event.is_detail).map(|(place, _)| place).collect()
    };
    summary.flows.iter().map(of_flow).collect()
}

/// The flows' places of events that are shown, and from when to when they last, microseconds. A comparison has several flows
/// of one name, and each has its events.
fn spans<'a>(
    events: impl Iterator<Item = &'a EventRow>,
    flows: &[(String, String, FlowPage)],
) -> Vec<(usize, i64, i64)> {
    let spans = events.filter(|event| !event.is_detail).flat_map(|event| {
        let places = flows.iter().enumerate().filter(|(_, (name, ..))| *name == event.flow);
        let (from, to) = (event.at.0 / 1000, event.until.unwrap_or(event.at).0 / 1000);
        places.map(move |(place, _)| (place, from, to))
    });
    spans.collect()
}

/// Thins out rows until they fit: first but for those near events, then all, then to fewer pixels.
fn fit(flows: &mut [(String, String, FlowPage)], event_spans: &[(usize, i64, i64)]) {
    let bytes = |flows: &[(String, String, FlowPage)]| {
        flows.iter().map(|(.., flow)| flow.rows.bytes()).sum::<usize>()
    };
    let mut thin = |nears_events: bool, pixels: i64| {
        if bytes(flows) <= MAX_BYTES {
            return;
        }
        for (place, (.., flow)) in flows.iter_mut().enumerate() {
            let spans = event_spans.iter().filter(|(of, ..)| nears_events && *of == place);
            let spans: Vec<_> = spans
                .map(|(_, from, to)| (from - AROUND_EVENT_US, to.saturating_add(AROUND_EVENT_US)))
                .collect();
            flow.rows.thin(nears_events.then_some(&spans), pixels);
        }
    };
    thin(true, PIXELS);
    let pixels = std::iter::successors(Some(PIXELS), |pixels| Some(pixels / 2));
    pixels.take_while(|pixels| *pixels >= MIN_PIXELS).for_each(|pixels| thin(false, pixels));
}

#[derive(Serialize)]
struct Content<'a> {
    title: &'a str,
    view: Option<(f64, f64)>,
    flows: Vec<FlowMeta<'a>>,
    shown: Vec<Vec<usize>>,
    summary: &'a Summary,
}

#[derive(Serialize)]
struct FlowMeta<'a> {
    name: &'a str,
    subtitle: &'a str,
    left_out: usize,
    lacks_near_events: bool,
    rows: Table,
    replayed: Table,
    recorded: Vec<Recorded>,
    band: Table,
}

#[derive(Serialize)]
struct Recorded {
    ssrcs: Vec<String>,
    #[serde(flatten)]
    table: Table,
}

/// Where the columns of a table begin.
#[derive(Serialize)]
struct Table {
    count: usize,
    columns: serde_json::Map<String, serde_json::Value>,
}

/// The bytes of all columns, one after another.
#[derive(Default)]
struct Columns<'a> {
    parts: Vec<Cow<'a, [u8]>>,
    length: usize,
}

impl<'a> Columns<'a> {
    fn flow(&mut self, name: &'a str, subtitle: &'a str, flow: &'a FlowPage) -> FlowMeta<'a> {
        let rows = self.table(
            &COLUMNS,
            flow.rows.count,
            flow.rows.columns.each_ref().map(Packed::bytes).map(Into::into),
        );
        let replayed = self.rembs(&flow.replayed);
        let recorded = flow.recorded.iter().zip(flow.receivers.iter()).map(|(rembs, ssrcs)| Recorded {
            ssrcs: ssrcs.iter().map(ToString::to_string).collect(),
            table: self.rembs(rembs),
        });
        let recorded = recorded.collect();
        let names = [("from", 6), ("to", 6), ("min", 0), ("max", 0)];
        let band = flow.band.each_ref().map(Packed::bytes).map(Into::into);
        let band = self.table(&names, flow.band_count, band);
        let (left_out, lacks_near_events) = (flow.rows.left_out, flow.rows.lacks_near_events);
        FlowMeta { name, subtitle, left_out, lacks_near_events, rows, replayed, recorded, band }
    }

    fn rembs(&mut self, rembs: &Rembs) -> Table {
        let columns = rembs.columns().map(|column| Cow::Owned(column.bytes().to_vec()));
        self.table(&[("time", 6), ("rate", 0)], rembs.iter().count(), columns)
    }

    fn table<const N: usize>(
        &mut self,
        names: &[(&str, i32); N],
        count: usize,
        columns: [Cow<'a, [u8]>; N],
    ) -> Table {
        let places = names.iter().zip(columns).map(|((name, digits), bytes)| {
            let place = serde_json::json!({ "at": self.length, "digits": digits });
            self.length += bytes.len();
            self.parts.push(bytes);
            ((*name).to_owned(), place)
        });
        Table { count, columns: places.collect() }
    }
}

fn head(writer: &mut impl Write, title: &str) -> io::Result<()> {
    let scripts = [uplot(), page_script()].map(|script| sum(&script)).join(" ");
    let styles = [UPLOT_STYLE, STYLE].map(sum).join(" ");
    write!(
        writer,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; base-uri 'none'; \
         form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} – \
         remb-replay</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{UPLOT_STYLE}</style>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<main id=\"page\"><noscript>This page draws its data by the scripts in it, and asks nobody for \
         anything: allow them to run.</noscript></main>\n",
        title = escaped(title)
    )
}

fn uplot() -> String {
    format!("/*!\nuPlot 1.6.32\n{UPLOT_LICENSE}*/\n{UPLOT}")
}

fn page_script() -> String {
    format!("'use strict';\n{}", SCRIPTS.join("\n"))
}

/// As a content security policy names a script.
fn sum(text: &str) -> String {
    format!("'sha256-{}'", Base64Display::new(&Sha256::digest(text), &STANDARD))
}

/// Text that is no markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' | '(' | ')' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Seconds;

    #[test]
    fn the_plotting_library_is_what_its_origin_says() {
        let origin = include_str!("vendor/uplot-1.6.32/ORIGIN.md");
        for file in [UPLOT, UPLOT_STYLE, UPLOT_LICENSE] {
            let sum: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(origin.contains(&sum), "{sum}");
        }
        assert_eq!(UPLOT_LICENSE, include_str!("../../../LICENSE-UPLOT-MIT"));
    }

    #[test]
    fn scripts_do_not_end_before_their_end() {
        for script in [uplot(), page_script()] {
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        assert!(!STYLE.contains("</style") && !UPLOT_STYLE.contains("</style"));
    }

    #[test]
    fn an_event_is_of_every_flow_of_its_name_unless_it_is_a_detail() {
        let event = |flow: &str, second: i64, until: Option<i64>, is_detail| EventRow {
            flow: flow.to_owned(),
            kind: "pause",
            at: Seconds(second * 1_000_000_000),
            until: until.map(|second| Seconds(second * 1_000_000_000)),
            first_frame: None,
            cause: "",
            text: String::new(),
            is_detail,
            numbers: Vec::new(),
        };
        let events = [
            event("a", 1, Some(3), false),
            event("b", 5, None, false),
            event("a", 7, None, true),
            event("c", 9, None, false),
        ];
        let flows = ["a", "b", "a"].map(|name| (name.to_owned(), String::new(), FlowPage::default()));
        assert_eq!(
            spans(events.iter(), &flows),
            [(0, 1_000_000, 3_000_000), (2, 1_000_000, 3_000_000), (1, 5_000_000, 5_000_000)]
        );
    }

    #[test]
    fn rows_beyond_the_bound_are_thinned_but_near_events() {
        let mut flow = FlowPage::default();
        for at in 0..800_000_i64 {
            let noise = at * 7919 % 100_003;
            let queue_ms = Some(noise as f64 / 1e3);
            flow.row(&super::super::Row {
                at_us: at * 10_000,
                incoming_bps: Some(noise),
                queue_ms,
                ..Default::default()
            });
        }
        let mut flows = [("a".to_owned(), String::new(), flow)];
        fit(&mut flows, &[(0, 4_000_000_000, 4_001_000_000)]);
        let [(.., flow)] = &flows;
        assert!(flow.bytes() <= MAX_BYTES && flow.rows.left_out > 700_000, "{}", flow.bytes());
        let times: Vec<_> = flow.rows.columns[0].iter().flatten().collect();
        let near = times.iter().filter(|at| (3_998_000_000..=4_003_000_000).contains(*at)).count();
        assert_eq!((near, flow.rows.lacks_near_events), (501, false));
        // One event that lasts the whole time: then it is thinned, and says so.
        let [(.., flow)] = &mut flows;
        for at in 800_000..1_600_000_i64 {
            flow.row(&super::super::Row {
                at_us: at * 10_000,
                queue_ms: Some((at * 7919 % 100_003) as f64 / 1e3),
                ..Default::default()
            });
        }
        fit(&mut flows, &[(0, 0, 16_000_000_000)]);
        let [(.., flow)] = &flows;
        assert!(flow.bytes() <= MAX_BYTES && flow.rows.lacks_near_events, "{}", flow.bytes());
    }
}
