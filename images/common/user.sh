#!/bin/sh
# user.sh NAME HOME [DIRECTORY...]: the one user of an image, always 999:999, as the pods' securityContext says. Made before packages are
# unpacked, so that no maintainer script gives the name another id. The directories become its own.
set -eu
name=$1
home=$2
shift 2
groupadd --system --gid 999 "$name"
useradd --system --uid 999 --gid 999 --home-dir "$home" --no-create-home --shell /usr/sbin/nologin "$name"
for directory in "$@"; do
  install -d -o 999 -g 999 -m 700 "$directory"
done
