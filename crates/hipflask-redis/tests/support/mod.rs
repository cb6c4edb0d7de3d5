//! A real `redis-server` on a free port of the loopback, with a folder of its own.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Redis {
    port: u16,
    folder: PathBuf,
    arguments: Vec<String>,
    /// A sentinel's, which it rewrites.
    config: Option<PathBuf>,
    server: Option<Child>,
}

impl Redis {
    /// Starts one that keeps nothing on disk.
    pub fn start() -> Self {
        Self::start_with(&["--save", "", "--appendonly", "no"])
    }

    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_on(arguments, None)
    }

    /// Starts a sentinel that says where `master` is.
    #[allow(dead_code, reason = "not every test needs one")]
    pub fn start_sentinel(master: &Self) -> Self {
        let monitor = format!("sentinel monitor main 127.0.0.1 {} 1\n", master.port);
        Self::start_on(&["--sentinel"], Some(&monitor))
    }

    fn start_on(arguments: &[&str], config: Option<&str>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("hipflask-redis-{}-{number}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        // A node of a cluster needs a second port, 10,000 above.
        let port = (0..100)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port())
            .find(|port| *port < 50_000 && TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok())
            .expect("there are free ports below 50,000");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let config = config.map(|text| {
            let path = folder.join("sentinel.conf");
            fs::write(&path, text).unwrap();
            path
        });
        let mut redis = Self { port, folder, arguments, config, server: None };
        redis.start_again();
        redis
    }

    /// Starts it on the folder and the port that it had.
    pub fn start_again(&mut self) {
        let server = Command::new("redis-server")
            .args(&self.config)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--dir", self.folder.to_str().unwrap(), "--logfile", "redis.log"])
            .args(&self.arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed (Debian: redis-server)");
        self.server = Some(server);
        let deadline = Instant::now() + PATIENCE;
        while self.command("PING").as_deref() != Some("+PONG\r\n") {
            assert!(Instant::now() < deadline, "redis-server does not start");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it without a warning, as a loss of power would.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    #[allow(dead_code, reason = "not every test looks at the files")]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it answers to one line, without the redis crate. None where it does not.
    pub fn command(&self, line: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(format!("{line}\r\n").as_bytes()).ok()?;
        // It answers, and then closes too. (A sentinel knows no QUIT.)
        stream.shutdown(Shutdown::Write).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
