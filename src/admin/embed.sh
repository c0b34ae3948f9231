#!/bin/sh
# Writes a C++ file that holds the given files as constant bytes.
# Usage: embed.sh SRCDIR FILE...     FILE is relative to SRCDIR and becomes the name of the bytes.
set -e
LC_ALL=C
export LC_ALL
srcdir=$1
shift
chars() {
  od -An -v -tx1 | sed "s/ \(..\)/'\\\\x\1',/g"
}
# The scripts and sheets that the console loads are there as browsers take them, too.
is_packed() {
  case $1 in
    admin/console/*.js | admin/console/*.css | web/style.css) true ;;
    *) false ;;
  esac
}
sorted=$(printf '%s\n' "$@" | sort -u)

echo '// Made by src/admin/embed.sh from admin/ and web/; edit those.'
echo '#include "admin/page/builtin.h"'
echo 'namespace lb {'
echo 'namespace {'
n=0
for file in $sorted; do
  test -s "$srcdir/$file"
  echo "constexpr char kBytes$n[] = {"
  chars <"$srcdir/$file"
  echo '};'
  if is_packed "$file"; then
    echo "constexpr char kGzip$n[] = {"
    gzip -9nc "$srcdir/$file" | chars
    echo '};'
  fi
  n=$((n + 1))
done
echo 'constexpr BuiltinFile kFiles[] = {'
n=0
for file in $sorted; do
  packed="{}"
  is_packed "$file" && packed="{kGzip$n, sizeof kGzip$n}"
  echo "    {\"$file\", {kBytes$n, sizeof kBytes$n}, $packed},"
  n=$((n + 1))
done
echo '};'
echo '}  // namespace'
echo 'std::span<const BuiltinFile> builtin_files() { return kFiles; }'
echo '}  // namespace lb'
