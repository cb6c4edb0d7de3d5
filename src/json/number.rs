//! Numbers: kept as text, read on request, written as Python spells them.

use core::{
    cmp::Ordering,
    fmt::{self, Write as _},
};

use serde::{Serialize, Serializer};

use super::types;
use crate::bytes::as_str;

/// The most digits an integer may have, as in CPython (`sys.set_int_max_str_digits`).
pub(crate) const MAX_INT_DIGITS: usize = 4300;

/// A number, as the text it was written with.
///
/// Integers of any size (up to CPython's 4,300 digits) and floats keep their
/// spelling, so reading and writing back loses nothing.
///
/// ```
/// use hipflask::json::{Kind, SESSION_JSON_SERIALIZER};
///
/// let mut text = *b"123456789012345678901234567890";
/// let value = SESSION_JSON_SERIALIZER.loads(&mut text)?;
/// let Kind::Number(number) = value.kind() else { panic!() };
/// assert!(number.is_integer());
/// assert_eq!(number.as_i64(), None);
/// assert_eq!(number.as_i128(), Some(123456789012345678901234567890));
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[doc(alias = "int")]
#[doc(alias = "float")]
pub struct Number<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'a> Number<'a> {
    /// The text: JSON's number grammar, or `NaN`, `Infinity`, `-Infinity`.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        as_str(self.0)
    }

    /// Whether Python reads it as an `int`: no fraction, no exponent, finite.
    #[must_use]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn is_integer(self) -> bool {
        self.0.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')
    }

    /// The integer, if it is one and fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        let (negative, magnitude) = self.sign_and_magnitude()?;
        if negative { 0_i64.checked_sub_unsigned(magnitude) } else { magnitude.try_into().ok() }
    }

    /// The integer, if it is one, is not negative and fits.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        self.sign_and_magnitude().and_then(|(negative, magnitude)| (!negative).then_some(magnitude))
    }

    /// Whether it is negative, and how much it is without the sign, if it is an integer
    /// and that fits.
    #[inline(never)]
    pub(super) fn sign_and_magnitude(self) -> Option<(bool, u64)> {
        let (negative, digits) = self.sign_and_digits()?;
        let magnitude = digits
            .iter()
            .try_fold(0_u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit & 0xF)))?;
        Some((negative, magnitude))
    }

    /// The integer, if it is one and fits.
    #[must_use]
    pub fn as_i128(self) -> Option<i128> {
        let (negative, digits) = self.sign_and_digits()?;
        digits.iter().try_fold(0_i128, |value, digit| {
            let digit = i128::from(digit & 0xF);
            let value = value.checked_mul(10)?;
            if negative { value.checked_sub(digit) } else { value.checked_add(digit) }
        })
    }

    /// The nearest double, for a float as for an integer. Beyond the range it is
    /// infinity or zero, as Python reads a float. (Of such an integer Python makes
    /// no float: it raises, and [`Value::to`](super::Value::to) is an error.)
    #[must_use]
    pub fn as_f64(self) -> f64 {
        // `NaN` and `Infinity` have the same names in Rust.
        self.as_str().parse().unwrap_or(f64::NAN)
    }

    /// Whether it is zero as a double, without float code: its digits are zeros, or
    /// it is at most half of the least double.
    pub(crate) fn is_zero(self) -> bool {
        // 2**-1075. A longer number that begins so is taken for more than that.
        const HALF_EXPONENT: i32 = -324;
        const HALF_DIGITS: &[u8] = b"24703282292062327208828439643411";
        // The power of ten of the first digit that is not zero.
        let mut power = -1_i32;
        let (mut significant, mut fraction) = (None, false);
        let mut rest = self.0;
        while let [byte, behind @ ..] = rest {
            match *byte {
                b'-' => {}
                b'.' => fraction = true,
                b'0' if significant.is_none() => power = power.saturating_sub(fraction.into()),
                b'0'..=b'9' => {
                    significant = significant.or(Some(rest));
                    power = power.saturating_add((!fraction).into());
                }
                b'e' | b'E' => break,
                // `NaN` and `Infinity` have no digits.
                _ => return false,
            }
            rest = behind;
        }
        let Some(significant) = significant else { return true };
        let exponent = rest
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .fold(0_i32, |power, digit| power.saturating_mul(10).saturating_add((digit & 0xF).into()));
        let negative = rest.get(1) == Some(&b'-');
        let power = if negative { power.saturating_sub(exponent) } else { power.saturating_add(exponent) };
        let digits =
            significant.iter().take_while(|byte| !matches!(byte, b'e' | b'E')).filter(|byte| **byte != b'.');
        power.cmp(&HALF_EXPONENT).then_with(|| digits.cmp(HALF_DIGITS)) != Ordering::Greater
    }

    fn sign_and_digits(self) -> Option<(bool, &'a [u8])> {
        if !self.is_integer() {
            return None;
        }
        Some(match self.0 {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        })
    }
}

