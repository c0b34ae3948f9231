noinst_LIBRARIES += src/libcluster.a
src_libcluster_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_libcluster_a_SOURCES = \
  src/cluster/balance.h \
  src/cluster/balancer.cc src/cluster/balancer.h \
  src/cluster/carriers.cc src/cluster/carriers.h \
  src/cluster/eligibility.cc src/cluster/eligibility.h \
  src/cluster/master_watch.cc src/cluster/master_watch.h \
  src/cluster/node.cc src/cluster/node.h \
  src/cluster/node_table.cc src/cluster/node_table.h \
  src/cluster/pick.cc src/cluster/pick.h \
  src/cluster/policies.cc \
  src/cluster/relay.cc src/cluster/relay.h \
  src/cluster/relay_set.cc src/cluster/relay_set.h \
  src/cluster/settings.h \
  src/cluster/simulation.cc src/cluster/simulation.h \
  src/cluster/simulation_report.cc src/cluster/simulation_report.h \
  src/cluster/simulation_scenarios.cc src/cluster/simulation_scenarios.h \
  src/cluster/stream_list.cc src/cluster/stream_list.h \
  src/cluster/strikes.cc src/cluster/strikes.h \
  src/cluster/upstream_call.cc src/cluster/upstream_call.h
