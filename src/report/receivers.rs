//! Recorded REMBs by the receivers that they are of, told as they come and in bounded memory.

use crate::units::Ssrc;

/// More are no receivers of one call; what is left goes to the last.
const MAX_RECEIVERS: usize = 8;
/// Streams that are remembered of a receiver.
const MAX_STREAMS: usize = 64;
/// A receiver says something at least every second; its streams were replaced where another goes on after so long.
const MAX_SILENCE_S: f64 = 5.0;

/// The receivers behind one flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Receivers(Vec<Receiver>);

#[derive(Debug, Clone, PartialEq, Default)]
struct Receiver {
    ssrcs: Vec<Ssrc>,
    last_s: f64,
}

impl Receivers {
    /// The receiver of a REMB that lists these streams: lists that share one are of one receiver, and so is a list that is not
    /// known, and one that begins when a receiver has been silent for long.
    pub(super) fn place(&mut self, seconds: f64, ssrcs: &[Ssrc]) -> usize {
        let Self(receivers) = self;
        let knows = |receiver: &Receiver| ssrcs.iter().any(|ssrc| receiver.ssrcs.contains(ssrc));
        let is_silent = |receiver: &Receiver| seconds - receiver.last_s > MAX_SILENCE_S;
        let place = match ssrcs {
            [] => (!receivers.is_empty()).then_some(0),
            _ => receivers.iter().position(knows).or_else(|| receivers.iter().position(is_silent)),
        };
        let place = place.unwrap_or_else(|| {
            if receivers.len() < MAX_RECEIVERS {
                receivers.push(Receiver::default());
            }
            receivers.len() - 1
        });
        if let Some(receiver) = receivers.get_mut(place) {
            receiver.last_s = seconds;
            for ssrc in ssrcs {
                if receiver.ssrcs.len() < MAX_STREAMS && !receiver.ssrcs.contains(ssrc) {
                    receiver.ssrcs.push(*ssrc);
                }
            }
        }
        place
    }

    /// The streams that each of them listed, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[Ssrc]> {
        self.0.iter().map(|receiver| receiver.ssrcs.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_share_nothing_are_of_two_receivers_while_they_alternate() {
        let mut receivers = Receivers::default();
        for second in 0..10 {
            let at = f64::from(second);
            assert_eq!(receivers.place(at, &[Ssrc(1), Ssrc(2)]), 0);
            assert_eq!(receivers.place(at, &[Ssrc(7)]), 1);
            assert_eq!(receivers.place(at, &[Ssrc(2), Ssrc(3)]), 0);
            assert_eq!(receivers.place(at, &[]), 0);
        }
        assert_eq!(receivers.place(60.0, &[Ssrc(9)]), 0, "its streams were replaced");
        assert_eq!(receivers.iter().next().unwrap(), [1, 2, 3, 9].map(Ssrc));
    }
}
