//! Writes the seeds of every target as files: `cargo run --example seeds -- FOLDER`.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).ok_or_else(|| io::Error::other("give it a folder"))?;
    let targets = hipflask_fuzz::TARGETS.map(|(target, _)| target);
    for target in targets.into_iter().chain(["stock_zlib"]) {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in hipflask_fuzz::seeds::seeds(target).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
