#include "clients.h"

#include <cstdio>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb::sim {
namespace {

constexpr std::uint16_t kPort = 8000;

constexpr auto kEach = 500ms;

// Frames of MPEG-1 layer III, 32 kbit/s at 44.1 kHz: bytes are copied, and say nothing of a
// cluster.
const std::string& frames() {
  // As long as kEach.
  static const std::string some = [] {
    std::string all;
    for (int i = 0; i < 19; ++i) all += "\xff\xfb\x10\x64" + std::string(100, 'x');
    return all;
  }();
  return some;
}

}  // namespace

unsigned host_of_url(std::string_view url, std::string* target) {
  constexpr std::string_view kBegin = "http://10.0.0.";
  if (!url.starts_with(kBegin)) return kOutside;
  url.remove_prefix(kBegin.size());
  const std::size_t colon = url.find(':'), slash = url.find('/');
  if (colon == std::string_view::npos || slash == std::string_view::npos) return kOutside;
  if (target != nullptr) *target = std::string(url.substr(slash));
  return static_cast<unsigned>(parse_u64(url.substr(0, colon)).value_or(0));
}

std::string line_of(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        iequals(line.substr(0, name.size()), name))
      return std::string(trim(line.substr(name.size() + 1)));
  }
  return {};
}

int status_of(std::string_view head) {
  return head.size() < 12 ? 0 : static_cast<int>(parse_u64(head.substr(9, 3)).value_or(0));
}

// -- Encoder --------------------------------------------------------------------------------------

Encoder::Encoder(World& world, std::string mount, std::function<unsigned()> where,
                 std::string login)
    : world_(world), mount_(std::move(mount)), where_(std::move(where)), login_(std::move(login)) {}
Encoder::~Encoder() { ++life_; }

void Encoder::send(bool sends) {
  if (sends_ == sends) return;
  sends_ = sends;
  ++life_;
  accepted_ = false;
  line_.reset();
  if (sends) connect();
}

void Encoder::connect() {
  head_.clear();
  at_ = where_();
  line_ = world_.dial(at_, kPort, *this);
}

void Encoder::connected() {
  line_->send(cat({"SOURCE ", mount_, " HTTP/1.0\r\nAuthorization: Basic ", base64_encode(login_),
                   "\r\nContent-Type: audio/mpeg\r\nice-bitrate: 32\r\n\r\n"}));
  go_on(++life_);
}

void Encoder::go_on(std::uint64_t life) {
  if (life != life_ || !line_) return;
  line_->send(frames());
  world_.after(kEach, [this, life] { go_on(life); });
}

void Encoder::received(std::string_view bytes) {
  if (head_.size() > 64) return;
  head_ += bytes;
  accepted_ = status_of(head_) == 200;
}

void Encoder::ended() {
  accepted_ = false;
  const std::uint64_t life = ++life_;
  if (!stays_) sends_ = false;
  // It is called by its line.
  world_.after(1s, [this, life] {
    if (life == life_ && sends_) connect();
  });
}

// -- Listener -------------------------------------------------------------------------------------

Listener::Listener(World& world, unsigned number, std::string mount, unsigned first,
                   std::int64_t from_ms)
    : world_(world),
      number_(number),
      mount_(std::move(mount)),
      from_ms_(from_ms),
      begun_(world.now()) {
  char second[32];
  std::snprintf(second, sizeof second, "?from=%lld.%03lld", static_cast<long long>(from_ms / 1000),
                static_cast<long long>(from_ms % 1000));
  ask(first, from_ms == 0 ? mount_ : mount_ + second);
}

void Listener::ask(unsigned host, const std::string& target) {
  head_.clear();
  target_ = target;
  before_ = std::exchange(at_, host);
  old_ = std::move(line_);
  line_ = world_.dial(host, kPort, *this);
}

void Listener::connected() {
  line_->send(cat({"GET ", target_, " HTTP/1.0\r\nHost: ", World::ip(at_),
                   ":8000\r\nUser-Agent: player/", number_, "\r\n\r\n"}));
}

void Listener::become(State state) {
  if (state_ == state) return;
  state_ = state;
  if (state != State::kHears) admitted = false;
  world_.trace().note(world_.now(), "listener", number_, at_, static_cast<std::uint64_t>(state));
  if (on_change) on_change(*this);
}

void Listener::received(std::string_view bytes) {
  if (state_ == State::kHears) heard_ += bytes.size();
  if (state_ != State::kAsks) return;
  head_ += bytes;
  if (head_.find("\r\n\r\n") == std::string::npos) return;
  answered();
}

void Listener::answered() {
  status_ = status_of(head_);
  if (status_ == 200) return become(State::kHears);
  std::string target;
  const unsigned to = status_ == 302 ? host_of_url(line_of(head_, "Location"), &target) : kOutside;
  if (to == kOutside || hops_ >= kMaxHops) return become(State::kRefused);
  ++hops_;
  ask(to, target);
}

void Listener::ended() {
  // It may be the one that has redirected it.
  if (!line_->is_over()) return;
  if (state_ == State::kAsks || state_ == State::kHears) become(State::kLost);
}

void Listener::leave() {
  become(State::kLeft);
  line_.reset();
}

// -- Studio ---------------------------------------------------------------------------------------

struct Studio::Call final : Peer {
  Call(Studio& its, std::unique_ptr<World::Line> its_line)
      : studio(its), line(std::move(its_line)), alive(std::make_shared<bool>(true)) {}
  ~Call() override { *alive = false; }
  void received(std::string_view bytes) override {
    head += bytes;
    if (answered || head.find("\r\n\r\n") == std::string::npos) return;
    answered = true;
    line->send("HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-br: 32\r\n\r\n");
    go_on();
  }
  void go_on() {
    line->send(frames());
    studio.world_.after(kEach, [this, lives = alive] {
      if (*lives) go_on();
    });
  }
  void ended() override {
    // It is called by its line.
    studio.world_.after(0ms, [this, lives = alive] {
      if (*lives)
        std::erase_if(studio.calls_, [this](const auto& each) { return each.get() == this; });
    });
  }
  Studio& studio;
  std::unique_ptr<World::Line> line;
  std::shared_ptr<bool> alive;
  std::string head;
  bool answered = false;
};

Studio::Studio(World& world, std::uint16_t port) : world_(world), port_(port) {
  world.listen_outside(port, [this](std::unique_ptr<World::Line> line) -> Peer* {
    calls_.push_back(std::make_unique<Call>(*this, std::move(line)));
    return calls_.back().get();
  });
}

Studio::~Studio() { world_.listen_outside(port_, {}); }

}  // namespace lb::sim
