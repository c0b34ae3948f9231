#include "admin/metrics/metrics.h"

#include <set>
#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

}  // namespace

TEST_GROUP(Metrics) {
  MetricsPicture picture;
  MetricsPicture::Stream stream(const std::string& mount, std::int64_t listeners) {
    MetricsPicture::Stream made;
    made.mount = mount;
    made.listenurl = "http://radio.example:8000" + mount;
    made.type = "audio/mpeg";
    made.running = true;
    made.started = 1763640000;
    made.listeners = listeners;
    made.listener_peak = 9;
    made.bytes_sent = 100;
    made.bytes_read = 10;
    return made;
  }
};

TEST(Metrics, AnOperatorGetsTheSamplesOfItsOwnMounts) {
  picture.streams = {stream("/mine", 3), stream("/other", 4)};
  picture.relays = {{"/mine", "running", true, false, 0.5}, {"/other", "idle", false, false, {}}};
  picture.slots = {{"/mine", 10, 1, 2, 3, 4}, {"/other", 10, 1, 2, 3, 4}};
  picture.certificates = {{"/etc/key.pem", "radio.test", 1}};
  const std::string text =
      metrics_text(picture, [](std::string_view mount) { return mount == "/mine"; });
  CHECK(has_line(text, "icecast_source_up{mount=\"/mine\"} 1"));
  CHECK(has_line(text, "icecast_relay_up{mount=\"/mine\"} 1"));
  CHECK(text.find("/other") == std::string::npos);
  for (const char* family : {"icecast_server_", "process_", "icecast_loop_", "icecast_tls_",
                             "icecast_relays", "icecast_build"})
    CHECK_TEXT(text.find(family) == std::string::npos, family);
}
TEST(Metrics, EveryFamilyHasHelpTypeAndANameOfItsUnit) {
  std::set<std::string> names;
  const std::string text = metrics_text(picture);
  std::size_t at = 0, families = 0;
  while ((at = text.find("# HELP ", at)) != std::string::npos) {
    const std::size_t name_end = text.find(' ', at + 7);
    const std::string name = text.substr(at + 7, name_end - at - 7);
    CHECK_TEXT(names.insert(name).second, name.c_str());
    const std::string type = "\n# TYPE " + name + " ";
    const std::size_t type_at = text.find(type, name_end);
    CHECK_TEXT(type_at == text.find('\n', name_end), name.c_str());
    const bool counter = text.compare(type_at + type.size(), 7, "counter") == 0;
    CHECK_EQUAL_TEXT(counter, name.ends_with("_total"), name.c_str());
    at = name_end;
    ++families;
  }
  CHECK(families >= 50);
  CHECK_EQUAL(families, count(text, "# TYPE "));
}
TEST(Metrics, NumbersAreWrittenWithoutLoss) {
  picture.bytes_sent = 18446744073709551615ULL;
  picture.use = 0.125;
  const std::string text = metrics_text(picture);
  CHECK(has_line(text, "icecast_server_bytes_sent_total 18446744073709551615"));
  CHECK(has_line(text, "icecast_capacity_used_ratio 0.125"));
}
TEST(Metrics, AMountHasItsLabels) {
  picture.streams.push_back(stream("/a.mp3", 5));
  const std::string text = metrics_text(picture);
  CHECK(has_line(text,
                 "icecast_listeners{mount=\"/a.mp3\",listenurl=\"http://radio.example:8000/a.mp3\","
                 "server_type=\"audio/mpeg\"} 5"));
  CHECK(has_line(text, "icecast_listener_peak{mount=\"/a.mp3\"} 9"));
  CHECK(has_line(text, "icecast_source_up{mount=\"/a.mp3\"} 1"));
  CHECK(text.find("icecast_stream_start{mount=\"/a.mp3\"") != std::string::npos);
}
TEST(Metrics, RelaysHaveGaugesOfTheirOwn) {
  picture.streams.push_back(stream("/a.mp3", 5));
  picture.streams[0].relays = 2;
  picture.listening_relays = 2;
  CHECK(metrics_text(picture).find("\nicecast_cluster_listeners{") == std::string::npos);
  picture.elsewhere = {5, 7};
  const std::string text = metrics_text(picture);
  CHECK(has_line(text, "icecast_listening_relays{mount=\"/a.mp3\"} 2"));
  CHECK(has_line(text, "icecast_server_listening_relays 2"));
  CHECK(has_line(text, "icecast_cluster_listeners{where=\"nodes\"} 5"));
  CHECK(has_line(text, "icecast_cluster_listeners{where=\"below\"} 7"));
}
TEST(Metrics, AMountThatWaitsHasNoBeginning) {
  picture.streams.push_back(stream("/a.mp3", 0));
  picture.streams[0].running = false;
  const std::string text = metrics_text(picture);
  CHECK(has_line(text, "icecast_source_up{mount=\"/a.mp3\"} 0"));
  CHECK(text.find("icecast_stream_start{") == std::string::npos);
}
TEST(Metrics, LabelsFromOutsideAreEscapedAndValid) {
  picture.streams.push_back(stream("/a\"b\\c\nd\xff", 1));
  const std::string text = metrics_text(picture);
  CHECK(has_line(text, "icecast_listener_peak{mount=\"/a\\\"b\\\\c d\xc3\xbf\"} 9"));
}
TEST(Metrics, BehindAThousandMountsTheRestIsSummed) {
  for (int i = 0; i < 1003; ++i)
    picture.streams.push_back(stream("/" + std::to_string(10000 + i), 2));
  const std::string text = metrics_text(picture);
  CHECK_EQUAL(1001u, count(text, "icecast_listeners{"));
  CHECK(text.find("icecast_listeners{mount=\"others\",listenurl=\"\",server_type=\"\"} 6\n") !=
        std::string::npos);
  CHECK(has_line(text, "icecast_bytes_sent_total{mount=\"others\"} 300"));
  CHECK_EQUAL(1000u, count(text, "icecast_listener_peak{"));
  CHECK_EQUAL(1000u, count(text, "icecast_source_up{"));
}
TEST(Metrics, AThousandMountsHaveNoOthers) {
  for (int i = 0; i < 1000; ++i)
    picture.streams.push_back(stream("/" + std::to_string(10000 + i), 2));
  CHECK(metrics_text(picture).find("\"others\"") == std::string::npos);
}
TEST(Metrics, OneStateIsTheNodes) {
  picture.condition = NodeCondition::kDraining;
  const std::string text = metrics_text(picture);
  CHECK(has_line(text, "icecast_node_state{state=\"draining\"} 1"));
  CHECK(has_line(text, "icecast_node_state{state=\"up\"} 0"));
}
TEST(Metrics, RelaysAreCountedByTheirState) {
  picture.relays = {{"/a", "running", true, true, 0.25},
                    {"/b", "running", true, false, std::nullopt},
                    {"/c", "waiting", false, false, std::nullopt}};
  const std::string text = metrics_text(picture);
  CHECK(has_line(text, "icecast_relays{state=\"running\"} 2"));
  CHECK(has_line(text, "icecast_relays{state=\"waiting\"} 1"));
  CHECK(has_line(text, "icecast_relays{state=\"idle\"} 0"));
  CHECK(has_line(text, "icecast_relay_up{mount=\"/c\"} 0"));
  CHECK(has_line(text, "lb_relay_standbys 1"));
  CHECK(has_line(text, "lb_relay_gap_seconds{mount=\"/a\"} 0.25"));
  CHECK(text.find("lb_relay_gap_seconds{mount=\"/b\"}") == std::string::npos);
}
TEST(Metrics, WhatIsNotKnownIsLeftOut) {
  const std::string text = metrics_text(picture);
  CHECK(text.find("\nprocess_resident_memory_bytes ") == std::string::npos);
  CHECK(text.find("\nicecast_server_listeners_limit ") == std::string::npos);
  picture.process.resident_bytes = 4096;
  picture.listeners_limit = 7;
  CHECK(has_line(metrics_text(picture), "process_resident_memory_bytes 4096"));
  CHECK(has_line(metrics_text(picture), "icecast_server_listeners_limit 7"));
}
TEST(Metrics, CertificatesLoopsAndRefusalsHaveTheirs) {
  picture.certificates.push_back({"/etc/tls.pem", "radio.example", 1800000000});
  picture.certificate_orders.push_back({"radio.example www.radio.example", 3, 1800000000});
  picture.loops.push_back({"worker0", 0.25, 0.5, 12.5, 99});
  picture.refusals.push_back({"draining", 4});
  const std::string text = metrics_text(picture);
  CHECK(has_line(text,
                 "icecast_tls_certificate_expiry_timestamp_seconds{file=\"/etc/"
                 "tls.pem\",names=\"radio.example\"} 1.8e+09"));
  CHECK(has_line(text, "icecast_acme_failures{names=\"radio.example www.radio.example\"} 3"));
  CHECK(has_line(text,
                 "icecast_acme_next_attempt_timestamp_seconds{names=\"radio.example "
                 "www.radio.example\"} 1.8e+09"));
  CHECK(has_line(text, "icecast_loop_lag_seconds{loop=\"worker0\"} 0.25"));
  CHECK(has_line(text, "icecast_loop_tasks_total{loop=\"worker0\"} 99"));
  CHECK(has_line(text, "icecast_refusals_total{reason=\"draining\"} 4"));
}
TEST(Metrics, TheReferenceHasALineForEveryFamily) {
  const std::string page = metrics_reference();
  CHECK_EQUAL(count(metrics_text(picture), "# TYPE "), count(page, "\n- `"));
  CHECK(page.find("\n- `icecast_listeners`{mount,listenurl,server_type}: ") != std::string::npos);
  CHECK(page.find("When the process started, in Unix time.\n") != std::string::npos);
}
