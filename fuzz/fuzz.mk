# Fuzz targets.  With --enable-fuzz (CXX=clang++-14): fuzz_NAME, to be run as
#   ./fuzz_NAME -max_total_time=60 fuzz/corpus/NAME
# Without: replay_NAME, a test of `make check` that runs every file of fuzz/corpus/NAME once.
# A target is fuzz/NAME.cc, some files in fuzz/corpus/NAME, and three lines for each of its programs.
fuzz_programs =
replay_programs =
EXTRA_DIST += fuzz/corpus

fuzz_programs += fuzz_ogg
fuzz_ogg_SOURCES = fuzz/ogg.cc fuzz/check.h
fuzz_ogg_LDADD = $(FUZZ_FLAGS) $(MEDIA)
replay_programs += replay_ogg
replay_ogg_SOURCES = $(fuzz_ogg_SOURCES) fuzz/replay.cc
replay_ogg_LDADD = $(MEDIA)

fuzz_programs += fuzz_mpeg
fuzz_mpeg_SOURCES = fuzz/mpeg.cc fuzz/check.h
fuzz_mpeg_LDADD = $(FUZZ_FLAGS) $(MEDIA)
replay_programs += replay_mpeg
replay_mpeg_SOURCES = $(fuzz_mpeg_SOURCES) fuzz/replay.cc
replay_mpeg_LDADD = $(MEDIA)

fuzz_programs += fuzz_ebml
fuzz_ebml_SOURCES = fuzz/ebml.cc fuzz/check.h
fuzz_ebml_LDADD = $(FUZZ_FLAGS) $(MEDIA)
replay_programs += replay_ebml
replay_ebml_SOURCES = $(fuzz_ebml_SOURCES) fuzz/replay.cc
replay_ebml_LDADD = $(MEDIA)

fuzz_programs += fuzz_picture
fuzz_picture_SOURCES = fuzz/picture.cc fuzz/check.h
fuzz_picture_LDADD = $(FUZZ_FLAGS) $(MEDIA)
replay_programs += replay_picture
replay_picture_SOURCES = $(fuzz_picture_SOURCES) fuzz/replay.cc
replay_picture_LDADD = $(MEDIA)

fuzz_programs += fuzz_icy
fuzz_icy_SOURCES = fuzz/icy.cc fuzz/check.h
fuzz_icy_LDADD = $(FUZZ_FLAGS) $(MEDIA)
replay_programs += replay_icy
replay_icy_SOURCES = $(fuzz_icy_SOURCES) fuzz/replay.cc
replay_icy_LDADD = $(MEDIA)

fuzz_programs += fuzz_metadata
fuzz_metadata_SOURCES = fuzz/metadata.cc fuzz/check.h
fuzz_metadata_LDADD = $(FUZZ_FLAGS) $(MEDIA)
replay_programs += replay_metadata
replay_metadata_SOURCES = $(fuzz_metadata_SOURCES) fuzz/replay.cc
replay_metadata_LDADD = $(MEDIA)

fuzz_programs += fuzz_head
fuzz_head_SOURCES = fuzz/head.cc fuzz/check.h
fuzz_head_LDADD = $(FUZZ_FLAGS) $(HTTP)
replay_programs += replay_head
replay_head_SOURCES = $(fuzz_head_SOURCES) fuzz/replay.cc
replay_head_LDADD = $(HTTP)

fuzz_programs += fuzz_chunked
fuzz_chunked_SOURCES = fuzz/chunked.cc fuzz/check.h
fuzz_chunked_LDADD = $(FUZZ_FLAGS) $(HTTP)
replay_programs += replay_chunked
replay_chunked_SOURCES = $(fuzz_chunked_SOURCES) fuzz/replay.cc
replay_chunked_LDADD = $(HTTP)

fuzz_programs += fuzz_registry
fuzz_registry_SOURCES = fuzz/registry.cc fuzz/check.h
fuzz_registry_LDADD = $(FUZZ_FLAGS) $(REGISTRY)
replay_programs += replay_registry
replay_registry_SOURCES = $(fuzz_registry_SOURCES) fuzz/replay.cc
replay_registry_LDADD = $(REGISTRY)

