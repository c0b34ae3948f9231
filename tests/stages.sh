# What the stages of ./test.sh do, how they count, and what they build; test.sh reads this file.
# shellcheck shell=bash disable=SC2154

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

# timed WHAT COMMAND...: notes how long it took.
timed() {
  local what=$1 begin=$SECONDS status
  shift
  "$@"
  status=$?
  note "$what: $((SECONDS - begin)) s"
  return $status
}

limit() { timeout -k 10 "$@"; }

# at_a_time N COMMAND...: the command with each line of the input behind it, N of them at a time; prints the output of
# each when it has ended.
at_a_time() {
  local outputs
  outputs=$(mktemp -d)
  # shellcheck disable=SC2016
  xargs -d '\n' -P "$1" -I{} sh -c '"$@" >"$0/$$" 2>&1; cat "$0/$$"' "$outputs" "${@:2}" {}
  rm -rf "$outputs"
}
# How many suites, of those that print to $1, came to their end.
closing_lines() { grep -cE '^[0-9]+ passed, [0-9]+ failed' "$1"; }

# --- building ------------------------------------------------------------------------------------
jobs=$(nproc)

# All but the stage clang compile the files of a floor together; there each file shows that it can compile
# by itself.  With the same arguments ccache compiles once what release, run and distcheck build in three places:
# so release does as run.sh does, and a warning fails the stage by what it prints.
release_flags=(--enable-unity CXXFLAGS="$(tools/build-flags)")
use_ccache() {
  ccache=()
  [ -z "${CXX-}" ] && command -v ccache >/dev/null || return 0
  ccache=(CXX="ccache g++")
  export CCACHE_DEPEND=1 CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$here
}

# Configures build/NAME with the given arguments, once.
configure_in() {
  local dir=$here/build/$1
  shift
  if [ -e config.status ]; then
    note "this directory itself is configured, which does not go with build/: first  make distclean"
    return 1
  fi
  # Stages begin beside each other, and a Makefile that is made again stops those who build by it.
  (
    flock 9
    { [ configure -nt configure.ac ] && tools/floor-lists --check; } || ./autogen.sh
  ) 9>"$logs/autogen.lock" || return 1
  mkdir -p "$dir"
  use_ccache
  [[ " $*" == *" CXX="* ]] || set -- "$@" "${ccache[@]}"
  if [ ! -e "$dir/Makefile" ] || [ "$(cat "$dir/configured-with" 2>/dev/null)" != "$*" ]; then
    (cd "$dir" && ../../configure "$@") || return 1
    echo "$*" >"$dir/configured-with"
  fi
}
# Variables $2… of the Makefile in build/$1.
make_variable() {
  { echo 'include Makefile'; echo 'show-variables: ; @echo' "$(printf ' $(%s)' "${@:2}")"; } |
    make -s -C "$here/build/$1" -f - show-variables
}
# make $2… in build/$1, which ends with tests.
run_make_check() {
  local dir=$here/build/$1
  find "$dir" -name '*.trs' -delete
  # All is built; tests mostly wait.
  make -C "$dir" -j$((2 * jobs)) -k "${@:2}"
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
  # A build with sanitizers may have the server alone.
  [ ! -e "$here/build/$1/src/icelb" ] || cp "$here/build/$1/src/icelb" "$place/"
  chmod -R a+rX "$place"
  chmod 1777 "$place/reports"
}
places=()
# The programs $2… in build/$1, which are tests.
build_tests() { make -s -C "$here/build/$1" -j"$jobs" -k "${@:2}"; }
# Two stages at a time may want it.
release_build() {
  (
    flock 9
    configure_in release "${release_flags[@]}" && make -s -C build/release -j"$jobs" all bench/cluster-crowd
  ) 9>"$logs/release.lock"
}
# clang compiles the checks of the sanitizers in half of gcc's time, and refuses what only clang refuses; its linker takes a
# quarter of the time for the fifty programs.  The checks of each pointer are left to the fuzzers: AddressSanitizer ends at a
# null pointer as well.
asan_configure() {
  use_ccache
  configure_in asan --enable-asan --enable-unity --enable-werror CXX="${ccache:+ccache }clang++-14" LDFLAGS=-fuse-ld=lld \
    CXXFLAGS="-O0 -g1 -fno-sanitize=null,alignment,object-size"
}
asan_server() { asan_configure && make -s -C build/asan -j"$jobs" src/icecast-lb; }
asan_tests() { make_variable asan unit_programs replay_programs; }

