//! The estimator alone, fed packet by packet: for simulations and learning environments.

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use remb_replay::bwe::{BandwidthUsage, PacketArrival};
use remb_replay::remb::{InterceptorConfig, RembInterceptor, RembReport, RtcpWriter, WriteError};
use remb_replay::report::tables::{rate_state_name, usage_name};
use remb_replay::units::{AbsSendTime, AbsSendTimeElement, Bitrate, DataSize, Ssrc, TimeDelta, Timestamp};

use crate::errors::Error;
use crate::settings::estimator_settings;

/// What learning environments are told before there is an estimate, bit/s.
const BEFORE_THE_FIRST: i64 = 300_000;
/// A time beyond which sums might overflow: 146,000 years.
const LAST_US: i64 = i64::MAX / 1_000_000_000 * 1_000_000_000 / 2;

/// libwebrtc's estimator and its REMB schedule, live: it is told of each packet, and when.
///
/// Times are microseconds of one clock of the receiver, of any origin. Timers that are due run before a packet does. Settings are
/// `set`, `profile`, `estimator`, `filter`, `scheduler`, `remb_interval` and `remb_decrease_threshold`, as in `replay`.
#[pyclass(module = "remb_replay")]
pub(crate) struct Estimator {
    interceptor: RembInterceptor<Sent>,
    config: InterceptorConfig,
    /// The latest time that it was told of.
    now: Option<Timestamp>,
}

/// REMBs, until somebody asks: time in µs, bit/s, streams.
#[derive(Default)]
struct Sent(Vec<(i64, i64, Vec<u32>)>);

impl RtcpWriter for Sent {
    fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError> {
        let ssrcs = remb.ssrcs.iter().map(|ssrc| ssrc.0).collect();
        self.0.push((now.as_micros(), remb.bitrate.as_bps(), ssrcs));
        Ok(())
    }
}

#[pymethods]
impl Estimator {
    #[new]
    #[pyo3(signature = (**settings))]
    fn new(settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let parameters = estimator_settings(settings)?;
        let config = InterceptorConfig {
            estimator: parameters.estimator,
            remb: parameters.remb,
            ..InterceptorConfig::default()
        };
        let interceptor = RembInterceptor::new(config.clone()).map_err(Error::settings)?;
        Ok(Self { interceptor, config, now: None })
    }

    /// A packet arrived. Gives the estimate in bit/s, or None as long as there is none.
    ///
    /// `size` is payload and padding in bytes. `abs_send_time` is the header extension's 24 bits; `send_time_us`, the sender's clock, is
    /// made into them. With neither the estimator works by `rtp_timestamp`, at 90 kHz. `now_us` is when it is handled, if that is not
    /// `arrival_us`; it never runs backwards.
    #[pyo3(signature = (*, arrival_us, ssrc, size, abs_send_time = None, send_time_us = None, rtp_timestamp = 0, transmission_offset = 0, now_us = None))]
    #[expect(clippy::too_many_arguments, reason = "they are named in Python")]
    fn packet(
        &mut self,
        arrival_us: i64,
        ssrc: u32,
        size: u32,
        abs_send_time: Option<u32>,
        send_time_us: Option<i64>,
        rtp_timestamp: u32,
        transmission_offset: i32,
        now_us: Option<i64>,
    ) -> PyResult<Option<i64>> {
        let (at, now) = (time(arrival_us)?, self.advance_to(time(now_us.unwrap_or(arrival_us))?)?);
        let raw = abs_send_time.or(send_time_us.map(abs_send_time_of));
        let send_time = match raw {
            Some(raw) if raw >> 24 != 0 => return Err(PyValueError::new_err("abs_send_time has 24 bits")),
            Some(raw) => AbsSendTime::from_raw(raw).into(),
            None => AbsSendTimeElement::Absent,
        };
        let (ssrc, size) = (Ssrc(ssrc), DataSize::from_bytes(size.into()));
        let arrival = PacketArrival { at, now, ssrc, send_time, rtp_timestamp, transmission_offset, size };
        self.interceptor.bind_remote_stream(ssrc);
        self.interceptor.handle_rtp(&arrival, &mut ()).map_err(unwritten)?;
        Ok(self.estimate())
    }

    /// Time passes without a packet: timers that are due run. Gives the estimate.
    fn advance(&mut self, now_us: i64) -> PyResult<Option<i64>> {
        self.advance_to(time(now_us)?)?;
        Ok(self.estimate())
    }

