//! How packets are carried: link types, tunnels, offload, two transports on the same ports, files behind files. Captures made
//! here, as the program reads them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

use serde_json::Value;

const RAW: u32 = 101;

/// RTP of a stream with abs-send-time, `len` bytes with its header.
#[derive(Clone, Copy)]
struct Rtp {
    number: u16,
    ssrc: u32,
    second: u8,
    len: usize,
}

const VIDEO: Rtp = Rtp { number: 0, ssrc: 0x1111_1111, second: 96, len: 1120 };

impl Rtp {
    fn bytes(self, ms: u64) -> Vec<u8> {
        let [_, high, middle, low] = (((ms << 18) / 1000) as u32).to_be_bytes();
        let mut rtp = [&[0x90, self.second][..], &self.number.to_be_bytes()].concat();
        rtp.extend((ms as u32 * 90).to_be_bytes());
        rtp.extend(self.ssrc.to_be_bytes());
        rtp.extend([0xbe, 0xde, 0, 1, 0x32, high, middle, low]);
        rtp.resize(self.len, self.number as u8);
        rtp
    }
}

fn ip(protocol: u8, content: &[u8]) -> Vec<u8> {
    let mut ip = vec![0x45, 0];
    ip.extend((20 + content.len() as u16).to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    [&ip[..], content].concat()
}

fn udp(payload: &[u8]) -> Vec<u8> {
    udp_between(5004, 6004, payload)
}

fn udp_between(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let len = 8 + payload.len() as u16;
    ip(17, &[&[source, destination, len, 0].map(u16::to_be_bytes).concat()[..], payload].concat())
}

fn tcp(sequence: u32, payload: &[u8]) -> Vec<u8> {
    let ports = [5004_u16, 6004].map(u16::to_be_bytes).concat();
    let rest = [0x50, 0x10, 1, 0, 0, 0, 0, 0];
    ip(6, &[&ports[..], &sequence.to_be_bytes(), &[0; 4], &rest, payload].concat())
}

/// A frame: milliseconds, bytes, and how many of them the snaplen leaves.
type Made = (u64, Vec<u8>, usize);

fn whole(ms: u64, data: Vec<u8>) -> Made {
    (ms, data, usize::MAX)
}

fn pcap(link_type: u32, frames: &[Made]) -> Vec<u8> {
    let words = |words: [u32; 4]| words.map(u32::to_le_bytes).concat();
    let mut file = words([0xa1b2_c3d4, 0x0004_0002, 0, 0]);
    file.extend([65_535, link_type].map(u32::to_le_bytes).concat());
    for (ms, data, snaplen) in frames {
        let kept = &data[..data.len().min(*snaplen)];
        let seconds = 1_700_000_000 + ms / 1000;
        file.extend(words([seconds as u32, (ms % 1000 * 1000) as u32, kept.len() as u32, data.len() as u32]));
        file.extend(kept);
    }
    file
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let len = (padded as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &len, body, &vec![0; padded - body.len()], &len].concat()
}

fn section(link_types: &[u16]) -> Vec<u8> {
    let head = block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat());
    let interfaces = link_types.iter().flat_map(|link_type| {
        let [low, high] = link_type.to_le_bytes();
        block(1, &[low, high, 0, 0, 0, 0, 0, 0])
    });
    head.into_iter().chain(interfaces).collect()
}

fn enhanced(interface: u32, ms: u64, data: &[u8]) -> Vec<u8> {
    let micros = 1_700_000_000_000_000 + ms * 1000;
    let words = [interface, (micros >> 32) as u32, micros as u32, data.len() as u32, data.len() as u32];
    block(6, &[&words.map(u32::to_le_bytes).concat()[..], data].concat())
}

/// Exit code, standard output and standard error.
fn run(command: &str, flags: &[&str], capture: &[u8]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    fs::write(&path, capture).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_remb-replay"))
        .arg(command)
        .args(flags)
        .arg(&path)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn inspected(flags: &[&str], capture: &[u8]) -> (i32, Value) {
    let (code, out, error) = run("inspect", &[&["--json", "-"], flags].concat(), capture);
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{error}")))
}

fn warning<'a>(found: &'a Value, code: &str) -> Option<&'a Value> {
    found["warnings"].as_array().unwrap().iter().find(|warning| warning["code"] == code)
}

