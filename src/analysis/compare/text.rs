//! A comparison in words.

use std::fmt::Write;

use super::flow::{FlowComparison, Nearest};
use super::{Metrics, Offset, TimerFigures, TimerFit};
use crate::report::summary::Rtt;

impl FlowComparison {
    /// The offset that was found, in numbers.
    pub fn hint(&self) -> Option<String> {
        let Metrics { median, falls, .. } =
            self.nearest.as_ref().map_or(&self.first_phase, |nearest| &nearest.metrics);
        let without = format!(
            "median error {:.2} %, {} of {} falls found without it",
            median * 100.0,
            falls.found,
            falls.recorded
        );
        let flow = if self.flow.is_empty() { String::new() } else { format!("{}: ", self.flow) };
        self.offset.as_ref().map(|offset| format!("{flow}{}; {without}", offset_in_words(offset)))
    }

    /// For a person.
    ///
    /// # Errors
    /// Those of the writer; a `String` has none.
    pub fn write_text(&self, out: &mut impl Write) -> std::fmt::Result {
        if !self.flow.is_empty() {
            writeln!(out, "\nflow {}", self.flow)?;
        }
        if !self.ssrcs.is_empty() {
            let list = in_short(&self.ssrcs);
            let others = "other lists of this flow have no stream in common with it";
            match self.rtt {
                None => writeln!(out, "  the REMBs that list {list}: {others}")?,
                Some(_) => writeln!(
                    out,
                    "  the REMBs that list {list}: {others}, as of\n  several receivers behind it; the replay is of one \
                     that hears all streams"
                )?,
            }
        }
        if let Some(rtt) = &self.rtt {
            writeln!(out, "  {}", rtt.in_words())?;
        }
        if self.captured_at.as_ref().is_some_and(|at| at.end == "sender") {
            writeln!(out, "  captured where it was sent: its capture times are no arrival times")?;
        }
        let (first, mean) = (&self.first_phase, &self.mean);
        let [of_one, of_other] = match &self.names {
            None => ["recorded".to_owned(), "replayed".to_owned()],
            Some(names) => names.clone().map(|name| format!("of {name}")),
        };
        writeln!(
            out,
            "  {} REMBs {of_one} ({} repeats left out), {} {of_other}, {} samples compared",
            self.recorded, self.repeats, self.replayed, first.samples
        )?;
        writeln!(
            out,
            "  first REMB: {of_one} {:.3} s, {of_other} {:.3} s",
            first.first_recorded_s, first.first_replayed_s
        )?;
        let nearest = self.nearest.as_ref();
        if let Some(Nearest { phase, clock_offset_us, .. }) = nearest {
            let phases = format!("mean of {} phases", mean.phases);
            let nearest = format!("nearest: {phase} ({:+.2} ms)", *clock_offset_us as f64 / 1e3);
            writeln!(out, "  {:<28}{:>14}{phases:>19}{nearest:>26}", "", "capture's clock")?;
        }
        let mut line = |name: &str, of: fn(&Metrics) -> String, mean: String| {
            let first = of(first);
            let others = nearest.map(|nearest| format!("{mean:>19}{:>26}", of(&nearest.metrics)));
            writeln!(out, "  {name:<28}{first:>15}{}", others.unwrap_or_default())
        };
        line("median error", |of| percent(of.median), percent(mean.median))?;
        line("90th percentile", |of| percent(of.p90), percent(mean.p90))?;
        line("largest error", |of| percent(of.max), percent(mean.max))?;
        line("mean signed error", |of| percent(of.mean_signed), percent(mean.mean_signed))?;
        line("within 1 %", |of| percent(of.within_1), percent(mean.within_1))?;
        line("within 5 %", |of| percent(of.within_5), percent(mean.within_5))?;
        line("within 10 %", |of| percent(of.within_10), percent(mean.within_10))?;
        line(
            &format!("falls {of_one}"),
            |of| of.falls.recorded.to_string(),
            format!("{:.1}", mean.falls.recorded),
        )?;
        line("  found within 1 s", |of| of.falls.found.to_string(), format!("{:.1}", mean.falls.found))?;
        line("  tight (20 ms, 1 %)", |of| of.falls.tight.to_string(), format!("{:.1}", mean.falls.tight))?;
        if let (Some(_), Some(mean)) = (first.ssrcs_equal, mean.ssrcs_equal) {
            line("SSRC lists equal", |of| of.ssrcs_equal.map(percent).unwrap_or_default(), percent(mean))?;
        }
        self.timer.iter().try_for_each(|timer| timer.write_text(out))
    }

