//! What RTCP reports say about time: sender and receiver reports (RFC 3550 section 6.4), and of the extended reports
//! (RFC 3611) the receiver's reference time and DLRR blocks.
//!
//! All that lies whole within the captured bytes is decoded; what the snaplen cut is left out, and so is an extended
//! block whose length does not fit its type.

use super::rtcp::Block;
use crate::units::Ssrc;
use remb::rtt::{Echo, NtpTime};
use remb::{CapturedRemb, ParseRembError, REMB_IDENTIFIER};

const REMB_IDENTIFIER_AT: usize = 12;

/// Whether a REMB begins here by its type and identifier, whatever version and length say.
pub(crate) fn begins_with_remb(bytes: &[u8]) -> bool {
    let is_feedback = matches!(bytes, [count, PAYLOAD_FEEDBACK, ..] if count & 0x1f == APPLICATION_LAYER);
    is_feedback && bytes.get(REMB_IDENTIFIER_AT..).is_some_and(|rest| rest.starts_with(REMB_IDENTIFIER))
}

/// A report block of RTCP, decoded as far as it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report<'a> {
    /// Packet type 200.
    Sender(SenderReport<'a>),
    /// Packet type 201.
    Receiver(ReceiverReport<'a>),
    /// Packet type 207.
    Extended(ExtendedReport<'a>),
}

/// A sender report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport<'a> {
    /// Who sends it.
    pub sender_ssrc: Ssrc,
    /// Its sender's clock; `None` if that was cut off, or is the zero of a sender that has no clock.
    pub ntp: Option<NtpTime>,
    /// What the sender received itself.
    pub blocks: ReportBlocks<'a>,
}

/// A receiver report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiverReport<'a> {
    /// Who sends it.
    pub sender_ssrc: Ssrc,
    /// What it received.
    pub blocks: ReportBlocks<'a>,
}

/// The report blocks of a sender or receiver report that were captured whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    left: u8,
    rest: &'a [u8],
}

/// How one stream was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: Ssrc,
    /// Share of packets lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// LSR and DLSR; `None` where LSR is 0, for no sender report was received.
    pub echo: Option<Echo>,
}

/// An extended report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendedReport<'a> {
    /// Who sends it.
    pub sender_ssrc: Ssrc,
    /// Its blocks, those of other types left out.
    pub blocks: ExtendedBlocks<'a>,
}

/// The reference time and DLRR blocks of an extended report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendedBlocks<'a> {
    rest: &'a [u8],
}

/// One block of an extended report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtendedBlock<'a> {
    /// Block type 4: the clock of a receiver, which is never zero.
    ReferenceTime(NtpTime),
    /// Block type 5: answers to reference times.
    Dlrr(Dlrr<'a>),
}

/// The sub-blocks of a DLRR block that were captured whole, those without a time stamp left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dlrr<'a> {
    rest: &'a [u8],
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const APPLICATION: u8 = 204;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const APPLICATION_LAYER: u8 = 15;
const EXTENDED_REPORT: u8 = 207;
const REFERENCE_TIME: u8 = 4;
const DLRR: u8 = 5;

const SSRC_LEN: usize = 4;
/// NTP time, RTP time, packets, bytes.
const SENDER_INFO_LEN: usize = 20;
const REPORT_BLOCK_LEN: usize = 24;
const REFERENCE_TIME_LEN: usize = 8;
const DLRR_SUB_BLOCK_LEN: usize = 12;

impl<'a> Block<'a> {
    /// Who sends it; `None` if that was cut off, and for types that begin otherwise.
    pub fn sender_ssrc(&self) -> Option<Ssrc> {
        let has_sender = matches!(
            self.packet_type,
            SENDER_REPORT
                | RECEIVER_REPORT
                | APPLICATION
                | TRANSPORT_FEEDBACK
                | PAYLOAD_FEEDBACK
                | EXTENDED_REPORT
        );
        has_sender.then(|| split_u32(self.body)).flatten().map(|(ssrc, _)| Ssrc(ssrc))
    }

