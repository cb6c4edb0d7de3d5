//! A [`DateTime`] as text, and back: the HTTP date of RFC 9110, section 5.6.7
//! (IMF-fixdate), as Flask writes it into sessions and into `Expires`.

use core::fmt;

use super::{
    DateTime,
    calendar::{civil_from_days, days_from_civil},
    date_time::MIN_UNIX_SECS,
};
use crate::bytes::{copy, sub_slice_mut};

/// How long an HTTP date is.
const HTTP_DATE_LEN: usize = 29;
/// How long it is up to the seconds: what follows is ` GMT`.
const MOMENT_LEN: usize = 25;
/// How long a point and six digits are.
pub(super) const FRACTION_LEN: usize = 7;

/// Where the weekday, the month and the century stand.
const WEEKDAY: usize = 0;
const MONTH: usize = 8;
const CENTURY: usize = 12;
/// Where two digits stand: day, century, year of it, hour, minute, second.
const PAIRS: [usize; 6] = [5, CENTURY, 14, 17, 20, 23];

const SECS_PER_DAY: u64 = 86_400;

/// 0001-01-01 was a Monday.
const WEEKDAYS: [[u8; 3]; 7] = [*b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat", *b"Sun"];
const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov",
    *b"Dec",
];

impl DateTime {
    /// The HTTP date, 29 ASCII bytes. The microseconds are cut off, as in Flask.
    ///
    /// The year has four digits, zero-padded, as `email.utils.format_datetime`
    /// writes it.
    #[must_use]
    pub fn http_date_bytes(self) -> [u8; HTTP_DATE_LEN] {
        let (day_number, second_of_day) = self.day_and_second();
        let (year, month, day) = civil_from_days(day_number);
        let minute = second_of_day / 60;
        let mut text = *b"Ddd, 00 Mmm 0000 00:00:00 GMT";
        put(&mut text, WEEKDAY, name(&WEEKDAYS, day_number % 7));
        put(&mut text, MONTH, name(&MONTHS, month.saturating_sub(1)));
        let pairs = [day, year / 100, year % 100, minute / 60, minute % 60, second_of_day % 60];
        for (at, pair) in PAIRS.into_iter().zip(pairs) {
            put(&mut text, at, two_digits(pair));
        }
        text
    }

    /// The day, counted from 0001-01-01, and the second of it.
    pub(super) fn day_and_second(self) -> (u32, u32) {
        let secs = self.unix_secs().abs_diff(MIN_UNIX_SECS);
        // A day is 675 · 2⁷ seconds, so a division of 32 bits will do.
        let units = (secs >> 7) as u32;
        (units / 675, (units % 675) << 7 | secs as u32 & 0x7F)
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
    /// use hipflask::time::DateTime;
    ///
    /// let date = DateTime::parse_http_date("Sun, 29 Feb 2024 00:00:00 GMT");
    /// assert_eq!(date.map(DateTime::unix_secs), Some(1_709_164_800));
    /// assert_eq!(DateTime::parse_http_date("Wed, 29 Feb 2023 00:00:00 GMT"), None);
    /// ```
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        Self::parse(text.as_bytes(), |year| match year {
            0..=68 => year.saturating_add(2000),
            69..=99 => year.saturating_add(1900),
            _ => year,
        })
    }

    /// The inverse of [`http_date_bytes`](Self::http_date_bytes) for all years,
    /// for dates that never left the program.
    pub(crate) fn parse_written(text: &[u8]) -> Option<Self> {
        Self::parse(text, |year| year)
    }

    /// The HTTP date, with the microseconds behind the seconds if there are any:
    /// what other serde formats see, and this crate's own on the way.
    pub(crate) fn exact_text(self) -> heapless::Vec<u8, { HTTP_DATE_LEN + FRACTION_LEN }> {
        let date = self.http_date_bytes();
        let (moment, zone) = date.split_first_chunk::<MOMENT_LEN>().unwrap_or((&[0; MOMENT_LEN], &[]));
        self.with_fraction(moment, zone)
    }

    /// The text up to the seconds, a point and six digits if there are microseconds, and the
    /// zone. `N` is enough for all of them.
    pub(super) fn with_fraction<const N: usize>(self, moment: &[u8], zone: &[u8]) -> heapless::Vec<u8, N> {
        let [[m0, m1], [m2, m3], [m4, m5]] = self.micros_in_pairs().map(two_digits);
        let fraction: [u8; FRACTION_LEN] = [b'.', m0, m1, m2, m3, m4, m5];
        let fraction = if self.subsec_micros() == 0 { &[][..] } else { &fraction };
        let mut text = heapless::Vec::new();
        for part in [moment, fraction, zone] {
            let _ = text.extend_from_slice(part);
        }
        text
    }

