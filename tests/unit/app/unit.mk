# The program's own files, without the server: what talks to a service manager.
unit_programs += unit_app
unit_app_SOURCES = tests/unit/main.cc \
  tests/unit/app/manager_socket.h \
  tests/unit/app/notify_test.cc \
  tests/unit/app/service_manager_test.cc \
  tests/unit/app/watchdog_test.cc \
  src/app/notify.cc src/app/notify.h \
  src/app/service_manager.cc src/app/service_manager.h \
  src/app/watchdog.cc src/app/watchdog.h
unit_app_CPPFLAGS = $(UNIT_CPPFLAGS) $(EVENT_CFLAGS)
unit_app_LDADD = $(NET) $(CPPUTEST_LIBS)
