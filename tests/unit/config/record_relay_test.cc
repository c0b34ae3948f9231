#include "config/mounts/record_relay.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/cat.h"
#include "base/json.h"
#include "config/load_text.h"
#include "config/mounts/external_list.h"
#include "config/mounts/overlay.h"
#include "config/records_of.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

RecordReading reading_of(const std::string& relay, SetBy role = SetBy::kExternal) {
  return read_mount_record(*Json::parse(R"({"mount":"/r","relay":)" + relay + "}"), role);
}

MountRecord relayed(const std::string& relay) {
  RecordReading reading = reading_of(relay);
  STRCMP_EQUAL("", to_string(reading.faults).c_str());
  return std::move(reading.record);
}

std::string faults_of(const std::string& relay, SetBy role = SetBy::kExternal) {
  return to_string(reading_of(relay, role).faults);
}

const std::string kPlain = R"({"server":"a.example","port":8000})";

MountLayers external_layer(const std::shared_ptr<const Config>& file,
                           const std::vector<MountRecord>& external) {
  return {file, {}, records_of(external)};
}
std::vector<RelaySettings> relays_of(const std::shared_ptr<const Config>& config) {
  std::vector<RelaySettings> relays;
  for_each_relay(*config, [&](const RelaySettings& relay) { relays.push_back(relay); });
  return relays;
}

}  // namespace

TEST_GROUP(RecordRelay){};

TEST(RecordRelay, ItsRowsAreThoseOfARelay) {
  const RelaySettings relay = record_relay(
      relayed(R"({"server":"a.example","port":443,"ssl":true,"mount":"/live","username":"u",
                  "password":"p","on-demand":true,"stall":"500ms","standby":"hot",
                  "ingest":"once"})"),
      false);
  STRCMP_EQUAL("a.example", relay.host.server.c_str());
  LONGS_EQUAL(443, relay.host.port);
  CHECK(relay.host.tls && relay.on_demand && relay.enabled);
  STRCMP_EQUAL("/live", relay.host.mount.c_str());
  STRCMP_EQUAL("/r", relay.local_mount.c_str());
  STRCMP_EQUAL("p", relay.password.c_str());
  LONGS_EQUAL(500, relay.stall.count());
  CHECK(relay.standby == RelayStandby::kHot && relay.ingest == IngestMode::kOnce);
}

TEST(RecordRelay, WhatItDoesNotSayIsTheServersOrItsOwnName) {
  CHECK(record_relay(relayed(kPlain), true).on_demand);
  CHECK(!record_relay(relayed(kPlain), false).on_demand);
  CHECK(!record_relay(relayed(R"({"server":"a","port":1,"on-demand":false})"), true).on_demand);
  STRCMP_EQUAL("/r", record_relay(relayed(kPlain), false).host.mount.c_str());
}

TEST(RecordRelay, AHostInheritsWhatItDoesNotSay) {
  const RelaySettings relay =
      record_relay(relayed(R"({"port":8000,"mount":"/x","host":[{"server":"a"},
                  {"server":"b","port":443,"ssl":true,"mount":"/y","priority":-1},{"server":"c"}]})"),
                   false);
  LONGS_EQUAL(3, relay.hosts.size());
  LONGS_EQUAL(8000, relay.hosts[0].port);
  STRCMP_EQUAL("/x", relay.hosts[0].mount.c_str());
  CHECK(!relay.hosts[0].tls && relay.hosts[1].tls);
  LONGS_EQUAL(443, relay.hosts[1].port);
  LONGS_EQUAL(-1, relay.hosts[1].priority);
  LONGS_EQUAL(2, relay.hosts[2].priority);
}