fuzz_programs += fuzz_hls_path
fuzz_hls_path_SOURCES = fuzz/hls_path.cc fuzz/check.h
fuzz_hls_path_LDADD = $(FUZZ_FLAGS) $(HLS)
replay_programs += replay_hls_path
replay_hls_path_SOURCES = $(fuzz_hls_path_SOURCES) fuzz/replay.cc
replay_hls_path_LDADD = $(HLS)

fuzz_programs += fuzz_response
fuzz_response_SOURCES = fuzz/response.cc fuzz/check.h
fuzz_response_LDADD = $(FUZZ_FLAGS) $(CLUSTER)
replay_programs += replay_response
replay_response_SOURCES = $(fuzz_response_SOURCES) fuzz/replay.cc
replay_response_LDADD = $(CLUSTER)

fuzz_programs += fuzz_external
fuzz_external_SOURCES = fuzz/external.cc fuzz/check.h
fuzz_external_LDADD = $(FUZZ_FLAGS) $(CONFIG)
replay_programs += replay_external
replay_external_SOURCES = $(fuzz_external_SOURCES) fuzz/replay.cc
replay_external_LDADD = $(CONFIG)

fuzz_programs += fuzz_config
fuzz_config_SOURCES = fuzz/config.cc fuzz/check.h
fuzz_config_LDADD = $(FUZZ_FLAGS) $(CONFIG)
replay_programs += replay_config
replay_config_SOURCES = $(fuzz_config_SOURCES) fuzz/replay.cc
replay_config_LDADD = $(CONFIG)

fuzz_programs += fuzz_report
fuzz_report_SOURCES = fuzz/report.cc fuzz/check.h
fuzz_report_LDADD = $(FUZZ_FLAGS) $(CLUSTER)
replay_programs += replay_report
replay_report_SOURCES = $(fuzz_report_SOURCES) fuzz/replay.cc
replay_report_LDADD = $(CLUSTER)

fuzz_programs += fuzz_proxy
fuzz_proxy_SOURCES = fuzz/proxy.cc fuzz/check.h
fuzz_proxy_LDADD = $(FUZZ_FLAGS) $(HTTP)
replay_programs += replay_proxy
replay_proxy_SOURCES = $(fuzz_proxy_SOURCES) fuzz/replay.cc
replay_proxy_LDADD = $(HTTP)

fuzz_programs += fuzz_frame
fuzz_frame_SOURCES = fuzz/frame.cc fuzz/check.h
fuzz_frame_LDADD = $(FUZZ_FLAGS) $(CLUSTER)
replay_programs += replay_frame
replay_frame_SOURCES = $(fuzz_frame_SOURCES) fuzz/replay.cc
replay_frame_LDADD = $(CLUSTER)

fuzz_programs += fuzz_books
fuzz_books_SOURCES = fuzz/books.cc fuzz/check.h
fuzz_books_LDADD = $(FUZZ_FLAGS) $(CLUSTER)
replay_programs += replay_books
replay_books_SOURCES = $(fuzz_books_SOURCES) fuzz/replay.cc
replay_books_LDADD = $(CLUSTER)

fuzz_programs += fuzz_archive_record
fuzz_archive_record_SOURCES = fuzz/archive_record.cc fuzz/check.h
fuzz_archive_record_LDADD = $(FUZZ_FLAGS) $(ARCHIVE)
replay_programs += replay_archive_record
replay_archive_record_SOURCES = $(fuzz_archive_record_SOURCES) fuzz/replay.cc
replay_archive_record_LDADD = $(ARCHIVE)

fuzz_programs += fuzz_time_text
fuzz_time_text_SOURCES = fuzz/time_text.cc fuzz/check.h
fuzz_time_text_LDADD = $(FUZZ_FLAGS) $(ARCHIVE)
replay_programs += replay_time_text
replay_time_text_SOURCES = $(fuzz_time_text_SOURCES) fuzz/replay.cc
replay_time_text_LDADD = $(ARCHIVE)

