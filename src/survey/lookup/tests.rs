use super::*;
use crate::rtp::test_packet::TestPacket;

/// Does what the latest packet's timestamp says: hundreds what is ruled out, tens what is guessed, ones what is found.
#[derive(Default)]
struct Scripted {
    says: u32,
}

impl Scripted {
    fn digit(&self, of: u32) -> Option<u8> {
        u8::try_from(self.says / of % 10).ok().filter(|id| *id > 0)
    }
}

fn found(id: u8) -> FoundId {
    FoundId { id, evidence: IdEvidence::Zero { packets: 7 } }
}

impl Finder for Scripted {
    fn observe(&mut self, packet: &RtpPacket<'_>, _: CaptureTime) {
        self.says = packet.timestamp();
    }

    fn found(&self, _: &ClockOf<'_>) -> Option<FoundId> {
        self.digit(1).map(found)
    }

    fn guess(&self, taken: Option<u8>, _: &ClockOf<'_>) -> Option<FoundId> {
        self.digit(10).filter(|id| Some(*id) != taken).map(found)
    }

    fn open(&self, _: Option<u8>, _: &ClockOf<'_>) -> Option<FoundId> {
        Some(found(9))
    }

    fn rules_out(&self, id: u8, _: &ClockOf<'_>) -> bool {
        self.digit(100) == Some(id)
    }

    fn may_yet_be_found(&self, _: &ClockOf<'_>) -> bool {
        self.says < 1_000
    }

    fn shows(&self, id: u8) -> bool {
        id < 8
    }

    fn has_seen_enough_of(&self, _: u8) -> bool {
        false
    }
}

fn clock_of(_: Ssrc, _: PayloadType) -> StreamClock {
    StreamClock::default()
}

fn lookup(said: Option<u8>) -> Lookup<Scripted> {
    Lookup::new(Extension::AbsSendTime, said.map(|id| (id, SaidBy::Sdp)), None)
}

fn observe(lookup: &mut Lookup<Scripted>, says: u32) {
    let bytes = TestPacket { timestamp: says, ..TestPacket::default() }.bytes();
    let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
    lookup.observe(&packet, CaptureTime::default(), &clock_of);
}

#[test]
fn a_guess_that_is_confirmed_is_no_guess_any_more() {
    let mut lookup = lookup(None);
    observe(&mut lookup, 50);
    assert_eq!(lookup.id, None, "nobody asked for a guess");
    lookup.guess(None, &clock_of);
    assert_eq!((lookup.id, lookup.is_guess()), (Some(5), true));
    observe(&mut lookup, 5);
    assert_eq!((lookup.id, lookup.is_guess()), (Some(5), false));
}

#[test]
fn a_guess_that_is_contradicted_gives_way_to_what_is_found() {
    let mut lookup = lookup(None);
    observe(&mut lookup, 50);
    lookup.guess(None, &clock_of);
    observe(&mut lookup, 4);
    assert_eq!((lookup.id, lookup.is_guess()), (Some(4), false));
}

#[test]
fn what_another_extension_has_is_not_guessed() {
    let mut lookup = lookup(None);
    observe(&mut lookup, 50);
    lookup.guess(Some(5), &clock_of);
    assert!(lookup.is_unknown());
}

#[test]
fn what_was_found_and_is_ruled_out_is_not_known_and_may_be_found_again() {
    let mut lookup = lookup(None);
    observe(&mut lookup, 4);
    assert_eq!(lookup.inferred(), Some((Extension::AbsSendTime, 4)));
    (0..PACKETS_A_LOOK).for_each(|_| observe(&mut lookup, 400));
    assert_eq!((lookup.id, lookup.is_unknown()), (None, true));
    assert_eq!(lookup.may_be(None, &clock_of), Some(found(9)), "and is in doubt");
    observe(&mut lookup, 6);
    assert_eq!(lookup.id, Some(6));
}

#[test]
fn what_does_not_show_itself_for_long_is_not_there_until_a_new_element_comes() {
    let mut lookup = lookup(None);
    (1..ENOUGH_PACKETS).for_each(|_| observe(&mut lookup, 1_000));
    observe(&mut lookup, 0);
    (1..ENOUGH_PACKETS).for_each(|_| observe(&mut lookup, 1_000));
    assert!(!lookup.is_final(), "something might have been it");
    observe(&mut lookup, 1_000);
    assert!(lookup.is_final() && !lookup.may_yet_be_found());
    observe(&mut lookup, 4);
    assert_eq!(lookup.id, None, "nobody looks");
    lookup.reopen();
    observe(&mut lookup, 4);
    assert_eq!(lookup.id, Some(4));
}

#[test]
fn what_might_be_it_is_given_up_in_the_end_and_an_element_that_comes_late_has_its_own_time() {
    let mut lookup = lookup(None);
    (1..MAX_PACKETS).for_each(|_| observe(&mut lookup, 0));
    assert!(lookup.may_yet_be_found());
    lookup.reopen();
    (1..MAX_PACKETS).for_each(|_| observe(&mut lookup, 0));
    assert!(!lookup.is_final());
    observe(&mut lookup, 0);
    assert!(lookup.is_final() && !lookup.may_yet_be_found());
}

#[test]
fn what_is_said_holds_whatever_the_packets_show_and_that_is_said() {
    let mut impossible = lookup(Some(3));
    observe(&mut impossible, 304);
    assert_eq!((impossible.id, impossible.inferred()), (Some(3), None));
    let disagreement = impossible.disagreement(&clock_of).unwrap();
    let other = |disagreement: Disagreement| disagreement.other.map(|(id, _)| id);
    assert_eq!((disagreement.said, disagreement.why), (3, WhyDisagrees::OtherValues));
    assert_eq!(other(disagreement), Some(4));

    let mut absent = lookup(Some(8));
    observe(&mut absent, 4);
    let disagreement = absent.disagreement(&clock_of).unwrap();
    assert_eq!((disagreement.said, disagreement.why), (8, WhyDisagrees::Absent));
    assert_eq!(other(disagreement), Some(4));

    let mut right = lookup(Some(3));
    observe(&mut right, 3);
    assert_eq!(right.disagreement(&clock_of), None);
    (0..PACKETS_TO_DISAGREE).for_each(|_| observe(&mut right, 3));
    assert!(right.is_final());
}

#[test]
fn said_to_be_absent_it_is_not_looked_for() {
    let mut lookup = lookup(Some(0));
    observe(&mut lookup, 4);
    assert_eq!((lookup.id, lookup.is_final(), lookup.is_unknown()), (None, true, false));
}

#[test]
fn a_second_reading_has_what_the_first_one_found_with_its_doubts() {
    let mut first = lookup(None);
    observe(&mut first, 50);
    first.guess(None, &clock_of);
    let second: Lookup<Scripted> = Lookup::new(Extension::AbsSendTime, None, Some(&first.learned(&clock_of)));
    assert_eq!((second.id, second.is_guess(), second.is_final()), (Some(5), true, true));

    let unknown = lookup(None).learned(&clock_of);
    let second: Lookup<Scripted> = Lookup::new(Extension::AbsSendTime, None, Some(&unknown));
    assert_eq!(second.may_be(None, &clock_of), Some(found(9)));
}
