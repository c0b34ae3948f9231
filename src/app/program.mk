src_icecast_lb_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_icecast_lb_SOURCES = src/app/main.cc
src_icecast_lb_LDADD = $(APP)
