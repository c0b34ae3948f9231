#include "app/services/tls_pumps.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/cat.h"
#include "config/settings/config.h"

namespace lb {

struct TlsPumps::One {
  One(TlsPumps& all_given, UniqueFd channel_given, const PumpRecord& state)
      : all(all_given),
        channel(std::move(channel_given)),
        news(state.news),
        since(state.since),
        ends(state.ends) {}
  void on_ready(short) { all.heard(*this); }

  TlsPumps& all;
  UniqueFd channel;
  PumpNews news;
  SteadyTime since;
  bool ends;
  Watch watch;
};

TlsPumps::TlsPumps(Loop& control, Log& log, const Snapshot<Config>& config)
    : control_(control), log_(log), config_(config), timer_(control, [this] { look(); }) {}

TlsPumps::~TlsPumps() = default;

// Both processes tell it to begin, as the old one may be stopped or killed at this moment.
void TlsPumps::begin(UniqueFd channel) {
  ::send(channel.get(), &kGo, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  add(std::move(channel), {0, {}, control_.clock().steady(), false});
}

void TlsPumps::add(UniqueFd channel, const PumpRecord& state) {
  if (channel) all_.push_back(std::make_unique<One>(*this, std::move(channel), state));
}

PumpsRecord TlsPumps::save(FdsOut& fds) const {
  PumpsRecord saved;
  for (const auto& one : all_)
    saved.pumps.push_back({fds.add(one->channel.get()), one->news, one->since, one->ends});
  return saved;
}

void TlsPumps::restore(const PumpsRecord& saved, FdsIn& fds) {
  for (const PumpRecord& pump : saved.pumps) add(fds.take(pump.channel), pump);
}

void TlsPumps::go_on() {
  hears_ = true;
  for (const auto& one : all_)
    one->watch.start<&One::on_ready>(control_, one->channel.get(), EV_READ, one.get());
  look();
}

void TlsPumps::hand_over() {
  timer_.cancel();
  all_.clear();
}

void TlsPumps::heard(One& one) {
  std::array<char, 256> text{};
  ssize_t n = 0;
  while ((n = ::recv(one.channel.get(), text.data(), text.size(), MSG_DONTWAIT)) > 0)
    if (const auto news = read_record<PumpNews>(
            "TLS connections", std::string_view(text.data(), static_cast<std::size_t>(n))))
      one.news = *news;
  if (n < 0 && is_momentary(errno)) return;
  log_.info("app/handover", cat({"old process ", one.news.pid, " has ended its TLS connections"}));
  std::erase_if(all_, [&one](const auto& each) { return each.get() == &one; });
  look();
}

void TlsPumps::tell(One& one, std::string_view why) {
  one.ends = true;
  log_.warn("app/handover", cat({"old process ", one.news.pid, " ends its ", one.news.connections,
                                 " TLS connections within a minute: ", why}));
  ::send(one.channel.get(), &kEnd, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void TlsPumps::look() {
  if (!hears_) return;
  const auto most = config_.read()->limits.hand_over_time;
  const SteadyTime now = control_.clock().steady();
  auto staying = std::ranges::count_if(all_, [](const auto& one) { return !one->ends; });
  auto next = SteadyTime::max();
  for (const auto& one : all_) {
    if (one->ends) continue;
    if (staying > static_cast<std::ptrdiff_t>(kMax)) {
      tell(*one, cat({"more than ", kMax, " old processes have some"}));
      --staying;
    } else if (now - one->since >= most) {
      tell(*one, "hand-over-time is over");
    } else {
      next = std::min<SteadyTime>(next, one->since + most);
    }
  }
  if (next != SteadyTime::max()) timer_.after(next - now);
}

TlsPumps::Picture TlsPumps::picture() const {
  Picture now;
  now.processes = all_.size();
  for (const auto& one : all_) now.connections += one->news.connections;
  if (!all_.empty()) now.age = control_.clock().steady() - all_.front()->since;
  return now;
}

}  // namespace lb
