// Records of a hand-over as the first version with this format has written them, and as later ones
// may.  What is written down here is never changed: a field that is added is absent in it.
#include <span>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "stream/listener/listener_record.h"
#include "stream/source/admission_record.h"
#include "stream/source/source_record.h"
#include "stream/source/standby_record.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kMount =
    "BwkvbGl2ZS5tcDMIAQ1uBQphdWRpby9tcGVnCQ4FB2JpdHJhdGUJAzEyOAkNBQVnZW5yZQkEamF6eg0PaWN5LW5h"
    "bWU6IE9uZQ0KEIB9FQkxOTIuMC4yLjEZBnNvdXJjZR0JRW5jb2Rlci8xIAAkACkALAAwgIzyu9DamAIRMwUACQZB"
    "IHNvbmcNE2h0dHA6Ly9leGFtcGxlLm9yZy8REAFTdHJlYW1UaXRsZT0nJzsVABUkBQZWb3JiaXMIAgzE2AIQgOgH"
    "FRAFCmZyYW1lX3JhdGUJAjI1GAEcgIzyu9DamAIgwMQHJAAoACwAMAw0ADgAPAdAAUQASQZzb3VyY2VM_f______"
    "____AVAAVABYAFyA8ImM49qYAmAAZRNhIHJlY29yZCBvZiBpdHMgb3duaANtCGxpa2V3aXNlc48BBggIAAwCEAAV"
    "BnNlY29uZBluBQphdWRpby9tcGVnCQ4FB2JpdHJhdGUJAzEyOAkNBQVnZW5yZQkEamF6eg0PaWN5LW5hbWU6IE9u"
    "ZQ0KEIB9FQkxOTIuMC4yLjEZBnNvdXJjZR0JRW5jb2Rlci8xIAAkACkALAAwgIzyu9DamAIcASAAJAAogIzyu9Da"
    "mAI";
constexpr std::string_view kSource =
    "BgcLCS9saXZlLm1wMwwBDAISBBUmBAAEAAQABAAEAAQABAAEAAQABAAE_wEE_wEEwAEEAAQCBAEI0gkZFlBVVCAv"
    "bGl2ZS5tcDMgSFRUUC8xLjEdCUVuY29kZXIvMSEAJQZzb3VyY2UoZCwKMAE1lQEFDAQACAAMABAAFAAYAQkiBQcE"
    "AAQACIAgCQQEAAgADAAQABUJBAAIAAwAEPAuGAAcAA0TYSByZWNvcmQgb2YgaXRzIG93bhEAFAAZGwQKCAAMDxER"
    "U3RyZWFtVGl0bGU9J2hhbGYUAh0IbGlrZXdpc2UgwMQHJAAoAS0TBQEBCQECDICM8rvQ2pgCEAEUATAANAA4ADiA"
    "jPK70NqYAjwAQABE-___________AUgA";
constexpr std::string_view kListener =
    "BioKBQ0kBCAEAQQNBLgBBAAEAAQABAAEAAQABAAEAAQABAAEAAQBCOEhERZHRVQgL2xpdmUubXAzIEhUVFAvMS4x"
    "FQAZAB0AIp-NBiS4tgUpEUhUVFAvMS4wIDIwMCBPSw0KMAM4AD0WBKCNBgkFL25leHQMABCAjPK70NqYAkCAfUQR"
    "SABNOQQDCAANMwUACQZBIHNvbmcNE2h0dHA6Ly9leGFtcGxlLm9yZy8REAFTdHJlYW1UaXRsZT0nJzsVAFEEBAII"
    "AlQBWP___________wFcAGEJL2xpdmUubXAzZAFoAGwAcICM8rvQ2pgCdP__________f3kUCQNvbmUNCwYJCICM"
    "8rvQ2pgCEAB8AA";
constexpr std::string_view kStandby =
    "BggLCS9saXZlLm1wMw4GESYEAAQABAAEAAQABAAEAAQABAAEAAT_AQT_AQTAAQQABAIEAgjSCRUZU09VUkNFIC9s"
    "aXZlLm1wMyBIVFRQLzEuMBkAHQAhACQAKAAsATEMBAAIAAwAEAAUABgBNRsECggADA8REVN0cmVhbVRpdGxlPSdo"
    "YWxmFAI5E2EgcmVjb3JkIG9mIGl0cyBvd248gIzyu9DamAJA6Ac";

constexpr SteadyTime kThen{1234567s};

SourceFacts some_facts() {
  SourceFacts facts;
  facts.content_type = "audio/mpeg";
  facts.stats = {{"bitrate", "128"}, {"genre", "jazz"}};
  facts.listener_headers = "icy-name: One\r\n";
  facts.metaint = 16000;
  facts.source_ip = "192.0.2.1";
  facts.login = "source";
  facts.user_agent = "Encoder/1";
  facts.started = kThen;
  return facts;
}

Metadata some_title() { return {"", "A song", "http://example.org/", "\x01StreamTitle='';", ""}; }

BodyReader some_body() {
  Headers headers;
  headers.add("Transfer-Encoding", "chunked");
  BodyReader body = *BodyReader::for_response(headers, true);
  std::string begun = "2a;x=y\r\nnine byte";
  CHECK(body.take(std::as_writable_bytes(std::span(begun))).has_value());
  return body;
}

