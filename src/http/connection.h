// Connection: one inbound connection, from accept to its reply, or to the moment when its socket
// becomes a listener or a source.
//
// Life: (kOpening) → kHead → (kForm) → kHandling → kReplying → kLingering → gone.  The state
// changes in one function.  Every way out goes through Connections::remove(), with what the log
// needs.
//
// Thread: its worker.  Ownership: the worker's Connections.  Other threads hold its id, never a
// pointer: a verdict that arrives for a connection that is gone finds no id and is dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/unique_fd.h"
#include "http/credentials.h"
#include "http/message.h"
#include "http/opening.h"
#include "http/parser.h"
#include "net/acceptor.h"
#include "net/loop.h"
#include "net/transport.h"

namespace lb {

class Connections;

enum class Verdict : std::uint8_t {
  kNext,      // not mine
  kAnswered,  // replied, or the socket has moved on
  kPending,   // resume() follows, perhaps from another loop by way of Connections::find()
};

// One question that is asked of every request, in the order of app/routes.cc.
class Connection;
class Stage {
 public:
  virtual ~Stage() = default;
  virtual Verdict handle(Connection& connection) = 0;
};

// What is held for a connection until it ends; the app says what it means.
class Held {
 public:
  virtual ~Held() = default;
};

class Connection : public ListHook {
 public:
  Connection(Connections& owner, std::uint64_t id, std::unique_ptr<Transport> transport,
             std::shared_ptr<const ListenSocket> socket);
  ~Connection();

  std::uint64_t id() const noexcept { return id_; }
  Request& request() noexcept { return request_; }
  // The body, where it was read: of forms of at most 64 KiB, and as Connections::Plan says.
  const std::string& form() const noexcept { return form_; }
  bool form_is_urlencoded() const noexcept;
  const ListenSocket& socket() const noexcept { return *socket_; }
  // The client; a trusted proxy's word counts (http/forwarded.h).
  const Address& peer() const noexcept { return client_; }
  const std::string& ip() const noexcept { return ip_; }
  // The client speaks https, with us or with a trusted proxy.
  bool secure() const noexcept { return secure_; }
  std::string user;            // who it proved to be, for the access log
  bool user_listens = false;   // as a listener: nobody else is named in Icecast's log
  bool is_probe = false;       // asked every second by machines: no line in the access log
  std::unique_ptr<Held> held;  // freed with the connection, or moved on by the app

  // --- answers; each exactly once a request
  // Sends head and body (no body for HEAD) and closes, unless the head says keep-alive.
  void reply(const ResponseHead& head, std::string body);
  void reply_text(int status, std::string_view text);  // text/plain, as refusals of sources
  void reply_page(int status, std::string_view text);  // Icecast's error page
  // A whole reply, its head included, of this status; the connection closes after it.
  void reply_bytes(int status, std::string bytes);
  void reply_file(ResponseHead head, UniqueFd file, std::uint64_t first, std::uint64_t bytes);
  // Closes without a byte, as Icecast does with nonsense.
  void drop();
  // Bytes at once, then more follow by other means ("OK2", "100 Continue").  False: it broke.
  bool send_now(std::string_view bytes);
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }  // of the answer so far
  // The socket moves on; the connection ends without a line in the log.
  std::unique_ptr<Transport> take_transport();
  std::string take_leftover() { return std::move(leftover_); }
  // A stage that was pending has decided.
  void resume(Verdict verdict);

 private:
  friend class Connections;
  enum class State : std::uint8_t { kOpening, kHead, kForm, kHandling, kReplying, kLingering };

  void start();
  void wait_for_request();
  void on_socket(short events);
  void on_deadline();
  void go_on_opening();
  std::uint64_t body_to_read();
  bool client_is(const Address& client);  // false: not welcome, and gone
  bool handshaking() const noexcept { return opening_ && opening_->handshaking(); }
  void on_head_bytes(std::string_view bytes);
  void on_form_bytes(std::string_view bytes);
  void head_is_complete();
  void run_stages();
  void begin_reply();
  void write_out();
  void reply_is_out();
  bool nothing_more_comes() const noexcept;
  void linger();
  void end();
  std::string reply_head(const ResponseHead& head) const;

  Connections& owner_;
  const std::uint64_t id_;
  std::unique_ptr<Transport> transport_;
  std::shared_ptr<const ListenSocket> socket_;
  std::unique_ptr<Opening> opening_;  // null: over
  Address socket_peer_;  // of the socket, or of its PROXY header: who sends the requests
  Address client_;       // whom the present one is for
  bool socket_secure_ = false;
  bool secure_ = false;
  std::string ip_;
  State state_ = State::kHead;
  RequestParser parser_;
  std::unique_ptr<ShoutcastParser> shoutcast_;
  Request request_;
  std::string leftover_;
  std::string form_;
  std::uint64_t form_left_ = 0;
  std::size_t stage_ = 0;
  // The reply
  std::string out_;
  std::size_t out_sent_ = 0;
  UniqueFd file_;
  std::uint64_t file_at_ = 0, file_left_ = 0;
  std::uint64_t bytes_sent_ = 0;
  int status_ = 0;
  bool keep_alive_ = false;
  bool head_whole_ = false;  // the request's
  std::size_t lingered_bytes_ = 0;
  SteadyTime accepted_, head_since_;
  Watch watch_;
  Timer deadline_;
};

}  // namespace lb
