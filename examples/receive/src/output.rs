//! What is printed: for people, or a JSON object a line for scripts.

use std::fmt::Display;
use std::io::Write;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use remb_rtc::RembStats;
use serde_json::{Value, json};

#[derive(Clone, Copy)]
pub struct Output {
    pub json: bool,
}

impl Output {
    /// A REMB that was sent.
    pub fn remb(self, stats: &RembStats) {
        if self.json {
            let at = SystemTime::now() - Instant::now().saturating_duration_since(stats.at);
            return self.line(&json!({ "remb": {
                "unix_s": at.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()),
                "bps": stats.estimate.as_bps(),
                "reason": stats.reason.name(),
                "usage": stats.usage.name(),
                "incoming_bps": stats.incoming.map(|rate| rate.as_bps()),
                "rtt_ms": stats.rtt.map(|rtt| rtt.to_millis()),
                "streams": stats.streams,
            }}));
        }
        let kbps = |bps: i64| format!("{} kbit/s", bps / 1000);
        let incoming = stats.incoming.map_or("unknown".to_owned(), |rate| kbps(rate.as_bps()));
        let rtt = stats.rtt.map_or("unknown".to_owned(), |rtt| format!("{} ms", rtt.to_millis()));
        self.line(&format_args!(
            "REMB {:>12} ({}), incoming {incoming:>12}, usage {}, round trip {rtt}",
            kbps(stats.estimate.as_bps()),
            stats.reason.name(),
            stats.usage.name()
        ));
    }

    /// Something that happened.
    pub fn event(self, what: &str) {
        if self.json {
            self.line(&json!({ "event": what }));
        } else {
            self.line(&what);
        }
    }

    /// For scripts alone.
    pub fn script(self, value: &Value) {
        if self.json {
            self.line(value);
        }
    }

    /// A line, whatever the form. No `println!`, which panics on a closed pipe, on the thread that drives the connection.
    pub fn line(self, line: &dyn Display) {
        let mut out = std::io::stdout().lock();
        // Nobody listens any more: the call goes on.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
