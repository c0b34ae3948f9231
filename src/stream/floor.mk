noinst_LIBRARIES += src/libstream.a
src_libstream_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
stream_files = \
  src/stream/address_tally.cc src/stream/address_tally.h \
  src/stream/title_history.cc src/stream/title_history.h \
  src/stream/append_log.h \
  src/stream/catch_up.h \
  src/stream/channel.h \
  src/stream/closed_mounts.cc src/stream/closed_mounts.h \
  src/stream/delivery.cc src/stream/delivery.h \
  src/stream/direct_streams.cc src/stream/direct_streams.h \
  src/stream/dump_writer.cc src/stream/dump_writer.h \
  src/stream/end_reason.h \
  src/stream/fallback_chain.h \
  src/stream/fanout.cc src/stream/fanout.h \
  src/stream/feed.cc src/stream/feed.h \
  src/stream/file_feeder.cc src/stream/file_feeder.h \
  src/stream/file_stream.cc src/stream/file_stream.h \
  src/stream/gate.h \
  src/stream/slot_gate.h \
  src/stream/join.cc src/stream/join.h \
  src/stream/listener.cc src/stream/listener.h \
  src/stream/listener_group.h \
  src/stream/loop_streams.cc src/stream/loop_streams.h \
  src/stream/login_hours.cc src/stream/login_hours.h \
  src/stream/mount.cc src/stream/mount.h \
  src/stream/mount_table.h \
  src/stream/noted_mounts.h \
  src/stream/pulse_pacer.h \
  src/stream/seam.h \
  src/stream/seam_search.cc src/stream/seam_search.h \
  src/stream/server_join.cc src/stream/server_join.h \
  src/stream/server_counters.h \
  src/stream/settings.h \
  src/stream/source.cc src/stream/source.h \
  src/stream/source_admission.cc src/stream/source_admission.h \
  src/stream/source_facts.cc src/stream/source_facts.h \
  src/stream/source_set.cc src/stream/source_set.h \
  src/stream/source_admission_rest.cc \
  src/stream/source_admission_standby.cc \
  src/stream/source_ring.cc src/stream/source_ring.h \
  src/stream/sound_feed.cc src/stream/sound_feed.h \
  src/stream/source_set_standby.cc \
  src/stream/span.h \
  src/stream/standby_ranks.h \
  src/stream/standby_source.cc src/stream/standby_source.h \
  src/stream/store.cc src/stream/store.h \
  src/stream/stream_place.cc src/stream/stream_place.h \
  src/stream/stream_log.cc src/stream/stream_log.h \
  src/stream/stream_view.cc src/stream/stream_view.h \
  src/stream/title_line.cc src/stream/title_line.h
if UNITY
nodist_src_libstream_a_SOURCES = $(stream_units)
else
src_libstream_a_SOURCES = $(stream_files)
endif
stream_units = src/stream/unity_1.cc
$(stream_units): src/stream/floor.mk tools/unity
	$(UNITY) $@ $(stream_units) : $(stream_files)
CLEANFILES += $(stream_units)
