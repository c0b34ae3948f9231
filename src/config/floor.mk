noinst_LIBRARIES += src/libconfig.a
src_libconfig_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libconfig_a_SOURCES = src/config/floor.cc
