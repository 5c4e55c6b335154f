//! Tests of the room: Chromium's own offers and answers, and the odd texts that people have.

mod mutated;
mod refused;

use super::*;

/// The offers and answers of the captured calls.
macro_rules! captured {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("../../../testdata/captures/", $name, ".sdp")))),*] };
}

const CAPTURED: [(&str, &str); 16] = captured![
    "s02-fixed-1000k.offer",
    "s02-fixed-1000k.answer",
    "s03-steps-audio.offer",
    "s03-steps-audio.answer",
    "s06-no-abs-send-time.offer",
    "s06-no-abs-send-time.answer",
    "s07-encrypted.offer",
    "s07-encrypted.answer",
    "s08-full-ipv6.offer",
    "s08-full-ipv6.answer",
    "s12-bidir.offer",
    "s12-bidir.answer",
    "s14-reorder.offer",
    "s14-reorder.answer",
    "s16-any.offer",
    "s16-any.answer"
];

const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

/// A description of these lines.
fn sdp(lines: &[&str]) -> SessionDescription {
    SessionDescription::parse(&lines.join("\r\n")).unwrap()
}

fn error(lines: &[&str]) -> String {
    SessionDescription::parse(&lines.join("\r\n")).unwrap_err().to_string()
}

fn captured(name: &str) -> SessionDescription {
    let (_, text) = CAPTURED.iter().find(|(known, _)| *known == name).unwrap();
    SessionDescription::parse(text).unwrap()
}

/// The same, as if every extension stood on line 0.
fn without_lines(mut sdp: SessionDescription) -> SessionDescription {
    sdp.extensions.values_mut().for_each(|line| *line = 0);
    sdp
}

fn id(sdp: &SessionDescription, extension: HeaderExtension) -> Option<u8> {
    sdp.extension_id(extension).unwrap()
}

fn payload(sdp: &SessionDescription, number: u8) -> Option<(SdpMedia, &str, u32, Option<u8>)> {
    let payload = sdp.payload(PayloadType(number))?;
    Some((payload.kind, &payload.codec, payload.clock_hz, payload.rtx_of.map(|of| of.0)))
}

fn rtx(sdp: &SessionDescription) -> Vec<(u32, u32)> {
    sdp.rtx_ssrcs().iter().map(|pair| (pair.media.0, pair.rtx.0)).collect()
}

/// A text that has ids, payload types, feedback, SSRCs and a pair.
const FULL: [&str; 12] = [
    "v=0",
    "o=- 1 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
    "a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=rtpmap:96 VP8/90000",
    "a=rtcp-fb:96 goog-remb",
    "a=rtpmap:97 rtx/90000",
    "a=fmtp:97 apt=96",
    "a=ssrc-group:FID 10 11",
    "a=ssrc:10 cname:x",
];

