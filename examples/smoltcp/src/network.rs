//! The network: an address by DHCP, and four connections.

use embassy_time::Instant;
use firmware::board::{ethernet::Ethernet, host};
use smoltcp::{
    iface::{Config, Interface, PollResult, SocketHandle, SocketSet, SocketStorage},
    socket::{dhcpv4, tcp},
    time,
    wire::{IpCidr, Ipv4Cidr},
};
use static_cell::{ConstStaticCell, StaticCell};

use crate::phy::Phy;

/// How many clients are connected at once. There is no backlog: one more is
/// refused.
pub const CONNECTIONS: usize = 4;
/// Room for a request: a cookie may take most of it.
pub const REQUEST_BYTES: usize = 2048;
/// Room for a response, so that writing one never waits: a cookie, a head of
/// some 200 bytes, and a page of some 700.
const RESPONSE_BYTES: usize = 2048;
const PORT: u16 = 80;
/// How long a client may take for all that it does.
const TIMEOUT_SECS: u64 = 5;

/// The stack, its sockets, and the hardware.
pub struct Network {
    phy: Phy,
    interface: Interface,
    sockets: SocketSet<'static>,
    dhcp: SocketHandle,
    connections: [Connection; CONNECTIONS],
}

struct Connection {
    socket: SocketHandle,
    since: Instant,
}

struct Buffers {
    request: [u8; REQUEST_BYTES],
    response: [u8; RESPONSE_BYTES],
}

impl Network {
    /// Starts it. `seed` is random.
    pub fn new(ethernet: &'static mut Ethernet, seed: u64) -> Self {
        static SOCKETS: StaticCell<[SocketStorage; CONNECTIONS + 1]> = StaticCell::new();
        static BUFFERS: ConstStaticCell<[Buffers; CONNECTIONS]> = ConstStaticCell::new(
            [const { Buffers { request: [0; REQUEST_BYTES], response: [0; RESPONSE_BYTES] } }; CONNECTIONS],
        );
        let mut phy = Phy::new(ethernet);
        let mut config = Config::new(phy.address().into());
        config.random_seed = seed;
        let interface = Interface::new(config, &mut phy, now());
        let mut sockets = SocketSet::new(&mut SOCKETS.init([SocketStorage::EMPTY; CONNECTIONS + 1])[..]);
        let dhcp = sockets.add(dhcpv4::Socket::new());
        let connections = BUFFERS.take().each_mut().map(|Buffers { request, response }| {
            let mut socket = tcp::Socket::new(
                tcp::SocketBuffer::new(&mut request[..]),
                tcp::SocketBuffer::new(&mut response[..]),
            );
            socket.set_nagle_enabled(false);
            Connection { socket: sockets.add(socket), since: Instant::MIN }
        });
        Self { phy, interface, sockets, dhcp, connections }
    }

    /// Sleeps until something has happened, and has `serve` look at each
    /// connection that is open.
    pub fn poll(&mut self, mut serve: impl FnMut(&mut tcp::Socket<'_>)) {
        // An interrupt that comes after the last look waits, and ends the sleep
        // at once. The timer's comes a hundred times a second.
        critical_section::with(|_| {
            if self.interface.poll(now(), &mut self.phy, &mut self.sockets) == PollResult::None {
                cortex_m::asm::wfi();
            }
        });
        self.configure();
        for Connection { socket, since } in &mut self.connections {
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(*socket);
            if !socket.is_active() {
                *since = Instant::now();
                // Only fails for a socket that is active, or for port 0.
                let _ = socket.listen(PORT);
            } else if since.elapsed().as_secs() >= TIMEOUT_SECS {
                socket.abort();
            } else if socket.may_send() {
                serve(socket);
            }
        }
    }

    /// Takes the address that DHCP gives, or gives it back.
    fn configure(&mut self) {
        let event = self.sockets.get_mut::<dhcpv4::Socket<'_>>(self.dhcp).poll();
        let (address, router) = match event {
            None => return,
            Some(dhcpv4::Event::Configured(config)) => (Some(config.address), config.router),
            Some(dhcpv4::Event::Deconfigured) => (None, None),
        };
        self.interface.update_ip_addrs(|addresses| {
            addresses.clear();
            addresses.extend(address.map(IpCidr::Ipv4));
        });
        let routes = self.interface.routes_mut();
        routes.remove_default_ipv4_route();
        if let Some(router) = router {
            // There is room: it was removed.
            let _ = routes.add_default_ipv4_route(router);
        }
        if let Some(address) = address.as_ref().map(Ipv4Cidr::address) {
            host::log(format_args!("ready: address {address}"));
        }
    }
}

/// smoltcp has an instant of its own.
fn now() -> time::Instant {
    time::Instant::from_millis(Instant::now().as_millis() as i64)
}
