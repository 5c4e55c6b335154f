//! REMB: the message, when one is due, and the interceptor that joins estimator, schedule and writer.

mod interceptor;
mod message;
mod scheduler;

pub use interceptor::{
    InterceptorConfig, RembInterceptor, RembReport, RtcpWriter, UnboundStream, WriteError,
};
pub use message::{CapturedRemb, MAX_SSRCS, ParseRembError, Remb, TooManySsrcs, encoded_bitrate};
pub use scheduler::{InvalidInterval, Profile, Reason, RembConfig, RembScheduler};
