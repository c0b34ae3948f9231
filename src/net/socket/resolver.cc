#include "net/socket/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/cat.h"
#include "base/thread.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kMaxThreads = 64;
constexpr unsigned kKeptThreads = 4;  // further ones end when no name waits
constexpr auto kGoodFor = 5s, kLate = 1s;
constexpr auto kServesFor = 24h;
constexpr std::size_t kMaxEntries = 256;
constexpr std::size_t kMaxAddresses = 16;

}  // namespace

// The threads share it, as they may outlive the resolver.
struct Resolver::Queue {
  std::mutex mutex;
  std::condition_variable more;
  std::deque<std::string> names;
  unsigned threads = 0, idle = 0;
  Resolver* owner = nullptr;  // null: closed; threads post to its loop only under the mutex
  Ask ask;

  static void work(const std::shared_ptr<Queue>& queue) {
    std::unique_lock<std::mutex> lock(queue->mutex);
    while (queue->owner != nullptr) {
      if (queue->names.empty()) {
        if (queue->threads > kKeptThreads) break;
        ++queue->idle;
        queue->more.wait(lock);
        --queue->idle;
        continue;
      }
      const std::string name = std::move(queue->names.front());
      queue->names.pop_front();
      lock.unlock();
      auto answer = std::make_shared<Answer>(queue->ask(name));
      lock.lock();
      if (Resolver* owner = queue->owner; owner != nullptr) {
        owner->loop_.post([queue, name, answer] {
          // The task and the resolver's destructor run on one loop, so `owner` is alive or null.
          if (queue->owner != nullptr) queue->owner->answered(name, *answer);
        });
      }
    }
    --queue->threads;
  }
};

Resolver::Resolver(Loop& loop, Ask ask)
    : loop_(loop), ask_(std::move(ask)), queue_(std::make_shared<Queue>()) {
  queue_->owner = this;
  queue_->ask = ask_;
}

Resolver::~Resolver() {
  std::lock_guard<std::mutex> guard(queue_->mutex);
  queue_->owner = nullptr;
  queue_->names.clear();
  queue_->more.notify_all();
}

void Resolver::look_up(const std::string& name, Lookup& lookup) {
  loop_.assert_here();
  const SteadyTime now = loop_.now();
  if (entries_.size() >= kMaxEntries) forget_old(now);
  Entry& entry = entries_[name];
  entry.waiting.push_back(lookup);
  if (now >= entry.known_until && is_of_today(entry, now)) serve_if_late(entry);
  if (entry.asking) return;
  entry.asking = true;
  if (now < entry.known_until) {
    loop_.post([queue = queue_, name, answer = Answer(entry.addresses)] {
      if (queue->owner != nullptr) queue->owner->answered(name, answer);
    });
    return;
  }
  std::lock_guard<std::mutex> guard(queue_->mutex);
  queue_->names.push_back(name);
  start_thread_if_needed();
  queue_->more.notify_one();
}

void Resolver::serve_if_late(Entry& entry) {
  if (!entry.late)
    entry.late = std::make_unique<Timer>(loop_, [&entry] { give(entry, Answer(entry.addresses)); });
  if (!entry.late->armed()) entry.late->after(kLate);
}

KnownNamesRecord Resolver::save() const {
  KnownNamesRecord saved;
  for (const auto& [name, entry] : entries_) {
    if (!is_of_today(entry, loop_.now())) continue;
    KnownNameRecord& row = saved.names.emplace_back();
    row.name = name;
    for (const Address& address : entry.addresses) row.addresses.push_back(address.ip());
  }
  return saved;
}

void Resolver::restore(const KnownNamesRecord& saved) {
  for (const KnownNameRecord& row : saved.names) {
    if (entries_.size() >= kMaxEntries) return;
    Entry& entry = entries_[row.name];
    if (!entry.addresses.empty()) continue;
    for (const std::string& text : row.addresses)
      if (const auto address = Address::parse(text, 0);
          address && entry.addresses.size() < kMaxAddresses)
        entry.addresses.push_back(*address);
    if (entry.addresses.empty()) continue;
    entry.known_until = loop_.now() + kGoodFor;
    if (entry.asking) serve_if_late(entry);
  }
}

void Resolver::start_thread_if_needed() {
  if (queue_->idle >= queue_->names.size() || queue_->threads >= kMaxThreads) return;
  auto made = make_thread("resolver", [queue = queue_] { Queue::work(queue); });
  if (made) {
    ++queue_->threads;
    made->detach();
    return;
  }
  // The running threads will take the name.
  if (queue_->threads > 0) return;
  const std::string name = std::move(queue_->names.back());
  queue_->names.pop_back();
  loop_.post([queue = queue_, name, answer = Answer(made.error())] {
    if (queue->owner != nullptr) queue->owner->answered(name, answer);
  });
}

void Resolver::answered(const std::string& name, const Answer& answer) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  entry.asking = false;
  const SteadyTime now = loop_.now();
  if (answer && now >= entry.known_until) {
    entry.addresses = *answer;
    entry.known_until = now + kGoodFor;
  }
  if (entry.late) entry.late->cancel();
  const bool is_for_now = !answer && answer.error().code == Error::Code::kTimeout;
  give(entry, is_for_now && is_of_today(entry, now) ? Answer(entry.addresses) : answer);
}

bool Resolver::is_of_today(const Entry& entry, SteadyTime now) {
  return !entry.addresses.empty() && now < entry.known_until + kServesFor;
}

// The callback may start a lookup, or cancel others.
void Resolver::give(Entry& entry, const Answer& answer) {
  IntrusiveList<Lookup> waiting;
  waiting.splice_back(entry.waiting);
  while (Lookup* lookup = waiting.pop_front()) {
    auto done = std::move(lookup->done_);
    done(answer);
  }
}

void Resolver::forget_old(SteadyTime now) {
  std::erase_if(entries_, [now](const auto& row) {
    return !row.second.asking && row.second.known_until <= now;
  });
}

Resolver::Answer Resolver::ask_system(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  addrinfo* found = nullptr;
  const int rc = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (rc != 0) {
    std::string why = cat({"host ", name, ": no address (", ::gai_strerror(rc), ")"});
    return rc == EAI_AGAIN ? Error::timeout(std::move(why)) : Error::not_found(std::move(why));
  }
  Addresses addresses;
  for (const addrinfo* at = found; at != nullptr && addresses.size() < kMaxAddresses;
       at = at->ai_next) {
    const Address address = Address::from_sockaddr(*at->ai_addr);
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
      addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return Error::not_found(cat({"host ", name, ": no address"}));
  return addresses;
}

}  // namespace lb
