noinst_LIBRARIES += src/libhttp.a
src_libhttp_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_libhttp_a_SOURCES = \
  src/http/access_line.cc src/http/access_line.h \
  src/http/body.cc src/http/body.h \
  src/http/body_client.cc src/http/body_client.h \
  src/http/client.cc src/http/client.h \
  src/http/connection.cc src/http/connection.h \
  src/http/connections.cc src/http/connections.h \
  src/http/credentials.cc src/http/credentials.h \
  src/http/forwarded.cc src/http/forwarded.h \
  src/http/message.cc src/http/message.h \
  src/http/opening.cc src/http/opening.h \
  src/http/page_headers.cc src/http/page_headers.h \
  src/http/parser.cc src/http/parser.h \
  src/http/playlist.cc src/http/playlist.h \
  src/http/response.cc src/http/response.h \
  src/http/settings.h \
  src/http/static_files.cc src/http/static_files.h
