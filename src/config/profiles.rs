//! Sets of parameters with a name.

/// A profile: what it is, and what it sets.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// In a sentence.
    pub what: &'static str,
    /// Parameters and their values; all others stay libwebrtc's.
    pub sets: &'static [(&'static str, &'static str)],
}

/// All profiles; the first is the default.
pub const PROFILES: [Profile; 2] = [
    Profile {
        name: "libwebrtc",
        what: "the receive-side estimator as libwebrtc has it; the default",
        sets: &[],
    },
    Profile {
        name: "gcc-draft-02",
        what: "gains, filter constants and rate control of draft-ietf-rmcat-gcc-02: a scalar filter whose estimate is \
               compared without a weight, a threshold that falls slowly; groups, probing and the update cadence stay \
               libwebrtc's",
        sets: &[
            ("kalman.initial_slope", "0"),
            ("kalman.initial_slope_variance", "0"),
            ("kalman.process_noise_slope", "0"),
            ("kalman.process_noise_offset", "0.001"),
            ("kalman.noise_coefficient_start", "0.01"),
            ("kalman.noise_coefficient_steady", "0.01"),
            ("overuse.initial_threshold", "12.5"),
            ("overuse.max_weight", "1"),
            ("overuse.gain_up_per_ms", "0.01"),
            ("overuse.gain_down_per_ms", "0.00018"),
            ("overuse.overuse_time_threshold", "10ms"),
            ("rate_control.backoff_factor", "0.85"),
            ("rate_control.backoff_extra", "0"),
            ("rate_control.increase_factor", "1.08"),
            ("rate_control.min_additive_increase", "1kbps"),
        ],
    },
];

impl Profile {
    /// By name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }
}
