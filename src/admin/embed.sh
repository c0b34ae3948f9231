#!/bin/sh
# Writes a C++ file that holds the given files as constant bytes.
# Usage: embed.sh SRCDIR FILE...     FILE is relative to SRCDIR and becomes the name of the bytes.
set -e
LC_ALL=C
export LC_ALL
srcdir=$1
shift
sorted=$(printf '%s\n' "$@" | sort -u)

echo '// Made by src/admin/embed.sh from admin/ and web/; edit those.'
echo '#include "admin/builtin.h"'
echo 'namespace lb {'
echo 'namespace {'
n=0
for file in $sorted; do
  test -s "$srcdir/$file"
  echo "constexpr char kBytes$n[] = {"
  od -An -v -tx1 "$srcdir/$file" | sed "s/ \(..\)/'\\\\x\1',/g"
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
