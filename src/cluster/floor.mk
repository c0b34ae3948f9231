noinst_LIBRARIES += src/libcluster.a
src_libcluster_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libcluster_a_SOURCES = src/cluster/floor.cc