TEST(RecordRelay, ABackendAndAnAdministratorMaySetItAndAnOwnerKeepsIt) {
  const MountRecord record = relayed(kPlain);
  CHECK(reading_of(kPlain, SetBy::kAdmin).record == record);
  CHECK(reading_of(kPlain, SetBy::kAdmin).faults.empty());
  const auto by_owner = [&record](const std::string& relay) {
    return read_mount_record(*Json::parse(R"({"mount":"/r")" + relay + "}"), SetBy::kOwner,
                             &record);
  };
  for (const RecordReading& reading :
       {reading_of(kPlain, SetBy::kOwner), by_owner(R"(,"relay":{"server":"b","port":8000})")}) {
    LONGS_EQUAL(1, reading.faults.size());
    STRCMP_EQUAL("/relay", reading.faults[0].pointer.c_str());
    CHECK(reading.faults[0].denied);
  }
  for (const std::string& kept :
       {std::string(), R"(,"relay":null)" + std::string(), R"(,"relay":)" + kPlain}) {
    CHECK_TEXT(by_owner(kept).faults.empty(), kept.c_str());
    CHECK_TEXT(by_owner(kept).record == record, kept.c_str());
  }
  CHECK(!read_mount_record(*Json::parse(R"({"mount":"/r"})"), SetBy::kAdmin, &record)
             .record.has_relay());
}

TEST(RecordRelay, WhatIsNoRelayIsRefusedOfAnOwnerToo) {
  MountRecord bare;
  bare.mount = "/r";
  for (const char* relay : {"5", R"("a:8000")", "[]", R"({"server":5})", R"({"sever":"a"})"}) {
    const RecordReading reading = read_mount_record(
        *Json::parse(cat({R"({"mount":"/r","relay":)", relay, "}"})), SetBy::kOwner, &bare);
    CHECK_TEXT(!reading.faults.empty() && reading.faults[0].denied, relay);
  }
}

TEST(RecordRelay, TheXmlOfAStoreHasIt) {
  const MountRecord record = relayed(
      R"({"port":8000,"password":"s3cret","host":[{"server":"a"},{"server":"b","ssl":true}]})");
  const auto again = parse_mount_record(mount_record_xml(record));
  if (!again) FAIL(again.error().what.c_str());
  CHECK(*again == record);
  const std::string begin = "<mount><mount-name>/r</mount-name><relay><server>a</server>";
  CHECK(parse_mount_record(begin + "<port>8000</port></relay></mount>").has_value());
  for (const char* bad : {"", "<port>8000</port><exec>/bin/true</exec>",
                          "<port>8000</port><local-mount>/x</local-mount>", "<port>no</port>"})
    CHECK_TEXT(!parse_mount_record(begin + bad + "</relay></mount>"), bad);
}

