#!/usr/bin/env bash
# build.sh OUT WORK: builds Kubernetes (kcp: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy and kubectl in one
# binary) and CoreDNS into OUT, from the published Go modules alone. Reproducible: this Go version gives the same bytes everywhere.
# Everything else, the Go caches (6.6 GB) included, is below WORK, which the caller removes. About 7 CPU-minutes. Steps go to stdout, one per line;
# compiled packages to stderr.
set -euo pipefail

KUBERNETES=1.35.4
COREDNS=1.14.3
GO=1.26.8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(readlink -m "$1")
work=$(readlink -m "$2")
mkdir -p "$out" "$work"

export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=go$GO GOFLAGS="-buildvcs=false -mod=mod" GOOS=linux GOARCH=amd64
export GOMODCACHE=$work/modules GOCACHE=$work/cache GOPATH=$work/path GOTMPDIR=$work/tmp
mkdir -p "$GOTMPDIR"
version_package=k8s.io/component-base/version

echo "fetching Kubernetes $KUBERNETES' modules"
cd "$work"
source=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
cp -r "$source" kubernetes
chmod -R u+w kubernetes
cd kubernetes
# the zip carries a go.work that forbids -mod=mod
rm -f go.work go.work.sum
# the staging modules are not in the module's zip: point each replacement at the published module of the same release
sed -i -E "s#^(\s*)(k8s\.io/[a-z-]+) => \./staging/src/.*#\1\2 => \2 v0.${KUBERNETES#1.}#" go.mod
mkdir cmd/kcp
cp "$here/main.go" cmd/kcp/main.go
go mod download

echo "compiling Kubernetes $KUBERNETES"
nice -n 10 go build -v -trimpath -o "$out/kcp" -ldflags "-s -w -X $version_package.gitVersion=v$KUBERNETES -X $version_package.gitMajor=1 \
-X $version_package.gitMinor=$(echo $KUBERNETES | cut -d. -f2) -X $version_package.gitTreeState=clean" ./cmd/kcp

echo "fetching CoreDNS $COREDNS' modules"
mkdir "$work/coredns"
cp "$here/coredns/main.go" "$work/coredns/"
cd "$work/coredns"
go mod init coredns-lab
go get "github.com/coredns/coredns@v$COREDNS"

echo "compiling CoreDNS $COREDNS"
nice -n 10 go build -v -trimpath -ldflags '-s -w' -o "$out/coredns" .
