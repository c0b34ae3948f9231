#!/bin/bash
# Installs what the tests need, builds, and runs them.  The last line is "N passed, N failed".
#
#   ./test.sh            what every change has to pass; at most 25 minutes on two cores
#   ./test.sh --long     that, and what takes longer
#   ./test.sh NAME...    only these stages; "default" and "long" stand for their sets
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

default_stages=(packages release asan blackbox cluster differential conformance clients attacks integrity)
long_stages=(browser run conformance-own integrity-ogg orchestration distcheck tsan clang asan-conformance fuzz players goals package)
declare -A about=(
  [packages]="install from Debian what is missing"
  [release]="build as users do, warnings are errors; make check: unit tests, lint, configurations, fuzz corpora"
  [asan]="the unit tests and the fuzz corpora under AddressSanitizer and UBSan"
  [blackbox]="our own tests against the running server (tests/blackbox)"
  [browser]="our pages in Chromium: seen, heard, administered and attacked (tests/browser); pictures in build/screenshots"
  [cluster]="several real servers: redirects, reports, tokens; icecast2 and Icecast-KH as masters and slaves (tests/cluster)"
  [differential]="some 600 requests to Icecast 2.4.4 and to us; what differs stands in doc/differences.md"
  [run]="./run.sh --demo and --cluster as a newcomer uses them: what they play is decoded; the second start takes seconds"
  [conformance]="../shared/conformance with Debian's templates"
  [conformance-own]="../shared/conformance with our own pages"
  [clients]="real encoders and players against the server"
  [attacks]="../shared/attack: hostile and broken clients, while others listen"
  [integrity]="../shared/attack: every byte arrives, across faults"
  [integrity-ogg]="the same with Ogg instead of MP3"
  [tsan]="unit tests of the threaded floors and a smoke test under ThreadSanitizer"
  [asan-conformance]="conformance against a server built with AddressSanitizer and UBSan"
  [distcheck]="the tarball builds, tests and installs by itself"
  [clang]="everything compiles with clang-14 without a warning"
  [fuzz]="every fuzzer for 60 seconds"
  [package]="the Debian package is built, installed into a clean Debian, used, upgraded, removed and purged"
  [goals]="what doc/cluster.md promises, measured; on a quiet machine (tests/cluster/goals)"
  [orchestration]="Prometheus, promtool, HAProxy, keepalived and SRV records with what lies in deploy/ (tests/orchestration)"
  [players]="each format for 30 seconds, decoded by ffmpeg, mpv and Chromium"
)
needs_shared=" conformance conformance-own clients attacks integrity integrity-ogg asan-conformance "
# Of ../shared/attack/integrity.py: what one node answers for, and a slave whose master comes back.
# Those of a slave with a second master are in tests/cluster/integrity_masters.py.
faults=none,join,reload,freeze,slow_listener,fallback_and_return,relay_play,master_kill9

# --- counting ------------------------------------------------------------------------------------
# A stage runs in a subshell with its output in a file.  It reports by count and note.
count() { echo "$1 $2 ${3:-0}" >>"$logs/$stage.count"; }   # passed failed [skipped]
note() { echo "$*" | tee -a "$logs/$stage.note"; }          # shown below the stage's line

