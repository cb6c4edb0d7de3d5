//! A [`DateTime`] as RFC 3339 has it, which msgspec writes into JSON.

use super::{
    DateTime,
    calendar::civil_from_days,
    http_date::{FRACTION_LEN, two_digits},
};

/// How long it is up to the seconds.
const MOMENT_LEN: usize = 19;

impl DateTime {
    /// The date and the time in UTC, with six digits of a second's fraction if there is one.
    pub(crate) fn rfc_3339(self) -> heapless::Vec<u8, { MOMENT_LEN + FRACTION_LEN + 1 }> {
        let (day_number, second) = self.day_and_second();
        let (year, month, day) = civil_from_days(day_number);
        let [[y0, y1], [y2, y3], [m0, m1], [d0, d1]] = [year / 100, year % 100, month, day].map(two_digits);
        let [[h0, h1], [n0, n1], [s0, s1]] = [second / 3600, second / 60 % 60, second % 60].map(two_digits);
        let moment: [u8; MOMENT_LEN] =
            [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1];
        self.with_fraction(&moment, b"Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_msgspec_writes() {
        for (secs, micros, text) in [
            (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
            (-30_610_224_001, 999_999, "0999-12-31T23:59:59.999999Z"),
            (-1, 1, "1969-12-31T23:59:59.000001Z"),
            (1_709_251_199, 0, "2024-02-29T23:59:59Z"),
            (17_179_869_184, 0, "2514-05-30T01:53:04Z"),
            (253_402_300_799, 999_999, "9999-12-31T23:59:59.999999Z"),
        ] {
            let date = DateTime::new(secs, micros).unwrap();
            assert_eq!(date.rfc_3339(), text.as_bytes());
        }
    }
}
