#!/usr/bin/env bash
# Builds the READMEs' programs of hipflask-axum, hipflask-actix and hipflask-redis with the
# oldest and the newest version of their hosts that they support.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/adapters

# check ADAPTER VERSIONS…: each a dependency of the program.
check() {
    local adapter=$1
    shift
    rm -rf "${work:?}"/*
    mkdir "$work/src"
    {
        printf '[package]\nname = "program"\nedition = "2024"\n[workspace]\n[dependencies]\n'
        printf 'hipflask-%s = { path = "%s/crates/hipflask-%s" }\n' "$adapter" "$root" "$adapter"
        printf '%s\n' "$@"
    } >"$work/Cargo.toml"
    # The first block of Rust in the README, which nothing calls.
    echo '#![allow(dead_code)]' >"$work/src/lib.rs"
    awk '/^```rust/ { shown = 1; next } /^```/ { if (shown) exit } shown' "crates/hipflask-$adapter/README.md" >>"$work/src/lib.rs"
    cargo check --quiet --manifest-path "$work/Cargo.toml"
    echo "hipflask-$adapter builds with $(cargo tree --manifest-path "$work/Cargo.toml" --depth 1 --prefix none --quiet | grep -E '^(axum|actix-web|redis) v' | cut -d' ' -f1,2)"
}

tokio='tokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }'
check axum 'axum = "=0.8.0"' 'axum-core = "=0.5.0"' "$tokio"
check axum 'axum = "0.8"' "$tokio"
check actix 'actix-web = "=4.9.0"'
check actix 'actix-web = "4"'
axum="hipflask-axum = { path = \"$root/crates/hipflask-axum\" }"
check redis 'redis = { version = "=1.0.0", features = ["connection-manager"] }' "$axum"
check redis 'redis = { version = "1", features = ["connection-manager"] }' "$axum"
