#!/usr/bin/env bash
# Stops what start.sh started, in the order that loses nothing. See --help.
set -u
unset CDPATH

self=${BASH_SOURCE[0]}
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=$(dirname "$self")/$link ;; esac
done
cd "$(dirname "$self")" || exit 1
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

usage() {
  cat <<'EOF'
Stops what start.sh started: the producer first (its last orders are delivered),
then the tracker (it writes down what is still to be read), the other systems'
services, the broker last. Nothing else is ever touched: a process that start.sh
did not start, a broker that was there before.

usage: ./stop.sh [--keep-broker] [--wipe [--yes]]

options
  --keep-broker  leave our broker running
  --wipe         then delete the broker's data, the trail, what the shop, supply
                 and travel keep, and what the programs printed; asks about each
  --yes          with --wipe: delete without asking
  -h, --help     this text

Each part has 20 s to end by itself, then it is ended by force. Ctrl-C while it
waits: by force now. Data is kept unless --wipe is given, and the next
./start.sh goes on from it.

examples
  ./stop.sh
  ./stop.sh --keep-broker
  ./stop.sh --wipe --yes

exit codes: 0 all is stopped, 1 something would not stop, 2 usage
EOF
}

keep_broker='' wipe='' yes=''
parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        usage
        exit 0 ;;
      --keep-broker) keep_broker=1 ;;
      --wipe) wipe=1 ;;
      --yes) yes=1 ;;
      *) fail 2 "stop.sh does not know '$1'" "see ./stop.sh --help" ;;
    esac
    shift
  done
  [ -z "$yes" ] || [ -n "$wipe" ] || fail 2 "--yes only answers what --wipe asks"
  if [ -n "$wipe" ] && [ -z "$yes" ] && [ ! -t 0 ]; then
    fail 2 "--wipe asks before it deletes, and there is no terminal to ask on" \
      "nothing was stopped or deleted; add --yes to delete without being asked"
  fi
}

# ---------------------------------------------------------------------------------------------
# The parts

stopped=0 left=0

# Stops the child called NAME, if it runs and is ours.
stop_child() { # NAME
  local start pid birth said=0 shown
  start=$(now_ms) shown=$(short_name "$1")
  find_child "$1"
  [ -z "$stranger" ] ||
    warn "$1.pid named process $stranger, which is not ours: left alone, the file is removed"
  pid=$child_pid
  if [ -z "$pid" ]; then
    forget "$1"
    return 0
  fi
  birth=$(recall ".run/$1.proc" birth)
  [ "$1" != tracker ] || [ ! -f tracker.log ] || said=$(wc -c <tracker.log)
  doing "$shown" "pid $pid, stopping"
  if ! end_process "$pid" "$birth"; then
    left=$((left + 1))
    warn "$1 (pid $pid) would not be stopped: it belongs to another user?"
    return 1
  fi
  if same_process "$pid" "$birth"; then
    left=$((left + 1))
    warn "$1 (pid $pid) is still there, even after SIGKILL"
    return 1
  fi
  stopped=$((stopped + 1))
  forget "$1"
  if [ "$how" = forced ]; then
    tell "$shown" "pid $pid, ended by force" "$start"
    warn "$1 did not end by itself in time and was killed (SIGKILL); its last words are in $1.out"
  else
    tell "$shown" "pid $pid, $(last_word "$1" "$said")" "$start"
  fi
}

# What a part that has ended says of itself.
last_word() { # NAME BYTES-OF-ITS-LOG-BEFORE
  local line='' lag
  case $1 in
    producer) tail -n 1 producer.out 2>/dev/null | grep '^sent=' || echo stopped ;;
    tracker)
      [ ! -f tracker.log ] ||
        line=$(tail -c "+$(($2 + 1))" tracker.log | grep '"event":"tracker.stopped"' | tail -n 1)
      lag=$(printf '%s\n' "$line" | sed -n 's/.*"lag":\([0-9]*\).*/\1/p')
      case $line:$lag in
        :*) echo stopped ;;
        *:0) echo "drained and synced; the trail is tracker.events" ;;
        *) echo "synced; the next start goes on where it stopped${lag:+ ($lag left)}" ;;
      esac ;;
    techshop-* | supply-*)
      line=$(said_itself "$1.out" 'service\.stopped' | tail -n 1 |
        sed -n 's/.*"message":"\([^"\\]*\)".*/\1/p')
      echo "${line:-stopped}" ;;
    broker) echo "stopped, data kept in .broker/" ;;
    *) echo stopped ;;
  esac
}

# Whatever else start.sh may have started: all that .run/ knows but the three with a fixed place. Who decides
# orders first, so that nothing new comes to the others; and before that who would take its place.
others() {
  local file name
  for name in techshop-process-2 techshop-process; do
    [ ! -f ".run/$name.proc" ] || echo "$name"
  done
  for file in .run/*.proc; do
    [ -f "$file" ] || continue
    name=${file##*/} name=${name%.proc}
    case $name in producer | tracker | broker | techshop-process | techshop-process-2) ;; *) echo "$name" ;; esac
  done
}

