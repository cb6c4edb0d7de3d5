//! Points in time as HTTP writes them: whole seconds, UTC, years 1 to 9999.
//!
//! Flask writes a `datetime` in a session, and an `Expires` attribute, as an
//! HTTP date (RFC 9110, section 5.6.7, IMF-fixdate).

use core::fmt;

/// 0001-01-01T00:00:00Z in Unix seconds.
const MIN_UNIX_SECS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z in Unix seconds.
const MAX_UNIX_SECS: i64 = 253_402_300_799;

const SECS_PER_DAY: u64 = 86_400;
/// The Gregorian calendar repeats after 400 years.
const DAYS_PER_ERA: u32 = 146_097;
/// From 0000-03-01, where the arithmetic starts, to 0001-01-01.
const DAYS_BEFORE_YEAR_1: u32 = 306;

/// 0001-01-01 was a Monday.
const WEEKDAYS: [[u8; 3]; 7] = [*b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat", *b"Sun"];
const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov",
    *b"Dec",
];

/// A second in UTC, in the years 1 to 9999 of the proleptic Gregorian calendar:
/// the range of Python's `datetime`.
///
/// Its `Display` form is the HTTP date, which is what Flask's `http_date` gives.
///
/// ```
/// use hipflask::json::DateTime;
///
/// let date = DateTime::from_unix_secs(1_700_000_000).unwrap();
/// assert_eq!(date.to_string(), "Tue, 14 Nov 2023 22:13:20 GMT");
/// assert_eq!(DateTime::parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT"), Some(date));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    unix_secs: i64,
}

impl DateTime {
    /// 1970-01-01T00:00:00Z, the `Expires` of a cookie that is to be deleted.
    pub const UNIX_EPOCH: Self = Self { unix_secs: 0 };

    /// The point `unix_secs` seconds after (or before) 1970-01-01T00:00:00Z;
    /// `None` outside the years 1 to 9999.
    #[must_use]
    pub const fn from_unix_secs(unix_secs: i64) -> Option<Self> {
        if unix_secs < MIN_UNIX_SECS || unix_secs > MAX_UNIX_SECS {
            return None;
        }
        Some(Self { unix_secs })
    }

    /// Seconds since 1970-01-01T00:00:00Z, negative before it.
    #[must_use]
    pub const fn unix_secs(self) -> i64 {
        self.unix_secs
    }

    /// The HTTP date, 29 ASCII bytes.
    ///
    /// The year has four digits, zero-padded, as `email.utils.format_datetime`
    /// writes it.
    #[must_use]
    pub fn http_date_bytes(self) -> [u8; 29] {
        let secs = self.unix_secs.wrapping_sub(MIN_UNIX_SECS).unsigned_abs();
        // A day is 675 · 2⁷ seconds, so a division of 32 bits will do.
        let units = (secs >> 7) as u32;
        let day_number = units / 675;
        let second_of_day = (units % 675) << 7 | secs as u32 & 0x7F;

        let (year, month, day) = civil_from_days(day_number);
        let [w0, w1, w2] = name(&WEEKDAYS, day_number % 7);
        let [m0, m1, m2] = name(&MONTHS, month.wrapping_sub(1));
        let [d0, d1] = two_digits(day);
        let [y0, y1] = two_digits(year / 100);
        let [y2, y3] = two_digits(year % 100);
        let [h0, h1] = two_digits(second_of_day / 3600);
        let [n0, n1] = two_digits(second_of_day / 60 % 60);
        let [s0, s1] = two_digits(second_of_day % 60);
        [
            w0, w1, w2, b',', b' ', d0, d1, b' ', m0, m1, m2, b' ', y0, y1, y2, y3, b' ', h0, h1, b':', n0,
            n1, b':', s0, s1, b' ', b'G', b'M', b'T',
        ]
    }

