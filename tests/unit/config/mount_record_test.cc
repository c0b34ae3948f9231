#include "config/mounts/mount_record.h"

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "config/load/filler.h"
#include "config/mounts/record_writer.h"
#include "config/schema/value.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Json json_of(const std::string& text) {
  auto parsed = Json::parse(text);
  CHECK_TEXT(parsed.has_value(), text.c_str());
  return parsed.has_value() ? *parsed : Json();
}

RecordReading read(const std::string& text, SetBy role = SetBy::kAdmin,
                   const MountRecord* before = nullptr) {
  return read_mount_record(json_of(text), role, before);
}

MountRecord good(const std::string& text, SetBy role = SetBy::kAdmin,
                 const MountRecord* before = nullptr) {
  RecordReading reading = read(text, role, before);
  STRCMP_EQUAL("", to_string(reading.faults).c_str());
  return std::move(reading.record);
}

std::string fault_of(const std::string& text, SetBy role = SetBy::kAdmin,
                     const MountRecord* before = nullptr) {
  return to_string(read(text, role, before).faults);
}

std::string json_text(const MountRecord& record, RecordSecrets secrets = RecordSecrets::kWhole) {
  JsonWriter json;
  write_mount_record(json, record, secrets);
  return json.take();
}

MountRecord again_by_xml(const MountRecord& record) {
  auto parsed = parse_mount_record(mount_record_xml(record));
  CHECK_TEXT(parsed.has_value(), parsed.has_value() ? "" : parsed.error().what.c_str());
  return parsed.has_value() ? *parsed : MountRecord{};
}

void round_trip(const MountRecord& record) {
  const std::string xml = mount_record_xml(record), json = json_text(record);
  CHECK_TEXT(again_by_xml(record) == record, xml.c_str());
  CHECK_TEXT(good(json) == record, json.c_str());
  STRCMP_EQUAL(xml.c_str(), mount_record_xml(good(json)).c_str());
}

// A value that the row takes, other than that of a fresh object.
std::string value_for(const SchemaElement& row, Rng& rng) {
  const auto number = [&](std::int64_t low, std::int64_t high) {
    return std::to_string(
        low + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(high - low) + 1)));
  };
  switch (row.kind) {
    case ValueKind::kBool:
      return number(0, 1);
    case ValueKind::kChoice:
      return std::string(row.choices[rng.below(row.choices.size())].text);
    case ValueKind::kMount:
      return "/m" + number(0, 99) + " é<&>\"'";
    case ValueKind::kList:
      return "w" + number(0, 99);
    case ValueKind::kText:
    case ValueKind::kOptionValue:
      return "t" + number(0, 99) + " <ü> & \"'%7e~/";
    default:
      return number(row.max < 0 ? row.min : std::max<std::int64_t>(row.min, 0),
                    std::min<std::int64_t>(row.max, 1'000'000));
  }
}

XmlNode node_of(const SchemaBlock& block, Rng& rng, bool everything);

void add_row(XmlNode& out, const SchemaBlock& block, const SchemaElement& row, Rng& rng,
             bool everything) {
  if (!has_value(row) || row.set_by == SetBy::kFile || row.name == block.key) return;
  if (row.kind == ValueKind::kBlock) {
    XmlNode child = node_of(*row.block, rng, everything);
    child.name = row.name;
    if (row.block == &kMountBlock) return;
    out.children.push_back(std::move(child));
  } else if (row.name.empty()) {
    out.text = value_for(row, rng);
  } else if (row.attribute || block.inline_form) {
    out.attributes.push_back({std::string(row.name), value_for(row, rng)});
  } else {
    XmlNode& child = out.children.emplace_back();
    child.name = row.name;
    child.text = value_for(row, rng);
  }
}

XmlNode node_of(const SchemaBlock& block, Rng& rng, bool everything) {
  XmlNode out;
  for (const SchemaElement& row : block.elements)
    if (everything || rng.below(2) == 0) add_row(out, block, row, rng, everything);
  return out;
}

// Values that have to fit each other.
void mend(XmlNode& settings) {
  for (XmlNode& child : settings.children) {
    if (child.name == "redirect" || child.name == "redirect-to") child.text = "http://h.example/x";
    if (child.name == "type") child.text = "audio/x-any";
    if (child.name != "http-headers") continue;
    for (XmlNode& header : child.children) {
      std::erase_if(header.attributes, [](const XmlAttribute& one) { return one.name == "name"; });
      header.attributes.insert(header.attributes.begin(), {"name", "X-A"});
    }
  }
  std::erase_if(settings.children,
                [](const XmlNode& child) { return child.name == "authentication"; });
}

