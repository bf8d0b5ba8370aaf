#!/usr/bin/env bash
# Installs the Azure SDKs that the suites here run, each in the version that is pinned, under target/.
# What is installed already is left alone. Arguments are languages: python, node, java; all by default.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

main() {
    local languages=("$@") language
    [[ $# -gt 0 ]] || languages=(python node java)
    for language in "${languages[@]}"; do
        "install_$language"
    done
}

install_python() {
    need_python
    installed python "${PYTHON_FILES[@]}" && return
    say Python
    begin python
    python3 -m venv "$SDKS/python/venv"
    "$SDKS/python/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --requirement "$AZURE/python/requirements.txt"
    "$SDKS/python/venv/bin/pip" check --quiet --disable-pip-version-check
    end python "${PYTHON_FILES[@]}"
}

install_node() {
    need_node
    installed node "${NODE_FILES[@]}" && return
    say JavaScript
    begin node
    cp "${NODE_FILES[@]}" "$SDKS/node/"
    npm ci --prefix "$SDKS/node" --ignore-scripts --no-audit --no-fund --loglevel=error
    end node "${NODE_FILES[@]}"
}

install_java() {
    need_java
    installed java "${JAVA_FILES[@]}" && return
    say Java
    # Maven's repository is a cache, and what is in it stays good.
    mkdir -p "$SDKS/java"
    mvn --quiet --batch-mode --file "$AZURE/java/pom.xml" "-Dmaven.repo.local=$SDKS/java/repository" \
        dependency:build-classpath "-Dmdep.outputFile=$SDKS/java/classpath"
    end java "${JAVA_FILES[@]}"
}

say() { echo "tests/clients/azure: installing the SDK for $1" >&2; }

begin() {
    rm -rf "${SDKS:?}/$1"
    mkdir -p "$SDKS/$1"
}

end() {
    local language="$1"
    shift
    hash_of "$@" >"$(mark_of "$language")"
}

main "$@"
