unit_programs += unit_media
unit_media_files = tests/unit/main.cc \
  tests/unit/media/builders.h \
  tests/unit/media/ebml_test.cc \
  tests/unit/media/framer_test.cc \
  tests/unit/media/icy_test.cc \
  tests/unit/media/metadata_test.cc \
  tests/unit/media/mpeg_test.cc \
  tests/unit/media/ogg_headers_test.cc \
  tests/unit/media/ogg_page_test.cc \
  tests/unit/media/ogg_test.cc \
  tests/unit/media/recorder.h \
  tests/unit/media/silence_line_test.cc \
  tests/unit/media/vorbis_retitle_test.cc
if UNITY
nodist_unit_media_SOURCES = $(unit_media_units)
else
unit_media_SOURCES = $(unit_media_files)
endif
unit_media_units = tests/unit/media/unity_1.cc
$(unit_media_units): $(unit_media_files) tests/unit/media/unit.mk tools/unity
	$(UNITY) $@ $(unit_media_units) : $(unit_media_files)
CLEANFILES += $(unit_media_units)
unit_media_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_media_LDADD = $(MEDIA) $(CPPUTEST_LIBS)
