#include "http/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "http/connection_record.h"
#include "http/connections.h"
#include "http/forwarded.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kLargestForm = 65536;
// After the reply the peer may still be sending, and closing at once would reset the connection and
// destroy the reply.  So its bytes are read and discarded for a while.
constexpr auto kLingerTime = 2s;
constexpr std::size_t kLingerBytes = 1 << 20;
constexpr auto kHandshakeTime = 10s;

// What libshout asks in the clear: if it is closed without a byte, it tries TLS.
bool tries_tls_next(const Request& request) {
  return request.path == "/admin/!POKE" ||
         (request.method == Method::kOptions && request.path == "*");
}

}  // namespace

Connection::Connection(Connections& owner, std::uint64_t id, std::unique_ptr<Transport> transport,
                       std::shared_ptr<const ListenSocket> socket)
    : owner_(owner),
      id_(id),
      transport_(std::move(transport)),
      socket_(std::move(socket)),
      socket_peer_(transport_->peer()),
      client_(socket_peer_),
      ip_(transport_->peer().ip()),
      head_since_(owner.loop().now()),
      request_since_(head_since_),
      deadline_(owner.loop(), [this] { on_deadline(); }) {
  if (socket_->shoutcast) shoutcast_ = std::make_unique<ShoutcastParser>();
}

Connection::~Connection() = default;

void Connection::start() {
  opening_ = owner_.opening_of(*socket_);
  watch_.start<&Connection::on_socket>(owner_.loop(), transport_->fd(), 0, this);
  if (opening_) {
    enter(State::kOpening);
    return;
  }
  enter(State::kHead);
  on_socket(EV_READ);
}

void Connection::start_with(const HeldRequest& held) {
  opening_ = held.opened ? nullptr : owner_.opening_of(*socket_);
  socket_secure_ = secure_ = held.secure;
  begun_status_ = static_cast<int>(held.status);
  begun_keeps_ = held.keeps;
  bytes_sent_ = held.sent;
  asked_ms_ = held.asked_ms;
  sends_file_ = held.file.fd >= 0;
  if (sends_file_) runs_.push_back(held.file);
  is_probe = held.is_probe;
  watch_.start<&Connection::on_socket>(owner_.loop(), transport_->fd(), 0, this);
  if (held.head_time.count() > 0) give_time(held.head_time);
  if (opening_) {
    opening_->take_header(held.bytes, *transport_);
    enter(State::kOpening);
    return;
  }
  enter(State::kHead);
  if (held.bytes.empty())
    on_socket(EV_READ);
  else
    on_head_bytes(held.bytes);
}

std::string_view Connection::name_of(State state) noexcept {
  return word_of<State::kGone>(
      state, {"accepted", "opening", "head", "form", "handling", "replying", "lingering", "gone"});
}

// Every state may end in kGone: a socket breaks, a deadline passes, a stage drops its request.
bool Connection::may_follow(State before, State next) noexcept {
  switch (next) {
    case State::kAccepted:
      return false;
    case State::kOpening:
      return before == State::kAccepted;
    case State::kHead:
      return before == State::kAccepted || before == State::kOpening || before == State::kReplying;
    case State::kForm:  // from kHandling: a stage wants the body
      return before == State::kHead || before == State::kHandling;
    case State::kHandling:
      return before == State::kHead || before == State::kForm;
    case State::kReplying:  // from kHead: no stage could read the head
      return before == State::kHead || before == State::kHandling;
    case State::kLingering:
      return before == State::kReplying;
    case State::kGone:
      return before != State::kGone;
  }
  return false;
}

