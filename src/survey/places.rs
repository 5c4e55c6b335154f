//! Which session a flow belongs to: by its addresses, and for most datagrams without looking at them.

use std::collections::HashMap;

use crate::decode::{Carrier, Datagram, FlowMark};
use crate::decode::{FiveTuple, Transport};

/// Where a flow's things are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its number among all flows.
    pub(super) flow: u32,
    /// Its session; `None`: not selected.
    pub(super) session: Option<usize>,
}

impl Place {
    const NONE: Self = Self { flow: 0, session: None };
}

/// The places of all flows.
#[derive(Debug)]
pub(super) struct Places {
    by_flow: HashMap<FiveTuple, Place>,
    /// Of recent flows with marks, by the marks' slots; with the marks' serials.
    marked: [(u64, Place); FlowMark::SLOTS],
    /// The last one without.
    unmarked: Option<(FiveTuple, Place)>,
}

impl Default for Places {
    fn default() -> Self {
        Self { by_flow: HashMap::new(), marked: [(0, Place::NONE); FlowMark::SLOTS], unmarked: None }
    }
}

impl Places {
    /// Flows so far.
    pub(super) fn len(&self) -> usize {
        self.by_flow.len()
    }

    /// The place of a datagram's flow, if it is a recent one.
    #[inline(always)]
    pub(super) fn recent(&self, datagram: &Datagram<'_>) -> Option<&Place> {
        match datagram.ends.mark {
            Some(mark) => {
                let (serial, place) = self.marked.get(mark.slot)?;
                (*serial == mark.serial).then_some(place)
            }
            None => self.recent_unmarked(&flow_of(datagram)),
        }
    }

    fn recent_unmarked(&self, flow: &FiveTuple) -> Option<&Place> {
        self.unmarked.as_ref().filter(|(known, _)| known == flow).map(|(_, place)| place)
    }

    /// The place of a flow.
    pub(super) fn get(&self, flow: &FiveTuple) -> Option<Place> {
        self.by_flow.get(flow).copied()
    }

    /// The session of a flow.
    pub(super) fn session(&self, flow: &FiveTuple) -> Option<usize> {
        self.get(flow)?.session
    }

    /// Flows that were not selected, in order of appearance.
    pub(super) fn unselected(&self) -> Vec<FiveTuple> {
        let mut flows: Vec<_> = self.by_flow.iter().filter(|(_, place)| place.session.is_none()).collect();
        flows.sort_by_key(|(_, place)| place.flow);
        flows.into_iter().map(|(flow, _)| self.name(flow)).collect()
    }

    /// How a flow is written: with its transport only where the other one has a flow between the same ports, and had it
    /// first.
    pub(super) fn name(&self, flow: &FiveTuple) -> FiveTuple {
        let place = |transport| self.get(&flow.over(transport)).map(|place| place.flow);
        let others = [Transport::Udp, Transport::Tcp].into_iter().filter(|other| *other != flow.transport);
        let own = place(flow.transport).unwrap_or(u32::MAX);
        let is_second = others.filter_map(place).any(|other| other < own);
        if is_second { *flow } else { flow.over(Transport::Any) }
    }

    /// Gives a new flow a place.
    pub(super) fn add(&mut self, flow: FiveTuple, session: Option<usize>) -> Place {
        let place = Place { flow: self.by_flow.len() as u32, session };
        self.by_flow.insert(flow, place);
        place
    }

    /// Remembers the place of a datagram's flow as a recent one.
    pub(super) fn remember(&mut self, datagram: &Datagram<'_>, place: Place) {
        match datagram.ends.mark {
            Some(mark) => {
                if let Some(slot) = self.marked.get_mut(mark.slot) {
                    *slot = (mark.serial, place);
                }
            }
            None => self.unmarked = Some((flow_of(datagram), place)),
        }
    }

    /// Gives a flow another session.
    pub(super) fn move_to(&mut self, flow: &FiveTuple, session: usize) {
        if let Some(place) = self.by_flow.get_mut(flow) {
            place.session = Some(session);
        }
        (self.marked, self.unmarked) = ([(0, Place::NONE); FlowMark::SLOTS], None);
    }
}

/// The flow of a datagram.
pub(super) fn flow_of(datagram: &Datagram<'_>) -> FiveTuple {
    let transport = transport_of(datagram.carrier);
    FiveTuple { source: datagram.ends.source, destination: datagram.ends.destination, transport }
}

/// What tells flows between the same ports apart.
pub(super) const fn transport_of(carrier: Carrier) -> Transport {
    match carrier {
        Carrier::Rfc4571 | Carrier::TurnOverTcp => Transport::Tcp,
        _ => Transport::Udp,
    }
}
