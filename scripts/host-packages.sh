#!/usr/bin/env bash
# Installs the Debian packages that the lab needs on the host, and nothing else: no service is started, no database server installed.
# Idempotent: prints nothing and takes milliseconds when there is nothing to do. Needs root and apt.
set -euo pipefail

PACKAGES=(buildah debootstrap debian-archive-keyring containerd runc containernetworking-plugins iproute2 nftables uidmap xz-utils openssl)
# The relay between the regions of a lab is a C program.
case " $* " in *" --compiler "*) PACKAGES+=(gcc libc6-dev) ;; esac
# The emulated AWS is a Python program.
case " $* " in *" --python "*) PACKAGES+=(python3 python3-venv) ;; esac
case " $* " in *" --chromium "*) PACKAGES+=(chromium) ;; esac

missing=()
for package in "${PACKAGES[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || echo absent)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
  echo "holdfast: the lab needs these Debian packages: ${missing[*]}. Run once as root: apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 3
fi
if ! command -v apt-get >/dev/null; then
  echo "holdfast: the lab installs its packages with apt (Debian, Ubuntu); this machine has none. Missing: ${missing[*]}" >&2
  exit 3
fi

# Debian starts a service as soon as its package is installed, unless policy-rc.d says no (101).
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  made_policy=yes
fi
cleanup() { [ "$made_policy" = no ] || rm -f "$policy"; }
trap cleanup EXIT

export DEBIAN_FRONTEND=noninteractive
echo "holdfast: installing Debian packages: ${missing[*]}" >&2
log=$(mktemp)
run() { "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "holdfast: failed: $*" >&2; exit 3; }; }
run apt-get update -q
run apt-get install -q -y --no-install-recommends "${missing[@]}"
rm -f "$log"
