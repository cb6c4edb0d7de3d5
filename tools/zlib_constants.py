#!/usr/bin/env python3
"""Changes one constant or decision of src/zlib at a time: do the tests notice?

    tools/zlib_constants.py [FILTER]

Copies the package to a temporary directory, changes the copy, runs `cargo test
--test zlib` there and prints what became of each change. Fails if one survives
that is not known, with its reason, to change nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# File, what stands there, what to put there, and why it makes no difference if it does not.
CHANGES = [
    # Level 6: good, lazy, nice, chain.
    ("deflate/matches.rs", "GOOD_MATCH: usize = 8", "GOOD_MATCH: usize = 7", None),
    ("deflate/matches.rs", "GOOD_MATCH: usize = 8", "GOOD_MATCH: usize = 9", None),
    ("deflate/parse.rs", "MAX_LAZY: usize = 16", "MAX_LAZY: usize = 15", None),
    ("deflate/parse.rs", "MAX_LAZY: usize = 16", "MAX_LAZY: usize = 17", None),
    ("deflate/matches.rs", "NICE_MATCH: usize = 128", "NICE_MATCH: usize = 127", None),
    ("deflate/matches.rs", "NICE_MATCH: usize = 128", "NICE_MATCH: usize = 129", None),
    ("deflate/matches.rs", "MAX_CHAIN: usize = 128", "MAX_CHAIN: usize = 127", None),
    ("deflate/matches.rs", "MAX_CHAIN: usize = 128", "MAX_CHAIN: usize = 129", None),
    ("deflate/matches.rs", "MAX_CHAIN / 4", "(MAX_CHAIN / 4 - 1)", None),
    ("deflate/matches.rs", "MAX_CHAIN / 4", "(MAX_CHAIN / 4 + 1)", None),
    ("deflate/parse.rs", "TOO_FAR: usize = 4_096", "TOO_FAR: usize = 4_095", None),
    ("deflate/parse.rs", "TOO_FAR: usize = 4_096", "TOO_FAR: usize = 4_097", None),
    # The hash.
    ("deflate/chains.rs", "HASH_BITS: u32 = 15", "HASH_BITS: u32 = 14", None),
    ("deflate/chains.rs", "HASH_BITS: u32 = 15", "HASH_BITS: u32 = 16", None),
    ("deflate/chains.rs", "HASH_SHIFT: u32 = 5", "HASH_SHIFT: u32 = 4", None),
    ("deflate/chains.rs", "HASH_SHIFT: u32 = 5", "HASH_SHIFT: u32 = 6", None),
    (
        "deflate/chains.rs",
        "LOW_BITS: u32 = 8",
        "LOW_BITS: u32 = 7",
        "how the sort divides the hash decides the order of the chains, not what is in them",
    ),
    # Position 0 ends the chains.
    ("deflate/chains.rs", "zip(input.windows(HASH_BYTES)).skip(1)", "zip(input.windows(HASH_BYTES)).skip(0)", None),
    # The window's limit.
    ("deflate/matches.rs", "MIN_MATCH + 1);", "MIN_MATCH);", None),
    ("deflate/matches.rs", "MIN_MATCH + 1);", "MIN_MATCH + 2);", None),
    ("deflate/matches.rs", "let mut lowest = limit;", "let mut lowest = limit.wrapping_add(1);", None),
    ("deflate/matches.rs", "lowest = limit.wrapping_add(1);", "lowest = limit;", None),
    # Ties between matches.
    ("deflate/matches.rs", "if len > best.len", "if len >= best.len", None),
    ("deflate/matches.rs", "if len >= nice", "if len > nice", None),
    ("deflate/matches.rs", "if beat >= GOOD_MATCH { MAX", "if beat > GOOD_MATCH { MAX", None),
    (
        "deflate/parse.rs",
        "found.len <= held.len",
        "found.len < held.len",
        "the search finds nothing as long as the held match, only longer ones: the tie is broken there",
    ),
    ("deflate/parse.rs", "longer.distance > TOO_FAR", "longer.distance >= TOO_FAR", None),
    ("deflate/parse.rs", "if held.len < MAX_LAZY", "if held.len <= MAX_LAZY", None),
    # Blocks.
    ("deflate/block.rs", "MAX_SYMBOLS: usize = 16_383", "MAX_SYMBOLS: usize = 16_382", None),
    ("deflate/block.rs", "MAX_SYMBOLS: usize = 16_383", "MAX_SYMBOLS: usize = 16_384", None),
    ("deflate/block.rs", "|| !ends_with_match)", "|| true)", None),
    ("deflate/block.rs", "|| !ends_with_match)", "|| false)", None),
    ("deflate/block.rs", "stored_bytes <= fixed", "stored_bytes < fixed", None),
    ("deflate/block.rs", "fixed_bytes <= dynamic", "fixed_bytes < dynamic", None),
    ("deflate/block.rs", "wrapping_add(4);", "wrapping_add(3);", None),
    ("deflate/block.rs", "wrapping_add(4);", "wrapping_add(5);", None),
    ("deflate/block.rs", "wrapping_add(3 + 7)", "wrapping_add(3 + 6)", None),
    ("deflate/block.rs", "wrapping_add(3 + 7)", "wrapping_add(3 + 8)", None),
    # Code lengths.
    ("symbols.rs", "MAX_CODE_BITS: usize = 15", "MAX_CODE_BITS: usize = 14", None),
    ("deflate/header.rs", "LENGTH_BITS: usize = 7", "LENGTH_BITS: usize = 6", None),
    ("deflate/header.rs", "LENGTH_BITS: usize = 7", "LENGTH_BITS: usize = 8", None),
    ("deflate/lengths.rs", "a >> NODE_BITS <= b >> NODE_BITS", "a >> NODE_BITS < b >> NODE_BITS", None),
    (
        "deflate/lengths.rs",
        "a >> NODE_BITS <= b >> NODE_BITS",
        "a >> (NODE_BITS + HEIGHT_BITS) <= b >> (NODE_BITS + HEIGHT_BITS)",
        None,
    ),
    ("deflate/lengths.rs", "is_smaller(right_child, left_child)", "!is_smaller(left_child, right_child)", None),
    ("deflate/lengths.rs", "height.wrapping_add(1)", "height", None),
    ("deflate/lengths.rs", "if used < 3 { used } else { 0 }", "if used < 2 { used } else { 0 }", None),
    ("deflate/lengths.rs", "if used < 3 { used } else { 0 }", "if used < 4 { used } else { 0 }", None),
    ("deflate/lengths.rs", "too_deep.div_ceil(2)", "too_deep.wrapping_div(2)", "nodes that are too deep come in pairs"),
    ("deflate/lengths.rs", "let mut leaves = order.iter().map", "let mut leaves = order.iter().rev().map", None),
    # The header's runs.
    ("deflate/header.rs", "(0, _) => 138", "(0, _) => 137", None),
    ("deflate/header.rs", "(_, true) => 6", "(_, true) => 5", None),
    ("deflate/header.rs", "(_, false) => 7", "(_, false) => 6", None),
    ("deflate/header.rs", "(0, _, 11..)", "(0, _, 10..)", None),
    ("deflate/header.rs", "(0, _, 11..)", "(0, _, 12..)", None),
    ("deflate/header.rs", "(0, _, 3..)", "(0, _, 4..)", None),
    ("deflate/header.rs", "(1.., true, 3..)", "(1.., true, 4..)", None),
    ("deflate/header.rs", "(1.., false, 4..)", "(1.., false, 5..)", None),
    # Inflate.
    ("inflate/mod.rs", "literal_count > 286", "literal_count > 287", None),
    ("inflate/mod.rs", "literal_count > 286", "literal_count > 285", None),
    ("inflate/mod.rs", "distance_count > 30", "distance_count > 31", None),
    ("inflate/mod.rs", "distance_count > 30", "distance_count > 29", None),
    ("inflate/mod.rs", "method >> 4 <= 7", "method >> 4 <= 8", None),
    ("inflate/mod.rs", "method >> 4 <= 7", "method >> 4 <= 6", None),
    ("inflate/mod.rs", "flags & 32 != 0", "flags & 32 == 64", None),
    (
        "inflate/mod.rs",
        "is_none_or(|&length| length == 0)",
        "is_none()",
        "a block that cannot end is refused at the input's end, only later",
    ),
    ("inflate/mod.rs", "if len != !complement", "if len == complement", None),
    ("inflate/mod.rs", "if check == adler32(output.written())", "if check != 1", None),
    ("inflate/huffman.rs", "longest > 1 {", "longest > 2 {", None),
    ("inflate/huffman.rs", "longest > 1 {", "longest > 0 {", None),
    ("inflate/huffman.rs", "left < 0", "left < -1", None),
]


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("target", ".git", "benches", "fuzz"))
        environment = dict(os.environ, CARGO_TARGET_DIR=os.path.join(folder, "target"))

        def passes():
            # The corpus tells; what is compared with it is in one test file.
            command = ["cargo", "test", "--quiet", "--test", "zlib"]
            done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
            if done.returncode and "test result: FAILED" not in done.stdout:
                return None
            return done.returncode == 0

        if not passes():
            sys.exit("the tests fail without any change")
        for file, old, new, reason in CHANGES:
            label = f"{file}: {old}  ->  {new or '(nothing)'}"
            if wanted not in label:
                continue
            path = os.path.join(copy, "src", "zlib", file)
            with open(path) as source:
                text = source.read()
            if text.count(old) != 1:
                sys.exit(f"{label}: stands there {text.count(old)} times")
            with open(path, "w") as source:
                source.write(text.replace(old, new))
            passed = passes()
            with open(path, "w") as source:
                source.write(text)
            if passed is None:
                outcome, failed = "DOES NOT BUILD", True
            elif passed and reason:
                outcome = f"equivalent: {reason}"
            elif passed:
                outcome, failed = "SURVIVED", True
            else:
                outcome = "killed"
            print(f"{outcome:<10} {label}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
