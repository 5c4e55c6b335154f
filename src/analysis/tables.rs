//! A replay's events as rows of `remb.csv` and `estimate.csv`, into any writers: files, standard output, memory.

use std::io::{self, Write};

use crate::model::{Conditions, Doubt, Warning};
use crate::replay::{Event, SentRemb, Sink};
use crate::report::csv::{Clock, EstimateCsv, RembCsv, RembRow};
use crate::survey::FlowInfo;
use crate::units::{CaptureTime, Count, Ssrc};
use remb::bwe::Step;

/// Writes the tables as the replay goes: REMBs into a writer, and estimates into one that may be of another kind.
#[derive(Debug)]
pub struct Tables<W: Write, E: Write = W> {
    sender_ssrc: Ssrc,
    rembs: Option<RembCsv<W>>,
    estimates: Option<EstimateCsv<E>>,
    /// The flows in words, by their places; empty where nothing happened yet.
    names: Vec<String>,
    /// REMBs with more SSRCs than they can list.
    without_ssrcs: u64,
}

impl<W: Write, E: Write> Tables<W, E> {
    /// Writes the headers of those that are wanted.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn new(clock: Clock, sender_ssrc: Ssrc, rembs: Option<W>, estimates: Option<E>) -> io::Result<Self> {
        Ok(Self {
            sender_ssrc,
            rembs: rembs.map(|rembs| RembCsv::new(rembs, clock)).transpose()?,
            estimates: estimates.map(|estimates| EstimateCsv::new(estimates, clock)).transpose()?,
            names: Vec::new(),
            without_ssrcs: 0,
        })
    }

    /// The writers, after the last row: of REMBs and of estimates.
    pub fn into_inner(self) -> (Option<W>, Option<E>) {
        (self.rembs.map(RembCsv::into_inner), self.estimates.map(EstimateCsv::into_inner))
    }

    /// REMBs that list no SSRCs, for they concern too many.
    pub fn doubt(&self) -> Option<Warning> {
        let count = Count { count: self.without_ssrcs, first_frame: 0 };
        let doubt = Warning { doubt: Doubt::RembsWithoutList, flow: None, count: Some(count) };
        (count.count > 0).then_some(doubt)
    }

    fn remb(&mut self, place: usize, at: CaptureTime, remb: &SentRemb) -> io::Result<()> {
        self.without_ssrcs += u64::from(remb.ssrcs.is_empty());
        let (Some(csv), Some(flow)) = (&mut self.rembs, self.names.get(place)) else { return Ok(()) };
        let SentRemb { bitrate, reason, ref ssrcs } = *remb;
        csv.write(&RembRow { at, flow, sender_ssrc: self.sender_ssrc, bitrate, reason, ssrcs })
    }

    fn step(&mut self, place: usize, at: CaptureTime, step: (&Step, &Conditions)) -> io::Result<()> {
        match (&mut self.estimates, self.names.get(place)) {
            (Some(csv), Some(flow)) => csv.write(flow, at, step),
            _ => Ok(()),
        }
    }

    #[cold]
    fn announce(&mut self, info: &FlowInfo) {
        if self.names.len() <= info.index {
            self.names.resize_with(info.index + 1, String::new);
        }
        if let Some(name) = self.names.get_mut(info.index) {
            *name = info.flow.to_string();
        }
    }
}

impl<W: Write, E: Write> Sink for Tables<W, E> {
    type Error = io::Error;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> io::Result<()> {
        if self.names.get(flow.index).is_none_or(String::is_empty) {
            self.announce(flow);
        }
        match event {
            Event::Step(step, conditions) => self.step(flow.index, at, (step, conditions)),
            Event::Remb(remb) => self.remb(flow.index, at, remb),
            Event::Recorded(_) => Ok(()),
        }
    }
}