build_simulation() { release_build && build_tests release tests/simulation/simulate-cluster tests/simulation/simulate-planted; }
# What is in the words $2… and not in the words $1.
words_without() { comm -13 <(tr ' ' '\n' <<<"$1" | sort) <(printf '%s\n' "${@:2}" | sort); }
# Those of the tests $1, a variable of the Makefile, that asan does not run as well, with more checks.
check_tests() {
  local elsewhere=
  ! is_asked_for asan || elsewhere=$(make_variable release unit_programs replay_programs)
  # shellcheck disable=SC2046
  words_without "$elsewhere" $(make_variable release "$1")
}
build_check() {
  # shellcheck disable=SC2046
  release_build && build_tests release $(check_tests check_PROGRAMS)
}
build_asan() {
  # shellcheck disable=SC2046
  asan_configure && build_tests asan $(asan_tests)
}
build_distcheck() { release_build; }
build_tsan() {
  configure_in tsan --enable-tsan --enable-unity --enable-werror CXXFLAGS="$(tools/build-flags -Og)" &&
    make -s -C build/tsan -j"$jobs" src/icecast-lb && build_tests tsan unit_net unit_stream
}
# Its warnings do not depend on how much is optimised.
build_clang() {
  configure_in clang --enable-werror CXX=clang++-14 CXXFLAGS="-O0 -g0 -U_FORTIFY_SOURCE" && make -C build/clang -j"$jobs" -k all bench-programs || return 1
  # shellcheck disable=SC2046
  make -C build/clang -j"$jobs" -k $(make_variable clang check_PROGRAMS) || return 1
  make -C build/clang check TESTS=tests/lint/headers check_PROGRAMS=
}

# --- the stages ----------------------------------------------------------------------------------
stage_packages() { tools/install-packages units && count 0 0; }
stage_programs() { tools/install-packages test && count 0 0; }

# The compiler has warned of nothing.  $@: what it has printed.
no_warning() {
  # Quietly: what it printed would be in the log that it reads, and grep refuses that.
  ! grep -qaE 'warning: .*\[-W' "$@" || { note "the compiler has warned" && return 1; }
}

stage_release() { release_build && no_warning "$logs/release.log" && count 0 0; }

stage_check() {
  # shellcheck disable=SC2046
  timed build build_check && no_warning "$logs/check.log" $(find "$logs" -name check.build.log) || return 1
  timed run run_make_check release check-TESTS "TESTS=$(check_tests TESTS | paste -sd ' ')" \
    "check_PROGRAMS=$(check_tests check_PROGRAMS | paste -sd ' ')"
}

stage_asan() {
  timed build build_asan || return 1
  timed run run_make_check asan check-TESTS "TESTS=$(asan_tests)"
}

# suite SECONDS PROGRAM ARGUMENTS...: runs one of our suites, whose lines begin with what came of a case.
suite() {
  local out=$logs/$stage.out
  limit "$1" python3 -B "${@:2}" | tee "$out"
  grep -E '^(FAIL|SKIP|AGAIN)' "$out" >>"$logs/$stage.note"
  count_closing_line "$out"
}
server_suite() { release_build && suite "$1" "$2" --server build/release/src/icecast-lb "${@:3}"; }

