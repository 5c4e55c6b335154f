//! The pages of all flows while they grow: bounded together.

use super::flow_page::FlowPage;
use super::row::Row;

/// Beyond so many bytes the rows of the largest flows are thinned out as they come: those of about five hours.
const MAX_BYTES: usize = 12 << 20;
/// To so many.
const LEFT_BYTES: usize = 9 << 20;
/// How often, in rows, it is looked at.
const LOOK_EVERY: usize = 1 << 14;

/// What the page shows, flow by flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pages {
    flows: Vec<Option<FlowPage>>,
    rows: usize,
}

impl Pages {
    /// Makes room for the flow at a place.
    pub fn begin(&mut self, place: usize) {
        if self.flows.len() <= place {
            self.flows.resize_with(place + 1, || None);
        }
        if let Some(flow) = self.flows.get_mut(place) {
            flow.get_or_insert_default();
        }
    }

    /// The flow at a place, if it was begun.
    #[inline]
    pub fn at(&mut self, place: usize) -> Option<&mut FlowPage> {
        self.flows.get_mut(place)?.as_mut()
    }

    /// Takes a step of the estimator in the flow at a place.
    #[inline]
    pub fn row(&mut self, place: usize, row: impl FnOnce() -> Row) {
        let Some(flow) = self.at(place) else { return };
        flow.row(&row());
        self.rows += 1;
        if self.rows.is_multiple_of(LOOK_EVERY) {
            self.bound();
        }
    }

    /// Takes the flow at a place from others.
    pub fn take_from(&mut self, place: usize, others: &mut Self) {
        if let (Some(own), Some(other)) = (self.at(place), others.at(place)) {
            *own = std::mem::take(other);
        }
    }

    /// The flows that were begun, by their places.
    pub fn into_flows(self) -> impl Iterator<Item = (usize, FlowPage)> {
        self.flows.into_iter().enumerate().filter_map(|(place, flow)| Some((place, flow?)))
    }

    #[cold]
    fn bound(&mut self) {
        let bytes = |flows: &[Option<FlowPage>]| flows.iter().flatten().map(FlowPage::bytes).sum::<usize>();
        if bytes(&self.flows) <= MAX_BYTES {
            return;
        }
        while bytes(&self.flows) > LEFT_BYTES {
            let largest = self.flows.iter_mut().flatten().max_by_key(|flow| flow.bytes());
            if !largest.is_some_and(|flow| flow.rows.halve()) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remb::bwe::BandwidthUsage;

    /// Every change of the state is to be seen on the page; who sends so that every row is one does not get the memory.
    #[test]
    fn a_state_that_changes_at_every_row_is_bounded_too() {
        let mut pages = Pages::default();
        (0..3).for_each(|place| pages.begin(place));
        for at in 0..3_000_000_i64 {
            pages.row((at % 3) as usize, || Row {
                at_us: at * 200_003,
                usage: Some(match at / 3 % 2 {
                    0 => BandwidthUsage::Normal,
                    _ => BandwidthUsage::Overusing,
                }),
                incoming_bps: Some(1_000_000 + at * 7919 % 100_000),
                ..Row::default()
            });
        }
        let flows: Vec<_> = pages.into_flows().collect();
        let bytes: usize = flows.iter().map(|(_, flow)| flow.bytes()).sum();
        assert!(bytes <= MAX_BYTES + (1 << 20), "{bytes}");
        let left_out: usize = flows.iter().map(|(_, flow)| flow.rows.left_out).sum();
        assert!(left_out > 1_000_000 && flows.iter().all(|(_, flow)| flow.rows.count > 1000), "{left_out}");
    }

    #[test]
    fn a_week_of_rows_is_bounded_and_keeps_its_spike() {
        let mut pages = Pages::default();
        pages.begin(0);
        for at in 0..3_000_000_i64 {
            let queue_ms = Some(if at == 1_234_567 { 900.0 } else { (at * 7919 % 1000) as f64 / 10.0 });
            pages.row(0, || Row {
                at_us: at * 200_003,
                queue_ms,
                incoming_bps: Some(1_000_000 + at * 7919 % 100_000),
                ..Row::default()
            });
        }
        let flow = pages.at(0).unwrap();
        assert!(flow.bytes() < MAX_BYTES * 5 / 4 && flow.rows.left_out > 1_000_000, "{}", flow.bytes());
        assert_eq!(flow.rows.columns[6].iter().flatten().max(), Some(900_000));
    }
}
