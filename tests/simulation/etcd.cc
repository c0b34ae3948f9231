#include "etcd.h"

#include <cstdio>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "clients.h"

namespace lb::sim {
namespace {

// A store with fewer writes may have records that no copy has yet.
constexpr std::uint64_t kWorthLosing = 12;

std::string bytes_of(const Json& value) {
  return base64_decode(value.text().value_or("")).value_or("");
}
std::uint64_t number_of(const Json& value) {
  return parse_u64(value.text().value_or("0")).value_or(0);
}

std::string kv_text(std::string_view key, std::string_view value, std::uint64_t revision) {
  return cat({"{\"key\":\"", base64_encode(key), "\",\"mod_revision\":\"", revision,
              "\",\"value\":\"", base64_encode(value), "\"}"});
}

std::string chunk_of(const std::string& text) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx", text.size());
  return cat({size, "\r\n", text, "\r\n"});
}

}  // namespace

struct Etcd::Call final : Peer {
  Call(Etcd& its, std::unique_ptr<World::Line> its_line)
      : etcd(its), line(std::move(its_line)), alive(std::make_shared<bool>(true)) {}
  ~Call() override { *alive = false; }
  void received(std::string_view bytes) override {
    taken += bytes;
    for (;;) {
      const std::size_t head = taken.find("\r\n\r\n");
      if (head == std::string::npos || watches) return;
      const std::size_t size =
          parse_u64(line_of(taken.substr(0, head + 2), "Content-Length")).value_or(0);
      if (taken.size() < head + 4 + size) return;
      const std::string path = taken.substr(5, taken.find(' ', 5) - 5);
      const auto json = Json::parse(taken.substr(head + 4, size));
      taken.erase(0, head + 4 + size);
      if (!json) return hang_up();
      etcd.ask(*this, path, *json);
    }
  }
  void answer(const std::string& body) {
    line->send(cat({"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
                    body.size(), "\r\n\r\n", body}));
  }
  // It is called by its line.
  void hang_up() {
    etcd.world_.after(0ms, [this, lives = alive] {
      if (*lives)
        std::erase_if(etcd.calls_, [this](const auto& each) { return each.get() == this; });
    });
  }
  void ended() override { hang_up(); }

  Etcd& etcd;
  std::unique_ptr<World::Line> line;
  std::shared_ptr<bool> alive;
  std::string taken;
  bool watches = false;
  std::uint64_t next = 0;  // of a watch: the revision that it waits for
};

Etcd::Etcd(World& world) : world_(world) { listen(true); }
Etcd::~Etcd() { listen(false); }

void Etcd::listen(bool listens) {
  if (!listens) return world_.listen_outside(kPort, {});
  world_.listen_outside(kPort, [this](std::unique_ptr<World::Line> line) -> Peer* {
    calls_.push_back(std::make_unique<Call>(*this, std::move(line)));
    return calls_.back().get();
  });
}

std::string Etcd::config(const std::string& copy) {
  return cat({"<store type=\"etcd\" prefix=\"", kPrefix, "\" path=\"", copy, "\"><member>http://",
              World::ip(kOutside), ":", kPort, "</member></store>"});
}

std::optional<std::string> Etcd::value(const std::string& key) const {
  const auto at = store_.rows.find(cat({kPrefix, key}));
  return at == store_.rows.end() ? std::nullopt : std::optional(at->second.value);
}

// -- questions ------------------------------------------------------------------------------------

void Etcd::ask(Call& call, const std::string& path, const Json& json) {
  if (path == "/v3/kv/range") return call.answer(range(json));
  if (path == "/v3/lease/grant") return call.answer("{\"ID\":\"77\",\"TTL\":\"90000\"}");
  if (path == "/v3/watch") return begin_watch(call, json.at("create_request"));
  if (path != "/v3/kv/txn") return call.hang_up();
  if (refused_ > 0) {
    --refused_;
    return call.hang_up();
  }
  const std::string done = txn(json);
  if (lost_answers_ > 0) {
    --lost_answers_;
    world_.trace().note(world_.now(), "lost", kOutside, 1, store_.revision);
    return call.hang_up();
  }
  call.answer(done);
}

std::string Etcd::header() const {
  return cat({"\"header\":{\"cluster_id\":\"", store_.cluster, "\",\"revision\":\"",
              store_.revision, "\"}"});
}

std::string Etcd::range(const Json& json) const {
  const std::string key = bytes_of(json.at("key")), end = bytes_of(json.at("range_end"));
  const std::uint64_t limit = number_of(json.at("limit"));
  std::string kvs;
  std::uint64_t count = 0;
  bool more = false;
  for (auto at = store_.rows.lower_bound(key); at != store_.rows.end() && !more; ++at) {
    if (end.empty() ? at->first != key : at->first >= end) break;
    more = limit > 0 && count == limit;
    if (!more)
      kvs += (count++ > 0 ? "," : "") + kv_text(at->first, at->second.value, at->second.mod);
  }
  return cat({"{", header(), ",\"kvs\":[", kvs, "]", more ? ",\"more\":true}" : "}"});
}

