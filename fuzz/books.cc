// The books behind the frames: rows of neighbours with a valid secret, which may say anything that
// is a frame, in any order, from above or below, while time passes and links come and go.
// Input: lines, by their first letter: a to d: a frame of that neighbour; J, R, L, S: its link
// stands, with another process, is cut, falls silent; P: the mount is pulled from it, or begins
// here; T: milliseconds; W: listeners that wait; E, X: one comes, goes; Q, D: a user asks, is
// decided here.
// Oracles: nothing overflows; loads are numbers; what is passed on is understood by its receiver:
// a lie of one node must not end the links of another.
#include <algorithm>
#include <cmath>

#include "check.h"
#include "cluster/link/conf_book.h"
#include "cluster/link/frame.h"
#include "cluster/link/ingest.h"
#include "cluster/link/linked_streams.h"
#include "cluster/nodes/node_table.h"
#include "cluster/slots/seat_book.h"
#include "cluster/slots/slot_book.h"

using namespace lb;

namespace {

using namespace std::chrono_literals;

const std::string kMount = "/m";
constexpr SlotBook::Count kLimit = 10;

class Books {
 public:
  Books() {
    slots_.set_ends_excess(true);
    place();
    ingest_.configure({{kMount, "a", true}, {"/n", "", true}}, false);
    set_masters();
  }

