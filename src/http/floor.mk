noinst_LIBRARIES += src/libhttp.a
src_libhttp_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libhttp_a_SOURCES = src/http/floor.cc
