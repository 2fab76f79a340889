# shellcheck shell=bash disable=SC2034,SC2154  # start.sh and this file share variables
# What start.sh puts together: the build, the broker, the tracker, the producer, and the parts of other systems. Each starts what is
# missing, waits until it is ready and says so, or ends start.sh with the reason. Sourced by start.sh.

build() {
  local start line flags=()
  start=$(now_ms)
  if [ -n "${ORDERTRAIL_BIN_DIR:-}" ]; then
    for line in $needed; do
      [ -x "$bin/$line" ] || fail 1 "no program $line in $bin (ORDERTRAIL_BIN_DIR)"
    done
    tell build "not needed, programs of $bin"
    return 0
  fi
  command -v cargo >/dev/null 2>&1 ||
    fail 1 "no cargo to build with: install Rust 1.95 or newer (rustup)," \
      "or name a folder with built programs: ORDERTRAIL_BIN_DIR=/path ./start.sh"
  doing build "cargo build --release (minutes, the first time)"
  unset CARGO_BUILD_TARGET
  for line in $needed $helpful; do flags+=(--bin "$line"); done
  if ! in_group .run/build.out cargo build --release --locked --target-dir "$target" --color never \
    "${flags[@]}"; then
    fail 1 "the build failed. Its last words, from .run/build.out:" "$(tail -n 12 .run/build.out)"
  fi
  if grep -q Compiling .run/build.out; then
    tell build "done" "$start"
  else
    tell build "up to date" "$start"
  fi
}

broker() {
  local start
  start=$(now_ms)
  if [ -f .run/broker ]; then
    kind=$(recall .run/broker kind) address=$(recall .run/broker address)
    find_child broker
    if [ "$kind" = local ] && [ -n "$child_pid" ]; then
      spawned=$child_pid
      probe "$address" || probe "$address" ||
        fail 1 "the broker (pid $child_pid) does not answer on $address" "$(probe_words)" "$(what_is_up)"
      tell broker "pid $child_pid, still running on $address" "$start"
      return 0
    fi
    if [ "$kind" = docker ] && port_taken "${address##*:}" && probe "$address"; then
      tell broker "in Docker, still running on $address" "$start"
      return 0
    fi
    # The others go on talking to the old address, so the broker has to come back there.
    if [ "$up" != "$broker_pid" ]; then
      revive_broker
      tell broker "back on $address" "$start"
      return 0
    fi
  fi
  rm -f .run/broker
  choose_broker
  tell broker "tried in this order"
  printf '%s' "$tried" 2>/dev/null
  find_child broker
  tell "" "${child_pid:+pid $child_pid, }$note" "$start"
}

revive_broker() {
  local port=${address##*:}
  case $kind in
    local)
      if port_taken "$port"; then
        fail 1 "the broker died, and something else holds its port $port now" \
          "./stop.sh, then ./start.sh, takes another port"
      fi
      in_group .run/jars.out broker/local.sh jars .broker/jars || [ -n "${KAFKA_HOME:-}" ] ||
        fail 4 "$(cat .run/jars.out)"
      start_local "$port" ;;
    docker)
      use_docker "$port" || fail 1 "the broker in Docker does not come back: $docker_words" ;;
    *)
      probe "$address" || fail 4 "no Kafka answers at $address: $(probe_words)" \
        "it was not started by us; start it again. $(what_is_up)" ;;
  esac
}

tracker() {
  local start from=1 tenths=600 words listen=(--listen 127.0.0.1:9464)
  start=$(now_ms)
  doing tracker "starting"
  [ ! -f tracker.log ] || from=$(($(wc -c <tracker.log) + 1))
  make_room .run/tracker.page
  if port_taken 9464; then
    listen=()
    warn "port 9464 is taken: the tracker runs without its page and metrics" \
      "to have them: end what holds the port, then ./stop.sh and ./start.sh"
  fi
  [ ${#listen[@]} -eq 0 ] || echo http://127.0.0.1:9464/ | write_anew .run/tracker.page
  spawn tracker "$bin/tracker" -b "$address" ${listen[@]+"${listen[@]}"} ${client_args[@]+"${client_args[@]}"}
  while [ "$tenths" -gt 0 ]; do
    words=$(new_health "$from")
    case $words in
      *'"event":"tracker.subscribed"'*)
        tell tracker "pid $spawned, ready, group order-tracker-group" "$start"
        return 0 ;;
      *'"event":"tracker.standby"'*)
        tell tracker "pid $spawned, stands by" "$start"
        warn "another tracker already writes the trail in this folder; ours takes over when it ends"
        return 0 ;;
    esac
    look_at "$spawned" || died tracker
    sleep 0.1
    tenths=$((tenths - 1))
  done
  fail 1 "the tracker (pid $spawned) runs but was not ready after a minute: see tracker.log" "$(what_is_up)"
}

