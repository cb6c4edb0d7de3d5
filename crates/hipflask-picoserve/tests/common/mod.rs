//! A server that runs, and a client that asks it.

use std::{net::SocketAddr, rc::Rc};

use picoserve::{Router, Server, Timeouts, routing::PathRouter, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task,
};

pub const HTTP: picoserve::Config = picoserve::Config::new(Timeouts {
    start_read_request: Duration::from_secs(60),
    persistent_start_read_request: Duration::from_secs(60),
    read_request: Duration::from_secs(60),
    write: Duration::from_secs(60),
});

pub async fn serve(listener: TcpListener, router: Rc<Router<impl PathRouter + 'static>>) {
    while let Ok((connection, _)) = listener.accept().await {
        let router = router.clone();
        task::spawn_local(async move {
            let _ = Server::new_tokio(&router, &HTTP, &mut [0; 8192]).serve(connection).await;
        });
    }
}

#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub page: String,
    pub set_cookies: Vec<String>,
    pub vary: Vec<String>,
}

impl Answer {
    /// Whether it has no header of a session.
    pub fn is_untouched(&self) -> bool {
        self.set_cookies.is_empty() && self.vary.is_empty()
    }

    pub fn varies(&self) -> bool {
        self.vary == ["Cookie"]
    }
}

pub async fn send(address: SocketAddr, method: &str, path: &str, cookie: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

pub async fn answer(mut connection: TcpStream) -> Answer {
    let mut text = String::new();
    connection.read_to_string(&mut text).await.unwrap();
    let (head, page) = text.split_once("\r\n\r\n").unwrap();
    let headers = |name: &str| -> Vec<String> {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(field, _)| *field == name).map(|(_, value)| value.to_owned()).collect()
    };
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        page: page.to_owned(),
        set_cookies: headers("Set-Cookie"),
        vary: headers("Vary"),
    }
}
