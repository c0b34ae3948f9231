// Frames: the units of a link between two nodes: typed values ↔ one line of JSON each.
//
// Source: doc/link.md (lbedge-cluster/1).  A line is at most 64 KiB. The version rule inside major
// 1: frames of an unknown type and members of an unknown name are ignored; a known member of
// another type, out of range, or missing where it is needed, makes the frame invalid, and an
// invalid frame ends the link.
// The result of parse_frame() is bounded and clean: ids and words are is_node_id(), mounts are
// names under which a relay may publish, hosts are hosts, texts have no control characters.  Mounts
// travel percent-encoded, because JSON carries UTF-8 only and a mount may have any bytes.
//
// Thread: plain values, pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cluster/link/conf_frame.h"
#include "cluster/nodes/drain_mode.h"
#include "cluster/nodes/node.h"
#include "cluster/nodes/node_table.h"
#include "cluster/slots/seat_row.h"
#include "cluster/slots/slot_row.h"
#include "stream/listener/listener_row.h"
#include "stream/source/song_details.h"

namespace lb {

constexpr std::size_t kLongestFrame = 64 * 1024;          // with its line end
constexpr std::size_t kFrameRoom = kLongestFrame - 1024;  // without the members of every frame
constexpr std::size_t kLongestMessage = 4 * 1024;         // bytes of a MSG
constexpr std::size_t kLongestText = 256;                 // of a reason, a content type …
constexpr std::size_t kLongestTitle = 1024;
constexpr std::size_t kMaxReportedText = 128;  // of an agent, of a user
constexpr std::size_t kLongestBookRow = 6000;  // of a BOOK
constexpr std::size_t kMaxBookRows = 4096;
constexpr std::size_t kMaxClients = 700;             // of a LOAD
constexpr std::uint64_t kMaxListeners = 10'000'000;  // in a frame
constexpr std::string_view kLinkProtocol = "lbedge-cluster/1";
// The minor version of a node shows what the node supports. 1: slots (SLOT, SEAT, "slots" among
// protections); 2: records (CONF); 3: moving one listener (before: all of the mount); 4: ending one
// encoder (before: the source), and fallbacks.
constexpr unsigned kLinkMinor = 4;

// One stream that a master offers to its linked nodes.
struct StreamOffer {
  std::string mount;
  std::string content_type;  // "": not known yet
  unsigned kbps = 0;         // 0: not known
  // The nodes that the stream has passed: that of its source first, the offering node last.
  std::vector<std::string> path;
  ProtectionSet needs = 0;  // protections that a serving node must enforce

  bool operator==(const StreamOffer&) const = default;
};

struct HelloFrame : NodeFacts {
  std::string version;  // of the program; for people
  unsigned major = 1, minor = 0;
  bool tokens = false;  // it removes redirect tokens from requests and checks them
  bool keyed = false;   // … also those signed by keys of WELCOME, and reports their clients
  bool wants_listeners = true;  // <master-public-slave>
  std::int64_t now_ms = 0;      // wall time

  bool operator==(const HelloFrame&) const = default;
};

struct TokenKey {
  unsigned number = 0;
  std::string key;  // bytes

  bool operator==(const TokenKey&) const = default;
};

struct WelcomeFrame {
  std::string id, epoch;
  std::string version;
  unsigned minor = 0;  // of the protocol
  std::int64_t now_ms = 0;
  std::chrono::milliseconds every{250}, dead{1000};
  // Ports from which its streams are pulled, at the address of the link; 0: none.
  std::uint16_t http_port = 0, https_port = 0;
  std::vector<NodeAddress> addresses;  // for listeners
  // Keys of tokens for this node, if it takes them; the newest first.
  std::vector<TokenKey> keys;
  bool audience = false;  // it has the database of the audience: BOOK
  bool accounts = false;  // it has a store, whose accounts have quotas