    /// Tells the round trip time, milliseconds; until then it is 200 ms, as in libwebrtc.
    fn set_rtt(&mut self, rtt_ms: f64) -> PyResult<()> {
        if !(0.0..=60_000.0).contains(&rtt_ms) {
            return Err(PyValueError::new_err("a round trip time is from 0 to 60,000 ms"));
        }
        self.interceptor.set_rtt(TimeDelta::from_micros((rtt_ms * 1e3).round() as i64));
        Ok(())
    }

    /// The estimate, bit/s; None as long as there is none.
    #[getter]
    fn estimate(&self) -> Option<i64> {
        self.interceptor.estimator().estimate().map(Bitrate::as_bps)
    }

    /// What arrived over the last second, bit/s.
    #[getter]
    fn incoming(&self) -> Option<i64> {
        self.interceptor.estimator().incoming_bitrate(self.now?).map(Bitrate::as_bps)
    }

    /// The state of the link: normal, overuse or underuse.
    #[getter]
    fn usage(&self) -> &'static str {
        usage_name(self.usage_state())
    }

    /// What rate control does: hold or increase.
    #[getter]
    fn rate_state(&self) -> &'static str {
        rate_state_name(self.interceptor.estimator().rate_control_state())
    }

    /// REMBs since this was called last: (time in µs, bit/s, [SSRC, …]).
    fn take_rembs(&mut self) -> Vec<(i64, i64, Vec<u32>)> {
        self.interceptor.writer_mut().map(|sent| std::mem::take(&mut sent.0)).unwrap_or_default()
    }

    /// A packet as learning environments describe it: a dictionary with `arrival_time_ms`, `send_time_ms`, `ssrc`, `payload_size`, and
    /// `padding_length` where there is padding. Further keys are passed over.
    fn report_states(&mut self, stats: &Bound<'_, PyDict>) -> PyResult<()> {
        let get = |key: &str| stats.get_item(key)?.ok_or_else(|| PyKeyError::new_err(key.to_owned()));
        let micros = |key: &str| match get(key)?.extract::<f64>()? * 1e3 {
            micros if micros.abs() < LAST_US as f64 => Ok(micros.round() as i64),
            micros => Err(PyValueError::new_err(format!("{key} of {} ms", micros / 1e3))),
        };
        let padding = stats.get_item("padding_length")?.map_or(Ok(0), |padding| padding.extract::<u32>())?;
        let size = get("payload_size")?.extract::<u32>()?.saturating_add(padding);
        let (arrival_us, send_us) = (micros("arrival_time_ms")?, micros("send_time_ms")?);
        self.packet(arrival_us, get("ssrc")?.extract()?, size, None, Some(send_us), 0, 0, None)?;
        Ok(())
    }

    /// The estimate in bit/s as these environments ask for it: 300,000 as long as there is none.
    fn get_estimated_bandwidth(&self) -> i64 {
        self.estimate().unwrap_or(BEFORE_THE_FIRST)
    }

    /// Forgets all packets.
    fn reset(&mut self) {
        self.interceptor = RembInterceptor::new_unchecked(self.config.clone());
        self.now = None;
    }

    fn __repr__(&self) -> String {
        let estimate = self.estimate().map_or("none yet".to_owned(), |bps| format!("{bps} bit/s"));
        format!("<remb_replay.Estimator: {estimate}, {}>", self.usage())
    }
}

impl Estimator {
    fn usage_state(&self) -> BandwidthUsage {
        self.interceptor.estimator().usage()
    }

    /// Runs what is due; gives the time, which never runs backwards.
    fn advance_to(&mut self, now: Timestamp) -> PyResult<Timestamp> {
        let now = match self.now {
            Some(before) => before.max(now),
            None => {
                self.interceptor.bind_rtcp_writer(Sent::default(), now);
                now
            }
        };
        self.now = Some(now);
        while let Some(due) = self.interceptor.poll_timeout().filter(|due| *due <= now) {
            self.interceptor.handle_timeout(due, &mut ()).map_err(unwritten)?;
        }
        Ok(now)
    }
}

fn time(micros: i64) -> PyResult<Timestamp> {
    match micros.unsigned_abs() < LAST_US as u64 {
        true => Ok(Timestamp::from_micros(micros)),
        false => Err(PyValueError::new_err(format!("a time of {micros} µs"))),
    }
}

fn unwritten(error: WriteError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The 24 bits of a time: seconds with 18 bits of fraction, to the nearest.
fn abs_send_time_of(micros: i64) -> u32 {
    let units = ((i128::from(micros) << 18) + 500_000).div_euclid(1_000_000);
    (units & 0x00ff_ffff) as u32
}
