unit_programs += unit_cluster
unit_cluster_SOURCES = tests/unit/main.cc \
  tests/unit/cluster/balance_property_test.cc \
  tests/unit/cluster/balancer_test.cc \
  tests/unit/cluster/carriers_test.cc \
  tests/unit/cluster/ground.h \
  tests/unit/cluster/master_watch_test.cc \
  tests/unit/cluster/node_load_test.cc \
  tests/unit/cluster/node_report_test.cc \
  tests/unit/cluster/node_table_test.cc \
  tests/unit/cluster/node_test.cc \
  tests/unit/cluster/pick_test.cc \
  tests/unit/cluster/policies_test.cc \
  tests/unit/cluster/public_address_test.cc \
  tests/unit/cluster/redirect_test.cc \
  tests/unit/cluster/relay_marks_test.cc \
  tests/unit/cluster/relay_set_test.cc \
  tests/unit/cluster/relay_test.cc \
  tests/unit/cluster/report_desk_test.cc \
  tests/unit/cluster/simulation_test.cc \
  tests/unit/cluster/some_cluster.h \
  tests/unit/cluster/stream_list_test.cc \
  tests/unit/cluster/recent_table_test.cc \
  tests/unit/cluster/strikes_test.cc \
  tests/unit/cluster/upstream_call_test.cc \
  tests/unit/http/loopback.h \
  tests/unit/stream/support.h
unit_cluster_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_cluster_LDADD = $(CLUSTER) $(CPPUTEST_LIBS)

unit_programs += unit_link
unit_link_SOURCES = tests/unit/main.cc \
  tests/unit/cluster/frame_test.cc \
  tests/unit/cluster/address_trial_test.cc \
  tests/unit/cluster/link_books_test.cc \
  tests/unit/cluster/link_client_test.cc \
  tests/unit/cluster/link_ground.h \
  tests/unit/cluster/link_server_test.cc \
  tests/unit/cluster/link_session_test.cc \
  tests/unit/cluster/link_test.cc \
  tests/unit/cluster/who_desk_test.cc \
  tests/unit/http/loopback.h \
  tests/unit/stream/support.h
unit_link_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_link_LDADD = $(CLUSTER) $(CPPUTEST_LIBS)
