# shellcheck shell=bash disable=SC2034,SC2154  # start.sh and this file share variables
# How start.sh comes by a broker. It goes down a ladder and stops at the first that answers: an
# address it is given, a Kafka already on our port, Docker, Kafka as a child process. Each rung that
# does not hold says why. Sourced by start.sh after lib.sh.
#
# Set by the caller: bin (folder of the programs), needed (those that are), asks (the command that asks a broker), asked
# (auto, external, docker or local), want_port, client_args, given and given_by. Set here: address, kind and note, also
# kept in .run/broker, and of a broker of ours in .run/own, which outlives its end.

tried=''
missing_hint=''

rung() { # NAME WHAT-CAME-OF-IT
  tried="$tried$(printf '%*s%-25s %s' $((name_columns + 3)) '' "$1" "$2")
"
}

# Several addresses may be listed and one that answers is enough; this only asks for an open door.
door_open() { # HOST PORT
  # shellcheck disable=SC2016  # the inner bash expands them
  within 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null
}

any_door_open() { # HOST:PORT,...
  local rest=$1, one host port
  while [ -n "$rest" ]; do
    one=${rest%%,*} rest=${rest#*,}
    one=${one##*://} one=${one// /}
    host=${one%:*} port=${one##*:}
    case $port in *[!0-9]* | '') port=9092 host=$one ;; esac
    host=${host#[} host=${host%]}
    [ -z "$host" ] || ! door_open "$host" "$port" || return 0
  done
  return 1
}

next_free_port() { # FROM
  local p=$1
  while port_taken "$p"; do p=$((p + 1)); done
  echo "$p"
}

# Does a Kafka really answer at $1? Makes the topic on the way. The words of the program that asked
# are kept for the reason.
probe() { # ADDRESS
  make_room .run/probe.out
  # shellcheck disable=SC2086 # words without blanks
  within 30 "$bin"/$asks --connect-timeout 5s -b "$1" ${client_args[@]+"${client_args[@]}"} \
    >.run/probe.out 2>&1 </dev/null
}

# Why it did not: the last line, and of "no broker at X (reason): do this" only the reason.
probe_words() {
  grep -v -e '^sent=' -e '^$' .run/probe.out | tail -n 1 | cut -c 1-300 |
    sed 's/^no broker at [^ ]* (\(.*\)): .*$/\1/'
}

# What it says of the topic, such as "3 partitions, made".
probe_topic() {
  sed -n 's/^sending to .* at .* (\([0-9]* partition.*\))$/, \1/p' .run/probe.out | tail -n 1
}

# ---------------------------------------------------------------------------------------------
# Which rungs can hold at all; asked before the build, so that hopeless cases end in seconds

docker_state='' docker_words=''
look_for_docker() {
  [ -z "$docker_state" ] || return 0
  docker_state=no
  if ! command -v docker >/dev/null 2>&1; then
    docker_words="not installed"
  elif ! within 5 docker info >/dev/null 2>&1; then
    docker_words="no engine answers (docker info)"
  elif ! within 5 docker compose version >/dev/null 2>&1; then
    docker_words="the engine answers, but there is no compose plugin"
  else
    docker_state=yes
  fi
}

local_state='' local_words=''
look_for_local() {
  [ -z "$local_state" ] || return 0
  if local_words=$(broker/local.sh check 2>&1); then
    local_state=yes
  else
    local_state=no
    missing_hint=$(printf '%s\n' "$local_words" | sed -n 2p)
    local_words=$(printf '%s\n' "$local_words" | sed -n 1p)
  fi
}

no_broker() { # TEXT...
  [ -z "$tried" ] || printf '%-*s %s\n%s' "$name_columns" broker "tried in this order" "$tried" >&2
  fail 4 "$@"
}

# A shell goes on exporting the address of our own broker, as the pages say, when stop.sh has ended it. Who names it and
# finds nobody there means that broker: it is started again where it was, as what it was.
own_kind=''
know_our_own() {
  [ "$asked" = auto ] && [ -n "$given" ] && [ -z "${ORDERTRAIL_CONFIG:-}" ] || return 0
  [ "${given//localhost/127.0.0.1}" = "$(recall .run/own address)" ] && ! port_taken "${given##*:}" || return 0
  own_kind=$(recall .run/own kind) want_port=${given##*:}
}

# Ends with exit 4 when nothing can come of it.
check_hope() {
  case $asked in
    auto | external)
      if [ -n "$given" ] && [ -z "$own_kind" ]; then
        [ -x "$bin/${needed%% *}" ] || any_door_open "$given" || no_answer "$given" "nothing listens there"
        return 0
      fi ;;
  esac
  ! port_taken "$want_port" || return 0
  case $asked in
    external) no_external ;;
    docker) look_for_docker; [ "$docker_state" = yes ] || give_up ;;
    local) look_for_local; [ "$local_state" = yes ] || give_up ;;
    auto)
      [ "$own_kind" = local ] || look_for_docker
      [ "$docker_state" = yes ] || look_for_local
      [ "$docker_state" = yes ] || [ "$local_state" = yes ] || give_up ;;
  esac
}

