#!/usr/bin/env python3
"""How many requests a server loses to sessions: an axum application that opens and saves a
session of 314 bytes with each request, compressed as Flask does and uncompressed, and the
same one without sessions, under wrk on loopback, each on a processor of its own. Installs
wrk from Debian if it is not there.

  tools/load.py            ten seconds each, three times, the best of each counts
  tools/load.py --flask    beside it, the same in Flask under gunicorn, from PyPI

DURATION is how long each run takes, in seconds. ROUNDS is how many there are of each.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
DURATION = int(os.environ.get("DURATION", "10"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
CONNECTIONS = 32
SERVER_CPU, CLIENT_CPU = "0", "1"
# Where there is one processor alone, both share it.
PINS = len(os.sched_getaffinity(0)) > 1


def pinned(cpu, command):
    return ["taskset", "-c", cpu, *command] if PINS else command


def cpu_seconds(pid):
    """What a process and its children have used of processors."""
    pids = [pid, *map(int, subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split())]
    ticks = 0
    for one in pids:
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def run(server, url, cookie):
    """Requests per second, and what each takes of the server's processor, in microseconds."""
    before = cpu_seconds(server.pid)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{DURATION}s", "-H", f"Cookie: {cookie}", url]
    output = subprocess.run(pinned(CLIENT_CPU, command), check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"{url} failed:\n{output}")
    total = int(re.search(r"(\d+) requests in", output)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]), (cpu_seconds(server.pid) - before) / total * 1e6


def cookie_of(url):
    """The cookie of a session of 314 bytes."""
    with urllib.request.urlopen(f"{url}/start") as response:
        length = response.read().decode()
        assert length == "314", f"the session has {length} bytes"
        return response.headers["Set-Cookie"].partition(";")[0]


def measured(name, server, url, with_sessions):
    """Requests per second of the first page in `with_sessions`."""
    try:
        cookie = cookie_of(url)
        runs = {path: [] for path in ("without", *with_sessions)}
        for _ in range(ROUNDS):
            for path, figures in runs.items():
                figures.append(run(server, f"{url}/{path}", cookie))
    finally:
        server.terminate()
        server.wait()
    best = {path: (max(rate for rate, _ in figures), min(cpu for _, cpu in figures)) for path, figures in runs.items()}
    for path, (rate, cpu) in best.items():
        print(f"{name:6} {path:13} {rate:9,.0f} requests/s {cpu:8.1f} us of processor each")
    for path in with_sessions:
        lost = 1 - best[path][0] / best["without"][0]
        print(f"{name:6} {path:13} sessions cost {lost * 100:.1f} % of the requests, "
              f"and {best[path][1] - best['without'][1]:.1f} us of processor each")
    return best[with_sessions[0]][0]


def axum():
    cargo = ["cargo", "build", "--quiet", "--release", "-p", "hipflask-axum", "--example", "load", "--message-format=json"]
    output = subprocess.run(cargo, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    messages = map(json.loads, output.splitlines())
    program = [message["executable"] for message in messages if message.get("executable")][-1]
    server = subprocess.Popen(pinned(SERVER_CPU, [program]), stdout=subprocess.PIPE, text=True)
    return measured("axum", server, server.stdout.readline().strip(), ["with", "uncompressed"])


def flask():
    python = subprocess.run([ROOT / "tools" / "python.sh"], check=True, capture_output=True, text=True).stdout.strip()
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "gunicorn"]
    subprocess.run(pip, check=True)
    command = [python, "-m", "gunicorn", "--bind=127.0.0.1:0", "--workers=1", "--chdir", ROOT / "tools", "load_flask:app"]
    server = subprocess.Popen(pinned(SERVER_CPU, command), stderr=subprocess.PIPE, text=True)
    # It says that it boots its worker when it listens.
    log = iter(server.stderr.readline, "")
    url = next(re.search(r"http://\S+:\d+", line)[0] for line in log if "Listening at" in line)
    next(line for line in log if "Booting worker" in line)
    return measured("Flask", server, url, ["with"])


if not shutil.which("wrk"):
    subprocess.run([ROOT / "tools" / "debian.sh", "wrk"], check=True)
ours = axum()
if "--flask" in sys.argv:
    print(f"with sessions, axum answers {ours / flask():.1f} times as many requests")