#[test]
fn captured_offers_and_answers_say_what_they_say() {
    use HeaderExtension::{AbsCaptureTime, AbsSendTime, TransmissionOffset};
    for (name, abs_send_time, offset, pair) in [
        ("s02-fixed-1000k.offer", Some(2), 1, Some((3_931_150_518, 2_908_486_543))),
        ("s02-fixed-1000k.answer", Some(2), 1, None),
        ("s03-steps-audio.offer", Some(2), 14, Some((344_166_445, 2_013_541_753))),
        ("s03-steps-audio.answer", Some(2), 14, None),
        ("s06-no-abs-send-time.offer", None, 1, Some((834_511_161, 1_662_037_968))),
        ("s06-no-abs-send-time.answer", None, 1, None),
        ("s07-encrypted.offer", Some(2), 14, Some((3_261_558_346, 4_139_972_973))),
        ("s07-encrypted.answer", Some(2), 14, None),
        ("s08-full-ipv6.offer", Some(2), 1, Some((1_882_409_522, 2_314_846_654))),
        ("s08-full-ipv6.answer", Some(2), 1, None),
        ("s12-bidir.offer", Some(2), 1, Some((211_767_397, 2_201_805_430))),
        ("s12-bidir.answer", Some(2), 1, Some((2_748_024_146, 3_983_784_901))),
        ("s14-reorder.offer", Some(2), 1, Some((2_839_000_293, 2_709_239_087))),
        ("s14-reorder.answer", Some(2), 1, None),
        ("s16-any.offer", Some(2), 1, Some((2_271_548_200, 96_014_342))),
        ("s16-any.answer", Some(2), 1, None),
    ] {
        let sdp = captured(name);
        assert_eq!(id(&sdp, AbsSendTime), abs_send_time, "{name}");
        assert_eq!(id(&sdp, TransmissionOffset), Some(offset), "{name}");
        assert_eq!(id(&sdp, AbsCaptureTime), None, "{name}");
        assert_eq!(id(&sdp, HeaderExtension::TransportSequenceNumber), None, "{name}");
        assert_eq!(id(&sdp, HeaderExtension::TransportSequenceNumber02), None, "{name}");
        assert_eq!(payload(&sdp, 96), Some((SdpMedia::Video, "VP8", 90_000, None)), "{name}");
        assert_eq!(payload(&sdp, 97), Some((SdpMedia::Video, "rtx", 90_000, Some(96))), "{name}");
        assert_eq!(rtx(&sdp), Vec::from_iter(pair), "{name}");
        assert!(sdp.goog_remb() && !sdp.transport_cc(), "{name}");
        if let Some((media, rtx)) = pair {
            for ssrc in [media, rtx] {
                assert_eq!(sdp.media_of(Ssrc(ssrc), PayloadType(1)), Some(SdpMedia::Video), "{name}");
            }
        }
    }
}

#[test]
fn captured_calls_with_audio_name_its_codecs_and_stream() {
    for (name, ssrc) in [
        ("s03-steps-audio.offer", Some(3_064_618_156)),
        ("s03-steps-audio.answer", None),
        ("s07-encrypted.offer", Some(1_881_084_495)),
        ("s07-encrypted.answer", None),
    ] {
        let sdp = captured(name);
        for (number, codec, clock_hz) in [
            (111, "opus", 48_000),
            (63, "red", 48_000),
            (9, "G722", 8_000),
            (0, "PCMU", 8_000),
            (8, "PCMA", 8_000),
            (13, "CN", 8_000),
            (110, "telephone-event", 48_000),
            (126, "telephone-event", 8_000),
        ] {
            assert_eq!(payload(&sdp, number), Some((SdpMedia::Audio, codec, clock_hz, None)), "{name}");
            assert_eq!(sdp.media_of(Ssrc(1), PayloadType(number)), Some(SdpMedia::Audio), "{name}");
        }
        if let Some(ssrc) = ssrc {
            assert_eq!(sdp.media_of(Ssrc(ssrc), PayloadType(1)), Some(SdpMedia::Audio), "{name}");
        }
        assert_eq!(sdp.media_of(Ssrc(1), PayloadType(96)), Some(SdpMedia::Video), "{name}");
        assert_eq!(sdp.media_of(Ssrc(1), PayloadType(98)), None, "{name}");
    }
}

#[test]
fn line_ends_marks_and_json_around_it_change_nothing() {
    let plain = sdp(&FULL);
    assert_eq!(id(&plain, HeaderExtension::AbsSendTime), Some(3));
    let text = FULL.join("\r\n");
    let json = serde_json::json!({ "type": "offer", "sdp": format!("{text}\r\n"), "more": [1] }).to_string();
    for (what, same) in [
        ("final line end", format!("{text}\r\n")),
        ("bare line feeds", FULL.join("\n")),
        ("lone carriage returns", FULL.join("\r")),
        ("two carriage returns", FULL.join("\r\r\n")),
        ("byte order mark", format!("\u{feff}{text}\r\n")),
        ("trailing NUL", format!("{text}\r\n\0")),
        ("NUL after the last line", format!("{text}\0\0")),
        ("empty lines", format!("\n\n{}\n\n", FULL.join("\n\n"))),
        ("indentation", FULL.join("\n    ")),
        ("without v=, o=, s= and t=", FULL[4..].join("\n")),
        ("unknown lines", format!("{text}\r\ny=1\r\nhello\r\n=\r\na=\r\na=x:ü\r\nm\r\n")),
        ("JSON", json.clone()),
        ("JSON after a mark and a line end", format!("\u{feff}\n{json}\n\0")),
    ] {
        assert_eq!(
            without_lines(SessionDescription::parse(&same).unwrap()),
            without_lines(plain.clone()),
            "{what}"
        );
    }
}

