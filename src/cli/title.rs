//! The title of a flow's picture, and the line below it.

use super::resolve::Resolved;
use remb_replay::bwe::DelayFilter;
use remb_replay::remb::Profile;
use remb_replay::report::summary::{Flow, Summary};

/// Title and the line below it.
pub(super) fn title(summary: &Summary, resolved: &Resolved, flow: Option<&Flow>) -> [String; 2] {
    let remb = &resolved.config.parameters.remb;
    let schedule = match remb.scheduler {
        Profile::Periodic => {
            format!("REMB every {} and at a fall of {} %", remb.interval, remb.decrease_threshold)
        }
        Profile::Libwebrtc => "REMB as libwebrtc schedules it".to_owned(),
    };
    let name = flow.map_or("no flow was estimated", |flow| &flow.flow);
    let rtt = flow.and_then(|flow| flow.rtt.in_short()).map(|rtt| format!(", {rtt}")).unwrap_or_default();
    let packets = flow.map(|flow| format!(", {} packets", flow.packets_fed)).unwrap_or_default();
    let file = if summary.input.file == "-" { "standard input" } else { &summary.input.file };
    let estimator = flow
        .and_then(|flow| flow.estimation.as_ref())
        .map_or("not estimated", |estimation| estimation.estimator);
    let filter = match resolved.config.parameters.estimator.controller.filter {
        DelayFilter::Kalman => "Kalman filter",
        DelayFilter::Trendline => "trendline filter",
    };
    let profile = match resolved.profile {
        "libwebrtc" => String::new(),
        name => format!("profile {name}, "),
    };
    let left_out = flow.and_then(left_out).map(|streams| format!("; without {streams}")).unwrap_or_default();
    [format!("{file}: {name}"), format!("{profile}{estimator}, {filter}, {schedule}{rtt}{packets}{left_out}")]
}

/// The streams of which nothing counts, by kind.
fn left_out(flow: &Flow) -> Option<String> {
    const NAMED: usize = 3;
    let streams: Vec<_> = flow.streams.iter().filter(|stream| stream.packets_fed == 0).collect();
    let mut names: Vec<_> =
        streams.iter().take(NAMED).map(|stream| format!("{} {}", stream.kind, stream.ssrc)).collect();
    if let Some(more @ 1..) = streams.len().checked_sub(NAMED) {
        names.push(format!("{more} more"));
    }
    (!names.is_empty()).then(|| names.join(", "))
}
