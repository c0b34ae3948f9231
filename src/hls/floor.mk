noinst_LIBRARIES += src/libhls.a
src_libhls_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
hls_files = \
  src/hls/cut.cc src/hls/cut.h \
  src/hls/id3_head.cc src/hls/id3_head.h \
  src/hls/master_playlist.cc src/hls/master_playlist.h \
  src/hls/media_playlist.cc src/hls/media_playlist.h \
  src/hls/past_cut.cc src/hls/past_cut.h \
  src/hls/past_lists.cc src/hls/past_lists.h \
  src/hls/past_lookup.cc src/hls/past_lookup.h \
  src/hls/past_lookups.cc src/hls/past_lookups.h \
  src/hls/path.cc src/hls/path.h \
  src/hls/session_names.cc src/hls/session_names.h \
  src/hls/sessions.cc src/hls/sessions.h \
  src/hls/settings.h
if UNITY
nodist_src_libhls_a_SOURCES = $(hls_units)
else
src_libhls_a_SOURCES = $(hls_files)
endif
hls_units = src/hls/unity_1.cc
$(hls_units): src/hls/floor.mk tools/unity
	$(UNITY) $@ $(hls_units) : $(hls_files)
CLEANFILES += $(hls_units)
