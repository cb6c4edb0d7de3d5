//! Adler-32 (RFC 1950, section 8.2).

#![expect(clippy::arithmetic_side_effects, reason = "`BYTES_PER_REDUCTION` keeps the sums within `u32`")]

/// The largest prime below 2^16.
const MODULUS: u32 = 65_521;

/// How many bytes the sums take before `u32` could overflow: zlib's `NMAX`
/// (5,552), rounded down to whole groups.
const BYTES_PER_REDUCTION: usize = 5_552 / GROUP * GROUP;

/// Bytes summed at a time, each in a column of its own: wide enough for the
/// compiler to use vectors where there are any.
const GROUP: usize = if usize::BITS < 64 { 1 } else { 16 };

/// The Adler-32 of `data`.
pub(crate) fn adler32(data: &[u8]) -> u32 {
    let mut a = 1_u32;
    let mut b = 0_u32;
    for part in data.chunks(BYTES_PER_REDUCTION) {
        let (groups, rest) = part.as_chunks::<GROUP>();
        // For each column its sum, and the sum of what that was after each group.
        let mut sums = [0_u32; GROUP];
        let mut running = [0_u32; GROUP];
        for group in groups {
            for ((sum, running), &byte) in sums.iter_mut().zip(&mut running).zip(group) {
                *sum += u32::from(byte);
                *running += *sum;
            }
        }
        // b grows by the running a after each byte. So it takes the a from
        // before once for each byte, and each byte once for itself and every
        // later one: a whole group for each running sum it is in, less the
        // bytes of its own group that come before it.
        b += a * groups.as_flattened().len() as u32;
        for ((column, sum), running) in (0_u32..).zip(sums).zip(running) {
            a += sum;
            b += running * GROUP as u32 - sum * column;
        }
        for &byte in rest {
            a += u32::from(byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::adler32;

    #[test]
    fn equals_pythons_zlib_adler32() {
        assert_eq!(adler32(b""), 1);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(b"a group of sixteen and a rest"), 0x9c86_0a76);
        // The largest sums there are, past several reductions.
        assert_eq!(adler32(&[0xff; 20_000]), 0x9f51_d664);
    }
}
