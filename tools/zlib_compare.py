#!/usr/bin/env python3
"""Compares hipflask's zlib with the stock zlib that Python is linked to.

    tools/zlib_compare.py 200000             deflate: the same bytes?
    tools/zlib_compare.py --mutations 1000000    inflate: the same answers?

Inputs follow from a seed, which is printed; --seed repeats a run. The deflate
run counts how often each of the algorithm's paths was taken, and fails if one
was not. The other side is examples/zlib_pipe.rs.
"""

import argparse
import json
import os
import random
import re
import struct
import subprocess
import sys
import time
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CAPACITY = 32_768
INFLATE_LIMIT = 1 << 18


class Pipe:
    """The Rust side."""

    def __init__(self):
        build = ["cargo", "build", "--quiet", "--release", "--example", "zlib_pipe"]
        # Counts the paths, in a folder of its own: every dependency is built anew for it.
        target = os.path.join(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"), "traced")
        flags = os.environ.get("RUSTFLAGS", "") + " --cfg hipflask_trace"
        settings = {**os.environ, "CARGO_TARGET_DIR": target, "RUSTFLAGS": flags}
        subprocess.run(build, cwd=ROOT, check=True, env=settings)
        program = os.path.join(target, "release", "examples", "zlib_pipe")
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, frames):
        batch = b"".join(frames)
        self.process.stdin.write(struct.pack("<I", len(batch)) + batch)
        self.process.stdin.flush()
        (length,) = struct.unpack("<I", self.process.stdout.read(4))
        answers = self.process.stdout.read(length)
        at = 0
        while at < len(answers):
            status, consumed, length = struct.unpack_from("<BII", answers, at)
            at += 9
            yield status, consumed, answers[at : at + length]
            at += length

    def paths(self):
        ((_, _, text),) = self.ask([b"p"])
        return {name: int(count) for name, count in (line.split() for line in text.decode().splitlines())}


def frame(op, longest, data):
    return op + struct.pack("<II", longest, len(data)) + data


# What to compress


def size(rng):
    """Mostly what sessions are, now and then all there can be."""
    return min(CAPACITY, int(2 ** rng.choices((rng.uniform(0, 9), rng.uniform(9, 13), rng.uniform(13, 15.01)), (70, 26, 4))[0]))


def session(rng, length):
    def word():
        return "".join(rng.choices("etaoinshrdlucmfwypvbgkjqxz", range(26, 0, -1), k=rng.randint(2, 9)))

    def value(depth):
        kind = rng.randrange(10 if depth < 3 else 7)
        if kind == 0:
            return rng.randrange(10 ** rng.randint(1, 9))
        if kind == 1:
            return rng.choice((True, False, None))
        if kind == 2:
            return rng.randbytes(rng.choice((8, 16, 20, 64))).hex()
        if kind == 3:
            return {" t": [word(), word()]} if rng.random() < 0.5 else {" d": "Thu, 09 Oct 2025 08:53:20 GMT"}
        if kind == 4:
            return round(rng.uniform(0, 1000), 2)
        if kind < 7:
            return " ".join(word() for _ in range(rng.randint(1, 12))) + rng.choice(("", "", "é", "日本"))
        if kind == 7:
            return [value(depth + 1) for _ in range(rng.randrange(6))]
        if kind == 8:
            keys = [word() for _ in range(rng.randint(1, 6))]
            return [{key: value(3) for key in keys} for _ in range(rng.randrange(8))]
        return {word(): value(depth + 1) for _ in range(rng.randrange(6))}

    entries = {"_fresh": True, "_user_id": str(rng.randrange(1000)), "csrf_token": rng.randbytes(20).hex()}
    text = ""
    while len(text) < length:
        entries[word()] = value(0)
        if rng.random() < 0.3 or len(text) > 2000:
            entries.update((word(), value(0)) for _ in range(20))
        text = json.dumps(entries, separators=(",", ":"), sort_keys=True)
    return text.encode()[:CAPACITY]