# Where the page of the tracker that runs is; nothing when it runs without.
tracker_page() { cat .run/tracker.page 2>/dev/null; }

# What the tracker just started has said about itself, lifecycle only.
new_health() { # FROM-BYTE
  [ -f tracker.log ] || return 0
  [ "$(wc -c <tracker.log)" -ge "$(($1 - 1))" ] || set -- 1
  tail -c "+$1" tracker.log | grep -e '"event":"tracker.subscribed"' -e '"event":"tracker.standby"' |
    grep "\"pid\":${spawned}[,}]"
}

producer() {
  local start tenths=200
  start=$(now_ms)
  doing producer "starting"
  spawn producer "$bin/producer" -b "$address" ${client_args[@]+"${client_args[@]}"}
  while [ "$tenths" -gt 0 ]; do
    look_at "$spawned" || died producer
    if grep -q '#[0-9]' producer.out; then # an order was acknowledged
      tell producer "pid $spawned, one order every 2 s" "$start"
      return 0
    fi
    sleep 0.1
    tenths=$((tenths - 1))
  done
  fail 1 "the producer (pid $spawned) runs but delivered nothing in 20 s: see producer.out" "$(what_is_up)"
}

# ---------------------------------------------------------------------------------------------
# The shop

shop_topics() {
  local start code
  start=$(now_ms)
  doing topics "techshop setup-topics"
  make_room .run/topics.out
  "$bin/techshop" setup-topics -b "$address" ${client_args[@]+"${client_args[@]}"} \
    >.run/topics.out 2>&1 </dev/null
  code=$?
  if grep -q '  WRONG  ' .run/topics.out; then
    warn "not all of the shop's topics are as they should be; it goes on with them as they are:" \
      "$(grep -A 1 '  WRONG  ' .run/topics.out)"
  elif [ "$code" != 0 ]; then
    fail 1 "the shop's topics could not be made:" "$(tail -n 8 .run/topics.out)" "$(what_is_up)"
  fi
  # One is made when a broker is looked for.
  tell topics "$(grep -c -e '  made   ' -e '  there  ' .run/topics.out) of $(grep -c '^[^ ]' .run/topics.out) as they should be" "$start"
}

# Does the service whose output is FILE say that it is ready? Its own address is in its first line.
service_ready() { # FILE
  local at status=''
  at=$(service_address "$1")
  [ -n "$at" ] || return 1
  {
    printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
    read -r status <&3
  } 2>/dev/null 3<>"/dev/tcp/${at%:*}/${at##*:}"
  case $status in *' 200 '*) return 0 ;; *) return 1 ;; esac
}

# Where the page of the shop is, as the dashboard itself has told.
shop_page() {
  said_itself techshop-dashboard.out 'dashboard\.open' | sed -n 's/.*"message":"\([^"\\]*\)".*/\1/p' | head -n 1
}

# The first orders, so that there is something to see.
shop_orders() {
  local start
  start=$(now_ms)
  doing orders "twenty random ones"
  if ! in_group .run/techshop-produce.out "$bin/techshop" produce --count 20 -b "$address" \
    ${client_args[@]+"${client_args[@]}"}; then
    fail 1 "techshop produce failed. Its last words, from .run/techshop-produce.out:" \
      "$(tail -n 5 .run/techshop-produce.out)" "$(what_is_up)"
  fi
  tell orders "$(tail -n 1 .run/techshop-produce.out)" "$start"
}

