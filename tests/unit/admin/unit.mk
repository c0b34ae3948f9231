unit_programs += unit_admin
unit_admin_SOURCES = tests/unit/main.cc
unit_admin_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_admin_LDADD = $(ADMIN) $(CPPUTEST_LIBS)
