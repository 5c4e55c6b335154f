//! What packets were fed with.

/// What was known of a flow when its first packet was fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FedWith {
    pub(super) send_time: Option<u8>,
    pub(super) transmission_offset: Option<u8>,
    pub(super) transport_cc: Option<u8>,
    pub(super) capture_time: Option<u8>,
    pub(super) srtp_tag_len: usize,
}
