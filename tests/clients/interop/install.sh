#!/usr/bin/env bash
# Installs the packages that the suites here use, each in the version that is pinned, under target/.
# Packages that are installed already are left alone. Arguments are languages: python, node, java, go; all by default.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

main() {
    local languages=("$@") language
    [[ $# -gt 0 ]] || languages=(python node java go)
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
    local platform
    case "$(uname -m)" in
    x86_64) platform=linux-x86_64 ;;
    aarch64) platform=linux-aarch_64 ;;
    *) give_up "there is no generator for grpc-java on $(uname -m)" ;;
    esac
    begin java
    install_class_path "$INTEROP/java/pom.xml"
    maven --file "$INTEROP/java/pom.xml" "-Dgenerator.platform=$platform" \
        "-Dgenerator.directory=$INSTALLED/java/generator" dependency:copy
    chmod +x "$INSTALLED"/java/generator/*
    # The protos that come with the runtime, which this generator does not carry.
    mkdir "$INSTALLED/java/include"
    (
        cd "$INSTALLED/java/include"
        jar --extract --file "$(tr : '\n' <"$INSTALLED/java/classpath" | grep /protobuf-java-)" google/protobuf
    )
    end java "${JAVA_FILES[@]}"
}

install_go() {
    need_go
    # The generators are plugins of protoc, which is among the packages of Python.
    install_python
    installed go "${GO_FILES[@]}" && return
    begin go
    cp "${GO_FILES[@]}" "$INSTALLED/go/"
    (
        cd "$INSTALLED/go"
        go_with_caches mod download
        go_with_caches install google.golang.org/protobuf/cmd/protoc-gen-go \
            google.golang.org/grpc/cmd/protoc-gen-go-grpc
    )
    end go "${GO_FILES[@]}"
}

main "$@"
