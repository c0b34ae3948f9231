noinst_LIBRARIES += src/libnet.a
src_libnet_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(SSL_CFLAGS) $(CURL_CFLAGS) $(MAXMINDDB_CPPFLAGS)
net_files = \
  src/net/acceptor.cc src/net/acceptor.h \
  src/net/address.cc src/net/address.h \
  src/net/address_list.cc src/net/address_list.h \
  src/net/bind_address.cc src/net/bind_address.h \
  src/net/child_process.cc src/net/child_process.h \
  src/net/coalesce.h \
  src/net/connector.cc src/net/connector.h \
  src/net/country_file.cc src/net/country_file.h \
  src/net/curl_loop.cc src/net/curl_loop.h \
  src/net/datagram_port.cc src/net/datagram_port.h \
  src/net/digest.cc src/net/digest.h \
  src/net/fetch.cc src/net/fetch.h \
  src/net/inherited_sockets.cc src/net/inherited_sockets.h \
  src/net/line_port.cc src/net/line_port.h \
  src/net/line_stream.cc src/net/line_stream.h \
  src/net/loop.cc src/net/loop.h \
  src/net/loop_beats.cc src/net/loop_beats.h \
  src/net/loop_pool.cc src/net/loop_pool.h \
  src/net/pipe_transport.cc src/net/pipe_transport.h \
  src/net/proxy_protocol.cc src/net/proxy_protocol.h \
  src/net/reach.cc src/net/reach.h \
  src/net/resolver.cc src/net/resolver.h \
  src/net/settings.h \
  src/net/seal.cc src/net/seal.h \
  src/net/seal_keys.cc src/net/seal_keys.h \
  src/net/signal_watch.cc src/net/signal_watch.h \
  src/net/signing.cc src/net/signing.h \
  src/net/splice_pump.cc src/net/splice_pump.h \
  src/net/ticket_keys.cc src/net/ticket_keys.h \
  src/net/ticket_ring.cc src/net/ticket_ring.h \
  src/net/tls_client.cc src/net/tls_client.h \
  src/net/tls_connect.cc src/net/tls_connect.h \
  src/net/tls_context.cc src/net/tls_context.h \
  src/net/tls_handles.h \
  src/net/tls_keeper.cc src/net/tls_keeper.h \
  src/net/tls_psk.cc src/net/tls_psk.h \
  src/net/tls_transport.cc src/net/tls_transport.h \
  src/net/transport.cc src/net/transport.h
if UNITY
nodist_src_libnet_a_SOURCES = $(net_units)
else
src_libnet_a_SOURCES = $(net_files)
endif
net_units = src/net/unity_1.cc
$(net_units): src/net/floor.mk tools/unity
	$(UNITY) $@ $(net_units) : $(net_files)
CLEANFILES += $(net_units)