/// The length of a JSON number at the start of `bytes`, and whether it is an
/// integer; `None` when the grammar of RFC 8259 is not met or an integer has
/// more digits than CPython reads.
pub(crate) fn scan_number(bytes: &[u8]) -> Option<(usize, bool)> {
    let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let (whole_len, mut rest) = match unsigned {
        [b'0', rest @ ..] => (1, rest),
        _ => split_digits(unsigned)?,
    };
    let mut integer = true;
    if let [b'.', fraction @ ..] = rest {
        (_, rest) = split_digits(fraction)?;
        integer = false;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let ([b'+' | b'-', digits @ ..] | digits) = exponent;
        (_, rest) = split_digits(digits)?;
        integer = false;
    }
    if integer && whole_len > MAX_INT_DIGITS {
        return None;
    }
    Some((bytes.len().checked_sub(rest.len())?, integer))
}

/// How many digits `bytes` start with, at least one, and what follows them.
fn split_digits(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let len = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len > 0 { Some((len, bytes.get(len..)?)) } else { None }
}

/// Whether `text` is one integer as Python's `str(int)` gives it.
pub(crate) fn is_integer_text(text: &str) -> bool {
    text != "-0" && scan_number(text.as_bytes()) == Some((text.len(), true))
}

/// Whether `text` is one number as a session keeps it: JSON's grammar, or a name.
pub(crate) fn is_number_text(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
        || text != "-0" && scan_number(text.as_bytes()).is_some_and(|(len, _)| len == text.len())
}

/// As it is spelled, within hipflask. Other formats get an integer of up to 128 bits or
/// a double, and the text of a larger integer.
impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_newtype_struct(types::NUMBER, &Spelled(*self))
        } else {
            self.serialize_value(serializer)
        }
    }
}

impl Number<'_> {
    pub(super) fn serialize_value<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.is_integer() {
            serializer.serialize_f64(self.as_f64())
        } else if let Some(value) = self.as_i64() {
            serializer.serialize_i64(value)
        } else if let Some(value) = self.as_u64() {
            serializer.serialize_u64(value)
        } else if let Some(value) = self.as_i128() {
            serializer.serialize_i128(value)
        } else {
            serializer.serialize_str(self.as_str())
        }
    }
}

/// A number inside of its newtype struct: text where hipflask asks for it.
struct Spelled<'a>(Number<'a>);

impl Serialize for Spelled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.0.serialize_value(serializer)
        } else {
            serializer.serialize_str(self.0.as_str())
        }
    }
}

/// A short text built on the stack.
pub(crate) struct Spelling<const N: usize> {
    bytes: [u8; N],
    start: usize,
}

impl<const N: usize> Spelling<N> {
    /// Nothing yet; digits are put in front, one by one.
    const fn new() -> Self {
        Self { bytes: [0; N], start: N }
    }

    fn push_front(&mut self, byte: u8) {
        let start = self.start.saturating_sub(1);
        if let Some(slot) = self.bytes.get_mut(start) {
            *slot = byte;
        }
        self.start = start;
    }