no_answer() { # ADDRESS WHY
  local variable=KAFKA_BOOTSTRAP_SERVERS
  case $given_by in bootstrap.servers*) variable=ORDERTRAIL_CONFIG ;; esac
  no_broker "no Kafka answers at $1: $2" \
    "$given_by names it. Start that broker, correct the address," \
    "or run without: env -u $variable ./start.sh"
}

no_external() {
  no_broker "no Kafka answers on 127.0.0.1:$want_port, and KAFKA_BOOTSTRAP_SERVERS is not set" \
    "name yours: KAFKA_BOOTSTRAP_SERVERS=host:9092 ./start.sh"
}

give_up() {
  tried=''
  [ "$asked" != auto ] || rung KAFKA_BOOTSTRAP_SERVERS "$(given_words)"
  rung "127.0.0.1:$want_port" "${port_words:-nothing listens there}"
  [ "$asked" = local ] || [ "$own_kind" = local ] || rung docker "$docker_words"
  [ "$asked" = docker ] || rung local "$local_words"
  if [ "$asked" = docker ]; then missing_hint="start Docker, or leave --broker docker away"; fi
  no_broker "no broker. Either: ${missing_hint:-see above}" \
    "or use your own: KAFKA_BOOTSTRAP_SERVERS=host:9092 ./start.sh"
}

# What the first rung says when it does not hold.
given_words() {
  if [ -n "$own_kind" ]; then echo "$given, our own broker, which is stopped"; else echo "not set"; fi
}

# ---------------------------------------------------------------------------------------------
# The ladder itself

keep_choice() { # KIND ADDRESS NOTE
  local file files=.run/broker
  kind=$1 address=$2 note=$3
  case $kind in local | docker) files='.run/own .run/broker' ;; esac
  for file in $files; do
    printf 'kind=%s\naddress=%s\nport=%s\n' "$kind" "$address" "${address##*:}" | write_anew "$file.new"
    mv "$file.new" "$file"
  done
}

choose_broker() {
  local port=$want_port code
  tried='' port_words=''
  if [ "$asked" = auto ] || [ "$asked" = external ]; then
    if [ -n "$given" ] && [ -z "$own_kind" ]; then
      use_given
      return 0
    fi
    rung KAFKA_BOOTSTRAP_SERVERS "$(given_words)"
  fi
  if port_taken "$port"; then
    probe "127.0.0.1:$port"
    code=$?
    if [ "$code" = 0 ]; then
      rung "127.0.0.1:$port" "taken: a Kafka answers there already; ./stop.sh will leave it alone"
      keep_choice external "127.0.0.1:$port" "answers on 127.0.0.1:$port, not started by us"
      return 0
    fi
    case $code in
      4 | 124) port_words="held by something that is no Kafka" ;;
      *) port_words="held: $(probe_words)" ;;
    esac
    port=$(next_free_port $((port + 1)))
    [ "$asked" = external ] || port_words="$port_words; $port instead"
    rung "127.0.0.1:$want_port" "$port_words"
  else
    rung "127.0.0.1:$port" "nothing listens there"
  fi
  [ "$asked" != external ] || no_external
  if [ "$asked" != local ] && [ "$own_kind" != local ] && use_docker "$port"; then return 0; fi
  if [ "$asked" != docker ] && use_local "$port"; then return 0; fi
  give_up
}

