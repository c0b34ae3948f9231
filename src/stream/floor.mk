noinst_LIBRARIES += src/libstream.a
src_libstream_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libstream_a_SOURCES = src/stream/floor.cc
