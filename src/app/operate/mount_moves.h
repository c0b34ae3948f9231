// MountMoves: the mounts of the store that move to another home: whether their source has arrived
// there, and whether the time is over in which it may stay.
//
// Several masters with one store see the same; of the writes that end a move one is done, and the
// others conflict.
// Thread: control.
// Ownership: RecordService.
// Source: doc/hosting.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "net/loop/loop.h"

namespace lb {

class RecordBook;
enum class MoveStep : std::uint8_t;
struct Config;
struct MountRecord;
struct Network;
template <class T>
struct BookRow;

class MountMoves {
 public:
  static constexpr std::chrono::milliseconds kEachCheck{200};
  // A step that was not written is asked for again.
  static constexpr std::chrono::seconds kAgain{2};
  using Take = std::function<void(const BookRow<MountRecord>& row, MoveStep step)>;

  // take: writes a step, kForce or kEnd.
  MountMoves(Network& network, Take take);
  // The moves of the second book count from now on, where those of the first did.
  void follow(const RecordBook& before, const RecordBook& now);
  void stop() { timer_.cancel(); }

 private:
  struct Row {
    std::shared_ptr<const BookRow<MountRecord>> row;
    SteadyTime again{};
  };
  void check();
  bool has_arrived(const MountRecord& record) const;

  Network& network_;
  const Take take_;
  std::map<std::string, Row> rows_;
  Timer timer_;
};

// Sources at this server whose mounts have another home now end (gives_up_source()); their listeners
// wait for the stream from there.
void end_moved_sources(Network& network, const Config& before, const Config& now,
                       std::span<const std::string> mounts);

}  // namespace lb