fuzz_programs += fuzz_past_ask
fuzz_past_ask_SOURCES = fuzz/past_ask.cc fuzz/check.h
fuzz_past_ask_LDADD = $(FUZZ_FLAGS) $(ARCHIVE)
replay_programs += replay_past_ask
replay_past_ask_SOURCES = $(fuzz_past_ask_SOURCES) fuzz/replay.cc
replay_past_ask_LDADD = $(ARCHIVE)

fuzz_programs += fuzz_stream_place
fuzz_stream_place_SOURCES = fuzz/stream_place.cc fuzz/check.h
fuzz_stream_place_LDADD = $(FUZZ_FLAGS) $(STREAM)
replay_programs += replay_stream_place
replay_stream_place_SOURCES = $(fuzz_stream_place_SOURCES) fuzz/replay.cc
replay_stream_place_LDADD = $(STREAM)

fuzz_programs += fuzz_session_token
fuzz_session_token_SOURCES = fuzz/session_token.cc fuzz/check.h
fuzz_session_token_LDADD = $(FUZZ_FLAGS) $(AUTH)
replay_programs += replay_session_token
replay_session_token_SOURCES = $(fuzz_session_token_SOURCES) fuzz/replay.cc
replay_session_token_LDADD = $(AUTH)

fuzz_programs += fuzz_mount_record
fuzz_mount_record_SOURCES = fuzz/mount_record.cc fuzz/check.h
fuzz_mount_record_LDADD = $(FUZZ_FLAGS) $(CONFIG)
replay_programs += replay_mount_record
replay_mount_record_SOURCES = $(fuzz_mount_record_SOURCES) fuzz/replay.cc
replay_mount_record_LDADD = $(CONFIG)

fuzz_programs += fuzz_api
fuzz_api_SOURCES = fuzz/api.cc fuzz/check.h
fuzz_api_LDADD = $(FUZZ_FLAGS) $(API)
replay_programs += replay_api
replay_api_SOURCES = $(fuzz_api_SOURCES) fuzz/replay.cc
replay_api_LDADD = $(API)

fuzz_programs += fuzz_acme
fuzz_acme_SOURCES = fuzz/acme.cc fuzz/check.h
fuzz_acme_LDADD = $(FUZZ_FLAGS) $(ACME)
replay_programs += replay_acme
replay_acme_SOURCES = $(fuzz_acme_SOURCES) fuzz/replay.cc
replay_acme_LDADD = $(ACME)

fuzz_programs += fuzz_handover
fuzz_handover_SOURCES = fuzz/handover.cc fuzz/check.h
fuzz_handover_LDADD = $(FUZZ_FLAGS) $(APP)
replay_programs += replay_handover
replay_handover_SOURCES = $(fuzz_handover_SOURCES) fuzz/replay.cc
replay_handover_LDADD = $(APP)

fuzz_programs += fuzz_play_log
fuzz_play_log_SOURCES = fuzz/play_log.cc fuzz/check.h
fuzz_play_log_LDADD = $(FUZZ_FLAGS) $(API)
replay_programs += replay_play_log
replay_play_log_SOURCES = $(fuzz_play_log_SOURCES) fuzz/replay.cc
replay_play_log_LDADD = $(API)

fuzz_programs += fuzz_cookie
fuzz_cookie_SOURCES = fuzz/cookie.cc fuzz/check.h
fuzz_cookie_LDADD = $(FUZZ_FLAGS) $(APP)
replay_programs += replay_cookie
replay_cookie_SOURCES = $(fuzz_cookie_SOURCES) fuzz/replay.cc
replay_cookie_LDADD = $(APP)

fuzz_programs += fuzz_replica
fuzz_replica_SOURCES = fuzz/replica.cc fuzz/check.h
fuzz_replica_LDADD = $(FUZZ_FLAGS) $(CLUSTER)
replay_programs += replay_replica
replay_replica_SOURCES = $(fuzz_replica_SOURCES) fuzz/replay.cc
replay_replica_LDADD = $(CLUSTER)

if ENABLE_FUZZ
noinst_PROGRAMS += $(fuzz_programs)
else
fuzz/%.o: CXXFLAGS += -O0 -U_FORTIFY_SOURCE
check_PROGRAMS += $(replay_programs)
TESTS += $(replay_programs)
endif
