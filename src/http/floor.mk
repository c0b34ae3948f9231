noinst_LIBRARIES += src/libhttp.a
src_libhttp_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
http_files = \
  src/http/access_batch.cc src/http/access_batch.h \
  src/http/access_line.cc src/http/access_line.h \
  src/http/body.cc src/http/body.h \
  src/http/body_client.cc src/http/body_client.h \
  src/http/byte_range.cc src/http/byte_range.h \
  src/http/client.cc src/http/client.h \
  src/http/connection.cc src/http/connection.h \
  src/http/connection_reply.cc \
  src/http/connections.cc src/http/connections.h \
  src/http/credentials.cc src/http/credentials.h \
  src/http/cross_origin.cc src/http/cross_origin.h \
  src/http/error_page.cc src/http/error_page.h \
  src/http/forwarded.cc src/http/forwarded.h \
  src/http/message.cc src/http/message.h \
  src/http/opening.cc src/http/opening.h \
  src/http/page_headers.cc src/http/page_headers.h \
  src/http/parser.cc src/http/parser.h \
  src/http/playlist.cc src/http/playlist.h \
  src/http/reply_source.h \
  src/http/response.cc src/http/response.h \
  src/http/settings.h \
  src/http/static_files.cc src/http/static_files.h \
  src/http/stream_type.cc src/http/stream_type.h \
  src/http/text.h
if UNITY
nodist_src_libhttp_a_SOURCES = $(http_units)
else
src_libhttp_a_SOURCES = $(http_files)
endif
http_units = src/http/unity_1.cc
$(http_units): src/http/floor.mk tools/unity
	$(UNITY) $@ $(http_units) : $(http_files)
CLEANFILES += $(http_units)
