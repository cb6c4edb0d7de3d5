//! Names the linker script, and copies the host's driver: the same text, but
//! that what it has of std comes from core, and std's prelude from alloc.

use std::{env, fs, path::Path};

const PRELUDE: &str = "#[allow(unused_imports)] use crate::prelude::*;\n";

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap();
    println!("cargo:rustc-link-search={here}");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    let driver = Path::new(&here).join("../../conformance/driver");
    println!("cargo:rerun-if-changed={}", driver.display());
    let copies = Path::new(&env::var("OUT_DIR").unwrap()).join("driver");
    fs::create_dir_all(&copies).unwrap();
    let root = format!("#[allow(dead_code)] #[path = {:?}] mod driver;", copies.join("mod.rs"));
    fs::write(copies.with_extension("rs"), root).unwrap();
    for file in fs::read_dir(driver).unwrap() {
        let file = file.unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        // After the module's own documentation.
        let start = text.lines().take_while(|line| line.starts_with("//!")).map(|line| line.len() + 1).sum();
        let (documentation, code) = text.split_at(start);
        let code = code.replace("std::", "core::");
        fs::write(copies.join(file.file_name()), format!("{documentation}{PRELUDE}{code}")).unwrap();
    }
}
