// Resolver: host names → addresses, without holding up a loop.
//
// getaddrinfo(3) on up to four threads of its own, made when the first name has to be looked up.
// Not evdns: that knows only DNS, while getaddrinfo answers what the operator's other programs see
// (hosts file, nsswitch, mDNS names of a studio's network, the order of RFC 6724).  Not the clerk:
// a dead name server blocks a lookup for ten seconds and more, and with it every page and reload.
//
// Thread: the loop it was made with (control); answers come there.  The threads share nothing with
// it but a queue, and are left behind when the server stops: one of them may hang in the system's
// resolver, and the stop does not wait for it.
// Ownership: Services; outlives every Lookup.
// Many relays ask for one master at the same moment: equal names share a lookup, and an answer is
// good for five seconds.  Failures are not kept.  An answer of the last day serves again when the
// next one takes more than a second, or when no name server gives any (RFC 8767): a master that
// restarts is found again, whatever has become of DNS.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/intrusive_list.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "net/address/address.h"
#include "net/loop/loop.h"

namespace lb {

class Resolver {
 public:
  using Addresses = std::vector<Address>;  // in the order to be tried; port 0
  using Answer = Result<Addresses>;
  // Blocks; called on the resolver's threads.
  using Ask = std::function<Answer(const std::string& name)>;

  // One question that waits; destroying it takes the question back.
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

  static Answer ask_system(const std::string& name);

 private:
  struct Queue;
  struct Entry {
    Addresses addresses;
    SteadyTime known_until{};
    bool asking = false;
    IntrusiveList<Lookup> waiting;
    std::unique_ptr<Timer> late;  // what is known of before is given then
  };
  void start_thread_if_needed();
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
