//! Checks a signature that is right, and then one that is wrong in each of its
//! 20 bytes, with marks in the emulator's trace around each.

#![no_std]
#![no_main]

use core::{arch::asm, hint::black_box};

use firmware_costs::{exit, instructions, report};
use hipflask::{
    signing::{KeyDerivation, Keyring, Sha1, Signer},
    sink::SliceSink,
};

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn check_begins() {
    // SAFETY: does nothing; keeps the two marks apart.
    unsafe { asm!("nop") };
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn check_ends() {
    // SAFETY: as above.
    unsafe { asm!("nop", "nop") };
}

fn check(signer: &Signer<&Keyring<Sha1, 0>>, signed: &[u8]) -> (bool, u32) {
    instructions(|| {
        check_begins();
        let right = signer.validate(black_box(signed));
        check_ends();
        right
    })
}

#[firmware_costs::entry]
fn main() -> ! {
    let keys = Keyring::from_secret(black_box(b"dev"), b"s", KeyDerivation::Hmac);
    let signer = Signer::new(&keys);
    let mut token = [0; 64];
    let mut sink = SliceSink::new(&mut token);
    if signer.sign(b"value", &mut sink).is_err() {
        report(c"failed", 0);
    }
    let signed = sink.into_written();
    let (right, count) = check(&signer, signed);
    report(if right { c"right" } else { c"failed" }, count);
    // A character stands for 6 bits: these change each of the 20 bytes in turn.
    for byte in 0..20 {
        let Some(character) = signed.get_mut(6 + byte * 8 / 6) else { break };
        let kept = core::mem::replace(character, if *character == b'A' { b'B' } else { b'A' });
        let (right, count) = check(&signer, signed);
        report(if right { c"failed" } else { c"wrong" }, count);
        if let Some(character) = signed.get_mut(6 + byte * 8 / 6) {
            *character = kept;
        }
    }
    exit()
}
