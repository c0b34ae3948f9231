noinst_LIBRARIES += src/libcluster.a
src_libcluster_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_libcluster_a_SOURCES = \
  src/cluster/balance.h \
  src/cluster/balancer.cc src/cluster/balancer.h \
  src/cluster/carriers.cc src/cluster/carriers.h \
  src/cluster/drain_mode.cc src/cluster/drain_mode.h \
  src/cluster/eligibility.cc src/cluster/eligibility.h \
  src/cluster/known_nodes.cc src/cluster/known_nodes.h \
  src/cluster/master_watch.cc src/cluster/master_watch.h \
  src/cluster/node.cc src/cluster/node.h \
  src/cluster/node_report.cc src/cluster/node_report.h \
  src/cluster/node_table.cc src/cluster/node_table.h \
  src/cluster/pick.cc src/cluster/pick.h \
  src/cluster/policies.cc \
  src/cluster/public_address.cc src/cluster/public_address.h \
  src/cluster/recent_table.h \
  src/cluster/redirect_reply.cc src/cluster/redirect_reply.h \
  src/cluster/redirect_token.cc src/cluster/redirect_token.h \
  src/cluster/relay.cc src/cluster/relay.h \
  src/cluster/relay_marks.cc src/cluster/relay_marks.h \
  src/cluster/relay_set.cc src/cluster/relay_set.h \
  src/cluster/report_desk.cc src/cluster/report_desk.h \
  src/cluster/settings.h \
  src/cluster/simulation.cc src/cluster/simulation.h \
  src/cluster/simulation_report.cc src/cluster/simulation_report.h \
  src/cluster/simulation_scenarios.cc src/cluster/simulation_scenarios.h \
  src/cluster/stream_list.cc src/cluster/stream_list.h \
  src/cluster/strikes.cc src/cluster/strikes.h \
  src/cluster/upstream_call.cc src/cluster/upstream_call.h
src_libcluster_a_SOURCES += \
  src/cluster/address_trial.cc src/cluster/address_trial.h \
  src/cluster/frame.cc src/cluster/frame.h \
  src/cluster/frame_batch.cc src/cluster/frame_parse.cc \
  src/cluster/link.cc src/cluster/link.h \
  src/cluster/link_client.cc src/cluster/link_client.h \
  src/cluster/link_host.h \
  src/cluster/link_server.cc src/cluster/link_server.h \
  src/cluster/linked_streams.cc src/cluster/linked_streams.h \
  src/cluster/load_book.cc src/cluster/load_book.h \
  src/cluster/master_session.cc src/cluster/master_session.h \
  src/cluster/message_log.cc src/cluster/message_log.h \
  src/cluster/node_session.cc src/cluster/node_session.h \
  src/cluster/offer_book.cc src/cluster/offer_book.h \
  src/cluster/who_desk.cc src/cluster/who_desk.h
