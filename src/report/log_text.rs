//! What a log has beside packets, for a person.

use std::fmt::{self, Write as _};

use super::counted;
use crate::capture::LogFacts;
use crate::capture::log_facts::{EventLogFacts, IcePair, LogSession, SendEstimates};

impl LogFacts {
    /// The lines under the capture's own.
    pub(super) fn write_text(&self, out: &mut String) -> fmt::Result {
        match &self.event_log {
            Some(log) => log.write_text(out),
            None => writeln!(out, "  log: {}", self.source),
        }
    }
}

impl EventLogFacts {
    fn write_text(&self, out: &mut String) -> fmt::Result {
        let all = self.sessions.len() as u64 + self.more_sessions;
        for (index, session) in self.sessions.iter().enumerate() {
            let read = if all > 1 && index + 1 == self.session { ", read here" } else { "" };
            writeln!(out, "  session {} of {all}{read}: {}", index + 1, session.in_words())?;
        }
        for pair in &self.ice_pairs {
            writeln!(out, "  ICE: {}", pair.in_words())?;
        }
        let [sent, received, answered, answers] = self.ice_checks;
        if self.ice_checks != [0; 4] {
            writeln!(
                out,
                "  ICE checks: {sent} sent, {answers} answers received; {received} received, {answered} answered"
            )?;
        }
        if !self.dtls.is_empty() || self.dtls_writable.is_some() {
            let states = if self.dtls.is_empty() {
                "none, as in calls without encryption".to_owned()
            } else {
                self.dtls.join(", ")
            };
            writeln!(out, "  DTLS: {states}")?;
        }
        let [probes, succeeded, failed] = self.probes;
        if probes > 0 {
            writeln!(
                out,
                "  sending side: {}, {succeeded} with a result, {failed} failed",
                counted(probes, "probe clusters")
            )?;
        }
        write_estimates(out, "losses", &self.loss_estimates)?;
        write_estimates(out, "delay", &self.delay_estimates)?;
        let left_out = [
            (self.empty_rtcp, "RTCP packets of which the log kept nothing"),
            (self.repeated_rtcp, "RTCP packets that the log has twice"),
            (self.unknown_records, "records of unknown kinds"),
        ];
        for (count, what) in left_out.iter().filter(|(count, _)| *count > 0) {
            writeln!(out, "  left out: {count} {what}")?;
        }
        Ok(())
    }
}

impl LogSession {
    fn in_words(&self) -> String {
        let begin = self.begin().map_or("no time".to_owned(), |at| {
            jiff::Timestamp::from_nanosecond(at.as_nanos().into())
                .map_or("no time".to_owned(), |at| at.to_string())
        });
        let [received, sent] = self.rtp;
        let [rtcp_received, rtcp_sent] = self.rtcp;
        let end = if self.has_end { "with its end" } else { "without an end record, as is usual" };
        format!(
            "begun {begin}, {:.3} s, {end}; RTP {received} received, {sent} sent; RTCP {rtcp_received} received, {rtcp_sent} sent",
            self.duration().as_micros() as f64 / 1e6
        )
    }
}

impl IcePair {
    fn in_words(&self) -> String {
        let [local, remote] = &self.types;
        let [local_family, remote_family] = &self.families;
        let selected = if self.is_selected { ", selected" } else { "" };
        format!("{local} ({local_family}) to {remote} ({remote_family}) by {}{selected}", self.protocol)
    }
}

fn write_estimates(out: &mut String, by: &str, estimates: &SendEstimates) -> fmt::Result {
    let Some((first, last)) = estimates.first_and_last else { return Ok(()) };
    let kbps = |bps: u32| f64::from(bps) / 1e3;
    writeln!(
        out,
        "  sending side: {} of its rate by {by}, first {:.0} kbit/s, last {:.0} kbit/s",
        counted(estimates.count, "estimates"),
        kbps(first),
        kbps(last)
    )
}