bool Connection::enter(State next) {
  const State before = state_;
  if (!may_follow(before, next)) {
    owner_.log_.error("connection/connection",
                      cat({ip_, ": the connection cannot go from ", name_of(before), " to ",
                           name_of(next), "; it ends: this is a fault of the program"}));
    if (before != State::kGone) end();
    return false;
  }
  state_ = next;
  if (before == State::kHandling)
    unlink();  // from the undecided connections
  else if (next > State::kForm)
    owner_.request_complete(*this);
  switch (next) {
    case State::kAccepted:
      break;
    case State::kForm:  // the time for the head continues
      if (before == State::kHead) owner_.form_begins(*this);
      break;
    case State::kOpening:
      wait_for_request();
      break;
    case State::kHead:
      // The request is often there when its connection is accepted: a request that is answered at
      // once needs neither epoll nor a timer.
      if (before == State::kAccepted) break;
      if (before == State::kReplying) {
        head_since_ = owner_.loop().now();
        owner_.is_kept(*this);
        deadline_.cancel();
      }
      watch_.want(leftover_.empty() ? EV_READ : 0);  // not empty: a further request is waiting
      time_request();
      break;
    case State::kHandling:
      deadline_.cancel();
      if (watch_.wanted() == 0) owner_.decision_begins(*this);
      break;
    case State::kReplying:
      deadline_.cancel();
      break;
    case State::kLingering:
      watch_.want(EV_READ);
      deadline_.after(kLingerTime);
      break;
    case State::kGone:
      watch_.stop();
      deadline_.cancel();
      break;
  }
  return true;
}

void Connection::wait_for_request() {
  watch_.want(EV_READ);
  time_request();
}

// The time for a request counts from its first byte; further pieces do not renew it.
void Connection::time_request() {
  if (!deadline_.armed()) give_time(owner_.settings_.read().header_timeout);
}

void Connection::give_time(std::chrono::milliseconds time) {
  head_until_ = owner_.loop().now() + time;
  deadline_.after(time);
}

void Connection::go_on_opening() {
  const bool shook = opening_->handshaking();
  const Opening::Status status = opening_->go_on(transport_);
  if (opening_->handshaking() && !shook) {
    deadline_.after(std::min<std::chrono::milliseconds>(kHandshakeTime,
                                                        owner_.settings_.read().header_timeout));
    owner_.handshake_begins(*this);
  }
  switch (status) {
    case Opening::Status::kMore:
      watch_.want(opening_->wants());
      return;
    case Opening::Status::kDrop:
      owner_.opening_failed(*this, *opening_);
      end();
      return;
    case Opening::Status::kReady:
      break;
  }
  if (opening_->handshaking()) {
    owner_.handshake_ends();
    deadline_.cancel();  // the time for a request begins
  }
  socket_secure_ = secure_ = opening_->secure();
  socket_peer_ = transport_->peer();
  opening_.reset();
  enter(State::kHead);
  if (lacks_tls() && shoutcast_) return drop();
  client_is(socket_peer_);
}

bool Connection::client_is(const Address& client) {
  if (client == client_) return true;
  client_ = client;
  transport_->set_peer(client);
  ip_ = client.ip();
  if (owner_.plan_.welcome(client)) return true;
  if (client == socket_peer_)
    drop();
  else
    refuse(403, "this address may not connect");  // see ParseStatus::kDrop
  return false;
}

void Connection::on_deadline() {
  // As in Icecast, the connection ends without a reply if the head does not come, or the reply is
  // not read.
  if (state_ == State::kReplying)
    break_off();
  else
    end();
}

void Connection::on_socket(short events) {
  if (state_ == State::kOpening) {
    go_on_opening();
    return;
  }
  if (state_ == State::kReplying) {
    if (events & EV_WRITE) write_out();
    return;
  }
  const IoResult result = transport_->read(owner_.scratch_);
  switch (result.status) {
    case IoStatus::kAgain:
      if (state_ == State::kHead) wait_for_request();
      return;
    case IoStatus::kError:
      end();
      return;
    case IoStatus::kEof:
      // The client has half-closed, and still waits for the answer to its request.
      half_closed_ = true;
      if (state_ == State::kHandling)
        watch_.want(0);
      else
        end();
      return;
    case IoStatus::kDone:
      break;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(owner_.scratch_.data()), result.bytes);
  switch (state_) {
    case State::kHead:
      on_head_bytes(bytes);
      return;
    case State::kForm:
      on_form_bytes(bytes);
      return;
    case State::kHandling:
      leftover_.append(bytes);
      // A source must not fill the memory before it is admitted.
      if (leftover_.size() > kLargestForm) watch_.want(0);
      return;
    case State::kLingering:
      lingered_bytes_ += bytes.size();
      if (lingered_bytes_ > kLingerBytes) end();
      return;
    case State::kAccepted:
    case State::kOpening:
    case State::kReplying:
    case State::kGone:
      return;
  }
}

