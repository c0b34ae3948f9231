unit_programs += unit_auth
unit_auth_SOURCES = tests/unit/main.cc
unit_auth_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_auth_LDADD = $(AUTH) $(CPPUTEST_LIBS)