shop_service() { # process, process-2 (which stands by), analytics, notify, errors or dashboard
  local start name=techshop-$1 tenths=600 at more=() words='metrics on http://%s/metrics'
  start=$(now_ms)
  doing "$1" "starting"
  if [ "$1" = dashboard ]; then
    words='open http://%s/'
    if port_taken 5000; then
      more=(--port 0)
      warn "port 5000 is taken: the page is on another one"
    fi
  fi
  if [ "$1" = process-2 ]; then more=(--listen 127.0.0.1:0); fi
  spawn "$name" "$bin/techshop" "${1%-2}" -b "$address" ${more[@]+"${more[@]}"} ${client_args[@]+"${client_args[@]}"}
  while [ "$tenths" -gt 0 ]; do
    if said_itself "$name.out" 'service\.started' | grep -q '"listen":null'; then
      tell "$1" "pid $spawned, started" "$start"
      warn "$1 runs without its metrics: their port is taken" \
        "to have them: end what holds the port, then ./stop.sh and ./start.sh techshop"
      return 0
    fi
    if service_ready "$name.out"; then
      at=$(service_address "$name.out")
      # shellcheck disable=SC2059 # one of the two above
      tell "$1" "pid $spawned, ready, $(printf "$words" "$at")" "$start"
      return 0
    fi
    look_at "$spawned" || died "$name"
    sleep 0.1
    tenths=$((tenths - 1))
  done
  fail 1 "$1 (pid $spawned) runs but was not ready after a minute: see $name.out" "$(what_is_up)"
}

# ---------------------------------------------------------------------------------------------
# The two services that exchange orders

# Where the service whose output is FILE listens, as it has told itself.
service_address() { # FILE
  said_itself "$1" 'service\.started' | sed -n 's/.*"listen":"\([^"\\]*\)".*/\1/p' | head -n 1
}

# The port of a service: its own while it runs, else the first free one from DEFAULT on.
supply_port() { # NAME DEFAULT
  local port=$2 at
  find_child "$1"
  if [ -n "$child_pid" ]; then
    at=$(service_address "$1.out")
    echo "${at##*:}"
    return 0
  fi
  while port_taken "$port" || [ "$port" = "${supply_other:-}" ]; do port=$((port + 1)); done
  echo "$port"
}

# Sets wagon_port and dev_port: each is told where the other one is.
supply_ports() {
  dev_port=$(supply_port supply-dev-materiels 3001)
  supply_other=$dev_port
  wagon_port=$(supply_port supply-wagon-lits 3002)
  [ "$dev_port:$wagon_port" = 3001:3002 ] ||
    warn "a port of 3001 and 3002 is taken: they are on $dev_port and $wagon_port"
}

supply_service() { # wagon-lits or dev-materiels
  local start name=supply-$1 tenths=600 port=$wagon_port peer=$dev_port
  start=$(now_ms)
  doing "$1" "starting"
  [ "$1" = wagon-lits ] || port=$dev_port peer=$wagon_port
  spawn "$name" "$bin/supply" "$1" -b "$address" --dir supply-data --interval 5s --port "$port" \
    --peer "http://127.0.0.1:$peer" ${client_args[@]+"${client_args[@]}"}
  while [ "$tenths" -gt 0 ]; do
    if service_ready "$name.out"; then
      tell "$1" "pid $spawned, ready, http://$(service_address "$name.out")/" "$start"
      return 0
    fi
    look_at "$spawned" || died "$name"
    sleep 0.1
    tenths=$((tenths - 1))
  done
  fail 1 "$1 (pid $spawned) runs but was not ready after a minute: see $name.out" "$(what_is_up)"
}

# Travel requests

travel_consume() {
  local start tenths=300
  start=$(now_ms)
  doing consume "starting"
  spawn travel-consume "$bin/travel" consume -b "$address" ${client_args[@]+"${client_args[@]}"}
  until grep -q '^reading ' travel-consume.out; do
    look_at "$spawned" || died travel-consume
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] ||
      fail 1 "travel consume (pid $spawned) runs but does not read: see travel-consume.out" "$(what_is_up)"
    sleep 0.1
  done
  tell consume "pid $spawned, group gestion-voyage-service, travel-consume.out" "$start"
}

# One request's life, as the exercise sends it, only sooner.
travel_produce() {
  local start
  start=$(now_ms)
  doing produce "a request's life"
  if ! in_group .run/travel-produce.out "$bin/travel" produce --scenario retard --interval 300ms -b "$address" \
    ${client_args[@]+"${client_args[@]}"}; then
    fail 1 "travel produce failed. Its last words, from .run/travel-produce.out:" \
      "$(tail -n 5 .run/travel-produce.out)" "$(what_is_up)"
  fi
  travel_id=$(sed -n '/@[0-9]/{s/ .*//p;q;}' .run/travel-produce.out)
  tell produce "$travel_id, $(grep -c '@[0-9]' .run/travel-produce.out) events from CREATION to CLOTUREE" "$start"
}