    /// The inverse of [`exact_text`](Self::exact_text).
    pub(crate) fn parse_exact(text: &[u8]) -> Option<Self> {
        let (moment, rest) = text.split_first_chunk::<MOMENT_LEN>()?;
        let (fraction, zone) = rest.split_last_chunk::<{ HTTP_DATE_LEN - MOMENT_LEN }>()?;
        let micros = match fraction {
            [] => 0,
            [b'.', digits @ ..] if fraction.len() == FRACTION_LEN => number(digits)?,
            _ => return None,
        };
        let mut date = [0; HTTP_DATE_LEN];
        date.iter_mut().zip(moment.iter().chain(zone)).for_each(|(to, from)| *to = *from);
        Self::new(Self::parse_written(&date)?.unix_secs(), micros)
    }

    /// The microseconds as three numbers of two decimal digits.
    pub(crate) const fn micros_in_pairs(self) -> [u32; 3] {
        let micros = self.subsec_micros();
        [micros / 10_000, micros / 100 % 100, micros % 100]
    }

    /// Computes the date from the digits where they should be, and accepts the
    /// text if that date is written like it.
    #[expect(clippy::arithmetic_side_effects, reason = "numbers of two digits, and a year of four")]
    fn parse(text: &[u8], meant_by: fn(u32) -> u32) -> Option<Self> {
        let text: &[u8; HTTP_DATE_LEN] = text.try_into().ok()?;
        let (weekday, month_name) = (take(text, WEEKDAY), take(text, MONTH));
        // What is no digit is some digit here, and is not written like it.
        let number = |at| {
            let [tens, ones] = take(text, at).map(|digit| u32::from(digit & 0xF));
            tens * 10 + ones
        };
        let [day, century, year_of_century, hour, minute, second] = PAIRS.map(number);
        let month = (1..).zip(MONTHS).find_map(|(number, name)| (name == month_name).then_some(number))?;
        let written_year = century * 100 + year_of_century;
        let year = meant_by(written_year);
        let date = at(days_from_civil(year, month, day)?, hour, minute, second)?;

        // Any day of the week will do, and a year of two digits was meant otherwise.
        let mut written = date.http_date_bytes();
        put(&mut written, WEEKDAY, weekday);
        if year != written_year {
            put(&mut written, CENTURY, *b"00");
        }
        (WEEKDAYS.contains(&weekday) && written == *text).then_some(date)
    }
}

/// Writes the HTTP date.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.http_date_bytes()).map_err(|_| fmt::Error)?)
    }
}

/// So long after the start of a day.
#[expect(clippy::arithmetic_side_effects, reason = "numbers of two digits, and days below 4 million")]
fn at(day_number: u32, hour: u32, minute: u32, second: u32) -> Option<DateTime> {
    let second_of_day = (hour * 60 + minute) * 60 + second;
    let secs = u64::from(day_number) * SECS_PER_DAY + u64::from(second_of_day);
    DateTime::from_unix_secs(MIN_UNIX_SECS.checked_add_unsigned(secs)?)
}

/// `number`, which is below 100, in two digits.
pub(super) fn two_digits(number: u32) -> [u8; 2] {
    [number / 10, number % 10].map(|digit| b'0' | digit as u8)
}

fn name(names: &[[u8; 3]], index: u32) -> [u8; 3] {
    names.get(index as usize).copied().unwrap_or_default()
}

/// What stands at a place of a date.
fn take<const N: usize>(text: &[u8; HTTP_DATE_LEN], at: usize) -> [u8; N] {
    text.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
}

fn put<const N: usize>(text: &mut [u8; HTTP_DATE_LEN], at: usize, part: [u8; N]) {
    copy(sub_slice_mut(text, at..), &part);
}

