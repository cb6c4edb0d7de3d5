//! One request, from the session's opening to the response with its cookie.
//!
//! This is the part to copy into a program of your own.

use std::error::Error;

use hipflask::{Opened, RequestContext, Response as _, Session, zlib};

use crate::{
    app::App,
    web::{Reply, Request},
};

/// Answers a request. `session` and `scratch` are memory, lent: what was in
/// them does not matter.
pub fn answer(app: &App, request: &Request, session: &mut Session, scratch: &mut zlib::Scratch) -> Reply {
    let begun = RequestContext::begin(app.interface(), app.config(), request, session);
    let mut context = match begun {
        Ok(context) => context,
        // A cookie that is signed rightly but does not decode (BadPayload), a
        // clock that is not set. There is no session that could be saved.
        Err(error) => return failed("open the session", &error),
    };
    if let Opened::rejected(reason) = context.opened() {
        eprintln!("login: a session was not accepted: {reason}");
    }
    let handled = app.handle(request, &mut context);
    let mut reply = handled.unwrap_or_else(|error| failed("answer a request", &*error));
    let accessed = context.accessed();
    // Error pages come here too: what was put into the session is saved.
    match context.finish(scratch) {
        Ok(saved) => {
            let Ok(()) = saved.apply(&mut reply);
            reply
        }
        // Nothing was sent yet, so the page that would have claimed success is
        // replaced. The browser keeps the session that it had.
        Err(error) => {
            let mut reply = failed("save the session", &error);
            if accessed {
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
