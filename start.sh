#!/usr/bin/env bash
# Starts ordertrail: a broker if there is none, the tracker, then the producer. See --help.
set -u
unset CDPATH

called_from=$PWD
self=${BASH_SOURCE[0]}
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=$(dirname "$self")/$link ;; esac
done
cd "$(dirname "$self")" || exit 1
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/ladder.sh
. scripts/ladder.sh
# shellcheck source=scripts/parts.sh
. scripts/parts.sh

usage() {
  cat <<'EOF'
Starts ordertrail and says what runs where. What already runs is left as it is.

usage: ./start.sh [demo|techshop|supply|travel|all] [options]

  demo           the producer sends an order every 2 s, the tracker keeps the
                 trail (the default)
  techshop       the shop: its topics, two process (one decides, one stands by),
                 analytics, notify, errors, its page, and twenty random orders
  supply         two services that exchange orders of material, one every 5 s
  travel         the travel requests: where each is, and one request's life
  all            all of these over one broker

options
  --broker HOW   auto      the first that works: $KAFKA_BOOTSTRAP_SERVERS, a
                           Kafka that answers on 127.0.0.1:9092, Docker, Kafka
                           as a child process (the default)
                 external  one that runs already; it is never stopped
                 docker    docker compose, and nothing else
                 local     Apache Kafka as a child process, its data in .broker/
  --foreground   stay, show what happens to orders, stop everything on Ctrl-C
  -h, --help     this text

environment
  KAFKA_BOOTSTRAP_SERVERS  host:port,... of a broker to use; where our own was
                           before, that one is started again
  KAFKA_HOME               an installed Kafka (4.0 or newer) for --broker local
  JAVA_HOME                the Java for it, 17 or newer
  ORDERTRAIL_BROKER_PORT   the port of our own broker instead of 9092
  ORDERTRAIL_CONFIG        a properties file that every program gets with -F
                           (TLS, SASL); it goes to no other broker than
                           KAFKA_BOOTSTRAP_SERVERS or its own
                           bootstrap.servers names
  ORDERTRAIL_BIN_DIR       run the programs in this folder and build nothing
  CARGO_TARGET_DIR         where the build goes (default target/)
  NO_COLOR                 no colours

files, beside this script
  tracker.events, tracker.log  the trail, and the tracker's health
  *.out, *.pid                 what each program printed, and its process number
  outbox/, *.state.json        what the shop wrote to its customers, and counted
  supply-data/                 the stores and the logs of the two services
  .broker/, .run/              Kafka and its data; what stop.sh needs to know

examples
  ./start.sh
  ./start.sh techshop
  ./start.sh supply
  ./start.sh travel
  ./start.sh --foreground
  KAFKA_BOOTSTRAP_SERVERS=kafka.example:9092 ./start.sh
  ORDERTRAIL_BROKER_PORT=19092 ./start.sh --broker local

exit codes: 0 all runs, 1 failed, 2 usage, 4 no broker to be had
EOF
}

# ---------------------------------------------------------------------------------------------
# Asked for what

# Sets what is to be known of a system, beside start_SYSTEM and hints_SYSTEM; fails when there is none of that name.
#   parts                   what runs of it
#   needed, helpful         the programs that this takes, and more that are built for who then looks on
#   asks                    the command that finds out whether a Kafka answers
#   up_words, up_where      what is said when it runs, before and behind the time that it took
#   followed, follow_words  the file that --foreground shows, and what that is
describe() { # SYSTEM
  local one every=''
  helpful='' asks='producer --count 0' up_where=''
  case $1 in
    demo)
      # The pages for whoever operates it ask the cluster with techshop's kafka-dashboard.
      parts='tracker producer' needed='producer tracker' helpful='log-monitor audit techshop'
      up_words='Running' up_where='   trail tracker.events, health tracker.log'
      followed=producer.out follow_words='Orders as they are sent' ;;
    techshop)
      parts='techshop-process techshop-process-2 techshop-analytics techshop-notify techshop-errors techshop-dashboard'
      needed=techshop asks='techshop produce --count 0'
      up_words='The shop is open'
      followed=techshop-process.out follow_words='What becomes of orders' ;;
    supply)
      parts='supply-dev-materiels supply-wagon-lits' needed='supply producer'
      up_words='The two services exchange orders'
      followed=supply-wagon-lits.out follow_words='What becomes of orders' ;;
    travel)
      parts=travel-consume needed=travel asks='travel produce --dry-run'
      up_words='A request has gone its way'
      followed=travel-consume.out follow_words='Events as they come' ;;
    all)
      for one in $systems; do
        describe "$one"
        every="$every${every:+ }$parts"
      done
      parts=$every needed='producer tracker techshop supply travel' helpful='log-monitor audit' asks='producer --count 0'
      up_words='All of it runs' up_where=''
      followed=producer.out follow_words='Orders as they are sent' ;;
    *) return 1 ;;
  esac
}

