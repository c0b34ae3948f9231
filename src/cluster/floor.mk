noinst_LIBRARIES += src/libcluster.a
src_libcluster_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_libcluster_a_SOURCES = \
  src/cluster/master_watch.cc src/cluster/master_watch.h \
  src/cluster/relay.cc src/cluster/relay.h \
  src/cluster/relay_set.cc src/cluster/relay_set.h \
  src/cluster/settings.h \
  src/cluster/stream_list.cc src/cluster/stream_list.h \
  src/cluster/upstream_call.cc src/cluster/upstream_call.h