#[test]
fn all_five_extensions_are_known_by_their_uri() {
    let mut lines = vec!["m=video 9 RTP/AVPF 96".to_owned()];
    lines.extend(HeaderExtension::ALL.iter().zip(11..).map(|(e, id)| format!("a=extmap:{id} {}", e.uri())));
    let sdp = SessionDescription::parse(&lines.join("\n")).unwrap();
    assert_eq!(HeaderExtension::ALL.map(|extension| id(&sdp, extension)), [11, 12, 13, 14, 15].map(Some));
    let v1 = "a=extmap:5 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    let v2 = "a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/transport-wide-cc-02";
    let sdp = self::sdp(&["m=audio 9 RTP/AVPF 111", v1, v2]);
    assert_eq!(id(&sdp, HeaderExtension::TransportSequenceNumber), Some(5));
    assert_eq!(id(&sdp, HeaderExtension::TransportSequenceNumber02), Some(6));
}

#[test]
fn an_extmap_may_have_a_direction_and_attributes() {
    for (line, expected) in [
        (format!("a=extmap:3/sendonly {ABS_SEND_TIME}"), Some(3)),
        (format!("a=extmap:4/recvonly {ABS_SEND_TIME} more"), Some(4)),
        (format!("a=extmap:255/sendrecv {ABS_SEND_TIME}"), Some(255)),
        (format!("a=extmap:3/inactive {ABS_SEND_TIME}"), None),
        (format!("a=extmap:4096 {ABS_SEND_TIME}"), None),
        (format!("a=extmap:4351/sendonly {ABS_SEND_TIME}"), None),
        (format!("a=extmap:3 urn:ietf:params:rtp-hdrext:encrypt {ABS_SEND_TIME}"), None),
        (format!("a=extmap:3 {ABS_SEND_TIME}-2"), None),
        ("a=extmap:hello urn:other".to_owned(), None),
        ("a=extmap-allow-mixed".to_owned(), None),
    ] {
        let sdp = sdp(&["m=video 9 RTP/AVPF 96", &line]);
        assert_eq!(id(&sdp, HeaderExtension::AbsSendTime), expected, "{line}");
    }
}

#[test]
fn the_video_sections_id_goes_before_the_audio_sections() {
    let with = |id: u8| format!("a=extmap:{id} {ABS_SEND_TIME}");
    let (three, five) = (with(3), with(5));
    let (audio, video) = ("m=audio 9 RTP/AVPF 111", "m=video 9 RTP/AVPF 96");
    let id_of = |lines: &[&str]| sdp(lines).extension_id(HeaderExtension::AbsSendTime);
    assert_eq!(id_of(&[audio, &three, video, &five]), Ok(Some(5)));
    assert_eq!(id_of(&[video, &five, audio, &three]), Ok(Some(5)));
    assert_eq!(id_of(&[audio, &three, video]), Ok(Some(3)));
    assert_eq!(id_of(&[video, &three, video, &three, audio, &five]), Ok(Some(3)));
    for lines in [[video, &three, video, &five], [audio, &five, audio, &three], [video, &three, &five, audio]]
    {
        let error = id_of(&lines).unwrap_err();
        assert_eq!((error.first.id, error.second.id), (3, 5));
    }
    assert_eq!(
        id_of(&[video, &five, video, &three]).unwrap_err().to_string(),
        "SDP gives abs-send-time two ids: 3 on line 4, 5 on line 2"
    );
}

