#!/usr/bin/env bash
# Every test of the workspace, with one command: bash tests/run.sh
#
# It starts from a clean checkout and any directory. The tests of the Redis store start real servers
# on ports of their own, so redis-server is installed if it is missing. Arguments go to `cargo test`,
# so that `bash tests/run.sh --test main revoking` runs a part. What is printed last is cargo's own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

main() {
    need cargo "Rust 1.95 or later, by way of rustup"
    need cc "a C compiler, such as the package gcc, for the cryptography in C"
    need_redis
    # All targets are run even after one has failed, so that a run tells everything that it can.
    exec cargo test --workspace --locked --no-fail-fast "$@" </dev/null
}

need_redis() {
    if [[ -n "${LANYARD_REDIS_SERVER:-}" ]]; then
        need "$LANYARD_REDIS_SERVER" "what LANYARD_REDIS_SERVER names"
        return
    fi
    command -v redis-server >/dev/null && return
    echo "tests/run.sh: installing redis-server" >&2
    # Should it be started as a service, that is on port 6379, which no test uses.
    install_redis >&2 && command -v redis-server >/dev/null && return
    echo "tests/run.sh: \`redis-server\` is missing and could not be installed:" \
        "install it, or name its binary by LANYARD_REDIS_SERVER=/path/to/it" >&2
    exit 1
}

install_redis() {
    local root=()
    [[ "$(id -u)" == 0 ]] || root=(sudo)
    # The package may be had although an index of others may not: only its installation counts.
    "${root[@]}" apt-get update --quiet --quiet || true
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --quiet --quiet --yes --no-install-recommends redis-server
}

need() {
    command -v "$1" >/dev/null && return
    echo "tests/run.sh: \`$1\` is missing: install $2" >&2
    exit 1
}

main "$@"