  void take_line(std::string_view line) {
    const char what = line.front();
    line.remove_prefix(1);
    if (what >= 'a' && what <= 'd')
      take(std::string(1, what), line);
    else if (std::string_view("JRLSP").find(what) != std::string_view::npos)
      link(what,
           line.empty()
               ? ""
               : std::string(1, static_cast<char>(
                                    'a' + (static_cast<unsigned char>(line.front()) + 3) % 4)));
    else
      act(what, static_cast<unsigned>(line.size() > 5 ? 100'000 : number(line)));
    pass_on();
  }

 private:
  static unsigned number(std::string_view text) {
    unsigned out = 0;
    for (const char c : text) out = out * 10 + static_cast<unsigned char>(c) % 10;
    return out;
  }

  void take(const std::string& from, std::string_view line) {
    if (!linked_.contains(from)) link('J', from);
    const auto frame = parse_frame(line);
    if (frame && *frame) std::visit([&](const auto& each) { take(from, each); }, **frame);
  }
  void take(const std::string& from, const SeatFrame& frame) {
    for (const SeatRow& row : frame.rows) seats_.take(from, row, now_);
  }
  void take(const std::string& from, const SlotFrame& frame) {
    for (const SlotRow& row : frame.rows)
      if (row.mount == kMount) slots_.take(from, row, now_);
  }
  void take(const std::string& from, const IngestFrame& frame) { ingest_.take(from, frame.rows); }
  void take(const std::string& from, const ConfFrame& frame) { conf_.take(from, frame); }
  void take(const std::string&, const SnapFrame& frame) {
    streams_.snapshot(frame.offers, frame.more, now_);
    if (slot_ != kNoNode) table_.snapshot(slot_, frame.carried, now_);
  }
  void take(const std::string&, const DeltaFrame& frame) {
    streams_.delta(frame.added, frame.removed, now_);
  }
  void take(const std::string& from, const HelloFrame& frame) {
    NodeHello row;
    row.id = from;
    row.epoch = frame.epoch;
    row.addresses = frame.addresses;
    row.capacity = frame.capacity;
    row.tags = frame.tags;
    row.countries = frame.countries;
    row.enforces = frame.enforces;
    row.masters = std::max(frame.masters, 1U);
    row.checks_tokens = frame.tokens;
    if (const auto slot = table_.hello(row, now_)) slot_ = *slot;
  }
  void take(const std::string&, const LoadFrame& frame) {
    if (slot_ == kNoNode) return;
    LoadReport report;
    report.received = now_;
    report.sampled = now_ - std::min<std::chrono::microseconds>(
                                std::chrono::microseconds(frame.round_trip_us / 2), 1s);
    report.kbps = frame.kbps;
    report.listeners = frame.listeners;
    report.arrivals = frame.arrivals;
    report.changed = frame.changed;
    report.masters = std::max(frame.masters, 1U);
    report.loop_ms = frame.loop_ms;
    report.relays = frame.relays;
    report.cannot = frame.cannot;
    table_.report(slot_, report);
    table_.issued(slot_, kMount, 128, now_);
  }
  void take(const std::string&, const DrainFrame& frame) {
    if (slot_ == kNoNode) return;
    if (frame.kind == DrainMode::kOff)
      table_.undrain(slot_, now_);
    else
      table_.drain(slot_, frame.why, now_);
  }
  template <class Other>
  void take(const std::string&, const Other&) {}

  void link(char what, const std::string& id) {
    if (what == 'P') {
      parent_ = linked_.contains(id) ? id : "";
      return place();
    }
    if (id.empty()) return;
    const bool up = what == 'J' || what == 'R';
    if (up) {
      linked_.insert(id);
      slots_.joined(id, what == 'R', now_);
      seats_.joined(id, what == 'R', now_);
      ingest_.joined(id, id == "a", now_);
    } else if (linked_.erase(id) > 0) {
      slots_.left(id, what == 'S', now_);
      seats_.left(id, what == 'S', now_);
      ingest_.left(id, now_);
      streams_.connection_lost(now_);
      if (const NodeSlot slot = table_.find(id); slot != kNoNode)
        table_.connection_lost(slot, "cut", now_);
    }
    set_masters();
  }

  void act(char what, unsigned number) {
    SeatRow row{kMount, "u", "w", number, SeatAct::kAsk, 1 + number % 3, number % 2 == 0};
    if (what == 'T') now_ += std::chrono::milliseconds(number);
    if (what == 'W') slots_.set_waiting(number % 100, now_);
    if (what == 'Q' && asked_.insert(number).second) seats_.ask(row, now_);
    if (what == 'D') seats_.decide_here(number, now_);
    if (what == 'E') inside_ += gate_->try_enter(now_) ? 1 : 0;
    if (what != 'X' || inside_ == 0) return;
    gate_->leave();
    --inside_;
  }

  void place() { slots_.set_place(parent_, kLimit, false, now_); }
  void set_masters() {
    std::vector<ConfBook::Master> masters;
    for (const char* id : {"a", "b"}) masters.push_back({id, id, linked_.contains(id), *id == 'a'});
    conf_.set_masters(std::move(masters));
  }

  void pass_on() {
    if (linked_.contains(parent_)) slots_.parent_was_there(now_, now_);
    slots_.tick(now_);
    seats_.tick(now_);
    ingest_.decide(now_);
    table_.expire(now_);
    streams_.forget(now_);
    for (auto& [to, row] : slots_.take_outgoing()) must_be_understood(SlotFrame{{std::move(row)}});
    for (auto& [to, row] : seats_.take_outgoing()) must_be_understood(SeatFrame{{std::move(row)}});
    for (const std::string& id : linked_)
      for (IngestRow& row : ingest_.news_for(id)) must_be_understood(IngestFrame{{std::move(row)}});
    seats_.take_answers();
    slots_.take_refusal();
    slots_.take_disbelieved();
    ingest_.take_changed_sources();
    ingest_.take_ended_sources();
    conf_.settle();
    conf_.take_remarks();
    table_.take_events();
    streams_.take_changed();
    fuzz::must(slots_.take_endings() >= 0, "endings");
    for (const Node& node : table_.nodes())
      fuzz::must(std::isfinite(node.kbps()) && node.kbps() >= 0 && node.listeners() >= 0, "a load");
    const SlotBook::Picture picture = slots_.picture();
    fuzz::must(picture.have >= 0 && picture.held >= 0, "slots");
  }
  static void must_be_understood(const Frame& frame) {
    const std::string line = render_frame(frame);
    const auto read = parse_frame(std::string_view(line).substr(0, line.size() - 1));
    fuzz::must(read && *read, "a row that its receiver does not understand", line);
  }

  SteadyTime now_{std::chrono::hours(1)};
  std::set<std::string> linked_;
  std::string parent_;
  std::set<unsigned> asked_;
  unsigned inside_ = 0;
  std::uint64_t life_ = 0;
  std::shared_ptr<SlotGate> gate_ = std::make_shared<SlotGate>();
  SlotBook slots_{kMount, gate_, SlotTiming{}, [this] { return ++life_; }, now_};
  SeatBook seats_{[this](const std::string&) { return parent_; },
                  [](const std::string&) { return std::nullopt; }, SeatTiming{}};
  Ingest ingest_{"me", [](const std::string&, const IngestRow&) { return true; }, now_};
  ConfBook conf_;
  LinkedStreams streams_{"me", [](const std::string&) { return false; }};
  NodeTable table_{NodeTable::Settings{}, now_};
  NodeSlot slot_ = kNoNode;  // of the last hello
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = fuzz::text_of(data, size);
  Books books;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end != 0) books.take_line(bytes.substr(0, end));
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
  }
  return 0;
}
