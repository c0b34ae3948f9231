unit_programs += unit_cluster
unit_cluster_files = tests/unit/main.cc \
  tests/unit/cluster/balance_property_test.cc \
  tests/unit/cluster/balancer_test.cc \
  tests/unit/cluster/audience_test.cc \
  tests/unit/cluster/carriers_test.cc \
  tests/unit/cluster/clock_offset_test.cc \
  tests/unit/cluster/redirect_decider_test.cc \
  tests/unit/cluster/fake_relay_host.h \
  tests/unit/cluster/lying_node_test.cc \
  tests/unit/cluster/master_watch_test.cc \
  tests/unit/cluster/node_load_test.cc \
  tests/unit/cluster/node_report_test.cc \
  tests/unit/cluster/node_table_test.cc \
  tests/unit/cluster/node_test.cc \
  tests/unit/cluster/pick_fixture.h \
  tests/unit/cluster/pick_nodes_test.cc \
  tests/unit/cluster/pick_test.cc \
  tests/unit/cluster/pull_test.cc \
  tests/unit/cluster/policies_test.cc \
  tests/unit/cluster/public_address_test.cc \
  tests/unit/cluster/pull_verifier_test.cc \
  tests/unit/cluster/pull_mark_test.cc \
  tests/unit/cluster/program_relay_test.cc \
  tests/unit/cluster/redirect_test.cc \
  tests/unit/cluster/relay_marks_test.cc \
  tests/unit/cluster/relay_seam_test.cc \
  tests/unit/cluster/relay_spare_test.cc \
  tests/unit/cluster/relay_set_test.cc \
  tests/unit/cluster/relay_test.cc \
  tests/unit/cluster/report_intake_test.cc \
  tests/unit/cluster/rhythm_test.cc \
  tests/unit/cluster/seat_book_test.cc \
  tests/unit/cluster/simulation_test.cc \
  tests/unit/cluster/slot_book_property_test.cc \
  tests/unit/cluster/slot_book_test.cc \
  tests/unit/cluster/slot_claims_test.cc \
  tests/unit/cluster/slot_net.h \
  tests/unit/cluster/some_cluster.h \
  tests/unit/cluster/stream_list_test.cc \
  tests/unit/cluster/recent_table_test.cc \
  tests/unit/cluster/client_history_test.cc \
  tests/unit/cluster/upstream_call_test.cc \
  tests/unit/cluster/young_liar_test.cc \
  tests/unit/http/loopback.h \
  tests/unit/stream/support.h
if UNITY
nodist_unit_cluster_SOURCES = $(unit_cluster_units)
else
unit_cluster_SOURCES = $(unit_cluster_files)
endif
unit_cluster_units = tests/unit/cluster/unity_1.cc tests/unit/cluster/unity_2.cc tests/unit/cluster/unity_3.cc
$(unit_cluster_units): $(unit_cluster_files) tests/unit/cluster/unit.mk tools/unity
	$(UNITY) $@ $(unit_cluster_units) : $(unit_cluster_files)
CLEANFILES += $(unit_cluster_units)
unit_cluster_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_cluster_LDADD = $(CLUSTER) $(CPPUTEST_LIBS)

unit_programs += unit_link
# Behind all others those whose helpers need the harness, which redefines `new`.
unit_link_files = tests/unit/main.cc \
  tests/unit/cluster/ingest_test.cc \
  tests/unit/cluster/address_trial_test.cc \
  tests/unit/cluster/link_changes_test.cc \
  tests/unit/cluster/link_client_test.cc \
  tests/unit/cluster/fake_master_side.h \
  tests/unit/cluster/fake_node_side.h \
  tests/unit/cluster/frame_reading.h \
  tests/unit/cluster/link_bench.h \
  tests/unit/cluster/link_server_test.cc \
  tests/unit/cluster/link_test.cc \
  tests/unit/cluster/master_session_test.cc \
  tests/unit/cluster/node_session_test.cc \
  tests/unit/cluster/conf_book_test.cc tests/unit/cluster/conf_frame_test.cc \
  tests/unit/cluster/conf_pieces_test.cc \
  tests/unit/cluster/frame_test.cc tests/unit/cluster/slot_frame_test.cc \
  tests/unit/http/loopback.h \
  tests/unit/stream/support.h
if UNITY
nodist_unit_link_SOURCES = $(unit_link_units)
else
unit_link_SOURCES = $(unit_link_files)
endif
unit_link_units = tests/unit/cluster/unity_link_1.cc
$(unit_link_units): $(unit_link_files) tests/unit/cluster/unit.mk tools/unity
	$(UNITY) $@ $(unit_link_units) : $(unit_link_files)
CLEANFILES += $(unit_link_units)
unit_link_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_link_LDADD = $(CLUSTER) $(CPPUTEST_LIBS)