std::string xml_of(const XmlNode& settings) {
  std::string inside;
  for (const XmlNode& child : settings.children) append_xml(inside, child, 1);
  return "<mount><mount-name>/a b.mp3</mount-name>" + inside + "</mount>";
}

}  // namespace

TEST_GROUP(MountRecord){};

TEST(MountRecord, EveryRowOfAMountComesBackByXmlAndByJson) {
  Rng rng(11);
  int rows = 0;
  for (int round = 0; round < 20; ++round) {
    for (const SchemaElement& row : kMountBlock.elements) {
      XmlNode settings;
      add_row(settings, kMountBlock, row, rng, true);
      if (settings.children.empty()) continue;
      mend(settings);
      ++rows;
      const auto record = parse_mount_record(xml_of(settings));
      CHECK_TEXT(record.has_value(), record.has_value() ? "" : record.error().what.c_str());
      if (record.has_value()) round_trip(*record);
    }
  }
  CHECK(rows > 20 * 35);
}

TEST(MountRecord, ManyRowsTogetherComeBack) {
  Rng rng(12);
  for (int round = 0; round < 200; ++round) {
    XmlNode settings = node_of(kMountBlock, rng, round % 4 == 0);
    mend(settings);
    const auto record = parse_mount_record(xml_of(settings));
    CHECK_TEXT(record.has_value(), record.has_value() ? "" : record.error().what.c_str());
    if (!record.has_value()) continue;
    round_trip(*record);
    // What is filled from the record is what is filled from the file.
    Filler filler;
    MountSettings of_record, of_file;
    filler.fill(kMountBlock, &of_record, record->settings, "mount");
    filler.fill(kMountBlock, &of_file, settings, "mount");
    CHECK(block_tree(kMountBlock, &of_record, "m") == block_tree(kMountBlock, &of_file, "m"));
  }
}

TEST(MountRecord, TheRestOfARecordComesBack) {
  MountRecord record;
  record.mount = "/a";
  record.state = RecordState::kMoving;
  record.suspended_by_admin = true;
  record.account = "acme & \"söhne\"";
  record.home = "edge2";
  record.place = {{"eu", "fast"}, "DE", "edge3", "group", 2, "edge2", "edge3"};
  record.limits = {500, 128, 20'000'000'000, 10, 7, OnQuota::kSuspend, OverPolicy::kKick};
  record.sources = {{"dj", "$6$salt$abc", "", 5, 9}, {"b", "", " pass ", 0, 0}};
  record.sources.front().hash = "5f4dcc3b5aa765d61d8327deb882cf99";
  round_trip(record);
  const std::string shown = json_text(record, RecordSecrets::kHidden);
  CHECK(shown.find("5f4d") == std::string::npos && shown.find("pass ") == std::string::npos);
  CHECK(shown.find("\"password\":true") != std::string::npos);
}

TEST(MountRecord, ValuesOfJsonHaveTheTypesOfTheirRows) {
  const MountRecord record =
      good(R"({"mount":"/a","settings":{"max-listeners":50,"hidden":true,"source-timeout":"1m",
               "burst-size":65536,"genre":"Jazz","fallback-mount":"/b","lag-policy":"skip",
               "hls":{"enabled":true,"variant":[{"mount":"/c"}]},"charset":null,
               "balance":{"tags":["x","y"]},"dead-air":{}},"limits":{"storage":"20g"}})");
  LONGS_EQUAL(20'000'000'000, record.limits.storage);
  MountSettings mount;
  Filler().fill(kMountBlock, &mount, record.settings, "mount");
  LONGS_EQUAL(50, mount.max_listeners);
  CHECK(mount.hidden && mount.hls && mount.lag_policy == LagPolicy::kSkip);
  CHECK(mount.source_timeout == std::chrono::minutes(1));
  LONGS_EQUAL(1, mount.hls_variants.size());
  LONGS_EQUAL(2, mount.balance.tags.size());
  CHECK(mount.dead_air.after == DeadAirSettings::kUsual);
  const std::string text = json_text(record);
  CHECK_TEXT(text.find("\"max-listeners\":50") != std::string::npos, text.c_str());
  CHECK_TEXT(text.find("\"source-timeout\":60") != std::string::npos, text.c_str());
  CHECK_TEXT(text.find("\"fallback-mount\":\"/b\"") != std::string::npos, text.c_str());
}