void Connection::on_head_bytes(std::string_view bytes) {
  if (kept_ && head_so_far_.empty()) request_since_ = owner_.loop().now();
  std::size_t used = 0;
  ParseStatus status = ParseStatus::kMore;
  if (shoutcast_) {
    const bool knew = shoutcast_->password_known();
    used = shoutcast_->feed(bytes);
    status = shoutcast_->status();
    if (!knew && shoutcast_->password_known()) {
      request_.password = shoutcast_->request().password;
      if (!owner_.plan_.shoutcast_login(*this)) {
        drop();
        return;
      }
    }
    if (status == ParseStatus::kDone) request_ = std::move(shoutcast_->request());
  } else {
    used = parser_.feed(bytes);
    status = parser_.status();
  }
  switch (status) {
    case ParseStatus::kMore:
      head_so_far_.append(bytes);
      wait_for_request();
      return;
    case ParseStatus::kDrop:
      if (!owner_.settings_.read().trusted_proxies.contains(socket_peer_)) return drop();
      // A proxy would take a close for a server that has failed, and ask it no more.
      return refuse(400, "this is not a request that this server knows");
    case ParseStatus::kRefuse:
      return refuse(parser_.refuse_status(), parser_.refuse_text());
    case ParseStatus::kDone:
      leftover_.assign(bytes.substr(used));
      head_is_complete();
      return;
  }
}

void Connection::refuse(int status, std::string_view text) {
  // The line that is logged helps the author of the client.
  if (request_.target.empty()) request_.method_text = request_.target = "-";
  if (status == 405) add_reply_lines("Allow: GET, HEAD\r\n");
  reply_page(status, text);
}

void Connection::head_is_complete() {
  head_whole_ = true;
  head_so_far_.clear();
  const Forwarded from =
      read_forwarded(owner_.settings_.read().trusted_proxies, socket_peer_, request_.headers);
  secure_ = from.secure.value_or(socket_secure_);
  if (!client_is(from.client)) return;
  if (lacks_tls() && tries_tls_next(request_)) {
    owner_.log_.info("connection/connection",
                     cat({ip_, ": an encoder asks without TLS at port ", socket_->port,
                          ", which is for TLS; it is closed, so that the encoder tries TLS"}));
    return drop();
  }
  if (lacks_tls() && (request_.method == Method::kSource || request_.method == Method::kPut))
    owner_.log_.warn("connection/connection",
                     cat({ip_, ": an encoder asks without TLS at port ", socket_->port,
                          ", which is for TLS; it is refused"}));
  if (lacks_tls())
    return reply_page(400, "this port speaks https only: the address begins with https://");
  if (request_.method == Method::kPost && form_is_urlencoded() &&
      request_.headers.find("transfer-encoding") != nullptr)
    return reply_page(411, "a form needs a Content-Length");
  if (request_.method == Method::kPost && form_is_urlencoded() &&
      parse_u64(request_.headers.get("content-length")).value_or(0) > kLargestForm)
    return reply_page(413, "a form may have 65536 bytes");
  if (const std::uint64_t length = body_to_read(); length > 0) {
    begin_body(length);
    return;
  }
  run_stages();
}

bool Connection::form_is_urlencoded() const noexcept {
  return istarts_with(request_.headers.get("content-type"), "application/x-www-form-urlencoded");
}

