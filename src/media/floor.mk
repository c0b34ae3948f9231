noinst_LIBRARIES += src/libmedia.a
src_libmedia_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libmedia_a_SOURCES = src/media/floor.cc