# Those that are asked for, beside each other.  Without Icecast-KH its part is skipped by name; so are the pages of docs
# without namespaces (in a container without privileges).
stage_suites() {
  local suite status=0
  rm -rf build/screenshots
  for suite in $asked_suites; do
    rm -f "$logs/$suite".{count,note}
    echo 1 >"$logs/$suite.status"
    echo 0 >"$logs/$suite.seconds"
  done
  release_build || return 1
  # shellcheck disable=SC2086
  limit 3000 python3 -B tests/run.py --server build/release/src/icecast-lb --screenshots build/screenshots $asked_suites | tee "$logs/suites.out"
  for stage in $asked_suites; do
    grep -E "^(FAIL|SKIP|AGAIN)[^:]* $stage " "$logs/suites.out" >"$logs/$stage.note"
    sed -n "s/^$stage: //p" "$logs/suites.out" >"$logs/$stage.out"
    sed -n 's/.*; \([0-9]*\) s$/\1/p' "$logs/$stage.out" >"$logs/$stage.seconds"
    count_closing_line "$logs/$stage.out"
    echo $? >"$logs/$stage.status"
  done
}

stage_differential() {
  [ -x /usr/bin/icecast2 ] || { note "there is no /usr/bin/icecast2 to compare with"; return 1; }
  server_suite 240 tests/differential/run.py
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
  use_ccache
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
  # Its owner has written another password, which is printed as it works, and not the one in the comment.
  sed -i 's|<source-password>.*|<!-- &-- ><source-password>my#pass/w\&amp;rd</source-password>|; s|-- >|-->|' "$place/var/icecast-lb.xml"
  begin=$SECONDS
  passes "the second start" start_run_sh --demo
  passes "the second start took $((SECONDS - begin)) s" [ $((SECONDS - begin)) -le 10 ]
  bash -c "exec $(grep -h '^ffmpeg ' "$place"/out.* | tail -n 1)" >/dev/null 2>&1 </dev/null &
  passes "the line for ffmpeg" limit 30 bash -c "until curl -sfI -o /dev/null $url/live.mp3; do sleep 0.1; done"
  kill $!
  kill "$run_pid"
  wait "$run_pid"
  passes "run.sh --hostname" limit 300 python3 -B tests/blackbox/run_https.py
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
  # One case wants Icecast's Latin-1 for a title that was said to be UTF-8: ours stays UTF-8
  # (doc/differences.md, entry 63; tests/blackbox/test_titles.py).
  "${run[@]}" --only '^(?!meta-charset-utf8$)' "$@" | tee "$out"
  note "SKIP meta-charset-utf8: a title that is said to be UTF-8 stays UTF-8 (doc/differences.md, entry 63)"
  count 0 0 1
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
  release_build && place_server release && conformance /usr/share/icecast2 --jobs 8 --port-base 8600
}

stage_conformance_own() {
  release_build && place_server release && conformance "$place/share" --jobs 8 --port-base 8500
}

stage_clients() {
  release_build && place_server release || return 1
  local half program=$shared/conformance/clients/run_clients.py
  # Two halves beside each other, on ports of their own.
  for half in 0 1; do
    echo "--port=$((8150 + 10 * half)) --only=^($(sed -n "s/^@case('\([^']*\)'.*/\1/p" "$program" | awk -v half=$half 'NR % 2 == half' | paste -sd '|'))\$"
  done >"$place/halves"
  # shellcheck disable=SC2016
  at_a_time 2 sh -c 'exec timeout -k 10 900 python3 -B "$0" --server "$1 -c {config}" ${2% *} "${2#* }"' "$program" "$place/icecast-lb" <"$place/halves" |
    tee "$logs/clients.out"
  grep -E '^(FAIL|SKIP)' "$logs/clients.out" >>"$logs/$stage.note"
  # A program that is not there is our failure: packages should have brought it.
  local passed other
  passed=$(grep -c '^PASS' "$logs/clients.out")
  other=$(grep -cE '^(FAIL|SKIP)' "$logs/clients.out")
  [ "$(closing_lines "$logs/clients.out")" = 2 ] || other=$((other + 1))
  count "$passed" "$other"
}

