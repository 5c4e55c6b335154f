//! Keyword arguments to what a replay is told. They are called as the program's flags are.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyDictMethods, PyString};
use remb_replay::analysis::series::ssrc;
use remb_replay::config::{self, ByName, Parameters};
use remb_replay::remb::Profile;
use remb_replay::replay::ReplayConfig;
use remb_replay::rtp::sdp::SessionDescription;
use remb_replay::survey::{CopyPolicy, MediaFilter, SurveyConfig};
use remb_replay::units::{Ssrc, TimeDelta};

use crate::errors::Error;

/// What keyword arguments say.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) config: ReplayConfig,
    /// Its name.
    pub(crate) profile: &'static str,
    /// Of an event log, from 1.
    pub(crate) session: Option<NonZeroUsize>,
}

/// Of a replay; `scheduler` is the one that is meant where none is said.
pub(crate) fn replay_settings(
    settings: Option<&Bound<'_, PyDict>>,
    scheduler: Profile,
) -> Result<Settings, Error> {
    let (parameters, profile) = parameters(settings, scheduler)?;
    let config = ReplayConfig { parameters, ..ReplayConfig::default() };
    let mut told = Settings { config, profile, session: None };
    for (name, value) in given(settings)? {
        if !is_of_parameters(&name) && !told.set(&name, &value)? {
            return Err(unknown(&name));
        }
    }
    if told.config.survey.is_backwards() {
        return Err(Error::settings("from_ is after to: nothing lies between"));
    }
    Ok(told)
}

/// Of an estimator alone.
pub(crate) fn estimator_settings(settings: Option<&Bound<'_, PyDict>>) -> Result<Parameters, Error> {
    if let Some((name, _)) = given(settings)?.into_iter().find(|(name, _)| !is_of_parameters(name)) {
        return Err(unknown(&name));
    }
    Ok(parameters(settings, Profile::Periodic)?.0)
}

/// Settings that are parameters, by another name.
const PARAMETERS: [(&str, &str); 5] = [
    ("scheduler", "remb.scheduler"),
    ("estimator", "controller.estimator"),
    ("filter", "controller.filter"),
    ("remb_interval", "remb.interval"),
    ("remb_decrease_threshold", "remb.decrease_threshold"),
];

fn is_of_parameters(name: &str) -> bool {
    matches!(name, "profile" | "set") || PARAMETERS.iter().any(|(setting, _)| *setting == name)
}

/// Those that are not None.
fn given<'py>(settings: Option<&Bound<'py, PyDict>>) -> Result<Vec<(String, Bound<'py, PyAny>)>, Error> {
    let all = settings.into_iter().flat_map(|all| all.iter());
    let given = all.filter(|(_, value)| !value.is_none());
    Ok(given.map(|(name, value)| Ok((name.extract()?, value))).collect::<PyResult<_>>()?)
}

fn unknown(name: &str) -> Error {
    PyTypeError::new_err(format!("no setting is called '{name}' here")).into()
}

/// A setting of its own wins over `set`, and that over the profile.
fn parameters(
    settings: Option<&Bound<'_, PyDict>>,
    scheduler: Profile,
) -> Result<(Parameters, &'static str), Error> {
    let given = given(settings)?;
    let find = |name: &str| given.iter().find(|(setting, _)| setting == name).map(|(_, value)| value);
    let [default, ..] = &config::PROFILES;
    let profile = match find("profile") {
        None => default,
        Some(name) => {
            let name: String = name.extract()?;
            config::Profile::find(&name).ok_or_else(|| Error::settings(format!("no profile '{name}'")))?
        }
    };
    let mut all = profile.parameters().map_err(Error::settings)?;
    if let Some(values) = find("set") {
        for (name, value) in values.cast::<PyDict>().map_err(PyErr::from)?.iter() {
            let text = match value.cast::<PyBool>() {
                Ok(flag) => flag.is_true().to_string(),
                Err(_) => text(&value)?,
            };
            set(&mut all, &name.extract::<String>()?, &text)?;
        }
    }
    for (setting, parameter) in PARAMETERS {
        if let Some(value) = find(setting) {
            let text = text(value)?;
            // As its flag takes it.
            let is_percent = setting == "remb_decrease_threshold";
            set(&mut all, parameter, text.strip_suffix('%').filter(|_| is_percent).unwrap_or(&text))?;
        }
    }
    let mut parameters = Parameters::from_names(&all).map_err(Error::settings)?;
    if all.value("remb.scheduler").is_none() {
        parameters.remb.scheduler = scheduler;
    }
    Ok((parameters, profile.name))
}

/// Values are as `--set` takes them: numbers, and texts with a unit.
fn set(all: &mut ByName, name: &str, text: &str) -> Result<(), Error> {
    all.set(&format!("{name}={text}")).map_err(Error::settings)
}

fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(value.str()?.to_string())
}