stop_broker() {
  local kind address start
  start=$(now_ms)
  kind=$(recall .run/broker kind) address=$(recall .run/broker address)
  if [ -n "$keep_broker" ] && { [ "$kind" = local ] || [ "$kind" = docker ]; }; then
    tell broker "kept, on $address"
    return 0
  fi
  case $kind in
    docker)
      doing broker "docker compose stop"
      if ! within 5 docker info >/dev/null 2>&1; then
        warn "no Docker engine answers any more, so its broker cannot be running"
      elif make_room .run/docker.out && ORDERTRAIL_BROKER_PORT=$(recall .run/broker port) \
        docker compose -f docker-compose.yaml stop >.run/docker.out 2>&1; then
        stopped=$((stopped + 1))
        tell broker "docker compose stopped, data kept in its volume" "$start"
      else
        left=$((left + 1))
        warn "docker compose stop failed:" "$(tail -n 3 .run/docker.out)"
        return 1
      fi ;;
    external) tell broker "at $address, was there before: left alone" ;;
  esac
  # Also when the note is lost: a Kafka that we started is ours to stop.
  stop_child broker || return 1
  rm -f .run/broker
}

# ---------------------------------------------------------------------------------------------
# --wipe

agreed() { # QUESTION
  local answer=''
  [ -z "$yes" ] || return 0
  printf '%s [y/N] ' "$1"
  read -r answer
  case $answer in y | Y | yes | YES | Yes) return 0 ;; *) return 1 ;; esac
}

wipe_broker() {
  local docker_data=''
  [ ! -f .run/docker ] || docker_data=1
  [ -z "$keep_broker" ] || return 0
  refuse_foreign .broker
  if [ -d .broker/data ]; then
    if agreed "Delete all messages of the local broker (.broker/data, $(du -sh .broker/data | cut -f 1))?"; then
      rm -rf .broker/data && tell wiped ".broker/data"
    fi
  fi
  if [ -n "$docker_data" ] && agreed "Delete all messages of the broker in Docker (its volume)?"; then
    make_room .run/docker.out
    if docker compose -f docker-compose.yaml down -v >.run/docker.out 2>&1; then
      rm -f .run/docker
      tell wiped "the Docker volume"
    else
      left=$((left + 1))
      warn "docker compose down -v failed:" "$(tail -n 3 .run/docker.out)"
    fi
  fi
}

wipe_trail() {
  local found='' file holder=''
  for file in tracker.events* tracker.log*; do
    [ ! -f "$file" ] || found="$found${found:+ }$file"
  done
  [ -n "$found" ] || return 0
  [ ! -f tracker.events.lock ] || holder=$(head -n 1 tracker.events.lock | tr -cd '0-9')
  if look_at "$holder"; then
    left=1
    warn "the trail is kept: process $holder, not started by start.sh, seems to write it" \
      "if that is no tracker, remove tracker.events.lock"
    return 0
  fi
  if agreed "Delete the trail, for good ($found)?"; then
    rm -f tracker.events* tracker.log*
    tell wiped "the trail"
  fi
}

wipe_shop() {
  local found='' file
  for file in analytics.state.json* dashboard.state.json* dashboard.token; do
    [ ! -f "$file" ] || found="$found${found:+ }$file"
  done
  if [ -n "$found" ] && agreed "Delete what the shop counted, and its token ($found)?"; then
    rm -f analytics.state.json* dashboard.state.json* dashboard.token
    tell wiped "what the shop counted"
  fi
  if [ -d outbox ] && agreed "Delete what the shop wrote to its customers (outbox/)?"; then
    rm -rf outbox && tell wiped "outbox"
  fi
}

wipe_supply() {
  if [ -d supply-data ] && agreed "Delete the orders of supply, and its logs (supply-data/)?"; then
    rm -rf supply-data && tell wiped "supply-data"
  fi
}

# travel consume keeps it when somebody watches it on a terminal.
wipe_travel() {
  if [ -f travel.snapshot ] && agreed "Delete where the travel requests stood (travel.snapshot)?"; then
    rm -f travel.snapshot*
    tell wiped "travel.snapshot"
  fi
}

wipe_printed() {
  local found=() file
  for file in broker.out tracker.out producer.out techshop-*.out supply-*.out travel-*.out; do
    find_child "${file%.out}"
    [ ! -f "$file" ] || [ -n "$child_pid" ] || found+=("$file")
  done
  if [ ${#found[@]} -gt 0 ] && agreed "Delete what the programs printed (${found[*]})?"; then
    rm -f "${found[@]}" .run/*.out
    tell wiped "what the programs printed"
  fi
}

# ---------------------------------------------------------------------------------------------

# A start that is still at work would go on starting what we stop, so it is ended first.
end_other() {
  if [ "$holder_who" = start ]; then
    echo "ending the start.sh that is still at work (pid $holder_pid)"
    kill -TERM "$holder_pid" 2>/dev/null
  else
    echo "another stop.sh is at work (pid $holder_pid): waiting for it"
  fi
}

main() {
  local began name
  parse "$@"
  began=$(now_ms)
  trap '' HUP PIPE # nobody reads on: what was asked is still done
  lock stop end_other
  # From here on a signal only hurries the part that is being waited for (end_process).
  trap '' INT TERM
  trap 'unlock "$$"' EXIT
  # shellcheck disable=SC2046 # names without blanks
  widen_for $(others)
  stop_child producer
  stop_child tracker
  for name in $(others); do stop_child "$name"; done
  stop_broker
  if [ "$left" -gt 0 ]; then fail 1 "not everything could be stopped"; fi
  if [ -n "$wipe" ]; then
    trap 'exit 130' INT TERM
    wipe_broker
    wipe_trail
    wipe_shop
    wipe_supply
    wipe_travel
    wipe_printed
    if [ "$left" -gt 0 ]; then fail 1 "all is stopped, but not all is deleted"; fi
  fi
  if [ "$stopped" = 0 ]; then
    echo "Nothing of ours was running."
  elif [ -n "$keep_broker" ]; then
    tell "Stopped." "Only the broker was kept." "$began"
  else
    tell "Stopped." "Nothing is left running." "$began"
  fi
}

main "$@"