#[test]
fn an_extmap_of_the_session_counts_for_all_sections_with_media() {
    let three = format!("a=extmap:3 {ABS_SEND_TIME}");
    let five = format!("a=extmap:5 {ABS_SEND_TIME}");
    let id_of = |lines: &[&str]| sdp(lines).extension_id(HeaderExtension::AbsSendTime);
    assert_eq!(id_of(&["v=0", &three, "m=audio 9 RTP/AVPF 111"]), Ok(Some(3)));
    assert_eq!(
        id_of(&["v=0", &three, "m=audio 9 RTP/AVPF 111", &five, "m=video 9 RTP/AVPF 96"]),
        Ok(Some(3))
    );
    assert!(id_of(&["v=0", &three, "m=video 9 RTP/AVPF 96", &five]).is_err());
    for alone in ["m=video 0 RTP/AVPF 96", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"] {
        assert_eq!(id_of(&["v=0", &three, alone]), Ok(None), "{alone}");
    }
}

#[test]
fn rejected_sections_and_those_without_rtp_say_nothing() {
    let video = sdp(&FULL);
    let rejected =
        FULL.map(|line| if line.starts_with("m=") { "m=video 0 UDP/TLS/RTP/SAVPF 96 97" } else { line });
    assert_eq!(sdp(&rejected), SessionDescription::default());
    let bundle_only: Vec<_> = rejected.into_iter().chain(["a=bundle-only"]).collect();
    assert_eq!(sdp(&bundle_only), video);
    let data =
        FULL.map(|line| if line.starts_with("m=") { "m=application 9 UDP/DTLS/SCTP 96 97" } else { line });
    assert_eq!(sdp(&data), SessionDescription::default());
    let both: Vec<_> = FULL
        .into_iter()
        .chain([
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "a=sctp-port:5000",
            "a=rtpmap:x",
            "a=ssrc:x",
        ])
        .collect();
    assert_eq!(sdp(&both), video);
}

#[test]
fn static_payload_types_need_no_rtpmap() {
    let sdp = sdp(&["m=audio 5004/2 RTP/AVP 0 8 101", "m=video 5006 RTP/AVP 34 96"]);
    assert_eq!(payload(&sdp, 0), Some((SdpMedia::Audio, "PCMU", 8_000, None)));
    assert_eq!(payload(&sdp, 8), Some((SdpMedia::Audio, "PCMA", 8_000, None)));
    assert_eq!(payload(&sdp, 34), Some((SdpMedia::Video, "H263", 90_000, None)));
    assert_eq!(payload(&sdp, 3), None, "static, but not listed");
    for (number, media) in [(0, SdpMedia::Audio), (101, SdpMedia::Audio), (96, SdpMedia::Video)] {
        assert_eq!(sdp.media_of(Ssrc(1), PayloadType(number)), Some(media), "{number}");
    }
    assert_eq!([101, 96].map(|number| payload(&sdp, number)), [None, None], "no codec is named");
    assert_eq!(sdp.media_of(Ssrc(1), PayloadType(3)), None);
}

#[test]
fn a_payload_type_that_sections_use_differently_stands_for_nothing() {
    let audio = ["m=audio 9 RTP/AVPF 96", "a=rtpmap:96 opus/48000/2", "a=ssrc:1 cname:x"];
    let video = ["m=video 9 RTP/AVPF 96", "a=rtpmap:96 VP8/90000", "a=ssrc:2 cname:x"];
    let both = sdp(&[audio, video].concat());
    assert_eq!(payload(&both, 96), None);
    assert_eq!(both.media_of(Ssrc(3), PayloadType(96)), None);
    assert_eq!(both.media_of(Ssrc(1), PayloadType(96)), Some(SdpMedia::Audio));
    assert_eq!(both.media_of(Ssrc(2), PayloadType(96)), Some(SdpMedia::Video));

    let without_codec = sdp(&[&audio[..], &["m=video 9 RTP/AVPF 96"]].concat());
    assert_eq!(payload(&without_codec, 96), None, "the kinds disagree though one codec is named");

    let h264 = ["m=video 9 RTP/AVPF 96", "a=rtpmap:96 H264/90000", "a=ssrc:1 cname:x"];
    let codecs = sdp(&[video, h264].concat());
    assert_eq!(payload(&codecs, 96), None);
    assert_eq!(codecs.media_of(Ssrc(3), PayloadType(96)), Some(SdpMedia::Video));

    let same = ["m=video 9 RTP/AVPF 96", "a=rtpmap:96 vp8/90000", "a=ssrc:4 cname:x"];
    assert!(payload(&sdp(&[video, same].concat()), 96).is_some(), "codec names have no case");
    let thrice = sdp(&[audio, video, audio].concat());
    assert_eq!(payload(&thrice, 96), None, "a third voice does not settle it");
}

