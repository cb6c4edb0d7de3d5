#!/usr/bin/env python3
"""Makes corpus.bin and mutants.bin in tests/data/zlib with Python's stock zlib.

corpus.bin: streams as zlib.compress makes them, each after its length (u32,
little-endian). Inflating one gives the input that must deflate to it again.

mutants.bin: damaged streams and zlib's answers: length (u32), stream, status
(0 accepted, 1 rejected), bytes consumed, length and Adler-32 of the output (u32 each).
"""

import os
import random
import struct
import zlib

import zlib_compare as compare

FOLDER = os.path.join(compare.ROOT, "tests", "data", "zlib")
# How many streams of each kind, and how long their inputs are at most.
SHARES = {
    "session JSON": (40, 2_000),
    "repetitive": (50, 4_000),
    "random": (12, 600),
    "hex": (12, 1_500),
    "base64": (10, 1_000),
    "skewed": (40, 5_000),
    "colliding": (12, 2_000),
    "far": (60, None),
    "thresholds": (150, None),
    "one distance": (12, None),
    "deep distances": (0, None),
    "long blocks": (0, None),
}


def corpus(rng):
    yield b""
    for length in (1, 2, 3, 4, 5, 7, 100):
        yield bytes(length)
        yield rng.randbytes(length)
    for number in range(1, 6):
        with open(os.path.join(FOLDER, f"payload-s{number}.json"), "rb") as file:
            yield file.read()
    for name, (count, longest) in SHARES.items():
        make = compare.KINDS[name][0]
        for _ in range(count):
            yield make(rng, min(compare.size(rng), longest or compare.CAPACITY))[: longest or compare.CAPACITY]
    # As many symbols as a block has, ending with a literal and with a match, and one more.
    literals = compare.de_bruijn(rng, 16_384, 40)
    yield bytes(literals[:-1])
    yield bytes(literals[:-2] + literals[9_000:9_009])
    yield bytes(literals)
    # Codes of 15 bits. Few seeds have them; this one is among the shortest.
    yield compare.deep_distances(random.Random(729), None)
    # Short inputs, where whole bytes decide between fixed and dynamic codes.
    for _ in range(150):
        yield compare.skewed(rng, rng.randint(12, 40))
    # Chains of nothing but trigrams that collide, as long as they get.
    yield bytes(32 * rng.randrange(8) for _ in range(12_000))
    # All there can be.
    yield (b"0123456789abcdef" * 2_048)[: compare.CAPACITY]


def main():
    compare.require_stock_zlib()
    rng = random.Random(1950)
    with open(os.path.join(FOLDER, "corpus.bin"), "wb") as file:
        for data in corpus(rng):
            stream = zlib.compress(data)
            file.write(struct.pack("<I", len(stream)) + stream)
    with open(os.path.join(FOLDER, "mutants.bin"), "wb") as file:
        for number in range(420):
            data = compare.crafted(rng) if number < 150 else compare.stream(rng)
            while len(data) > 100 and number >= 150:
                data = compare.stream(rng)
            mutant = data if number < 100 else compare.mutate(rng, data)
            if 150 <= number < 200:
                mutant = compare.header(rng) + zlib.compress(b"header")[2:]
            status, consumed, output = compare.zlibs_answer(mutant)
            file.write(struct.pack("<I", len(mutant)) + mutant)
            file.write(struct.pack("<BIII", status, consumed, len(output), zlib.adler32(output)))


if __name__ == "__main__":
    main()
