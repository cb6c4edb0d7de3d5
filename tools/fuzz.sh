#!/usr/bin/env bash
# Fuzzes hipflask and prints what came of it. Fails if a target found something.
#
#   tools/fuzz.sh                       every target for 30 seconds, two at a time
#   tools/fuzz.sh 1800 json inflate     these two for half an hour (1800 seconds)
#   JOBS=8 tools/fuzz.sh 600            eight at a time
#   SANITIZER=address tools/fuzz.sh     with AddressSanitizer, on nightly Rust
#
# A run goes on where the last one stopped: the inputs that it kept are in
# fuzz/corpus, what it found is in fuzz/artifacts, its logs are beside the seeds.
# It installs what is missing: cargo-fuzz from crates.io, a C++ compiler from Debian.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-30}
if ! [[ $seconds =~ ^[0-9]+$ ]]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    [ "$seconds" = --help ] && exit 0 || exit 2
fi
targets=("${@:2}")
sanitizer=${SANITIZER:-none}
output=$(realpath -m "${CARGO_TARGET_DIR:-fuzz/target}")
host=$(rustc -vV | sed -n 's/^host: //p')
seeds=$output/fuzz-seeds
logs=$output/fuzz-logs

command -v c++ >/dev/null || tools/debian.sh g++
cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz

mapfile -t known < <(cargo fuzz list)
[ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
for target in "${targets[@]}"; do
    [[ " ${known[*]} " = *" $target "* ]] || { echo "no target is called $target; there are ${known[*]}" >&2; exit 2; }
done

# Without a sanitizer, which code without `unsafe` has little need of, stable Rust will do.
cargo=(cargo)
if [ "$sanitizer" != none ]; then
    if cargo +nightly --version >/dev/null 2>&1; then cargo+=(+nightly); else export RUSTC_BOOTSTRAP=1; fi
fi
export CARGO_TARGET_DIR=$output
"${cargo[@]}" run --quiet --manifest-path fuzz/Cargo.toml --example seeds -- "$seeds"
"${cargo[@]}" fuzz build --sanitizer "$sanitizer" 2>&1 | { grep -E '^(warning|error)' -A 8 || true; }

# Which words a target's inputs are made of.
dictionary() {
    case $1 in
    json | compact_json | open_payload | codecs) echo -dict=fuzz/dictionaries/json.dict ;;
    cookie_header | open_cookie | token | extensions) echo -dict=fuzz/dictionaries/cookie.dict ;;
    esac
}

fuzz() {
    local target=$1 found=0 log=$logs/$1.log
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    "$output/$host/release/$target" $(dictionary "$target") -max_total_time="$seconds" -max_len=4096 \
        -timeout=20 -rss_limit_mb=512 -print_final_stats=1 -artifact_prefix="fuzz/artifacts/$target/" \
        "fuzz/corpus/$target" "$seeds/$target" >"$log" 2>&1 || found=1
    stat() { sed -n "s/^stat::$1: *//p" "$log"; }
    reached() { grep -aoE "$1: [0-9]+" "$log" | tail -n 1 | cut -d' ' -f2; }
    printf '%-14s %12s %8s %8s %9s %9s\n' "$target" "$(stat number_of_executed_units)" \
        "$(reached cov)" "$(reached ft)" "$(stat slowest_unit_time_sec)" "$found"
    [ $found -eq 0 ] || grep -aE 'panicked|ERROR|Test unit written' -A 3 "$log" >&2
    return $found
}

mkdir -p "$logs"
printf '%-14s %12s %8s %8s %9s %9s\n' target executions edges features slowest_s findings
failed=0 running=0
for target in "${targets[@]}"; do
    [ $running -lt "${JOBS:-2}" ] || { wait -n || failed=1; running=$((running - 1)); }
    fuzz "$target" &
    running=$((running + 1))
done
while [ $running -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit $failed
