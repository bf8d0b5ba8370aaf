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
    begin python
    install_requirements "$AZURE/python/requirements.txt"
    end python "${PYTHON_FILES[@]}"
}

install_node() {
    need_node
    installed node "${NODE_FILES[@]}" && return
    begin node
    install_node_modules "${NODE_FILES[@]}"
    end node "${NODE_FILES[@]}"
}

install_java() {
    need_java
    installed java "${JAVA_FILES[@]}" && return
    begin java
    install_class_path "$AZURE/java/pom.xml"
    end java "${JAVA_FILES[@]}"
}

main "$@"
