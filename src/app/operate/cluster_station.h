// ClusterStation: answers and orders for operators, by Icecast's commands or the API: of this
// server, and of the nodes that have a mount's source or listeners.
//
// Nodes that report listeners are asked for them page by page.  Pages that do not come within
// kPatience are missing, and the answer names the node.
// Thread: control.
// Ownership: Services.
// Bounds: kMaxLists lists at once; a node is asked for one page each kPace.
// Source: doc/link.md, CMD and RES, ASK and TELL.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "app/pages/station.h"
#include "net/loop/loop.h"

namespace lb {

struct Services;

class ClusterStation final : public ServerStation {
 public:
  static constexpr std::size_t kMaxLists = 16;
  static constexpr std::chrono::seconds kPatience{5};
  // Nodes answer 20 questions a second, which include questions of the API and of other masters.
  static constexpr std::chrono::milliseconds kPace{60};

  explicit ClusterStation(Services& services);

  void listeners_of(const std::string& mount, Then<Result<MountListeners>> then) override;
  void kill_listener(const std::string& mount, std::uint64_t id, Then<OrderOutcome> then) override;
  MoveOffer move_offer(const std::string& from, const std::string& to) override;
  void move_listeners(const std::string& from, const std::string& to,
                      Then<MoveOutcome> then) override;
  void kill_source(const std::string& mount, Then<OrderOutcome> then) override;
  void kill_encoder(const std::string& mount, std::uint64_t id, Then<OrderOutcome> then) override;
  // Sent to the node of the source, and to all nodes with listeners, which move there.
  void set_fallback(const std::string& mount, const std::string& fallback,
                    Then<std::string> then) override;
  void set_title(const std::string& mount, TitleRequest request, Then<TitleOutcome> then) override;

  // The node that gets orders about the mount's source; "": this server.
  std::string source_of(const std::string& mount) const;

 private:
  struct List;
  using ListPtr = std::shared_ptr<List>;
  struct Page {
    ListPtr list;
    std::string node;
    std::uint64_t after = 0;
  };
  // The node that takes an order which only a source can carry out.
  std::string taker_of(const std::string& mount) const;
  std::vector<std::string> listening_nodes_of(const std::string& mount) const;
  void ask(const Page& page);
  void ask_next();
  void told(const ListPtr& list);
  void kick(const std::string& node, CommandFrame command, Then<OrderOutcome> then);
  // then(): "" on success.
  void send(const std::string& node, CommandFrame command, UniqueFunction<void(std::string)> then);

  Services& services_;
  std::size_t lists_ = 0;
  std::vector<Page> due_;
  Timer timer_;
};

}  // namespace lb
