//! What a replay is told.

use crate::config::Parameters;
use crate::survey::{Learned, SurveyConfig};
use crate::units::{Ssrc, TimeDelta};
use remb::InterceptorConfig;
use remb::bwe::EstimatorChoice;

use super::receiver_timer::SentTimes;
use super::timeline::{Gives, Timeline};

/// What a replay is told.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayConfig {
    /// What counts.
    pub survey: SurveyConfig,
    /// The estimator's and the schedule's parameters.
    pub parameters: Parameters,
    /// SSRC of the REMB sender.
    pub sender_ssrc: Ssrc,
    /// Round trip time; `None` takes it from the capture's RTCP.
    pub rtt: Option<TimeDelta>,
    /// Added to every capture time inside the estimator.
    pub clock_offset: TimeDelta,
    /// When the flows' receivers sent REMBs, where the timers of their estimators are to run as theirs did. Only the schedule of
    /// libwebrtc sends a REMB at each run.
    pub sent: SentTimes,
    /// Whether steps are given out, beside REMBs.
    pub steps: bool,
    /// Whether the outcome has events: what happened to each estimate, and why.
    pub events: bool,
}

impl Default for ReplayConfig {
    fn default() -> Self {
        Self {
            survey: SurveyConfig::default(),
            parameters: Parameters::default(),
            sender_ssrc: Ssrc(1),
            rtt: None,
            clock_offset: TimeDelta::ZERO,
            sent: SentTimes::default(),
            steps: true,
            events: true,
        }
    }
}

impl ReplayConfig {
    /// The longest round trip time that can be meant.
    pub const MAX_RTT: TimeDelta = TimeDelta::from_secs(60);

    /// What the survey is told: an estimator that knows nothing but send times needs them.
    pub fn survey(&self) -> SurveyConfig {
        let needs_send_time = self.parameters.estimator.controller.estimator == EstimatorChoice::AbsSendTime;
        SurveyConfig { needs_send_time, ..self.survey.clone() }
    }

    /// The same for a second reading, told what the first one found out.
    #[must_use]
    pub fn told(mut self, learned: Option<&Learned>) -> Self {
        self.survey.learned = learned.cloned();
        self
    }

    /// Of the flow at `place`.
    pub(super) fn timeline(&self, place: usize) -> Timeline {
        let interceptor = InterceptorConfig {
            estimator: self.parameters.estimator.clone(),
            remb: self.parameters.remb.clone(),
            sender_ssrc: self.sender_ssrc,
        };
        let is_cold = self.survey.from.is_some();
        let gives = Gives { steps: self.steps, events: self.events, is_cold };
        let timer = self.sent.timer(place, self.parameters.estimator.controller.process_interval);
        Timeline::new(interceptor, self.clock_offset, self.rtt, gives).with_timer(timer)
    }
}
