//go:build tools

// Package suite names the generators here, so that go.mod pins them.
package suite

import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