    /// The report in it; `None` if it is none, or cut off before its first SSRC ends.
    pub fn report(&self) -> Option<Report<'a>> {
        let sender_ssrc = self.sender_ssrc()?;
        let rest = self.body_without_padding().get(SSRC_LEN..).unwrap_or(&[]);
        let blocks = |rest| ReportBlocks { left: self.count, rest };
        Some(match self.packet_type {
            SENDER_REPORT => Report::Sender(SenderReport {
                sender_ssrc,
                ntp: split_ntp(rest),
                blocks: blocks(rest.get(SENDER_INFO_LEN..).unwrap_or(&[])),
            }),
            RECEIVER_REPORT => Report::Receiver(ReceiverReport { sender_ssrc, blocks: blocks(rest) }),
            EXTENDED_REPORT => {
                Report::Extended(ExtendedReport { sender_ssrc, blocks: ExtendedBlocks { rest } })
            }
            _ => return None,
        })
    }

    /// Whether it is a REMB by its identifier, whatever else is in it.
    pub fn is_remb(&self) -> bool {
        self.packet_type == PAYLOAD_FEEDBACK
            && self.count == APPLICATION_LAYER
            && self.body.get(8..12) == Some(REMB_IDENTIFIER)
    }

    /// The REMB that it is, as far as it was captured.
    ///
    /// # Errors
    /// `NotRemb` for every other message, and for one cut before its identifier; what is wrong with a REMB otherwise.
    pub fn remb(&self) -> Result<CapturedRemb, ParseRembError> {
        if !self.is_remb() {
            return Err(ParseRembError::NotRemb);
        }
        CapturedRemb::parse(self.body, self.body_len_on_wire.saturating_sub(self.padding()))
    }

    fn body_without_padding(&self) -> &'a [u8] {
        self.body.get(..self.body.len().saturating_sub(self.padding())).unwrap_or(&[])
    }

    /// Its length is its last byte, which a cut block does not show.
    fn padding(&self) -> usize {
        match self.body.last() {
            Some(&len) if self.has_padding && !self.is_truncated() => usize::from(len),
            _ => 0,
        }
    }
}

impl<'a> Report<'a> {
    /// The time stamps that the other side is to send back: a sender report's, or those of reference time blocks.
    pub fn requests(self) -> impl Iterator<Item = NtpTime> + use<'a> {
        let (sender, extended) = match self {
            Self::Sender(report) => (report.ntp, None),
            Self::Receiver(_) => (None, None),
            Self::Extended(report) => (None, Some(report.blocks)),
        };
        let reference_times = extended.into_iter().flatten().filter_map(|block| match block {
            ExtendedBlock::ReferenceTime(ntp) => Some(ntp),
            ExtendedBlock::Dlrr(_) => None,
        });
        sender.into_iter().chain(reference_times)
    }

    /// The time stamps that it sends back.
    pub fn echoes(self) -> impl Iterator<Item = Echo> + use<'a> {
        let (reports, extended) = match self {
            Self::Sender(report) => (Some(report.blocks), None),
            Self::Receiver(report) => (Some(report.blocks), None),
            Self::Extended(report) => (None, Some(report.blocks)),
        };
        let of_reports = reports.into_iter().flatten().filter_map(|block| block.echo);
        let of_receivers = extended.into_iter().flatten().filter_map(|block| match block {
            ExtendedBlock::ReferenceTime(_) => None,
            ExtendedBlock::Dlrr(dlrr) => Some(dlrr),
        });
        of_reports.chain(of_receivers.flatten())
    }
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        self.left = self.left.checked_sub(1)?;
        let (block, rest) = self.rest.split_first_chunk::<REPORT_BLOCK_LEN>()?;
        self.rest = rest;
        // SSRC, loss (fraction and total), highest sequence number, jitter, LSR, DLSR.
        let (words, _) = block.as_chunks::<4>();
        let &[ssrc, [fraction_lost, ..], _, _, request, held] = words else { return None };
        Some(ReportBlock {
            ssrc: Ssrc(u32::from_be_bytes(ssrc)),
            fraction_lost,
            echo: echo_from_words(ssrc, request, held),
        })
    }
}

impl<'a> Iterator for ExtendedBlocks<'a> {
    type Item = ExtendedBlock<'a>;

    fn next(&mut self) -> Option<ExtendedBlock<'a>> {
        // Each round takes at least the four bytes of a block's header.
        while let Some((&[block_type, _, l0, l1], after)) = self.rest.split_first_chunk::<4>() {
            let len = 4 * usize::from(u16::from_be_bytes([l0, l1]));
            let (content, rest) = after.split_at_checked(len).unwrap_or((after, &[]));
            self.rest = rest;
            match block_type {
                REFERENCE_TIME if len == REFERENCE_TIME_LEN => {
                    if let Some(ntp) = split_ntp(content) {
                        return Some(ExtendedBlock::ReferenceTime(ntp));
                    }
                }
                DLRR if len.is_multiple_of(DLRR_SUB_BLOCK_LEN) => {
                    return Some(ExtendedBlock::Dlrr(Dlrr { rest: content }));
                }
                _ => {}
            }
        }
        None
    }
}

