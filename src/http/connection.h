// Connection: one inbound connection, from accept until its reply is sent, or its socket becomes a
// listener or a source.
//
// Life: kAccepted → (kOpening) → kHead → (kForm) → kHandling → kReplying → (kLingering) → kGone,
// from kReplying back to kHead if the connection is kept, and from kHandling through kForm and back
// if a stage wants the body.  Only enter() changes the state; it knows the allowed transitions and
// the wait of each state.  Every end passes through Connections::remove(), with the facts for the
// log.  A client must read a part of a reply within client-timeout, which each part renews, and the
// whole reply within client-timeout plus a second for every 8 KiB (of a file 2 KiB, because it is
// played while it arrives).
//
// Thread: its worker.
// Ownership: the worker's Connections.  Other threads keep its id, so a verdict for a connection
// that is gone is dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/intrusive_list.h"
#include "base/unique_fd.h"
#include "http/credentials.h"
#include "http/message.h"
#include "http/opening.h"
#include "http/parser.h"
#include "http/reply_source.h"
#include "http/stage.h"
#include "net/loop/loop.h"
#include "net/socket/acceptor.h"
#include "net/socket/transport.h"

namespace lb {

class Connections;
struct HeldRequest;
struct RestRoom;

// A body shared by many replies; its bytes are valid as long as owner (null: for ever).
struct SharedBody {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

// The results of earlier stages about a request.  The app floor defines it
// (app/request/request_context.h); this floor creates it, by Connections::Plan, and frees it.
struct RequestContext;
using RequestContextPtr = std::unique_ptr<RequestContext, void (*)(RequestContext*)>;

class Connection : public ListHook {
 public:
  Connection(Connections& owner, std::uint64_t id, std::unique_ptr<Transport> transport,
             std::shared_ptr<const ListenSocket> socket);
  ~Connection();

  std::uint64_t id() const noexcept { return id_; }
  Request& request() noexcept { return request_; }
  // The body, if it was read: forms of at most 64 KiB, and others by Connections::Plan.
  const std::string& form() const noexcept { return form_; }
  bool form_is_urlencoded() const noexcept;
  const ListenSocket& socket() const noexcept { return *socket_; }
  // The client, by a trusted proxy's headers (http/forwarded.h).
  const Address& peer() const noexcept { return client_; }
  const std::string& ip() const noexcept { return ip_; }
  // Whether the client uses https, to this server or to a trusted proxy.
  bool secure() const noexcept { return secure_; }
  // <http-headers>, as they are until the answer begins.
  std::span<const HttpHeader> http_headers() const;
  std::string user;         // the proved user name, for the access log
  bool shows_user = false;  // in Icecast's log too: see AccessFacts
  bool is_probe = false;    // a program asks every second: not in the access log
  // Created by the first call for this request, freed after the answer.
  // REQUIRES: Connections::Plan::context
  RequestContext& context();

  // The sender of the requests: a trusted proxy, if peer() is a client behind it.
  const Address& sender() const noexcept { return socket_peer_; }

  // Whether the client sends nothing more: it still reads the answer, or has left.
  bool half_closed() const noexcept { return half_closed_; }

  // --- answers; exactly one for each request
  // Adds complete header lines to any answer to this request.
  void add_reply_lines(std::string_view lines) { reply_lines_ += lines; }
  // How many bytes this head has in an answer that is sent now.
  std::uint64_t head_bytes(const ResponseHead& head) const { return reply_head(head).size(); }
  // Sends head and body (no body for HEAD) and closes, unless the head says keep-alive.  A refusal
  // in plain text becomes a page for a browser that asked for one (http/error_page.h).
  void reply(const ResponseHead& head, std::string body);
  // reply() with the length of the body, which Icecast leaves out of most of its answers.
  void reply_whole(ResponseHead head, std::string body);
  // Sends an answer that may be long; 503 if the client has too many unread answers.
  void reply_bounded(const ResponseHead& head, std::string body);
  // Sends a body that all readers of a page share, so that the body exists only once in memory.
  void reply_shared(const ResponseHead& head, SharedBody body);
  void reply_text(int status, std::string_view text);  // text/plain, as refusals of sources
  void reply_page(int status, std::string_view text);  // Icecast's error page
  // A whole reply with its head; the connection closes after it.
  void reply_bytes(int status, std::string bytes);
  void reply_file(ResponseHead head, UniqueFd file, std::uint64_t first, std::uint64_t bytes);
  // Sends the head, then these in order; files by sendfile.
  void reply_runs(const ResponseHead& head, std::vector<ReplyRun> runs);
  // head has the length of the source. longest: the client's time for it, added to client-timeout.
  void reply_source(ResponseHead head, std::unique_ptr<ReplySource> source,
                    std::chrono::seconds longest);
  // Called when the reply source has bytes again after a wait.
  void source_ready();
  // Called by a pending stage that has judged the sender: reads this many bytes of the body into
  // form(), in the time for a head, and asks the stage again.  REQUIRES: bytes > 0, and the body
  // was not read before the stages
  void read_body(std::uint64_t bytes);
  // Closes without an answer, as Icecast does for invalid requests.
  void drop();
  // Sends bytes at once, before other output ("OK2", "100 Continue").  False: broken.
  bool send_now(std::string_view bytes);
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }  // of the answer so far
  // Gives the socket away; the connection ends without a line in the log.
  std::unique_ptr<Transport> take_transport();
  std::string take_leftover() { return std::move(leftover_); }
  // Called by a stage that returns pending: whether another process may ask the whole request
  // again, because it has had no effect so far.  Without a call its method decides.
  void can_be_repeated(bool can) noexcept { repeatable_ = can; }
  // The decision of a pending stage.
  void resume(Verdict verdict);
  // Asks the pending stage again: its wait is over.
  void ask_again();
  // How many times the stages were started: once, and again after each wait.
  unsigned rounds() const noexcept { return rounds_; }
  // Unix time of the first request to a stage, also in a former process.
  std::int64_t asked_ms();
  // Called by a stage that then returns kNext: the request gets this path and its stages.
  void lead_to(std::string path);
  // Called by a stage that then returns kNext: the chain continues with this earlier stage.
  void go_on_from(const Stage& stage);