    /// Why the flow is outside limits in percent, which have names.
    pub fn too_far(
        &self,
        max_median: Option<f64>,
        min_within_5: Option<f64>,
        [median_name, within_name]: [&str; 2],
    ) -> Option<String> {
        let (median, within) = (self.mean.median * 100.0, self.mean.within_5 * 100.0);
        let too_far = max_median.filter(|most| median > *most);
        let too_seldom = min_within_5.filter(|least| within < *least);
        let reasons: Vec<_> = too_far
            .map(|most| format!("median error {median:.2} % is above {median_name} {most} %"))
            .into_iter()
            .chain(too_seldom.map(|least| {
                format!("{within:.2} % of the time within 5 % is below {within_name} {least} %")
            }))
            .collect();
        let flow = if self.flow.is_empty() { String::new() } else { format!("{}: ", self.flow) };
        (!reasons.is_empty()).then(|| format!("{flow}{}", reasons.join("; ")))
    }

    /// Title of a picture, and the line below it; `name` is the capture's.
    pub fn title(&self, name: &str) -> [String; 2] {
        let flow = if self.flow.is_empty() { String::new() } else { format!(": {}", self.flow) };
        let list = if self.ssrcs.is_empty() {
            String::new()
        } else {
            format!(", REMBs of {}", in_short(&self.ssrcs))
        };
        let rtt = self.rtt.as_ref().and_then(Rtt::in_short).map(|rtt| format!("; {rtt}"));
        [format!("{name}{flow}{list}"), format!("{}{}", self.mean.key_figures(), rtt.unwrap_or_default())]
    }
}

impl TimerFit {
    fn write_text(&self, out: &mut impl Write) -> std::fmt::Result {
        let Self { updates, at_rembs, late_us, punctual, at_receivers_rembs, .. } = self;
        let late =
            late_us.map(|late| format!(", {:.1} ms late (median)", late as f64 / 1e3)).unwrap_or_default();
        writeln!(
            out,
            "  timer of the estimator by RTP timestamps: {at_rembs} of {updates} updates at REMBs of the receiver{late}"
        )?;
        let taken = if self.is_taken { "" } else { ": not taken, for it is not nearer" };
        let mut line = |name: &str, figures: &TimerFigures, note: &str| {
            let TimerFigures { median, within_1, within_5, .. } = *figures;
            let [median, within_1, within_5] = [median, within_1, within_5].map(percent);
            writeln!(
                out,
                "    {name:<22}median error {median}, within 1 % {within_1}, within 5 % {within_5}{note}"
            )
        };
        line("as the receiver's", at_receivers_rembs, taken)?;
        line("never late", punctual, "")
    }
}

/// An offset, and what it would bring.
pub(super) fn offset_in_words(offset: &Offset) -> String {
    let Offset { offset_s, steps, metrics } = offset;
    format!(
        "with --offset {offset_s:+.3}s, on which {steps} steps of both agree, the median error is {}, and {} of {} falls are found",
        percent(metrics.median),
        metrics.falls.found,
        metrics.falls.recorded
    )
}

/// A fraction.
fn percent(fraction: f64) -> String {
    format!("{:.2} %", fraction * 100.0)
}

/// So many streams are named.
const MAX_NAMED: usize = 4;

fn in_short(ssrcs: &[String]) -> String {
    let named: Vec<_> = ssrcs.iter().take(MAX_NAMED).map(String::as_str).collect();
    match ssrcs.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