use_given() {
  local code
  doing broker "asking $given"
  probe "$given"
  code=$?
  case $code in
    0) ;;
    1 | 2) fail 1 "the broker at $given cannot be used:" "$(probe_words)" ;;
    *) no_answer "$given" "$(probe_words)" ;;
  esac
  rung "${given_by%% of *}" "taken: $given"
  keep_choice external "$given" "answers, not started by us"
}

compose() { # PORT ARGUMENTS...
  local port=$1
  shift
  ORDERTRAIL_BROKER_PORT=$port docker compose -f docker-compose.yaml "$@"
}

use_docker() { # PORT
  local before fresh=''
  look_for_docker
  if [ "$docker_state" != yes ]; then
    rung docker "$docker_words"
    return 1
  fi
  doing broker "docker compose up (the first time it fetches the image)"
  before=$(compose "$1" ps -q kafka 2>/dev/null)
  # Noted first: whatever happens from here on, stop.sh knows what it may have to stop.
  keep_choice docker "127.0.0.1:$1" "answers on 127.0.0.1:$1, data in a Docker volume"
  [ -f .run/docker ] || fresh=1
  : | write_anew .run/docker
  if in_group .run/docker.out compose "$1" up -d --wait && probe "127.0.0.1:$1"; then
    rung docker "taken: apache/kafka, docker compose"
    return 0
  fi
  docker_state=no
  docker_words="docker compose up: $(grep -v '^ *$' .run/docker.out | tail -n 1 | cut -c 1-160)"
  rung docker "$docker_words"
  [ -n "$before" ] || compose "$1" down >/dev/null 2>&1
  [ -z "$fresh" ] || rm -f .run/docker
  rm -f .run/broker
  return 1
}

use_local() { # PORT
  look_for_local
  if [ "$local_state" != yes ]; then
    rung local "$local_words"
    return 1
  fi
  case $local_words in
    *'to be fetched'*)
      doing broker "fetching Apache Kafka, 44 MB, this once"
      refuse_foreign .broker
      if ! in_group .run/jars.out broker/local.sh jars .broker/jars; then
        local_state=no local_words=$(head -n 1 .run/jars.out | cut -c 1-200)
        missing_hint=$(tail -n 1 .run/jars.out | cut -c 1-200)
        rung local "$local_words"
        return 1
      fi ;;
  esac
  rung local "taken: ${local_words%; to be fetched*}"
  keep_choice local "127.0.0.1:$1" "answers on 127.0.0.1:$1, data in .broker/"
  start_local "$1"
}

# Starts Kafka as our child and waits until it answers; ends start.sh when it does not.
start_local() { # PORT
  local tenths=900
  doing broker "starting Kafka on 127.0.0.1:$1"
  refuse_foreign .broker
  mkdir -p .broker
  spawn broker broker/local.sh start --data .broker/data --port "$1"
  while [ "$tenths" -gt 0 ]; do
    look_at "$spawned" || died broker
    if port_taken "$1" && probe "127.0.0.1:$1"; then return 0; fi
    sleep 0.1
    tenths=$((tenths - 1))
  done
  fail 1 "Kafka (pid $spawned) runs but does not answer on 127.0.0.1:$1" \
    "its log is .broker/data/kafka.log; ./stop.sh ends it"
}
