src_icecast_lb_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_icecast_lb_SOURCES = src/app/main.cc
src_icecast_lb_LDADD = $(APP)
# Found by src/icecast-lb in its own directory.
src_icelb_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_icelb_SOURCES = src/commands/main.cc
src_icelb_LDADD = $(COMMANDS)
