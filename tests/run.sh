#!/usr/bin/env bash
# Every test of the workspace, with one command: bash tests/run.sh
#
# It starts from a clean checkout and any directory. Arguments go to `cargo test`, so that
# `bash tests/run.sh --test main revoking` runs a part. What is printed last is cargo's own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

main() {
    need cargo "Rust 1.95 or later, by way of rustup"
    need cc "a C compiler, such as the package gcc, for the cryptography in C"
    # All targets are run even after one has failed, so that a run tells everything that it can.
    exec cargo test --workspace --locked --no-fail-fast "$@" </dev/null
}

need() {
    command -v "$1" >/dev/null && return
    echo "tests/run.sh: \`$1\` is missing: install $2" >&2
    exit 1
}

main "$@"
