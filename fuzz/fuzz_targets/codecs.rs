#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| hipflask_fuzz::codecs(data));
