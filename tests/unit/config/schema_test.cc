#include <functional>
#include <set>
#include <string>

#include "cluster/balance/pick.h"
#include "config/print/reference.h"
#include "config/schema/value.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

void each_row(const std::function<void(const ReferenceBlock&, const SchemaElement&)>& f) {
  for (const ReferenceBlock& entry : reference_blocks()) {
    for (const SchemaElement& row : entry.block->elements) f(entry, row);
    for (const SchemaElement& row : entry.block->foreign) f(entry, row);
  }
}

std::string name_of(const ReferenceBlock& entry, const SchemaElement& row) {
  return entry.path + "/" + std::string(row.name);
}

}  // namespace

TEST_GROUP(Schema){};

TEST(Schema, NamesEveryBalancingPolicyAsTheClusterFloorDoes) {
  std::size_t named = 0;
  each_row([&named](const ReferenceBlock& entry, const SchemaElement& row) {
    if (entry.path != "cluster/balance" || row.name != "policy") return;
    for (const SchemaChoice& choice : row.choices) {
      const PolicyRow& policy = policy_row(static_cast<BalancePolicy>(choice.value));
      CHECK(policy.name == choice.text);
      ++named;
    }
  });
  CHECK_EQUAL(balance_policies().size(), named);
}

TEST(Schema, EveryNameInABlockIsFoundAndMeansOneThing) {
  for (const ReferenceBlock& entry : reference_blocks()) {
    std::set<std::string> seen;
    for (const auto& rows : {entry.block->elements, entry.block->foreign}) {
      for (const SchemaElement& row : rows) {
        if (row.name.empty()) continue;
        std::string names(row.name);
        if (!row.aliases.empty()) names.append(" ").append(row.aliases);
        while (!names.empty()) {
          const std::size_t space = names.find(' ');
          const std::string name = names.substr(0, space);
          names = space == std::string::npos ? "" : names.substr(space + 1);
          CHECK_TEXT(!name.empty(), name_of(entry, row).c_str());
          CHECK_TEXT(seen.insert((row.attribute ? "@" : "") + name).second,
                     (entry.path + "/" + name).c_str());
          CHECK_TEXT(find_element(*entry.block, name, row.attribute) == &row,
                     (entry.path + "/" + name).c_str());
        }
      }
    }
  }
}
TEST(Schema, EveryRowIsComplete) {
  int rows = 0;
  each_row([&](const ReferenceBlock& entry, const SchemaElement& row) {
    ++rows;
    const std::string name = name_of(entry, row);
    const SimpleString text = name.c_str();
    const bool leaf = row.kind != ValueKind::kBlock && row.kind != ValueKind::kNothing &&
                      row.kind != ValueKind::kNamed;
    CHECK_TEXT(leaf == (row.slot != nullptr), text.asCharString());
    CHECK_TEXT((row.kind == ValueKind::kBlock) == (row.block != nullptr), text.asCharString());
    CHECK_TEXT(row.min <= row.max, text.asCharString());
    const bool explained =
        row.support == SchemaSupport::kObsolete || row.support == SchemaSupport::kUnsupported;
    CHECK_TEXT(explained == !row.note.empty(), text.asCharString());
    CHECK_TEXT(row.kind != ValueKind::kChoice || !row.choices.empty(), text.asCharString());
    CHECK_TEXT(row.canonical.empty() || row.secondary, text.asCharString());
    if (row.kind == ValueKind::kBlock) {
      CHECK_TEXT(row.nest.add != nullptr && row.nest.count != nullptr && row.nest.at != nullptr,
                 text.asCharString());
      CHECK_TEXT(
          row.block->key.empty() || find_element(*row.block, row.block->key, false) != nullptr,
          text.asCharString());
    } else if (row.support != SchemaSupport::kUnsupported) {
      CHECK_TEXT(row.help.ends_with("."), text.asCharString());
    }
  });
  CHECK(rows > 250);
}
TEST(Schema, DefaultsAndExamplesAreValidValues) {
  each_row([](const ReferenceBlock& entry, const SchemaElement& row) {
    if (row.slot == nullptr) return;
    const std::string name = name_of(entry, row);
    const auto object = entry.block->fresh();
    const std::string standard = row.secondary ? "" : show_value(row, object.get());
    const ValueReport same = store_value(row, object.get(), standard);
    CHECK_TEXT(same.problem.empty(), (name + ": " + same.problem).c_str());
    CHECK_TEXT(row.secondary || show_value(row, object.get()) == standard, name.c_str());
    if (row.example.empty()) return;
    const ValueReport example = store_value(row, object.get(), row.example);
    CHECK_TEXT(example.problem.empty(), (name + ": " + example.problem).c_str());
    CHECK_TEXT(example.stored || row.unset.has_value(), name.c_str());
  });
}
TEST(Schema, KnowsEveryElementOfIcecast24) {
  const struct {
    const SchemaBlock* block;
    const char* names;
  } blocks[] = {
      {&kRootBlock,
       "location admin server-id hostname fileserve mime-types port bind-address source-password "
       "icelogin "
       "relays-on-demand master-server master-server-port master-update-interval master-username "
       "master-password shoutcast-mount listen-socket limits authentication paths logging security "
       "http-headers relay mount directory"},
      {&kListenBlock, "port bind-address ssl shoutcast-compat shoutcast-mount so-sndbuf"},
      {&kLimitsBlock,
       "clients sources queue-size burst-size burst-on-connect header-timeout source-timeout "
       "client-timeout threadpool"},
      {&kAuthenticationBlock,
       "source-password admin-user admin-password relay-user relay-password"},
      {&kPathsBlock,
       "basedir logdir webroot adminroot pidfile deny-ip allow-ip ssl-certificate "
       "ssl-allowed-ciphers "
       "alias"},
      {&kLoggingBlock, "accesslog errorlog playlistlog loglevel logsize logarchive"},
      {&kSecurityBlock, "chroot changeowner"},
      {&kMountBlock,
       "mount-name username password max-listeners max-listener-duration dump-file intro "
       "fallback-mount "
       "fallback-override fallback-when-full charset mp3-metadata-interval hidden no-mount public "
       "no-yp "
       "burst-size queue-size source-timeout on-connect on-disconnect stream-name "
       "stream-description "
       "stream-url genre bitrate type subtype cluster-password http-headers authentication"},
      {&kRelayBlock,
       "server port mount local-mount relay-shoutcast-metadata username password on-demand bind"},
      {&kDirectoryBlock, "yp-url yp-url-timeout touch-interval server host"},
  };
  for (const auto& b : blocks) {
    std::string names = b.names;
    while (!names.empty()) {
      const std::size_t space = names.find(' ');
      const std::string name = names.substr(0, space);
      names = space == std::string::npos ? "" : names.substr(space + 1);
      const SchemaElement* row = find_element(*b.block, name, false);
      CHECK_TEXT(row != nullptr, name.c_str());
      CHECK_TEXT(row->support != SchemaSupport::kUnsupported, name.c_str());
    }
  }
}
TEST(Schema, AnAttributeIsNotAnElement) {
  CHECK(find_element(kMountBlock, "type", true)->attribute);
  CHECK(!find_element(kMountBlock, "type", false)->attribute);
  CHECK(find_element(kMountAuthenticationBlock, "type", false) == nullptr);
  CHECK(find_element(kRootBlock, "", false) == nullptr);
  CHECK(find_element(kRootBlock, "mount[default]", false) != nullptr);  // no XML name can be that
  CHECK(find_element(kPathsBlock, "ban", false) == nullptr);
  CHECK(find_element(kPathsBlock, "ban-file", false) ==
        find_element(kPathsBlock, "deny-ip", false));
  CHECK(find_element(kPathsBlock, "banfile", true) == find_element(kPathsBlock, "deny-ip", false));
}
