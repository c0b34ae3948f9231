#include "http/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "http/access_line.h"
#include "http/connections.h"
#include "http/forwarded.h"
#include "http/page_headers.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kLargestForm = 65536;
// After the reply the peer may still be sending; closing at once would reset the connection and
// take our reply with it.  So its bytes are read and thrown away for a while.
constexpr auto kLingerTime = 2s;
constexpr std::size_t kLingerBytes = 1 << 20;
// A file of the web root leaves in pieces of this size, so that one download does not hold a loop.
constexpr std::size_t kFilePiece = 256 * 1024;
constexpr auto kHandshakeTime = 10s;

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
      accepted_(owner.loop().now()),
      head_since_(accepted_),
      deadline_(owner.loop(), [this] { on_deadline(); }) {
  if (socket_->shoutcast) shoutcast_ = std::make_unique<ShoutcastParser>();
}

Connection::~Connection() = default;

void Connection::start() {
  opening_ = owner_.opening_of(*socket_);
  if (opening_) state_ = State::kOpening;
  watch_.start<&Connection::on_socket>(owner_.loop(), transport_->fd(), 0, this);
  // The request has often come by the time its connection is accepted: who is answered at once
  // needs neither epoll nor a timer.
  if (opening_)
    wait_for_request();
  else
    on_socket(EV_READ);
}

// The time for a request counts from its beginning; waiting for another piece does not renew it.
void Connection::wait_for_request() {
  watch_.want(EV_READ);
  if (!deadline_.armed()) deadline_.after(owner_.settings_.read()->header_timeout);
}

void Connection::go_on_opening() {
  const bool shook = opening_->handshaking();
  const Opening::Status status = opening_->go_on(transport_);
  if (opening_->handshaking() && !shook) {
    deadline_.after(kHandshakeTime);
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
    deadline_.after(owner_.settings_.read()->header_timeout);
  }
  socket_secure_ = secure_ = opening_->secure();
  socket_peer_ = transport_->peer();
  opening_.reset();
  state_ = State::kHead;
  watch_.want(EV_READ);
  client_is(socket_peer_);
}

bool Connection::client_is(const Address& client) {
  if (client == client_) return true;
  client_ = client;
  transport_->set_peer(client);
  ip_ = client.ip();
  if (owner_.plan_.welcome(client)) return true;
  drop();
  return false;
}

void Connection::on_deadline() {
  // A head that does not come is dropped without a reply, as Icecast does; a reply that is not
  // read, likewise.
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
      // Half-closed while we work on its request: it still waits for the answer.
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
      // A source may not flood us before it is admitted.
      if (leftover_.size() > kLargestForm) watch_.want(0);
      return;
    case State::kLingering:
      lingered_bytes_ += bytes.size();
      if (lingered_bytes_ > kLingerBytes) end();
      return;
    case State::kOpening:
    case State::kReplying:
      return;
  }
}

void Connection::on_head_bytes(std::string_view bytes) {
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
    if (status == ParseStatus::kDone) request_ = std::move(parser_.request());
  }
  switch (status) {
    case ParseStatus::kMore:
      wait_for_request();
      return;
    case ParseStatus::kDrop:
      drop();
      return;
    case ParseStatus::kRefuse:
      owner_.head_complete(*this);
      // What is known of it is logged: whoever wrote this client will look for his request.
      request_ = std::move(parser_.request());
      if (request_.target.empty()) request_.method_text = request_.target = "-";
      reply_page(parser_.refuse_status(), parser_.refuse_text());
      return;
    case ParseStatus::kDone:
      leftover_.assign(bytes.substr(used));
      head_is_complete();
      return;
  }
}

