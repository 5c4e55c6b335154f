//! The title of a flow's picture, and the line below it.

use super::summary::{Flow, Summary};
use crate::config::Parameters;
use remb::Profile;
use remb::bwe::DelayFilter;

/// Title and the line below it, of a flow or of none; the summary's parameters as they were used.
pub fn title(summary: &Summary, parameters: &Parameters, flow: Option<&Flow>) -> [String; 2] {
    let remb = &parameters.remb;
    let schedule = match remb.scheduler {
        Profile::Periodic => {
            format!("REMB every {} and at a fall of {} %", remb.interval, remb.decrease_threshold)
        }
        Profile::Libwebrtc => "REMB as libwebrtc schedules it".to_owned(),
    };
    let name = flow.map_or("no flow was estimated", |flow| &flow.flow);
    let rtt = flow.and_then(|flow| flow.rtt.in_short()).map(|rtt| format!(", {rtt}")).unwrap_or_default();
    let packets = flow.map(|flow| format!(", {} packets", flow.packets_fed)).unwrap_or_default();
    let file = summary.input.shown();
    let estimator = flow
        .and_then(|flow| flow.estimation.as_ref())
        .map_or("not estimated", |estimation| estimation.estimator);
    let filter = match parameters.estimator.controller.filter {
        DelayFilter::Kalman => "Kalman filter",
        DelayFilter::Trendline => "trendline filter",
    };
    let profile = match summary.profile {
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
