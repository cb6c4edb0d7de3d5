//! A small web application with a login, on hipflask's sessions: a form, a page
//! for whoever is logged in, a visit counter, a note, flash messages, logout.
//!
//! ```text
//! export SECRET_KEY=$(cargo run -q --example login --features std,flask-wtf -- --generate-key)
//! cargo run --example login --features std,flask-wtf
//! ```
//!
//! A Flask application with the same secret key shares its sessions; the keys
//! that both use are in [`app`].
//!
//! | file | idea |
//! |---|---|
//! | `lifecycle` | one request: session opened, handled, session saved |
//! | `app` | the pages, and what they keep in the session |
//! | `users` | who may log in, passwords hashed |
//! | `gate` | how many threads do something at once |
//! | `html`, `templates/` | escaping, templates |
//! | `web` | requests and responses, with hipflask's two traits |
//! | `server` | sockets and threads: just enough HTTP for a browser |
//! | `connection` | a connection with a deadline |
//! | `options` | the command line |

mod app;
mod connection;
mod gate;
mod html;
mod lifecycle;
mod options;
mod server;
mod users;
mod web;

use std::{error::Error, process::ExitCode};

use app::App;
use options::{Command, Options};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("login: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    match Options::from_args(std::env::args_os().skip(1), std::env::var("PORT").ok())? {
        Command::Help => print!("{}", options::HELP),
        Command::GenerateKey => println!("{}", options::generate_key()?),
        Command::Serve(options) => {
            let app = App::new(&*options.secrets()?, &options)?;
            server::serve(&app, options.port)?;
        }
    }
    Ok(())
}
