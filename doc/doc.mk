# The front door: scripts, pages, demo, black-box and differential tests.
dist_man_MANS += doc/icecast-lb.1 doc/icelb.1
dist_doc_DATA += \
  doc/architecture.md \
  doc/archive.md \
  doc/audience.md \
  doc/authentication.md \
  doc/balancing.md \
  doc/cluster.md \
  doc/cluster.svg \
  doc/console.md \
  doc/decisions.md \
  doc/differences.md \
  doc/encoders.md \
  doc/etcd.md \
  doc/external.md \
  doc/failover.md \
  doc/getting-started.md \
  doc/ingest.md \
  doc/hls.md \
  doc/hosting.md \
  doc/https.md \
  doc/index.md \
  doc/install.md \
  doc/link.md \
  doc/migration.md \
  doc/operations.md \
  doc/operators.md \
  doc/orchestration.md \
  doc/pages.md \
  doc/player.md \
  doc/protocol.md \
  doc/redirects.md \
  doc/security.md \
  doc/faults.md \
  doc/reliability.md \
  doc/upgrade.md \
  doc/reports.md \
  doc/reverse-proxies-and-tls.md \
  doc/simulation.md \
  doc/stores.md \
  doc/bench-joins.svg \
  doc/bench-memory.svg \
  doc/bench-processor.svg \
  doc/threads.svg \
  doc/pictures.md \
  doc/titles.md \
  doc/azuracast.md

EXTRA_DIST += doc/examples/external.py run.sh test.sh tests/stages.sh tests/run.py tests/pool.py tests/suites.py tests/seconds .ci/run tools/build-flags tools/install-packages .clang-tidy .editorconfig \
  tools/demo-cluster.py tools/build_kh.py tools/demo-source.py tools/make-demo.py \
  demo/morning.mp3 demo/morning.ogg demo/evening.mp3 demo/evening.ogg \
  deploy tests/api tests/archive tests/blackbox tests/browser tests/cluster tests/console tests/differential tests/docs tests/encoders \
  tests/external tests/faults tests/firefox tests/hls tests/homes tests/kit tests/limits tests/login tests/orchestration tests/relay tests/soak tests/store tests/upgrade
