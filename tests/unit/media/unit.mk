unit_programs += unit_media
unit_media_SOURCES = tests/unit/main.cc \
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
  tests/unit/media/vorbis_retitle_test.cc
unit_media_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_media_LDADD = $(MEDIA) $(CPPUTEST_LIBS)
