// ListenerGroup: listeners of one worker that are in no fan-out, because their bytes do not come
// from the end of a log; otherwise they are ordinary listeners of their mounts.
//
// Each runs when its client takes bytes again, and with a tick.  A listener that takes nothing for
// the group's limit, while bytes wait for it, is ended.
// Thread: one worker; count() from any.
// Ownership: it owns its listeners.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "stream/listener/fanout.h"

namespace lb {

class ListenerGroup {
 public:
  struct Pace {
    std::chrono::milliseconds tick;
    std::chrono::seconds longest_stall;
  };
  ListenerGroup(FanoutHost& host, Pace pace);
  virtual ~ListenerGroup();
  ListenerGroup(const ListenerGroup&) = delete;
  ListenerGroup& operator=(const ListenerGroup&) = delete;

  // The listeners of one mount, or of all if null; f must not end a listener.
  void each(const Mount* mount, const std::function<void(Listener&)>& f) const;
  // Null: there is no such listener of this mount, or of any if null.
  Listener* listener_of(const Mount* mount, std::uint64_t id) const;
  // False: there is no such listener.
  bool finish(std::uint64_t id, EndReason reason);
  void finish_all(const Mount* mount, EndReason reason);
  // Returns how many move to another mount, each at its next unit.
  virtual std::size_t move(const Mount&, const std::shared_ptr<Mount>&) { return 0; }
  // Of a hand-over: another process takes them; nothing is sent or reported.
  void forget();
  std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 protected:
  static constexpr std::size_t kBudget = 64 * 1024;  // bytes of a turn, as in a fan-out

  struct Member {
    Member(std::unique_ptr<Listener> given, std::shared_ptr<Mount> of)
        : listener(std::move(given)), mount(std::move(of)) {}
    virtual ~Member() = default;
    void on_client(short events);
    // Called when the client takes bytes again, and by the tick if nothing waits for the client.
    // Each may end the listener.
    virtual void run() = 0;
    virtual void tick() = 0;
    // Called first in a tick.  False: the listener has ended.
    virtual bool settle() { return true; }
    virtual bool is_of(const Mount& other) const { return mount.get() == &other; }

    ListenerGroup* group = nullptr;
    std::unique_ptr<Listener> listener;
    std::shared_ptr<Mount> mount;
    bool waits_for_client = false;
    SteadyTime progress{};  // when the client last took bytes, or had none to take; awake()
  };

  // Adds it without running it.
  void add(std::unique_ptr<Member> member);
  Member* find(std::uint64_t id) const;
  // Removes it and its watch.
  std::unique_ptr<Member> take(Member& member);
  void end(Member& member, EndReason reason);
  void want_write(Member& member, bool wanted);
  // Counts the bytes sent since the last call.
  void account(Member& member, std::uint64_t sent);

  FanoutHost& host_;

 private:
  void begin_pass();
  void pass();

  const Pace pace_;
  std::map<std::uint64_t, std::unique_ptr<Member>> all_;  // by the listener's id
  std::atomic<std::size_t> count_{0};
  std::vector<std::uint64_t> passing_;  // in the present pass
  std::size_t passing_at_ = 0;
  Timer timer_;  // armed while there are listeners and no pass is under way
};

}  // namespace lb