impl Iterator for Dlrr<'_> {
    type Item = Echo;

    fn next(&mut self) -> Option<Echo> {
        while let Some((sub_block, rest)) = self.rest.split_first_chunk::<DLRR_SUB_BLOCK_LEN>() {
            self.rest = rest;
            let (words, _) = sub_block.as_chunks::<4>();
            let &[ssrc, request, held] = words else { return None };
            if let Some(echo) = echo_from_words(ssrc, request, held) {
                return Some(echo);
            }
        }
        None
    }
}

/// `None` where the time stamp is 0: none was received.
fn echo_from_words(ssrc: [u8; 4], request: [u8; 4], held: [u8; 4]) -> Option<Echo> {
    let [ssrc, request, held] = [ssrc, request, held].map(u32::from_be_bytes);
    Echo::new(Ssrc(ssrc), request, held)
}

fn split_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    bytes.split_first_chunk().map(|(word, rest)| (u32::from_be_bytes(*word), rest))
}

fn split_ntp(bytes: &[u8]) -> Option<NtpTime> {
    bytes.first_chunk().map(|ntp| u64::from_be_bytes(*ntp)).filter(|&ntp| ntp != 0).map(NtpTime)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::Blocks;
    use crate::rtp::test_rtcp::{
        dlrr, dlrr_content, extended, receiver_report, reference_time, rtcp, sender_report, single,
    };
    use crate::units::Bitrate;
    use remb::Remb;
    use remb::rtt::MiddleNtp;

    const NTP: u64 = 0x0102_0304_8506_0708;

    fn echo(ssrc: u32, request: u32, held: u32) -> Echo {
        Echo { ssrc: Ssrc(ssrc), request: MiddleNtp(request), held }
    }

    /// Requests and echoes of the first block, of which the snaplen left `captured` bytes, header included.
    fn cut(bytes: &[u8], captured: usize) -> Option<(Vec<NtpTime>, Vec<Echo>)> {
        let captured = bytes.get(..captured).unwrap_or(bytes);
        let report = Blocks::new(captured, bytes.len()).next()?.report()?;
        Some((report.requests().collect(), report.echoes().collect()))
    }

    fn whole(bytes: &[u8]) -> (Vec<NtpTime>, Vec<Echo>) {
        cut(bytes, bytes.len()).unwrap()
    }

    #[test]
    fn a_sender_report_has_its_clock_and_its_blocks() {
        let bytes = sender_report(7, NTP, &[(8, 64, 0x1111_2222, 0x3333), (9, 255, 0, 0)]);
        let Some(Report::Sender(report)) = single(&bytes).report() else { panic!("no sender report") };
        assert_eq!((report.sender_ssrc, report.ntp), (Ssrc(7), Some(NtpTime(NTP))));
        assert_eq!(report.ntp.map(NtpTime::middle), Some(MiddleNtp(0x0304_8506)));
        let first =
            ReportBlock { ssrc: Ssrc(8), fraction_lost: 64, echo: Some(echo(8, 0x1111_2222, 0x3333)) };
        let second = ReportBlock { ssrc: Ssrc(9), fraction_lost: 255, echo: None };
        assert!(report.blocks.eq([first, second]), "an LSR of 0 is none");
    }

    #[test]
    fn a_receiver_report_has_as_many_blocks_as_it_counts() {
        let mut bytes = receiver_report(7, &[(8, 0, 1, 2), (9, 0, 3, 4)]);
        assert_eq!(whole(&bytes), (vec![], vec![echo(8, 1, 2), echo(9, 3, 4)]));
        bytes[0] = 0x81;
        assert_eq!(whole(&bytes).1, [echo(8, 1, 2)], "what follows is an extension of a profile");
        bytes[0] = 0x9f;
        assert_eq!(whole(&bytes).1.len(), 2, "more than there is room for");
    }

    #[test]
    fn an_extended_report_has_reference_times_and_answers_to_them() {
        assert_eq!(whole(&reference_time(7, NTP)), (vec![NtpTime(NTP)], vec![]));
        let answers = dlrr(7, &[(8, 1, 2), (9, 0, 4), (10, 5, 0)]);
        assert_eq!(whole(&answers), (vec![], vec![echo(8, 1, 2), echo(10, 5, 0)]), "an LRR of 0 is none");
    }

    #[test]
    fn other_extended_blocks_are_stepped_over_and_lengths_must_fit_the_type() {
        let bytes = extended(
            7,
            &[
                (1, vec![0xff; 8]),
                (4, vec![0x11; 4]),
                (4, vec![0x11; 12]),
                (5, vec![0x11; 16]),
                (5, vec![]),
                (9, vec![]),
                (4, NTP.to_be_bytes().to_vec()),
                (5, dlrr_content(&[(8, 1, 2)])),
            ],
        );
        assert_eq!(whole(&bytes), (vec![NtpTime(NTP)], vec![echo(8, 1, 2)]));
    }

    #[test]
    fn an_extended_block_that_claims_too_much_ends_with_the_report() {
        let mut bytes = dlrr(7, &[(8, 1, 2)]);
        bytes[10..12].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(whole(&bytes).1, [echo(8, 1, 2)], "65,535 words are whole sub-blocks");
        bytes[10..12].copy_from_slice(&[0xff, 0xfe]);
        assert_eq!(whole(&bytes).1, []);
    }

    #[test]
    fn a_clock_of_zero_is_none() {
        assert_eq!(whole(&sender_report(7, 0, &[])).0, []);
        assert_eq!(whole(&reference_time(7, 0)).0, []);
    }

    #[test]
    fn what_the_snaplen_cut_is_left_out() {
        let report = sender_report(7, NTP, &[(8, 0, 1, 2), (9, 0, 3, 4)]);
        assert_eq!(cut(&report, 7), None, "not even an SSRC");
        assert_eq!(cut(&report, 15), Some((vec![], vec![])));
        assert_eq!(cut(&report, 16), Some((vec![NtpTime(NTP)], vec![])));
        assert_eq!(cut(&report, 51).unwrap().1, []);
        assert_eq!(cut(&report, 52).unwrap().1, [echo(8, 1, 2)]);
        assert_eq!(cut(&report, 75).unwrap().1, [echo(8, 1, 2)]);
        let reference = reference_time(7, NTP);
        assert_eq!(cut(&reference, 19), Some((vec![], vec![])));
        assert_eq!(cut(&reference, 20), Some((vec![NtpTime(NTP)], vec![])));
        let answers = dlrr(7, &[(8, 1, 2), (9, 3, 4)]);
        assert_eq!(cut(&answers, 23).unwrap().1, []);
        assert_eq!(cut(&answers, 35).unwrap().1, [echo(8, 1, 2)]);
    }

    #[test]
    fn padding_is_no_report() {
        let mut bytes = rtcp(0, 207, &[&[0, 0, 0, 7][..], &[4, 0, 0, 2, 1, 1, 1, 1, 1, 1, 1, 12]].concat());
        assert_eq!(whole(&bytes).0.len(), 1);
        bytes[0] |= 0x20;
        assert_eq!(whole(&bytes).0, []);
        bytes[15] = 200;
        bytes[19] = 255;
        assert_eq!(whole(&bytes).0, [], "more padding than report");
    }

    #[test]
    fn the_sender_is_known_of_reports_and_feedback() {
        for packet_type in 192..=223 {
            let bytes = rtcp(1, packet_type, &[0, 0, 0, 7]);
            let known = matches!(packet_type, 200 | 201 | 204..=207).then_some(Ssrc(7));
            assert_eq!(single(&bytes).sender_ssrc(), known, "{packet_type}");
            let is_report = matches!(packet_type, 200 | 201 | 207);
            assert_eq!(single(&bytes).report().is_some(), is_report, "{packet_type}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_to_what_they_have_room_for(
            body in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..6], 0..300),
            packet_type in prop_oneof![Just(200u8), Just(201), Just(207), any::<u8>()],
            count in 0u8..64,
            cut in 0usize..300,
        ) {
            let body = &body[..body.len() / 4 * 4];
            let mut bytes = rtcp(0, packet_type, body);
            bytes[0] |= count;
            let captured = &bytes[..bytes.len().min(cut)];
            for block in Blocks::new(captured, bytes.len()) {
                if let Some(report) = block.report() {
                    prop_assert!(report.requests().count() <= block.body.len() / 8);
                    prop_assert!(report.echoes().count() <= block.body.len() / 12);
                }
            }
        }
    }

    #[test]
    fn a_remb_is_read_without_its_padding_and_as_far_as_it_was_captured() {
        let mut message = Vec::new();
        Remb::encode(Ssrc(7), Bitrate::from_bps(1_000_000), &[Ssrc(1)], &mut message).unwrap();
        message[0] |= 0x20;
        message[3] += 1;
        message.extend([0, 0, 0, 4]);
        let bitrate = Bitrate::from_bps(1_000_000);
        let remb = |captured: usize| {
            Blocks::new(&message[..captured], message.len()).next().map(|block| block.remb())
        };
        let read = |ssrcs| Ok(CapturedRemb { sender_ssrc: Ssrc(7), bitrate, ssrcs });
        assert_eq!(remb(28), Some(read(Some(vec![Ssrc(1)]))));
        assert_eq!(remb(22), Some(Err(ParseRembError::WrongLength)), "the padding is not known");
        assert_eq!(remb(19), Some(Err(ParseRembError::Cut)));
        assert_eq!(remb(15), Some(Err(ParseRembError::NotRemb)));
    }
}
