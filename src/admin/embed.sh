#!/bin/sh
# Writes a C++ file that holds the given files as constant bytes.
# Usage: embed.sh SRCDIR FILE...     FILE is relative to SRCDIR and becomes the name of the bytes.
set -e
LC_ALL=C
export LC_ALL
srcdir=$1
shift
bytes_of() {
  case $1 in
    admin/console/*.js) awk -f "$srcdir/src/admin/squeeze.awk" "$srcdir/$1" ;;
    admin/console/*.css | web/style.css) awk -v sheet=1 -f "$srcdir/src/admin/squeeze.awk" "$srcdir/$1" ;;
    *) cat "$srcdir/$1" ;;
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
  bytes_of "$file" | od -An -v -tx1 | sed "s/ \(..\)/'\\\\x\1',/g"
  echo '};'
  n=$((n + 1))
done
echo 'constexpr BuiltinFile kFiles[] = {'
n=0
for file in $sorted; do
  echo "    {\"$file\", {kBytes$n, sizeof kBytes$n}},"
  n=$((n + 1))
done
echo '};'
echo '}  // namespace'
echo 'std::span<const BuiltinFile> builtin_files() { return kFiles; }'
echo '}  // namespace lb'