def repetitive(rng, length):
    """Pieces of itself, at all distances, with and without something between."""
    data = bytearray(rng.randbytes(rng.choice((1, 2, 3, 8, 40, 300))))
    longest = rng.choice((4, 8, 17, 40, 130, 300, 2000))
    noise = rng.choice((0, 1, 2, 4, 30))
    while len(data) < length:
        distance = rng.choice((rng.randint(1, len(data)), min(len(data), rng.choice((1, 2, 3, 4096, 4097, 32505, 32506, 32507)))))
        start = len(data) - distance
        for step in range(rng.randint(3, longest)):
            data.append(data[start + step])
        data += rng.randbytes(rng.randint(0, noise))
    return bytes(data[:length])


def noise(rng, length):
    return rng.randbytes(length)


def hexadecimal(rng, length):
    return rng.randbytes(length // 2 + 1).hex().encode()[:length]


def base64(rng, length):
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return bytes(alphabet[byte & 63] for byte in rng.randbytes(length))


def skewed(rng, length):
    """Frequencies so far apart that codes become too long."""
    ratio = rng.choice((1.2, 1.5, 1.618, 1.7, 2, 3))
    values = rng.sample(range(256), rng.choice((2, 3, 8, 16, 24, 40, 200)))
    weights = [ratio**-index for index in range(len(values))]
    data = bytes(rng.choices(values, weights, k=length))
    if rng.random() < 0.3:
        # Fibonacci counts: the deepest tree there is for so few symbols.
        counts, a, b = [], 1, 1
        while sum(counts) + a < length and len(counts) < len(values):
            counts.append(a)
            a, b = b, a + b
        mixed = [value for value, count in zip(values, counts) for _ in range(count)]
        rng.shuffle(mixed)
        data = bytes(mixed)
    return data


def colliding(rng, length):
    """Trigrams with few hashes: bytes that differ only above their low bits."""
    low = rng.choice((1, 2, 4))
    high = rng.choice((2, 4, 8))
    alphabet = [rng.randrange(low) + 32 * rng.randrange(high) for _ in range(rng.choice((4, 8, 16)))]
    return bytes(rng.choices(alphabet, k=length))


def far(rng, length):
    """Strings that come back about as far off as they may, and a bit farther."""
    gap = rng.choice((4095, 4096, 4097, 32505, 32506, 32507, 32508))
    head = rng.randbytes(rng.choice((3, 3, 3, 4, 7, 20)))
    fill = bytearray(rng.randbytes(1) * gap)
    for _ in range(rng.choice((0, 0, 3, 100))):
        fill[rng.randrange(gap)] = rng.randrange(256)
    if rng.random() < 0.5:
        # A nearer candidate, as good or worse.
        at = rng.randrange(gap - 40)
        fill[at : at + 4] = head[:3] + rng.randbytes(1)
    data = head + fill[: gap - len(head)] + head + rng.randbytes(rng.randrange(6)) + head
    return (rng.randbytes(rng.choice((0, 1, 2, 200))) + data)[:CAPACITY]


def thresholds(rng, length):
    """Matches about as long, and chains about as long, as decisions depend on."""
    text = rng.randbytes(300)
    # Far enough apart for TOO_FAR, of bytes that add nothing to the chains.
    far = rng.randbytes(1) * rng.choice((1, 20, 4200))

    def gap():
        return rng.randbytes(rng.choice((1, 2, 2, 5)))

    if rng.random() < 0.3:
        near = rng.choice((32, 33, *range(125, 131), 256, 257, 258))
        data = text[: near + rng.choice((1, 2, 5, 130))] + gap() + text[:near]
        return data + far + text[: rng.choice((300, near, near + 1))]
    held = rng.choice((0, 3, 4, *range(6, 10), *range(14, 18)))
    longer = max(held, 3) + rng.choice((-1, 0, 0, 1, 1, 2, 130))
    data = bytearray(gap() + text[1 : 1 + longer])
    for _ in range(rng.choice((0, *range(28, 34), *range(124, 131)))):
        data += gap() + text[1:4]
    return bytes(data + gap() + text[:held] + far + text)


def long_blocks(rng, length):
    """More symbols than a block has, some ending just there."""
    count = 16_383 + rng.choice((-2, -1, 0, 0, 0, 1, 2, 3, 4000))
    data = bytearray(bytes(range(256)) * 2 + rng.randbytes(count))
    data = data[:count]
    if rng.random() < 0.7:
        # The literals end with the block, or a match does.
        table = bytes(rng.sample(range(256), 256))
        data = bytearray(de_bruijn(rng, count - rng.choice((0, 1, 1, 2))))
        data = data.translate(table)
        if rng.random() < 0.7:
            start = rng.randint(len(data) - 4000, len(data) - 300)
            data += data[start : start + rng.choice((4, 5, 9, 100))]
    return bytes(data[:CAPACITY])


def de_bruijn(rng, length, values=256):
    """Bytes among which no three in a row come twice."""
    seen, data = set(), bytearray(2)
    while len(data) < length:
        pair = (data[-2], data[-1])
        byte = rng.randrange(values)
        if (*pair, byte) not in seen:
            seen.add((*pair, byte))
            data.append(byte)
        elif all((*pair, other) in seen for other in range(values)):
            # A dead end: nothing may follow the pair that it began with.
            return de_bruijn(rng, length, values)
    return data


def deep_distances(rng, length):
    """Distances whose frequencies grow so fast that they have codes of 15 bits and more."""
    data = bytearray(rng.randbytes(600))
    symbols = rng.sample(range(9, 26), rng.randint(15, 17))
    symbols.sort(reverse=True)
    counts = [int(1.65**power) for power in range(len(symbols))]
    plan = [symbol for symbol, count in zip(symbols, reversed(counts)) for _ in range(count)]
    rng.shuffle(plan)
    waiting = []
    while (plan or waiting) and len(data) < CAPACITY - 8:
        symbol = plan.pop() if plan else waiting.pop()
        extra = symbol // 2 - 1
        base = (2 + symbol % 2 << extra) + 1
        if base + (1 << extra) + 4 > len(data):
            if plan:
                waiting.append(symbol)
                continue
            data += rng.randbytes(base)
        for _ in range(20):
            start = len(data) - base - rng.randrange(1 << extra)
            copy = data[start : start + 4]
            if data.rfind(copy) == start:
                break
        data += copy + rng.randbytes(1)
    return bytes(data[:CAPACITY])


def one_distance(rng, length):
    """Literals without a match, but for a run of one distance."""
    values = rng.choice((12, 16, 20))
    period = rng.choice((1, 2, 3, 4, 5))
    run = bytes(range(100, 100 + period)) * 20
    return bytes(de_bruijn(rng, rng.choice((200, 800)), values)) + run[: rng.choice((period + 3, 20))]


KINDS = {
    "session JSON": (session, 14),
    "repetitive": (repetitive, 14),
    "random": (noise, 14),
    "hex": (hexadecimal, 14),
    "base64": (base64, 14),
    "skewed": (skewed, 14),
    "colliding": (colliding, 14),
    "far": (far, 4),
    "thresholds": (thresholds, 10),
    "one distance": (one_distance, 4),
    "deep distances": (deep_distances, 1),
    "long blocks": (long_blocks, 1),
}


def compare_deflate(count, rng, pipe):
    names = [name for name, (_, share) in KINDS.items() for _ in range(share)]
    done = dict.fromkeys(KINDS, 0)
    lengths = 0
    while sum(done.values()) < count:
        inputs = []
        for _ in range(min(200, count - sum(done.values()))):
            name = names[sum(done.values()) % len(names)]
            data = KINDS[name][0](rng, size(rng))[:CAPACITY]
            inputs.append((name, data))
            done[name] += 1
        if lengths == 0:
            inputs += [("empty", b"")] + [("tiny", bytes([byte] * n)) for byte in (0, 255) for n in (1, 2, 3, 4, 5)]
        expected = [zlib.compress(data) for _, data in inputs]
        # Every fifth has exactly the room it needs, every other fifth one byte less.
        room = [
            len(answer) - 1 if index % 5 == 1 else len(answer) if index % 5 == 0 else 2 * CAPACITY
            for index, answer in enumerate(expected)
        ]
        frames = [frame(b"d", longest, data) for (_, data), longest in zip(inputs, room)]
        for (name, data), answer, longest, (status, _, output) in zip(inputs, expected, room, pipe.ask(frames)):
            fits = len(answer) <= longest
            if (status, output) != ((0, answer) if fits else (2, b"")):
                fail(f"{name}: another stream for {len(data)} bytes", data)
            lengths += len(data)
    for name, number in done.items():
        print(f"  {number:>9,} {name}")
    print(f"  {lengths:>9,} bytes in all; paths taken:")
    paths = pipe.paths()
    for name, number in paths.items():
        print(f"  {number:>9,} {re.sub('(?<!^)(?=[A-Z])', ' ', name).lower()}")
    missed = [name for name, number in paths.items() if number == 0]
    if missed:
        sys.exit(f"never taken: {', '.join(missed)}")


# What to inflate


def stream(rng):
    """A stream as any compressor might write it."""
    make = rng.choice((session, repetitive, noise, hexadecimal, base64, skewed, colliding))
    data = make(rng, int(2 ** rng.uniform(0, rng.choice((6, 8, 11, 13)))))
    if rng.random() < 0.02:
        data = bytes(rng.randrange(1 << 17))
    compressor = zlib.compressobj(
        rng.choice((0, 1, 3, 6, 6, 6, 9)),
        zlib.DEFLATED,
        rng.choice((15, 15, 9, 12)),
        rng.choice((1, 8, 9)),
        rng.choice((zlib.Z_DEFAULT_STRATEGY,) * 3 + (zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)),
    )
    pieces, at = [], 0
    while at < len(data) and rng.random() < 0.25:
        end = rng.randint(at, len(data))
        flush = rng.choice((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_BLOCK))
        pieces += compressor.compress(data[at:end]), compressor.flush(flush)
        at = end
    return b"".join((*pieces, compressor.compress(data[at:]), compressor.flush()))


def crafted(rng):
    """A dynamic block as no compressor writes it, right or nearly so."""
    bits, at = 0, 0

    def put(value, count):
        nonlocal bits, at
        bits |= (value & (1 << count) - 1) << at
        at += count

    def lengths(symbols, total):
        """A set of code lengths that is complete, unless it is spoilt."""
        lengths = [0] * total
        used = rng.sample(range(symbols), min(symbols, rng.choice((1, 2, 2, 3, 5, 9, 30))))
        if used:
            leaves = [0]
            while len(leaves) < len(used):
                shallow = [leaf for leaf in leaves if leaf < 15]
                leaf = rng.choice(shallow)
                leaves.remove(leaf)
                leaves += [leaf + 1] * 2
            for symbol, leaf in zip(used, leaves):
                lengths[symbol] = max(leaf, 1)
        if rng.random() < 0.2:
            lengths[rng.randrange(total)] = rng.choice((0, 1, 2, 14, 15, 15))
        if used and rng.random() < 0.1:
            lengths[used[0]] += 1 if lengths[used[0]] < 15 else -1
        return lengths

    literal_count = rng.choice((257, 258, 270, 286, 286, 287, 288))
    distance_count = rng.choice((1, 2, 29, 30, 30, 31, 32))
    literals = lengths(min(literal_count, 286), literal_count)
    if rng.random() < 0.9 and not literals[256] and any(literals):
        other = next(symbol for symbol, length in enumerate(literals) if length)
        literals[256], literals[other] = literals[other], 0
    distances = lengths(distance_count, distance_count) if rng.random() < 0.8 else [0] * distance_count
    put(1, 1), put(2, 2)
    put(literal_count - 257, 5), put(distance_count - 1, 5), put(15, 4)
    # All lengths but 16 to 18 have a code of four bits.
    for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15):
        put(4 if symbol < 16 else 0, 3)
    for length in literals + distances:
        put(int(f"{length:04b}"[::-1], 2), 4)
    if rng.random() < 0.5 and literals[256]:
        # The end of the block: its canonical code.
        code = sum(1 << 15 - length for length in literals if 0 < length < literals[256])
        code += sum(1 << 15 - length for length in literals[:256] if length == literals[256])
        put(int(f"{code:015b}"[: literals[256]][::-1], 2), literals[256])
        return header_and_check(bits.to_bytes((at + 7) // 8, "little"))
    put(rng.getrandbits(200), rng.choice((20, 60, 200)))
    return b"\x78\x9c" + bits.to_bytes((at + 7) // 8 + 4, "little")


def header_and_check(block):
    """The block as the stream of nothing, if that is what it holds."""
    return b"\x78\x9c" + block + zlib.adler32(b"").to_bytes(4, "big")


def header(rng):
    """A zlib header with the right check bits and anything else."""
    method = rng.choice((8, 8, 8, 9)) | rng.randrange(16) << 4
    flags = rng.choice((0, 0, 0, 1)) << 5 | rng.randrange(4) << 6
    return bytes((method, flags + -(method << 8 | flags) % 31))


def mutate(rng, stream):
    data = bytearray(stream)
    if rng.random() < 0.05:
        data[:2] = header(rng)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 4))):
        if not data:
            break
        at = rng.randrange(min(len(data), rng.choice((2, 8, 60, 1 << 20))))
        kind = rng.randrange(8)
        if kind < 3:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            data[at] = rng.randrange(256)
        elif kind == 4:
            del data[at : at + rng.choice((1, 1, 4, 100))]
        elif kind == 5:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 9)))
        elif kind == 6:
            end = rng.randrange(at, len(data) + 1)
            data[at:at] = data[at:end][:50]
        else:
            del data[at:]
    if len(data) > 2 and rng.random() < 0.6:
        # The right checksum, so that what else is right or wrong decides.
        raw = zlib.decompressobj(-15)
        try:
            output = raw.decompress(bytes(data[2:]), INFLATE_LIMIT)
        except zlib.error:
            return bytes(data)
        if raw.eof:
            data[len(data) - len(raw.unused_data) :] = zlib.adler32(output).to_bytes(4, "big")
            data += rng.randbytes(rng.choice((0, 0, 1, 70)))
    return bytes(data)


