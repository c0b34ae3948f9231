#include "players.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "clients.h"

namespace lb::sim {
namespace {

constexpr auto kAgain = 1s;
constexpr unsigned kMaxHops = 3;
constexpr std::size_t kTag = 73;  // ID3, without a title
constexpr std::int64_t kUnknownClock = 2 * 90'000;

// "0123abcd" of "0123abcd-17.mp3"; the number goes to `number`.
std::string_view stream_of(std::string_view name, std::uint64_t& number) {
  const std::size_t dash = name.find('-'), dot = name.find('.');
  if (dash == std::string_view::npos || dot == std::string_view::npos || dot < dash) return {};
  number = parse_u64(name.substr(dash + 1, dot - dash - 1)).value_or(0);
  return name.substr(0, dash);
}

// The timestamp at the end of the tag, 90 kHz; nullopt: something else ends it.
std::optional<std::int64_t> timestamp_of(std::string_view tag) {
  if (tag.size() != kTag) return std::nullopt;
  std::int64_t stamp = 0;
  for (const char c : tag.substr(kTag - 8)) stamp = stamp << 8 | static_cast<unsigned char>(c);
  return stamp;
}

// Of one segment asked for twice.  It is shorter where its source was lost sooner; and a source
// that ends before its clock is known may be timed by what one server took for it.
std::string difference(std::string_view before, std::string_view now) {
  constexpr std::string_view kFrame = "\xff\xfb\x10";
  const std::size_t sound = std::min(before.find(kFrame), before.size());
  const std::size_t begins = std::min(now.find(kFrame), now.size());
  const std::size_t both = std::min(before.size() - sound, now.size() - begins);
  if (before.substr(sound, both) != now.substr(begins, both))
    return cat({"other sound than before: ", now.size(), " bytes, and ", before.size()});
  const auto one = timestamp_of(before.substr(0, sound)),
             other = timestamp_of(now.substr(0, begins));
  if (one && other && std::abs(*one - *other) > kUnknownClock)
    return cat({"timestamp ", static_cast<std::uint64_t>(*other), ", and had ",
                static_cast<std::uint64_t>(*one)});
  return {};
}

template <class Each>
void for_each_line(std::string_view text, Each each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

Player::Player(World& world, Segments& segments, std::string mount, unsigned first, Fail fail)
    : world_(world),
      known_(segments),
      mount_(std::move(mount)),
      first_(first),
      fail_(std::move(fail)) {
  begin();
}

Player::~Player() = default;

void Player::begin() {
  list_.clear();
  wanted_.clear();
  hops_ = 0;
  ask(first_, mount_ + "/live.m3u8");
}

void Player::ask(unsigned host, std::string target) {
  at_ = host;
  target_ = std::move(target);
  answer_.clear();
  line_.reset();
  line_ = world_.dial(host, 8000, *this);
}

// anew: it forgets its session.
void Player::ask_later(Nanos delay, bool anew) {
  world_.after(delay, [this, anew, lives = std::weak_ptr(life_)] {
    if (lives.expired()) return;
    if (anew)
      begin();
    else
      next();
  });
}

void Player::connected() {
  line_->send(cat({"GET ", target_, " HTTP/1.0\r\nHost: ", World::ip(at_),
                   ":8000\r\nUser-Agent: player of lists\r\n\r\n"}));
}

void Player::received(std::string_view bytes) { answer_ += bytes; }

void Player::ended() {
  // It is called by its line.
  world_.after(0ms, [this, lives = std::weak_ptr(life_)] {
    if (!lives.expired() && line_ && line_->is_over()) answered();
  });
}

void Player::answered() {
  line_.reset();
  const std::size_t head = answer_.find("\r\n\r\n");
  status_ = status_of(answer_);
  if (head == std::string::npos || status_ == 0) return ask_later(kAgain, true);
  const std::string text = answer_.substr(0, head + 2);
  const auto size = parse_u64(line_of(text, "Content-Length"));
  world_.trace().note(world_.now(), "hls", at_, static_cast<unsigned>(status_), answer_.size());
  if (status_ == 302) {
    std::string target;
    const unsigned to = host_of_url(line_of(text, "Location"), &target);
    if (to == kOutside || ++hops_ > kMaxHops)
      return fail_(cat({"a player of ", mount_, " is sent to ", line_of(text, "Location")}));
    return ask(to, target);
  }
  const std::string body = answer_.substr(head + 4);
  if (status_ != 200 || (size && body.size() < *size)) return ask_later(kAgain, true);
  if (list_.empty()) return take_master(body);
  if (target_ == list_) return take_list(body);
  take_segment(body);
}

void Player::take_master(std::string_view body) {
  std::string first;
  for_each_line(body, [&first](std::string_view line) {
    if (first.empty() && !line.empty() && line.front() != '#') first = line;
  });
  if (first.empty()) return fail_(cat({"a master playlist of ", mount_, " names no list"}));
  list_ = first;
  unsigned to = at_;
  if (first.starts_with("http://"))
    to = host_of_url(first, &list_);
  else if (!first.starts_with('/'))
    list_ = cat({mount_, "/", first});
  if (to == kOutside) return fail_(cat({"a master playlist leads to ", first}));
  ask(to, list_);
}

// The numbers of one stream follow each other.
void Player::take_list(std::string_view body) {
  std::string before;
  bool apart = false, fresh = last_.empty();
  std::deque<std::string> behind, all;
  for_each_line(body, [&](std::string_view line) {
    if (line.starts_with("#EXT-X-DISCONTINUITY") && !line.starts_with("#EXT-X-DISCONTINUITY-"))
      apart = true;
    if (line.empty() || line.front() == '#') return;
    const std::string path(line);
    const std::string name = path.substr(0, path.find('?'));
    std::uint64_t number = 0, last = 0;
    const auto stream = stream_of(name, number);
    if (!before.empty() && !apart && stream == stream_of(before, last) && number != last + 1)
      fail_(cat({"a list of host ", at_, " has segment ", name, " behind ", before}));
    before = name;
    apart = false;
    all.push_back(path);
    if (fresh) behind.push_back(path);
    if (name == last_) fresh = true;
  });
  wanted_ = behind.empty() && !fresh ? all : behind;
  next();
}

void Player::next() {
  if (list_.empty()) return begin();
  if (wanted_.empty()) {
    world_.after(kAgain, [this, lives = std::weak_ptr(life_)] {
      if (!lives.expired() && !line_) ask(at_, list_);
    });
    return;
  }
  ask(at_, cat({mount_, "/", wanted_.front()}));
}

void Player::take_segment(std::string_view body) {
  if (wanted_.empty()) return next();
  const std::string name = wanted_.front().substr(0, wanted_.front().find('?'));
  wanted_.pop_front();
  if (!body.starts_with("ID3"))
    return fail_(cat({"segment ", name, " of host ", at_, " begins with no ID3 tag"}));
  const auto [at, fresh] = known_.try_emplace(name, body);
  if (const std::string why = difference(at->second, body); !why.empty())
    return fail_(cat({"segment ", name, " of host ", at_, " has ", why}));
  last_ = name;
  ++count_;
  next();
}

}  // namespace lb::sim