std::uint64_t Connection::body_to_read() {
  const auto length = parse_u64(request_.headers.get("content-length"));
  if (request_.method != Method::kPost || !length) return 0;
  const std::uint64_t most = form_is_urlencoded()      ? kLargestForm
                             : owner_.plan_.body_limit ? owner_.plan_.body_limit(*this)
                                                       : 0;
  return *length <= most ? *length : 0;
}

void Connection::on_form_bytes(std::string_view bytes) {
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(form_left_, bytes.size()));
  form_.append(bytes.substr(0, n));
  form_left_ -= n;
  if (form_left_ > 0) {
    wait_for_request();
    return;
  }
  if (!body_wanted_) {
    run_stages();
    return;
  }
  body_wanted_ = false;
  enter(State::kHandling);
  ask_again();
}

void Connection::read_body(std::uint64_t bytes) {
  body_wanted_ = true;
  begin_body(bytes);
}

void Connection::begin_body(std::uint64_t bytes) {
  // .NET sends Expect with every form, curl with a long one, and both wait for the answer.
  if (leftover_.size() < bytes && request_.version_minor > 0 &&
      iequals(request_.headers.get("expect"), "100-continue") &&
      !send_now("HTTP/1.1 100 Continue\r\n\r\n")) {
    drop();
    return;
  }
  form_left_ = bytes;
  enter(State::kForm);
  const std::string early = std::move(leftover_);
  leftover_.clear();
  on_form_bytes(early);
}

void Connection::run_stages() {
  if (owner_.leaving_) return drop();
  enter(State::kHandling);
  if (sends_file_) return begin_reply();
  stages_ = owner_.plan_.routes.stages_for(request_.path);
  stage_ = 0;
  resume(Verdict::kNext);
}

void Connection::resume(Verdict verdict) {
  ++rounds_;
  repeatable_.reset();
  while (verdict == Verdict::kNext && stage_ < stages_.size())
    verdict = stages_[stage_++]->handle(*this);
}

void Connection::ask_again() {
  --stage_;
  resume(Verdict::kNext);
}

void Connection::lead_to(std::string path) {
  const Stage* const leads = stages_[stage_ - 1];
  request_.path = std::move(path);
  stages_ = owner_.plan_.routes.stages_for(request_.path);
  const auto at = std::find(stages_.begin(), stages_.end(), leads);
  stage_ = static_cast<std::size_t>(at - stages_.begin()) + 1;
}

void Connection::go_on_from(const Stage& stage) {
  const auto asked = stages_.first(stage_);
  stage_ = static_cast<std::size_t>(std::find(asked.begin(), asked.end(), &stage) - asked.begin());
}

RequestContext& Connection::context() {
  if (!context_) context_ = owner_.plan_.context();
  return *context_;
}

void Connection::next_request() {
  const std::string early = std::move(leftover_);
  leftover_.clear();
  on_head_bytes(early);
}

// No unread byte would turn the close into a reset, as the request has no body and is read to its
// end.  TLS still has to send close_notify.
bool Connection::nothing_more_comes() const noexcept {
  const bool bodiless = request_.method == Method::kGet || request_.method == Method::kHead;
  return head_whole_ && bodiless && !socket_secure_ && leftover_.empty() &&
         request_.headers.find("content-length") == nullptr &&
         request_.headers.find("transfer-encoding") == nullptr;
}

void Connection::linger() {
  transport_->shut_down_write();
  enter(State::kLingering);
}

std::unique_ptr<Transport> Connection::take_transport() {
  end();
  // Only the rest of a begun answer may follow the bytes that the client has.
  if (begun_status_ != 0) transport_->shut_down_write();
  return std::move(transport_);
}

void Connection::drop() { end(); }
void Connection::break_off() {
  note_access();
  end();
}

void Connection::end() { owner_.remove(*this); }

}  // namespace lb