/// Name and packets of each stream of each flow.
fn streams(found: &Value) -> Vec<(String, u64, u64)> {
    let flows = found["flows"].as_array().unwrap().iter();
    let streams = flows.flat_map(|flow| {
        flow["streams"].as_array().unwrap().iter().map(move |stream| {
            let name = format!("{} {}", flow["flow"].as_str().unwrap(), stream["ssrc"].as_str().unwrap());
            (name, stream["packets"].as_u64().unwrap(), stream["lost"].as_u64().unwrap())
        })
    });
    streams.collect()
}

const FLOW: &str = "192.0.2.1:5004-192.0.2.2:6004";

/// Nine seconds, 30 packets each.
fn call(rtp: Rtp) -> impl Iterator<Item = (u64, Rtp)> {
    (0..270).map(move |n| (n * 33, Rtp { number: rtp.number.wrapping_add(n as u16), ..rtp }))
}

fn only(packets: u64) -> Vec<(String, u64, u64)> {
    vec![(format!("{FLOW} 0x11111111"), packets, 0)]
}

#[test]
fn a_call_half_of_which_came_over_ppp_is_whole() {
    let frames = call(VIDEO).map(|(ms, rtp)| {
        let packet = udp(&rtp.bytes(ms));
        match rtp.number % 2 {
            0 => enhanced(0, ms, &packet),
            _ => enhanced(1, ms, &[&[0xff, 3, 0, 0x21][..], &packet].concat()),
        }
    });
    let capture = [section(&[101, 9])].into_iter().chain(frames).collect::<Vec<_>>().concat();
    let (code, found) = inspected(&["--strict"], &capture);
    assert_eq!((code, streams(&found)), (0, only(270)));
    assert_eq!(found["frames"]["link_types"]["PPP"], 135);
}

#[test]
fn a_link_type_that_is_not_read_is_a_warning_with_name_and_number() {
    let frames = call(VIDEO).map(|(ms, rtp)| enhanced(u32::from(rtp.number % 3), ms, &udp(&rtp.bytes(ms))));
    let capture = [section(&[101, 6, 999])].into_iter().chain(frames).collect::<Vec<_>>().concat();
    let (code, _, error) = run("replay", &["--strict", "--rtt", "40ms"], &capture);
    let message = "encapsulations are not read, whatever they carry: 90 of link type 6 (Token Ring), 90 of link type \
                   999 (first in frame 2)";
    assert!(code == 5 && error.contains(&format!("warning[W-UNREAD-ENCAPSULATION]: {message}")), "{error}");
}

/// Groups of one to four packets at the same time, in one frame each or in a frame for each packet.
fn grouped(together: bool, len: usize, snaplen: usize) -> Vec<Made> {
    let mut frames = Vec::new();
    let mut number = 65_500_u16;
    for n in 0..300_u64 {
        let (ms, size) = (n * 30, [1, 3, 2, 4][n as usize % 4]);
        let packets = (0..size).map(|place| {
            let len = if place == 3 { len - 100 } else { len };
            number = number.wrapping_add(1);
            Rtp { number, len, ..VIDEO }.bytes(ms)
        });
        let packets: Vec<_> = packets.collect();
        match together {
            true => frames.push((ms, udp(&packets.concat()), snaplen)),
            false => frames.extend(packets.iter().map(|packet| (ms, udp(packet), snaplen))),
        }
    }
    frames
}

#[test]
fn what_offload_put_together_is_read_as_if_it_had_not() {
    for len in [200, 300, 1120] {
        let [apart, together] = [false, true].map(|together| pcap(RAW, &grouped(together, len, usize::MAX)));
        let ((_, apart_found), (code, found)) = (inspected(&[], &apart), inspected(&["--strict"], &together));
        assert_eq!((code, streams(&found)), (0, only(750)), "{len}");
        assert_eq!(found["flows"][0]["streams"], apart_found["flows"][0]["streams"]);
        assert_eq!(found["frames"]["classes"]["rtp"], 750);
        let note = warning(&found, "N-AGGREGATED").unwrap();
        assert_eq!((note["count"].as_u64(), note["first_frame"].as_u64()), (Some(225), Some(2)));
        assert!(warning(&apart_found, "N-AGGREGATED").is_none() && warning(&found, "W-OFFLOAD").is_none());
        let rembs = |capture: &[u8]| run("replay", &["--rtt", "40ms", "--estimate-csv", "-"], capture).1;
        assert_eq!(rembs(&apart), rembs(&together), "{len}");
        assert!(rembs(&apart).lines().count() > 100);
    }
}

