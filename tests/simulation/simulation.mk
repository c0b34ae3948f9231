# Whole clusters in virtual time; ./test.sh simulation runs it.
EXTRA_PROGRAMS += tests/simulation/simulate-cluster
CLEANFILES += tests/simulation/simulate-cluster
tests_simulation_simulate_cluster_SOURCES = tests/simulation/main.cc tests/simulation/cluster.cc tests/simulation/cluster_checks.cc tests/simulation/cluster_faults.cc tests/simulation/cluster.h \
  tests/simulation/clients.cc tests/simulation/clients.h tests/simulation/node.cc tests/simulation/node.h \
  tests/simulation/system_calls.cc tests/simulation/system_calls.h tests/simulation/trace.cc tests/simulation/trace.h \
  tests/simulation/wire.h tests/simulation/world.cc tests/simulation/world.h
tests_simulation_simulate_cluster_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/simulation $(EVENT_CFLAGS) $(XML_CFLAGS)
tests_simulation_simulate_cluster_LDADD = $(APP)