# Two groups of attacks at a time.  Two of three count; the suite measures times, and a busy machine has bad moments.
stage_attacks() {
  release_build && place_server release || return 1
  local name out=$logs/attacks.out again
  local run=(timeout -k 10 900 python3 -B "$shared/attack/run.py" --server "$place/icecast-lb -c {config}" --flavour ours)
  "${run[@]}" --list | awk 'NF > 3 {attacks[$2]++} END {for (group in attacks) print attacks[group], "--group=" group}' |
    sort -nr | cut -d' ' -f2 >"$place/groups"
  at_a_time 2 "${run[@]}" <"$place/groups" | tee "$out"
  [ "$(closing_lines "$out")" = "$(wc -l <"$place/groups")" ] || { note "a group did not come to its end"; count 0 1; }
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

# A fault that fails is run again, alone, and has to pass twice of two: a process beside compilers reads late.  With
# kill -9 it has to pass three times of five: what the source sends to a process that dies is lost, and a process dies
# for 4 to 7 ms (Icecast too), in which one frame of 26 ms comes in one of five runs (doc/reliability.md).
integrity_of() {
  release_build && place_server release || return 1
  local format=$1
  faults_of "$shared/attack/integrity.py" "$faults" "$format" --flavour ours
  faults_of tests/cluster/integrity_masters.py "$(python3 -B tests/cluster/integrity_masters.py --list)" "$format" --shared "$shared/attack"
}
# faults_of PROGRAM FAULTS FORMAT ARGUMENTS...
faults_of() {
  local out=$logs/$stage.${1##*/}.out name again tries wanted most run=(timeout -k 10 300 python3 -B "$1" --server "$place/icecast-lb -c {config}" --format "$3" "${@:4}")
  tr , '\n' <<<"$2" | sed 's/^/--fault=/' | at_a_time 3 "${run[@]}" | tee "$out"
  [ "$(closing_lines "$out")" = "$(tr , '\n' <<<"$2" | wc -l)" ] || { note "${1##*/} did not come to its end"; count 0 1; }
  count "$(grep -c '^ok ' "$out")" 0
  while read -r _ _ name _; do
    again=0 tries=0 wanted=2 most=2
    [[ $name = *kill9* ]] && wanted=3 most=5
    signal_builder STOP
    while [ $again -lt $wanted ] && [ $((most - tries)) -ge $((wanted - again)) ]; do
      echo "--- again, alone: $name"
      "${run[@]}" --fault "$name" | tee "$out.again"
      grep -qE "^ok +$3 +$name " "$out.again" && again=$((again + 1))
      tries=$((tries + 1))
    done
    signal_builder CONT
    note "$(grep -E "^FAIL +$3 +$name " "$out")"
    note "   again alone: $again of $tries passed"
    if [ $again = $wanted ]; then count 1 0; else count 0 1; fi
  done < <(grep '^FAIL' "$out")
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

# simulate FROM SEEDS [SEED...]: and those by name.  A seed that fails prints itself and its last events.  The time limit is for
# a run beside the suites, at the lowest priority, that attacks stop for a while.
simulate() {
  release_build && make -s -C build/release -j"$jobs" tests/simulation/simulate-cluster || return 1
  local from=$1 seeds=$2 program=(timeout -k 10 3000 build/release/tests/simulation/simulate-cluster)
  shift 2
  { seq "$from" 100 $((from + seeds - 1)) | at_a_time "$jobs" "${program[@]}" --seeds 100 --from
    [ $# = 0 ] || printf '%s\n' "$@" | at_a_time "$jobs" "${program[@]}" --seed; } | tee "$logs/$stage.out"
  grep '^FAIL' "$logs/$stage.out" >>"$logs/$stage.note"
  [ "$(closing_lines "$logs/$stage.out")" = $((seeds / 100 + $#)) ] || { note "some seeds did not come to their end"; count 0 1; }
  # shellcheck disable=SC2046
  count $(awk '/^[0-9]+ passed, [0-9]+ failed$/ {passed += $1; failed += $3} END {print passed + 0, failed + 0}' "$logs/$stage.out")
}
# Each fault that is planted in a test build has to be found by one of 1,000 seeds.
find_planted() {
  make -s -C build/release -j"$jobs" tests/simulation/simulate-planted || return 1
  local program=build/release/tests/simulation/simulate-planted out=$logs/$stage.planted
  "$program" --plants | at_a_time "$jobs" timeout -k 10 3000 "$program" --seeds 1000 --plant | tee "$out"
  grep '^FAIL' "$out" >>"$logs/$stage.note"
  [ "$(closing_lines "$out")" = "$("$program" --plants | wc -l)" ] || { note "some planted faults were not looked for to the end"; count 0 1; }
  # shellcheck disable=SC2046
  count $(awk '/^[0-9]+ passed, [0-9]+ failed$/ {passed += $1; failed += $3} END {print passed + 0, failed + 0}' "$out")
}
stage_simulation() {
  timed build build_simulation
  # Behind the first 1,000: those that have found a fault.
  timed "1,000 seeds" simulate 1 1000 1805 3331 3387 3501 3502 3574 3643 4437 5482 5933 6148 6848 7147 8930 10125 10159 10575 10657
  timed "faults that are planted" find_planted
}
stage_simulation_long() { timed "9,000 seeds" simulate 1001 9000; }

stage_tsan() {
  local unit
  timed build build_tsan && place_server tsan || return 1
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
  asan_server && place_server asan || return 1
  sanitizer_options
  conformance /usr/share/icecast2 --jobs 2
  count_reports
}

stage_distcheck() {
  release_build || return 1
  use_ccache
  local units less=()
  # Check has run the rest with the same files, and only these read some of them: the list in git is compared below.
  if is_asked_for check; then
    units="unit_admin unit_link"
    less=("TESTS=$units" "check_PROGRAMS=$units")
  fi
  # With the arguments of release: what ccache does not know is what the tarball has otherwise.
  # In the foreground: test.sh stops what is built ahead by its process group.
  XZ_OPT=-1 timeout --foreground -k 10 2400 make -C build/release distcheck AM_MAKEFLAGS=-j$((2 * jobs)) "${less[@]}" \
    DISTCHECK_CONFIGURE_FLAGS="$(printf "'%s' " "${release_flags[@]}" "${ccache[@]}")" \
    >"$logs/distcheck.out" 2>&1
  local status=$?
  cat "$logs/distcheck.out"
  [ "$status" = 0 ] || {
    find build/release/icecast-lb-*/_build -name test-suite.log -exec cat {} +
    return 1
  }
  tarball_is_whole && count 2 0
}

# What git keeps is in the tarball, but for what only git reads.
tarball_is_whole() {
  [ -e .git ] || { note "not a checkout: nothing to compare the tarball with" && return 0; }
  local missing
  missing=$(comm -23 <(git ls-files | grep -v '^\.git' | LC_ALL=C sort) \
    <(tar tf build/release/icecast-lb-*.tar.xz | sed 's,^[^/]*/,,' | LC_ALL=C sort))
  [ -z "$missing" ] || note "not in the tarball: $missing"
  [ -z "$missing" ]
}

stage_clang() { timed build build_clang && count 1 0; }

stage_fuzz() {
  local target name
  configure_in fuzz --enable-fuzz --enable-unity CXX=clang++-14 && make -C build/fuzz -j"$jobs" || return 1
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
  release_build && make -s -C build/release -j"$jobs" bench-programs || return 1
  limit 1500 python3 -B tests/cluster/goals/run.py --build build/release --json "$logs/goals.json" | tee "$logs/goals.out"
  grep -vE '^(reached|[0-9]+ of)' "$logs/goals.out" >>"$logs/$stage.note"
  count "$(grep -c '^reached' "$logs/goals.out")" "$(grep -cE '^(MISSED|FAILED)' "$logs/goals.out")" "$(grep -c '^unmeasured' "$logs/goals.out")"
}

# SOAK_SEED and SOAK_MINUTES choose others.
stage_soak() {
  server_suite $((${SOAK_MINUTES:-10} * 90 + 300)) tests/soak/run.py --minutes "${SOAK_MINUTES:-10}" --seed "${SOAK_SEED:-$RANDOM}" --keep "$logs/soak"
}

stage_players() {
  server_suite 900 tests/blackbox/players.py
  tools/install-packages players && server_suite 900 tests/run.py firefox
}

stage_package() { release_build && suite 5400 tests/package/run.py --build build/release; }
