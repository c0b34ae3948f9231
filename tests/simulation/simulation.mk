# Whole clusters in virtual time; ./test.sh simulation runs it.
EXTRA_PROGRAMS += tests/simulation/simulate-cluster tests/simulation/simulate-planted
CLEANFILES += tests/simulation/simulate-cluster tests/simulation/simulate-planted $(planted_files) tests/simulation/planted/link.cc
simulation_files = tests/simulation/main.cc tests/simulation/cluster.cc tests/simulation/cluster_checks.cc \
  tests/simulation/cluster_faults.cc tests/simulation/cluster_past.cc tests/simulation/cluster_titles.cc \
  tests/simulation/clients.cc tests/simulation/etcd.cc tests/simulation/frames.cc tests/simulation/node.cc \
  tests/simulation/planted.cc tests/simulation/plain_links.cc tests/simulation/players.cc tests/simulation/records.cc \
  tests/simulation/steward.cc tests/simulation/trace.cc tests/simulation/world.cc \
  tests/simulation/world_connections.cc tests/simulation/world_sockets.cc
tests_simulation_simulate_cluster_SOURCES = tests/simulation/cluster.h tests/simulation/clients.h \
  tests/simulation/etcd.h tests/simulation/frames.h tests/simulation/hash_here.cc tests/simulation/node.h \
  tests/simulation/planted.h tests/simulation/players.h tests/simulation/records.h tests/simulation/steward.h \
  tests/simulation/system_calls.cc tests/simulation/system_calls.h tests/simulation/threads_here.cc \
  tests/simulation/trace.h tests/simulation/wire.h tests/simulation/world.h
simulation_units = tests/simulation/unity_1.cc tests/simulation/unity_2.cc tests/simulation/unity_3.cc
if UNITY
nodist_tests_simulation_simulate_cluster_SOURCES = $(simulation_units) tests/simulation/planted/link.cc
else
tests_simulation_simulate_cluster_SOURCES += $(simulation_files)
nodist_tests_simulation_simulate_cluster_SOURCES = tests/simulation/planted/link.cc
endif
EXTRA_DIST += $(simulation_files)
$(simulation_units): $(simulation_files) tools/unity
	@mkdir -p $(@D)
	$(UNITY) $@ $(simulation_units) : $(simulation_files)
CLEANFILES += $(simulation_units) $(planted_units)
tests_simulation_simulate_cluster_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir) -I$(srcdir)/tests/simulation $(EVENT_CFLAGS) $(XML_CFLAGS)
# hash_here.cc, threads_here.cc and the copy of link.cc, which sends frames twice, stand in for files of the archives: the linker takes the first.
tests_simulation_simulate_cluster_LDFLAGS = $(AM_LDFLAGS) -Wl,--allow-multiple-definition
tests_simulation_simulate_cluster_LDADD = $(APP)

# The same with copies of some files in place of the archives' own: the linker takes the first.
planted_files = tests/simulation/planted/node_table.cc tests/simulation/planted/node_arrivals.cc tests/simulation/planted/eligibility.cc \
  tests/simulation/planted/slot_book.cc tests/simulation/planted/ingest.cc tests/simulation/planted/file_registry.cc \
  tests/simulation/planted/conf_book.cc tests/simulation/planted/mount_homes.cc tests/simulation/planted/node_session.cc \
  tests/simulation/planted/archive_links.cc tests/simulation/planted/redirect_stage.cc \
  tests/simulation/planted/mirror.cc tests/simulation/planted/title_links.cc tests/simulation/planted/conf_source.cc \
  tests/simulation/planted/node_record.cc tests/simulation/planted/slot_service.cc
EXTRA_DIST += tests/simulation/plant
planted_units = tests/simulation/planted/unity_1.cc tests/simulation/planted/unity_2.cc tests/simulation/planted/unity_3.cc
if UNITY
nodist_tests_simulation_simulate_planted_SOURCES = $(planted_units)
else
nodist_tests_simulation_simulate_planted_SOURCES = $(planted_files)
endif
$(planted_units): $(planted_files) tools/unity
	$(AM_V_GEN)sh $(srcdir)/tools/unity . $@ $(planted_units) : $(planted_files)
tests_simulation_simulate_planted_SOURCES =
tests_simulation_simulate_planted_CPPFLAGS = $(tests_simulation_simulate_cluster_CPPFLAGS)
tests_simulation_simulate_planted_LDFLAGS = $(AM_LDFLAGS) -Wl,--allow-multiple-definition
tests_simulation_simulate_planted_LDADD = $(tests_simulation_simulate_cluster_OBJECTS) $(APP)
tests/simulation/planted/node_table.cc: src/cluster/nodes/node_table.cc
tests/simulation/planted/node_arrivals.cc: src/cluster/nodes/node_arrivals.cc
tests/simulation/planted/eligibility.cc: src/cluster/balance/eligibility.cc
tests/simulation/planted/slot_book.cc: src/cluster/slots/slot_book.cc
tests/simulation/planted/ingest.cc: src/cluster/link/ingest.cc
tests/simulation/planted/conf_book.cc: src/cluster/link/conf_book.cc
tests/simulation/planted/file_registry.cc: src/registry/file_registry.cc
tests/simulation/planted/mount_homes.cc: src/app/topology/mount_homes.cc
tests/simulation/planted/node_session.cc: src/cluster/link/node_session.cc
tests/simulation/planted/archive_links.cc: src/app/cluster/archive_links.cc
tests/simulation/planted/redirect_stage.cc: src/app/join/redirect_stage.cc
tests/simulation/planted/mirror.cc: src/registry/mirror.cc
tests/simulation/planted/title_links.cc: src/app/cluster/title_links.cc
tests/simulation/planted/conf_source.cc: src/app/cluster/conf_source.cc
tests/simulation/planted/node_record.cc: src/cluster/nodes/node_record.cc
tests/simulation/planted/slot_service.cc: src/app/cluster/slot_service.cc
tests/simulation/planted/link.cc: src/cluster/link/link.cc
$(planted_files) tests/simulation/planted/link.cc: tests/simulation/plant
	@mkdir -p $(@D)
	$(AM_V_GEN)python3 -B $(srcdir)/tests/simulation/plant $(filter %/$(@F),$(filter-out $@,$^)) $@