    /// Puts the decimal digits of `value` in front, at least `min_digits` of them.
    fn push_front_decimal(&mut self, mut value: u64, min_digits: usize) {
        let mut missing = min_digits;
        // Small processors divide 64 bits in a kilobyte of library code.
        while value > u64::from(u32::MAX) {
            let (quotient, digit) = div_rem_10(value);
            value = quotient;
            self.push_front(digit | b'0');
            missing = missing.saturating_sub(1);
        }
        let mut value = value as u32;
        while value != 0 || missing > 0 {
            self.push_front((value % 10) as u8 | b'0');
            value /= 10;
            missing = missing.saturating_sub(1);
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// Divides by ten with divisions of 32 bits: schoolbook, 16 bits at a time.
const fn div_rem_10(value: u64) -> (u64, u8) {
    let high = (value >> 32) as u32;
    let middle = (high % 10) << 16 | (value >> 16) as u32 & 0xFFFF;
    let low = (middle % 10) << 16 | value as u32 & 0xFFFF;
    let quotient = ((high / 10) as u64) << 32 | ((middle / 10) as u64) << 16 | (low / 10) as u64;
    (quotient, (low % 10) as u8)
}

/// `value` in decimal.
pub(crate) fn spell_u64(value: u64) -> Spelling<20> {
    let mut text = Spelling::new();
    text.push_front_decimal(value, 1);
    text
}

/// `value` in decimal.
pub(crate) fn spell_i64(value: i64) -> Spelling<20> {
    let mut text = spell_u64(value.unsigned_abs());
    if value < 0 {
        text.push_front(b'-');
    }
    text
}

/// `magnitude` in decimal, with a minus sign if `negative`.
pub(crate) fn spell_u128(mut magnitude: u128, negative: bool) -> Spelling<40> {
    /// The largest power of ten in a `u64`, so that the digits are made by 64-bit division.
    const CHUNK: u128 = 10_000_000_000_000_000_000;
    let mut text = Spelling::new();
    while magnitude >= CHUNK {
        text.push_front_decimal((magnitude % CHUNK) as u64, 19);
        magnitude /= CHUNK;
    }
    text.push_front_decimal(magnitude as u64, 1);
    if negative {
        text.push_front(b'-');
    }
    text
}

/// Takes what `write!` gives, on the stack.
pub(crate) struct Ascii<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Ascii<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    #[expect(clippy::arithmetic_side_effects, reason = "there is a slot, so the length is below N")]
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    fn extend(&mut self, bytes: impl IntoIterator<Item = u8>) {
        bytes.into_iter().for_each(|byte| self.push(byte));
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl<const N: usize> core::fmt::Write for Ascii<N> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.extend(text.bytes());
        Ok(())
    }
}

/// `value` as Python's `repr(float)` and `json.dumps` spell it: the fewest
/// digits that read back as the same double; plain notation for decimal
/// exponents from -4 to 15, else `d.ddde±XX`; `NaN` and `Infinity` by name.
pub(crate) fn spell_f64(value: f64) -> Option<Ascii<32>> {
    let mut text = Ascii::new();
    if value.is_nan() {
        text.extend(*b"NaN");
        return Some(text);
    }
    if value.is_sign_negative() {
        text.push(b'-');
    }
    if value.is_infinite() {
        text.extend(*b"Infinity");
        return Some(text);
    }
    // Rust's `{:e}` gives Python's digits, in scientific notation, but for ties.
    let mut scientific = Ascii::<32>::new();
    write!(scientific, "{:e}", value.abs()).ok()?;
    round_half_to_even(value, &mut scientific);
    let mut parts = scientific.as_bytes().splitn(2, |byte| *byte == b'e');
    let mantissa = parts.next().unwrap_or_default();
    let exponent = Number(parts.next().unwrap_or_default()).as_i64().unwrap_or_default();
    let mut digits = mantissa.iter().copied().filter(u8::is_ascii_digit);

    if (-4..0).contains(&exponent) {
        text.extend(*b"0.");
        text.extend(core::iter::repeat_n(b'0', exponent.unsigned_abs().saturating_sub(1) as usize));
        text.extend(digits);
    } else if (0..16).contains(&exponent) {
        let whole = exponent.unsigned_abs().saturating_add(1) as usize;
        for _ in 0..whole {
            text.push(digits.next().unwrap_or(b'0'));
        }
        text.push(b'.');
        text.push(digits.next().unwrap_or(b'0'));
        text.extend(digits);
    } else {
        text.extend(digits.next());
        if let Some(digit) = digits.next() {
            text.push(b'.');
            text.push(digit);
            text.extend(digits);
        }
        text.extend([b'e', if exponent < 0 { b'-' } else { b'+' }]);
        let mut padded = Spelling::<20>::new();
        padded.push_front_decimal(exponent.unsigned_abs(), 2);
        text.extend(padded.as_bytes().iter().copied());
    }
    Some(text)
}

/// The bits of a double's fraction.
const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// Settles a tie as CPython does: where the exact value lies half-way between
/// two shortest spellings, as with 2⁻²⁵, Rust takes the upper one and CPython
/// the one that ends in an even digit.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "17 digits fit a u64, and an odd digit has two neighbours"
)]
fn round_half_to_even(value: f64, scientific: &mut Ascii<32>) {
    let Some(exact) = exact_decimal(value) else { return };
    let mantissa_len = scientific.as_bytes().iter().take_while(|byte| **byte != b'e').count();
    let mantissa = scientific.bytes.get_mut(..mantissa_len).unwrap_or_default();
    let digits = mantissa
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0_u64, |value, byte| value * 10 + u64::from(byte & 0xF));
    // The last digit of `exact` is the 5 of the tie.
    let (lower, _) = div_rem_10(exact);
    // Doubles lie twice as dense below a power of two: of 2⁻²⁴ the lower
    // spelling reads back as another one.
    let is_too_far = value.to_bits().trailing_zeros() >= FRACTION_BITS && exact < 5 << 54;
    if let Some(last) = mantissa.last_mut()
        && last.is_ascii_digit()
        && digits & 1 == 1
    {
        if digits == lower {
            *last += 1;
        } else if digits == lower + 1 && !is_too_far {
            *last -= 1;
        }
    }
}