# Counts by the "N passed, N failed[, N skipped]" that a suite ends with.  $1: its output.
count_closing_line() {
  local line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
  if [ -z "$line" ]; then
    note "no closing count: the suite did not come to its end"
    count 0 1
    return 1
  fi
  # shellcheck disable=SC2046
  count $(sed -E 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\1 \2 \4/' <<<"$line")
}

# Counts a finished "make check" in the directory $1: CppUTest programs by their tests, other
# programs by their closing line, or as one.
count_make_check() {
  local result log summary ran failures found=no
  while IFS= read -r -d '' result; do
    found=yes
    log=${result%.trs}.log
    summary=$(grep -aE '^(OK|Errors) \(' "$log" | tail -n 1)
    if [ -n "$summary" ]; then
      ran=$(grep -oE '[0-9]+ ran' <<<"$summary" | cut -d' ' -f1)
      failures=$(grep -oE '[0-9]+ failures' <<<"$summary" | cut -d' ' -f1)
      count $((${ran:-0} - ${failures:-0})) "${failures:-0}"
      grep -q ':test-result: PASS' "$result" || [ -n "$failures" ] || count 0 1  # ended badly, or ran nothing
    elif grep -qaE '^[0-9]+ passed, [0-9]+ failed' "$log"; then
      count_closing_line "$log"
    elif grep -q ':test-result: PASS' "$result"; then
      count 1 0
    else
      count 0 1
    fi
    if ! grep -q ':test-result: PASS' "$result"; then
      note "FAIL ${log#"$1"/}"
      tail -n 20 "$log"
    fi
  done < <(find "$1" -name '*.trs' -print0)
  [ "$found" = yes ] || { note "make check made no results"; count 0 1; }
}

limit() { timeout -k 10 "$@"; }

# --- building ------------------------------------------------------------------------------------
jobs=$(nproc)

# Configures build/NAME with the given arguments, once.
configure_in() {
  local dir=$here/build/$1
  shift
  if [ -e config.status ]; then
    note "this directory itself is configured, which does not go with build/: first  make distclean"
    return 1
  fi
  [ configure -nt configure.ac ] || ./autogen.sh || return 1
  mkdir -p "$dir"
  if [ ! -e "$dir/Makefile" ] || [ "$(cat "$dir/configured-with" 2>/dev/null)" != "$*" ]; then
    (cd "$dir" && "$here/configure" "$@") || return 1
    echo "$*" >"$dir/configured-with"
  fi
}
# A variable of the Makefile in build/$1.
make_variable() {
  printf 'include Makefile\nshow-variable: ; @echo $(%s)\n' "$2" | make -s -C "$here/build/$1" -f - show-variable
}
# make $2… in build/$1, which ends with tests.
run_make_check() {
  local dir=$here/build/$1
  find "$dir" -name '*.trs' -delete
  make -C "$dir" -j"$jobs" -k "${@:2}"
  count_make_check "$dir"
}

# The suites let the server run as nobody, who may not see this directory: they get a copy.
# Sets $place to it; $1 is the build to take.
place_server() {
  place=$(mktemp -d "${TMPDIR:-/tmp}/icecast-lb-test.XXXXXX") || return 1
  places+=("$place")
  trap 'rm -rf "${places[@]}"' EXIT
  mkdir "$place/share" "$place/reports"
  cp "$here/build/$1/src/icecast-lb" "$place/" && cp -rL admin web "$place/share/"
  chmod -R a+rX "$place"
  chmod 1777 "$place/reports"
}
places=()
release_build() { configure_in release --enable-werror && make -s -C build/release -j"$jobs"; }
asan_configure() { configure_in asan --enable-asan --enable-werror CXXFLAGS="-O1 -g"; }
asan_build() { asan_configure && make -s -C build/asan -j"$jobs" src/icecast-lb; }

# --- the stages ----------------------------------------------------------------------------------
stage_packages() { tools/install-packages test && count 0 0; }

stage_release() {
  release_build || return 1
  run_make_check release check
}

stage_asan() {
  asan_configure || return 1
  run_make_check asan check-TESTS "TESTS=$(make_variable asan unit_programs) $(make_variable asan replay_programs)"
}

stage_blackbox() {
  release_build || return 1
  limit 300 python3 -B tests/blackbox/run.py --server build/release/src/icecast-lb | tee "$logs/blackbox.out"
  grep -E '^(FAIL|SKIP|AGAIN)' "$logs/blackbox.out" >>"$logs/$stage.note"
  count_closing_line "$logs/blackbox.out"
}

stage_browser() {
  release_build || return 1
  rm -rf build/screenshots
  limit 300 python3 -B tests/browser/run.py --server build/release/src/icecast-lb --screenshots build/screenshots | tee "$logs/browser.out"
  grep '^FAIL' "$logs/browser.out" >>"$logs/$stage.note"
  count_closing_line "$logs/browser.out"
}

# Without Icecast-KH its part is skipped by name.
stage_cluster() {
  release_build || return 1
  limit 300 python3 -B tests/cluster/run.py --server build/release/src/icecast-lb | tee "$logs/cluster.out"
  grep -E '^(FAIL|SKIP|AGAIN)' "$logs/cluster.out" >>"$logs/$stage.note"
  count_closing_line "$logs/cluster.out"
}

stage_differential() {
  release_build || return 1
  [ -x /usr/bin/icecast2 ] || { note "there is no /usr/bin/icecast2 to compare with"; return 1; }
  limit 240 python3 -B tests/differential/run.py --server build/release/src/icecast-lb | tee "$logs/differential.out"
  grep -A 8 '^FAIL' "$logs/differential.out" | cut -c1-300 >>"$logs/$stage.note"
  count_closing_line "$logs/differential.out"
}

# Starts ./run.sh with the arguments and sets $run_pid; returns when it says that it runs.
run_pid=
start_run_sh() {
  local out=$place/out.$SECONDS$1
  ./run.sh "$@" --var "$place/var" --port "$port" >"$out" 2>&1 &
  run_pid=$!
  tail -F --pid="$run_pid" "$out" 2>/dev/null &
  until grep -qE '^(icecast-lb|A cluster) runs' "$out"; do
    kill -0 "$run_pid" 2>/dev/null || return 1
    sleep 0.1
  done
}
# passes WHAT COMMAND...
passes() {
  local what=$1
  shift
  if "$@"; then count 1 0; else note "FAIL $what"; count 0 1; fi
}
stage_run() {
  local port begin url address
  place=$(mktemp -d "${TMPDIR:-/tmp}/icecast-lb-test.XXXXXX") && chmod 755 "$place" || return 1
  trap 'kill $run_pid 2>/dev/null; wait; cat "$place/var/log/error.log"; rm -rf "$place"' EXIT
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
  url=http://127.0.0.1:$port
  start_run_sh --demo || return 1
  count 1 0
  begin=$SECONDS
  for address in $url/demo.mp3 $url/demo.ogg; do
    until curl -sfI -o /dev/null "$address" || [ $((SECONDS - begin)) -gt 30 ]; do sleep 0.1; done
    passes "$address is not clean audio" limit 60 ffmpeg -v error -xerror -t 6 -i "$address" -f null -
  done
  passes "the page" curl -sSf -o /dev/null "$url/"
  kill "$run_pid"
  wait "$run_pid"
  passes "something still listens after its end" bash -c "! curl -s -o /dev/null $url/"
  begin=$SECONDS
  passes "the second start" start_run_sh --demo
  passes "the second start took $((SECONDS - begin)) s" [ $((SECONDS - begin)) -le 10 ]
  kill "$run_pid"
  wait "$run_pid"
  # More of it: tests/cluster/test_demo_cluster.py.
  passes "run.sh --cluster" start_run_sh --cluster || return
  passes "what an edge plays is not clean audio" limit 60 ffmpeg -v error -xerror -t 3 -i "$url/demo.mp3" -f null -
  kill "$run_pid"
  wait "$run_pid"
  for address in 127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4; do
    passes "$address still listens after its end" bash -c "! curl -s -o /dev/null http://$address:$port/"
  done
}

# A case that fails is run once more, alone: with five groups at a time on two processors some
# cases see a late scheduler.  $1: share directory; the rest: more arguments.
conformance() {
  local share=$1 out=$logs/$stage.out id line
  shift
  local run=(limit 1500 python3 -B "$shared/conformance/run.py" --server "$place/icecast-lb -c {config}" --share "$share")
  "${run[@]}" "$@" | tee "$out"
  if ! grep -qE '^[0-9]+ passed, [0-9]+ failed' "$out"; then
    count_closing_line "$out"
    return
  fi
  count "$(grep -c '^PASS' "$out")" 0
  while read -r _ id _; do
    echo "--- again, alone: $id"
    "${run[@]}" --only "^${id//./\\.}\$" --jobs 1 | tee -a "$out.again"
    if grep -qE "^PASS *$id " "$out.again"; then
      note "passed when run alone: $(grep "^FAIL *$id " "$out")"
      count 1 0
    else
      note "$(grep "^FAIL *$id " "$out")"
      note "   again alone: $(grep -E "^(PASS|FAIL) *$id " "$out.again" || echo 'no result')"
      count 0 1
    fi
  done < <(grep '^FAIL' "$out")
  # The suite starts a server again that died; to us that is a failure of its own.
  while read -r line; do
    note "FAIL $line"
    count 0 1
  done < <(grep -hE '^NOTE .* died' "$out" "$out.again" 2>/dev/null)
}

stage_conformance() {
  release_build && place_server release && conformance /usr/share/icecast2 --jobs 5
}

stage_conformance_own() {
  release_build && place_server release && conformance "$place/share" --jobs 5
}

stage_clients() {
  release_build && place_server release || return 1
  limit 900 python3 -B "$shared/conformance/clients/run_clients.py" --server "$place/icecast-lb -c {config}" |
    tee "$logs/clients.out"
  grep -E '^(FAIL|SKIP)' "$logs/clients.out" >>"$logs/$stage.note"
  # A program that is not there is our failure: packages should have brought it.
  local passed other
  passed=$(grep -c '^PASS' "$logs/clients.out")
  other=$(grep -cE '^(FAIL|SKIP)' "$logs/clients.out")
  grep -qE '^[0-9]+ passed' "$logs/clients.out" || other=$((other + 1))
  count "$passed" "$other"
}

# Two of three count; the suite measures times, and a busy machine has bad moments.
stage_attacks() {
  release_build && place_server release || return 1
  local name out=$logs/attacks.out again
  local run=(limit 900 python3 -B "$shared/attack/run.py" --server "$place/icecast-lb -c {config}" --flavour ours)
  "${run[@]}" | tee "$out"
  grep -qE '^[0-9]+ passed' "$out" || { note "the suite did not come to its end"; count 0 1; }
  count "$(grep -c '^ok ' "$out")" 0
  while read -r _ name _; do
    again=0
    for _ in 1 2; do
      echo "--- again, alone: $name"
      "${run[@]}" --only "$name" | tee "$out.again"
      grep -E "^(ok|FAIL) *$name " "$out.again" >>"$out.tries"
      grep -q "^ok *$name " "$out.again" && again=$((again + 1))
    done
    if [ "$again" = 2 ]; then
      note "passed two times of three: $name"
      count 1 0
    else
      note "$(grep "^FAIL *$name " "$out")"
      note "   again alone: $again of 2 passed"
      count 0 1
    fi
    note "$(sed 's/^/   /' "$out.tries")"
    rm -f "$out.tries"
  done < <(grep '^FAIL' "$out")
}

integrity_of() {
  release_build && place_server release || return 1
  local format=$1 out=$logs/$stage.out
  limit 600 python3 -B "$shared/attack/integrity.py" --server "$place/icecast-lb -c {config}" --flavour ours \
    --format "$format" --fault "$faults" | tee "$out"
  grep '^FAIL' "$out" >>"$logs/$stage.note"
  count_closing_line "$out"
  limit 300 python3 -B tests/cluster/integrity_masters.py --shared "$shared/attack" \
    --server "$place/icecast-lb -c {config}" --format "$format" | tee "$out"
  grep '^FAIL' "$out" >>"$logs/$stage.note"
  count_closing_line "$out"
}
stage_integrity() { integrity_of mp3; }
stage_integrity_ogg() { integrity_of ogg; }

# What the sanitizers wrote into $place/reports is a failure, whatever the tests said.
count_reports() {
  local report
  for report in "$place"/reports/*; do
    [ -e "$report" ] || continue
    note "$(basename "$report"): $(grep -m 1 -E 'ERROR|WARNING|runtime error' "$report")"
    cat "$report"
    count 0 1
  done
}
sanitizer_options() {
  export ASAN_OPTIONS=log_path=$place/reports/asan:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=log_path=$place/reports/ubsan:print_stacktrace=1
  export TSAN_OPTIONS=log_path=$place/reports/tsan:second_deadlock_stack=1
}

stage_tsan() {
  local unit
  configure_in tsan --enable-tsan --enable-werror CXXFLAGS="-O1 -g" &&
    make -s -C build/tsan -j"$jobs" src/icecast-lb unit_net unit_stream && place_server tsan || return 1
  sanitizer_options
  # Without address randomisation: gcc 12's ThreadSanitizer does not know today's memory layouts.
  local plain=(setarch "$(uname -m)" -R)
  for unit in unit_net unit_stream; do
    limit 300 "${plain[@]}" "build/tsan/$unit" 2>&1 | tee "$logs/tsan.$unit"
    local summary
    summary=$(grep -aE '^OK \(' "$logs/tsan.$unit" | tail -n 1)
    if [ -n "$summary" ]; then
      count "$(grep -oE '[0-9]+ ran' <<<"$summary" | cut -d' ' -f1)" 0
    else
      note "FAIL $unit"
      count 0 1
    fi
  done
  limit 300 "${plain[@]}" python3 -B tests/blackbox/run.py --server "$place/icecast-lb" --slow-server --only '^smoke' |
    tee "$logs/tsan.out"
  count_closing_line "$logs/tsan.out"
  count_reports
}

stage_asan_conformance() {
  asan_build && place_server asan || return 1
  sanitizer_options
  conformance /usr/share/icecast2 --jobs 2
  count_reports
}

stage_distcheck() {
  release_build || return 1
  limit 1500 make -C build/release distcheck DISTCHECK_CONFIGURE_FLAGS=--enable-werror AM_MAKEFLAGS=-j"$jobs" \
    >"$logs/distcheck.out" 2>&1
  local status=$?
  cat "$logs/distcheck.out"
  [ "$status" = 0 ] || return 1
  count 1 0
}

stage_clang() {
  configure_in clang --enable-werror CXX=clang++-14 && make -C build/clang -j"$jobs" -k all || return 1
  # shellcheck disable=SC2046
  make -C build/clang -j"$jobs" -k $(make_variable clang check_PROGRAMS) || return 1
  count 1 0
}

stage_fuzz() {
  local target name
  configure_in fuzz --enable-fuzz CXX=clang++-14 && make -C build/fuzz -j"$jobs" || return 1
  for target in build/fuzz/fuzz_*; do
    if [ ! -x "$target" ] || [ -d "$target" ]; then continue; fi
    name=${target##*/fuzz_}
    mkdir -p "build/fuzz/found/$name"
    if limit 120 "$target" -max_total_time=60 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/found/$name" "fuzz/corpus/$name" 2>&1; then
      count 1 0
    else
      note "FAIL $name: see build/fuzz/found/$name-*"
      count 0 1
    fi
  done
}