    /// Reads an HTTP date in the one form that Flask writes,
    /// `Ddd, DD Mon YYYY HH:MM:SS GMT`; anything else, and a day or a time that
    /// does not exist, is `None`.
    ///
    /// Two rules are Python's. The weekday must be a weekday's name, but is not
    /// compared with the date. The years 0000 to 0068 are read as 2000 to 2068
    /// and 0069 to 0099 as 1969 to 1999, so the years 1 to 99 are written but do
    /// not come back.
    ///
    /// ```
    /// use hipflask::json::DateTime;
    ///
    /// let date = DateTime::parse_http_date("Sun, 29 Feb 2024 00:00:00 GMT");
    /// assert_eq!(date.map(DateTime::unix_secs), Some(1_709_164_800));
    /// assert_eq!(DateTime::parse_http_date("Wed, 29 Feb 2023 00:00:00 GMT"), None);
    /// ```
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        Self::parse(text, |year| match year {
            0..=68 => year.wrapping_add(2000),
            69..=99 => year.wrapping_add(1900),
            _ => year,
        })
    }

    /// The inverse of [`http_date_bytes`](Self::http_date_bytes) for all years,
    /// for dates that never left the program.
    pub(super) fn parse_written(text: &str) -> Option<Self> {
        Self::parse(text, |year| year)
    }

    /// Computes the date from whatever stands where the numbers should, and
    /// accepts the text if that date is written like it.
    fn parse(text: &str, meant_by: fn(u32) -> u32) -> Option<Self> {
        let bytes: &[u8; 29] = text.as_bytes().try_into().ok()?;
        #[rustfmt::skip]
        let [
            weekday @ .., _, _, d0, d1, _, m0, m1, m2, _, y0, y1, y2, y3, _, h0, h1, _, n0, n1, _, s0, s1, _, _, _, _,
        ] = bytes;
        let month =
            (1..).zip(MONTHS).find_map(|(number, name)| (name == [*m0, *m1, *m2]).then_some(number))?;
        let century = two_digit_number(*y0, *y1);
        let written_year = century.wrapping_mul(100).wrapping_add(two_digit_number(*y2, *y3));
        let year = meant_by(written_year);
        let minutes = two_digit_number(*h0, *h1).wrapping_mul(60).wrapping_add(two_digit_number(*n0, *n1));
        let second_of_day = minutes.wrapping_mul(60).wrapping_add(two_digit_number(*s0, *s1));
        let day_number = days_from_civil(year, month, two_digit_number(*d0, *d1));
        let secs = u64::from(day_number).wrapping_mul(SECS_PER_DAY).wrapping_add(u64::from(second_of_day));
        let date = Self::from_unix_secs(MIN_UNIX_SECS.wrapping_add_unsigned(secs))?;

        // Any day of the week will do, and a year of two digits was meant otherwise.
        let mut written = date.http_date_bytes();
        let [w0, w1, w2, _, _, _, _, _, _, _, _, _, c0, c1, ..] = &mut written;
        [*w0, *w1, *w2] = *weekday;
        if year != written_year {
            [*c0, *c1] = *b"00";
        }
        (WEEKDAYS.contains(weekday) && written == *bytes).then_some(date)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.http_date_bytes()).map_err(|_| fmt::Error)?)
    }
}

/// The year, month and day of the month of a day, counted from 0001-01-01.
///
/// The year is taken to begin in March, so that the leap day is its last one
/// and every month but the last has a fixed length: 153 days in five months.
fn civil_from_days(day_number: u32) -> (u32, u32, u32) {
    let from_march_0 = day_number.wrapping_add(DAYS_BEFORE_YEAR_1);
    let era = from_march_0 / DAYS_PER_ERA;
    let day_of_era = from_march_0 % DAYS_PER_ERA;

    // Takes the leap days out, so that every year counts 365.
    let without_leap_days = day_of_era
        .wrapping_sub(day_of_era / 1_460)
        .wrapping_add(day_of_era / 36_524)
        .wrapping_sub(day_of_era / 146_096);
    let year_of_era = without_leap_days / 365;
    let day_of_year = day_of_era.wrapping_sub(days_before_year(year_of_era));

    let month_from_march = day_of_year.wrapping_mul(5).wrapping_add(2) / 153;
    let day = day_of_year.wrapping_sub(days_before_month(month_from_march)).wrapping_add(1);
    let year = era.wrapping_mul(400).wrapping_add(year_of_era);
    if month_from_march < 10 {
        (year, month_from_march.wrapping_add(3), day)
    } else {
        (year.wrapping_add(1), month_from_march.wrapping_sub(9), day)
    }
}

/// The inverse of [`civil_from_days`], for a date that exists.
fn days_from_civil(year: u32, month: u32, day: u32) -> u32 {
    let (year, month_from_march) =
        if month > 2 { (year, month.wrapping_sub(3)) } else { (year.wrapping_sub(1), month.wrapping_add(9)) };
    days_before_year(year)
        .wrapping_add(days_before_month(month_from_march))
        .wrapping_add(day)
        .wrapping_sub(1)
        .wrapping_sub(DAYS_BEFORE_YEAR_1)
}

/// From 0000-03-01 to March 1st of `year`.
fn days_before_year(year: u32) -> u32 {
    year.wrapping_mul(365).wrapping_add(year / 4).wrapping_sub(year / 100).wrapping_add(year / 400)
}

/// From March 1st to the first of the month that is `month_from_march` months later.
fn days_before_month(month_from_march: u32) -> u32 {
    month_from_march.wrapping_mul(153).wrapping_add(2) / 5
}

/// `number`, which is below 100, in two digits.
fn two_digits(number: u32) -> [u8; 2] {
    [number / 10, number % 10].map(|digit| b'0'.wrapping_add(u8::try_from(digit).unwrap_or_default()))
}

