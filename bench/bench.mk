# make bench: our server beside Debian's icecast2, Icecast-KH and a bare sendfile loop.
noinst_PROGRAMS += bench/sendfile-loop
bench_sendfile_loop_SOURCES = bench/sendfile_loop.cc
bench_sendfile_loop_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
bench_sendfile_loop_LDADD = tools/libtools.a

EXTRA_DIST += bench/harness.py bench/run.py bench/mounts.py bench/stalled.py bench/selfcheck \
  bench/selfcheck.py doc/performance.md
TESTS += bench/selfcheck
CLEANFILES += bench.json

# BENCH_FLAGS=--quick: 500 listeners and short windows.
.PHONY: bench
bench: all
	python3 -B $(srcdir)/bench/run.py --build $(builddir) --json bench.json $(BENCH_FLAGS)
