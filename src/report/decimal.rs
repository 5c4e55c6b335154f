//! Numbers with a fixed count of decimals, rounded half away from zero.

use std::io::Write as _;

/// Appends `value` with `digits` decimals; nothing if it is not finite. Zero has no sign.
#[inline]
pub fn write_fixed(out: &mut Vec<u8>, value: f64, digits: u32) {
    if let Some(scaled) = rounded(value, digits) {
        write_scaled(out, scaled, digits);
    } else if value.is_finite() {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{value:.*}", usize::try_from(digits).unwrap_or(0));
    }
}

/// `value` × 10^`digits`, rounded; `None` of what is not finite or too large for that.
#[inline]
pub fn rounded(value: f64, digits: u32) -> Option<i64> {
    let scaled = value * power_of_ten(digits) as f64;
    // Just below a half, lest the sum round up what is less; the cast cuts.
    (scaled.abs() < MAX_SCALED).then(|| (scaled + 0.499_999_999_999_999_94_f64.copysign(scaled)) as i64)
}

/// What is scaled to less than this is written as an integer.
const MAX_SCALED: f64 = 9e18;

/// The double nearest to `scaled` / 10^`digits`; `None` where it takes more than a division to find it.
#[inline]
pub fn quotient(scaled: i64, digits: u32) -> Option<f64> {
    // Both are doubles exactly, and so their quotient is rounded once.
    (scaled.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS && digits <= MAX_EXACT_POWER)
        .then(|| scaled as f64 / power_of_ten(digits) as f64)
}

/// The largest power of ten that is a u64; a double has it exactly.
const MAX_EXACT_POWER: u32 = 19;

/// Appends `scaled` / 10^`digits` with all its decimals. As a call of its own it costs a row of `estimate.csv` 65 instructions.
#[inline(always)]
pub fn write_scaled(out: &mut Vec<u8>, scaled: i64, digits: u32) {
    if scaled < 0 {
        out.push(b'-');
    }
    let magnitude = scaled.unsigned_abs();
    if digits == 0 {
        return write_integer(out, magnitude, 1);
    }
    let unit = power_of_ten(digits);
    write_integer(out, magnitude / unit, 1);
    out.push(b'.');
    write_integer(out, magnitude % unit, digits);
}

/// Appends an integer with at least `width` digits.
#[inline]
pub fn write_integer(out: &mut Vec<u8>, mut value: u64, width: u32) {
    let mut digits = [b'0'; MAX_DIGITS];
    let mut start = MAX_DIGITS;
    while value >= 100 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    if value >= 10 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[value as usize]);
    } else if value > 0 {
        start -= 1;
        digits[start] = b'0' + value as u8;
    }
    let start = start.min(MAX_DIGITS.saturating_sub(width as usize));
    out.extend_from_slice(&digits[start..]);
}

const MAX_DIGITS: usize = 20;

/// Two digits of each number below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

#[inline]
const fn power_of_ten(digits: u32) -> u64 {
    10_u64.saturating_pow(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fixed(value: f64, digits: u32) -> String {
        let mut out = Vec::new();
        write_fixed(&mut out, value, digits);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn halves_round_away_from_zero_and_zero_has_no_sign() {
        for (value, digits, text) in [
            (1.5, 0, "2"),
            (-1.5, 0, "-2"),
            (0.00005, 4, "0.0001"),
            (-0.00001, 4, "0.0000"),
            (12.5, 4, "12.5000"),
            (-0.25, 1, "-0.3"),
            (1e17, 4, "100000000000000000.0000"),
            (f64::NAN, 4, ""),
        ] {
            assert_eq!(fixed(value, digits), text, "{value}");
        }
    }

    proptest! {
        #[test]
        fn is_the_rounded_scaled_double(value in -1e9..1e9f64) {
            let parsed: f64 = fixed(value, 4).parse().unwrap();
            prop_assert_eq!(libm::round(parsed * 1e4), libm::round(value * 1e4) + 0.0);
        }

        #[test]
        fn integers_are_whole(value: u64) {
            let mut out = Vec::new();
            write_integer(&mut out, value, 1);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
