#!/bin/bash
# Installs what the tests need, builds, and runs them.  The last line is "N passed, N failed".
#
#   ./test.sh            what every change has to pass; 10 to 15 minutes on two cores
#   ./test.sh --long     that, and what takes longer
#   ./test.sh NAME...    only these stages; "default", "suites" and "long" stand for their sets
#   ./test.sh --list     the stages and what they do
#
# One line a stage; all the output of a stage is in build/log/NAME.log.  The status is 1 if anything
# failed.  The suites in ../shared (or in the directory $SHARED) are left out where it is missing.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
cd "$here" || exit 1
shared=${SHARED:-$here/../shared}
logs=$here/build/log
exec </dev/null

default_stages=(packages programs release blackbox cluster conformance differential clients integrity attacks simulation check asan)
long_stages=(api console login store external limits homes archive hls relay encoders upgrade faults browser docs orchestration conformance-own integrity-ogg run distcheck tsan clang asan-conformance simulation-long fuzz players goals package soak)
declare -A about=(
  [packages]="install from Debian what the build needs"
  [programs]="install the programs that the tests use, beside the build"
  [release]="build as run.sh does"
  [check]="make check: lint, configurations; and unit tests and fuzz corpora, where asan does not run them"
  [asan]="the unit tests and the fuzz corpora under AddressSanitizer and UBSan"
  [blackbox]="our own tests against the running server (tests/blackbox)"
  [browser]="our pages in Chromium: seen, heard, administered and attacked (tests/browser); pictures in build/screenshots"
  [cluster]="several real servers: redirects, reports, tokens; icecast2 and Icecast-KH as masters and slaves (tests/cluster)"
  [api]="/api/v1: mounts, nodes, bans, what each role may ask (tests/api)"
  [console]="the console in Chromium: a mount is made and goes on the air (tests/console)"
  [login]="logins of people and of sources, sessions, what they may, guesses (tests/login)"
  [store]="records in files and in etcd: they are sealed, copied, lost and made again (tests/store)"
  [external]="mounts that another program lists, whatever becomes of it (tests/external)"
  [limits]="limits of a whole cluster, exactly, and while it is cut in two (tests/limits)"
  [homes]="where the source of a mount is: placement, moves, ingest, and no listener hears of it (tests/homes)"
  [archive]="recordings: played, exported, filled from other nodes, after a kill and a full disk (tests/archive)"
  [hls]="HLS of the live stream and of the past, from any node (tests/hls)"
  [relay]="upstreams die and fall silent, and listeners hear every byte once (tests/relay)"
  [encoders]="primary and backup encoders, dead air (tests/encoders)"
  [upgrade]="the program is replaced under its listeners and encoders, which hear every byte once (tests/upgrade)"
  [faults]="system calls that fail, do less or take seconds, while others listen and record (tests/faults)"
  [simulation]="1,000 clusters of whole servers in virtual time, with faults, one a seed (tests/simulation)"
  [simulation-long]="9,000 more of them"
  [soak]="everything at once for ten minutes: upgrades, reloads, kills and faults by a seed, and every byte is checked (tests/soak)"
  [differential]="some 600 requests to Icecast 2.4.4 and to us; what differs stands in doc/differences.md"
  [run]="./run.sh --demo and --cluster as a newcomer uses them: what they play is decoded; the second start takes seconds"
  [docs]="the commands of README.md and doc/ as they are written, each page on a machine of its own (tests/docs)"
  [conformance]="../shared/conformance with Debian's templates"
  [conformance-own]="../shared/conformance with our own pages"
  [clients]="real encoders and players against the server"
  [attacks]="../shared/attack: hostile and broken clients, while others listen"
  [integrity]="../shared/attack: every byte arrives, across faults"
  [integrity-ogg]="the same with Ogg instead of MP3"
  [tsan]="unit tests of the threaded floors and a smoke test under ThreadSanitizer"
  [asan-conformance]="conformance against a server built with AddressSanitizer and UBSan"
  [distcheck]="the tarball builds, tests and installs by itself"
  [clang]="every file compiles by itself, with clang-14 and without a warning"
  [fuzz]="every fuzzer for 60 seconds"
  [package]="the Debian package is built, installed into a clean Debian, used, upgraded, removed and purged"
  [goals]="what doc/cluster.md promises, measured; on a quiet machine (tests/cluster/goals)"
  [orchestration]="Prometheus, promtool, HAProxy, keepalived and SRV records with what lies in deploy/ (tests/orchestration)"
  [players]="each format for 20 seconds, decoded by ffmpeg, mpv and Chromium; our pages in Firefox (tests/firefox)"
)
# The suites of tests/run.py: it runs those that are asked for beside each other.
suites=" blackbox cluster api console login store external limits homes archive hls relay encoders upgrade faults browser docs orchestration "
# In this order.  The stages of a round run beside each other: they mostly wait, on ports of their own.
rounds=(packages "release programs" suites "conformance conformance-own differential" "clients integrity integrity-ogg run" attacks
  "simulation check" "asan distcheck" tsan clang asan-conformance simulation-long fuzz players package goals soak)