/// All decimal digits of a value that has a fraction, without the point; `None`
/// for integers, and for more digits than a tie can have.
fn exact_decimal(value: f64) -> Option<u64> {
    let bits = value.abs().to_bits();
    let (exponent, fraction) = (bits >> FRACTION_BITS, bits & !(u64::MAX << FRACTION_BITS));
    let significand = if exponent == 0 { fraction } else { fraction | 1 << FRACTION_BITS };
    // The value is `odd` · 2^-places, and so `odd` · 5^places · 10^-places.
    let odd = significand.checked_shr(significand.trailing_zeros())?;
    let places = 1075_u32
        .checked_sub(u32::try_from(exponent.max(1)).ok()?)?
        .checked_sub(significand.trailing_zeros())
        .filter(|places| *places > 0)?;
    odd.checked_mul(5_u64.checked_pow(places)?)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::{String, ToString as _};

    fn float(value: f64) -> String {
        String::from_utf8(spell_f64(value).unwrap().as_bytes().to_vec()).unwrap()
    }

    /// The right-hand sides are CPython's `json.dumps`.
    #[test]
    fn floats_are_spelled_as_python_spells_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (2500.0, "2500.0"),
            (1e15, "1000000000000000.0"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (1e-4, "0.0001"),
            (1.25e-4, "0.000125"),
            (1e-5, "1e-05"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (18.990000000000002, "18.990000000000002"),
            // Ties: the exact value ends in a 5 more.
            (1e15 + 0.25, "1000000000000000.2"),
            (1e15 + 0.75, "1000000000000000.8"),
            (-2_f64.powi(49) - 0.125, "-562949953421312.1"),
            (2_f64.powi(-25), "2.9802322387695312e-08"),
            (2_f64.powi(-24), "5.960464477539063e-08"),
            (-9.561866859677623e-20, "-9.561866859677623e-20"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn integers_are_spelled_in_full() {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        for value in [0, 1, -1, 9, 10, i64::MAX, i64::MIN] {
            assert_eq!(text(spell_i64(value).as_bytes()), value.to_string());
            assert_eq!(Number(spell_i64(value).as_bytes()).as_i64(), Some(value));
        }
        for value in [0, 10_u128.pow(19), 10_u128.pow(19) - 1, 10_u128.pow(38) + 5, u128::MAX] {
            assert_eq!(text(spell_u128(value, false).as_bytes()), value.to_string());
        }
        assert_eq!(text(spell_u128(i128::MIN.unsigned_abs(), true).as_bytes()), i128::MIN.to_string());
    }

    #[test]
    fn the_number_grammar_is_rfc_8259() {
        for text in ["0", "-0", "10", "1.5", "1e5", "1E+05", "-0.0e-7"] {
            assert_eq!(scan_number(text.as_bytes()).map(|(len, _)| len), Some(text.len()), "{text}");
        }
        for text in ["", "-", ".5", "1.", "1.e5", "1e", "1e+", "--1", "+1"] {
            assert_eq!(scan_number(text.as_bytes()), None, "{text}");
        }
        // A leading zero ends the number; what follows is then not JSON.
        assert_eq!(scan_number(b"012"), Some((1, true)));
        assert_eq!(scan_number(&[b'9'; 4300]), Some((4300, true)));
        assert_eq!(scan_number(&[b'9'; 4301]), None);
    }
}