std::string Etcd::txn(const Json& json) {
  const auto holds = [this](const Json& compare) {
    const auto at = store_.rows.find(bytes_of(compare.at("key")));
    const bool create = compare.at("target").text() == "CREATE";
    const std::uint64_t is = at == store_.rows.end() ? 0
                             : create                ? at->second.create
                                                     : at->second.mod;
    return is == number_of(compare.at(create ? "create_revision" : "mod_revision"));
  };
  bool all = true;
  for (std::size_t i = 0; i < json.at("compare").size(); ++i)
    all = all && holds(json.at("compare").at(i));
  if (!all) {
    std::string found;
    for (std::size_t i = 0; i < json.at("failure").size(); ++i)
      found +=
          cat({i > 0 ? "," : "",
               "{\"response_range\":", range(json.at("failure").at(i).at("request_range")), "}"});
    return cat({"{", header(), ",\"responses\":[", found, "]}"});
  }
  const std::uint64_t revision = store_.revision + 1;
  for (std::size_t i = 0; i < json.at("success").size(); ++i) {
    const Json put = json.at("success").at(i).at("request_put");
    const Json deletion = json.at("success").at(i).at("request_delete_range");
    if (!put.missing()) {
      const std::string key = bytes_of(put.at("key"));
      Row& row = store_.rows[key];
      if (row.create == 0) row.create = revision;
      row.mod = store_.revision = revision;
      row.value = bytes_of(put.at("value"));
      store_.events.push_back({key, row.value, revision, false});
    }
    if (const std::string key = bytes_of(deletion.at("key")); store_.rows.erase(key) > 0) {
      store_.revision = revision;
      store_.events.push_back({key, {}, revision, true});
    }
  }
  world_.trace().note(world_.now(), "etcd", kOutside, 1, store_.revision);
  for (const auto& each : calls_)
    if (each->watches) tell_later(*each);
  return cat({"{", header(), ",\"succeeded\":true}"});
}

// -- watches --------------------------------------------------------------------------------------

void Etcd::begin_watch(Call& call, const Json& json) {
  call.watches = true;
  call.next = number_of(json.at("start_revision"));
  std::string lines = cat({"{\"result\":{", header(), ",\"created\":true}}\n"});
  const bool gone = call.next <= store_.compacted;
  if (gone)
    lines += cat({"{\"result\":{", header(), ",\"canceled\":true,\"compact_revision\":\"",
                  store_.compacted, "\"}}\n"});
  call.line->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk_of(lines));
  if (!gone) tell_later(call);
}

void Etcd::tell_later(Call& call) {
  world_.after(lag_, [this, &call, lives = call.alive] {
    if (*lives) tell(call);
  });
}

void Etcd::tell(Call& call) {
  std::string lines;
  std::uint64_t open = 0;
  for (const Event& event : store_.events) {
    if (event.revision < call.next) continue;
    if (open != 0 && open != event.revision) lines += "]}}\n";
    lines += open == event.revision ? "," : cat({"{\"result\":{", header(), ",\"events\":["});
    lines += cat({"{", event.deleted ? "\"type\":\"DELETE\"," : "",
                  "\"kv\":", kv_text(event.key, event.value, event.revision), "}"});
    open = event.revision;
  }
  if (open == 0) return;
  call.next = open + 1;
  call.line->send(chunk_of(lines + "]}}\n"));
}

// -- faults ---------------------------------------------------------------------------------------

void Etcd::note(std::string what) { world_.trace().say(world_.now(), "etcd " + std::move(what)); }

void Etcd::end_calls(bool watches_alone) {
  std::erase_if(calls_, [=](const auto& each) { return !watches_alone || each->watches; });
}

void Etcd::fault() {
  Rng& random = world_.random();
  const Nanos lasts = 200ms + Nanos(random.below(3'000'000'000));
  const auto later = [this, lasts](auto what) {
    world_.after(lasts, [lives = std::weak_ptr(life_), what] {
      if (!lives.expired()) what();
    });
  };
  switch (random.below(6)) {
    case 0:
      lost_answers_ = 1 + static_cast<unsigned>(random.below(2));
      return note("loses its next answers");
    case 1:
      refused_ = 1 + static_cast<unsigned>(random.below(3));
      return note("does not take the next writes");
    case 2:
      lag_ = Nanos(random.below(1'500'000'000));
      note("lags");
      return later([this] { lag_ = {}; });
    case 3:
      note("is compacted, and its watches end");
      store_.compacted = store_.revision;
      return end_calls(true);
    case 4:
      note("is down");
      listen(false);
      end_calls(false);
      return later([this] {
        note("is up");
        listen(true);
      });
    default:
      if (store_.revision < kWorthLosing || back_up_) return;
      lose();
      return later([this] { heal(); });
  }
}

// Another, empty etcd is at its address.
void Etcd::lose() {
  note("is lost");
  back_up_ = std::exchange(store_, Store{});
  store_.cluster = 2;
  end_calls(false);
}

void Etcd::heal() {
  lost_answers_ = refused_ = 0;
  lag_ = {};
  listen(true);
  if (!back_up_) return;
  note("is restored");
  store_ = *std::exchange(back_up_, std::nullopt);
  end_calls(false);
}

}  // namespace lb::sim
