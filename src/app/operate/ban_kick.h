// BanKick: ends the listeners of a worker, or the HLS listeners, that a ban matches.  In each turn
// of their loop it searches one mount, and then ends as many as fit into a slice.
//
// Thread: begin(): control; the work runs on the worker's loop, or on control for HLS.
// Ownership: the task of its next turn, until the last mount is done.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stream/listener/listener_row.h"
#include "stream/mount/mount_table.h"

namespace lb {

class Loop;
struct Services;
struct Worker;

class BanKick {
 public:
  using IsBanned =
      std::function<bool(const std::string& mount, const std::string& ip, const std::string& user)>;
  using Mounts = MountTable::Rows;
  static constexpr std::chrono::milliseconds kSlice{5};  // so that no loop stalls

  // worker: whose listeners; null: HLS listeners.
  static void begin(Services& services, Worker* worker, std::shared_ptr<const Mounts> mounts,
                    IsBanned is_banned);

 private:
  BanKick(Services& services, Worker* worker, std::shared_ptr<const Mounts> mounts,
          IsBanned is_banned);
  static void go_on(const std::shared_ptr<BanKick>& kick);
  Loop& loop() const;
  void search(const std::vector<ListenerRow>& rows);
  bool turn();  // false: this was the last one

  Services& services_;
  Worker* const worker_;
  const std::shared_ptr<const Mounts> mounts_;
  const IsBanned is_banned_;
  decltype(std::declval<const Mounts&>().begin()) at_;
  bool searched_ = false;  // the mount at at_ was searched
  std::vector<std::uint64_t> found_;
};

}  // namespace lb
