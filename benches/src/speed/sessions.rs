//! The sessions that are opened and saved.

use std::fmt::Write;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, write::ZlibEncoder};

use crate::{
    crates::{keyed, sign},
    peer::SIGNED_AT,
};

/// A request with a session in it.
pub struct Session {
    pub name: String,
    /// The `Cookie` header.
    pub header: Vec<u8>,
    /// An entry to look up.
    pub key: &'static str,
    /// The JSON text that the cookie holds.
    pub text: String,
}

/// What the Flask of `data/generate.py` signed.
pub fn of_flask() -> Vec<Session> {
    let lines = include_str!("../../data/cookies.txt").lines();
    lines
        .map(|line| {
            let (name, value) = line.split_once(' ').expect("a name and a cookie");
            Session::new(name, value)
        })
        .collect()
}

/// A shopping cart like S4's, of at least `len` bytes.
pub fn cart(len: usize) -> String {
    let mut text =
        String::from(r#"{"_fresh":true,"_user_id":"17","cart":{"coupon":null,"currency":"EUR","items":["#);
    let names = ["Organic cotton T-shirt", "Stainless steel water bottle", "Ceramic coffee mug"];
    for item in 0.. {
        let name = names[item % 3];
        let (sku, cents) = (10_000 + 37 * item, 999 + 100 * item);
        let (euros, cents) = (cents / 100, cents % 100);
        write!(
            text,
            r#"{{"in_stock":true,"name":"{name}","options":{{"color":"red","size":"M"}},"qty":{},"sku":"SKU-{sku}","tax":0.2,"unit_price":{euros}.{cents}}}"#,
            1 + item % 3,
        )
        .expect("a string takes it");
        if text.len() >= len {
            break;
        }
        text.push(',');
    }
    text + "]}}"
}

/// A token like S5's, of at least `len` bytes.
pub fn token(len: usize) -> String {
    let mut bits = 1_u64;
    let random: Vec<u8> = (0..len)
        .map(|_| {
            // Knuth's MMIX generator; its upper bits are the good ones.
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (bits >> 56) as u8
        })
        .collect();
    let token = &URL_SAFE_NO_PAD.encode(random)[..len];
    format!(r#"{{"_user_id":"17","access_token":"{token}"}}"#)
}

/// The session of a JSON text, signed as it is.
pub fn plain(name: &str, text: &str) -> Session {
    let mut value = URL_SAFE_NO_PAD.encode(text);
    sign(&keyed(), SIGNED_AT, &mut value);
    Session::new(name, &value)
}

/// The same, compressed.
pub fn compressed(name: &str, text: &str) -> Session {
    use std::io::Write as _;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(text.as_bytes()).expect("a vector takes it");
    let mut value = String::from(".");
    URL_SAFE_NO_PAD.encode_string(encoder.finish().expect("a stream"), &mut value);
    sign(&keyed(), SIGNED_AT, &mut value);
    Session::new(name, &value)
}

impl Session {
    fn new(name: &str, value: &str) -> Self {
        let text = text(value);
        let key = if text.contains(r#""_user_id""#) { "_user_id" } else { "user_id" };
        Self { name: name.to_owned(), header: format!("session={value}").into_bytes(), key, text }
    }
}

/// The JSON text of a cookie.
fn text(value: &str) -> String {
    let (compressed, payload) = match value.strip_prefix('.') {
        Some(rest) => (true, rest),
        None => (false, value),
    };
    let payload = payload.split('.').next().unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    if !compressed {
        return String::from_utf8(bytes).expect("UTF-8");
    }
    std::io::read_to_string(flate2::read::ZlibDecoder::new(&bytes[..])).expect("a zlib stream")
}
