# The measuring programs: not installed, used by bench/ and by hand.
noinst_LIBRARIES += tools/libtools.a
tools_libtools_a_SOURCES = \
  tools/common.cc tools/common.h \
  tools/frame.cc tools/frame.h \
  tools/listener.cc tools/listener.h \
  tools/samples.h
tools_libtools_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)

noinst_PROGRAMS += tools/icelb-feed tools/icelb-listen
tools_icelb_feed_SOURCES = tools/feed.cc
tools_icelb_feed_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
tools_icelb_feed_LDADD = tools/libtools.a
tools_icelb_listen_SOURCES = tools/listen.cc
tools_icelb_listen_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)
tools_icelb_listen_LDADD = tools/libtools.a

unit_programs += unit_tools
unit_tools_SOURCES = tests/unit/main.cc tools/tools_test.cc
unit_tools_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)
unit_tools_LDADD = tools/libtools.a $(CPPUTEST_LIBS)