TEST(RecordRelay, WhatIsForTheFileIsRefused) {
  for (const SchemaElement& row : kRelayBlock.elements) {
    if (!has_value(row) || row.set_by <= SetBy::kExternal) continue;
    const auto faults = reading_of(R"({"server":"a","port":1,")" + std::string(row.name) +
                                   (row.kind == ValueKind::kMount ? R"(":"/x"})" : R"(":"1"})"))
                            .faults;
    CHECK_TEXT(std::any_of(faults.begin(), faults.end(),
                           [](const RecordFault& fault) { return fault.denied; }),
               std::string(row.name).c_str());
  }
  for (const char* name : {"exec", "content-type", "local-mount", "private-redirects"}) {
    const SchemaElement* row = find_element(kRelayBlock, name, false);
    CHECK_TEXT(row != nullptr && row->set_by == SetBy::kFile, name);
  }
  CHECK(!faults_of(R"({"server":"a","port":1,"uri":"http://b/"})").empty());
  CHECK(!faults_of(R"({"host":[{"uri":"http://b/"}]})").empty());
}

TEST(RecordRelay, ItIsPulledAtOneHome) {
  const auto reading = read_mount_record(
      *Json::parse(R"({"mount":"/r","place":{"homes":2},"relay":)" + std::string(kPlain) + "}"),
      SetBy::kAdmin, nullptr);
  LONGS_EQUAL(1, reading.faults.size());
  STRCMP_EQUAL("/place/homes", reading.faults[0].pointer.c_str());
}

TEST(RecordRelay, ItNeedsAServerAndAPort) {
  STRCMP_EQUAL("/relay/server: is missing; a relay is pulled from a server",
               faults_of(R"({"port":8000})").c_str());
  STRCMP_EQUAL("/relay/port: is missing; it has to be written",
               faults_of(R"({"server":"a"})").c_str());
  CHECK(!faults_of("{}").empty());
  CHECK(!faults_of("[]").empty());
  CHECK(!faults_of("7").empty());
  CHECK(faults_of("null").empty());
  CHECK(!faults_of(R"({"server":"a","port":65536})").empty());
  CHECK(!faults_of(R"({"port":1,"host":[{"server":"a"},{"port":2}]})").empty());
  std::string many;
  for (int i = 0; i < 17; ++i) many += R"(,{"server":"a"})";
  CHECK(!faults_of(R"({"port":1,"host":[)" + many.substr(1) + "]}").empty());
}

TEST(RecordRelay, TheCopyHasItAndStatusHidesItsPassword) {
  const MountRecord record = relayed(
      R"({"port":8000,"password":"s3cret","host":[{"server":"a"},{"server":"b","ssl":true}]})");
  const auto again = parse_external_list(
      external_list_json({{"/r", std::make_shared<const MountRecord>(record), {}, false}}, ""));
  CHECK(again.has_value());
  CHECK(*again->mounts.at(0).record == record);
  JsonWriter json;
  write_mount_record(json, record, RecordSecrets::kHidden);
  const std::string shown = json.take();
  CHECK(shown.find("s3cret") == std::string::npos);
  CHECK(shown.find(R"("password":true)") != std::string::npos);
}

TEST(RecordRelay, ItIsLaidBehindTheRelaysOfTheFile) {
  const auto parsed =
      load(
          "<relays-on-demand>1</relays-on-demand><relay><server>f</server><port>1</port>"
          "<local-mount>/f</local-mount></relay><mount mount-name='/in-file'/>")
          .config;
  MountRecord in_file = relayed(kPlain), taken = relayed(kPlain), off = relayed(kPlain);
  in_file.mount = "/in-file";
  taken.mount = "/f";
  off.mount = "/off";
  off.state = RecordState::kSuspended;
  const std::vector<MountRecord> records{in_file, taken, off, relayed(kPlain)};
  const auto laid = relays_of(lay_over(external_layer(parsed, records)));
  LONGS_EQUAL(2, laid.size());
  STRCMP_EQUAL("f", laid[0].host.server.c_str());
  CHECK(!laid[0].public_only);
  STRCMP_EQUAL("/r", laid[1].local_mount.c_str());
  CHECK(laid[1].public_only && laid[1].on_demand);
  // Of a store, where an administrator has set it, also from private networks.
  const auto stored = relays_of(lay_over({parsed, records_of(records), {}}));
  LONGS_EQUAL(2, stored.size());
  CHECK(!stored[1].public_only);
  // At the home of the mount only.
  const auto elsewhere = [](const Config&, const MountRecord&) { return false; };
  LONGS_EQUAL(1, relays_of(lay_over({parsed, records_of(records), {}}, elsewhere)).size());
  const auto trusting = load("<config-external url='http://b/' private-relays='1'/>").config;
  CHECK(!relays_of(lay_over(external_layer(trusting, {relayed(kPlain)})))[0].public_only);
}

TEST(RecordRelay, APlanNamesWhatBeginsChangesAndEnds) {
  const auto parsed = load("").config;
  MountRecord without;
  without.mount = "/r";
  const auto none = external_layer(parsed, {without});
  const auto one = external_layer(parsed, {relayed(kPlain)});
  const auto other = external_layer(parsed, {relayed(R"({"server":"a.example","port":9000})")});
  const auto laid = lay_over(none);
  const OverlayUpdate begins = update_overlay(laid, one);
  CHECK(begins.relays);
  STRCMP_EQUAL("relay[/r] added live", to_string(begins.plan.at(0)).c_str());
  const OverlayUpdate changes = update_overlay(begins.config, other);
  CHECK(changes.relays);
  STRCMP_EQUAL("relay[/r]/port 8000→9000 live", to_string(changes.plan.at(0)).c_str());
  const OverlayUpdate ends = update_overlay(changes.config, none);
  CHECK(ends.relays && relays_of(ends.config).empty());
  STRCMP_EQUAL("relay[/r] removed live", to_string(ends.plan.at(0)).c_str());
  MountRecord hidden = relayed(kPlain);
  hidden.limits.listeners = 5;
  CHECK(!update_overlay(begins.config, external_layer(parsed, {hidden})).relays);
}
