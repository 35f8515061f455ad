#!/usr/bin/env bash
# All tests: sets up what they need, then unit, synthesis, snapshot and image tests, and last the lab's, which have the machine to themselves.
# Arguments are passed on to jest (for example a path), and then only one round is run. Ends with one line: passed, failed, skipped.
set -uo pipefail
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

# shellcheck source=scripts/setup.sh
. scripts/setup.sh
holdfast_setup "$root" || exit
export PATH="$root/node_modules/.bin:$PATH"

# The lab's tools and a browser for the report's page; where they can't be installed, the tests that need them say so and are skipped.
if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  bash scripts/host-packages.sh --chromium || exit
fi

if [ $# -gt 0 ]; then
  exec jest "$@"
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0
echo "holdfast: jest (everything but the lab)" >&2
jest --testPathIgnorePatterns '/node_modules/' '<rootDir>/test/running-lab/' --json --outputFile "$results/quick.json" || status=1
echo "holdfast: jest (the lab)" >&2
jest --runInBand test/running-lab --json --outputFile "$results/lab.json" || status=1

node scripts/summarize.mjs "$results/quick.json" "$results/lab.json" || status=1
exit $status
