unit_programs += unit_http
unit_http_files = tests/unit/main.cc \
  tests/unit/base/log_book.h \
  tests/unit/net/socket_pair.h \
  tests/unit/http/access_line_test.cc \
  tests/unit/http/body_test.cc \
  tests/unit/http/connection_fixture.h \
  tests/unit/http/connection_life_test.cc \
  tests/unit/http/connection_replies_test.cc \
  tests/unit/http/connection_test.cc \
  tests/unit/http/client_test.cc \
  tests/unit/http/credentials_test.cc \
  tests/unit/http/every_split.h \
  tests/unit/http/loopback.h \
  tests/unit/http/forwarded_test.cc \
  tests/unit/http/message_test.cc \
  tests/unit/http/opening_test.cc tests/unit/net/certificates.h \
  tests/unit/http/cross_origin_test.cc \
  tests/unit/http/page_headers_test.cc \
  tests/unit/http/parser_test.cc \
  tests/unit/http/playlist_test.cc \
  tests/unit/http/response_test.cc \
  tests/unit/http/shoutcast_parser_test.cc \
  tests/unit/http/static_files_test.cc \
  tests/unit/http/stream_type_test.cc
if UNITY
nodist_unit_http_SOURCES = $(unit_http_units)
else
unit_http_SOURCES = $(unit_http_files)
endif
unit_http_units = tests/unit/http/unity_1.cc tests/unit/http/unity_2.cc
$(unit_http_units): $(unit_http_files) tests/unit/http/unit.mk tools/unity
	$(UNITY) $@ $(unit_http_units) : $(unit_http_files)
CLEANFILES += $(unit_http_units)
unit_http_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_http_LDADD = $(HTTP) $(CPPUTEST_LIBS)