 private:
  friend class Connections;
  enum class State : std::uint8_t {
    kAccepted,
    kOpening,
    kHead,
    kForm,
    kHandling,
    kReplying,
    kLingering,
    kGone,
  };
  static std::string_view name_of(State state) noexcept;
  static bool may_follow(State before, State next) noexcept;
  // Sets watch and deadline for the state, and moves the connection between the lists of
  // Connections.  False: an invalid transition, which is logged and ends the connection.
  bool enter(State next);

  void start();
  void start_with(const HeldRequest& held);
  // The request as another process repeats it; nullopt: it is answered here.
  std::optional<HeldRequest> unanswered(RestRoom& room);
  bool is_repeatable() const;
  std::string rest_lines() const;
  bool rest_is_file() const noexcept;
  bool share_rest(RestRoom& room);
  bool gather_rest(RestRoom& room);
  void wait_for_request();
  void time_request();
  void give_time(std::chrono::milliseconds time);
  std::chrono::milliseconds head_time_left() const;
  void on_socket(short events);
  void on_deadline();
  void go_on_opening();
  std::uint64_t body_to_read();
  bool client_is(const Address& client);  // false: refused, and the connection has ended
  // A request without TLS at a TLS socket: it is answered only by a page that names the fault.
  bool lacks_tls() const noexcept { return socket_->settings.tls && !socket_secure_; }
  bool handshaking() const noexcept { return opening_ && opening_->handshaking(); }
  void on_head_bytes(std::string_view bytes);
  void begin_body(std::uint64_t bytes);
  void on_form_bytes(std::string_view bytes);
  void head_is_complete();
  void run_stages();
  void begin_reply();
  void write_out();
  IoResult write_page(std::size_t& piece);
  IoResult write_run(std::size_t piece);
  bool write_failed(IoStatus status, std::uint64_t before);
  IoStatus write_source(std::size_t budget);
  void come_back(bool progress);
  bool body_is_read() const noexcept;
  void next_request();
  // The reply is not sent to its end.
  void break_off();
  void reply_is_out();
  void note_access();
  void refuse(int status, std::string_view text);
  bool nothing_more_comes() const noexcept;
  void linger();
  void end();
  std::string reply_head(const ResponseHead& head) const;

  Connections& owner_;
  const std::uint64_t id_;
  std::unique_ptr<Transport> transport_;
  std::shared_ptr<const ListenSocket> socket_;
  std::unique_ptr<Opening> opening_;  // null: finished
  Address socket_peer_;  // of the socket, or of its PROXY header: the sender of the requests
  Address client_;       // of the client that the present request is for
  bool socket_secure_ = false;
  bool secure_ = false;
  std::string ip_;
  State state_ = State::kAccepted;
  RequestParser parser_;
  Request& request_ = parser_.request();  // of the parser in use
  std::unique_ptr<ShoutcastParser> shoutcast_;
  std::string head_so_far_;  // an incomplete head
  std::string leftover_;
  std::string form_;
  std::uint64_t form_left_ = 0;
  bool body_wanted_ = false;  // by a stage, which is asked again
  bool half_closed_ = false;
  std::span<Stage* const> stages_;  // for the path of its head
  std::size_t stage_ = 0;
  unsigned rounds_ = 0;
  std::optional<bool> repeatable_;  // of the pending stage
  std::int64_t asked_ms_ = 0;       // 0: not asked for yet
  RequestContextPtr context_{nullptr, nullptr};
  // The reply
  std::string reply_lines_;              // of the head
  std::string out_;                      // the head, and a small body
  SharedBody page_;                      // a large body
  std::size_t out_sent_ = 0;             // of head and body
  std::vector<ReplyRun> runs_;           // the runs that follow
  std::size_t run_ = 0;                  // index of the one being sent
  bool sends_file_ = false;              // by reply_file(), or gathered
  std::unique_ptr<ReplySource> source_;  // a body that is made while it is sent
  ReplySource::Piece piece_;
  std::uint64_t piece_sent_ = 0;
  std::chrono::seconds source_time_{0};
  bool source_waits_ = false;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t body_from_ = 0;  // bytes sent before the body
  int status_ = 0;
  int begun_status_ = 0;      // HeldRequest::status, until the rest of the answer is there
  bool begun_keeps_ = false;  // HeldRequest::keeps, likewise
  bool keep_alive_ = false;
  bool head_whole_ = false;  // the head of the request is complete
  bool kept_ = false;        // it waits for another request
  std::size_t lingered_bytes_ = 0;
  SteadyTime head_since_, head_until_;
  SteadyTime request_since_;  // of the first request, the connection's begin
  SteadyTime reply_until_;    // deadline for the whole reply
  Watch watch_;
  Deadline deadline_;
};

}  // namespace lb
