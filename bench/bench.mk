# make bench: our server beside Debian's icecast2, Icecast-KH and a bare sendfile loop.
# Built by it (sendfile-loop by make check, too, for bench/selfcheck), by `make bench-programs` and, where it needs one, by a stage of test.sh; not by `make all`.
bench_programs =
check_PROGRAMS += bench/sendfile-loop
bench_sendfile_loop_SOURCES = bench/sendfile_loop.cc
bench_sendfile_loop_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
bench_sendfile_loop_LDADD = tools/libtools.a

# How long a choice of a node takes at 500 nodes x 1000 mounts; doc/balancing.md.
bench_programs += bench/pick-rate
bench_pick_rate_SOURCES = bench/pick_rate.cc
bench_pick_rate_LDADD = $(CLUSTER)

# What links of many nodes cost a master.
bench_programs += bench/link-swarm
bench_link_swarm_SOURCES = bench/link_swarm.cc bench/swarm_node.cc bench/swarm_node.h \
  bench/crowd_wire.cc bench/crowd_wire.h
bench_link_swarm_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
bench_link_swarm_LDADD = $(CLUSTER)

# Nodes that announce sources; bench/control.py runs it.
bench_programs += bench/source-swarm
bench_source_swarm_SOURCES = bench/source_swarm.cc bench/swarm_node.cc bench/swarm_node.h \
  bench/crowd_wire.cc bench/crowd_wire.h
bench_source_swarm_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
bench_source_swarm_LDADD = $(CLUSTER)

# A crowd at a master with simulated nodes; tests/cluster/goals and test_churn.py drive it.
bench_programs += bench/cluster-crowd
bench_cluster_crowd_SOURCES = bench/crowd.cc bench/crowd_listeners.cc bench/crowd_listeners.h \
  bench/swarm_node.cc bench/swarm_node.h bench/crowd_wire.cc bench/crowd_wire.h
bench_cluster_crowd_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
bench_cluster_crowd_LDADD = $(CLUSTER)

# Redirects a second.
bench_programs += bench/redirect-rate
bench_redirect_rate_SOURCES = bench/redirect_rate.cc

# What <acme> costs a handshake; doc/https.md.
bench_programs += bench/handshake-cost
bench_handshake_cost_SOURCES = bench/handshake_cost.cc
bench_handshake_cost_LDADD = $(NET)

# What opening a large archive costs; bench/archive.py runs it.
bench_programs += bench/archive-size
bench_archive_size_SOURCES = bench/archive_size.cc
bench_archive_size_LDADD = $(ARCHIVE)

# How fast listenings are merged, and how long reports take; doc/audience.md.
bench_programs += bench/audience-rate
bench_audience_rate_SOURCES = bench/audience_rate.cc
bench_audience_rate_LDADD = $(AUDIENCE)

EXTRA_DIST += bench/archive.py bench/control.py bench/harness.py bench/run.py bench/hls.py bench/ingest.py bench/mounts.py bench/pages.py bench/report.py bench/stalled.py bench/upgrade.py bench/selfcheck \
  bench/selfcheck.py doc/performance.md
TESTS += bench/selfcheck
CLEANFILES += bench.json control.json hls.json archive.json upgrade.json bench/report.html

# BENCH_FLAGS=--quick: 500 listeners and short windows.  A part that cannot be measured here is not in the page.
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)
.PHONY: bench bench-programs
bench-programs: $(bench_programs)
bench: all bench-programs bench/sendfile-loop$(EXEEXT)
	python3 -B $(srcdir)/bench/run.py --build $(builddir) --json bench.json $(BENCH_FLAGS)
	-python3 -B $(srcdir)/bench/control.py --build $(builddir) --json control.json
	-python3 -B $(srcdir)/bench/hls.py --server $(builddir)/src/icecast-lb --json hls.json
	-python3 -B $(srcdir)/bench/archive.py --build $(builddir) --json archive.json
	-python3 -B $(srcdir)/bench/upgrade.py --build $(builddir) --upgrades 20 --json upgrade.json
	python3 -B $(srcdir)/bench/report.py --out bench/report.html