IcyDeinterleaver some_titles() {
  IcyDeinterleaver titles(10);
  std::string begun = "ten bytes.\x02StreamTitle='half";
  titles.take(std::as_writable_bytes(std::span(begun)), [](std::string_view, std::size_t) {});
  return titles;
}

AdmissionRecord some_mount() {
  AdmissionRecord mount;
  mount.mount = "/live.mp3";
  mount.phase = MountPhase::kRunning;
  mount.facts = some_facts();
  mount.metadata = some_title();
  mount.codec = {"Vorbis", 2, 44100, 128000, {{"frame_rate", "25"}}};
  mount.fed = true;
  mount.last_data = kThen;
  mount.bytes_read = 123456;
  mount.listener_peak = 12;
  mount.lease = 7;
  mount.home = 1;
  mount.user = "source";
  mount.priority = -3;
  mount.lingers_until = kThen + 5s;
  mount.log = "a record of its own";
  mount.log_file = 3;
  mount.framer = "likewise";
  Standby standby;
  standby.id = 8;
  standby.rank.priority = 2;
  standby.user = "second";
  standby.facts = std::make_shared<const SourceFacts>(some_facts());
  standby.flows = true;
  standby.flows_since = kThen;
  mount.standbys.push_back(standby);
  return mount;
}

SourceRecord some_source() {
  SourceRecord source;
  source.lease = 7;
  source.mount = "/live.mp3";
  source.identity = {1, 2};
  source.encoder.fd = 4;
  source.encoder.peer = *Address::parse("192.0.2.1", 1234);
  source.encoder.facts = {"PUT /live.mp3 HTTP/1.1", "Encoder/1", "", "source", 100, false};
  source.encoder.counted = true;
  source.metaint = 10;
  source.feed.body = some_body();
  source.feed.place = StreamPlace();
  source.feed.place->at.position = 4096;
  source.feed.framer = "a record of its own";
  source.feed.titles = some_titles();
  source.feed.ring = "likewise";
  source.feed.bytes_read = 123456;
  source.feed.seam_how = 1;
  source.feed.search = SeamRecord{{std::byte{1}}, {std::byte{2}}, kThen, 1, true};
  source.started = kThen;
  source.allowed = -5;
  return source;
}

ListenerRecord some_listener() {
  ListenerRecord listener;
  listener.id = 42;
  listener.fd = 5;
  listener.peer = *Address::parse("2001:db8::1", 4321);
  listener.facts = RequestFacts("GET /live.mp3 HTTP/1.1", {}, {}, {});
  listener.position = 99999;
  listener.bytes_sent = 88888;
  listener.head = "HTTP/1.0 200 OK\r\n";
  listener.preamble_sent = 3;
  listener.continuation = ContinuationRecord{100000, "/next", EnterMode::kLive, kThen};
  listener.metaint = 16000;
  listener.until_block = 17;
  listener.block.which = TitleRecord::Which::kOther;
  listener.block.other = some_title();
  listener.shown.which = TitleRecord::Which::kOfLog;
  listener.shown.at = 2;
  listener.title_sent = true;
  listener.home = "/live.mp3";
  listener.counted = true;
  listener.joined = kThen;
  listener.notice = NoticeRecord{};
  listener.notice->ticket = TicketMark{9, kThen};
  listener.notice->places = {"one"};
  return listener;
}

StandbyRecord some_standby() {
  StandbyRecord standby;
  standby.id = 8;
  standby.mount = "/live.mp3";
  standby.encoder.fd = 6;
  standby.encoder.peer = *Address::parse("192.0.2.2", 1234);
  standby.encoder.facts.request = "SOURCE /live.mp3 HTTP/1.0";
  standby.flows = true;
  standby.body = some_body();
  standby.titles = some_titles();
  standby.ring = "a record of its own";
  standby.connected = kThen;
  standby.bytes_read = 1000;
  return standby;
}

template <class T>
void is_read(std::string_view golden, const T& meant) {
  const std::string bytes = *base64url_decode(golden);
  const auto first = read_record<T>("golden", bytes);
  CHECK_TEXT(first.has_value(), first ? "" : first.error().what.c_str());
  CHECK_TEXT(record_bytes(meant) == record_bytes(*first),
             base64url_encode(record_bytes(meant)).c_str());
  RecordOut later;
  later(900, std::string("of a later version"));
  const auto skipped = read_record<T>("golden", bytes + later.bytes());
  CHECK(skipped.has_value() && record_bytes(meant) == record_bytes(*skipped));
  RecordOut needed;
  needed.needed(901, std::uint64_t{1});
  const auto refused = read_record<T>("golden", bytes + needed.bytes());
  CHECK(!refused.has_value());
  STRCMP_CONTAINS("must be known", refused.error().what.c_str());
}

}  // namespace

TEST_GROUP(GoldenRecord){};

TEST(GoldenRecord, OfAMount) { is_read(kMount, some_mount()); }
TEST(GoldenRecord, OfASource) { is_read(kSource, some_source()); }
TEST(GoldenRecord, OfAListener) { is_read(kListener, some_listener()); }
TEST(GoldenRecord, OfAStandby) { is_read(kStandby, some_standby()); }
