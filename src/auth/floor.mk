noinst_LIBRARIES += src/libauth.a
src_libauth_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libauth_a_SOURCES = \
  src/auth/passwords.cc src/auth/passwords.h
