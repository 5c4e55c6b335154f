//! A replay's events into the tables and the courses of its flows.

use std::io;

use super::course::FlowCourse;
use crate::analysis::tables::Tables;
use crate::replay::{Event, Sink};
use crate::report::csv::CsvTable;
use crate::report::rows::{Fronted, Rows};
use crate::report::tables::Clock;
use crate::survey::FlowInfo;
use crate::units::{CaptureTime, Ssrc};

/// REMBs in memory, as CSV, and estimates wherever they go.
type BothTables<E> = Tables<Fronted<CsvTable<Vec<u8>>>, Fronted<E>>;

/// What is gathered of one reading of a capture.
#[derive(Debug)]
pub(super) struct Gathering<E: Rows> {
    clock: Clock,
    tables: BothTables<E>,
    /// By the flows' places.
    courses: Vec<FlowCourse>,
}

impl<E: Rows> Gathering<E> {
    /// Begins the tables of a capture with this name.
    pub(super) fn new(capture: &str, clock: Clock, sender: Ssrc, estimates: Option<E>) -> io::Result<Self> {
        let rembs = Fronted::new(capture, CsvTable::without_header(Vec::new()));
        let estimates = estimates.map(|rows| Fronted::new(capture, rows));
        let tables = Tables::new(clock, sender, Some(rembs), estimates)?;
        Ok(Self { clock, tables, courses: Vec::new() })
    }

    /// How times are written.
    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// The tables, and the flows' courses by their places.
    pub(super) fn finish(self) -> (BothTables<E>, Vec<FlowCourse>) {
        (self.tables, self.courses)
    }
}

impl<E: Rows> Sink for Gathering<E> {
    type Error = io::Error;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> io::Result<()> {
        self.tables.event(flow, at, event)?;
        if self.courses.len() <= flow.index {
            self.courses.resize_with(flow.index + 1, FlowCourse::default);
        }
        let Some(course) = self.courses.get_mut(flow.index) else { return Ok(()) };
        let at_ns = at.as_nanos() - self.clock.first.as_nanos();
        match event {
            Event::Step(step, conditions) => course.step(at, step, conditions),
            Event::Remb(remb) => course.remb(at_ns, remb),
            Event::Recorded(remb) => course.recorded(at_ns, remb),
        }
        Ok(())
    }
}
