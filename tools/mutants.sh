#!/usr/bin/env bash
# Mutation testing: changes the code in one place after another, runs the tests
# and counts the changes that no test notices. Prints a line for each module, and
# fails where the tests notice fewer than 90 of 100.
#
#   tools/mutants.sh                      all of them, which takes hours
#   tools/mutants.sh cookie signing       these modules of src/
#   SHARD=3/20 tools/mutants.sh           one change of twenty
#
# Needs `cargo install cargo-mutants`. What it did is in target/mutants/.
set -euo pipefail
cd "$(dirname "$0")/.."

modules=("$@")
[ $# -gt 0 ] || modules=(signing json session interface cookie time)
# Optimised a little, the tests take seconds; nobody reads a backtrace.
export CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=false CARGO_INCREMENTAL=1

arguments=(--jobs "${JOBS:-2}" --output target/mutants)
for module in "${modules[@]}"; do
    arguments+=(--file "src/$module/**" --file "src/$module.rs")
done
for tests in --lib --test={bad_input,compact_json,conformance,conversions,cookie,errors,frozen,interface,json,nested,security,serde_types,session,signing,values}; do
    arguments+=("--cargo-arg=$tests")
done
[ -z "${SHARD:-}" ] || arguments+=(--shard "$SHARD" --sharding round-robin)

mkdir -p target/mutants
status=0
cargo mutants "${arguments[@]}" || status=$?
# 2: some survived; 3: some ran into the timeout. The score decides.
case $status in 0 | 2 | 3) ;; *) exit $status ;; esac
python3 tools/mutation_score.py target/mutants/mutants.out/outcomes.json
