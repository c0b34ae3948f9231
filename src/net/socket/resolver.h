// Resolver: host names → addresses, without blocking a loop.
//
// getaddrinfo(3) on up to 64 threads, made on demand: names of dead servers take one for ten
// seconds each, and must not keep others waiting.  Not evdns, which knows only DNS, while
// getaddrinfo answers as for the operator's other programs (hosts file, nsswitch, mDNS names of a
// studio, the order of RFC 6724).  Not the clerk, because a dead name server blocks a lookup for
// ten seconds and more, and with it pages and reloads.
//
// Thread: the loop that it was made with (control); answers come there.  The threads share only a
// queue with it, and are abandoned when the server stops, because one may hang in the system's
// resolver.
// Ownership: app/cluster/relay_service and app/cluster/master_links own one each; it outlives every
// Lookup.
// Equal names share a lookup, because many relays may ask for one master at once; an answer is
// reused for five seconds, a failure is not.  An answer of the last day is used again if the next
// one takes more than a second, or if no name server answers (RFC 8767): a restarted master is
// found even without DNS.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/intrusive_list.h"
#include "base/record.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "net/address/address.h"
#include "net/loop/loop.h"

namespace lb {

// For the process that takes over: it may begin while no name server answers.
struct KnownNameRecord {
  std::string name;
  std::vector<std::string> addresses;
  static constexpr PlainRecord kRecord{.members = 2, .needed = 2};
};
struct KnownNamesRecord {
  std::vector<KnownNameRecord> names;
  static constexpr PlainRecord kRecord{.members = 1, .needed = 1};
};

class Resolver {
 public:
  using Addresses = std::vector<Address>;  // in the order to be tried; port 0
  using Answer = Result<Addresses>;
  // Blocks; called on the resolver's threads.
  using Ask = std::function<Answer(const std::string& name)>;

  // One waiting question; the destructor withdraws it.
  class Lookup : public ListHook {
   public:
    explicit Lookup(UniqueFunction<void(Answer)> done) : done_(std::move(done)) {}

   private:
    friend class Resolver;
    UniqueFunction<void(Answer)> done_;
  };

  explicit Resolver(Loop& loop, Ask ask = ask_system);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls the lookup's function once, later on the loop; never from inside this call.
  void look_up(const std::string& name, Lookup& lookup);

  // The answers of the last day.  restore() adds those that are missing, as new ones: the former
  // process had its connections to them.
  KnownNamesRecord save() const;
  void restore(const KnownNamesRecord& saved);

  static Answer ask_system(const std::string& name);

 private:
  struct Queue;
  struct Entry {
    Addresses addresses;
    SteadyTime known_until{};
    bool asking = false;
    IntrusiveList<Lookup> waiting;
    std::unique_ptr<Timer> late;  // on time-out an older answer is given
  };
  void start_thread_if_needed();
  void serve_if_late(Entry& entry);
  void answered(const std::string& name, const Answer& answer);
  static bool is_of_today(const Entry& entry, SteadyTime now);
  static void give(Entry& entry, const Answer& answer);
  void forget_old(SteadyTime now);

  Loop& loop_;
  const Ask ask_;
  std::shared_ptr<Queue> queue_;
  std::map<std::string, Entry> entries_;
};

}  // namespace lb