describe all
all_parts="broker $parts"

asked=auto system='' foreground=''
parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        usage
        exit 0 ;;
      --foreground) foreground=1 ;;
      --broker)
        [ $# -ge 2 ] || fail 2 "--broker needs auto, external, docker or local"
        asked=$2
        shift ;;
      --broker=*) asked=${1#*=} ;;
      *)
        describe "$1" || fail 2 "start.sh does not know '$1'" "see ./start.sh --help"
        [ -z "$system" ] || fail 2 "one system at a time, not $system and $1"
        system=$1 ;;
    esac
    shift
  done
  case $asked in
    auto | external | docker | local) ;;
    *) fail 2 "--broker takes auto, external, docker or local, not '$asked'" ;;
  esac
  describe "${system:=demo}"
  # shellcheck disable=SC2086 # names without blanks
  widen_for $parts
}

absolute() { # PATH, as seen from where the caller stood
  case $1 in /*) echo "$1" ;; *) echo "$called_from/$1" ;; esac
}

settle_paths() {
  want_port=${ORDERTRAIL_BROKER_PORT:-9092}
  case $want_port in
    *[!0-9]* | '' | ??????*) fail 2 "ORDERTRAIL_BROKER_PORT takes a port number, not '$want_port'" ;;
  esac
  if [ -n "${KAFKA_HOME:-}" ]; then
    KAFKA_HOME=$(absolute "$KAFKA_HOME")
    export KAFKA_HOME
  fi
  client_args=()
  if [ -n "${ORDERTRAIL_CONFIG:-}" ]; then
    ORDERTRAIL_CONFIG=$(absolute "$ORDERTRAIL_CONFIG")
    [ -r "$ORDERTRAIL_CONFIG" ] || fail 2 "cannot read $ORDERTRAIL_CONFIG (ORDERTRAIL_CONFIG)"
    client_args=(-F "$ORDERTRAIL_CONFIG")
  fi
  settle_given
  target=target
  [ -z "${CARGO_TARGET_DIR:-}" ] || target=$(absolute "$CARGO_TARGET_DIR")
  bin=$target/release
  [ -z "${ORDERTRAIL_BIN_DIR:-}" ] || bin=$(absolute "$ORDERTRAIL_BIN_DIR")
}

# Sets given to the brokers that were named, and given_by to what named them. What ORDERTRAIL_CONFIG holds may be a
# password, and whoever is quick can listen on a port of this machine: so it goes only where somebody said.
settle_given() {
  given=${KAFKA_BOOTSTRAP_SERVERS:-} given_by=KAFKA_BOOTSTRAP_SERVERS
  [ -n "${ORDERTRAIL_CONFIG:-}" ] || return 0
  case $asked in
    docker | local)
      fail 2 "ORDERTRAIL_CONFIG is for a broker that you name, and --broker $asked starts one that has no users" \
        "leave one of the two away: env -u ORDERTRAIL_CONFIG ./start.sh --broker $asked" ;;
  esac
  [ -z "$given" ] || return 0
  # As the programs read it: the last one counts, blanks around name and value do not.
  given=$(sed -n 's/^[[:space:]]*bootstrap\.servers[[:space:]]*=[[:space:]]*//p' "$ORDERTRAIL_CONFIG" |
    sed -n '$s/[[:space:]]*$//p')
  given_by="bootstrap.servers of $ORDERTRAIL_CONFIG"
  [ -n "$given" ] ||
    fail 2 "$ORDERTRAIL_CONFIG (ORDERTRAIL_CONFIG) names no broker, and what it holds is sent to none that nobody named" \
      "add a line bootstrap.servers=host:9092 to it, or: KAFKA_BOOTSTRAP_SERVERS=host:9092 ./start.sh"
}

