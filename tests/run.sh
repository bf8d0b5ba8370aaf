#!/usr/bin/env bash
# Every test of the workspace, with one command: bash tests/run.sh
#
# It starts from a clean checkout and any directory. The tests of the Redis store start real servers
# on ports of their own, so redis-server is installed if it is missing, and so is libfaketime for those that
# step a wall clock; those with the Azure SDKs and with
# foreign gRPC clients need Python 3.11, Node.js 20, a JDK 17 and Go 1.19 or later, and packages of those languages, which
# are installed under target/. Arguments go to `cargo test`,
# so that `bash tests/run.sh --test main revoking` runs a part. What is printed last is cargo's own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

main() {
    need cargo "Rust 1.95 or later, by way of rustup"
    need cc "a C compiler, such as the package gcc, for the cryptography in C"
    need_curl
    need_redis
    need_faketime
    need_languages
    need_packages azure python node java
    need_packages interop python node java go
    # All targets are run even after one has failed, so that a run tells everything that it can.
    exec cargo test --workspace --locked --no-fail-fast "$@" </dev/null
}

need_curl() {
    command -v curl >/dev/null && return
    echo "tests/run.sh: installing curl" >&2
    install_packages curl >&2 && command -v curl >/dev/null && return
    echo "tests/run.sh: \`curl\` is missing and could not be installed" >&2
    exit 1
}

need_redis() {
    if [[ -n "${LANYARD_REDIS_SERVER:-}" ]]; then
        need "$LANYARD_REDIS_SERVER" "what LANYARD_REDIS_SERVER names"
        return
    fi
    command -v redis-server >/dev/null && return
    echo "tests/run.sh: installing redis-server" >&2
    # Should it be started as a service, that is on port 6379, which no test uses.
    install_packages redis-server >&2 && command -v redis-server >/dev/null && return
    echo "tests/run.sh: \`redis-server\` is missing and could not be installed:" \
        "install it, or name its binary by LANYARD_REDIS_SERVER=/path/to/it" >&2
    exit 1
}

# Preloaded into a server whose wall clock a test steps.
need_faketime() {
    compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null && return
    echo "tests/run.sh: installing libfaketime" >&2
    install_packages libfaketime >&2 ||
        echo "tests/run.sh: libfaketime could not be installed: the tests that step a clock fail" >&2
}

# Without them the tests that use them fail, and name the missing one: the others can still be run.
need_languages() {
    local missing=()
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    command -v javac >/dev/null || missing+=(default-jdk-headless)
    command -v mvn >/dev/null || missing+=(maven)
    command -v go >/dev/null || missing+=(golang-go)
    [[ ${#missing[@]} -gt 0 ]] || return 0
    echo "tests/run.sh: installing ${missing[*]}" >&2
    install_packages "${missing[@]}" >&2 || true
}

# The packages of the suites in one folder of tests/clients, for each of these languages.
need_packages() {
    local suites="$1" language
    for language in "${@:2}"; do
        bash "tests/clients/$suites/install.sh" "$language" >&2 ||
            echo "tests/run.sh: the packages of tests/clients/$suites for $language could not be installed" >&2
    done
}

install_packages() {
    local root=()
    [[ "$(id -u)" == 0 ]] || root=(sudo)
    # The package may be had although an index of others may not: only its installation counts.
    "${root[@]}" apt-get update --quiet --quiet || true
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --quiet --quiet --yes --no-install-recommends "$@"
}

need() {
    command -v "$1" >/dev/null && return
    echo "tests/run.sh: \`$1\` is missing: install $2" >&2
    exit 1
}

main "$@"