impl Settings {
    /// Takes a setting; false if there is none of this name.
    fn set(&mut self, name: &str, value: &Bound<'_, PyAny>) -> Result<bool, Error> {
        let Self { config, session, .. } = self;
        let survey = &mut config.survey;
        match name {
            "rtt" => config.rtt = rtt(&text(value)?)?,
            "clock_offset" => config.clock_offset = parsed(name, &text(value)?)?,
            "sender_ssrc" => config.sender_ssrc = ssrc_of(value)?,
            "session" => *session = Some(value.extract()?),
            "flow" => {
                let parsed = |value: &Bound<'_, PyAny>| parsed(name, &text(value)?);
                survey.flows = several(value)?.iter().map(parsed).collect::<Result<_, _>>()?;
            }
            "ssrc" => survey.ssrcs = several(value)?.iter().map(ssrc_of).collect::<Result<_, _>>()?,
            "exclude_ssrc" => {
                survey.exclude_ssrcs = several(value)?.iter().map(ssrc_of).collect::<Result<_, _>>()?;
            }
            "from_" => survey.from = Some(parsed(name, &text(value)?)?),
            "to" => survey.to = Some(parsed(name, &text(value)?)?),
            "copies" => survey.copies = copies(value.extract()?)?,
            "merge_flows" => survey.merge_flows = value.extract()?,
            "media" => survey.media = media(value.extract()?)?,
            "abs_send_time_id" => survey.abs_send_time_id = or_auto(value)?,
            "toffset_id" => survey.toffset_id = or_auto(value)?,
            "abs_capture_time_id" => survey.abs_capture_time_id = or_auto(value)?,
            "sdp" => survey.sdp = Some(sdp(value.extract()?)?),
            "ignore_transport_cc" => survey.ignore_transport_cc = value.extract()?,
            "srtp_tag_len" => survey.srtp_tag_len = tag_len(or_auto(value)?)?,
            "max_flows" => survey.max_flows = value.extract()?,
            "max_ssrcs" => survey.max_ssrcs = value.extract()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|error| Error::settings(format!("{name} '{text}': {error}")))
}

/// One, or several.
fn several<'py>(value: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if value.is_instance_of::<PyString>() {
        return Ok(vec![value.clone()]);
    }
    match value.try_iter() {
        Ok(values) => values.collect(),
        Err(_) => Ok(vec![value.clone()]),
    }
}

/// A number, or a text as tables have it.
fn ssrc_of(value: &Bound<'_, PyAny>) -> Result<Ssrc, Error> {
    let text = text(value)?;
    ssrc(text.trim())
        .ok_or_else(|| Error::settings(format!("'{text}' is no SSRC (0x-hex or decimal, 32 bits)")))
}

/// A number, or "auto".
fn or_auto<'py, T: for<'a> FromPyObject<'a, 'py, Error: Into<PyErr>>>(
    value: &Bound<'py, PyAny>,
) -> PyResult<Option<T>> {
    if value.extract::<&str>().is_ok_and(|text| text == "auto") {
        return Ok(None);
    }
    value.extract().map(Some).map_err(Into::into)
}

fn rtt(text: &str) -> Result<Option<TimeDelta>, Error> {
    if text == "auto" {
        return Ok(None);
    }
    let rtt: TimeDelta = parsed("rtt", text)?;
    if !(TimeDelta::ZERO..=ReplayConfig::MAX_RTT).contains(&rtt) {
        return Err(Error::settings(format!("rtt {text} is outside 0s … 60s")));
    }
    Ok(Some(rtt))
}

fn tag_len(bytes: Option<usize>) -> Result<Option<usize>, Error> {
    const MAX_TAG_LEN: usize = SurveyConfig::MAX_TAG_LEN;
    match bytes {
        Some(bytes) if bytes > MAX_TAG_LEN => Err(Error::settings(format!(
            "srtp_tag_len {bytes} is no number of bytes from 0 to {MAX_TAG_LEN}"
        ))),
        bytes => Ok(bytes),
    }
}

fn media(name: &str) -> Result<MediaFilter, Error> {
    match name {
        "auto" => Ok(MediaFilter::WithoutAudio),
        "all" => Ok(MediaFilter::All),
        _ => Err(Error::settings(format!("media '{name}' is neither auto nor all"))),
    }
}

fn copies(name: &str) -> Result<CopyPolicy, Error> {
    match name {
        "first" => Ok(CopyPolicy::First),
        "last" => Ok(CopyPolicy::Last),
        "keep" => Ok(CopyPolicy::Keep),
        _ => Err(Error::settings(format!("copies '{name}' is none of first, last and keep"))),
    }
}

/// An offer or answer whose extension ids are beyond doubt.
fn sdp(path: PathBuf) -> Result<SessionDescription, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::settings(format!("sdp {}: {error}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
    let sdp = SessionDescription::parse(&text).map_err(|error| failed(&error))?;
    sdp.check_extensions().map_err(|error| failed(&error))?;
    Ok(sdp)
}
