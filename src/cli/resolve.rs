//! What the flags mean: checked, parsed and joined into a replay's configuration.

use std::fs;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use toml::{Table, Value};

use super::args::{Copies, EstimationFlags, Media, ParameterArgs, Rtcp, RunFlags, SettingArgs, WriteFlags};
use remb_replay::analysis::series::ssrc;
use remb_replay::bwe::{DelayFilter, EstimatorChoice};
use remb_replay::config::{self, ByName, Parameters};
use remb_replay::decode::FiveTuple;
use remb_replay::model::{Doubt, Warning};
use remb_replay::remb::Profile;
use remb_replay::replay::ReplayConfig;
use remb_replay::report::summary::Tool;
use remb_replay::rtp::sdp::SessionDescription;
use remb_replay::survey::{CopyPolicy, MediaFilter, SurveyConfig};
use remb_replay::units::{Ssrc, TimeDelta};

/// Largest configuration file or SDP read.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// The table of `config.toml` that holds flags and not parameters.
const FLAGS: &str = "flags";
/// The keys of `config.toml` that say which program wrote it.
const MODEL: &str = "model";
const VERSION: &str = "version";
/// The key of `config.toml` that names the profile.
const PROFILE: &str = "profile";

/// What a run was told, checked.
#[derive(Debug)]
pub(super) struct Resolved {
    /// For the replay.
    pub(crate) config: ReplayConfig,
    /// How RTCP is packed.
    pub(crate) rtcp: Rtcp,
    /// Whether the input's SHA-256 is wanted.
    pub(crate) hash: bool,
    /// Whether the SSRC of the REMB sender was named.
    pub(crate) sender_is_given: bool,
    /// `config.toml`: profile, flags and parameters as given, from which the same run follows.
    pub(crate) given: Table,
    /// Which logs are read, and what of them.
    pub(crate) logs: Logs,
    /// The profile's name.
    pub(crate) profile: &'static str,
    /// The model that `--config` is of, where it is another than this program's.
    other_model: Option<String>,
}

/// What is read of event logs.
#[derive(Debug, Clone, Default)]
pub(super) struct Logs {
    /// Which session, from 1.
    pub(crate) session: Option<NonZeroUsize>,
    /// The log beside the capture.
    pub(crate) event_log: Option<PathBuf>,
}

impl Logs {
    /// As the flags say.
    pub(super) fn of(flags: &RunFlags) -> Self {
        Self { session: flags.session, event_log: flags.event_log.clone() }
    }

    /// Of the input itself: where a log is beside it, the session is that log's.
    pub(super) fn session_of_input(&self) -> Option<NonZeroUsize> {
        self.session.filter(|_| self.event_log.is_none())
    }
}

impl Resolved {
    /// Everything that a run depends on, with its value, defaults included: `--print-config`, and `config.toml`.
    pub(super) fn print(&self) -> String {
        let mut table = Table::try_from(&self.config.parameters).unwrap_or_default();
        let Tool { version, model, .. } = Tool::default();
        table.insert(VERSION.to_owned(), version.into());
        table.insert(MODEL.to_owned(), model.into());
        table.insert(PROFILE.to_owned(), self.profile.into());
        if let Some(given) = self.given.get(FLAGS).and_then(Value::as_table) {
            let mut flags = default_flags();
            flags.extend(given.clone());
            table.insert(FLAGS.to_owned(), Value::Table(flags));
        }
        table.to_string()
    }

    /// That the settings are of another model.
    pub(super) fn doubt(&self) -> Option<Warning> {
        let other = self.other_model.clone()?;
        Some(Warning { doubt: Doubt::OtherModel(other), flow: None, count: None })
    }
}