/// The number that a few decimal digits stand for.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{
        format,
        string::{String, ToString},
    };

    /// Unix seconds of Python's `datetime`, and `werkzeug.http.http_date` of it.
    const WRITTEN: [(i64, &str); 21] = [
        (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"),
        (-62_104_060_801, "Mon, 31 Dec 0001 23:59:59 GMT"),
        (-62_035_891_200, "Sun, 29 Feb 0004 00:00:00 GMT"),
        (-59_011_459_201, "Thu, 31 Dec 0099 23:59:59 GMT"),
        (-59_006_361_601, "Sun, 28 Feb 0100 23:59:59 GMT"),
        (-59_006_361_600, "Mon, 01 Mar 0100 00:00:00 GMT"),
        (-49_539_297_600, "Tue, 29 Feb 0400 12:00:00 GMT"),
        (-30_610_224_001, "Tue, 31 Dec 0999 23:59:59 GMT"),
        (-11_670_912_001, "Tue, 29 Feb 1600 23:59:59 GMT"),
        (-11_644_473_600, "Mon, 01 Jan 1601 00:00:00 GMT"),
        (-2_203_891_201, "Wed, 28 Feb 1900 23:59:59 GMT"),
        (-2_203_891_200, "Thu, 01 Mar 1900 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (978_307_199, "Sun, 31 Dec 2000 23:59:59 GMT"),
        (1_700_000_000, "Tue, 14 Nov 2023 22:13:20 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_375_862_399, "Sun, 28 Feb 9999 23:59:59 GMT"),
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
            assert_eq!(
                DateTime::parse_written(text.as_bytes()).map(DateTime::unix_secs),
                Some(unix_secs),
                "{text}"
            );
        }
        assert_eq!(DateTime::parse_written(b"Sat, 01 Jan 0000 00:00:00 GMT"), None);
    }

    #[test]
    fn years_from_100_on_come_back() {
        for (unix_secs, text) in WRITTEN.into_iter().filter(|(_, text)| &text[12..14] != "00") {
            assert_eq!(DateTime::parse_http_date(text).map(DateTime::unix_secs), Some(unix_secs), "{text}");
        }
    }

    /// The first and the last day of every month, each at another time of day.
    #[test]
    fn all_years_are_written_by_their_fields_and_come_back() {
        let (mut day_number, mut second) = (0_i64, 0_u32);
        for year in 1..10_000 {
            let leap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
            let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, days) in std::iter::zip(MONTHS, days) {
                for day in [1, days] {
                    // Prime to the day, so that every second of it comes.
                    second = (second + 46_337) % 86_400;
                    let past = day_number + i64::from(day) - 1;
                    let secs = past * 86_400 + i64::from(second);
                    let date = DateTime::from_unix_secs(MIN_UNIX_SECS + secs).unwrap();
                    let weekday = WEEKDAYS[usize::try_from(past % 7).unwrap()];
                    let [weekday, month] =
                        [weekday, month].map(|name| String::from_utf8(name.into()).unwrap());
                    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
                    let text = format!(
                        "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
                    );
                    assert_eq!(date.to_string(), text);
                    assert_eq!(DateTime::parse_written(text.as_bytes()), Some(date), "{text}");
                    assert_eq!(DateTime::parse_http_date(&text) == Some(date), year >= 100, "{text}");
                }
                day_number += i64::from(days);
            }
        }
    }

    #[test]
    fn microseconds_stand_behind_the_seconds_where_there_are_any() {
        for (micros, text) in [
            (0, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (1, "Wed, 31 Dec 1969 23:59:59.000001 GMT"),
            (120_304, "Wed, 31 Dec 1969 23:59:59.120304 GMT"),
            (999_999, "Wed, 31 Dec 1969 23:59:59.999999 GMT"),
        ] {
            let date = DateTime::new(-1, micros).unwrap();
            assert_eq!(date.exact_text(), text.as_bytes());
            assert_eq!(DateTime::parse_exact(text.as_bytes()), Some(date));
            assert_eq!(date.to_string(), "Wed, 31 Dec 1969 23:59:59 GMT");
        }
        for text in [
            "",
            "Wed, 31 Dec 1969 23:59:59",
            "Wed, 31 Dec 1969 23:59:59. GMT",
            "Wed, 31 Dec 1969 23:59:59.00000 GMT",
            "Wed, 31 Dec 1969 23:59:59.0000001 GMT",
            "Wed, 31 Dec 1969 23:59:59,000001 GMT",
            "Wed, 31 Dec 1969 23:59:59.00000x GMT",
            "Wed, 31 Dec 1969 23:59:59.000001 UTC",
            "Wed, 31 Dec 1969 23:59:60.000001 GMT",
        ] {
            assert_eq!(DateTime::parse_exact(text.as_bytes()), None, "{text}");
        }
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
}
