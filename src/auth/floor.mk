noinst_LIBRARIES += src/libauth.a
src_libauth_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
auth_files = \
  src/auth/answer_cache.cc src/auth/answer_cache.h \
  src/auth/ask_lane.cc src/auth/ask_lane.h \
  src/auth/audit_log.cc src/auth/audit_log.h \
  src/auth/audit_reader.cc src/auth/audit_reader.h \
  src/auth/authenticator.cc src/auth/authenticator.h \
  src/auth/authenticators.cc src/auth/authenticators.h \
  src/auth/ban_list.cc src/auth/ban_list.h \
  src/auth/event_sender.cc src/auth/event_sender.h \
  src/auth/file_stamp.h \
  src/auth/hash_queue.cc src/auth/hash_queue.h \
  src/auth/hash_thread.cc src/auth/hash_thread.h \
  src/auth/htpasswd.cc \
  src/auth/ip_filter.cc src/auth/ip_filter.h \
  src/auth/key_ring.cc src/auth/key_ring.h \
  src/auth/listener_ledger.cc src/auth/listener_ledger.h \
  src/auth/login_guard.cc src/auth/login_guard.h \
  src/auth/password_hash.cc src/auth/password_hash.h \
  src/auth/passwords.cc src/auth/passwords.h \
  src/auth/login_scope.cc src/auth/login_scope.h \
  src/auth/refusal_log.cc src/auth/refusal_log.h \
  src/auth/roles.h \
  src/auth/session_book.cc src/auth/session_book.h \
  src/auth/session_records.cc src/auth/session_records.h \
  src/auth/session_token.cc src/auth/session_token.h \
  src/auth/settings.h \
  src/auth/spool.cc src/auth/spool.h \
  src/auth/spool_text.cc src/auth/spool_text.h \
  src/auth/text_file.cc src/auth/text_file.h \
  src/auth/throttle.cc src/auth/throttle.h \
  src/auth/url_auth.cc \
  src/auth/url_form.cc src/auth/url_form.h \
  src/auth/url_options.cc src/auth/url_options.h \
  src/auth/url_reply.cc src/auth/url_reply.h \
  src/auth/user_book.cc src/auth/user_book.h \
  src/auth/user_table.cc src/auth/user_table.h \
  src/auth/wrong_logins.cc src/auth/wrong_logins.h
if UNITY
nodist_src_libauth_a_SOURCES = $(auth_units)
else
src_libauth_a_SOURCES = $(auth_files)
endif
auth_units = src/auth/unity_1.cc
$(auth_units): src/auth/floor.mk tools/unity
	$(UNITY) $@ $(auth_units) : $(auth_files)
CLEANFILES += $(auth_units)
