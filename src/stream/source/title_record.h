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
  io(1, at);
  io(2, title);
  io(3, place);
  io(4, art);
  io(5, url);
  io(6, details);
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
  io(1, mount);
  io(2, titles);
  io(3, changed);
  io(4, announced);
  io(5, painted);
}

struct PicturesRecord {
  std::vector<std::pair<std::string, std::string>> mounts;  // by name; the oldest first
  std::vector<std::string> pictures;                        // their bytes
};
template <class Io, RecordOf<PicturesRecord> T>
void record_fields(Io& io, T& of) {
  auto& [mounts, pictures] = of;
  io(1, mounts);
  io(2, pictures);
}

}  // namespace lb