TEST(MountRecord, FaultsHavePointersAndTheWordsOfTheSchema) {
  STRCMP_EQUAL(
      "/settings/burst-size: \"64x\" is not a number of bytes (-1…16777216); example: 65536",
      fault_of(R"({"mount":"/a","settings":{"burst-size":"64x"}})").c_str());
  STRCMP_EQUAL("/settings/gener: \"gener\" is not known; did you mean genre?",
               fault_of(R"({"mount":"/a","settings":{"gener":"x"}})").c_str());
  STRCMP_EQUAL("/settings/genre: is not text",
               fault_of(R"({"mount":"/a","settings":{"genre":5}})").c_str());
  STRCMP_EQUAL(
      "/settings/hls/variant/1/mount: is not a mount",
      fault_of(R"({"mount":"/a","settings":{"hls":{"variant":[{"mount":"/b"},{"mount":{}}]}}})")
          .c_str());
  STRCMP_EQUAL("/settings: is not an object", fault_of(R"({"mount":"/a","settings":[]})").c_str());
  STRCMP_EQUAL("/limits/listeners: \"many\" is not a number (-1…1000000000000000)",
               fault_of(R"({"mount":"/a","limits":{"listeners":"many"}})").c_str());
  STRCMP_EQUAL("/settings/no-yp: is another way to write public; write that",
               fault_of(R"({"mount":"/a","settings":{"no-yp":"1"}})").c_str());
  STRCMP_EQUAL("/settings/fallback: is another spelling of fallback-mount; write that",
               fault_of(R"({"mount":"/a","settings":{"fallback":"/b"}})").c_str());
  STRCMP_EQUAL("/settings/genre: has control characters",
               fault_of("{\"mount\":\"/a\",\"settings\":{\"genre\":\"a\\u0001b\"}}").c_str());
  CHECK(!parse_mount_record("<mount><mount-name>/a</mount-name><gener>x</gener></mount>"));
  // What would be lost without a word.
  for (const char* lost : {"<genre><b>x</b></genre>", "<genre kind='x'>y</genre>"})
    CHECK(
        !parse_mount_record("<mount><mount-name>/a</mount-name>" + std::string(lost) + "</mount>"));
  CHECK(!parse_mount_record("<relay/>"));
}

TEST(MountRecord, NamesThatNoSourceCouldUseAreRefused) {
  for (const char* name :
       {"",         "a",           "/",           "/a*",
        "/a?",      "/[a]",        "/a\\\\b",     "/admin/x",
        "/api/v1",  "/x.m3u",      "/status.xsl", "/_lb/health",
        "/metrics", "/stats",      "/played",     "/.well-known/acme-challenge/x",
        "/oembed",  "/robots.txt", "/style.css",  "/icecast.png"})
    CHECK_TEXT(!read(std::string(R"({"mount":")") + name + "\"}").faults.empty(), name);
  CHECK(refuse_record_name("/" + std::string(255, 'a')).size() > 0);
  CHECK(read(R"({"mount":"/live"})").faults.empty());
}

// Its source would be heard, or nothing would be, by who asks for the other one.
TEST(MountRecord, NamesThatAreAddressesOfAnotherMountAreRefused) {
  for (const char* name :
       {"/bolt.mp3/live.m3u8", "/bolt.mp3/archive-1-60.m3u8", "/bolt.mp3/archive-1-now.m3u8",
        "/bolt.mp3/rewind-60.m3u8", "/bolt.mp3/timeshift_rel-60.m3u8",
        "/bolt.mp3/timeshift_abs-60.m3u8", "/bolt.mp3/0123abcd-7.mp3", "/bolt.mp3/0123abcd-7.aac",
        "/bolt.mp3/archive-1-60.mp3", "/bolt.mp3/archive-1-60.ogg", "/bolt.mp3/archive-1-60"})
    CHECK_TEXT(refuse_record_name(name).find("another mount") != std::string_view::npos, name);
  // In a store and in the list of a backend too.
  CHECK(!parse_mount_record("<mount><mount-name>/bolt.mp3/live.m3u8</mount-name></mount>"));
  CHECK(!read(R"({"mount":"/bolt.mp3/archive-1-60.mp3"})").faults.empty());
  for (const char* name : {"/../x", "/a/../b", "/.", "/a/.", "/a/..", "/./x.mp3", "/...", "//x",
                           "/a//b", "/a#b", "/%2e%2e", "/%2e%2e/x", "/a%2fb", "/a%23"})
    CHECK_TEXT(!refuse_record_name(name).empty(), name);
  for (const char* name : {"/live.m3u8x", "/bolt.mp3/live", "/archive-1", "/archive-1-60.mp3",
                           "/.hidden", "/a..b", "/100%", "/live/", "/statistics", "/metrics2"})
    STRCMP_EQUAL_TEXT("", std::string(refuse_record_name(name)).c_str(), name);
}

