//! A date in unescaped JSON: as it is written, but that its microseconds, which
//! are not, stand in place of ` GMT`. So the text is as long as what it becomes.

use super::FRACTION;
use crate::time::DateTime;

/// The inside of a ` d` tag's string.
pub(crate) fn pack(date: DateTime) -> [u8; 29] {
    let mut text = date.http_date_bytes();
    if date.subsec_micros() > 0 {
        let [.., mark, m0, m1, m2] = &mut text;
        *mark = FRACTION;
        // No quote and no mark is among these.
        [*m0, *m1, *m2] = date.micros_in_pairs().map(|pair| 0x80 | pair as u8);
    }
    text
}

/// The inverse of [`pack`].
pub(in crate::json) fn unpack(text: &[u8]) -> Option<DateTime> {
    let mut text: [u8; 29] = text.try_into().ok()?;
    let mut micros = 0;
    if let [.., mark @ FRACTION, m0, m1, m2] = &mut text {
        micros = [*m0, *m1, *m2].iter().fold(0, |micros, pair| append(micros, *pair));
        [*mark, *m0, *m1, *m2] = *b" GMT";
    }
    DateTime::new(DateTime::parse_written(&text)?.unix_secs(), micros)
}

#[expect(clippy::arithmetic_side_effects, reason = "three times, so it ends below 130 · 100²")]
fn append(micros: u32, pair: u8) -> u32 {
    micros * 100 + u32::from(pair & 0x7F)
}

#[cfg(test)]
mod tests {
    use super::super::{CUSTOM, STRING_END};
    use super::*;

    #[test]
    fn every_microsecond_comes_back() {
        for micros in 0..1_000_000 {
            let date = DateTime::new(-1, micros).unwrap();
            let text = pack(date);
            assert_eq!(unpack(&text), Some(date));
            assert!(text.iter().all(|byte| *byte < CUSTOM && *byte != STRING_END));
            assert_eq!(text == date.http_date_bytes(), micros == 0);
        }
    }
}
