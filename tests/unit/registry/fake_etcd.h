// FakeEtcd: one member of an etcd as far as the registry asks for it; over StubHttp.  A watch tells
// what has happened when it begins, and then stays open.
// Thread: the stub's; its functions from the test's.
#pragma once

#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "stub_http.h"

namespace lb {

class FakeEtcd {
 public:
  FakeEtcd() : stub_([this](const std::string& request) { return answer(request); }) {}

  std::string url() const { return stub_.url(""); }
  std::size_t asked(const std::string& path) const {
    std::size_t n = 0;
    for (const std::string& request : stub_.requests()) n += request.starts_with("POST " + path);
    return n;
  }
  std::vector<std::string> requests() const { return stub_.requests(); }

  void put(const std::string& key, const std::string& value) {
    const std::lock_guard<std::mutex> guard(mutex_);
    put_now(key, value);
  }
  std::string value(const std::string& key) {
    const std::lock_guard<std::mutex> guard(mutex_);
    return rows_.contains(key) ? rows_[key].value : "-";
  }
  void clear() {
    const std::lock_guard<std::mutex> guard(mutex_);
    rows_.clear();
    ++revision_;
  }
  // What a person deletes by etcdctl: these keys, in one revision.
  void remove(const std::vector<std::string>& keys) {
    const std::lock_guard<std::mutex> guard(mutex_);
    ++revision_;
    for (const std::string& key : keys)
      if (rows_.erase(key) > 0) events_.push_back({key, revision_, true});
  }
  // What a master of an earlier version deletes in one write.
  void remove_uncounted(const std::string& prefix, const std::vector<std::string>& keys) {
    const std::lock_guard<std::mutex> guard(mutex_);
    put_now(prefix + "store/deleted", std::to_string(keys.size()));
    for (const std::string& key : keys)
      if (rows_.erase(prefix + key) > 0) events_.push_back({prefix + key, revision_, true});
  }
  // It belongs to another cluster than the other members.
  void set_cluster(const std::string& id) {
    const std::lock_guard<std::mutex> guard(mutex_);
    cluster_ = id;
  }
  // The next so many answers to this path are this one; the transaction is carried out if `after`.
  void fail(const std::string& path, unsigned times, int status, const std::string& body,
            bool after = false) {
    const std::lock_guard<std::mutex> guard(mutex_);
    failures_[path] = {times, status, body, after};
  }
  void want_login(bool wanted) {
    const std::lock_guard<std::mutex> guard(mutex_);
    wants_login_ = wanted;
    ++token_;
  }
  void compact() {
    const std::lock_guard<std::mutex> guard(mutex_);
    compacted_ = revision_;
  }

 private:
  struct Row {
    std::string value;
    std::uint64_t create = 0, mod = 0, version = 0;
  };
  struct Event {
    std::string key;
    std::uint64_t revision;
    bool deleted;
  };
  struct Failure {
    unsigned times = 0;
    int status = 0;
    std::string body;
    bool after = false;
  };

