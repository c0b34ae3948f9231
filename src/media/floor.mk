noinst_LIBRARIES += src/libmedia.a
src_libmedia_a_CPPFLAGS = $(AM_CPPFLAGS) $(OGG_CFLAGS)
media_files = \
  src/media/bytes.h \
  src/media/charset.cc src/media/charset.h \
  src/media/ebml.cc \
  src/media/framer.cc src/media/framer.h \
  src/media/icy.cc src/media/icy.h \
  src/media/media_clock.h \
  src/media/metadata.cc src/media/metadata.h \
  src/media/mpeg.cc \
  src/media/mpeg_header.cc src/media/mpeg_header.h \
  src/media/ogg.cc \
  src/media/ogg_headers.cc src/media/ogg_headers.h \
  src/media/ogg_page.cc src/media/ogg_page.h \
  src/media/ogg_serials.h \
  src/media/ogg_tags.cc src/media/ogg_tags.h \
  src/media/silence_line.cc src/media/silence_line.h \
  src/media/vorbis_retitle.cc
if UNITY
nodist_src_libmedia_a_SOURCES = $(media_units)
else
src_libmedia_a_SOURCES = $(media_files)
endif
media_units = src/media/unity_1.cc
$(media_units): src/media/floor.mk tools/unity
	$(UNITY) $@ $(media_units) : $(media_files)
CLEANFILES += $(media_units)
