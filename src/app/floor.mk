src_icecast_lb_CPPFLAGS = $(AM_CPPFLAGS)
src_icecast_lb_SOURCES = src/app/main.cc
src_icecast_lb_LDADD = $(CONFIG)
