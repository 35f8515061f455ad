#!/bin/sh
# sbom.sh IMAGE [NAME=VERSION=PURL]...: writes the image's software bill of materials (SPDX 2.3, JSON) to /usr/share/holdfast/sbom.spdx.json:
# every Debian package, every Python distribution below /opt, and the programs given as arguments.
set -eu
image=$1
shift
target=/usr/share/holdfast/sbom.spdx.json
mkdir -p "$(dirname "$target")"

release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

list() {
  dpkg-query -W -f '${Package}\t${Version}\tpkg:deb/debian/${Package}@${Version}?arch=${Architecture}&distro='"$release"'\n'
  if [ -d /opt ]; then
    find /opt -path '*.dist-info/METADATA' | sort | while read -r metadata; do
      awk -F': ' '/^Name: /{n=$2} /^Version: /{v=$2} n && v {printf "%s\t%s\tpkg:pypi/%s@%s\n", n, v, tolower(n), v; exit}' "$metadata"
    done
  fi
  for program in "$@"; do
    printf '%s\n' "$program" | awk -F= '{printf "%s\t%s\t%s\n", $1, $2, $3}'
  done
}

list "$@" | awk -F'\t' -v image="$image" -v created="$(date -u +%Y-%m-%dT%H:%M:%SZ)" '
  BEGIN {
    printf "{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\",\"SPDXID\":\"SPDXRef-DOCUMENT\",\"name\":\"%s\",", image
    printf "\"documentNamespace\":\"https://holdfast.dev/sbom/%s/%s\",", image, created
    printf "\"creationInfo\":{\"created\":\"%s\",\"creators\":[\"Tool: holdfast-sbom\"]},\n\"packages\":[", created
  }
  {
    printf "%s\n{\"SPDXID\":\"SPDXRef-Package-%d\",\"name\":\"%s\",\"versionInfo\":\"%s\",\"downloadLocation\":\"NOASSERTION\",\"filesAnalyzed\":false,", (NR > 1 ? "," : ""), NR, $1, $2
    printf "\"externalRefs\":[{\"referenceCategory\":\"PACKAGE-MANAGER\",\"referenceType\":\"purl\",\"referenceLocator\":\"%s\"}]}", $3
  }
  END {
    printf "],\n\"relationships\":["
    for (i = 1; i <= NR; i++) printf "%s{\"spdxElementId\":\"SPDXRef-DOCUMENT\",\"relationshipType\":\"DESCRIBES\",\"relatedSpdxElement\":\"SPDXRef-Package-%d\"}", (i > 1 ? "," : ""), i
    print "]}"
  }' >"$target"