/// What flags are without being given, where that can be said. The REMBs' sender is left out: in a merged capture it has
/// another default.
fn default_flags() -> Table {
    let config = ReplayConfig::default();
    let numbers = [("max_flows", config.survey.max_flows), ("max_ssrcs", config.survey.max_ssrcs)];
    let auto = ["rtt", "srtp_tag_len", "abs_send_time_id", "toffset_id", "abs_capture_time_id"];
    let names = [("media", "auto"), ("copies", "first"), ("clock_offset", "0s"), ("rtcp", "compound")];
    let switches = ["merge_flows", "ignore_transport_cc", "hash"];
    let numbers = numbers.map(|(name, most)| (name, Value::Integer(most.try_into().unwrap_or(i64::MAX))));
    let texts = auto.map(|name| (name, "auto")).into_iter().chain(names);
    let texts = texts.map(|(name, value)| (name, Value::String(value.to_owned())));
    let switches = switches.map(|name| (name, Value::Boolean(false)));
    let all = numbers.into_iter().chain(texts).chain(switches);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What the flags come to; an error is a usage error and names its flag or key. `scheduler` is the command's default.
pub(super) fn resolve(settings: &SettingArgs, write: &WriteFlags, scheduler: Profile) -> Result<Resolved> {
    let SettingArgs { flags: run, parameters, .. } = settings;
    let mut table = match &parameters.config {
        Some(path) => read_config(path)?,
        None => Table::new(),
    };
    let named = match (&parameters.profile, table.remove(PROFILE)) {
        (Some(name), _) => Some(name.clone()),
        (None, Some(Value::String(name))) => Some(name),
        (None, Some(_)) => bail!("--config: 'profile' is no name"),
        (None, None) => None,
    };
    let profile = profile(named.as_deref())?;
    table.remove(VERSION);
    let other_model = match table.remove(MODEL) {
        Some(Value::String(model)) => Some(model).filter(|model| model != Tool::default().model),
        Some(_) => bail!("--config: 'model' is no name"),
        None => None,
    };
    let mut flags = match table.remove(FLAGS) {
        Some(Value::Table(flags)) => flags,
        Some(_) => bail!("--config: 'flags' is no table"),
        None => Table::new(),
    };
    flags.extend(Table::try_from(run)?);
    if run.dedup {
        flags.extend(Table::try_from(RunFlags { copies: Some(Copies::First), ..RunFlags::default() })?);
    }
    flags.extend(Table::try_from(write)?);
    flags.extend(Table::try_from(&parameters.estimation)?);
    let mut given: ByName = table.try_into().context("--config")?;
    apply_flags(&mut given, parameters)?;
    let (run, estimation, write) = parse_flags(&flags).context("--config: [flags]")?;
    let mut all = profile.parameters()?;
    all.merge(&given);
    let mut resolved = Parameters::from_names(&all)?;
    if all.value("remb.scheduler").is_none() {
        resolved.remb.scheduler = scheduler;
    }
    let config = replay_config(&run, &estimation, &write, resolved)?;
    let mut table = Table::try_from(&given)?;
    table.insert(FLAGS.to_owned(), Value::Table(flags));
    if named.is_some() {
        table.insert(PROFILE.to_owned(), Value::String(profile.name.to_owned()));
    }
    let (sender_is_given, logs) = (write.sender_ssrc.is_some(), Logs::of(&run));
    let (rtcp, profile) = (write.rtcp.unwrap_or(Rtcp::Compound), profile.name);
    Ok(Resolved { config, rtcp, hash: write.hash, sender_is_given, given: table, logs, profile, other_model })
}

/// Each flag to the struct that has it; one that none has is refused.
fn parse_flags(flags: &Table) -> Result<(RunFlags, EstimationFlags, WriteFlags), toml::de::Error> {
    let (estimation, rest) = take::<EstimationFlags>(flags.clone());
    let (write, rest) = take::<WriteFlags>(rest);
    Ok((rest.try_into()?, estimation.try_into()?, write.try_into()?))
}

/// The flags that are fields of `T`, and the others.
fn take<T: clap::Args>(flags: Table) -> (Table, Table) {
    let known = T::augment_args(clap::Command::new(""));
    let is_known = |name: &str| known.get_arguments().any(|argument| argument.get_id() == name);
    flags.into_iter().partition(|(name, _)| is_known(name))
}

fn profile(name: Option<&str>) -> Result<&'static config::Profile> {
    let [default, ..] = &config::PROFILES;
    let Some(name) = name else { return Ok(default) };
    let known: Vec<_> = config::PROFILES.iter().map(|profile| profile.name).collect();
    let unknown = || anyhow!("--profile: no profile '{name}'; there are {}", known.join(" and "));
    config::Profile::find(name).ok_or_else(unknown)
}

