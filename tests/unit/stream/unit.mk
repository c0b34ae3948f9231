unit_programs += unit_stream
unit_stream_files = tests/unit/main.cc \
  tests/unit/base/log_book.h \
  tests/unit/net/socket_pair.h \
  tests/unit/stream/address_tally_test.cc \
  tests/unit/stream/append_log_test.cc \
  tests/unit/stream/channel_test.cc \
  tests/unit/stream/closed_mounts_test.cc \
  tests/unit/stream/delivery_test.cc \
  tests/unit/stream/direct_streams_test.cc \
  tests/unit/stream/dump_writer_test.cc \
  tests/unit/stream/fallback_chain_test.cc \
  tests/unit/stream/fanout_fixture.h \
  tests/unit/stream/fanout_test.cc \
  tests/unit/stream/fanout_window_test.cc \
  tests/unit/stream/feed_test.cc \
  tests/unit/stream/file_feeder_test.cc \
  tests/unit/stream/file_stream_test.cc \
  tests/unit/stream/gate_test.cc \
  tests/unit/stream/slot_gate_test.cc \
  tests/unit/stream/huge_pages_test.cc \
  tests/unit/stream/join_test.cc \
  tests/unit/stream/listener_memory_test.cc \
  tests/unit/stream/listener_test.cc \
  tests/unit/stream/login_hours_test.cc \
  tests/unit/stream/loop_streams_test.cc \
  tests/unit/stream/mount_test.cc \
  tests/unit/stream/moves_test.cc \
  tests/unit/stream/pulse_pacer_test.cc \
  tests/unit/stream/sound_feed_test.cc \
  tests/unit/stream/source_admission_fixture.h \
  tests/unit/stream/source_admission_test.cc \
  tests/unit/stream/source_facts_test.cc \
  tests/unit/stream/source_admission_standby_test.cc \
  tests/unit/stream/source_ring_test.cc \
  tests/unit/stream/source_set_test.cc \
  tests/unit/stream/standby_source_test.cc \
  tests/unit/stream/source_test.cc \
  tests/unit/stream/sourceless_mounts_test.cc \
  tests/unit/stream/seam_test.cc \
  tests/unit/stream/store_test.cc \
  tests/unit/stream/stream_log_test.cc \
  tests/unit/stream/stream_place_test.cc \
  tests/unit/stream/stream_view_test.cc \
  tests/unit/stream/stress_test.cc \
  tests/unit/stream/streams_fixture.h \
  tests/unit/stream/support.h \
  tests/unit/stream/test_plugins.h \
  tests/unit/stream/title_history_test.cc \
  tests/unit/stream/title_line_test.cc
if UNITY
nodist_unit_stream_SOURCES = $(unit_stream_units)
else
unit_stream_SOURCES = $(unit_stream_files)
endif
unit_stream_units = tests/unit/stream/unity_1.cc tests/unit/stream/unity_2.cc tests/unit/stream/unity_3.cc
$(unit_stream_units): $(unit_stream_files) tests/unit/stream/unit.mk tools/unity
	$(UNITY) $@ $(unit_stream_units) : $(unit_stream_files)
CLEANFILES += $(unit_stream_units)
unit_stream_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_stream_LDADD = $(STREAM) $(CPPUTEST_LIBS)
