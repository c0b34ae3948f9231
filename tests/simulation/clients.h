// Encoder, Listener and Studio: what is outside of the servers, and follows redirects.
// Thread: one.  Ownership: Cluster.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "world.h"

namespace lb::sim {

// A stream into one mount; where it ends it comes again after a second.
class Encoder final : public Peer {
 public:
  Encoder(World& world, std::string mount, std::function<unsigned()> where,
          std::string login = "source:sourcepass");
  ~Encoder() override;
  // From now on; no: its connection ends.
  void send(bool sends);
  // No: it does not come again where its connection ends.
  void stays(bool stays) noexcept { stays_ = stays; }
  bool accepted() const noexcept { return accepted_; }
  // The host that has taken it.
  unsigned at() const noexcept { return at_; }
  bool sends() const noexcept { return sends_; }

 private:
  void connect();
  void connected() override;
  void received(std::string_view bytes) override;
  void ended() override;
  void go_on(std::uint64_t life);

  World& world_;
  const std::string mount_;
  const std::function<unsigned()> where_;
  const std::string login_;
  std::unique_ptr<World::Line> line_;
  bool sends_ = false, accepted_ = false, stays_ = true;
  unsigned at_ = 0;
  std::uint64_t life_ = 0;
  std::string head_;
};

class Listener final : public Peer {
 public:
  enum class State : std::uint8_t { kAsks, kHears, kRefused, kLost, kLeft };
  static constexpr unsigned kMaxHops = 3;

  // from_ms: of the past; 0: of now.
  Listener(World& world, unsigned number, std::string mount, unsigned first,
           std::int64_t from_ms = 0);
  void leave();
  State state() const noexcept { return state_; }
  // The host that it is connected with, or was last.
  unsigned at() const noexcept { return at_; }
  unsigned hops() const noexcept { return hops_; }
  Nanos begun() const noexcept { return begun_; }
  int status() const noexcept { return status_; }
  // Bytes of the stream.
  std::size_t heard() const noexcept { return heard_; }
  const std::string& mount() const noexcept { return mount_; }
  std::int64_t from_ms() const noexcept { return from_ms_; }
  unsigned number() const noexcept { return number_; }
  // Its server has ended it, though it may not have heard so yet.
  bool is_ending() const noexcept { return line_ && line_->is_ending(); }
  // Where it came from a redirect: the host that sent it.
  unsigned sent_by() const noexcept { return hops_ == 0 ? 0 : before_; }
  // By the server it has been let in, though it has not heard so yet.
  bool admitted = false;
  std::function<void(Listener&)> on_change;

 private:
  void ask(unsigned host, const std::string& target);
  void connected() override;
  void received(std::string_view bytes) override;
  void ended() override;
  void become(State state);
  void answered();

  World& world_;
  const unsigned number_;
  const std::string mount_;
  const std::int64_t from_ms_;
  std::unique_ptr<World::Line> line_, old_;
  State state_ = State::kAsks;
  std::string target_, head_;
  const Nanos begun_;
  unsigned at_ = 0, before_ = 0, hops_ = 0;
  int status_ = 0;
  std::size_t heard_ = 0;
};

// A server of somebody else that streams to whoever asks, and counts its connections.
class Studio {
 public:
  Studio(World& world, std::uint16_t port);
  ~Studio();
  Studio(const Studio&) = delete;
  Studio& operator=(const Studio&) = delete;
  std::size_t connections() const noexcept { return calls_.size(); }

 private:
  struct Call;
  World& world_;
  const std::uint16_t port_;
  std::vector<std::unique_ptr<Call>> calls_;
};

// The host of "http://10.0.0.3:8000/…"; its path goes to `target`.  kOutside: it is none of ours.
unsigned host_of_url(std::string_view url, std::string* target);
// The value of a line of a head.
std::string line_of(std::string_view head, std::string_view name);
int status_of(std::string_view head);

}  // namespace lb::sim
