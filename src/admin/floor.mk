noinst_LIBRARIES += src/libadmin.a
src_libadmin_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libadmin_a_SOURCES = src/admin/floor.cc
