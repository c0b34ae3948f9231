unit_programs += unit_hls
unit_hls_files = tests/unit/main.cc \
  tests/unit/hls/cut_test.cc \
  tests/unit/hls/id3_head_test.cc \
  tests/unit/hls/past_cut_test.cc \
  tests/unit/hls/past_lookup_test.cc \
  tests/unit/hls/past_shelf.h \
  tests/unit/hls/path_test.cc \
  tests/unit/hls/playlists_test.cc \
  tests/unit/hls/sessions_test.cc \
  tests/unit/archive/fixture.h \
  tests/unit/base/log_book.h \
  tests/unit/media/builders.h \
  tests/unit/stream/support.h
if UNITY
nodist_unit_hls_SOURCES = $(unit_hls_units)
else
unit_hls_SOURCES = $(unit_hls_files)
endif
unit_hls_units = tests/unit/hls/unity_1.cc
$(unit_hls_units): $(unit_hls_files) tests/unit/hls/unit.mk tools/unity
	$(UNITY) $@ $(unit_hls_units) : $(unit_hls_files)
CLEANFILES += $(unit_hls_units)
unit_hls_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_hls_LDADD = $(HLS) $(CPPUTEST_LIBS)
