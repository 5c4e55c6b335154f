//! Captures made by hand, packet by packet, each for one thing.

use std::convert::Infallible;
use std::io::Cursor;

use remb_replay::bwe::Step;
use remb_replay::capture::Capture;
use remb_replay::model::{Conditions, Event};
use remb_replay::replay::{ReplayConfig, Sink, replay};
use remb_replay::report::events::EventRow;
use remb_replay::survey::FlowInfo;
use remb_replay::units::CaptureTime;

use super::call::EPOCH;
use super::capture::{Side, datagram, header, remb};
use super::plan::SECOND;

pub(crate) const MS: i64 = 1000;
const DELAY: i64 = 20 * MS;

/// A packet of a video, or a REMB.
#[derive(Debug, Clone)]
pub(crate) enum Made {
    Packet { at: i64, sent: i64, number: u16, ticks: u32, bytes: usize },
    Remb { at: i64, bps: i64, ssrcs: Vec<u32> },
}

pub(crate) const SSRC: u32 = 0x1000;

/// Packets of a video of 30 frames a second, so many a frame and 3 ms apart, from 0 on.
pub(crate) fn video(until: i64, a_frame: i64) -> Vec<Made> {
    let mut made = Vec::new();
    for frame in 0..until * 30 / SECOND {
        for place in 0..a_frame {
            let sent = frame * SECOND / 30 + place * 3 * MS;
            let number = (frame * a_frame + place) as u16;
            made.push(Made::Packet {
                at: sent + DELAY,
                sent,
                number,
                ticks: (frame * 3000) as u32,
                bytes: 1000,
            });
        }
    }
    made
}

/// Without the packets sent in these spans, which the others' numbers tell unless they are numbered anew.
pub(crate) fn without(made: Vec<Made>, spans: &[(i64, i64)], numbers_anew: bool) -> Vec<Made> {
    let mut left = 0;
    let kept = made.into_iter().filter_map(|mut one| {
        if let Made::Packet { sent, number, .. } = &mut one {
            if spans.iter().any(|(from, to)| (*from..*to).contains(sent)) {
                left += u16::from(numbers_anew);
                return None;
            }
            *number = number.wrapping_sub(left);
        }
        Some(one)
    });
    kept.collect()
}

impl Made {
    pub(crate) const fn at(&self) -> i64 {
        match self {
            Self::Packet { at, .. } | Self::Remb { at, .. } => *at,
        }
    }

    fn write(&self, has_send_time: bool, to: &mut Vec<u8>) {
        match self {
            Self::Packet { at, sent, number, ticks, bytes } => {
                let mut rtp = vec![if has_send_time { 0x90 } else { 0x80 }, 96];
                rtp.extend(number.to_be_bytes());
                rtp.extend(ticks.to_be_bytes());
                rtp.extend(SSRC.to_be_bytes());
                if has_send_time {
                    let raw = (((1000 * SECOND + sent) << 18) / SECOND) as u32;
                    rtp.extend([0xbe, 0xde, 0, 1, 0x32]);
                    rtp.extend(&raw.to_be_bytes()[1..]);
                }
                datagram(*at, Side::Sender, &rtp, *bytes, to);
            }
            Self::Remb { at, bps, ssrcs } => remb(*at, *bps, ssrcs, to),
        }
    }
}

/// What a replay says of a capture.
pub(crate) struct Said {
    pub(crate) events: Vec<Event>,
    /// Estimates as they became, µs and bit/s.
    pub(crate) estimates: Vec<(i64, i64)>,
}

impl Said {
    /// Of frames in this order.
    pub(crate) fn of(made: &[Made], has_send_time: bool) -> Self {
        Self::with(made, has_send_time, &ReplayConfig::default())
    }

    pub(crate) fn with(made: &[Made], has_send_time: bool, config: &ReplayConfig) -> Self {
        let mut bytes = header();
        made.iter().for_each(|one| one.write(has_send_time, &mut bytes));
        let mut estimates = Estimates::default();
        let outcome =
            replay(Capture::from_reader(Cursor::new(bytes)), config).unwrap().events(&mut estimates).unwrap();
        Self { events: outcome.flows.into_iter().next().unwrap().events, estimates: estimates.0 }
    }

    /// Events of a type in words, with their times.
    pub(crate) fn texts(&self, kind: &str) -> Vec<String> {
        let of = self.events.iter().filter(|event| event.what.name() == kind);
        of.map(|event| {
            let seconds = |nanos: i64| nanos as f64 / 1e9;
            let until = event.until.unwrap_or(event.at);
            format!("{:.2}–{:.2}: {}", seconds(event.at.0), seconds(until.0), EventRow::of(event, "").text)
        })
        .collect()
    }

    /// The estimate in force at a time.
    pub(crate) fn estimate_at(&self, at: i64) -> Option<i64> {
        let behind = self.estimates.partition_point(|(then, _)| *then <= at);
        self.estimates.get(behind.checked_sub(1)?).map(|(_, bps)| *bps)
    }
}

#[derive(Default)]
struct Estimates(Vec<(i64, i64)>);

impl Sink for Estimates {
    type Error = Infallible;

    fn step(&mut self, _: &FlowInfo, at: CaptureTime, step: &Step, _: &Conditions) -> Result<(), Infallible> {
        if let Some(estimate) = step.estimate {
            self.0.push((at.as_nanos() / 1000 - EPOCH, estimate.as_bps()));
        }
        Ok(())
    }
}
