//! A connection with a deadline.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

/// What is dropped of a request that is not read to its end.
const MAX_DROPPED_BYTES: u64 = 16 * 1024 * 1024;

/// A stream on which nothing lasts longer than until the deadline.
pub struct Connection {
    stream: TcpStream,
    deadline: Instant,
}

impl Connection {
    pub fn new(stream: TcpStream, time: Duration) -> Self {
        Self { stream, deadline: Instant::now() + time }
    }

    /// Sets another deadline, so much later than now.
    pub fn allow(&mut self, time: Duration) {
        self.deadline = Instant::now() + time;
    }

    /// Reads what else is sent: a browser that is still sending when the
    /// connection is closed may not show the answer.
    pub fn drop_rest(self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        io::copy(&mut self.take(MAX_DROPPED_BYTES), &mut io::sink())?;
        Ok(())
    }

    fn time_left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.time_left()?)?;
        self.stream.read(buffer).map_err(|error| match error.kind() {
            // What Unix calls it.
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
            _ => error,
        })
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.time_left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
