//! One request, from the session's opening to the response with its cookie.
//!
//! This is the part to copy into a program of your own.

use std::error::Error;

use hipflask::{RequestContext, Response as _, zlib};

use crate::{
    app::App,
    web::{Reply, Request},
};

/// Answers a request. `context` and `scratch` are memory, lent: what was in
/// them does not matter.
pub fn answer(
    app: &App,
    request: &Request,
    context: &mut RequestContext,
    scratch: &mut zlib::Scratch,
) -> Reply {
    context.open(app.interface(), app.config(), request);
    match context.opened() {
        Ok(opened) => {
            if let Some(reason) = opened.rejection() {
                eprintln!("login: a session was not accepted: {reason}");
            }
        }
        // Pages that ask for no session are served all the same.
        Err(error) => eprintln!("login: the session cannot be read: {error}"),
    }
    let handled = app.handle(request, context);
    let mut reply = handled.unwrap_or_else(|error| failed("answer a request", &*error));
    // Error pages come here too: what was put into the session is saved.
    match context.save(app.interface(), app.config(), scratch) {
        Ok(saved) => {
            let Ok(()) = saved.apply(&mut reply);
            reply
        }
        // Nothing was sent yet, so the page that would have claimed success is
        // replaced. The browser keeps the session that it had.
        Err(error) => {
            let mut reply = failed("save the session", &error);
            if context.accessed() {
                let Ok(()) = reply.add_vary("Cookie");
            }
            reply
        }
    }
}

/// A 500. The reason is for the log alone.
fn failed(action: &str, error: &dyn Error) -> Reply {
    eprintln!("login: could not {action}: {error}");
    Reply::error(500, "Something went wrong", "It was not your fault. Please go back and try again.")
}
