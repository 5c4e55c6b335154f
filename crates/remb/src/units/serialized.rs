//! Durations and bit rates in configurations: as texts with their units.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Bitrate, TimeDelta};

impl Serialize for TimeDelta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeDelta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Bitrate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A bit rate is written as text with its unit or as a plain number of bit/s.
#[derive(Deserialize)]
#[serde(untagged)]
enum RateText {
    Plain(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for Bitrate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match RateText::deserialize(deserializer)? {
            RateText::Plain(bps) => Ok(Self::from_bps(bps)),
            RateText::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}
