unit_programs += unit_net
unit_net_files = tests/unit/main.cc \
  tests/unit/net/address_test.cc \
  tests/unit/net/address_list_test.cc \
  tests/unit/net/child_process_test.cc \
  tests/unit/net/connector_test.cc \
  tests/unit/net/country_file_test.cc \
  tests/unit/net/digest_test.cc \
  tests/unit/net/fetch_test.cc \
  tests/unit/net/inherited_sockets_test.cc \
  tests/unit/net/line_stream_test.cc \
  tests/unit/net/loop_beats_test.cc \
  tests/unit/net/loop_test.cc \
  tests/unit/net/acceptor_test.cc \
  tests/unit/net/certificates.h \
  tests/unit/net/ports_test.cc \
  tests/unit/net/proxy_protocol_test.cc \
  tests/unit/net/reach_test.cc \
  tests/unit/net/resolver_test.cc \
  tests/unit/net/seal_keys_test.cc \
  tests/unit/net/signing_test.cc \
  tests/unit/net/splice_pump_test.cc \
  tests/unit/net/ticket_keys_test.cc \
  tests/unit/net/tls_certificates_test.cc \
  tests/unit/net/tls_fixture.h \
  tests/unit/net/tls_keeper_test.cc \
  tests/unit/net/tls_psk_test.cc \
  tests/unit/net/tls_test.cc \
  tests/unit/net/transport_test.cc
if UNITY
nodist_unit_net_SOURCES = $(unit_net_units)
else
unit_net_SOURCES = $(unit_net_files)
endif
unit_net_units = tests/unit/net/unity_1.cc tests/unit/net/unity_2.cc
$(unit_net_units): $(unit_net_files) tests/unit/net/unit.mk tools/unity
	$(UNITY) $@ $(unit_net_units) : $(unit_net_files)
CLEANFILES += $(unit_net_units)
unit_net_CPPFLAGS = $(UNIT_CPPFLAGS) $(MAXMINDDB_CPPFLAGS)
unit_net_LDADD = $(NET) $(CPPUTEST_LIBS)