#[test]
fn an_aggregate_late_in_a_call_is_taken_apart_too() {
    let mut frames: Vec<_> = call(VIDEO).map(|(ms, rtp)| whole(ms, udp(&rtp.bytes(ms)))).collect();
    let late = |ms: u64, number| Rtp { number, ..VIDEO }.bytes(ms);
    frames.push(whole(9000, udp(&[late(9000, 270), late(9000, 271), late(9000, 272)].concat())));
    frames.push(whole(9033, udp(&late(9033, 273))));
    assert_eq!(streams(&inspected(&[], &pcap(RAW, &frames)).1), only(274));
}

#[test]
fn an_aggregate_that_the_snaplen_hides_is_a_warning() {
    // The first header alone; then also the second.
    for (snaplen, packets, aggregated) in [(60, 300, None), (28 + 1120 + 20, 525, Some(225))] {
        let (_, found) = inspected(&[], &pcap(RAW, &grouped(true, 1120, snaplen)));
        assert_eq!(streams(&found)[0].1, packets, "{snaplen}");
        let note = warning(&found, "N-AGGREGATED").and_then(|note| note["count"].as_u64());
        assert_eq!(note, aggregated);
        let hidden = warning(&found, "W-OFFLOAD").unwrap();
        assert_eq!(hidden["count"], if aggregated.is_some() { 150 } else { 225 }, "{hidden}");
    }
}

#[test]
fn udp_and_tcp_on_the_same_ports_are_two_flows() {
    let mut sequence = 1000;
    let mut frames = Vec::new();
    for (ms, rtp) in call(VIDEO) {
        let other = Rtp { ssrc: 0x2222_2222, ..rtp }.bytes(ms);
        let framed = [&(other.len() as u16).to_be_bytes()[..], &other].concat();
        frames.push(whole(ms, udp(&rtp.bytes(ms))));
        frames.push(whole(ms, tcp(sequence, &framed)));
        sequence += framed.len() as u32;
    }
    let both = pcap(RAW, &frames);
    let (by_udp, by_tcp) =
        ((format!("{FLOW} 0x11111111"), 270, 0), (format!("tcp:{FLOW} 0x22222222"), 270, 0));
    let (code, found) = inspected(&[], &both);
    assert_eq!((code, streams(&found)), (0, vec![by_udp.clone(), by_tcp.clone()]));
    let selected = |flow: &str| streams(&inspected(&["--flow", flow], &both).1);
    assert_eq!(selected(&format!("tcp:{FLOW}")), [by_tcp]);
    assert_eq!(selected(&format!("udp:{FLOW}")), [by_udp]);
    assert_eq!(selected(FLOW).len(), 2);

    // By itself it is written as it always was.
    let by_tcp_alone: Vec<_> = frames.iter().skip(1).step_by(2).cloned().collect();
    assert_eq!(
        streams(&inspected(&[], &pcap(RAW, &by_tcp_alone)).1),
        [(format!("{FLOW} 0x22222222"), 270, 0)]
    );

    // The one that comes second is marked, whichever it is.
    frames.rotate_left(1);
    let names: Vec<_> =
        streams(&inspected(&[], &pcap(RAW, &frames)).1).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, [format!("{FLOW} 0x22222222"), format!("udp:{FLOW} 0x11111111")]);
}

/// Its numbers are small, and so they look like lengths of RTCP that fit.
#[test]
fn marked_rtp_of_payload_types_64_to_95_is_rtp() {
    for second in 192..=223 {
        let rtp = Rtp { second, ..VIDEO };
        let frames: Vec<_> = call(rtp).map(|(ms, rtp)| whole(ms, udp(&rtp.bytes(ms)))).collect();
        let (code, found) = inspected(&[], &pcap(RAW, &frames));
        assert_eq!((code, streams(&found)), (0, only(270)), "{second}");
        assert_eq!(found["frames"]["classes"]["rtcp"], Value::Null, "{second}");
    }
}