  static std::string reply(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string bytes(const Json& value) {
    return base64_decode(value.text().value_or("")).value_or("");
  }
  static std::uint64_t number(const Json& value) {
    return parse_u64(value.text().value_or("0")).value_or(0);
  }
  std::string header() const {
    return "\"header\":{\"cluster_id\":\"" + cluster_ + "\",\"revision\":\"" +
           std::to_string(revision_) + "\"}";
  }
  void put_now(const std::string& key, const std::string& value) {
    Row& row = rows_[key];
    row.value = value;
    row.mod = ++revision_;
    if (row.create == 0) row.create = revision_;
    ++row.version;
    events_.push_back({key, revision_, false});
  }
  // `revision`: of an event.
  std::string kv(const std::string& key, std::uint64_t revision = 0) const {
    const Row& row = rows_.at(key);
    return "{\"key\":\"" + base64_encode(key) + "\",\"mod_revision\":\"" +
           std::to_string(revision > 0 ? revision : row.mod) + "\",\"version\":\"" +
           std::to_string(row.version) + "\",\"value\":\"" + base64_encode(row.value) + "\"}";
  }

  std::string answer(const std::string& request) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const std::string path = request.substr(5, request.find(' ', 5) - 5);
    const auto json = Json::parse(request.substr(request.find("\r\n\r\n") + 4));
    if (!json) return reply(400, "{}");
    Failure& failure = failures_[path];
    if (failure.times > 0) {
      --failure.times;
      if (failure.after) std::ignore = carry_out(path, *json);
      return reply(failure.status, failure.body);
    }
    if (path == "/v3/auth/authenticate") {
      if (json->at("password").text() != "right")
        return reply(400, "{\"error\":\"authentication failed, invalid user ID or password\"}");
      return reply(200, "{\"token\":\"t." + std::to_string(token_) + "\"}");
    }
    if (wants_login_) {
      if (request.find("Authorization: ") == std::string::npos)
        return reply(400, "{\"error\":\"etcdserver: user name is empty\",\"code\":3}");
      if (request.find("Authorization: t." + std::to_string(token_) + "\r\n") == std::string::npos)
        return reply(401, "{\"error\":\"etcdserver: invalid auth token\",\"code\":16}");
    }
    return carry_out(path, *json);
  }
  std::string carry_out(const std::string& path, const Json& json) {
    if (path == "/v3/kv/range") return reply(200, range(json));
    if (path == "/v3/kv/txn") return reply(200, txn(json));
    if (path == "/v3/lease/grant") return reply(200, "{\"ID\":\"77\",\"TTL\":\"90000\"}");
    if (path == "/v3/watch") return watch(json.at("create_request"));
    return reply(404, "{}");
  }
  std::string range(const Json& json) const {
    const std::string key = bytes(json.at("key")), end = bytes(json.at("range_end"));
    const std::uint64_t limit = number(json.at("limit"));
    std::string kvs;
    std::uint64_t n = 0;
    bool more = false;
    for (auto at = rows_.lower_bound(key); at != rows_.end(); ++at) {
      if (end.empty() ? at->first != key : at->first >= end) break;
      more = limit > 0 && n == limit;
      if (more) break;
      kvs += (n++ > 0 ? "," : "") + kv(at->first);
    }
    return "{" + header() + ",\"kvs\":[" + kvs + "]" + (more ? ",\"more\":true}" : "}");
  }
  std::string txn(const Json& json) {
    bool holds = true;
    for (std::size_t i = 0; i < json.at("compare").size(); ++i) {
      const Json compare = json.at("compare").at(i);
      const auto at = rows_.find(bytes(compare.at("key")));
      const bool create = compare.at("target").text() == "CREATE";
      const std::uint64_t is = at == rows_.end() ? 0 : create ? at->second.create : at->second.mod;
      holds = holds && is == number(compare.at(create ? "create_revision" : "mod_revision"));
    }
    if (!holds) {
      std::string responses;
      for (std::size_t i = 0; i < json.at("failure").size(); ++i)
        responses += std::string(i > 0 ? "," : "") +
                     "{\"response_range\":" + range(json.at("failure").at(i).at("request_range")) +
                     "}";
      return "{" + header() + ",\"responses\":[" + responses + "]}";
    }
    const std::uint64_t before = revision_;
    for (std::size_t i = 0; i < json.at("success").size(); ++i) {
      const Json put_request = json.at("success").at(i).at("request_put");
      const Json deletion = json.at("success").at(i).at("request_delete_range");
      revision_ = before;
      if (!put_request.missing())
        put_now(bytes(put_request.at("key")), bytes(put_request.at("value")));
      if (!deletion.missing() && rows_.erase(bytes(deletion.at("key"))) > 0)
        events_.push_back({bytes(deletion.at("key")), ++revision_, true});
    }
    return "{" + header() + ",\"succeeded\":true}";
  }
  std::string watch(const Json& json) const {
    const std::uint64_t from = number(json.at("start_revision"));
    std::string lines = "{\"result\":{" + header() + ",\"created\":true}}\n";
    if (from <= compacted_)
      lines += "{\"result\":{" + header() + ",\"canceled\":true,\"compact_revision\":\"" +
               std::to_string(compacted_) + "\"}}\n";
    std::uint64_t open = 0;
    for (const Event& event : events_) {
      if (event.revision < from || from <= compacted_) continue;
      const std::string row = event.deleted || !rows_.contains(event.key)
                                  ? "{\"key\":\"" + base64_encode(event.key) +
                                        "\",\"mod_revision\":\"" + std::to_string(event.revision) +
                                        "\"}"
                                  : kv(event.key, event.revision);
      if (open != 0 && open != event.revision) lines += "]}}\n";
      lines += open == event.revision ? "," : "{\"result\":{" + header() + ",\"events\":[";
      lines +=
          std::string("{") + (event.deleted ? "\"type\":\"DELETE\"," : "") + "\"kv\":" + row + "}";
      open = event.revision;
    }
    if (open != 0) lines += "]}}\n";
    char size[16];
    std::snprintf(size, sizeof size, "%zx", lines.size());
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(size) + "\r\n" +
           lines + "\r\n";
  }

  std::mutex mutex_;
  std::map<std::string, Row> rows_;
  std::vector<Event> events_;
  std::map<std::string, Failure> failures_;
  std::uint64_t revision_ = 1, compacted_ = 0;
  bool wants_login_ = false;
  unsigned token_ = 1;
  std::string cluster_ = "1";
  StubHttp stub_;
};

}  // namespace lb
