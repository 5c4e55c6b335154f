//! Numbers with a fixed count of decimals, rounded half away from zero.

use std::io::Write as _;

/// Appends `value` with `digits` decimals; nothing if it is not finite. Zero has no sign.
pub fn write_fixed(out: &mut Vec<u8>, value: f64, digits: u32) {
    if !value.is_finite() {
        return;
    }
    let scaled = libm::round(value * 10_f64.powi(digits.cast_signed()));
    if scaled.abs() < 9e18 {
        write_scaled(out, scaled as i64, digits);
    } else {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{value:.*}", usize::try_from(digits).unwrap_or(0));
    }
}

/// Appends `scaled` / 10^`digits` with all its decimals.
pub fn write_scaled(out: &mut Vec<u8>, scaled: i64, digits: u32) {
    if scaled < 0 {
        out.push(b'-');
    }
    let unit = 10_u64.saturating_pow(digits);
    write_integer(out, scaled.unsigned_abs() / unit, 1);
    if digits > 0 {
        out.push(b'.');
        write_integer(out, scaled.unsigned_abs() % unit, digits);
    }
}

/// Appends an integer with at least `width` digits.
pub fn write_integer(out: &mut Vec<u8>, mut value: u64, width: u32) {
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        if value == 0 && used >= width {
            break;
        }
        *slot = b'0' + (value % 10) as u8;
        value /= 10;
        used += 1;
    }
    let start = digits.len() - usize::try_from(used).unwrap_or(0);
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
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
