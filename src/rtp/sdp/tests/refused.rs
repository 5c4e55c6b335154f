//! What is no SDP, and how that is said.

use super::*;

#[test]
fn a_text_that_is_no_sdp_is_refused() {
    for text in
        ["", "\0", "v=0\r\ns=-\r\n", "{\"type\":\"offer\",\"sdp\":\"\"}", "[1]", "am=video 9 RTP/AVP 96"]
    {
        assert_eq!(SessionDescription::parse(text), Err(SdpError::NoMedia), "{text}");
    }
    for text in ["{", "{}", "{\"sdp\":null}", "{\"sdp\":[\"m=video 9 RTP/AVP 96\"]}", "{\"sdp\":\"\"} more"] {
        assert!(matches!(SessionDescription::parse(text), Err(SdpError::Json(_))), "{text}");
    }
    assert!(SessionDescription::parse(&"[".repeat(1 << 20)).is_err());
    assert!(SessionDescription::parse(&"{\"a\":".repeat(1 << 17)).is_err());
}

#[test]
fn errors_name_the_line_and_what_is_wrong_with_it() {
    let start = ["v=0", "m=video 9 RTP/AVPF 96 97"];
    for (line, what) in [
        ("m=video", "m= needs a medium, a port and a protocol"),
        ("m=video 65536 RTP/AVPF 96", "the port is not a number up to 65535"),
        ("m=video 9 RTP/AVPF 96 128", "a payload type is a number up to 127"),
        ("m=video 9 RTP/AVPF VP8", "a payload type is a number up to 127"),
        ("a=extmap:3", "a=extmap needs an id and a URI"),
        ("a=extmap:0 urn:ietf:params:rtp-hdrext:toffset", "an extension's id is a number from 1 to 255"),
        ("a=extmap:256 urn:ietf:params:rtp-hdrext:toffset", "an extension's id is a number from 1 to 255"),
        ("a=extmap:4352 urn:ietf:params:rtp-hdrext:toffset", "an extension's id is a number from 1 to 255"),
        ("a=extmap:x urn:ietf:params:rtp-hdrext:toffset", "an extension's id is a number from 1 to 255"),
        ("a=extmap:3/up urn:ietf:params:rtp-hdrext:toffset", "no such direction"),
        ("a=rtpmap:", "a payload type is a number up to 127"),
        ("a=rtpmap:96", "no codec"),
        ("a=rtpmap:96 VP8", "no clock rate"),
        ("a=rtpmap:96 VP8/0", "no clock rate"),
        ("a=rtpmap:96 /90000", "no codec"),
        ("a=fmtp:97 apt=VP8", "a payload type is a number up to 127"),
        ("a=rtcp-fb:VP8 goog-remb", "a payload type is a number up to 127"),
        ("a=ssrc:4294967296 cname:x", "an SSRC is a decimal number of 32 bits"),
        ("a=ssrc-group:FID 1 x", "an SSRC is a decimal number of 32 bits"),
    ] {
        assert_eq!(error(&[start[0], start[1], line]), format!("SDP line 3: {what}: {line:?}"));
    }
    let twice = error(&["m=video 9 RTP/AVPF 96", "a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP9/90000"]);
    assert!(twice.starts_with("SDP line 3: the section's second codec"), "{twice}");
    assert!(error(&["", "", "m=video"]).starts_with("SDP line 3"), "empty lines count");
}

#[test]
fn an_error_quotes_no_more_than_the_beginning_and_no_control_characters() {
    let text = error(&[&format!("m=video\u{1b}[2J{}", "ü".repeat(500_000))]);
    assert!(text.len() < 400 && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn texts_and_sections_have_a_limit() {
    let padded = |len: usize| format!("m=video 9 RTP/AVP 96\n{}", "x".repeat(len - 21));
    assert!(SessionDescription::parse(&padded(1 << 20)).is_ok());
    assert_eq!(SessionDescription::parse(&padded((1 << 20) + 1)), Err(SdpError::TooLong((1 << 20) + 1)));
    let sections = |count| SessionDescription::parse(&"m=video 9 RTP/AVP 96\n".repeat(count));
    assert!(sections(1024).is_ok());
    assert_eq!(sections(1025), Err(SdpError::TooManySections { line: 1025 }));
}