# A goal is a time or a share, and not a test; what was missed is in the note with its figure.
stage_goals() {
  release_build || return 1
  limit 1500 python3 -B tests/cluster/goals/run.py --build build/release --json "$logs/goals.json" | tee "$logs/goals.out"
  grep -vE '^(reached|[0-9]+ of)' "$logs/goals.out" >>"$logs/$stage.note"
  count "$(grep -c '^reached' "$logs/goals.out")" "$(grep -cE '^(MISSED|FAILED)' "$logs/goals.out")" "$(grep -c '^unmeasured' "$logs/goals.out")"
}

stage_orchestration() {
  release_build || return 1
  limit 600 python3 -B tests/orchestration/run.py --server build/release/src/icecast-lb | tee "$logs/orchestration.out"
  grep -E '^(FAIL|SKIP)' "$logs/orchestration.out" >>"$logs/$stage.note"
  count_closing_line "$logs/orchestration.out"
}

stage_players() {
  release_build || return 1
  limit 900 python3 -B tests/blackbox/players.py --server build/release/src/icecast-lb | tee "$logs/players.out"
  grep '^FAIL' "$logs/players.out" >>"$logs/$stage.note"
  count_closing_line "$logs/players.out"
}

stage_package() {
  release_build || return 1
  limit 5400 python3 -B tests/package/run.py --build build/release | tee "$logs/package.out"
  grep '^FAIL' "$logs/package.out" >>"$logs/$stage.note"
  count_closing_line "$logs/package.out"
}

