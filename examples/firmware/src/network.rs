//! The network: DHCP, four connections for picoserve, and SNTP.

use core::pin::pin;

use embassy_futures::select::select4;
use embassy_net::{
    Config, IpAddress, IpEndpoint, Ipv4Address, Runner, Stack, StackResources,
    tcp::{self, TcpReader, TcpSocket, TcpWriter},
    udp::{PacketMetadata, UdpSocket},
};
use embassy_time::{Duration, Timer, with_timeout};
use hipflask::{UnixTime, backends::embedded::SntpRequest};
use picoserve::{
    EmbassyRuntime, Router, Server, Timeouts,
    io::{self, Socket},
    mem::BorrowedCursor,
    routing::PathRouter,
};
use static_cell::{ConstStaticCell, StaticCell};

use crate::board::{
    ethernet::Ethernet,
    host::{entropy, log},
};

/// How many clients are served at once. There is no backlog: one more waits
/// outside until a connection is free.
pub const CONNECTIONS: usize = 4;
/// Room for a request's head, and its body: a cookie may take most of it.
const REQUEST_BYTES: usize = 2048;
const RECEIVE_BYTES: usize = 536;
const SEND_BYTES: usize = 640;

const HTTP: picoserve::Config = picoserve::Config::new(Timeouts {
    start_read_request: Duration::from_secs(5),
    persistent_start_read_request: Duration::from_secs(5),
    read_request: Duration::from_secs(3),
    write: Duration::from_secs(3),
})
.keep_connection_alive();

/// The driver's task.
#[embassy_executor::task]
pub async fn run(mut runner: Runner<'static, &'static mut Ethernet>) -> ! {
    runner.run().await
}

/// The stack, and what [`run`] is to run.
pub fn new(
    ethernet: &'static mut Ethernet,
    seed: u64,
) -> (Stack<'static>, Runner<'static, &'static mut Ethernet>) {
    static RESOURCES: StaticCell<StackResources<{ CONNECTIONS + 2 }>> = StaticCell::new();
    let resources = RESOURCES.init_with(StackResources::new);
    embassy_net::new(ethernet, Config::dhcpv4(Default::default()), resources, seed)
}

/// A connection's memory.
struct Buffers {
    request: [u8; REQUEST_BYTES],
    receive: [u8; RECEIVE_BYTES],
    send: [u8; SEND_BYTES],
}

/// Serves `router` on port 80, for ever.
pub async fn serve<P: PathRouter>(stack: Stack<'static>, router: &Router<P>) {
    static BUFFERS: ConstStaticCell<[Buffers; CONNECTIONS]> = ConstStaticCell::new(
        [const { Buffers { request: [0; REQUEST_BYTES], receive: [0; RECEIVE_BYTES], send: [0; SEND_BYTES] } };
            CONNECTIONS],
    );
    let [a, b, c, d] = BUFFERS.take();
    // Pinned where they are made: a future that is handed on is copied, and its
    // room counted twice.
    let (a, b) = (pin!(connection(stack, router, a)), pin!(connection(stack, router, b)));
    let (c, d) = (pin!(connection(stack, router, c)), pin!(connection(stack, router, d)));
    select4(a, b, c, d).await;
}

async fn connection<P: PathRouter>(stack: Stack<'static>, router: &Router<P>, buffers: &mut Buffers) {
    loop {
        let mut socket = TcpSocket::new(stack, &mut buffers.receive, &mut buffers.send);
        socket.set_nagle_enabled(false);
        if socket.accept(80).await.is_err() {
            continue;
        }
        socket.set_timeout(Some(Duration::from_secs(10)));
        // A client that breaks the connection is its own affair.
        let _ = Server::new(router, &HTTP, &mut buffers.request).serve(Quick(socket)).await;
    }
}

/// A socket whose `flush` does not wait for the client to acknowledge: picoserve
/// flushes between head and body, which would cost a round trip for each response.
struct Quick<'s>(TcpSocket<'s>);