  bool operator==(const WelcomeFrame&) const = default;
};

// All mounts that the sender offers (a master) or carries (a node); several frames while `more`.
struct SnapFrame {
  std::uint64_t seq = 0;
  std::vector<StreamOffer> offers;
  std::vector<MountLoad> carried;
  bool more = false;
};

struct DeltaFrame {
  std::uint64_t seq = 0;
  std::vector<StreamOffer> added;    // new ones and changed ones
  std::vector<std::string> removed;  // mounts
};

struct LoadFrame {
  std::uint64_t seq = 0;
  std::uint64_t at_ms = 0;              // of a monotonic clock
  unsigned listeners = 0;               // without relays
  double kbps = 0;                      // owed to them
  unsigned loop_ms = 0;                 // the longest turn of a loop lately
  unsigned relays = 0;                  // streams that are pulled
  unsigned masters = 1;                 // that it is linked to
  unsigned round_trip_us = 0;           // as measured by ACKs; 0: not known
  std::int64_t now_ms = 0;              // wall time; 0: missing
  PullFault cannot = PullFault::kNone;  // why it cannot pull most of its streams
  // Cumulative: listeners that arrived with a redirect of this master; nullopt: not counted.
  std::optional<std::uint64_t> arrivals;
  // The clients that came with a token of this link; see redirect_token.h.
  std::vector<std::uint32_t> clients;
  std::optional<bool> tokens;  // HelloFrame::tokens, if it has changed
  // Runs of CONF of this link that are in force; nullopt: not counted.
  std::optional<std::uint64_t> conf_runs;
  std::vector<MountLoad> changed;
};

struct AckFrame {
  std::uint64_t seq = 0;  // of the LOAD
  std::int64_t now_ms = 0;
  std::uint64_t issued = 0;  // redirects to the node since its epoch
};

struct DrainFrame {
  DrainMode kind = DrainMode::kSoft;
  std::string why;
};

// An order of a master; answered by a RES with the same number.
struct CommandFrame {
  enum class Verb : std::uint8_t { kKick, kMove, kDrain, kMetadata, kFallback };
  std::uint64_t number = 0;
  Verb verb = Verb::kKick;
  std::string mount = {};      // of all but kDrain
  std::uint64_t listener = 0;  // of kKick, 0: the source; of kMove, 0: all
  std::uint64_t encoder = 0;   // of kKick: one of the mount's, by its number at the node
  std::string to = {};         // of kMove: a mount; of kFallback; "": none
  DrainMode drain = DrainMode::kSoft;
  std::string title = {}, artist = {}, url = {};  // of kMetadata
  std::string art = {}, next = {};                // of kMetadata; "": not known
  SongDetails about = {}, next_about = {};
  std::int64_t wall_ms = 0;  // when the title begins to sound, Unix; 0: now
};
std::string_view to_text(CommandFrame::Verb verb) noexcept;

struct ResultFrame {
  std::uint64_t number = 0;
  bool done = false;
  std::string why;          // the error, or a text about the result
  std::uint64_t count = 0;  // listeners that were moved
};

// Data between nodes, which other nodes pass on unread.
struct MessageFrame {
  std::string topic;
  std::string from;    // the node that published it
  std::string serial;  // unique at that node: epoch.number
  std::string bytes;
};

// The question whether the master has a mount, and its answer.
struct WhoFrame {
  std::string mount;
  std::optional<bool> known;  // nullopt: the question
};

// A question and its answer for any request at the node's public addresses, by which the master
// checks that the node itself answers there.
struct ProveFrame {
  std::string ask, say;
};

// A node's part in a mount that only one of several nodes captures.
enum class IngestState : std::uint8_t {
  kOff,    // no part, or no longer
  kReady,  // it would capture it
  kOn,     // it captures it
};
std::string_view to_text(IngestState state) noexcept;
// The source of a mount, as its node sees it.
struct ReportedSource {
  std::string user;  // of its login; "": a relay
  std::string address, agent;
  std::int64_t since = 0;  // Unix seconds

  bool operator==(const ReportedSource&) const = default;
};
struct IngestRow {
  std::string mount;
  std::string at;  // the node
  IngestState state = IngestState::kOff;
  std::vector<std::string> via;  // nodes that have repeated it, the last one last
  bool source = false;           // a source of the node's own, which its master may pull
  ReportedSource by = {};        // of a source that is on
  std::string end = {};          // why the source is off; "": not given

  bool operator==(const IngestRow&) const = default;
};

// A node's recordings of a mount, and where they can be read.
struct ArchiveRow {
  std::string mount;
  std::string at;                      // the node
  std::vector<NodeAddress> addresses;  // empty: the address of the sender
  struct Range {
    std::int64_t from_ms = 0, to_ms = 0;  // Unix; to_ms 0: it is being recorded

    bool operator==(const Range&) const = default;
  };
  std::vector<Range> have;  // empty: no recordings any more
  std::string pass;         // the right to read it
  ProtectionSet needs = 0;  // protections that a playing node must enforce

  bool operator==(const ArchiveRow&) const = default;
};
constexpr std::size_t kMaxArchiveRanges = 16;
// The title that plays on a mount whose source is at a node.
struct TitleRow {
  std::string mount;
  std::string at;            // the node
  std::string song;          // "": not known, or the source is gone
  std::string place;         // print_address() of the title's first byte; "": not known
  std::int64_t wall_ms = 0;  // when it begins to sound, Unix; 0: not known
  unsigned hops = 0;         // nodes that have repeated the row
  std::string art = {};      // the name of its picture; "": it has none
  std::string next = {};     // the next song; "": not known
  std::string url = {};      // the URL of the title in the stream; "": none
  SongDetails about = {}, next_about = {};
  std::string live = {};     // the presenter, by login name; "": none
  std::int64_t live_ms = 0;  // on the air since then, Unix

