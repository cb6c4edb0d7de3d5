//! The floor: the fastest part of each kind, and nothing between them.
//!
//! Opening: a MAC from a kept state and its comparison, base64-simd, zlib-rs or
//! libdeflate with a kept state, serde_json passing over the text. There is no
//! session at the end, no timestamp is read and no tag. Saving: serde_json
//! writing a tree that is there, base64-simd, the MAC.

use std::hint::black_box;

use base64_simd::{Out, URL_SAFE_NO_PAD};
use flate2::{Decompress, FlushDecompress};
use hmac::{Hmac, Mac};
use serde::de::IgnoredAny;
use serde_json::Value;
use sha1::Sha1;

use crate::{
    crates::keyed,
    peer::{Form, Peer, cookie_value},
};

/// What inflates.
pub enum Inflate {
    ZlibRs(Decompress),
    Libdeflate(libdeflater::Decompressor),
}

impl Inflate {
    pub fn zlib_rs() -> Self {
        Self::ZlibRs(Decompress::new(true))
    }

    pub fn libdeflate() -> Self {
        Self::Libdeflate(libdeflater::Decompressor::new())
    }

    fn inflate(&mut self, stream: &[u8], text: &mut [u8]) -> usize {
        match self {
            Self::ZlibRs(zlib) => {
                zlib.reset(true);
                zlib.decompress(stream, text, FlushDecompress::Finish).expect("a zlib stream");
                zlib.total_out() as usize
            }
            Self::Libdeflate(zlib) => zlib.zlib_decompress(stream, text).expect("a zlib stream"),
        }
    }
}

pub struct Floor {
    keyed: Hmac<Sha1>,
    inflate: Inflate,
    decoded: Vec<u8>,
    text: Vec<u8>,
    /// What is saved.
    tree: Value,
    value: String,
}

impl Floor {
    pub fn new(inflate: Inflate) -> Self {
        let room = || vec![0; 100 * 1024];
        Self {
            keyed: keyed(),
            inflate,
            decoded: room(),
            text: room(),
            tree: Value::Null,
            value: String::new(),
        }
    }

    /// Makes the JSON text of a session what is saved.
    pub fn set_tree(&mut self, text: &str) {
        self.tree = serde_json::from_str(text).expect("JSON");
    }
}

impl Peer for Floor {
    fn open(&mut self, header: &[u8], _key: &str) {
        let value = cookie_value(header);
        // Where the parts end is known from their lengths: 27 letters of
        // signature, 6 of timestamp, and a dot before each.
        let (signed, signature) = value.split_at(value.len() - 28);
        let payload = &signed[..signed.len() - 7];
        let mut tag = [0; 20];
        URL_SAFE_NO_PAD.decode(&signature[1..], Out::from_slice(&mut tag)).expect("base64");
        self.keyed.clone().chain_update(signed).verify_slice(&tag).expect("a signature that holds");
        let text = if let [b'.', payload @ ..] = payload {
            let stream = URL_SAFE_NO_PAD.decode(payload, Out::from_slice(&mut self.decoded)).expect("base64");
            let len = self.inflate.inflate(stream, &mut self.text);
            &self.text[..len]
        } else {
            &*URL_SAFE_NO_PAD.decode(payload, Out::from_slice(&mut self.decoded)).expect("base64")
        };
        black_box(serde_json::from_slice::<IgnoredAny>(text).expect("JSON"));
    }

    fn save(&mut self, _form: Form) -> &str {
        self.text.clear();
        serde_json::to_writer(&mut self.text, &self.tree).expect("a tree to write");
        self.value.clear();
        URL_SAFE_NO_PAD.encode_append(&self.text, &mut self.value);
        self.value.push_str(".aOd4AA");
        let tag = self.keyed.clone().chain_update(&self.value).finalize().into_bytes();
        self.value.push('.');
        URL_SAFE_NO_PAD.encode_append(tag, &mut self.value);
        &self.value
    }

    fn request(&mut self, _header: &[u8], _key: &str) -> &str {
        unreachable!("the floor has no session, and so no requests")
    }
}