fn name(names: &[[u8; 3]], index: u32) -> [u8; 3] {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// The number that two digits stand for; anything else is some number too.
fn two_digit_number(tens: u8, ones: u8) -> u32 {
    let [tens, ones] = [tens, ones].map(|digit| u32::from(digit.wrapping_sub(b'0')));
    tens.wrapping_mul(10).wrapping_add(ones)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    /// Unix seconds and `werkzeug.http.http_date` of them.
    const WRITTEN: [(i64, &str); 9] = [
        (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"),
        (-30_610_224_001, "Tue, 31 Dec 0999 23:59:59 GMT"),
        (-11_644_473_600, "Mon, 01 Jan 1601 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_700_000_000, "Tue, 14 Nov 2023 22:13:20 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ];

    #[test]
    fn dates_are_written_as_werkzeug_writes_them() {
        for (unix_secs, text) in WRITTEN {
            let date = DateTime::from_unix_secs(unix_secs).unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(date.unix_secs(), unix_secs);
        }
    }

    #[test]
    fn all_years_come_back_within_the_program() {
        for (unix_secs, text) in WRITTEN {
            assert_eq!(DateTime::parse_written(text).map(DateTime::unix_secs), Some(unix_secs), "{text}");
        }
        assert_eq!(DateTime::parse_written("Sat, 01 Jan 0000 00:00:00 GMT"), None);
    }

    #[test]
    fn years_from_100_on_come_back() {
        for (unix_secs, text) in WRITTEN.into_iter().skip(1) {
            assert_eq!(DateTime::parse_http_date(text).map(DateTime::unix_secs), Some(unix_secs), "{text}");
        }
    }

    /// The calendar repeats after 400 years.
    #[test]
    fn every_day_of_400_years_comes_back() {
        let mut date = DateTime::UNIX_EPOCH;
        for day in 0..146_097 {
            date = DateTime::from_unix_secs(day * 86_400).unwrap();
            let bytes = date.http_date_bytes();
            let text = core::str::from_utf8(&bytes).unwrap();
            assert_eq!(DateTime::parse_http_date(text), Some(date), "{text}");
            let weekday = usize::try_from((day + 3) % 7).unwrap();
            assert_eq!(bytes[..3], WEEKDAYS[weekday], "{text}");
        }
        assert_eq!(date.to_string(), "Wed, 31 Dec 2369 00:00:00 GMT");
    }

    #[test]
    fn small_years_are_read_as_python_reads_them() {
        for (text, unix_secs) in [
            ("Sat, 01 Jan 0000 00:00:00 GMT", 946_684_800),
            ("Tue, 29 Feb 0000 00:00:00 GMT", 951_782_400),
            ("Mon, 01 Jan 0001 00:00:00 GMT", 978_307_200),
            ("Sun, 01 Jan 0068 00:00:00 GMT", 3_092_601_600),
            ("Tue, 01 Jan 0069 00:00:00 GMT", -31_536_000),
            ("Thu, 31 Dec 0099 23:59:59 GMT", 946_684_799),
        ] {
            assert_eq!(DateTime::parse_http_date(text).map(DateTime::unix_secs), Some(unix_secs), "{text}");
        }
    }

    #[test]
    fn nothing_but_the_one_form_is_read() {
        for text in [
            "",
            "Thu, 32 Jan 2020 03:04:05 GMT",
            "Thu, 00 Jan 2020 03:04:05 GMT",
            "Thu, 31 Apr 2020 03:04:05 GMT",
            "Thu, 29 Feb 1900 03:04:05 GMT",
            "Thu, 02 Jan 2020 24:00:00 GMT",
            "Thu, 02 Jan 2020 03:60:05 GMT",
            "Thu, 02 Jan 2020 03:04:60 GMT",
            "Thu, 02 JAN 2020 03:04:05 GMT",
            "Foo, 02 Jan 2020 03:04:05 GMT",
            "Thu, 02 Jan 2020 03:04:05 UTC",
            "Thu, 02 Jan 2020 03:04:05 GMT ",
            "Thu, +2 Jan 2020 03:04:05 GMT",
            "Thu, 02 Jan 2_20 03:04:05 GMT",
            "Thu, 2 Jan 2020 03:04:05 GMT",
            "2020-01-02T03:04:05Z",
        ] {
            assert_eq!(DateTime::parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn the_range_ends_with_python_s_datetime() {
        assert_eq!(DateTime::from_unix_secs(MIN_UNIX_SECS - 1), None);
        assert_eq!(DateTime::from_unix_secs(MAX_UNIX_SECS + 1), None);
        assert_eq!(DateTime::from_unix_secs(i64::MIN), None);
        assert_eq!(DateTime::from_unix_secs(i64::MAX), None);
    }
}
