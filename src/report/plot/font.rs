//! The font is part of the program, so that pictures are the same everywhere.

use std::sync::OnceLock;

use ab_glyph::{Font as _, FontRef, GlyphId, OutlineCurve, PxScale, ScaleFont as _};

use super::error::PlotError;

/// Both faces.
pub(super) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    /// Parsed once.
    pub(super) fn get() -> Result<&'static Self, PlotError> {
        static FONTS: OnceLock<Option<Fonts>> = OnceLock::new();
        let parse = || {
            let face = |bytes| FontRef::try_from_slice(bytes).ok();
            Some(Fonts { regular: face(notosans::REGULAR_TTF)?, bold: face(notosans::BOLD_TTF)? })
        };
        FONTS.get_or_init(parse).as_ref().ok_or(PlotError::Font)
    }

    fn face(&self, bold: bool) -> &FontRef<'static> {
        if bold { &self.bold } else { &self.regular }
    }

    /// The glyphs of a text with their distance from its beginning, and its width; `size` is from the highest ascender to the
    /// lowest descender.
    pub(super) fn layout(&self, text: &str, size: f64, bold: bool) -> (Vec<(GlyphId, f64)>, f64) {
        let face = self.face(bold).as_scaled(PxScale::from(size as f32));
        let (mut glyphs, mut x, mut before) = (Vec::new(), 0.0, None);
        for character in text.chars() {
            let glyph = face.glyph_id(character);
            x += before.map_or(0.0, |before| f64::from(face.kern(before, glyph)));
            glyphs.push((glyph, x));
            x += f64::from(face.h_advance(glyph));
            before = Some(glyph);
        }
        (glyphs, x)
    }

    /// Pixels a unit of the outlines, and how far the baseline lies below the middle of a line.
    pub(super) fn metrics(&self, size: f64, bold: bool) -> (f64, f64) {
        let face = self.face(bold);
        let unit = size / f64::from(face.height_unscaled());
        let ascent = f64::from(face.ascent_unscaled()) * unit;
        (unit, ascent - size / 2.0)
    }

    /// A glyph's outline in units of the font, upwards.
    pub(super) fn outline(&self, glyph: GlyphId, bold: bool) -> Vec<OutlineCurve> {
        self.face(bold).outline(glyph).map(|outline| outline.curves).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_text_is_wider_and_every_character_has_an_outline() {
        let fonts = Fonts::get().unwrap();
        let [regular, bold] = [false, true].map(|bold| fonts.layout("call.pcap", 24.0, bold).1);
        assert!(bold > regular && regular > 60.0, "{regular} {bold}");
        for character in "09az±×−–→%µ≥".chars() {
            let (glyphs, _) = fonts.layout(&character.to_string(), 24.0, false);
            assert!(glyphs[0].0.0 > 0 && !fonts.outline(glyphs[0].0, false).is_empty(), "{character}");
        }
    }
}