TEST(MountRecord, EveryRowIsRefusedToThoseBelowItsWord) {
  Rng rng(13);
  for (const SchemaElement& row : kMountBlock.elements) {
    if (!has_value(row)) continue;
    JsonWriter json;
    json.begin_object().key("mount").text("/a").key("settings").begin_object().key(row.name);
    if (row.kind == ValueKind::kBlock && row.nest.many)
      json.begin_array().begin_object().end_object().end_array();
    else if (row.kind == ValueKind::kBlock && text_row(*row.block) == nullptr)
      json.begin_object().end_object();
    else
      json.text(value_for(row.kind == ValueKind::kBlock ? *text_row(*row.block) : row, rng));
    const std::string text = json.end_object().end_object().take();
    for (const SetBy role : {SetBy::kOwner, SetBy::kAdmin}) {
      const auto faults = read(text, role).faults;
      const bool denied = std::any_of(faults.begin(), faults.end(),
                                      [](const RecordFault& fault) { return fault.denied; });
      CHECK_TEXT(denied == (row.set_by > role), text.c_str());
    }
    const bool runs_or_writes = row.kind == ValueKind::kPath || row.kind == ValueKind::kFiles ||
                                row.kind == ValueKind::kSecret || row.name == "encoder";
    if (runs_or_writes) CHECK_TEXT(row.set_by == SetBy::kFile, std::string(row.name).c_str());
  }
}

TEST(MountRecord, WhatARoleMayNotSetStaysAsItWas) {
  const MountRecord before = good(
      R"({"mount":"/a","account":"acme","settings":{"burst-size":5000,"genre":"A","hls":true}})");
  const MountRecord after =
      good(R"({"settings":{"genre":"B","burst-size":5000}})", SetBy::kOwner, &before);
  const MountRecord wanted = good(
      R"({"mount":"/a","account":"acme","settings":{"burst-size":5000,"genre":"B","hls":true}})");
  CHECK(after == wanted);
  STRCMP_EQUAL("/settings/burst-size: only an administrator may set it",
               fault_of(R"({"settings":{"burst-size":6000}})", SetBy::kOwner, &before).c_str());
  STRCMP_EQUAL("/account: only an administrator may set it",
               fault_of(R"({"account":"other"})", SetBy::kOwner, &before).c_str());
}

TEST(MountRecord, AnAuthenticatorOfARecordNeedsNoFile) {
  const std::string begin = R"({"mount":"/a","settings":{"authentication":)";
  CHECK(fault_of(begin + R"({"type":"htpasswd","option":[{"name":"filename","value":"/x"}]}}})")
            .find("/settings/authentication/type") == 0);
  CHECK(!fault_of(begin + R"({"type":"command"}}})").empty());
  good(begin +
       R"({"type":"url","option":[{"name":"listener_add","value":"http://127.0.0.1/a"}]}}})");
}

TEST(MountRecord, SourcesAreChecked) {
  good(R"({"mount":"/a","source":{"user":"u","password":"p"}})");
  LONGS_EQUAL(2, good(R"({"mount":"/a","sources":[{"user":"u","password":"p"},
                                                  {"user":"v","password":"q"}]})")
                     .sources.size());
  CHECK(!fault_of(R"({"mount":"/a","sources":[{"user":"u"}]})").empty());
  CHECK(!fault_of(R"({"mount":"/a","sources":[{"user":"a:b","password":"p"}]})").empty());
  CHECK(!fault_of(R"({"mount":"/a","sources":[{"user":"u","password":"p"},
                                              {"user":"u","password":"q"}]})")
             .empty());
  CHECK(
      fault_of(R"({"mount":"/a","sources":[{"user":"u","hash":"$2b$31$abcdefghijklmnopqrstuu"}]})")
          .find("/sources/0/hash: takes too long") != std::string::npos);
  CHECK(!fault_of(R"({"mount":"/a","sources":[{"user":"u","hash":"plain"}]})").empty());
}

TEST(MountRecord, TheJsonSchemaNamesEveryRowAndItsRole) {
  const Json schema = json_of(mount_record_schema());
  const Json settings = schema.at("properties").at("settings").at("properties");
  for (const SchemaElement& row : kMountBlock.elements) {
    if (!has_value(row) || row.name == kMountBlock.key) continue;
    const Json of_row = settings.at(row.name);
    CHECK_TEXT(of_row.at("x-set-by").text().has_value(), std::string(row.name).c_str());
  }
  CHECK(settings.at("intro").at("x-set-by").text() == "file");
  CHECK(settings.at("genre").at("x-set-by").text() == "owner");
  CHECK(settings.at("burst-size").at("maximum").u64() == 16'777'216u);
}
