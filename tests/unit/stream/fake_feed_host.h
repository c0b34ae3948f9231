// What a feed needs of its server: a loop, a log, memory; titles are noted.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/log_book.h"
#include "stream/source/feed.h"

namespace lb::test {

struct FakeFeedHost final : FeedHost {
  explicit FakeFeedHost(const Clock& clock, std::size_t scratch_bytes = 65536)
      : own_loop(0, clock), captured(clock), buffer(scratch_bytes) {}
  Loop& loop() noexcept override { return own_loop; }
  Log& log() noexcept override { return captured.log; }
  std::span<std::byte> scratch() noexcept override { return buffer; }
  void wake(Channel::Loops, const std::shared_ptr<Mount>&) override {}
  void titled(const Mount&, const std::string& song, const TitlePlace& place) override {
    told.push_back(song + " " + print_title_place(place));
  }

  Loop own_loop;
  CapturedLog captured;
  std::vector<std::byte> buffer;
  std::vector<std::string> told;
};

}  // namespace lb::test