def zlibs_answer(data):
    decompressor = zlib.decompressobj()
    try:
        output = decompressor.decompress(data, INFLATE_LIMIT)
    except zlib.error:
        return 1, 0, b""
    if decompressor.eof:
        return 0, len(data) - len(decompressor.unused_data), output
    return (2 if len(output) == INFLATE_LIMIT else 1), 0, b""


def compare_inflate(count, rng, pipe):
    done, tally = 0, [0, 0, 0]
    while done < count:
        inputs = []
        for _ in range(25):
            original = stream(rng)
            inputs += [mutate(rng, original) for _ in range(36)]
            inputs += [rng.choice((mutate(rng, data), data)) for data in (crafted(rng) for _ in range(4))]
        inputs = inputs[: count - done]
        answers = pipe.ask([frame(b"i", INFLATE_LIMIT, data) for data in inputs])
        for data, answer in zip(inputs, answers):
            expected = zlibs_answer(data)
            tally[expected[0]] += 1
            # Output that fills the limit and then goes wrong is one or the other.
            if answer != expected and expected[0] != 2:
                fail(f"another answer: {answer[:2]} for {expected[:2]}", data)
        done += len(inputs)
    print(f"  {tally[0]:>9,} accepted, with the same output and as many bytes consumed")
    print(f"  {tally[1]:>9,} rejected")
    print(f"  {tally[2]:>9,} beyond the limit of {INFLATE_LIMIT:,} bytes")
    if not tally[0] or not tally[1]:
        sys.exit("a run without both kinds says nothing")


def fail(why, data):
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "zlib_compare.bin")
    with open(path, "wb") as file:
        file.write(data)
    sys.exit(f"DIFFERENT: {why}; the input is in {path}")


def require_stock_zlib():
    """zlib-ng and others, which some Pythons are linked to, write other bytes."""
    version = zlib.ZLIB_RUNTIME_VERSION
    if not re.fullmatch(r"1\.[23]\.[0-9.]+", version):
        sys.exit(f"this Python has zlib {version}: the comparison is with stock zlib 1.2 or 1.3")
    return version


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=0, help="inputs to deflate")
    parser.add_argument("--mutations", type=int, default=0, metavar="N", help="streams to inflate")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    if not options.count and not options.mutations:
        parser.error("nothing to do: give a count or --mutations")

    version = require_stock_zlib()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"zlib {version}, seed {seed}")
    pipe = Pipe()
    for count, compare in ((options.count, compare_deflate), (options.mutations, compare_inflate)):
        if count:
            start = time.monotonic()
            compare(count, random.Random(seed), pipe)
            print(f"{count:,} compared in {time.monotonic() - start:.0f} s, none different")


if __name__ == "__main__":
    main()
