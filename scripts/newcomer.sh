#!/usr/bin/env bash
# What a newcomer does, who has nothing but README.md: a fresh clone, an empty home, no caches; then the two
# commands of the page and all that it shows, and the same for the other documents. See --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source=$PWD

usage() {
  cat <<'EOT'
Does with a fresh clone of this project what README.md tells a newcomer to do,
and checks what it promises.

usage: scripts/newcomer.sh [--in DIR] [--programs DIR] [--step NAME]...
                           [-- ARGUMENTS OF cargo test]

  --in DIR     work there and leave it (default: a new folder, removed at the
               end); steps of one folder may be taken one at a time
  --programs DIR
               take the programs there for the tour, and build nothing
  --step NAME  this step alone (may be given again):
                 clone  the last commit, into DIR/ordertrail
                 build  what ./start.sh would build, so that a later tour begins
                        at once
                 tour   every command of README.md and of the documents, and
                        what they show
                 test   cargo test

About 7 minutes of building and 3 of running, then the tests. Ports 9092, 9464,
5000 and 3001, 3002 must be free. The toolchain, Java and Maven are those of
this machine; the registry's crates and Kafka are fetched anew.

exit codes: 0 all is as the page says, 1 something is not, 2 usage
EOT
}

dir='' steps='' programs=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0 ;;
    --in)
      dir=${2:?--in needs a folder}
      shift ;;
    --programs)
      programs=$(cd "${2:?--programs needs a folder}" && pwd)
      shift ;;
    --step)
      case ${2:-} in
        clone | build | tour | test) steps="$steps $2" ;;
        *)
          echo "--step takes clone, build, tour or test" >&2
          exit 2 ;;
      esac
      shift ;;
    --)
      shift
      break ;;
    *)
      echo "newcomer.sh does not know '$1': see --help" >&2
      exit 2 ;;
  esac
  shift
done
if [ -z "$steps" ]; then
  steps='clone build tour test'
  [ -z "$programs" ] || steps='clone tour test'
fi

keep=$dir
[ -n "$dir" ] || dir=$(mktemp -d "${TMPDIR:-/tmp}/newcomer.XXXXXX")
mkdir -p "$dir/home" "$dir/bin"
dir=$(cd "$dir" && pwd)
house=$dir/ordertrail

given=()
[ -z "$programs" ] || given=(ORDERTRAIL_BIN_DIR="$programs")

# Nothing of this shell's world but where programs and certificates are.
clean() { # COMMAND...
  env -i HOME="$dir/home" PATH="$dir/bin:${programs:+$programs:}$above$PATH" LANG="${LANG:-C.UTF-8}" NO_COLOR=1 \
    RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" CARGO_HOME="$dir/home/.cargo" \
    MAVEN_OPTS="-Duser.home=$dir/home" ${JAVA_HOME:+JAVA_HOME="$JAVA_HOME"} \
    ${HTTPS_PROXY:+HTTPS_PROXY="$HTTPS_PROXY"} ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} \
    ${given[@]+"${given[@]}"} "$@"
}

end() {
  if [ -x "$house/stop.sh" ] && compgen -G "$house/*.pid" >/dev/null; then
    (cd "$house" && clean ./stop.sh >/dev/null) || echo "something still runs in $house" >&2
  fi
  [ -n "$keep" ] || rm -rf "$dir"
}
trap end EXIT

say() { printf '\n== newcomer: %s\n' "$*"; }

# The pages say once, at their top, where the programs are; a scene further down relies on it.
above=''

# The page shows what start.sh says where no Docker answers.
printf '#!/bin/sh\nexit 1\n' >"$dir/bin/docker"
chmod +x "$dir/bin/docker"

# The two commands of the page, without what is said about them.
# shellcheck disable=SC2016  # the backticks are Markdown
two_commands() {
  sed -n '/^## Two commands/,/^## /p' "$house/README.md" | sed -n '/^```sh/,/^```$/p' | sed -e '/^```/d' -e 's/ *#.*//'
}

step_clone() {
  say "a fresh clone of $(git rev-parse --short HEAD)"
  [ ! -e "$house" ] || {
    echo "$house is there already" >&2
    exit 2
  }
  git clone -q --no-local "$source" "$house"
}

step_build() {
  say "what ./start.sh builds"
  (cd "$house" && clean cargo build --release --locked --target-dir target)
}

step_tour() {
  local scene files
  [ "$(two_commands | tr '\n' ';')" = './start.sh;cargo test;' ] || {
    echo "README.md no longer has the two commands ./start.sh and cargo test" >&2
    exit 1
  }
  for scene in quick-start demo services; do
    files=()
    while IFS= read -r file; do files+=("$file"); done < <(scene_files "$scene")
    say "$scene, as ${files[*]} tell it"
    [ "$scene" != services ] || above=$house/target/release:
    (cd "$house" && clean python3 scripts/documents.py "$scene" "${files[@]}" && clean ./stop.sh --wipe --yes >/dev/null)
  done
}

# The documents that play a scene, in their order, as the tests have them.
scene_files() { # SCENE
  sed -n "s/.*play(\"$1\", &\[\(.*\)\]);/\1/p" "$house/tests/kafka/documents.rs" | tr -d '" ' | tr ',' '\n'
}

step_test() { # ARGUMENTS OF cargo test
  say "cargo test $*"
  (cd "$house" && clean cargo test "$@")
}

for step in $steps; do
  case $step in
    test) step_test "$@" ;;
    *) "step_$step" ;;
  esac
done
say "done:$steps"
