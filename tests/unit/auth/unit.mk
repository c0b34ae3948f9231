unit_programs += unit_auth
unit_auth_SOURCES = tests/unit/main.cc \
  tests/unit/auth/passwords_test.cc
unit_auth_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_auth_LDADD = $(AUTH) $(CPPUTEST_LIBS)
