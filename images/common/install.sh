#!/bin/sh
# install.sh [-x REGEX] [-i PACKAGE] PACKAGE...: puts Debian packages into an image with the libraries they need, and without the packages whose whole
# name matches REGEX. Debian's server packages depend on a service framework (postgresql-common, with Perl), a compiler for JIT
# (LLVM), locales and a self-signed key, none of which a container needs: left out, the image is half as big. The packages are unpacked and
# not configured, because their maintainer scripts do nothing but create users, clusters and services. -i names a package that is installed
# in the usual way beside them.
set -eu

exclude='debconf.*'
beside=
while getopts x:i: option; do
  case $option in
    x) exclude="$exclude|$OPTARG" ;;
    i) beside="$beside $OPTARG" ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))

work=$(mktemp -d)
# apt's download sandbox (user _apt) has to write here
chmod 777 "$work"
cd "$work"
apt-get update -q
apt-get download -q "$@"
names=$(for package in "$@"; do echo "${package%%=*}"; done)
# one alternative of each dependency is enough: the first; a package that is given as an argument is no dependency of another
dependencies=$(for deb in ./*.deb; do dpkg-deb -f "$deb" Depends; echo; done | tr ',' '\n' | sed -E 's/[|(].*//; s/:any//; s/[[:space:]]//g; /^$/d' | sort -u)
wanted=$(echo "$dependencies" | grep -vxE "$exclude" | grep -vxF "$names")
# the names are words on purpose
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $wanted $beside
dpkg --unpack --force-depends ./*.deb
ldconfig
# configuration files of packages that are not configured keep this name; the charts bring their own
find /etc -name '*.dpkg-new' -delete
cd /
rm -rf "$work"
sh "$(dirname "$0")/clean.sh"
