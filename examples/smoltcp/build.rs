//! Names the linker script. Where the memory is, ../firmware says.

fn main() {
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
}
