noinst_LIBRARIES += src/libnet.a
src_libnet_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libnet_a_SOURCES = src/net/floor.cc
