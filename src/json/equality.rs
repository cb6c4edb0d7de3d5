//! Comparing a value with one of Rust's, as Python compares them: a `Markup` is its
//! text, `True` is 1, `1.0` is 1, and no number is rounded for it.

use core::fmt::{self, Write as _};

use super::{
    number::Number,
    value::{Kind, Value},
};

impl PartialEq<str> for Value<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<bool> for Value<'_> {
    fn eq(&self, other: &bool) -> bool {
        *self == i64::from(*other)
    }
}

impl PartialEq<i32> for Value<'_> {
    fn eq(&self, other: &i32) -> bool {
        *self == i64::from(*other)
    }
}

impl PartialEq<u32> for Value<'_> {
    fn eq(&self, other: &u32) -> bool {
        *self == i64::from(*other)
    }
}

/// This links the code that reads floats, as every comparison with a number does;
/// [`as_i64`](Value::as_i64) does not.
impl PartialEq<i64> for Value<'_> {
    fn eq(&self, other: &i64) -> bool {
        match self.kind() {
            Kind::Bool(value) => i64::from(value) == *other,
            Kind::Number(number) if number.is_integer() => number.as_i64() == Some(*other),
            Kind::Number(number) => is_int(number.as_f64(), (*other).into()),
            _ => false,
        }
    }
}

impl PartialEq<u64> for Value<'_> {
    fn eq(&self, other: &u64) -> bool {
        match self.kind() {
            Kind::Bool(value) => u64::from(value) == *other,
            Kind::Number(number) if number.is_integer() => number.as_u64() == Some(*other),
            Kind::Number(number) => is_int(number.as_f64(), (*other).into()),
            _ => false,
        }
    }
}

impl PartialEq<f64> for Value<'_> {
    fn eq(&self, other: &f64) -> bool {
        match self.kind() {
            Kind::Bool(value) => f64::from(u8::from(value)) == *other,
            Kind::Number(number) if number.is_integer() => has_digits(*other, number),
            Kind::Number(number) => number.as_f64() == *other,
            _ => false,
        }
    }
}

/// Whether a double is this integer, of 64 bits or less.
const fn is_int(double: f64, int: i128) -> bool {
    // The cast rounds towards zero, and the way back is exact where it did not.
    double as i128 == int && int as f64 == double
}

/// Whether a double is this integer, of any length.
fn has_digits(double: f64, integer: Number<'_>) -> bool {
    // A double's decimal expansion is exact. `-0` is 0.
    let mut rest = Rest(integer.as_str());
    double % 1.0 == 0.0 && write!(rest, "{:.0}", double + 0.0).is_ok() && rest.0.is_empty()
}

/// Text that is still expected.
struct Rest<'t>(&'t str);

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(text).ok_or(fmt::Error)?;
        Ok(())
    }
}
