//! Colours, opaque and not.

/// Red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

/// A colour and how much of it covers what lies below, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paint {
    pub(super) colour: Colour,
    pub(super) opacity: f32,
}

impl Colour {
    /// Covers so much of what lies below.
    pub(super) fn mix(self, opacity: f32) -> Paint {
        Paint { colour: self, opacity }
    }
}

impl From<Colour> for Paint {
    fn from(colour: Colour) -> Self {
        colour.mix(1.0)
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(red, green, blue) = self;
        write!(f, "#{red:02X}{green:02X}{blue:02X}")
    }
}
