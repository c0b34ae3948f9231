noinst_LIBRARIES += src/libcluster.a
src_libcluster_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
cluster_files = \
  src/cluster/balance/balance.h \
  src/cluster/balance/balancer.cc src/cluster/balance/balancer.h \
  src/cluster/balance/client_history.cc src/cluster/balance/client_history.h \
  src/cluster/balance/eligibility.cc src/cluster/balance/eligibility.h \
  src/cluster/balance/list_askers.cc src/cluster/balance/list_askers.h \
  src/cluster/balance/pick.cc src/cluster/balance/pick.h \
  src/cluster/balance/policies.cc \
  src/cluster/balance/recent_table.h \
  src/cluster/balance/redirect_decider.cc src/cluster/balance/redirect_decider.h \
  src/cluster/balance/redirect_reply.cc src/cluster/balance/redirect_reply.h \
  src/cluster/balance/redirect_token.cc src/cluster/balance/redirect_token.h \
  src/cluster/nodes/audience.cc src/cluster/nodes/audience.h \
  src/cluster/nodes/carriers.cc src/cluster/nodes/carriers.h \
  src/cluster/nodes/clock_offset.cc src/cluster/nodes/clock_offset.h \
  src/cluster/nodes/drain_mode.cc src/cluster/nodes/drain_mode.h \
  src/cluster/nodes/known_nodes.cc src/cluster/nodes/known_nodes.h \
  src/cluster/nodes/names.cc src/cluster/nodes/names.h \
  src/cluster/nodes/node.cc src/cluster/nodes/node.h \
  src/cluster/nodes/node_arrivals.cc src/cluster/nodes/node_load.cc src/cluster/nodes/node_states.cc \
  src/cluster/nodes/node_mounts.cc \
  src/cluster/nodes/node_table.cc src/cluster/nodes/node_table.h \
  src/cluster/nodes/public_address.cc src/cluster/nodes/public_address.h \
  src/cluster/nodes/pull_fault.cc src/cluster/nodes/pull_fault.h \
  src/cluster/nodes/sent_lately.cc src/cluster/nodes/sent_lately.h \
  src/cluster/nodes/second_count.h \
  src/cluster/nodes/steady_count.h \
  src/cluster/polling/master_watch.cc src/cluster/polling/master_watch.h \
  src/cluster/polling/node_report.cc src/cluster/polling/node_report.h \
  src/cluster/polling/report_intake.cc src/cluster/polling/report_intake.h \
  src/cluster/polling/rhythm.cc src/cluster/polling/rhythm.h \
  src/cluster/polling/stream_list.cc src/cluster/polling/stream_list.h \
  src/cluster/relay/program_call.cc src/cluster/relay/program_call.h \
  src/cluster/relay/pull_mark.cc src/cluster/relay/pull_mark.h \
  src/cluster/relay/pull_path.cc src/cluster/relay/pull_path.h \
  src/cluster/relay/pull_verifier.cc src/cluster/relay/pull_verifier.h \
  src/cluster/relay/relay.cc src/cluster/relay/relay.h \
  src/cluster/relay/relay_call.cc \
  src/cluster/relay/relay_dry.cc \
  src/cluster/relay/relay_marks.cc src/cluster/relay/relay_marks.h \
  src/cluster/relay/relay_plans.h \
  src/cluster/relay/relay_set.cc src/cluster/relay/relay_set.h \
  src/cluster/relay/relay_spare.cc \
  src/cluster/relay/upstream_call.cc src/cluster/relay/upstream_call.h \
  src/cluster/slots/seat_book.cc src/cluster/slots/seat_book.h \
  src/cluster/slots/seat_row.cc src/cluster/slots/seat_row.h \
  src/cluster/slots/slot_book.cc src/cluster/slots/slot_book.h \
  src/cluster/slots/slot_book_giving.cc \
  src/cluster/slots/slot_row.h \
  src/cluster/simulation/report.cc src/cluster/simulation/report.h \
  src/cluster/simulation/scenarios.cc src/cluster/simulation/scenarios.h \
  src/cluster/simulation/simulation.cc src/cluster/simulation/simulation.h
cluster_files += \
  src/cluster/link/address_trial.cc src/cluster/link/address_trial.h \
  src/cluster/link/conf_book.cc src/cluster/link/conf_book.h \
  src/cluster/link/conf_frame.cc src/cluster/link/conf_frame.h \
  src/cluster/link/conf_pieces.cc src/cluster/link/conf_pieces.h \
  src/cluster/link/tell_frame.cc src/cluster/link/tell_frame.h \
  src/cluster/link/frame.cc src/cluster/link/frame.h \
  src/cluster/link/ingest.cc src/cluster/link/ingest.h \
  src/cluster/link/frame_batch.cc src/cluster/link/frame_parse.cc \
  src/cluster/link/frame_members.cc src/cluster/link/frame_members.h \
  src/cluster/link/link.cc src/cluster/link/link.h \
  src/cluster/link/link_client.cc src/cluster/link/link_client.h \
  src/cluster/link/link_host.h src/cluster/link/master_side.h src/cluster/link/node_side.h \
  src/cluster/link/link_server.cc src/cluster/link/link_server.h \
  src/cluster/link/linked_streams.cc src/cluster/link/linked_streams.h \
  src/cluster/link/load_changes.cc src/cluster/link/load_changes.h \
  src/cluster/link/master_session.cc src/cluster/link/master_session.h \
  src/cluster/link/message_log.cc src/cluster/link/message_log.h \
  src/cluster/link/node_session.cc src/cluster/link/node_session.h \
  src/cluster/link/offer_changes.cc src/cluster/link/offer_changes.h
if UNITY
nodist_src_libcluster_a_SOURCES = $(cluster_units)
else
src_libcluster_a_SOURCES = $(cluster_files)
endif
cluster_units = src/cluster/unity_1.cc src/cluster/unity_2.cc src/cluster/unity_3.cc src/cluster/unity_4.cc
$(cluster_units): src/cluster/floor.mk tools/unity
	$(UNITY) $@ $(cluster_units) : $(cluster_files)
CLEANFILES += $(cluster_units)