#[test]
fn an_ssrc_in_sections_of_two_kinds_is_told_by_its_payload_type() {
    let sdp = sdp(&["m=audio 9 RTP/AVPF 111", "a=ssrc:1 x", "m=video 9 RTP/AVPF 96", "a=ssrc:1 x"]);
    assert_eq!(sdp.media_of(Ssrc(1), PayloadType(111)), Some(SdpMedia::Audio));
    assert_eq!(sdp.media_of(Ssrc(1), PayloadType(96)), Some(SdpMedia::Video));
}

#[test]
fn media_other_than_audio_and_video_is_other() {
    let sdp = sdp(&["m=text 9 RTP/AVPF 98", "a=rtpmap:98 t140/1000"]);
    assert_eq!(payload(&sdp, 98), Some((SdpMedia::Other, "t140", 1000, None)));
}

#[test]
fn attributes_of_a_payload_type_that_the_m_line_lacks_are_passed_over() {
    let sdp = sdp(&[
        "m=video 9 RTP/AVPF 96",
        "a=rtpmap:98 VP9/90000",
        "a=fmtp:98 apt=96",
        "a=rtcp-fb:98 goog-remb",
    ]);
    assert_eq!(payload(&sdp, 98), None);
    assert!(!sdp.goog_remb());
}

#[test]
fn rtx_is_told_by_apt_before_or_after_its_rtpmap() {
    for [first, second] in [
        ["a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"],
        ["a=fmtp:97 rtx-time=3000; apt = 96", "a=rtpmap:97 RTX/90000"],
    ] {
        let sdp = sdp(&["m=video 9 RTP/AVPF 96 97", first, second]);
        assert_eq!(sdp.payload(PayloadType(97)).and_then(|p| p.rtx_of), Some(PayloadType(96)), "{first}");
    }
    let lines =
        ["m=video 9 RTP/AVPF 96 97", "a=rtpmap:96 H264/90000", "a=fmtp:96 apt=97", "a=fmtp:*", "a=fmtp:x y"];
    assert_eq!(payload(&sdp(&lines), 96), Some((SdpMedia::Video, "H264", 90_000, None)));
}

#[test]
fn feedback_may_name_one_payload_type_or_all() {
    for (line, remb, transport_cc) in [
        ("a=rtcp-fb:96 goog-remb", true, false),
        ("a=rtcp-fb:* goog-remb", true, false),
        ("a=rtcp-fb:* transport-cc", false, true),
        ("a=rtcp-fb:96 nack pli", false, false),
        ("a=rtcp-fb:x nack", false, false),
        ("a=rtcp-fb:96", false, false),
    ] {
        let sdp = sdp(&["m=video 9 RTP/AVPF 96", line]);
        assert_eq!((sdp.goog_remb(), sdp.transport_cc()), (remb, transport_cc), "{line}");
    }
}

#[test]
fn only_groups_of_two_streams_that_belong_together_are_rtx_pairs() {
    let lines = [
        "m=video 9 RTP/AVPF 96",
        "a=ssrc-group:FID 3 4",
        "a=ssrc-group:SIM 1 3",
        "a=ssrc-group:FEC-FR 1 5",
        "a=ssrc-group:FID 1 2",
        "a=ssrc-group:FID 6",
        "a=ssrc-group:FID 6 7 8",
        "a=ssrc-group:FID 9 9",
        "a=ssrc-group:",
    ];
    let sdp = sdp(&lines);
    assert_eq!(rtx(&sdp), [(3, 4), (1, 2)], "in the order of the text");
    for ssrc in 1..=9 {
        assert_eq!(sdp.media_of(Ssrc(ssrc), PayloadType(1)), Some(SdpMedia::Video), "{ssrc}");
    }
}
