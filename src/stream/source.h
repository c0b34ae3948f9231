// Source: the party feeding a mount now: an encoder that logged in, or a relay's upstream.
//
// Thread: its home worker.  Ownership: the worker's SourceSet; it holds the transport and, in its
// feed, the write lease, and gives the lease back when it ends.  It never ends the mount: whether
// the listeners wait, go to a fallback or leave is decided where the lease goes (SourceAdmission).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/transport.h"
#include "stream/end_reason.h"
#include "stream/feed.h"
#include "stream/gate.h"

namespace lb {

class Source;

// What a source needs from its worker.
class SourceHost : public FeedHost {
 public:
  // The source is over; the host takes the lease, logs and deletes it.
  virtual void source_ended(Source& source, EndReason reason) = 0;
};

struct SourceOffer {
  std::unique_ptr<Transport> transport;
  std::string leftover;  // bytes that came with the head
  BodyReader body;
  std::size_t metaint = 0;  // of blocks inside the source's own stream; 0: none
  GatePass client_pass, source_pass;
  std::string request;  // "SOURCE /a.mp3 HTTP/1.0", for the access log; "": a relay, no line
  std::string user_agent, referer, user;
  std::uint64_t bytes_sent = 0;  // the answer to its login
};

class Source {
 public:
  Source(SourceHost& host, SourceOffer offer, WriterLease lease,
         std::shared_ptr<const SourceFacts> facts);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Takes what came with the head, then whatever arrives.
  void start();
  // Takes what has arrived, now: its end may have, and the loop has not come to it yet.
  void look() { on_readable(EV_READ); }
  TitleResult set_title(Metadata metadata) { return feed_.set_title(std::move(metadata)); }
  void finish(EndReason reason);

  const WriterLease& lease() const noexcept { return feed_.lease(); }
  WriterLease take_lease() noexcept { return feed_.take_lease(); }
  const SourceOffer& offer() const noexcept { return offer_; }
  std::uint64_t bytes_read() const noexcept { return feed_.bytes_read(); }
  SteadyTime started() const noexcept { return started_; }
  SteadyTime last_data() const noexcept { return last_data_; }

 private:
  void on_readable(short events);
  void on_timeout();
  // False: the source has ended.
  bool went_on(const Result<bool>& taken);
  void finish_with(EndReason reason, std::string_view why);

  SourceHost& host_;
  SourceOffer offer_;
  Feed feed_;
  SteadyTime started_, last_data_;
  Watch watch_;
  Timer timeout_;
};

}  // namespace lb
