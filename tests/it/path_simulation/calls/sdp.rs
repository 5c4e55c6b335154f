//! The SDP that the call's sides would have agreed on.

use std::fmt::Write;

use super::plan::Plan;

pub(super) fn sdp(plan: &Plan) -> String {
    let mut text = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n".to_owned();
    if let Some(audio) = &plan.audio {
        let (payload_type, codec) = (audio.payload_type, audio.codec);
        let mut codecs = vec![(payload_type, codec.name, codec.clock_hz)];
        codecs.extend(audio.changes.map(|(_, codec, number)| (number, codec.name, codec.clock_hz)));
        codecs.extend(audio.redundant.map(|(_, number)| (number, "red", codec.clock_hz)));
        codecs.extend(audio.events.as_ref().map(|(_, number)| (*number, "telephone-event", codec.clock_hz)));
        codecs.extend(audio.comfort_noise.then_some((13, "CN", 8_000)));
        text.push_str("m=audio 9 RTP/AVPF");
        for (number, ..) in &codecs {
            let _ = write!(text, " {number}");
        }
        text.push_str("\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n");
        extmaps(plan, true, &mut text);
        text.push_str("a=sendonly\r\na=rtcp-mux\r\n");
        for (number, name, clock_hz) in codecs {
            let channels = if name == "opus" { "/2" } else { "" };
            let _ = write!(text, "a=rtpmap:{number} {name}/{clock_hz}{channels}\r\n");
        }
        for ssrc in [audio.ssrc].into_iter().chain(audio.renewed.map(|(_, ssrc)| ssrc)) {
            let _ = write!(text, "a=ssrc:{ssrc} cname:call\r\n");
        }
    }
    let mut medias: Vec<_> = plan.videos.iter().map(|video| video.payload_type).collect();
    medias.dedup();
    let media = medias[0];
    text.push_str("m=video 9 RTP/AVPF");
    for media in &medias {
        let _ = write!(text, " {media}");
    }
    for further in plan.rtx_payload_type.into_iter().chain(plan.fec.as_ref().map(|fec| fec.payload_type)) {
        let _ = write!(text, " {further}");
    }
    text.push_str("\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n");
    extmaps(plan, false, &mut text);
    text.push_str("a=sendonly\r\na=rtcp-mux\r\n");
    for media in &medias {
        let _ = write!(text, "a=rtpmap:{media} VP8/90000\r\na=rtcp-fb:{media} goog-remb\r\n");
    }
    if let Some(rtx) = plan.rtx_payload_type {
        let _ = write!(text, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={media}\r\n");
    }
    if let Some(fec) = &plan.fec {
        let (payload_type, ssrc) = (fec.payload_type, fec.ssrc);
        let _ = write!(text, "a=rtpmap:{payload_type} flexfec-03/90000\r\na=ssrc:{ssrc} cname:call\r\n");
        let _ = write!(text, "a=ssrc-group:FEC-FR {} {ssrc}\r\n", plan.videos[0].ssrc);
    }
    for video in &plan.videos {
        if plan.rtx_payload_type.is_some() {
            let _ = write!(text, "a=ssrc-group:FID {} {}\r\n", video.ssrc, video.rtx_ssrc);
            let _ = write!(text, "a=ssrc:{} cname:call\r\n", video.rtx_ssrc);
        }
        let _ = write!(text, "a=ssrc:{} cname:call\r\n", video.ssrc);
    }
    text
}

fn extmaps(plan: &Plan, audio: bool, text: &mut String) {
    for element in plan.elements.iter().filter(|element| element.meaning.is_of(audio)) {
        let _ = write!(text, "a=extmap:{} {}\r\n", element.id, element.meaning.uri());
    }
}