# ---------------------------------------------------------------------------------------------
# When it is cut short, or a part dies

# All work is done by a second shell, the worker, and this one only waits for it. A trap that runs
# while a shell is inside $(...) can break it (bash 5.2), so signals go to one that never is.

# Runs something that may take minutes in a group of its own, so that it can be ended with us.
in_group() { # OUTPUT-FILE COMMAND...
  local out=$1 code
  shift
  make_room "$out"
  set -mC
  "$@" >"$out" 2>&1 </dev/null &
  spawned=$!
  set +mC
  look_at "$spawned" && echo "$spawned $p_birth" | write_anew .run/group
  wait "$spawned"
  code=$?
  rm -f .run/group
  return "$code"
}

# Whatever the worker left undone.
clean_up() {
  local line
  if [ -f .run/group ] && read -r line <.run/group && same_process "${line%% *}" "${line#* }"; then
    kill -TERM -- "-${line%% *}" 2>/dev/null
  fi
  rm -f .run/group
  unlock "$worker"
}

cut_short() { # CODE
  trap '' INT TERM HUP
  kill -TERM "$worker" 2>/dev/null
  wait "$worker" 2>/dev/null
  clean_up
  fail "$1" "stopped before all was started" "$(what_is_up)"
}

what_is_up() {
  local name up=''
  for name in $all_parts; do
    find_child "$name"
    [ -z "$child_pid" ] || up="$up${up:+, }$name (pid $child_pid)"
  done
  if [ -n "$up" ]; then
    echo "still running: $up. ./start.sh goes on from there, ./stop.sh ends it"
  else
    echo "nothing is left running"
  fi
}

died() { # NAME
  local lines code=''
  wait "$spawned" 2>/dev/null
  code=$?
  lines=$(grep -v '^ *$' "$1.out" | tail -n 8)
  forget "$1"
  # Kafka tells why in its log, and often nowhere else.
  if [ "$1" = broker ] && [ -z "$lines" ]; then
    lines=$(tail -n 8 .broker/data/kafka.log 2>/dev/null)
  fi
  fail 1 "the $1 ended while it started (exit $code). Its last words, from $1.out:" \
    "${lines:-(none)}" "$(what_is_up)"
}

# ---------------------------------------------------------------------------------------------
# What runs, and what to try next

already_running() {
  local name words oldest
  address=$(recall .run/broker address)
  case $(recall .run/broker kind) in
    local) words="pid $broker_pid, on $address" ;;
    docker) words="in Docker, on $address" ;;
    *) words="at $address, not started by us" ;;
  esac
  find_child "${parts##* }"
  oldest=$child_since
  echo "Already running for $(since "$oldest"); nothing was changed."
  echo
  tell broker "$words"
  for name in $parts; do
    find_child "$name"
    tell "$(short_name "$name")" "pid $child_pid"
  done
  hints
}

asked_for_another() {
  local now want
  now=$(recall .run/broker address)
  [ -n "$now" ] || return 1
  want=$given
  case $asked in docker | local) want='' ;; esac
  [ -n "$want" ] && [ "${want//localhost/127.0.0.1}" != "${now//localhost/127.0.0.1}" ] || return 1
  fail 1 "it runs on the broker at $now, and $want is asked for" "first ./stop.sh"
}

