#!/usr/bin/env bash
# build.sh OUT WORK: builds the controllers that workloads need (Argo Rollouts, metrics-server) and the lab's ACME server (pebble, with its name server)
# into OUT, from the published Go modules alone. Reproducible: this Go version gives the same bytes everywhere.
# Everything else, the Go caches included, is below WORK, which the caller removes. About 11 CPU-minutes. Steps go to stdout, one per line;
# compiled packages to stderr.
set -euo pipefail

ROLLOUTS=1.10.2
METRICS_SERVER=0.9.0
PEBBLE=2.10.1
GO=1.26.8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(readlink -m "$1")
work=$(readlink -m "$2")
mkdir -p "$out" "$work"

export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=go$GO GOFLAGS="-buildvcs=false -mod=mod" GOOS=linux GOARCH=amd64
export GOMODCACHE=$work/modules GOCACHE=$work/cache GOPATH=$work/path GOTMPDIR=$work/tmp
mkdir -p "$GOTMPDIR"

# A module's sources, which may be changed; the working folder afterwards.
fetch() {
  local module=$1 folder=$work/$2 archive
  echo "fetching $2's modules"
  cd "$work"
  # Fails, after it has fetched and verified the module, when that asks for a newer patch release of Go than it needs.
  archive=$(go mod download -json "$module" | sed -n 's/^\t"Zip": "\(.*\)",\{0,1\}$/\1/p') || [ -n "$archive" ]
  "$work/unpack" "$archive" "$folder"
  cd "$folder"
  sed -i -E "s/^go 1\.[0-9.]+$/go $GO/; /^toolchain /d" go.mod
  go mod download
}

compile() {
  local package=$1
  echo "compiling ${package##*/}"
  nice -n 10 go build -v -trimpath -ldflags '-s -w' -o "$out/${package##*/}" "$package"
}

go build -o "$work/unpack" "$here/unpack.go"
fetch "github.com/argoproj/argo-rollouts@v$ROLLOUTS" rollouts
compile ./cmd/rollouts-controller
fetch "sigs.k8s.io/metrics-server@v$METRICS_SERVER" metrics-server
compile ./cmd/metrics-server
fetch "github.com/letsencrypt/pebble/v2@v$PEBBLE" pebble
compile ./cmd/pebble
compile ./cmd/pebble-challtestsrv
