#!/usr/bin/env bash
# Makes the command line ready to run: Node.js, the npm packages of package-lock.json, the bundles in dist/. Each step only when it is needed; without
# anything to do this takes some 20 ms and prints nothing. Run it by itself, or source it and call `holdfast_setup <root>`.
# Several at once wait for each other.

# What `npm ci` needs; everything else runs on the Node.js that package-lock.json brings along.
HOLDFAST_LEAST_NODE=18
# Of the npm versions that run on Node.js 18, the last.
HOLDFAST_NPM=10.9.9

holdfast_say() { echo "holdfast: $*" >&2; }

# A command that is silent unless it fails; its output is kept in .holdfast/setup.log.
holdfast_quietly() {
  local what=$1 log=$HOLDFAST_ROOT/.holdfast/setup.log start=$SECONDS
  shift
  holdfast_say "$what ..."
  (while sleep 15; do holdfast_say "$what: $((SECONDS - start)) s so far"; done) 9>&- &
  local ticker=$!
  "$@" >"$log" 2>&1 </dev/null 9>&-
  local code=$?
  kill "$ticker" 2>/dev/null && wait "$ticker" 2>/dev/null
  if [ "$code" != 0 ]; then
    tail -n 30 "$log" >&2
    holdfast_say "failed: $*; all of its output is in $log"
    return 1
  fi
  holdfast_say "$what: done in $((SECONDS - start)) s"
}

holdfast_has_node() {
  command -v node >/dev/null && command -v npm >/dev/null || return 1
  local version
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge "$HOLDFAST_LEAST_NODE" ]
}

holdfast_install_node() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    holdfast_quietly 'reading the package lists (apt)' apt-get update -q || return 3
    holdfast_quietly 'installing Node.js and npm (apt, once)' apt-get install -y -q --no-install-recommends nodejs npm ca-certificates || return 3
    hash -r
    holdfast_has_node && return 0
    holdfast_say "apt has installed Node.js $(node --version 2>/dev/null || echo '(none)'), and $HOLDFAST_LEAST_NODE or newer is needed: install one from https://nodejs.org"
    return 3
  fi
  holdfast_say "Node.js $HOLDFAST_LEAST_NODE or newer with npm is needed. On Debian or Ubuntu: sudo apt-get install --no-install-recommends nodejs npm; elsewhere: https://nodejs.org"
  return 3
}

# The packages are those of package-lock.json when the copy of it that `npm ci` was run with is the same, or when npm itself has written to node_modules later.
holdfast_packages_ready() {
  [ -x node_modules/.bin/node ] || return 1
  cmp -s package-lock.json node_modules/.holdfast-package-lock.json && return 0
  [ node_modules/.package-lock.json -nt package-lock.json ] && [ node_modules/.package-lock.json -nt package.json ]
}

holdfast_install_packages() {
  holdfast_has_node || holdfast_install_node || return
  local npm=(npm) version
  version=$(npm --version)
  # The npm of Debian 12 and 13 and Ubuntu 24.04 (9.2) can't read the overrides of package.json: it fetches a newer one for this.
  [ "${version%%.*}" -ge 10 ] || npm=(npm exec --yes --package "npm@$HOLDFAST_NPM" -- npm)
  holdfast_quietly 'installing the npm packages (once)' "${npm[@]}" ci --no-audit --no-fund || return 3
  cp package-lock.json node_modules/.holdfast-package-lock.json
}

# Folders too, because the deletion of a file shows only there.
holdfast_bundles_ready() {
  [ -e dist/.built ] || return 1
  local newer
  newer=$(find bin lib k8s lab agents lambdas examples/backend package.json scripts/build.mjs scripts/bundle-agents.mjs scripts/bundle-backend.mjs -newer dist/.built -print -quit 2>/dev/null)
  [ -z "$newer" ]
}

holdfast_build() {
  local start
  mkdir -p dist
  # From before the build: what is edited meanwhile is newer than the bundles.
  start=$(mktemp dist/.building.XXXXXX)
  if ! node_modules/.bin/node scripts/build.mjs >&2 9>&-; then
    rm -f "$start"
    holdfast_say 'the sources could not be bundled'
    return 1
  fi
  mv "$start" dist/.built
}

holdfast_ready() { holdfast_packages_ready && holdfast_bundles_ready; }

holdfast_make_ready() {
  holdfast_packages_ready || holdfast_install_packages || return
  holdfast_bundles_ready || holdfast_build
}

# One at a time. Without flock (macOS) a link that names the holder's process is the lock.
holdfast_locked() {
  if ! mkdir -p .holdfast 2>/dev/null || ! [ -w .holdfast ]; then
    holdfast_say "cannot write to $HOLDFAST_ROOT: the set-up has to be run by its owner"
    return 3
  fi
  if command -v flock >/dev/null; then
    exec 9>.holdfast/setup.lock
    flock -n 9 || { holdfast_say 'another command is setting up: waiting for it'; flock 9; }
    "$@"
    local code=$?
    exec 9>&-
    return $code
  fi
  until ln -s $$ .holdfast/setup.lock.pid 2>/dev/null; do
    # A holder that was killed could not remove its lock.
    kill -0 "$(readlink .holdfast/setup.lock.pid)" 2>/dev/null || rm -f .holdfast/setup.lock.pid
    sleep 0.2
  done
  "$@"
  local code=$?
  rm -f .holdfast/setup.lock.pid
  return $code
}

# Leaves the working folder as it was.
holdfast_setup() {
  HOLDFAST_ROOT=$1
  pushd "$HOLDFAST_ROOT" >/dev/null || return
  local code=0
  holdfast_ready || holdfast_locked holdfast_make_ready || code=$?
  popd >/dev/null || return
  return $code
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -uo pipefail
  holdfast_setup "$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
fi
