// TitlesRecord: the titles that a mount has played lately, for the process that goes on with it.
// PicturesRecord: which mounts had which pictures, and pictures that have come lately.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/record.h"
#include "stream/source/title_history.h"

namespace lb {

template <class Io, RecordOf<PlayedTitle> T>
void record_fields(Io& io, T& played) {
  auto& [at, title, place, art, url, details] = played;
  io(1, at, title, place, art, url, details);
}

struct TitlesRecord {
  std::string mount;
  std::vector<PlayedTitle> titles;  // the oldest first
  std::uint64_t changed = 0;
  std::optional<PlayedTitle> announced, painted;
};
template <class Io, RecordOf<TitlesRecord> T>
void record_fields(Io& io, T& of) {
  auto& [mount, titles, changed, announced, painted] = of;
  io(1, mount, titles, changed, announced, painted);
}

struct PicturesRecord {
  std::vector<std::pair<std::string, std::string>> mounts;  // by name; the oldest first
  std::vector<std::string> pictures;                        // their bytes
};
template <class Io, RecordOf<PicturesRecord> T>
void record_fields(Io& io, T& of) {
  auto& [mounts, pictures] = of;
  io(1, mounts, pictures);
}

}  // namespace lb
