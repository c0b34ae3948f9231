unit_programs += unit_media
unit_media_SOURCES = tests/unit/main.cc
unit_media_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_media_LDADD = $(MEDIA) $(CPPUTEST_LIBS)
