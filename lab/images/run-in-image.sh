#!/bin/sh
# run-in-image.sh ROOTFS SCRATCH COMMAND...: runs a command as user 999 in a copy-on-write view of an image, without a network but its own loopback.
# SCRATCH has files/ (laid over the image) and env (its environment, one per line). Runs as the first process of its own mount, process and network
# namespaces, in which every mount ends.
set -eu
lower=$1
scratch=$2
shift 2

mkdir "$scratch/view"
mount -t tmpfs -o mode=755 tmpfs "$scratch/view"
mkdir "$scratch/view/upper" "$scratch/view/work" "$scratch/view/root"
mount -t overlay -o "lowerdir=$lower,upperdir=$scratch/view/upper,workdir=$scratch/view/work" overlay "$scratch/view/root"
root=$scratch/view/root
# a container runtime writes this file too, also into an image from scratch
mkdir -p "$root/etc"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
cp -a "$scratch/files/." "$root/"
mkdir -p "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ip link set lo up
set -- "$(command -v chroot)" --userspec=999:999 --groups= "$root" "$@"
while IFS= read -r variable; do
  set -- "$variable" "$@"
done <"$scratch/env"
# not exec: a program that is process 1 of a namespace ignores signals it does not handle
env -i "$@"
