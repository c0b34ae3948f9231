unit_programs += unit_auth
unit_auth_files = tests/unit/main.cc \
  tests/unit/stub_http.h \
  tests/unit/auth/audit_reader_test.cc \
  tests/unit/auth/answer_cache_test.cc \
  tests/unit/auth/authenticators_test.cc \
  tests/unit/auth/event_sender_test.cc \
  tests/unit/auth/htpasswd_test.cc \
  tests/unit/auth/ip_filter_test.cc \
  tests/unit/auth/listener_ledger_test.cc \
  tests/unit/auth/login_guard_test.cc \
  tests/unit/auth/password_hash_test.cc \
  tests/unit/auth/passwords_test.cc \
  tests/unit/auth/refusal_log_test.cc \
  tests/unit/auth/session_book_test.cc \
  tests/unit/auth/session_records_test.cc \
  tests/unit/auth/spool_test.cc \
  tests/unit/auth/temporary_directory.h \
  tests/unit/auth/text_file_test.cc \
  tests/unit/auth/throttle_test.cc \
  tests/unit/auth/url_auth_test.cc \
  tests/unit/auth/url_form_test.cc \
  tests/unit/auth/url_reply_test.cc \
  tests/unit/auth/user_book_test.cc \
  tests/unit/auth/user_table_test.cc \
  tests/unit/auth/wrong_logins_test.cc
if UNITY
nodist_unit_auth_SOURCES = $(unit_auth_units)
else
unit_auth_SOURCES = $(unit_auth_files)
endif
unit_auth_units = tests/unit/auth/unity_1.cc
$(unit_auth_units): $(unit_auth_files) tests/unit/auth/unit.mk tools/unity
	$(UNITY) $@ $(unit_auth_units) : $(unit_auth_files)
CLEANFILES += $(unit_auth_units)
unit_auth_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_auth_LDADD = $(AUTH) $(CPPUTEST_LIBS)
