//! A replay's events as pictures and pages of its flows.

use std::convert::Infallible;
use std::io::{self, Write};

use crate::config::Parameters;
use crate::model::{Conditions, Doubt, Limit, RttSource, Warning};
use crate::replay::{Event, Sink};
use crate::report::events::EventRow;
use crate::report::page::{PageContent, Pages, Row, write_page};
use crate::report::plot::{Figure, Silence};
use crate::report::summary::{Flow, Summary};
use crate::report::title::title;
use crate::survey::FlowInfo;
use crate::units::{CaptureTime, Count, Seconds};
use remb::bwe::Step;

/// At most so many flows are drawn, in order of appearance.
const MAX_FIGURES: usize = 16;

/// Which drawings are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// A picture of each flow.
    pub figures: bool,
    /// A page of all flows.
    pub page: bool,
}

/// What is drawn of a replay, as far as it has gone: the first 16 flows, or one.
#[derive(Debug)]
pub struct Drawings {
    first: CaptureTime,
    /// What is shown, seconds since the first frame; all, where it is not said.
    view: Option<(f64, f64)>,
    has_figures: bool,
    /// No flow but this one.
    only: Option<String>,
    pages: Option<Pages>,
    /// By their places; none where nothing happened yet.
    flows: Vec<Option<Drawn>>,
    not_drawn: u64,
}

/// A flow in which something happened.
#[derive(Debug)]
struct Drawn {
    is_drawn: bool,
    figure: Option<Figure>,
}

impl Drawings {
    /// Before the first event. `view` is what is shown, in seconds since the capture's first frame, whose time is `first`.
    pub fn new(first: CaptureTime, wanted: Wanted, view: Option<(f64, f64)>) -> Self {
        let pages = wanted.page.then(Pages::default);
        let (has_figures, flows) = (wanted.figures, Vec::new());
        Self { first, view, has_figures, only: None, pages, flows, not_drawn: 0 }
    }

    /// Draws this flow, as it is called in the summary, and no other: be it behind the first 16.
    #[must_use]
    pub fn only(mut self, flow: &str) -> Self {
        self.only = Some(flow.to_owned());
        self
    }

    /// That there are more flows than are drawn.
    pub fn doubt(&self) -> Option<Warning> {
        let count = Count { count: self.not_drawn, first_frame: 0 };
        let doubt = Doubt::Limit(Limit::Figures(MAX_FIGURES));
        (count.count > 0).then_some(Warning { doubt, flow: None, count: Some(count) })
    }

