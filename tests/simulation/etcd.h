// Etcd: a store of records outside of all servers, as far as they ask for it, with what befalls
// one: answers that are lost, watches that lag or end, compaction, a member that is down, a store
// that was emptied and comes back from its back-up.
// Source: etcd 3.4 to 3.6, the v3 JSON gateway (src/registry/etcd_text.h).
// Thread: one.  Ownership: Records.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "world.h"

namespace lb::sim {

class Etcd {
 public:
  static constexpr std::uint16_t kPort = 2379;
  static constexpr std::string_view kPrefix = "/sim/";
  explicit Etcd(World& world);
  ~Etcd();
  Etcd(const Etcd&) = delete;
  Etcd& operator=(const Etcd&) = delete;

  // The elements of a <store> with this copy.
  static std::string config(const std::string& copy);
  // One of its faults.
  void fault();
  void heal();
  // Of a key below the prefix; nullopt: there is none.
  std::optional<std::string> value(const std::string& key) const;
  std::size_t connections() const noexcept { return calls_.size(); }

 private:
  struct Row {
    std::string value;
    std::uint64_t create = 0, mod = 0;
  };
  struct Event {
    std::string key, value;
    std::uint64_t revision = 0;
    bool deleted = false;
  };
  struct Store {
    std::map<std::string, Row> rows;
    std::vector<Event> events;
    std::uint64_t revision = 1, compacted = 0;
    unsigned cluster = 1;
  };
  struct Call;
  void listen(bool listens);
  void ask(Call& call, const std::string& path, const Json& json);
  std::string header() const;
  std::string range(const Json& json) const;
  std::string txn(const Json& json);
  void begin_watch(Call& call, const Json& json);
  // What this watch has not been told yet, after the present lag.
  void tell_later(Call& call);
  void tell(Call& call);
  void end_calls(bool watches_alone);
  void lose();
  void note(std::string what);

  World& world_;
  Store store_;
  std::optional<Store> back_up_;  // while the store is lost
  bool down_ = false;
  unsigned lost_answers_ = 0, refused_ = 0;  // of the next writes
  Nanos lag_{};
  std::vector<std::unique_ptr<Call>> calls_;
  std::shared_ptr<int> life_ = std::make_shared<int>();
};

}  // namespace lb::sim