/// Answers of DNS to one port, of WAP's connectionless service, of MPEG-TS: their first bytes look like something else.
#[test]
fn other_protocols_are_none_that_are_fit_for_estimation() {
    let dns = |n: u32| {
        let [high, low, ..] = n.wrapping_mul(2_654_435_761).to_be_bytes();
        let flags = match n {
            n if n > 3000 && n % 1000 == 999 => 0x85,
            n if n % 100 == 9 => 0x83,
            _ => 0x80,
        };
        udp_between(
            53,
            40_000,
            &[&[high & 0x3f | 0x80, low, 0x81, flags, 0, 1, 0, 1, 0, 0, 0, 0][..], &[7; 40]].concat(),
        )
    };
    let wap = |n: u32| {
        let uri = format!("http://wap.example.org/page/{n}");
        let head = [0x80 + (n % 64) as u8, 0x40, uri.len() as u8];
        udp_between(40_000, 9200, &[&head[..], uri.as_bytes()].concat())
    };
    let mpeg = |n: u32| {
        let cells = (0..7).flat_map(|cell| {
            [&[0x47, 0x11, 0x10, 0x10 + ((n * 7 + cell) % 16) as u8][..], &[9; 184]].concat()
        });
        udp_between(1234, 1234, &cells.collect::<Vec<_>>())
    };
    let makers: [&dyn Fn(u32) -> Vec<u8>; 3] = [&dns, &wap, &mpeg];
    for (place, make) in makers.into_iter().enumerate() {
        let frames: Vec<_> = (0..4000).map(|n| whole(u64::from(n) * 10, make(n))).collect();
        let (code, found) = inspected(&[], &pcap(RAW, &frames));
        assert_eq!((code, found["flows"].as_array().map(Vec::len)), (4, Some(0)), "{place}");
        assert_eq!(found["frames"]["classes"]["turn-channel-data"], Value::Null, "{place}");
    }
}

#[test]
fn packets_without_a_time_are_called_that() {
    let simple = |n: u64| block(3, &[&1148_u32.to_le_bytes()[..], &udp(&VIDEO.bytes(n))].concat());
    let capture = [section(&[101])].into_iter().chain((0..50).map(simple)).collect::<Vec<_>>().concat();
    for command in ["inspect", "replay"] {
        let (code, _, error) = run(command, &[], &capture);
        assert!(code == 4 && error.contains("no frame could be read: 50 packets without a time"), "{error}");
    }
}

#[test]
fn rotated_files_put_together_are_one_call_and_a_note() {
    let frames: Vec<_> = call(VIDEO).map(|(ms, rtp)| whole(ms, udp(&rtp.bytes(ms)))).collect();
    let (first, second) = frames.split_at(131);
    let capture = [pcap(RAW, first), pcap(RAW, second)].concat();
    let (code, found) = inspected(&["--strict"], &capture);
    assert_eq!((code, streams(&found), &found["frames"]["total"]), (0, only(270), &Value::from(270)));
    let note = warning(&found, "N-CONCATENATED").unwrap();
    assert_eq!((&note["count"], &note["first_frame"]), (&Value::from(1), &Value::from(132)));
    let rembs = |capture: &[u8]| run("replay", &["--rtt", "40ms", "--remb-csv", "-"], capture).1;
    assert_eq!(rembs(&capture), rembs(&pcap(RAW, &frames)));
}

#[test]
fn lengths_of_udp_beyond_ip_are_a_warning_and_add_no_bytes() {
    let frames = call(VIDEO).map(|(ms, rtp)| {
        let mut packet = udp(&rtp.bytes(ms));
        packet[24..26].copy_from_slice(&4000_u16.to_be_bytes());
        whole(ms, packet)
    });
    let (_, found) = inspected(&[], &pcap(RAW, &frames.collect::<Vec<_>>()));
    assert_eq!(found["flows"][0]["streams"][0]["payload_bytes"], 270 * 1100);
    assert_eq!(warning(&found, "W-UDP-LENGTH").unwrap()["count"], 270);
    assert!(warning(&found, "W-OFFLOAD").is_none());
}