# What these compile is built beside the rounds before them; build_STAGE does it.
builds_ahead="simulation check asan distcheck tsan clang"
# These run there too, and their round only waits for them: one is in virtual time, the other mostly compiles.
runs_ahead=" simulation distcheck "
# These measure times: nothing is compiled meanwhile.
alone=" attacks goals soak "
needs_shared=" conformance conformance-own clients attacks integrity integrity-ogg asan-conformance "
# Of ../shared/attack/integrity.py: what one node answers for, and a slave whose master comes back.
# Those of a slave with a second master are in tests/cluster/integrity_masters.py.
faults=none,join,reload,freeze,slow_listener,fallback_and_return,relay_play,master_kill9

# shellcheck source=tests/stages.sh
. tests/stages.sh

# --- running them --------------------------------------------------------------------------------
stages=()
list() {
  for stage in "${default_stages[@]}"; do printf '%-18s %s\n' "$stage" "${about[$stage]}"; done
  for stage in "${long_stages[@]}"; do printf '%-18s %s (--long)\n' "$stage" "${about[$stage]}"; done
}
is_in() { [[ " $2 " == *" $1 "* ]]; }
is_asked_for() { is_in "$1" "${stages[*]}"; }
declare -A running=()
carry_out() {
  local stage=$1 begin=$SECONDS
  ("stage_${stage//-/_}") >"$logs/$stage.log" 2>&1
  echo $? $((SECONDS - begin)) >"$logs/$stage.status"
}
begin_stage() {
  local stage=$1
  wait_for_build "$stage"
  if [ -n "$builder" ] && is_in "$stage" "$runs_ahead" && [ -e "$logs/$stage.status" ]; then return; fi
  rm -f "$logs/$stage".{count,note,out,out.again,status}
  set -m  # in a process group of its own, which end_all can end
  carry_out "$stage" &
  running[$stage]=$!
  set +m
}
builder=
# When it has ended its number may be that of other processes.
signal_builder() { [ -z "$builder" ] || [ -e "$logs/builder.ended" ] || kill "-$1" -- -"$builder" 2>/dev/null; }
end_all() {
  local group
  for group in "${running[@]}"; do kill -INT -- -"$group"; done
  signal_builder TERM
  signal_builder CONT
} 2>/dev/null

