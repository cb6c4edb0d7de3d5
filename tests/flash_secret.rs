//! `FlashSecret`: made once, kept over cuts of the power, never replaced by itself.
#![cfg(feature = "embedded-storage")]

#[path = "common/nor_flash.rs"]
mod nor_flash;

use hipflask::backends::embedded::{FlashSecret, FlashSecretError};
use nor_flash::{EmulatedFlash, Failed};

type Flash = EmulatedFlash<4, 128, false>;

const PLACE: u32 = 128;
const FIRST: [u8; 32] = *b"the first secret, of 32 letters.";
const SECOND: [u8; 32] = *b"a second one, of 32 letters too.";

fn flash() -> Flash {
    Flash::new(3)
}

/// The secret there, or `random` if one is to be made.
fn secret(flash: &mut Flash, random: [u8; 32]) -> Result<[u8; 32], FlashSecretError<Failed>> {
    FlashSecret::new(flash, PLACE).get_or_make(|bytes| *bytes = random, |secret| *secret)
}

#[test]
fn a_secret_is_made_once_and_kept() {
    let mut flash = flash();
    assert_eq!(secret(&mut flash, FIRST), Ok(FIRST));
    let steps = flash.steps();
    assert_eq!(secret(&mut flash, SECOND), Ok(FIRST));
    assert_eq!(flash.steps(), steps, "nothing is written again");
    // Only its page is touched.
    assert!(
        [0..128, 256..384].into_iter().all(|around| flash.bytes()[around].iter().all(|byte| *byte == 0xff))
    );
}

#[test]
fn no_cut_loses_a_secret_that_was_handed_out() {
    let steps = {
        let mut flash = flash();
        secret(&mut flash, FIRST).unwrap();
        flash.steps()
    };
    for (cut, again) in (0..steps).flat_map(|cut| (0..=steps).map(move |again| (cut, again))) {
        let mut flash = flash();
        flash.cut_after(cut);
        assert_eq!(secret(&mut flash, FIRST), Err(FlashSecretError::Flash(Failed)));
        flash.restart();
        // And once more, while it cleans up.
        flash.cut_after(again);
        let second = secret(&mut flash, SECOND);
        flash.restart();
        let kept = secret(&mut flash, *b"a third one has 32 letters, too.").unwrap();
        if let Ok(handed_out) = second {
            assert_eq!(kept, handed_out, "cut after {cut}, then after {again}");
        }
        assert_eq!(secret(&mut flash, [0; 32]), Ok(kept));
    }
}

#[test]
fn flash_that_cannot_be_read_is_no_empty_flash() {
    let mut flash = flash();
    flash.fail_to_read(true);
    assert_eq!(secret(&mut flash, FIRST), Err(FlashSecretError::Flash(Failed)));
    assert_eq!(flash.steps(), 0);
    flash.fail_to_read(false);
    assert_eq!(secret(&mut flash, FIRST), Ok(FIRST));
    let steps = flash.steps();
    flash.fail_to_read(true);
    assert_eq!(secret(&mut flash, SECOND), Err(FlashSecretError::Flash(Failed)));
    assert_eq!(flash.steps(), steps);
    flash.fail_to_read(false);
    assert_eq!(secret(&mut flash, SECOND), Ok(FIRST));
}

#[test]
fn a_secret_that_has_changed_is_an_error_until_it_is_forgotten() {
    for bit in 0..(32 + 20) * 8 {
        let mut flash = flash();
        secret(&mut flash, FIRST).unwrap();
        flash.bytes()[PLACE as usize + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(secret(&mut flash, SECOND), Err(FlashSecretError::Damaged));
        FlashSecret::new(&mut flash, PLACE).forget().unwrap();
        assert_eq!(secret(&mut flash, SECOND), Ok(SECOND));
    }
    // A bit of the mark says nothing about the secret.
    for bit in (64 * 8)..(96 * 8) {
        let mut flash = flash();
        secret(&mut flash, FIRST).unwrap();
        flash.bytes()[PLACE as usize + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(secret(&mut flash, SECOND), Ok(FIRST));
    }
}

#[test]
fn what_is_no_secret_is_not_overwritten() {
    let mut flash = flash();
    flash.bytes()[PLACE as usize..][..128].copy_from_slice(&[0x5a; 128]);
    assert_eq!(secret(&mut flash, FIRST), Err(FlashSecretError::Damaged));
    assert_eq!((flash.steps(), flash.bytes()[PLACE as usize]), (0, 0x5a));
}

#[test]
fn a_generator_that_fails_makes_no_secret() {
    for broken in [[0; 32], [0xff; 32]] {
        let mut flash = flash();
        assert_eq!(secret(&mut flash, broken), Err(FlashSecretError::NoRandom));
        assert_eq!(flash.steps(), 0);
        assert_eq!(secret(&mut flash, FIRST), Ok(FIRST));
    }
}

#[test]
fn words_may_be_long_and_pages_short() {
    let mut flash = EmulatedFlash::<32, 32, false>::new(4);
    let mut secret = FlashSecret::new(&mut flash, 32);
    assert_eq!(secret.get_or_make(|bytes| *bytes = FIRST, |secret| *secret), Ok(FIRST));
    secret.forget().unwrap();
    assert_eq!(secret.get_or_make(|bytes| *bytes = SECOND, |secret| *secret), Ok(SECOND));
    assert!(flash.bytes()[..32].iter().all(|byte| *byte == 0xff));
}
