#!/bin/bash
# Installs what is missing, builds icecast-lb, writes a first configuration, and runs one node.
#
#   ./run.sh [--demo | --cluster] [--port N] [--var DIR] [--hostname NAME]
#
#   --demo      also play short files of our own, with titles, to /demo.mp3 and /demo.ogg
#   --cluster   instead of one node a master on 127.0.0.1 and three edges on 127.0.0.2 to .4, whose
#               capacities are 10 : 5 : 1; configurations in var/cluster/
#   --port N    port of a first configuration (8000); one that exists is left as it is
#   --var DIR   where configuration and logs are (var/ beside this script)
#   --hostname NAME   in a first configuration: the name that leads to this machine. The server orders a
#               certificate for it from Let's Encrypt, by which you agree to its terms, and plays by https
#               too: doc/https.md. Needs ports 80 and 443, so root.
#   --ports HTTP,HTTPS   other ones, where a router or a proxy forwards those two to them
#   --authority URL      another certificate authority, by its directory; --authority-ca FILE: what it is trusted by
#
# Ctrl-C ends everything that it started.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
demo=no cluster=no port=8000 wanted_port= var=$here/var name= ports=80,443 authority= authority_ca=

usage() { sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$0"; }
while [ $# -gt 0 ]; do
  case $1 in
    --demo) demo=yes ;;
    --cluster) cluster=yes ;;
    --port) port=${2:?--port needs a number} wanted_port=$2; shift ;;
    --hostname) name=${2:?--hostname needs a name}; shift ;;
    --ports) ports=${2:?--ports needs two numbers}; shift ;;
    --authority) authority=${2:?--authority needs an address}; shift ;;
    --authority-ca) authority_ca=$(realpath -e "${2:?--authority-ca needs a file}"); shift ;;
    --var) var=$(realpath -m "${2:?--var needs a directory}"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

say() { printf '%s\n' "$*"; }
die() { say "run.sh: $*" >&2; exit 1; }
refuse() { say "run.sh: $*" >&2; exit 2; }
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
random_password() { od -An -N10 -tx1 /dev/urandom | tr -d ' \n'; }

# Before it is written: a configuration that is there is left as it is.
is_port() { [[ $1 =~ ^[0-9]{1,5}$ ]] && [ "$((10#$1))" -le 65535 ]; }
is_port "$port" || refuse "--port $port: it is a number up to 65535, such as 8000"
{ [[ $ports == *,* ]] && is_port "${ports%,*}" && is_port "${ports#*,}" && [ "${ports%,*}" != "${ports#*,}" ]; } ||
  refuse "--ports $ports: they are two numbers, of http and of https, such as 8080,8443"
[[ -z $name || ( $name =~ ^[^][:space:]/@\&\<\>\"]+$ && ! $name =~ ^[^:]*:[0-9]*$ && ( $name == *[.:]* || -n $authority ) ) ]] ||
  refuse "--hostname $name: it is a name alone, without http:// or a port, that leads here from everywhere, such as radio.example.org"
[[ -z $authority || $authority == https://?* || $authority == letsencrypt || $authority == letsencrypt-staging ]] ||
  refuse "--authority $authority: it is the https address of a directory, letsencrypt, or letsencrypt-staging"

flags=$("$here/tools/build-flags")

# The number of compilations at once: the compiler takes up to 1300 MB.
jobs() {
  local fitting
  fitting=$(awk '/^MemAvailable/ {print int($2 / 1300000)}' /proc/meminfo)
  [ "${fitting:-0}" -ge 1 ] || fitting=1
  [ "$(nproc)" -lt "$fitting" ] && nproc || echo "$fitting"
}

# Reads what make prints, adds it to the log $1 and tells which of $2 units the compiler is at.  In a terminal
# the line stays in its place; elsewhere there is one for every fifth.
progress() {
  local line unit=0 fifth=0 begin=$SECONDS
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$1"
    [[ $line == "  CXX "* ]] || continue
    unit=$((unit + 1))
    if [ -t 1 ]; then
      printf '\r  unit %d of %d, %d s ' "$unit" "$2" $((SECONDS - begin))
    elif [ $((5 * unit / $2)) -gt $fifth ]; then
      fifth=$((5 * unit / $2))
      say "  unit $unit of $2, $((SECONDS - begin)) s"
    fi
  done
  if [ -t 1 ] && [ $unit -gt 0 ]; then printf '\n'; fi
}

# The tree of the build is configured once, and again when these lines change.
configure_build() {
  local arguments=(--enable-unity CXXFLAGS="$flags")
  if [ -z "${CXX-}" ] && command -v ccache >/dev/null; then arguments+=(CXX="ccache g++"); fi
  { [ -x "$here/configure" ] && "$here/tools/floor-lists" --check; } || "$here/autogen.sh"
  cd "$build_dir"
  [ "$build_dir" != "$here" ] || return 0  # it is somebody's own
  [ ! -e Makefile ] || [ "$(cat configured-with 2>/dev/null)" != "${arguments[*]}" ] || return 0
  ../../configure "${arguments[@]}"
  echo "${arguments[*]}" >configured-with
}

build() {
  local log=$here/build/run.log begin=$SECONDS units
  mkdir -p "$here/build/run"
  build_dir=$here/build/run
  [ ! -e "$here/config.status" ] || build_dir=$here  # somebody has configured in the source itself
  server=$build_dir/src/icecast-lb
  (configure_build) </dev/null >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "cannot configure; all of it: $log"; }
  export CCACHE_DEPEND=1
  units=$(make -n V=0 -C "$build_dir" src/icecast-lb src/icelb 2>/dev/null </dev/null | grep -c 'echo "  CXX ' || true)
  if [ ! -x "$server" ]; then
    say "building icecast-lb: two minutes on two processors, less on more (the details go to $log)"
  elif [ "$units" != 0 ]; then
    say "building what has changed"
  fi
  make --no-print-directory V=0 -C "$build_dir" -j"$(jobs)" src/icecast-lb src/icelb </dev/null 2>&1 | progress "$log" "$units" ||
    { tail -n 30 "$log" >&2; die "the build failed; all of it: $log"; }
  [ "$units" = 0 ] || say "built in $((SECONDS - begin)) s"
}

# As root the server becomes nobody, who then has to reach its logs and its configuration.  Where
# this directory is closed to others (/root is), var is a link to a place that is open.
open_var() {
  if [ "$(id -u)" = 0 ] && [ ! -e "$var" ] && ! as_nobody test -x "$(dirname "$var")"; then
    local place
    place=/var/lib/icecast-lb/$(cksum <<<"$var" | cut -d' ' -f1)
    mkdir -p "$place" "$(dirname "$var")"
    ln -sfn "$place" "$var"
  fi
  mkdir -p "$var/web" "$var/log" ||
    die "configuration and logs cannot be kept in $var.  Another directory:  ./run.sh --var DIR"
  var=$(cd "$var" && pwd -P)
  [ -w "$var" ] || die "$var cannot be written by $(id -un).  As its owner, or another directory:  ./run.sh --var DIR"
  chmod 750 "$var/log"
  mkdir -p "$var/state"
  chmod 700 "$var/state"
}

# The logs belong to the server's user.  The configuration does not: root reads it at the next start,
# so nobody else may write it.
give_to_nobody() {
  [ "$(id -u)" = 0 ] || return 0
  chown -h nobody:nogroup "$var/log" "$var/state"
  chown -h root:nogroup "$config"
  chmod 640 "$config"
}

# With a name: its certificate.
https_elements() {
  [ -n "$name" ] || return 0
  local inside=
  [ "$ports" = 80,443 ] || inside="<ports>${ports/,/ }</ports>"
  [ -z "$authority" ] || inside+="<authority url=\"$(xml_text "$authority")\"${authority_ca:+ ca-file=\"$(xml_text "$authority_ca")\"}/>"
  echo "  <!-- A certificate by itself, and ports 80 and 443: doc/https.md. -->"
  if [ -n "$inside" ]; then echo "  <acme>$inside</acme>"; else echo "  <acme/>"; fi
}

write_configuration() {
  local owner=
  if [ "$(id -u)" = 0 ]; then
    owner='
  <security>
    <changeowner>
      <user>nobody</user>
      <group>nogroup</group>
    </changeowner>
  </security>
'
  fi
  (umask 077 && cat >"$config") <<XML
<?xml version="1.0" encoding="UTF-8"?>
<!-- Written once by run.sh; from now on it is yours.  After a change:  kill -HUP the server, or
     start it again.  All there is to set: conf/icecast-lb.xml and doc/config.md. -->
<icecast>
  <!-- The name under which others reach this server. -->
  <hostname>$(xml_text "${name:-localhost}")</hostname>
  <location>Earth</location>
  <admin>icemaster@localhost</admin>

  <authentication>
    <source-password>$(random_password)</source-password>
    <relay-password>$(random_password)</relay-password>
    <admin-user>admin</admin-user>
    <admin-password>$(random_password)</admin-password>
  </authentication>

  <listen-socket>
    <port>$port</port>
  </listen-socket>
$(https_elements)
  <limits>
    <clients>1000</clients>
    <sources>16</sources>
  </limits>

  <paths>
    <logdir>$(xml_text "$var/log")</logdir>
    <state-dir>$(xml_text "$var/state")</state-dir>
    <!-- Pages, intros and fallback files of your own. -->
    <webroot>$(xml_text "$var/web")</webroot>
    <alias source="/" destination="/status.xsl"/>
  </paths>

  <logging>
    <errorlog>error.log</errorlog>
    <accesslog>access.log</accesslog>
    <playlistlog>playlist.log</playlistlog>
    <loglevel>3</loglevel>
  </logging>

  <!-- /admin/ with a login page, and one console for everything (doc/console.md); what is made there
       (mounts, stations, users) is kept in files (doc/stores.md). -->
  <console/>
  <store type="files" path="$(xml_text "$var/state/records")"/>
$owner</icecast>
XML
}
xml_text() { sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/"/\&quot;/g' <<<"$1"; }

# The text of an element of the configuration; the first one counts, but none in a comment.
configured() {
  perl -0777 -ne 's/<!--.*?-->//gs; m{<'"$1"'>\s*([^<]*?)\s*</} or exit; $_ = $1;
    s/&(lt|gt|quot|apos|amp);/{lt => "<", gt => ">", quot => "\"", apos => "\x27", amp => "&"}->{$1}/ge; print "$_\n"' "$config"
}
# A password as it stands in an address, and in a string of Liquidsoap; neither has a single quote.
in_address() { perl -e '$_ = shift; s/([^A-Za-z0-9._~-])/sprintf "%%%02X", ord $1/ge; print' -- "$1"; }
in_string() { perl -e '$_ = shift; s/([\\"#\x27])/sprintf "\\x%02x", ord $1/ge; print' -- "$1"; }

# What butt reads with -c: it has no options for a server.
write_butt_settings() {
  (umask 077 && cat >"$var/butt.cfg") <<CFG
[main]
server = icecast-lb
srv_ent = icecast-lb
icy =
icy_ent =
num_of_srv = 1
num_of_icy = 0
connect_at_startup = 1
[audio]
samplerate = 44100
bitrate = 128
channel = 2
codec = mp3
[icecast-lb]
address = localhost
port = $port
password = $source_password
type = 1
tls = 0
mount = live.mp3
usr = source
protocol = 0
cert_hash =
CFG
}

started=()
end_all() {
  trap - EXIT
  [ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null || true
  wait
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

start_server() {
  local line said= is_ready=no
  log_bytes=$(stat -Lc %s "$var/log/error.log" 2>/dev/null || echo 0)  # of earlier runs
  exec 3< <(exec "$server" -c "$config" 2>&1 </dev/null)
  server_pid=$!
  started+=("$server_pid")
  while IFS= read -r -t 20 -u 3 line; do
    if [[ $line == "icecast-lb ready: port "* ]]; then port=${line#*port }; port=${port%% *}; is_ready=yes; break; fi
    said+=$line$'\n'
  done
  if [ $is_ready = yes ]; then
    # What is served all the same, but not as it was meant.
    grep -E ' EROR |: error: ' <<<"$said" >&2 || true
    return
  fi
  printf '%s' "$said" >&2
  tail -c +$((log_bytes + 1)) "$var/log/error.log" 2>/dev/null | tail -n 5 >&2 || true
  die "the server did not start.  If another program has port $port: change it in $config, or  ./run.sh --var var2 --port 8010"
}

# Says when a browser may come by https, and why not yet.
await_certificate() {
  local https=${ports#*,} line
  [ "$https" = 443 ] && https= || https=:$https
  while IFS= read -r line; do
    case $line in
      *' tls/acme no certificate for '*) say "${line#*tls/acme }" ;;
      *' tls/acme a new certificate for '*' is in use'* | *' tls/acme the certificate for '*' is valid'*)
        say "
https://$name$https/ is ready"
        return ;;
    esac
  done < <(exec tail -c +$((log_bytes + 1)) -F --pid="$server_pid" "$var/log/error.log" 2>/dev/null)
}

tell() {
  local url=http://localhost:$port from allow_root=
  from=$(hostname -I 2>/dev/null | cut -d' ' -f1 || true)
  [ "$(id -u)" != 0 ] || allow_root='settings.init.allow_root.set(true) '
  say "
icecast-lb runs.  Ctrl-C ends it.

  the page     $url/${from:+            from elsewhere: http://$from:$port/}
  its admin    $url/admin/      user $(configured admin-user)   password $(configured admin-password)
  to send      user source   password $source_password"
  [ $demo = no ] || say "
  now playing  $url/demo.mp3
               $url/demo.ogg"
  say "
Send something to $url/live.mp3; paste one of:

ffmpeg -re -stream_loop -1 -i '$here/demo/morning.mp3' -c copy -content_type audio/mpeg -f mp3 'icecast://source:$(in_address "$source_password")@localhost:$port/live.mp3'

liquidsoap '${allow_root}output.icecast(%mp3(bitrate=128), host=\"localhost\", port=$port, password=\"$(in_string "$source_password")\", mount=\"live.mp3\", single(\"$here/demo/morning.mp3\"))'

butt -c '$var/butt.cfg'

Configuration: $config     Logs: $var/log/"
}

"$here/tools/install-packages" build
build
open_var
[ $cluster = no ] || exec python3 -B "$here/tools/demo-cluster.py" --server "$server" --var "$var" --port "$port"
config=$var/icecast-lb.xml
[ ! -e "$config" ] || [ -z "$wanted_port" ] || [ "$(configured port)" = "$wanted_port" ] ||
  say "$config is there already: port $(configured port), not $wanted_port"
if [ ! -e "$config" ]; then
  write_configuration
elif [ -n "$name" ] && [ "$(configured hostname)" != "$name" ]; then
  die "$config is there already, for $(configured hostname), and left as it is: see doc/https.md for what to write, or  ./run.sh --var var2 --hostname $name"
elif grep -qE '^ *<acme[ />]' "$config"; then
  # As it was written, whatever is typed on another day.
  name=$(configured hostname) ports=$(configured ports | tr ' ' ,)
  ports=${ports:-80,443}
elif [ -n "$name" ]; then
  die "$config is there already, and orders no certificate: put <acme/> beside its <hostname> (doc/https.md)"
fi
source_password=$(configured source-password)
give_to_nobody
port=$(configured port)
start_server
cat <&3 &
write_butt_settings
if [ $demo = yes ]; then
  python3 "$here/tools/demo-source.py" --config "$config" --port "$port" &
  started+=($!)
fi
tell
if [ -n "$name" ]; then
  await_certificate &
  started+=($!)
fi
status=0
wait "$server_pid" || status=$?
exit $status
