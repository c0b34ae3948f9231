#!/bin/sh
# Makes ./configure from configure.ac, and the lists of sources: needed after a checkout, and when a file below
# src/ or tests/unit/ was added or removed.
set -e
cd "$(dirname "$0")"
tools/floor-lists
exec autoreconf --install --warnings=all "$@"