# --- running them --------------------------------------------------------------------------------
stages=()
list() {
  for stage in "${default_stages[@]}"; do printf '%-18s %s\n' "$stage" "${about[$stage]}"; done
  for stage in "${long_stages[@]}"; do printf '%-18s %s\n' "$stage" "${about[$stage]} (--long)"; done
}
main() {
  local argument p f s word reason status begin
  for argument in "$@"; do
    case $argument in
      --long) stages+=("${default_stages[@]}" "${long_stages[@]}") ;;
      --list) list; exit 0 ;;
      -h | --help) sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$0"; exit 0 ;;
      default) stages+=("${default_stages[@]}") ;;
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
  for stage in "${stages[@]}"; do
    if [[ $needs_shared == *" $stage "* ]] && [ ! -d "$shared" ]; then
      left_out+=("$stage")
      continue
    fi
    rm -f "$logs/$stage".{count,note,out,out.again}
    printf '%-18s ' "$stage"
    begin=$SECONDS
    ("stage_${stage//-/_}") >"$logs/$stage.log" 2>&1
    status=$?
    if [ $status != 0 ] || [ ! -s "$logs/$stage.count" ]; then
      # It broke off: that is one failure, if it has not counted one.
      awk '{f += $2} END {exit (f > 0)}' "$logs/$stage.count" 2>/dev/null && echo "0 1 0" >>"$logs/$stage.count"
      [ -e "$logs/$stage.count" ] || echo "0 1 0" >"$logs/$stage.count"
    fi
    read -r p f s < <(awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}' "$logs/$stage.count")
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$s" = 0 ] || skip_reasons+=("$stage: $s")
    word=ok
    [ "$f" = 0 ] || word=FAIL
    printf '%-4s %4d s   %d passed, %d failed\n' $word $((SECONDS - begin)) "$p" "$f"
    [ ! -s "$logs/$stage.note" ] || sed 's/^/    /' "$logs/$stage.note"
    if [ $word = FAIL ]; then
      echo "    the end of $logs/$stage.log:"
      tail -n 25 "$logs/$stage.log" | sed 's/^/    | /'
    fi
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
