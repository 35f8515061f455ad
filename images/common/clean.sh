#!/bin/sh
# Removes what apt and dpkg leave behind and no container reads: package lists, logs, documentation.
set -eu
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/cache/ldconfig /var/lib/dpkg/*-old /var/log/apt /var/log/*.log /usr/share/man /usr/share/info /usr/share/locale
# licences stay: they have to be passed on with the programs
find /usr/share/doc -mindepth 2 -not -name copyright -not -type d -delete
