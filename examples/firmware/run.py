#!/usr/bin/env python3
"""Runs a firmware in QEMU: the runner of `cargo run`.

    run.py FIRMWARE [--port PORT] [--no-time]

Forwards PORT of this machine to the device's port 80 and answers its SNTP
questions, unless told not to. Ends with the device, or with Ctrl-C, SIGTERM or SIGHUP,
and takes the device with it.
"""

import argparse
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

NTP_TO_UNIX_SECS = 2_208_988_800


class TimeServer(threading.Thread):
    """A small SNTP server (RFC 5905, section 14)."""

    def __init__(self, now=time.time):
        super().__init__(daemon=True)
        self.now = now
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            try:
                packet, client = self.socket.recvfrom(1024)
            except OSError:
                return
            if len(packet) < 48:
                continue
            now = self.now()
            stamp = struct.pack(">II", (int(now) + NTP_TO_UNIX_SECS) % 2**32, int(now % 1 * 2**32))
            answer = bytes([0x24, 2, 6, 0xEC]) + bytes(12) + stamp + packet[40:48] + stamp + stamp
            self.socket.sendto(answer, client)

    def close(self):
        """Stops answering."""
        self.socket.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(firmware, port, sntp_port=None, extra=()):
    """QEMU's command line."""
    semihosting = "enable=on,target=native,arg=device"
    if sntp_port:
        semihosting += f",arg=sntp={sntp_port}"
    return [
        "qemu-system-arm", "-machine", "lm3s6965evb", "-kernel", firmware,
        "-nographic", "-monitor", "none", "-serial", "none",
        "-semihosting-config", semihosting,
        "-nic", f"user,model=stellaris,hostfwd=tcp:127.0.0.1:{port}-:80",
        *extra,
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("firmware")
    parser.add_argument("--port", type=int, default=0, help="default: one that is free")
    parser.add_argument("--no-time", action="store_true", help="the device has to be told the time at login")
    arguments = parser.parse_args()
    if not shutil.which("qemu-system-arm"):
        sys.exit("QEMU is missing: apt-get install qemu-system-arm")
    port = arguments.port or free_port()
    sntp_port = None
    if not arguments.no_time:
        server = TimeServer()
        server.start()
        sntp_port = server.port
    # They end Python without a word to its children, unless they raise.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    device = subprocess.Popen(command(arguments.firmware, port, sntp_port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in device.stdout:
            print(line, end="", flush=True)
            if line.startswith("ready"):
                password = " (password: flask)" if Path(arguments.firmware).name.endswith("device") else ""
                print(f"open http://127.0.0.1:{port}/{password}", flush=True)
        sys.exit(device.wait())
    except KeyboardInterrupt:
        pass
    finally:
        device.terminate()
        device.wait()


if __name__ == "__main__":
    main()
