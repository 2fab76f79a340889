#!/usr/bin/env bash
# Critics that Rust does not bring along. Each is one word, several may be given:
#
#   .ci/critics.sh spelling        words of all texts, code included; ours are in typos.toml
#   .ci/critics.sh dependencies    crates that Cargo.toml names and nothing uses
#   .ci/critics.sh licences        licences and origins of all crates, against deny.toml
#   .ci/critics.sh advisories      known weaknesses of all crates; fetches the list of them, so not in .ci/run; CI asks apart
#
# The programs come prebuilt, by pip and known by their digests, into an environment in the target folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wanted=.ci/critics.txt
home="${CARGO_TARGET_DIR:-target}/critics-$(cksum <"$wanted" | cut -d ' ' -f 1)"

fetch() {
  [ -e "$home/all-there" ] && return
  python3 -m venv --clear "$home" || {
    echo "no python3 that can make an environment: install Python 3 with venv (python3-venv)" >&2
    return 1
  }
  # A package index that is busy may answer the next time.
  for attempt in 1 2 3; do
    if "$home/bin/python3" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
      --require-hashes -r "$wanted"; then
      touch "$home/all-there"
      return
    fi
    echo "pip did not bring all of $wanted (attempt $attempt of 3)" >&2
    sleep 5
  done
  return 1
}

fetch
[ $# -gt 0 ] || set -- spelling dependencies licences
for critic in "$@"; do
  case "$critic" in
    spelling) "$home/bin/typos" --config typos.toml ;;
    dependencies) "$home/bin/cargo-shear" --locked ;;
    licences) "$home/bin/cargo-deny" --locked check --hide-inclusion-graph licenses bans sources ;;
    advisories) "$home/bin/cargo-deny" --locked check --hide-inclusion-graph advisories ;;
    *)
      echo "no critic is called $critic; there are spelling, dependencies, licences and advisories" >&2
      exit 2
      ;;
  esac
done