hints() {
  local shown=$bin
  case $bin in /*) ;; *) shown=./$bin ;; esac
  echo
  # What follows of supply is curl, which knows where.
  [ "$system" = supply ] || export_hint
  "hints_$system" "$shown"
}

is_up() { printf '\n%s\n' "${green}●${plain} $up_words after $(took "$began")$up_where"; }

# A table of what to try, each with what that is for.
try_this() { # [COMMAND PURPOSE]...
  local width=0 word is_purpose=''
  for word; do
    if [ -n "$is_purpose" ]; then
      is_purpose=''
    else
      is_purpose=1
      [ ${#word} -le "$width" ] || width=${#word}
    fi
  done
  printf "  %-${width}s   %s\n" "$@"
}

# The default of every program needs no word.
export_hint() {
  case $address in
    127.0.0.1:9092 | localhost:9092) ;;
    *) printf '  %s\n' "export KAFKA_BOOTSTRAP_SERVERS=$address" ;;
  esac
}

hints_demo() { # FOLDER-OF-THE-PROGRAMS
  local page all=()
  [ ! -x "$bin/log-monitor" ] || all+=("$1/log-monitor" "watch it live")
  all+=("tail -f tracker.events | jq ." "the trail itself")
  page=$(tracker_page)
  [ -z "$page" ] || all+=("$page" "the same in a browser; /metrics for Prometheus")
  [ ! -x "$bin/audit" ] || all+=("$1/audit verify" "prove that nothing is missing")
  try_this "${all[@]}" "./stop.sh" "stop everything"
}

hints_techshop() { # FOLDER-OF-THE-PROGRAMS
  local page all=()
  page=$(shop_page)
  [ -z "$page" ] || all=("$page" "the shop, live")
  all+=("$1/techshop produce --count 50" "send fifty random orders"
    "tail -f techshop-process.out" "what becomes of each"
    "$1/techshop stock" "what is left"
    "$1/techshop restock P002 20" "bring more"
    "$1/techshop analytics --once" "revenue, regions, products"
    "$1/techshop kafka-dashboard" "topics, groups and their lag"
    "ls outbox" "mails to customers")
  try_this "${all[@]}" "./stop.sh" "stop everything"
}

hints_supply() { # FOLDER-OF-THE-PROGRAMS
  local wagon dev
  wagon=$(service_address supply-wagon-lits.out) dev=$(service_address supply-dev-materiels.out)
  try_this "tail -f supply-wagon-lits.out" "orders, and what becomes of each" \
    "curl http://$wagon/wagon-list/commands/trigger" "one order now, with its receipt" \
    "curl http://$wagon/wagon-list/orders" "all orders" \
    "curl http://$dev/dev-materiels/orders" "the same, over there" \
    "curl http://$wagon/readyz" "how the roads are" \
    "./stop.sh" "stop everything"
}

hints_travel() { # FOLDER-OF-THE-PROGRAMS
  try_this "$1/travel consume" "every request, live" \
    "$1/travel show ${travel_id:-DV-2025-003}" "one request's history" \
    "$1/travel produce" "another request" \
    "$1/travel list" "where each of them is" \
    "$1/travel states" "what is allowed when" \
    "tail -f travel-consume.out" "each event as it comes" \
    "./stop.sh" "stop everything"
}

# Of each system the first things to look at: more is told when it is started alone.
hints_all() { # FOLDER-OF-THE-PROGRAMS
  local page all=()
  page=$(tracker_page)
  [ -z "$page" ] || all=("$page" "demo: the trail, live")
  [ ! -x "$bin/log-monitor" ] || all+=("$1/log-monitor" "demo: the same in the terminal")
  [ ! -x "$bin/audit" ] || all+=("$1/audit verify" "demo: prove that nothing is missing")
  page=$(shop_page)
  [ -z "$page" ] || all+=("$page" "techshop: the shop, live")
  try_this ${all[@]+"${all[@]}"} "$1/techshop produce --count 50" "techshop: send fifty random orders" \
    "curl http://$(service_address supply-wagon-lits.out)/wagon-list/orders" "supply: all orders" \
    "$1/travel consume" "travel: every request, live" \
    "$1/travel show ${travel_id:-DV-2025-003}" "travel: one request's history" \
    "./stop.sh" "stop everything"
}

any_part_noted() {
  local name
  for name in $parts; do
    [ ! -f "$name.pid" ] || return 0
  done
  return 1
}

# Shows the orders, and says when a part ends; ends itself when stop.sh was here, or we are gone.
watch_parts() { # PID-OF-WHO-SHOWS-THE-ORDERS
  local name shown_dead=''
  while kill -0 "$$" 2>/dev/null && any_part_noted; do
    for name in broker $parts; do
      find_child "$name"
      if [ -z "$child_pid" ] && [ -f "$name.pid" ]; then
        ! lock_holder || continue # a stop.sh or start.sh is just at it
        case $shown_dead in *" $name "*) continue ;; esac
        shown_dead="$shown_dead $name "
        warn "the $name has ended: see $name.out; ./start.sh $system in another terminal starts it again"
      else
        shown_dead=${shown_dead/ $name /}
      fi
    done
    sleep 1
  done
  kill "$1" 2>/dev/null
}

follow() {
  local leaving='' watcher orders
  echo
  echo "$follow_words; Ctrl-C stops everything."
  trap 'leaving=1' INT TERM HUP
  tail -n 0 -F "$followed" 2>/dev/null &
  orders=$!
  watch_parts "$orders" &
  watcher=$!
  wait "$watcher"
  trap '' INT TERM HUP
  if [ -z "$leaving" ]; then
    echo "Stopped by ./stop.sh."
    exit 0
  fi
  kill "$orders" "$watcher" 2>/dev/null
  wait "$orders" "$watcher" 2>/dev/null
  echo
  trap - INT TERM # but a closing terminal says HUP twice, and stop.sh must not die of it
  exec ./stop.sh
}

wait_for_other() { echo "another $holder_who.sh is at work (pid $holder_pid): waiting for it"; }

broker_lives() {
  case $(recall .run/broker kind) in
    local) [ -n "$broker_pid" ] ;;
    docker) port_taken "$(recall .run/broker port)" ;;
    *) [ -f .run/broker ] ;;
  esac
}

# Sets broker_pid to that of a broker of ours, up to all that already runs, missing to what of the system does not; and
# drops what is stale.
look_around() {
  local name
  up='' missing=''
  for name in $all_parts; do
    find_child "$name"
    [ -z "$stranger" ] ||
      warn "$name.pid named process $stranger, which is not ours: left alone, the file is dropped"
    if [ -z "$child_pid" ]; then
      [ ! -f ".run/$name.proc" ] ||
        warn "the $name had ended by itself; what it printed last is in .run/$name.last.out"
      forget "$name"
      case " $parts " in *" $name "*) missing="$missing $name" ;; esac
    fi
    up=$up$child_pid
    [ "$name" != broker ] || broker_pid=$child_pid
  done
}

# Starts a part by a command, unless it still runs.
start_part() { # NAME COMMAND...
  local name=$1
  shift
  find_child "$name"
  if [ -z "$child_pid" ]; then "$@"; else tell "$(short_name "$name")" "pid $child_pid, still running"; fi
}

start_demo() {
  tell topic "${TOPIC_PREFIX:-}orders$(probe_topic)"
  start_part tracker tracker
  start_part producer producer
}

start_techshop() {
  local name is_open=''
  for name in $parts; do
    find_child "$name"
    is_open=$is_open$child_pid
  done
  shop_topics
  for name in $parts; do start_part "$name" shop_service "${name#techshop-}"; done
  # A part that is started again brings no orders of its own.
  [ -n "$is_open" ] || shop_orders
}

start_supply() {
  local name
  supply_ports
  for name in $parts; do start_part "$name" supply_service "${name#supply-}"; done
}

start_travel() {
  start_part travel-consume travel_consume
  travel_produce
}

start_all() {
  local one
  for one in $systems; do
    describe "$one"
    "start_$one"
  done
  describe all
}

work() {
  local version=''
  trap '' PIPE TTOU # nobody reads on, or may write: what was asked is still done
  lock start wait_for_other
  look_around
  # One in Docker may be all that was kept, and none of the programs' processes.
  if [ -n "$up" ] || { [ "$(recall .run/broker kind)" = docker ] && broker_lives; }; then asked_for_another; fi
  if [ -z "$missing" ] && broker_lives; then
    already_running
    return
  fi
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml 2>/dev/null | head -n 1)
  printf 'ordertrail%s, %s\n\n' "${version:+ $version}" "$system" 2>/dev/null
  if [ ! -f .run/broker ] || [ -z "$up" ]; then
    know_our_own
    check_hope
  fi
  build
  broker
  "start_$system"
  {
    is_up
    hints
  } 2>/dev/null
}

parse "$@"
settle_paths
began=$(now_ms)
trap 'cut_short 130' INT
trap 'cut_short 143' TERM HUP
set -m # so that Ctrl-C reaches this shell alone
work &
worker=$!
set +m
wait "$worker" 2>/dev/null
code=$?
trap '' INT TERM HUP
clean_up
if [ "$code" -ge 128 ]; then fail "$code" "stopped before all was started" "$(what_is_up)"; fi
if [ "$code" != 0 ] || [ -z "$foreground" ]; then exit "$code"; fi
follow
