#!/usr/bin/env bash
# Installs the packages that the suites here use, each in the version that is pinned, under target/.
# Packages that are installed already are left alone. Arguments are languages: python, node, java, go; all by default.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

main() {
    local languages=("$@") language
    [[ $# -gt 0 ]] || languages=(python)
    for language in "${languages[@]}"; do
        "install_$language"
    done
}

install_python() {
    need_python
    installed python "${PYTHON_FILES[@]}" && return
    begin python
    install_requirements "$INTEROP/python/requirements.txt"
    end python "${PYTHON_FILES[@]}"
}

main "$@"
