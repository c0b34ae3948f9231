# The front door: scripts, pages, demo, black-box tests.
dist_man_MANS += doc/icecast-lb.1
dist_doc_DATA += doc/architecture.md doc/operations.md

EXTRA_DIST += run.sh test.sh .ci/run tools/install-packages \
  tools/demo-source.py tools/make-demo.py \
  demo/morning.mp3 demo/morning.ogg demo/evening.mp3 demo/evening.ogg \
  tests/blackbox/run.py tests/blackbox/harness.py tests/blackbox/media.py tests/blackbox/players.py \
  tests/blackbox/test_demo.py tests/blackbox/test_encoders.py tests/blackbox/test_fallback.py tests/blackbox/test_http.py \
  tests/blackbox/test_join.py tests/blackbox/test_limits.py tests/blackbox/test_logs.py \
  tests/blackbox/test_reload.py tests/blackbox/test_smoke.py tests/blackbox/test_sources.py \
  tests/blackbox/test_start.py tests/blackbox/test_stats.py tests/blackbox/test_titles.py
