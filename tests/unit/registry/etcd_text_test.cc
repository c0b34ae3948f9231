#include "registry/etcd_text.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Json json_of(const std::string& text) {
  auto json = Json::parse(text);
  CHECK(json.has_value());
  return std::move(*json);
}

}  // namespace

TEST_GROUP(EtcdText){};

TEST(EtcdText, QuestionsAsTheGatewayWantsThem) {
  STRCMP_EQUAL(
      "{\"key\":\"L2xiLw==\",\"range_end\":\"L2xiMA==\",\"limit\":\"40\",\"revision\":\"7\"}",
      etcd_range_text({"/lb/", prefix_end("/lb/"), 40, 7, false}).c_str());
  STRCMP_EQUAL("{\"key\":\"YQ==\",\"serializable\":true}",
               etcd_range_text({"a", "", 0, 0, true}).c_str());
  RegistryWrite write;
  write.compares = {{"users/a", 0}, {"users/b", 9}};
  write.puts = {{"users/a", "{}"}};
  write.deletes = {"users/b"};
  write.made.emplace("made/00", "x");
  STRCMP_EQUAL(
      "{\"compare\":["
      "{\"target\":\"CREATE\",\"result\":\"EQUAL\",\"key\":\"L3VzZXJzL2E=\",\"create_revision\":"
      "\"0\"},"
      "{\"target\":\"MOD\",\"result\":\"EQUAL\",\"key\":\"L3VzZXJzL2I=\",\"mod_revision\":\"9\"},"
      "{\"target\":\"CREATE\",\"result\":\"EQUAL\",\"key\":\"L21hZGUvMDA=\",\"create_revision\":"
      "\"0\"}],"
      "\"success\":[{\"request_put\":{\"key\":\"L3VzZXJzL2E=\",\"value\":\"e30=\"}},"
      "{\"request_put\":{\"key\":\"L21hZGUvMDA=\",\"value\":\"eA==\",\"lease\":\"77\"}},"
      "{\"request_delete_range\":{\"key\":\"L3VzZXJzL2I=\"}}],"
      "\"failure\":[{\"request_range\":{\"key\":\"L3VzZXJzL2E=\"}},"
      "{\"request_range\":{\"key\":\"L3VzZXJzL2I=\"}},{\"request_range\":{\"key\":\"L21hZGUvMDA=\"}"
      "}]}",
      etcd_txn_text("/", write, "77").c_str());
  STRCMP_EQUAL("{\"TTL\":\"90000\"}", etcd_lease_text(90000).c_str());
}
TEST(EtcdText, ThePrefixEndsBehindAllItsKeys) {
  STRCMP_EQUAL("/lb0", prefix_end("/lb/").c_str());
  STRCMP_EQUAL("b", prefix_end("a\xff\xff").c_str());
}
TEST(EtcdText, WhatIsAbsentIsNothing) {
  const auto range =
      parse_etcd_range(json_of("{\"header\":{\"revision\":\"12\"},\"count\":\"0\"}"));
  CHECK(range.has_value());
  LONGS_EQUAL(12, range->revision);
  CHECK(range->records.empty() && !range->more);
  const auto full = parse_etcd_range(json_of(
      "{\"header\":{\"revision\":\"12\"},\"more\":true,\"kvs\":[{\"key\":\"YQ==\",\"mod_revision\":"
      "\"9\",\"version\":\"1\",\"value\":\"Yg==\"},{\"key\":\"Yg==\",\"mod_revision\":\"10\"}]}"));
  CHECK(full->more);
  CHECK(full->records == (std::vector<RegistryRecord>{{"a", "b", 9}, {"b", "", 10}}));
  const auto txn =
      parse_etcd_txn(json_of("{\"header\":{\"revision\":\"12\"},\"responses\":[{\"response_range\":"
                             "{\"kvs\":[{\"key\":\"YQ=="
                             "\",\"mod_revision\":\"9\"}]}},{\"response_range\":{}}]}"));
  CHECK(!txn->succeeded);
  LONGS_EQUAL(1, txn->found.size());
  CHECK(
      parse_etcd_txn(json_of("{\"header\":{\"revision\":\"12\"},\"succeeded\":true}"))->succeeded);
}
TEST(EtcdText, LinesOfAWatch) {
  const auto created =
      parse_etcd_watch("{\"result\":{\"header\":{\"revision\":\"5\"},\"created\":true}}");
  CHECK(created->created && !created->canceled);
  const auto compacted = parse_etcd_watch(
      "{\"result\":{\"header\":{\"revision\":\"5\"},\"canceled\":true,\"compact_revision\":\"4\"}"
      "}");
  CHECK(compacted->canceled);
  LONGS_EQUAL(4, compacted->compact_revision);
  const auto events = parse_etcd_watch(
      "{\"result\":{\"header\":{\"revision\":\"9\"},\"events\":[{\"kv\":{\"key\":\"YQ==\","
      "\"mod_revision\":\"8\",\"value\":\"Yg==\"}},{\"type\":\"DELETE\",\"kv\":{\"key\":\"Yg==\","
      "\"mod_revision\":\"9\"}}]}}");
  LONGS_EQUAL(2, events->events.size());
  CHECK(!events->events[0].deleted && events->events[1].deleted);
  const auto error = parse_etcd_watch("{\"error\":{\"grpc_code\":14,\"message\":\"no leader\"}}");
  CHECK(error->canceled);
  STRCMP_EQUAL("no leader", error->reason.c_str());
}
TEST(EtcdText, WhatIsNoAnswerIsAnError) {
  for (const char* text :
       {"[]", "{}", "{\"header\":{\"revision\":\"x\"}}", "{\"header\":[]}",
        "{\"header\":{\"revision\":\"1\"},\"kvs\":[{}]}",
        "{\"header\":{\"revision\":\"1\"},\"kvs\":[{\"key\":\"?\"}]}",
        "{\"header\":{\"revision\":\"1\"},\"kvs\":[{\"key\":\"YQ==\",\"value\":1}]}",
        "{\"header\":{\"revision\":\"1\"},\"kvs\":[{\"key\":\"YQ==\",\"mod_revision\":\"-1\"}]}"})
    CHECK_TEXT(!parse_etcd_range(json_of(text)), text);
  CHECK(!parse_etcd_watch("no json"));
  CHECK(!parse_etcd_watch("{\"result\":{}}"));
  CHECK(!parse_etcd_lease(json_of("{\"ID\":\"0\"}")));
  CHECK(!parse_etcd_token(json_of("{\"token\":\"a\\r\\nX: y\"}")));
  CHECK(!parse_etcd_token(json_of("{}")));
}
TEST(EtcdText, ErrorsHaveTheirSentence) {
  STRCMP_EQUAL(
      "etcdserver: user name is empty",
      etcd_error_words("{\"error\":\"etcdserver: user name is empty\",\"code\":3}").c_str());
  STRCMP_EQUAL("a", etcd_error_words("{\"code\":3,\"message\":\"a\"}").c_str());
  STRCMP_EQUAL("Bad Gateway", etcd_error_words(" Bad Gateway\r\n").c_str());
  LONGS_EQUAL(300, etcd_error_words(std::string(1000, 'x')).size());
}
