#!/bin/sh
# rootfs.sh SUITE MIRROR TARBALL [SECURITY-MIRROR]: the lab's stand-in for public.ecr.aws/docker/library/debian:13-slim, made by debootstrap, because the lab
# builds images on machines without a Docker engine and without a registry. It follows the same rules: minimal variant, no documentation, no
# service started by a package, caches not kept. Needs root and a mount namespace of its own: it works on a tmpfs, where dpkg's syncs cost nothing and
# which ends with the namespace.
set -eu
suite=$1
mirror=$2
tarball=$3
security=${4:-}
root=$(dirname "$tarball")/rootfs
mkdir "$root"
mount -t tmpfs -o size=1g,mode=755 tmpfs "$root"

debootstrap --variant=minbase "$suite" "$root" "$mirror"

{
  echo "deb $mirror $suite main"
  echo "deb $mirror $suite-updates main"
  [ -z "$security" ] || echo "deb $security $suite-security main"
} >"$root/etc/apt/sources.list"
cat >"$root/etc/apt/apt.conf.d/holdfast" <<'CONF'
Acquire::Languages "none";
Acquire::Retries "3";
Apt::AutoRemove::SuggestsImportant "false";
CONF
cat >"$root/etc/dpkg/dpkg.cfg.d/holdfast" <<'CONF'
force-unsafe-io
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
CONF
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

chroot "$root" apt-get clean
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/log/*.log "$root"/var/log/apt "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old
rm -rf "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/locale/*
find "$root/usr/share/doc" -mindepth 2 -not -name copyright -not -type d -delete
rm -f "$root/etc/machine-id" "$root/etc/hostname" "$root/etc/resolv.conf"
tar --numeric-owner --one-file-system --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* --sort=name -C "$root" -cf "$tarball" .
