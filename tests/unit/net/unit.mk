unit_programs += unit_net
unit_net_SOURCES = tests/unit/main.cc \
  tests/unit/net/address_test.cc \
  tests/unit/net/address_list_test.cc \
  tests/unit/net/connector_test.cc \
  tests/unit/net/country_file_test.cc \
  tests/unit/net/digest_test.cc \
  tests/unit/net/fetch_test.cc \
  tests/unit/net/inherited_sockets_test.cc \
  tests/unit/net/loop_beats_test.cc \
  tests/unit/net/loop_test.cc \
  tests/unit/net/acceptor_test.cc \
  tests/unit/net/certificates.h \
  tests/unit/net/ports_test.cc \
  tests/unit/net/proxy_protocol_test.cc \
  tests/unit/net/resolver_test.cc \
  tests/unit/net/splice_pump_test.cc \
  tests/unit/net/tls_keeper_test.cc \
  tests/unit/net/tls_psk_test.cc \
  tests/unit/net/tls_test.cc \
  tests/unit/net/transport_test.cc
unit_net_CPPFLAGS = $(UNIT_CPPFLAGS) $(MAXMINDDB_CPPFLAGS)
unit_net_LDADD = $(NET) $(CPPUTEST_LIBS)
