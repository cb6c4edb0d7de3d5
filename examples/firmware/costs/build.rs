//! Puts the memory layout where the runtime's linker script finds it, and names that script.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let chip = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap();
    println!("cargo:rustc-link-search={here}/memory/{chip}");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=memory");
}
