//! A call in a few lines, and its properties as the table counts them.

use std::fmt::{self, Display, Formatter};

use super::Call;
use super::elements::Meaning;
use super::plan::{Audio, Plan};

/// The name of the first bound that a value is below.
fn class(value: i64, bounds: &[(i64, &'static str)], above: &'static str) -> String {
    bounds.iter().find(|(bound, _)| value < *bound).map_or(above, |(_, name)| name).to_owned()
}

impl Call {
    /// Name and class of each property.
    pub(super) fn properties(&self) -> Vec<(&'static str, String)> {
        let plan = &self.plan;
        let rates = [(100_000, "<100k"), (300_000, "<300k"), (1_000_000, "<1M"), (3_000_000, "<3M")];
        let links = [(500, "<0.5"), (1_000, "<1"), (2_000, "<2")];
        let queues = [(200_000, "<0.2s"), (1_000_000, "<1s"), (2_000_000, "<2s")];
        let rates_of_frames = [(10_000, "<10"), (20_000, "<20"), (30_000, "<30"), (31_000, "30")];
        let losses = [(1, "none"), (40, "<4%")];
        let jitters = [(1, "none"), (10_000, "<10ms")];
        let order = if plan.path.jitter > 0 && plan.path.reorders { " reordering" } else { "" };
        let twists = plan.twists.iter().map(|twist| ("twist", format!("{twist:?}").to_lowercase()));
        let mut properties = vec![
            ("rate", class(plan.video_bps(), &rates, "3M..")),
            ("link", class(plan.link_per_mille, &links, "2..")),
            ("queue", class(self.longest_queue, &queues, "2s..")),
            ("fps", class(plan.milli_fps, &rates_of_frames, "31..")),
            ("frames", format!("{:?}", plan.frame_clock).to_lowercase()),
            ("pacing", if plan.paced { "on" } else { "off" }.to_owned()),
            ("loss", class(plan.path.loss_per_mille as i64, &losses, "4%..")),
            ("jitter", class(plan.path.jitter, &jitters, "10ms..") + order),
            ("audio", plan.audio.as_ref().map_or("none".to_owned(), audio_class)),
            ("begins", begins(plan)),
            ("videos", plan.videos.len().to_string()),
            ("rtx", if plan.rtx_payload_type.is_some() { "yes" } else { "no" }.to_owned()),
            ("probes", format!("{:?}", plan.probes).to_lowercase()),
            ("fec", if plan.fec.is_some() { "yes" } else { "no" }.to_owned()),
            ("send-time", send_time(plan)),
            ("decoys", plan.decoys().join("+")),
            ("form", if plan.two_byte { "two-byte" } else { "one-byte" }.to_owned()),
            ("snaplen", class(plan.snaplen as i64, &[(128, "<128"), (256, "<256")], "256..")),
            ("reports", if plan.reports_every > 0 { "yes" } else { "no" }.to_owned()),
        ];
        properties.extend(twists);
        properties
    }
}

impl Plan {
    /// Elements of three bytes that are not a send time.
    fn decoys(&self) -> Vec<&'static str> {
        let names = self.elements.iter().filter_map(|element| match element.meaning {
            Meaning::TransmissionOffset => Some("toffset"),
            Meaning::PlayoutDelay => Some("playout"),
            Meaning::DependencyDescriptor => Some("dd"),
            Meaning::Noise { .. } => Some("noise"),
            Meaning::Lookalike { .. } => Some("lookalike"),
            _ => None,
        });
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    }
}

fn audio_class(audio: &Audio) -> String {
    format!("{}{}", audio.codec.name, if audio.dtx { " dtx" } else { "" })
}

fn begins(plan: &Plan) -> String {
    let video = plan.videos[0].starts;
    match plan.audio.as_ref().map(|audio| audio.starts - video) {
        _ if plan.before > 0 => "in mid-call",
        None => "video only",
        Some(..0) => "audio first",
        Some(0) => "together",
        Some(_) => "audio late",
    }
    .to_owned()
}

fn send_time(plan: &Plan) -> String {
    let found = plan.elements.iter().find_map(|element| match element.meaning {
        Meaning::AbsSendTime { on_audio } => Some(on_audio),
        _ => None,
    });
    match found {
        Some(true) => "on all",
        Some(false) => "on video",
        None => "none",
    }
    .to_owned()
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plan = &self.plan;
        let properties = self.properties();
        let words: Vec<_> = properties.iter().map(|(name, class)| format!("{name} {class}")).collect();
        writeln!(f, "seed {}: {}", plan.seed, words.join(", "))?;
        writeln!(
            f,
            "  {} kbit/s of video at {} fps over {} kbit/s, {} ms of queue, at most {} used; {:.1} s from {:.1} s on, \
             snaplen {}",
            plan.video_bps() / 1_000,
            plan.milli_fps as f64 / 1e3,
            plan.path.capacity[0].1 / 1_000,
            plan.path.max_queue / 1_000,
            self.longest_queue / 1_000,
            plan.duration as f64 / 1e6,
            plan.before as f64 / 1e6,
            plan.snaplen
        )?;
        if let Some(audio) = &plan.audio {
            let (ticks, starts) = (audio.packet_ticks, audio.starts as f64 / 1e6);
            writeln!(
                f,
                "  audio: {} at {} Hz, {ticks} ticks a packet, from {starts:.1} s on",
                audio.codec.name, audio.codec.clock_hz
            )?;
        }
        for element in &plan.elements {
            writeln!(f, "  element {}: {:?}", element.id, element.meaning)?;
        }
        for ((role, ssrc), packets) in &self.captured {
            writeln!(f, "  0x{ssrc:08x} {role:?}: {packets} packets")?;
        }
        Ok(())
    }
}
