// OggSerials: the serial numbers of logical Ogg streams where one source's chain follows another
// source's: a stream that has the number of one right before it gets another.
//
// Thread: one owner.  Pure.
// Source: RFC 3533, 4: each logical stream of a chained physical stream has a number of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/record.h"

namespace lb {

class OggSerials {
 public:
  // Of the chain before the first one here.
  void avoid(std::vector<std::uint32_t> serials) { avoided_ = std::move(serials); }
  // A first page has come.
  void begin(std::uint32_t serial, bool new_chain) {
    if (new_chain) {
      // The chains of one source are its own matter.
      if (!chain_.empty()) avoided_.clear();
      chain_.clear();
    }
    if (chain_.size() == kMaxStreams || has(serial)) return;
    std::uint32_t name = serial;
    while (is_taken(name)) name = name * 2654435761u + 40503u;
    chain_.push_back({serial, name});
  }
  // The number that a stream of the present chain has.
  std::uint32_t of(std::uint32_t serial) const noexcept {
    for (const auto& [from, to] : chain_)
      if (from == serial) return to;
    return serial;
  }

  template <class Io, RecordOf<OggSerials> T>
  friend void record_fields(Io& io, T& serials) {
    io(1, serials.avoided_, serials.chain_);
  }

 private:
  static constexpr std::size_t kMaxStreams = 16;

  bool has(std::uint32_t serial) const noexcept {
    return std::any_of(chain_.begin(), chain_.end(),
                       [serial](const auto& stream) { return stream.first == serial; });
  }
  bool is_taken(std::uint32_t name) const noexcept {
    const auto is_name = [name](const auto& stream) { return stream.second == name; };
    return std::find(avoided_.begin(), avoided_.end(), name) != avoided_.end() ||
           std::any_of(chain_.begin(), chain_.end(), is_name);
  }

  std::vector<std::uint32_t> avoided_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> chain_;  // as it came, as it is passed on
};

}  // namespace lb