struct QuickWriter<'s>(TcpWriter<'s>);

impl<'s> Socket<EmbassyRuntime> for Quick<'s> {
    type Error = tcp::Error;
    type ReadHalf<'a>
        = TcpReader<'a>
    where
        's: 'a;
    type WriteHalf<'a>
        = QuickWriter<'a>
    where
        's: 'a;

    fn split(&mut self) -> (TcpReader<'_>, QuickWriter<'_>) {
        let (reader, writer) = self.0.split();
        (reader, QuickWriter(writer))
    }

    async fn abort<T: picoserve::Timer<EmbassyRuntime>>(
        self,
        timeouts: &Timeouts,
        timer: &T,
    ) -> Result<(), picoserve::Error<tcp::Error>> {
        Socket::abort(self.0, timeouts, timer).await
    }

    async fn shutdown<T: picoserve::Timer<EmbassyRuntime>>(
        self,
        timeouts: &Timeouts,
        timer: &T,
    ) -> Result<(), picoserve::Error<tcp::Error>> {
        Socket::shutdown(self.0, timeouts, timer).await
    }
}

impl io::ErrorType for QuickWriter<'_> {
    type Error = tcp::Error;
}

impl io::BaseWrite for QuickWriter<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, tcp::Error> {
        self.0.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), tcp::Error> {
        Ok(())
    }
}

impl io::Write for QuickWriter<'_> {
    async fn write_with<F: FnOnce(BorrowedCursor<'_>) -> R, R>(&mut self, f: F) -> Result<R, tcp::Error> {
        io::Write::write_with(&mut self.0, f).await
    }

    // What does not fit in one go waits for the client, so this flushes in earnest.
    async fn write_fmt(&mut self, text: core::fmt::Arguments<'_>) -> Result<(), tcp::Error> {
        io::Write::write_fmt(&mut self.0, text).await
    }
}

/// How long a time that was heard is good for: until then, a crystal is off by less
/// than a tenth of a second.
const AGAIN_SECS: u64 = 15 * 60;
/// How long to wait without an answer at most.
const RETRY_SECS: u64 = 64;

/// Asks the SNTP server at `server` until it answers, and then again and again; `set` gets
/// the time.
pub async fn sntp(stack: Stack<'static>, server: (Ipv4Address, u16), set: impl AsyncFn(UnixTime)) {
    let server = IpEndpoint::new(IpAddress::Ipv4(server.0), server.1);
    let (mut receive_meta, mut send_meta) = ([PacketMetadata::EMPTY; 1], [PacketMetadata::EMPTY; 1]);
    let (mut receive, mut send) = ([0; 64], [0; 64]);
    let mut socket = UdpSocket::new(stack, &mut receive_meta, &mut receive, &mut send_meta, &mut send);
    if socket.bind(0).is_err() {
        return;
    }
    let mut retry_secs = 1;
    loop {
        let mut nonce = [0; 8];
        let _ = entropy(&mut nonce);
        let request = SntpRequest::new(nonce);
        let mut packet = request.packet();
        let asked = socket.send_to(&packet, server).await.is_ok();
        let answer = with_timeout(Duration::from_secs(2), socket.recv_from(&mut packet)).await;
        let told = match answer {
            Ok(Ok((len, from))) if asked && from.endpoint == server => packet.get(..len),
            _ => None,
        };
        match told.and_then(|answer| request.time(answer)) {
            Some(now) => {
                set(now).await;
                retry_secs = 1;
                Timer::after_secs(AGAIN_SECS).await;
            }
            None => {
                Timer::after_secs(retry_secs).await;
                retry_secs = (2 * retry_secs).min(RETRY_SECS);
            }
        }
    }
}

/// Says where the device is, once DHCP has told it.
pub async fn announce(stack: Stack<'static>) {
    stack.wait_config_up().await;
    if let Some(config) = stack.config_v4() {
        log(format_args!("ready: address {}", config.address.address()));
    }
}
