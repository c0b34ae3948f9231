unit_programs += unit_http
unit_http_SOURCES = tests/unit/main.cc
unit_http_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_http_LDADD = $(HTTP) $(CPPUTEST_LIBS)
