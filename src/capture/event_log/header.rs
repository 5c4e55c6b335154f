//! An RTP header with the fields that the log has, as long as it was: what the log has not is zero.

use super::rtp_batch::RtpEvent;
use crate::capture::log_facts::made_ids;

const FIXED_LEN: usize = 12;
const BLOCK_HEADER_LEN: usize = 4;
/// RFC 8285, elements of one byte of header.
const ONE_BYTE_PROFILE: [u8; 2] = [0xbe, 0xde];

/// Appends it, and the number of the packet that is repeated, which a retransmission's payload begins with.
pub(super) fn write(event: &RtpEvent, out: &mut Vec<u8>) {
    let start = out.len();
    let has_block = event.header as usize >= FIXED_LEN + BLOCK_HEADER_LEN || has_elements(event);
    let first = 0x80 | u8::from(event.padding > 0) << 5 | u8::from(has_block) << 4;
    out.extend_from_slice(&[first, u8::from(event.marker) << 7 | event.payload_type]);
    out.extend_from_slice(&event.sequence_number.to_be_bytes());
    out.extend_from_slice(&event.timestamp.to_be_bytes());
    out.extend_from_slice(&event.ssrc.to_be_bytes());
    if has_block {
        out.extend_from_slice(&ONE_BYTE_PROFILE);
        out.extend_from_slice(&[0, 0]);
        write_elements(event, out);
        let len = (out.len() - start).max(event.header.into());
        // Whole words, and what the header is longer by than what is known of it is padding (RFC 8285).
        out.resize(start + len.next_multiple_of(4), 0);
        let words = (out.len() - start - FIXED_LEN - BLOCK_HEADER_LEN) / 4;
        if let Some(place) = out.get_mut(start + FIXED_LEN + 2..start + FIXED_LEN + BLOCK_HEADER_LEN) {
            place.copy_from_slice(&(words as u16).to_be_bytes());
        }
    }
    if let (Some(original), 2..) = (event.original_sequence_number, event.payload) {
        out.extend_from_slice(&original.to_be_bytes());
    }
}

fn has_elements(event: &RtpEvent) -> bool {
    event.abs_send_time.is_some()
        || event.transmission_offset.is_some()
        || event.transport_sequence_number.is_some()
        || event.rotation.is_some()
        || event.audio_level.is_some()
}

fn write_elements(event: &RtpEvent, out: &mut Vec<u8>) {
    let mut element = |id: u8, value: &[u8]| {
        out.push(id << 4 | (value.len() as u8).wrapping_sub(1));
        out.extend_from_slice(value);
    };
    if let Some(level) = event.audio_level {
        let voice = u8::from(event.voice_activity == Some(true)) << 7;
        element(made_ids::AUDIO_LEVEL, &[voice | level & 0x7f]);
    }
    if let Some([_, sent @ ..]) = event.abs_send_time.map(u32::to_be_bytes) {
        element(made_ids::ABS_SEND_TIME, &sent);
    }
    if let Some(number) = event.transport_sequence_number {
        element(made_ids::TRANSPORT_SEQUENCE_NUMBER, &number.to_be_bytes());
    }
    if let Some(rotation) = event.rotation {
        element(made_ids::ROTATION, &[rotation]);
    }
    if let Some([_, offset @ ..]) = event.transmission_offset.map(i32::to_be_bytes) {
        element(made_ids::TRANSMISSION_OFFSET, &offset);
    }
}
