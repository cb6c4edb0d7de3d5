//! Days, and the years, months and days that they are in the proleptic Gregorian
//! calendar.
//!
//! The year is taken to begin in March, so that the leap day is its last one and
//! every month but the last has a fixed length: 153 days in five months. Day 0 is
//! 0001-01-01; the arithmetic starts at 0000-03-01.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "of the years 1 to 9999, nothing here is negative or above 4 million"
)]

/// On average, in quarters of a day: the Gregorian calendar repeats after 400 years, of
/// 146,097 days.
const QUARTERS_PER_CENTURY: u32 = 146_097;
/// Of four years three have 365 days and one 366.
const QUARTERS_PER_YEAR: u32 = 1_461;
/// From 0000-03-01 to 0001-01-01.
const DAYS_BEFORE_YEAR_1: u32 = 306;

/// The year, month and day of the month of a day of the years 1 to 9999.
pub(super) fn civil_from_days(day_number: u32) -> (u32, u32, u32) {
    // In quarters of a day all years are equally long, and so are all centuries.
    let quarters = (day_number + DAYS_BEFORE_YEAR_1) * 4 + 3;
    let quarter_of_century = (quarters % QUARTERS_PER_CENTURY) | 3;
    let year = quarters / QUARTERS_PER_CENTURY * 100 + quarter_of_century / QUARTERS_PER_YEAR;
    // And so are the months in fifths of one.
    let fifths = quarter_of_century % QUARTERS_PER_YEAR / 4 * 5 + 2;
    let (month_from_march, day) = (fifths / 153, fifths % 153 / 5 + 1);
    if month_from_march < 10 {
        (year, month_from_march + 3, day)
    } else {
        (year + 1, month_from_march - 9, day)
    }
}

/// The inverse of [`civil_from_days`]; none before 0001-01-01.
///
/// The year and the day may be any number below 10,000, the month is one of
/// twelve. A day too many counts into the next month.
pub(super) fn days_from_civil(year: u32, month: u32, day: u32) -> Option<u32> {
    let (year, month_from_march) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    (days_before_year(year) + days_before_month(month_from_march) + day).checked_sub(DAYS_BEFORE_YEAR_1 + 1)
}

/// From 0000-03-01 to March 1st of `year`.
fn days_before_year(year: u32) -> u32 {
    year * 365 + year / 4 - year / 100 + year / 400
}

/// From March 1st to the first of the month that is `month_from_march` months later.
fn days_before_month(month_from_march: u32) -> u32 {
    (month_from_march * 153 + 2) / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The days one by one, by the lengths of the months as everybody learns them.
    #[test]
    fn every_day_of_the_years_1_to_9999_is_the_one_after_the_day_before() {
        let (mut year, mut month, mut day) = (1, 1, 1);
        let mut day_number = 0;
        while year < 10_000 {
            assert_eq!(civil_from_days(day_number), (year, month, day));
            assert_eq!(days_from_civil(year, month, day), Some(day_number));
            let leap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
            let last = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (month, day) if day == last => (year, month + 1, 1),
                (month, day) => (year, month, day + 1),
            };
            day_number += 1;
        }
        // `datetime.max.toordinal()`
        assert_eq!(day_number, 3_652_059);
    }

    #[test]
    fn there_is_no_day_before_the_year_1_and_one_too_many_is_the_next_month_s() {
        for (year, month, day) in [(0, 1, 1), (0, 2, 99), (0, 3, 0), (0, 12, 31), (1, 1, 0)] {
            assert_eq!(days_from_civil(year, month, day), None);
        }
        assert_eq!(days_from_civil(2023, 2, 29), days_from_civil(2023, 3, 1));
        assert_eq!(days_from_civil(1, 12, 99), days_from_civil(2, 3, 9));
    }
}