fn replay_config(
    flags: &RunFlags,
    estimation: &EstimationFlags,
    write: &WriteFlags,
    parameters: Parameters,
) -> Result<ReplayConfig> {
    let flows =
        flags.flow.iter().map(|text| text.parse::<FiveTuple>().with_context(|| format!("--flow '{text}'")));
    let ssrcs =
        |texts: &[String], flag| texts.iter().map(|text| ssrc_of(text).context(flag)).collect::<Result<_>>();
    let bound =
        |text: &Option<String>, flag| text.as_deref().map(|text| text.parse().context(flag)).transpose();
    let id = |text: &Option<String>, flag| match text {
        Some(text) => extension_id(text).context(flag),
        None => Ok(None),
    };
    let defaults = ReplayConfig::default();
    let (from, to) = (bound(&flags.from, "--from")?, bound(&flags.to, "--to")?);
    let survey = SurveyConfig {
        log: None,
        learned: None,
        flows: flows.collect::<Result<_>>()?,
        ssrcs: ssrcs(&flags.ssrc, "--ssrc")?,
        exclude_ssrcs: ssrcs(&flags.exclude_ssrc, "--exclude-ssrc")?,
        from,
        to,
        copies: match flags.copies {
            None | Some(Copies::First) => CopyPolicy::First,
            Some(Copies::Last) => CopyPolicy::Last,
            Some(Copies::Keep) => CopyPolicy::Keep,
        },
        merge_flows: flags.merge_flows,
        media: if flags.media == Some(Media::All) { MediaFilter::All } else { MediaFilter::WithoutAudio },
        abs_send_time_id: id(&flags.abs_send_time_id, "--abs-send-time-id")?,
        toffset_id: id(&flags.toffset_id, "--toffset-id")?,
        abs_capture_time_id: id(&flags.abs_capture_time_id, "--abs-capture-time-id")?,
        needs_send_time: false,
        ignore_transport_cc: flags.ignore_transport_cc,
        srtp_tag_len: flags.srtp_tag_len.as_deref().map(srtp_tag_len).transpose()?.flatten(),
        sdp: flags.sdp.as_deref().map(read_sdp).transpose()?,
        max_flows: flags.max_flows.unwrap_or(defaults.survey.max_flows),
        max_ssrcs: flags.max_ssrcs.unwrap_or(defaults.survey.max_ssrcs),
    };
    if let (true, Some(from), Some(to)) = (survey.is_backwards(), &flags.from, &flags.to) {
        bail!("--from {from} is after --to {to}: nothing lies between");
    }
    Ok(ReplayConfig {
        events: false,
        survey,
        parameters,
        sender_ssrc: match &write.sender_ssrc {
            Some(text) => ssrc_of(text).context("--sender-ssrc")?,
            None => defaults.sender_ssrc,
        },
        rtt: estimation.rtt.as_deref().map(rtt).transpose()?.flatten(),
        clock_offset: estimation.clock_offset.unwrap_or_default(),
        steps: true,
        ..ReplayConfig::default()
    })
}

fn read_config(path: &Path) -> Result<Table> {
    let shown = path.display();
    let text = read_text(path).with_context(|| format!("--config {shown}"))?;
    text.parse().with_context(|| format!("--config {shown}"))
}

fn read_text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        bail!("larger than 1 MiB");
    }
    String::from_utf8(bytes).map_err(|_| anyhow!("not a text in UTF-8"))
}

/// A flag of its own wins over `--set`, and that over `--config`.
fn apply_flags(given: &mut ByName, args: &ParameterArgs) -> Result<()> {
    for assignment in &args.set {
        given.set(assignment)?;
    }
    if let Some(scheduler) = args.scheduler {
        set_name(given, "remb.scheduler", Profile::from(scheduler))?;
    }
    if let Some(estimator) = args.estimator {
        set_name(given, "controller.estimator", EstimatorChoice::from(estimator))?;
    }
    if let Some(filter) = args.filter {
        set_name(given, "controller.filter", DelayFilter::from(filter))?;
    }
    if let Some(interval) = args.remb_interval {
        given.set(&format!("remb.interval={interval}"))?;
    }
    if let Some(text) = &args.remb_decrease_threshold {
        let percent = text.strip_suffix('%').unwrap_or(text);
        given.set(&format!("remb.decrease_threshold={percent}")).context("--remb-decrease-threshold")?;
    }
    Ok(())
}

/// Sets a parameter whose values have names.
fn set_name(given: &mut ByName, parameter: &str, value: impl Serialize) -> Result<()> {
    let name = Value::try_from(value)?;
    Ok(given.set(&format!("{parameter}={}", name.as_str().unwrap_or_default()))?)
}

/// An offer or answer whose extension ids are beyond doubt.
fn read_sdp(path: &Path) -> Result<SessionDescription> {
    let shown = path.display();
    let text = read_text(path).with_context(|| format!("--sdp {shown}"))?;
    let sdp = SessionDescription::parse(&text).with_context(|| format!("--sdp {shown}"))?;
    sdp.check_extensions().with_context(|| format!("--sdp {shown}"))?;
    Ok(sdp)
}

fn srtp_tag_len(text: &str) -> Result<Option<usize>> {
    const MAX_TAG_LEN: usize = SurveyConfig::MAX_TAG_LEN;
    match (text, text.parse()) {
        ("auto", _) => Ok(None),
        (_, Ok(len @ 0..=MAX_TAG_LEN)) => Ok(Some(len)),
        _ => bail!("--srtp-tag-len '{text}' is no number of bytes from 0 to {MAX_TAG_LEN}, nor auto"),
    }
}

fn ssrc_of(text: &str) -> Result<Ssrc> {
    let text = text.trim();
    ssrc(text).ok_or_else(|| anyhow!("'{text}' is no SSRC (0x-hex or decimal, 32 bits)"))
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
    if !(TimeDelta::ZERO..=ReplayConfig::MAX_RTT).contains(&rtt) {
        bail!("--rtt {text} is outside 0s … 60s");
    }
    Ok(Some(rtt))
}
