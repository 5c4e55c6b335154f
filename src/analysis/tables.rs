//! A replay's events as rows of its tables of REMBs and of estimates, whatever is made of them.

use std::io;

use crate::model::{Conditions, Doubt, Warning};
use crate::replay::{Event, SentRemb, Sink};
use crate::report::rows::Rows;
use crate::report::tables::{Clock, ESTIMATE_COLUMNS, REMB_COLUMNS, RembRow, StepRow};
use crate::survey::FlowInfo;
use crate::units::{CaptureTime, Count, Ssrc};
use remb::bwe::Step;

/// Writes the tables as the replay goes: REMBs into one, and estimates into one that may be of another kind.
#[derive(Debug)]
pub struct Tables<R: Rows, E: Rows = R> {
    clock: Clock,
    sender_ssrc: Ssrc,
    rembs: Option<R>,
    estimates: Option<E>,
    /// The flows in words, by their places; empty where nothing happened yet.
    names: Vec<String>,
    /// REMBs with more SSRCs than they can list.
    without_ssrcs: u64,
}

impl<R: Rows, E: Rows> Tables<R, E> {
    /// Begins those that are wanted.
    ///
    /// # Errors
    /// Those of the tables.
    pub fn new(
        clock: Clock,
        sender_ssrc: Ssrc,
        mut rembs: Option<R>,
        mut estimates: Option<E>,
    ) -> io::Result<Self> {
        rembs.as_mut().map_or(Ok(()), |rembs| rembs.header(&REMB_COLUMNS))?;
        estimates.as_mut().map_or(Ok(()), |estimates| estimates.header(&ESTIMATE_COLUMNS))?;
        Ok(Self { clock, sender_ssrc, rembs, estimates, names: Vec::new(), without_ssrcs: 0 })
    }

    /// The tables, after the last row: of REMBs and of estimates.
    pub fn into_inner(self) -> (Option<R>, Option<E>) {
        (self.rembs, self.estimates)
    }

    /// REMBs that list no SSRCs, for they concern too many.
    pub fn doubt(&self) -> Option<Warning> {
        let count = Count { count: self.without_ssrcs, first_frame: 0 };
        let doubt = Warning { doubt: Doubt::RembsWithoutList, flow: None, count: Some(count) };
        (count.count > 0).then_some(doubt)
    }

    fn remb(&mut self, place: usize, at: CaptureTime, remb: &SentRemb) -> io::Result<()> {
        self.without_ssrcs += u64::from(remb.ssrcs.is_empty());
        let (Some(rembs), Some(flow)) = (&mut self.rembs, self.names.get(place)) else { return Ok(()) };
        let Self { clock, sender_ssrc, .. } = *self;
        let SentRemb { bitrate, reason, ref ssrcs } = *remb;
        rembs.row(&RembRow { clock, at, flow, sender_ssrc, bitrate, reason, ssrcs })
    }

    fn step(
        &mut self,
        place: usize,
        at: CaptureTime,
        (step, conditions): (&Step, &Conditions),
    ) -> io::Result<()> {
        match (&mut self.estimates, self.names.get(place)) {
            (Some(rows), Some(flow)) => rows.row(&StepRow { clock: self.clock, flow, at, step, conditions }),
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

impl<R: Rows, E: Rows> Sink for Tables<R, E> {
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