    /// Writes the page. `places` are those of the summary's flows.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_page(
        &mut self,
        writer: &mut impl Write,
        (summary, places): (&Summary, &[usize]),
        parameters: &Parameters,
    ) -> io::Result<()> {
        let pages = self.pages.take().unwrap_or_default().into_flows();
        let flows = pages.filter_map(|(place, page)| {
            let flow = of_place(summary, places, place)?;
            let [_, about] = title(summary, parameters, Some(flow));
            Some((flow.flow.clone(), about, page))
        });
        let end = summary.input.span_s.map_or(f64::MAX, |span| span.0 as f64 / 1e9);
        let view = self.view.map(|(from, to)| (from, if to.is_finite() { to } else { end }));
        write_page(
            writer,
            PageContent { title: summary.input.shown(), summary, flows: flows.collect(), view },
        )
    }

    /// The pictures, each with its flow's name; where no flow was estimated, one that says so. `places` are as above.
    pub fn into_figures(
        self,
        (summary, places): (&Summary, &[usize]),
        parameters: &Parameters,
    ) -> Vec<(Option<String>, Figure)> {
        if !self.has_figures {
            return Vec::new();
        }
        let flows = self.flows.into_iter().enumerate();
        let mut figures: Vec<_> = flows
            .filter_map(|(place, flow)| Some((of_place(summary, places, place), flow?.figure?)))
            .collect();
        if figures.is_empty() {
            figures.push((None, Figure::new()));
        }
        let finished = |(flow, mut figure): (Option<&Flow>, Figure)| {
            figure.set_silences(flow.into_iter().flat_map(|flow| &flow.events).filter_map(silence).collect());
            if flow.is_none_or(|flow| flow.rtt.source == RttSource::Default.name()) {
                figure.without_rtt();
            }
            figure.set_title(&title(summary, parameters, flow));
            (flow.map(|flow| flow.flow.clone()), figure)
        };
        figures.into_iter().map(finished).collect()
    }

    #[cold]
    fn announce(&mut self, FlowInfo { index: place, flow, .. }: &FlowInfo) {
        let place = *place;
        if self.flows.len() <= place {
            self.flows.resize_with(place + 1, || None);
        }
        let is_wanted = self.only.as_ref().is_none_or(|only| flow.to_string() == *only);
        let has_room = self.flows.iter().flatten().filter(|flow| flow.is_drawn).count() < MAX_FIGURES;
        self.not_drawn += u64::from(is_wanted && !has_room);
        let is_drawn = is_wanted && has_room;
        if let Some(pages) = self.pages.as_mut().filter(|_| is_drawn) {
            pages.begin(place);
        }
        let figure = (self.has_figures && is_drawn).then(|| match self.view {
            Some((from, to)) => Figure::of_view(from, to),
            None => Figure::new(),
        });
        if let Some(flow) = self.flows.get_mut(place) {
            *flow = Some(Drawn { is_drawn, figure });
        }
    }

    fn figure(&mut self, place: usize) -> Option<&mut Figure> {
        self.flows.get_mut(place)?.as_mut()?.figure.as_mut()
    }

    fn step(&mut self, place: usize, since_first: i64, step: &Step, conditions: &Conditions) {
        if let Some(pages) = &mut self.pages {
            pages.row(place, || Row::of(since_first.div_euclid(1000), step, conditions));
        }
        let Some(figure) = self.figure(place) else { return };
        let seconds = since_first as f64 / 1e9;
        let rtt_ms = conditions.rtt.as_micros() as f64 / 1e3;
        figure.path(seconds, conditions.queue_ms, rtt_ms, conditions.lost);
        figure.rates(
            seconds,
            step.incoming.map(|rate| rate.as_bps() as f64),
            step.estimate.map(|rate| rate.as_bps() as f64),
        );
        if let Some(packet) = step.packet.filter(|packet| packet.group.is_some()) {
            let delay = packet.delay;
            figure.gradient(seconds, delay.modified_offset_ms, delay.threshold_ms, delay.usage);
        }
    }
}

impl Sink for Drawings {
    type Error = Infallible;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Infallible> {
        let place = flow.index;
        if self.flows.get(place).is_none_or(Option::is_none) {
            self.announce(flow);
        }
        let since_first = at.as_nanos() - self.first.as_nanos();
        let (seconds, micros) = (since_first as f64 / 1e9, since_first / 1000);
        match event {
            Event::Step(step, conditions) => self.step(place, since_first, step, conditions),
            Event::Remb(remb) => {
                let bps = remb.bitrate.as_bps();
                if let Some(page) = self.pages.as_mut().and_then(|pages| pages.at(place)) {
                    page.replayed(micros, bps);
                }
                if let Some(figure) = self.figure(place) {
                    figure.remb(seconds, bps as f64);
                }
            }
            Event::Recorded(remb) => {
                let (bps, ssrcs) = (remb.bitrate.as_bps(), remb.ssrcs.as_deref().unwrap_or_default());
                if let Some(page) = self.pages.as_mut().and_then(|pages| pages.at(place)) {
                    page.recorded(micros, bps, ssrcs);
                }
                if let Some(figure) = self.figure(place) {
                    figure.recorded(seconds, bps as f64, ssrcs);
                }
            }
        }
        Ok(())
    }
}

fn of_place<'a>(summary: &'a Summary, places: &[usize], place: usize) -> Option<&'a Flow> {
    summary.flows.get(places.iter().position(|of_flow| *of_flow == place)?)
}

/// A pause of the sender or of the network.
fn silence(event: &EventRow) -> Option<Silence> {
    let is_outage = match event.kind {
        "pause" => false,
        "outage" => true,
        _ => return None,
    };
    let seconds = |at: Seconds| at.0 as f64 / 1e9;
    Some(Silence { from: seconds(event.at), to: seconds(event.until?), is_outage })
}
