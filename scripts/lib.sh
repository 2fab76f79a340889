# shellcheck shell=bash disable=SC2034  # what is set here is read by those who source it
# What start.sh and stop.sh share: how they print, how they know a process again, and the lock that
# keeps two of them apart. Bash 3.2 and BSD tools are enough. Sourced with the working directory at
# the folder of the scripts; state lies in .run/.

# ---------------------------------------------------------------------------------------------
# Printing: a name, a fact, and how long it took

if [ -t 1 ]; then on_terminal=1; else on_terminal=''; fi
dim='' red='' yellow='' green='' plain=''
if [ -n "$on_terminal" ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  dim=$'\033[2m' red=$'\033[31m' yellow=$'\033[33m' green=$'\033[32m' plain=$'\033[0m'
fi

# The systems that start.sh starts, each alone or all of them. Parts other than those of the demo are named after theirs:
# SYSTEM-PART.
systems='demo techshop supply travel'

# What a part is called where its system is known.
short_name() { # NAME
  local name=$1 one
  for one in $systems; do name=${name#"$one"-}; done
  echo "$name"
}

# Columns of the names; the longest needs more.
name_columns=10
widen_for() { # NAME...
  case " $* " in *supply*) name_columns=13 ;; esac
}

# Milliseconds of some clock; old bashes only know whole seconds.
now_ms() {
  local t=${EPOCHREALTIME:-}
  if [ -n "$t" ]; then
    t=${t/[.,]/}
    echo "${t%???}"
  else
    echo "$(date +%s)000"
  fi
}

took() { # SINCE-MS
  local tenths=$((($(now_ms) - $1) / 100))
  if [ "$tenths" -lt 600 ]; then
    if [ -n "${EPOCHREALTIME:-}" ]; then
      echo "$((tenths / 10)).$((tenths % 10)) s"
    else
      echo "$((tenths / 10)) s"
    fi
  else
    echo "$((tenths / 600)) min $((tenths / 10 % 60)) s"
  fi
}

# A step that has begun: shown on a terminal only, and overwritten by what follows.
doing() { # NAME TEXT
  [ -n "$on_terminal" ] || return 0
  printf '\r%-*s %s ...\033[K' "$name_columns" "$1" "$(printf '%.60s' "$2")"
}

# A step that has ended.
tell() { # NAME TEXT [SINCE-MS]
  local time='' pad=1
  if [ -n "${3:-}" ]; then
    time=$(took "$3")
    pad=$((80 - name_columns - 1 - ${#2} - ${#time}))
    [ "$pad" -ge 1 ] || pad=1
  fi
  [ -z "$on_terminal" ] || printf '\r\033[K'
  if [ -n "$time" ]; then
    printf '%-*s %s%*s%s%s%s\n' "$name_columns" "$1" "$2" "$pad" '' "$dim" "$time" "$plain"
  else
    printf '%-*s %s\n' "$name_columns" "$1" "$2"
  fi 2>/dev/null # a closed pipe is no reason to complain
}

warn() { # TEXT...
  [ -z "$on_terminal" ] || printf '\r\033[K'
  printf '%s▲%s %s\n' "$yellow" "$plain" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/  /' >&2
}

fail() { # CODE TEXT...
  local code=$1
  shift
  [ -z "$on_terminal" ] || printf '\r\033[K'
  printf '%s■%s %s\n' "$red" "$plain" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/  /' >&2
  exit "$code"
}

# How long ago, in words that stay short.
since() { # EPOCH-SECONDS
  local s=$(($(date +%s) - $1))
  if [ "$s" -ge 3600 ]; then
    printf '%dh %02dm' $((s / 3600)) $((s / 60 % 60))
  elif [ "$s" -ge 60 ]; then
    printf '%dm %02ds' $((s / 60)) $((s % 60))
  else
    printf '%ds' "$s"
  fi
}

# ---------------------------------------------------------------------------------------------
# Processes. A number alone proves nothing, since numbers are used again: a process is known by its
# number together with the moment it was born.

boot=''
[ ! -r /proc/sys/kernel/random/boot_id ] || boot=$(cat /proc/sys/kernel/random/boot_id)

# Sets p_birth; fails when process $1 is not there or has ended and only waits to be collected.
look_at() { # PID
  local line
  p_birth=''
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  if [ -n "$boot" ]; then
    # Linux: in clock ticks since boot, since what ps derives from it wavers by a second.
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    # shellcheck disable=SC2086  # the words after the name, which may hold anything
    set -- ${line##*) }
    case $1 in Z | X) return 1 ;; esac
    p_birth="$boot ${20}"
  else
    line=$(ps -o stat= -p "$1" 2>/dev/null)
    case $line in '' | Z*) return 1 ;; esac
    p_birth=$(TZ=UTC LC_ALL=C ps -o lstart= -p "$1" 2>/dev/null)
    [ -n "$p_birth" ]
  fi
}

same_process() { # PID BIRTH
  look_at "$1" && [ "$p_birth" = "$2" ]
}

# Sees to it that the next > FILE makes a file and writes through no link, neither one that is there nor, with set -C
# around it, one that comes in between: who may write in this folder shall not choose what else is overwritten.
make_room() { # FILE...
  rm -f -- "$@"
}

# Writes what comes in to a file made anew.
write_anew() { # FILE
  make_room "$1"
  (
    set -C
    cat >"$1"
  )
}

# The number of the user who made what stands at PATH, of a link itself; nothing when nothing is there.
maker_of() { # PATH
  local line
  line=$(ls -ldn -- "$1" 2>/dev/null) || return 0
  # shellcheck disable=SC2086  # the words of ls: rights, links, owner
  set -- $line
  echo "$3"
}

# Ends this when somebody else made what stands at PATH: who may write in a shared folder shall not choose where we
# write, nor what we believe. Root, and whose the folder is, can do that anyway.
refuse_foreign() { # PATH
  local maker
  maker=$(maker_of "$1")
  case $maker in '' | 0 | "$(id -u)" | "$(maker_of .)") return 0 ;; esac
  fail 1 "$PWD/$1 was made by somebody else (user $maker): nothing is read or written there" \
    "look what it is and remove it (rm -r '$PWD/$1'), or use a clone in a folder of your own"
}

# Notes a child of ours: its number beside the scripts, the proof of it in .run/.
record() { # NAME PID
  look_at "$2" || p_birth=gone
  printf 'pid=%s\nbirth=%s\nsince=%s\n' "$2" "$p_birth" "$(date +%s)" | write_anew ".run/$1.proc.new"
  mv ".run/$1.proc.new" ".run/$1.proc"
  echo "$2" | write_anew "$1.pid"
}

forget() { # NAME
  rm -f "$1.pid" ".run/$1.proc"
}

recall() { # FILE KEY
  [ ! -f "$1" ] || sed -n "/^$2=/{s///p;q;}" "$1" 2>/dev/null
}

# Sets child_pid to the living process that we started as NAME, else to nothing; and stranger to a
# number in the PID file that is not ours and yet names a living process.
find_child() { # NAME
  local file=".run/$1.proc" listed=''
  child_pid='' child_since='' stranger=''
  if same_process "$(recall "$file" pid)" "$(recall "$file" birth)"; then
    child_pid=$(recall "$file" pid) child_since=$(recall "$file" since)
  fi
  [ ! -f "$1.pid" ] || listed=$(head -n 1 "$1.pid" | tr -cd '0-9')
  if [ "$listed" != "$child_pid" ] && look_at "$listed"; then stranger=$listed; fi
}

# The lines in which a service itself tells EVENT. What it shows of orders is foreign text, which begins no line of
# this kind, and whose quotes are escaped within one.
said_itself() { # FILE EVENT
  sed -n "/^{\"timestamp\":\"[^\"]*\",\"level\":\".*\"event\":\"$2\"/p" "$1" 2>/dev/null
}

# Runs a program in the background, in a process group of its own and deaf to a closing terminal.
# Sets spawned. Its output of the last time is kept once, in .run/.
spawn() { # NAME COMMAND...
  local name=$1
  shift
  make_room ".run/$name.last.out"
  if [ -f "$name.out" ] && [ ! -L "$name.out" ]; then mv "$name.out" ".run/$name.last.out"; fi
  make_room "$name.out"
  set -mC
  (
    trap '' HUP
    trap - PIPE TTOU
    exec "$@"
  ) >"$name.out" 2>&1 </dev/null &
  spawned=$!
  set +mC
  record "$name" "$spawned"
}

# Ends a process: politely, then after 20 seconds by force. Sets how to clean, forced or refused.
impatient=''
end_process() { # PID BIRTH
  local tenths=200
  how=clean impatient=''
  if ! kill -TERM "$1" 2>/dev/null; then
    same_process "$1" "$2" || return 0
    how=refused
    return 1
  fi
  while same_process "$1" "$2"; do
    if [ "$tenths" -le 0 ] || [ -n "$impatient" ]; then
      how=forced
      kill -KILL "$1" 2>/dev/null
      tenths=50
      while same_process "$1" "$2" && [ "$tenths" -gt 0 ]; do
        sleep 0.1
        tenths=$((tenths - 1))
      done
      return 0
    fi
    # Heard only here: a trap that runs while a shell is inside $(...) can break it (bash 5.2).
    trap 'impatient=1' INT TERM
    sleep 0.1
    trap '' INT TERM
    tenths=$((tenths - 1))
  done
}

# Runs a command, but not longer than so many seconds (then 124).
within() { # SECONDS COMMAND...
  local tenths=$(($1 * 10)) child
  shift
  "$@" &
  child=$!
  while kill -0 "$child" 2>/dev/null; do
    if [ "$tenths" -le 0 ]; then
      kill -KILL "$child" 2>/dev/null
      wait "$child" 2>/dev/null
      return 124
    fi
    sleep 0.1
    tenths=$((tenths - 1))
  done
  wait "$child"
}

# Does anything listen on this machine's own address?
port_taken() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# ---------------------------------------------------------------------------------------------
# One at a time. The lock is a symbolic link: made in one step, and its target tells the holder.

# Sets holder_pid and holder_who; fails when the lock is free or its holder is gone.
lock_holder() {
  local target
  target=$(readlink .run/lock 2>/dev/null) || return 1
  holder_pid=${target%% *} target=${target#* }
  holder_who=${target%% *}
  same_process "$holder_pid" "${target#* }"
}

# Clears the lock of a holder that is gone. A second link makes sure that only one of us does; and
# since a holder may have let go on its way out, only what is still there after its end is stale.
break_stale_lock() { # MY-PID
  local breaker seen
  if ln -s "$1" .run/lock.break 2>/dev/null; then
    seen=$(readlink .run/lock 2>/dev/null)
    if ! lock_holder && [ -n "$seen" ] && [ "$(readlink .run/lock 2>/dev/null)" = "$seen" ]; then
      rm -f .run/lock
    fi
    rm -f .run/lock.break
  else
    breaker=$(readlink .run/lock.break 2>/dev/null)
    look_at "$breaker" || rm -f .run/lock.break
    sleep 0.1
  fi
}

# Waits for the lock. $2 is run once for each other that holds it.
lock() { # WHO WHEN-HELD
  local told='' me
  [ ! -L .run ] || fail 1 "$PWD/.run is a link, to $(readlink .run): none is followed, since what it leads to says what runs" \
    "remove it: rm '$PWD/.run'"
  mkdir -p .run 2>/dev/null
  refuse_foreign .run
  [ -w .run ] || fail 1 "cannot write in $PWD: run it in a folder of your own"
  # Not $$, which in a second shell is still the first one's number.
  me=$(exec sh -c 'echo "$PPID"')
  look_at "$me"
  until ln -s "$me $1 $p_birth" .run/lock 2>/dev/null; do
    if ! lock_holder; then
      break_stale_lock "$me"
    else
      if [ "$told" != "$holder_pid" ]; then
        told=$holder_pid
        "$2"
      fi
      sleep 0.2
    fi
    look_at "$me"
  done
}

unlock() { # PID-OF-THE-HOLDER
  case $(readlink .run/lock 2>/dev/null) in "$1 "*) rm -f .run/lock ;; esac
}
