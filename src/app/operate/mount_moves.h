// MountMoves: watches mounts of the store that move to another home: whether their source has
// arrived there, and whether its time at the old home is over.
//
// Several masters with one store do the same; one write ends a move, and the others conflict.
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
  // A step that was not written is tried again.
  static constexpr std::chrono::seconds kAgain{2};
  using Take = std::function<void(const BookRow<MountRecord>& row, MoveStep step)>;

  // take: writes a step, kForce or kEnd.
  MountMoves(Network& network, Take take);
  // The moves of `now` replace those of `before`.
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

// Ends sources here whose mounts now have another home (gives_up_source()); their listeners wait
// for the stream from there.
void end_moved_sources(Network& network, const Config& before, const Config& now,
                       std::span<const std::string> mounts);

}  // namespace lb
