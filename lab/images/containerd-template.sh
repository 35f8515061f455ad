#!/bin/sh
# containerd-template.sh ROOT WANTED: makes a containerd root directory hold exactly the images that the file WANTED lists, one per line: reference, tab,
# OCI archive. Runs as the first process of its own mount, process and network namespaces: its /run is private, and containerd ends with it.
set -eu
root=$1
wanted=$2
tab=$(printf '\t')
mount -t tmpfs tmpfs /run
mkdir -p "$root"
cat >/run/config.toml <<CONF
version = 2
root = "$root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "/run/containerd/containerd.sock"
CONF
containerd --config /run/config.toml --log-level warn &
containerd=$!
tries=0
until ctr version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -le 200 ] || { echo "containerd did not start within 20 s" >&2; exit 1; }
  kill -0 "$containerd" || { echo "containerd ended" >&2; exit 1; }
  sleep 0.1
done
# an older template may have been the start: what is not wanted any more goes
present=$(ctr -n k8s.io images ls -q)
for reference in $present; do
  cut -f 1 "$wanted" | grep -qxF "$reference" || ctr -n k8s.io images rm --sync "$reference"
done
while IFS=$tab read -r reference archive; do
  echo "$present" | grep -qxF "$reference" || ctr -n k8s.io images import --snapshotter overlayfs "$archive"
done <"$wanted"
ctr -n k8s.io images ls -q
kill "$containerd"
wait "$containerd" || true