# Compiles what the stages to come need, one after the other, while nothing else wants a processor.
build_ahead() {
  local stage
  rm -f "$logs"/*.built "$logs/builder.ended"
  for stage in $runs_ahead; do rm -f "$logs/$stage".{count,note,out,out.again,status}; done
  set -m  # likewise, and wait_for_build can stop it
  (
    trap 'touch "$logs/builder.ended"' EXIT
    chrt --idle --pid 0 $BASHPID
    for stage in $builds_ahead; do
      is_asked_for "$stage" || continue
      begin=$SECONDS
      "build_$stage" >"$logs/$stage.build.log" 2>&1
      ! is_in "$stage" "$runs_ahead" || carry_out "$stage"
      echo $((SECONDS - begin)) >"$logs/$stage.built"
    done
  ) &
  builder=$!
  set +m
} 2>/dev/null
# The build that a stage needs is over before it begins; one that measures times has the machine for itself.
wait_for_build() {
  [ -n "$builder" ] || return 0
  if is_in "$1" "$alone"; then signal_builder STOP; else signal_builder CONT; fi
  is_in "$1" "$builds_ahead" || return 0
  # Nothing else runs now.
  [ -e "$logs/builder.ended" ] || for process in $(ps -e -o pid= -o pgid= | awk -v group="$builder" '$2 == group {print $1}'); do
    chrt --other --pid 0 "$process"
  done 2>/dev/null
  until [ -e "$logs/$1.built" ] || [ -e "$logs/builder.ended" ]; do sleep 0.2; done
  [ ! -e "$logs/$1.built" ] || (stage=$1 && note "built beside others: $(cat "$logs/$1.built") s") >/dev/null
}

# The line of a stage that has ended, and what went wrong.
show() {
  local stage=$1 status=$2 seconds=$3 log=$4 p f s word=ok
  if [ "$status" != 0 ] || [ ! -s "$logs/$stage.count" ]; then
    # It broke off: that is one failure, if it has not counted one.
    awk '{f += $2} END {exit (f > 0)}' "$logs/$stage.count" 2>/dev/null && echo "0 1 0" >>"$logs/$stage.count"
    [ -e "$logs/$stage.count" ] || echo "0 1 0" >"$logs/$stage.count"
  fi
  read -r p f s < <(awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}' "$logs/$stage.count")
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  [ "$s" = 0 ] || skip_reasons+=("$stage: $s")
  [ "$f" = 0 ] || word=FAIL
  printf '%-18s %-4s %4d s   %d passed, %d failed\n' "$stage" $word "$seconds" "$p" "$f"
  [ ! -s "$logs/$stage.note" ] || sed 's/^/    /' "$logs/$stage.note"
  if [ $word = FAIL ]; then
    echo "    the end of $log:"
    tail -n 25 "$log" | sed 's/^/    | /'
  fi
}
run_round() {
  local stage suite status seconds
  for stage; do begin_stage "$stage"; done
  for stage; do
    [ -z "${running[$stage]-}" ] || wait "${running[$stage]}"
    unset "running[$stage]"
    read -r status seconds <"$logs/$stage.status"
    if [ "$stage" = suites ]; then
      for suite in $asked_suites; do
        show "$suite" "$(cat "$logs/$suite.status")" "$(cat "$logs/$suite.seconds")" "$logs/suites.log"
      done
    else
      show "$stage" "$status" "$seconds" "$logs/$stage.log"
    fi
    [ "$stage" != release ] || [ "$status" != 0 ] || build_ahead
  done
}

main() {
  local argument s reason round now
  for argument in "$@"; do
    case $argument in
      --long) stages+=("${default_stages[@]}" "${long_stages[@]}") ;;
      --list) list; exit 0 ;;
      -h | --help) sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$0"; exit 0 ;;
      default) stages+=("${default_stages[@]}") ;;
      # shellcheck disable=SC2206
      suites) stages+=($suites) ;;
      long) stages+=("${long_stages[@]}") ;;
      *)
        [ -n "${about[$argument]-}" ] || { echo "no stage $argument; see ./test.sh --list" >&2; exit 2; }
        stages+=("$argument")
        ;;
    esac
  done
  [ ${#stages[@]} -gt 0 ] || stages=("${default_stages[@]}")

  mkdir -p "$logs"
  passed=0 failed=0 skipped=0
  skip_reasons=()
  left_out=()
  begin_all=$SECONDS
  trap end_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  asked_suites=
  for s in "${stages[@]}"; do
    if is_in "$s" "$needs_shared" && [ ! -d "$shared" ]; then
      left_out+=("$s")
    elif is_in "$s" "$suites" && ! is_in "$s" "$asked_suites"; then
      asked_suites+=" $s"
    fi
  done
  for round in "${rounds[@]}"; do
    now=()
    for s in $round; do
      if is_in "$s" "${left_out[*]}"; then continue; fi
      if is_asked_for "$s" || { [ "$s" = suites ] && [ -n "$asked_suites" ]; }; then now+=("$s"); fi
    done
    run_round ${now[@]+"${now[@]}"}
  done

  if [ ${#left_out[@]} -gt 0 ]; then
    skipped=$((skipped + 1))
    skip_reasons+=("there is no ${shared#"$here"/}, so ${left_out[*]} cannot run")
  fi
  echo
  echo "$((SECONDS - begin_all)) seconds"
  for reason in ${skip_reasons[@]+"${skip_reasons[@]}"}; do echo "skipped: $reason"; done
  if [ $skipped = 0 ]; then
    echo "$passed passed, $failed failed"
  else
    echo "$passed passed, $failed failed, $skipped skipped"
  fi
  [ $failed = 0 ]
}
main "$@"; exit  # in one line: the file may change while it runs
