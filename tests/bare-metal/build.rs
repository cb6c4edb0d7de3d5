//! Tells the linker where the memory is.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    println!("cargo:rustc-link-arg-bins=-T{here}/memory.x");
    println!("cargo:rerun-if-changed=memory.x");
}
