#!/usr/bin/env bash
# Checks every synthesized template with cfn-lint. Usage: scripts/cfn-lint.sh [cloud assembly, default cdk.out]
# Exit code: 0 no finding, 2 nothing to check, otherwise cfn-lint's. The first time, cfn-lint is installed from PyPI into the user's cache; after that it works offline.
set -euo pipefail

readonly VERSION=1.58.0
assembly=${1:-cdk.out}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/holdfast/cfn-lint-$VERSION

# Rules that are off, each with its reason:
ignored=(
  W3005 # a DependsOn that a reference implies already: CDK writes both, and CloudFormation minds neither
)

templates=()
if [[ -d $assembly ]]; then
  mapfile -d '' templates < <(find "$assembly" -name '*.template.json' -print0 | sort -z)
fi
if [[ ${#templates[@]} -eq 0 ]]; then
  echo "no templates in $assembly: run \`npx cdk synth -q\` first" >&2
  exit 2
fi

if [[ ! -e $cache/complete ]]; then
  echo "installing cfn-lint $VERSION into $cache" >&2
  python3 -m venv --clear "$cache"
  "$cache/bin/pip" install --quiet --disable-pip-version-check "cfn-lint==$VERSION"
  touch "$cache/complete"
fi

echo "cfn-lint $VERSION: ${#templates[@]} templates, without ${ignored[*]}"
exec "$cache/bin/cfn-lint" --ignore-checks "${ignored[@]}" --template "${templates[@]}"
