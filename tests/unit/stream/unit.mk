unit_programs += unit_stream
unit_stream_SOURCES = tests/unit/main.cc
unit_stream_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_stream_LDADD = $(STREAM) $(CPPUTEST_LIBS)