void Connection::head_is_complete() {
  owner_.head_complete(*this);
  head_whole_ = true;
  const auto settings = owner_.settings_.read();
  const Forwarded from = read_forwarded(settings->trusted_proxies, socket_peer_, request_.headers);
  secure_ = from.secure.value_or(socket_secure_);
  if (!client_is(from.client)) return;
  if (const std::uint64_t length = body_to_read(); length > 0) {
    state_ = State::kForm;
    form_left_ = length;
    const std::string early = std::move(leftover_);
    leftover_.clear();
    on_form_bytes(early);
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
  if (form_left_ == 0)
    run_stages();
  else
    wait_for_request();
}

void Connection::run_stages() {
  state_ = State::kHandling;
  deadline_.cancel();
  if (watch_.wanted() == 0) owner_.decision_begins(*this);
  stage_ = 0;
  resume(Verdict::kNext);
}

void Connection::resume(Verdict verdict) {
  while (verdict == Verdict::kNext && stage_ < owner_.plan_.stages.size())
    verdict = owner_.plan_.stages[stage_++]->handle(*this);
}

std::string Connection::reply_head(const ResponseHead& head) const {
  const auto settings = owner_.settings_.read();
  ReplyFacts facts;
  facts.server_id = settings->server_id;
  facts.now = owner_.loop().clock().wall();
  facts.http_headers = settings->http_headers;
  return render_head(head, facts);
}

void Connection::reply(const ResponseHead& head, std::string body) {
  out_ = reply_head(head);
  if (request_.method != Method::kHead) out_ += body;
  out_sent_ = 0;
  status_ = head.status;
  keep_alive_ = head.keep_alive;
  begin_reply();
}

void Connection::reply_bytes(int status, std::string bytes) {
  out_ = std::move(bytes);
  out_sent_ = 0;
  status_ = status;
  keep_alive_ = false;
  begin_reply();
}

void Connection::begin_reply() {
  unlink();  // from those who wait for a decision
  deadline_.cancel();
  state_ = State::kReplying;
  write_out();
}

void Connection::reply_text(int status, std::string_view text) {
  ResponseHead head;
  head.status = status;
  head.content_type = "text/plain; charset=utf-8";
  reply(head, std::string(text));
}

void Connection::reply_page(int status, std::string_view text) {
  ResponseHead head;
  head.status = status;
  head.content_type = "text/html; charset=utf-8";
  head.extra = page_header_lines(PageKind::kPlain, owner_.settings_.read()->http_headers);
  reply(head, error_page(status, text));
}

void Connection::reply_file(ResponseHead head, UniqueFd file, std::uint64_t first,
                            std::uint64_t bytes) {
  if (request_.method != Method::kHead) {
    file_ = std::move(file);
    file_at_ = first;
    file_left_ = bytes;
  }
  reply(head, {});
}

void Connection::write_out() {
  const std::uint64_t before = bytes_sent_;
  const auto come_back = [&] {
    // Progress renews the time that the client has.
    if (bytes_sent_ > before || !deadline_.armed())
      deadline_.after(owner_.settings_.read()->client_timeout);
    watch_.want(EV_WRITE);
  };
  while (out_sent_ < out_.size()) {
    iovec part{};
    part.iov_base = out_.data() + out_sent_;
    part.iov_len = out_.size() - out_sent_;
    const IoResult result = transport_->write_v({&part, 1}, file_left_ > 0);
    if (result.status == IoStatus::kAgain) {
      come_back();
      return;
    }
    if (result.status != IoStatus::kDone) {
      end();
      return;
    }
    out_sent_ += result.bytes;
    bytes_sent_ += result.bytes;
  }
  std::size_t piece = kFilePiece;
  while (file_left_ > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(file_left_, piece));
    const IoResult result = want == 0 ? IoResult{IoStatus::kAgain, 0}
                                      : transport_->send_file(file_.get(), file_at_, want);
    if (result.status == IoStatus::kAgain) {
      come_back();
      return;
    }
    if (result.status != IoStatus::kDone) {
      end();
      return;
    }
    file_at_ += result.bytes;
    file_left_ -= result.bytes;
    bytes_sent_ += result.bytes;
    piece -= std::min(piece, result.bytes);
  }
  switch (transport_->flush()) {
    case IoStatus::kDone:
      break;
    case IoStatus::kAgain:
      come_back();
      return;
    case IoStatus::kEof:
    case IoStatus::kError:
      end();
      return;
  }
  reply_is_out();
}

void Connection::reply_is_out() {
  AccessFacts facts;
  const std::string line = access_request(request_);
  facts.ip = ip_;
  facts.user = user;
  facts.user_listens = user_listens;
  facts.request = line;
  facts.status = status_;
  facts.bytes_sent = bytes_sent_;
  facts.referer = request_.headers.get("referer");
  facts.user_agent = request_.headers.get("user-agent");
  facts.seconds =
      std::chrono::duration_cast<std::chrono::seconds>(owner_.loop().now() - accepted_).count();
  if (!is_probe) log_access(owner_.log_, facts, owner_.loop().clock().wall());
  held.reset();
  if (!keep_alive_) {
    if (!nothing_more_comes()) {
      linger();
      return;
    }
    // At once, not in the next round: the client waits for the end.
    watch_.stop();
    transport_.reset();
    end();
    return;
  }
  head_whole_ = false;
  // The next request of the same connection; libshout asks three times before it sends.
  const std::string early = std::move(leftover_);
  leftover_.clear();
  parser_ = RequestParser();
  request_ = Request();
  form_.clear();
  bytes_sent_ = 0;
  user.clear();
  user_listens = false;
  is_probe = false;
  state_ = State::kHead;
  head_since_ = owner_.loop().now();
  owner_.head_begins(*this);
  deadline_.after(owner_.settings_.read()->header_timeout);
  watch_.want(EV_READ);
  if (!early.empty()) on_head_bytes(early);
}

// A request without a body that has been read to its end: nothing is left unread that would make a
// close a reset.  TLS says goodbye first.
bool Connection::nothing_more_comes() const noexcept {
  const bool bodiless = request_.method == Method::kGet || request_.method == Method::kHead;
  return head_whole_ && bodiless && !socket_secure_ && leftover_.empty() &&
         request_.headers.find("content-length") == nullptr &&
         request_.headers.find("transfer-encoding") == nullptr;
}

void Connection::linger() {
  transport_->shut_down_write();
  state_ = State::kLingering;
  watch_.want(EV_READ);
  deadline_.after(kLingerTime);
}

bool Connection::send_now(std::string_view bytes) {
  iovec part{};
  part.iov_base = const_cast<char*>(bytes.data());
  part.iov_len = bytes.size();
  // A few bytes into an empty socket buffer: all or nothing.
  const IoResult result = transport_->write_v({&part, 1}, false);
  if (result.status == IoStatus::kDone) bytes_sent_ += result.bytes;
  return result.status == IoStatus::kDone && result.bytes == bytes.size();
}

std::unique_ptr<Transport> Connection::take_transport() {
  watch_.stop();
  deadline_.cancel();
  auto transport = std::move(transport_);
  owner_.remove(*this);
  return transport;
}

void Connection::drop() { end(); }
void Connection::end() { owner_.remove(*this); }

}  // namespace lb