  bool operator==(const TitleRow&) const = default;
};
constexpr unsigned kMaxTitleHops = 3;
// Each row is independent.  The frame has no seq, because a node of an older version ignores it.
template <class Row>
struct RowsFrame {
  std::vector<Row> rows;
};
using IngestFrame = RowsFrame<IngestRow>;
using ArchiveFrame = RowsFrame<ArchiveRow>;
using TitleFrame = RowsFrame<TitleRow>;
// Slots of mounts, and users that listen: sent both ways, from minor version 1 on.
using SlotFrame = RowsFrame<SlotRow>;
using SeatFrame = RowsFrame<SeatRow>;
std::string_view to_text(SlotWord word) noexcept;

// Rows of a node's journal of listenings (audience/book.h) for the database of its master.  The
// frame has no seq, because a master of an older version ignores it.
struct BookFrame {
  std::string epoch;       // of the journal
  std::uint64_t last = 0;  // the number of the last row
  std::vector<std::string> rows;
  bool wants_keys = false;
};
// The answer: the database has the rows of this journal up to `last`.
struct BookedFrame {
  std::string epoch;
  std::uint64_t last = 0;
  std::string why;                // why the rows could not be taken, and wait; "": taken
  std::vector<std::string> keys;  // the requested keys; see audience/day_keys.h
};
constexpr std::uint64_t kMaxBookNumber = std::uint64_t{1} << 53;

// A master asks which listeners a mount has at a node, in the order of their numbers.  The frame
// has no seq, because a node of an older version ignores it.
struct AskFrame {
  std::uint64_t number = 0;
  std::string mount;
  std::uint64_t after = 0;  // the number of the last known listener
  unsigned most = 0;        // 1 to kMaxReportedRows; 0: the question is of a later version
  std::string what = "listeners";
};
constexpr unsigned kMaxReportedRows = 200;
struct TellFrame {
  std::uint64_t number = 0;  // of the question
  std::vector<ListenerRow> rows;
  bool more = false;  // there are more after the last row
  std::string why;    // why the question has no answer; "": it has one
};

constexpr int kByeSilent = 408;  // the sender has heard nothing from this node

struct ByeFrame {
  std::string why;
  int code = 0;                       // 409: another process has this id; kByeSilent
  std::chrono::milliseconds back{0};  // pause before the next connection; 0: any
};

using Frame = std::variant<HelloFrame, WelcomeFrame, SnapFrame, DeltaFrame, LoadFrame, AckFrame,
                           DrainFrame, CommandFrame, ResultFrame, MessageFrame, WhoFrame, ByeFrame,
                           ProveFrame, IngestFrame, ArchiveFrame, SlotFrame, SeatFrame, AskFrame,
                           TellFrame, ConfFrame, TitleFrame, BookFrame, BookedFrame>;
// Whether it is an INGEST, ARCH, SLOT, SEAT or TITLE, a BOOK or the answer to one.
bool has_rows(const Frame& frame) noexcept;
// "HELLO", "WELCOME" …
std::string_view frame_name(const Frame& frame) noexcept;

// nullopt: valid, but of an unknown type.  The line is without its end.
// Errors name the member that is wrong: "LOAD: lis is not a whole number".
Result<std::optional<Frame>> parse_frame(std::string_view line);
// One line with its end.  Texts are cut to the bounds of parse_frame().  The line may exceed
// kLongestFrame if the frame has too many mounts: see snap_frames().
std::string render_frame(const Frame& frame);

// Splits any number of mounts into frames that fit, at least one.  The link sets the seq.
std::vector<SnapFrame> snap_frames(std::vector<StreamOffer> offers, std::vector<MountLoad> carried);
std::vector<DeltaFrame> delta_frames(std::vector<StreamOffer> added,
                                     std::vector<std::string> removed);
template <class Row>
std::vector<RowsFrame<Row>> row_frames(std::vector<Row> rows, std::size_t room = kFrameRoom);
// The rows that the question asks for and that fit, in the order of their numbers.
TellFrame tell_frame(const AskFrame& ask, std::vector<ListenerRow> rows);
// 4 bytes each, the highest first, in base64; nullopt: invalid.
std::string clients_text(const std::vector<std::uint32_t>& clients);
std::optional<std::vector<std::uint32_t>> clients_of_text(std::string_view text);
// The number of these loads that fit into one LOAD beside its other members.
std::size_t loads_that_fit(const std::vector<MountLoad>& loads) noexcept;

}  // namespace lb
