// Steward: who changes the records of a master by its API, one question at a time.
// Thread: one.  Ownership: Records.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "world.h"

namespace lb::sim {

class Steward final : public Peer {
 public:
  // status 0: the connection has ended without a whole answer, and what was asked may be done.
  using Then = std::function<void(int status, const std::string& body)>;
  explicit Steward(World& world) : world_(world) {}
  ~Steward() override = default;

  bool asks() const noexcept { return then_ != nullptr; }
  // A question that waits for its answer is given up.
  void ask(unsigned host, std::string_view method, std::string_view path, std::string_view body,
           Then then);

 private:
  void connected() override;
  void received(std::string_view bytes) override { answer_ += bytes; }
  void ended() override;

  World& world_;
  std::unique_ptr<World::Line> line_;
  std::string question_, answer_;
  Then then_;
};

}  // namespace lb::sim
