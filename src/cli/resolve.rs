//! What the flags mean: checked, parsed and joined into a replay's configuration.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use toml::{Table, Value};

use super::args::{Media, ParameterArgs, ReplayArgs, Rtcp, RunFlags};
use crate::config::{self, Parameters};
use crate::flow::FiveTuple;
use crate::replay::{MediaFilter, ReplayConfig, TimeBound};
use crate::units::{CaptureTime, Ssrc, TimeDelta};

/// Largest configuration file read.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// The table of `config.toml` that holds flags and not parameters.
const FLAGS: &str = "flags";

/// What a `replay` was told, checked.
#[derive(Debug)]
pub(super) struct Resolved {
    /// For the replay.
    pub config: ReplayConfig,
    /// How RTCP is packed.
    pub rtcp: Rtcp,
    /// Whether the input's SHA-256 is wanted.
    pub hash: bool,
    /// `config.toml`: flags and parameters as given, from which the same run follows.
    pub given: Table,
}

/// What the flags come to; an error is a usage error and names its flag or key.
pub(super) fn resolve(args: &ReplayArgs) -> Result<Resolved> {
    let mut parameters = match &args.parameters.config {
        Some(path) => read_config(path)?,
        None => Table::new(),
    };
    let mut flags = match parameters.remove(FLAGS) {
        Some(Value::Table(flags)) => flags,
        Some(_) => bail!("--config: 'flags' is no table"),
        None => Table::new(),
    };
    flags.extend(Table::try_from(&args.flags)?);
    apply_flags(&mut parameters, &args.parameters)?;
    let run: RunFlags = flags.clone().try_into().context("--config: [flags]")?;
    let config = replay_config(&run, Parameters::from_table(&parameters)?)?;
    let mut given = parameters;
    given.insert(FLAGS.to_owned(), Value::Table(flags));
    Ok(Resolved { config, rtcp: run.rtcp.unwrap_or(Rtcp::Compound), hash: run.hash, given })
}

fn replay_config(flags: &RunFlags, parameters: Parameters) -> Result<ReplayConfig> {
    let flows =
        flags.flow.iter().map(|text| text.parse::<FiveTuple>().with_context(|| format!("--flow '{text}'")));
    let ssrcs =
        |texts: &[String], flag| texts.iter().map(|text| ssrc_of(text).context(flag)).collect::<Result<_>>();
    let bound =
        |text: &Option<String>, flag| text.as_deref().map(|text| time_bound(text).context(flag)).transpose();
    let defaults = ReplayConfig::default();
    Ok(ReplayConfig {
        parameters,
        sender_ssrc: match &flags.sender_ssrc {
            Some(text) => ssrc_of(text).context("--sender-ssrc")?,
            None => defaults.sender_ssrc,
        },
        flows: flows.collect::<Result<_>>()?,
        ssrcs: ssrcs(&flags.ssrc, "--ssrc")?,
        exclude_ssrcs: ssrcs(&flags.exclude_ssrc, "--exclude-ssrc")?,
        from: bound(&flags.from, "--from")?,
        to: bound(&flags.to, "--to")?,
        dedup: flags.dedup,
        media: if flags.media == Some(Media::All) { MediaFilter::All } else { MediaFilter::WithoutAudio },
        abs_send_time_id: match &flags.abs_send_time_id {
            Some(text) => extension_id(text).context("--abs-send-time-id")?,
            None => None,
        },
        rtt: flags.rtt.as_deref().map(rtt).transpose()?.flatten(),
        clock_offset: flags.clock_offset.unwrap_or_default(),
        max_flows: flags.max_flows.unwrap_or(defaults.max_flows),
        max_ssrcs: flags.max_ssrcs.unwrap_or(defaults.max_ssrcs),
    })
}

fn read_config(path: &Path) -> Result<Table> {
    let shown = path.display();
    let size = fs::metadata(path).with_context(|| format!("--config {shown}"))?.len();
    if size > MAX_CONFIG_BYTES {
        bail!("--config {shown}: larger than 1 MiB");
    }
    let text = fs::read_to_string(path).with_context(|| format!("--config {shown}"))?;
    text.parse().with_context(|| format!("--config {shown}"))
}

/// A flag of its own wins over `--set`, and that over `--config`.
fn apply_flags(table: &mut Table, args: &ParameterArgs) -> Result<()> {
    for assignment in &args.set {
        config::set(table, assignment)?;
    }
    if let Some(scheduler) = args.scheduler {
        let name = Value::try_from(crate::remb::Profile::from(scheduler))?;
        config::set(table, &format!("remb.scheduler={}", name.as_str().unwrap_or_default()))?;
    }
    if let Some(interval) = args.remb_interval {
        config::set(table, &format!("remb.interval={interval}"))?;
    }
    if let Some(text) = &args.remb_decrease_threshold {
        let percent = text.strip_suffix('%').unwrap_or(text);
        config::set(table, &format!("remb.decrease_threshold={percent}"))
            .context("--remb-decrease-threshold")?;
    }
    Ok(())
}

fn ssrc_of(text: &str) -> Result<Ssrc> {
    let text = text.trim();
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map(Ssrc).map_err(|_| anyhow!("'{text}' is no SSRC (0x-hex or decimal, 32 bits)"))
}

fn extension_id(text: &str) -> Result<Option<u8>> {
    match text {
        "auto" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| anyhow!("'{text}' is no extension id (0 to 255, or auto)")),
    }
}

fn rtt(text: &str) -> Result<Option<TimeDelta>> {
    if text == "auto" {
        return Ok(None);
    }
    let rtt: TimeDelta = text.parse().context("--rtt")?;
    if !(TimeDelta::ZERO..=TimeDelta::from_secs(60)).contains(&rtt) {
        bail!("--rtt {text} is outside 0s … 60s");
    }
    Ok(Some(rtt))
}

/// Seconds since the first frame, or RFC 3339.
fn time_bound(text: &str) -> Result<TimeBound> {
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
        && seconds.abs() < 9e9
    {
        return Ok(TimeBound::SinceFirst((seconds * 1e9).round() as i64));
    }
    let at: jiff::Timestamp = text
        .parse()
        .map_err(|_| anyhow!("'{text}' is no time (seconds since the first frame, or RFC 3339)"))?;
    CaptureTime::from_nanos(at.as_nanosecond())
        .map(TimeBound::At)
        .ok_or_else(|| anyhow!("'{text}' is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssrcs_are_hexadecimal_or_decimal() {
        assert_eq!(ssrc_of("0xDeadBeef").unwrap(), Ssrc(0xdead_beef));
        assert_eq!(ssrc_of(" 7 ").unwrap(), Ssrc(7));
        for bad in ["", "0x", "4294967296", "-1", "video"] {
            assert!(ssrc_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_seconds_or_rfc_3339() {
        assert_eq!(time_bound("2.5").unwrap(), TimeBound::SinceFirst(2_500_000_000));
        let at = CaptureTime::from_nanos(1_000_000_000).unwrap();
        assert_eq!(time_bound("1970-01-01T00:00:01Z").unwrap(), TimeBound::At(at));
        assert!(time_bound("noon").is_err());
    }
}
