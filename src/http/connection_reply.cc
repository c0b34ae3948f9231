// The answers of a Connection: head, page and file go out as its client takes them.
#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "http/access_line.h"
#include "http/connection.h"
#include "http/connections.h"
#include "http/error_page.h"
#include "http/page_headers.h"

namespace lb {
namespace {

// A file leaves in pieces of this size, so that one download does not block the loop.
constexpr std::size_t kFilePiece = 256 * 1024;
// The piece of a page: its bytes are copied, and a thousand clients may read it in one turn.
constexpr std::size_t kPagePiece = 64 * 1024;
// Bytes that the kernel buffers unsent: megabytes for a client that reads nothing cost
// milliseconds, and hundreds of such answers may come together.
constexpr std::size_t kMaxUnsent = 2 * kPagePiece;
// A body up to this size is sent in one piece with its head.
constexpr std::size_t kSmallBody = 16 * 1024;
// A client that reads slower than this on average is dropped.  A page keeps its memory.  A file
// costs only a descriptor, and a player may read it no faster than it plays: 16 kbit/s.
constexpr std::uint64_t kPageRate = 8 * 1024;
constexpr std::uint64_t kFileRate = 2 * 1024;
constexpr std::string_view kPageType = "text/html; charset=utf-8";

}  // namespace

std::span<const HttpHeader> Connection::http_headers() const {
  return owner_.settings_.read().http_headers;
}

std::string Connection::reply_head(const ResponseHead& head) const {
  const HttpSettings& settings = owner_.settings_.read();
  ReplyFacts facts;
  facts.server_id = settings.server_id;
  facts.now = owner_.loop().clock().wall();
  facts.http_headers = settings.http_headers;
  facts.lines = reply_lines_;
  facts.cross_origin = owner_.plan_.cross_origin && owner_.plan_.cross_origin(request_);
  return render_head(head, facts);
}

void Connection::reply_whole(ResponseHead head, std::string body) {
  head.content_length = body.size();
  reply(head, std::move(body));
}

void Connection::reply(const ResponseHead& head, std::string body) {
  if (head.status >= 400 && head.content_type.starts_with("text/plain") &&
      owner_.plan_.api_problem && is_below_api(request_)) {
    ResponseHead problem = head;
    problem.content_type = "application/problem+json";
    problem.extra += nosniff_line(owner_.settings_.read().http_headers);
    body = owner_.plan_.api_problem(request_, head.status, trim(body));
    reply_whole(std::move(problem), std::move(body));
    return;
  }
  if (head.status >= 400 && !head.content_length && head.content_type.starts_with("text/plain") &&
      wants_page(request_.headers)) {
    ResponseHead page = head;
    page.content_type = kPageType;
    page.extra += page_header_lines(PageKind::kPlain, owner_.settings_.read().http_headers);
    reply(page, styled_error_page(head.status, body));
    return;
  }
  if (body.size() > kSmallBody) {
    const auto kept = std::make_shared<const std::string>(std::move(body));
    reply_shared(head, {kept, *kept});
    return;
  }
  keep_alive_ = head.keep_alive && body_is_read() && !owner_.leaving_;
  if (keep_alive_ == head.keep_alive) {
    out_ = reply_head(head);
  } else {
    ResponseHead closing = head;
    closing.keep_alive = false;
    out_ = reply_head(closing);
  }
  if (request_.method != Method::kHead) out_ += body;
  status_ = head.status;
  begin_reply();
}

void Connection::reply_bounded(const ResponseHead& head, std::string body) {
  if (body.size() <= kSmallBody) return reply(head, std::move(body));
  std::string client = client_.network();
  std::uint64_t& unread = (*owner_.unread_)[client];
  if (unread > 0 && unread + body.size() > Connections::kUnread) {
    ResponseHead busy;
    busy.status = 503;
    busy.content_type = "text/plain; charset=utf-8";
    busy.extra = "Retry-After: 2\r\n";
    return reply(busy, "other answers wait to be read by this address\r\n");
  }
  unread += body.size();
  const auto forget = [all = owner_.unread_, client](const std::string* read) {
    const auto of_client = all->find(client);
    if ((of_client->second -= read->size()) == 0) all->erase(of_client);
    delete read;
  };
  const std::shared_ptr<const std::string> kept(new std::string(std::move(body)), forget);
  reply_shared(head, {kept, *kept});
}

void Connection::reply_shared(const ResponseHead& head, SharedBody body) {
  if (request_.method != Method::kHead) page_ = std::move(body);
  reply(head, {});
}

// The rest of a body would be taken for the next request.
bool Connection::body_is_read() const noexcept {
  if (request_.headers.find("transfer-encoding") != nullptr) return false;
  const std::string* length = request_.headers.find("content-length");
  return length == nullptr || parse_u64(*length) == form_.size();
}

void Connection::reply_bytes(int status, std::string bytes) {
  if (request_.method == Method::kHead)
    bytes.erase(std::min(bytes.find("\r\n\r\n"), bytes.size() - 4) + 4);
  out_ = std::move(bytes);
  status_ = status;
  keep_alive_ = false;
  begin_reply();
}

void Connection::begin_reply() {
  if (const int begun = std::exchange(begun_status_, 0); begun != 0) {
    if (!sends_file_ && (status_ != 206 || !source_)) return drop();
    status_ = begun;
    keep_alive_ = std::exchange(begun_keeps_, false);
    out_.clear();
  }
  if (!enter(State::kReplying)) return;
  body_from_ = bytes_sent_ + out_.size();
  out_sent_ = 0;
  run_ = 0;
  std::uint64_t in_runs = 0;
  for (const ReplyRun& run : runs_) in_runs += run.bytes;
  if (source_ || page_.bytes.size() + in_runs > kMaxUnsent) transport_->limit_unsent(kMaxUnsent);
  const std::uint64_t seconds =
      (out_.size() + page_.bytes.size()) / kPageRate + in_runs / kFileRate;
  reply_until_ = owner_.loop().now() + owner_.settings_.read().client_timeout +
                 std::exchange(source_time_, {}) +
                 std::chrono::seconds(std::min<std::uint64_t>(seconds, std::uint64_t{1} << 31));
  write_out();
}

void Connection::reply_text(int status, std::string_view text) {
  ResponseHead head;
  head.status = status;
  head.content_type = "text/plain; charset=utf-8";
  reply(head, std::string(text));
}

void Connection::reply_page(int status, std::string_view text) {
  if (is_below_api(request_) && owner_.plan_.api_problem) {
    reply_text(status, text);
    return;
  }
  ResponseHead head;
  head.status = status;
  head.content_type = kPageType;
  head.extra = page_header_lines(PageKind::kPlain, owner_.settings_.read().http_headers);
  reply(head,
        wants_page(request_.headers) ? styled_error_page(status, text) : error_page(status, text));
}

ReplyRun ReplyRun::of_text(std::string text) {
  ReplyRun run;
  run.bytes = text.size();
  run.text = std::move(text);
  return run;
}

ReplyRun ReplyRun::of_file(std::shared_ptr<const void> owner, int fd, std::uint64_t at,
                           std::uint64_t bytes) {
  ReplyRun run;
  run.owner = std::move(owner);
  run.fd = fd;
  run.at = at;
  run.bytes = bytes;
  return run;
}

void Connection::reply_file(ResponseHead head, UniqueFd file, std::uint64_t first,
                            std::uint64_t bytes) {
  if (begun_status_ != 0) return drop();  // a begun answer cannot be replaced
  const auto owner = std::make_shared<const UniqueFd>(std::move(file));
  std::vector<ReplyRun> runs;
  runs.push_back(ReplyRun::of_file(owner, owner->get(), first, bytes));
  sends_file_ = true;
  reply_runs(head, std::move(runs));
}

void Connection::reply_runs(const ResponseHead& head, std::vector<ReplyRun> runs) {
  if (request_.method == Method::kHead) {
    reply(head, {});
    return;
  }
  // A short first text is sent with the head.
  std::string front;
  if (!runs.empty() && runs.front().fd < 0 && runs.front().bytes <= kSmallBody) {
    const ReplyRun& first = runs.front();
    front = first.text.substr(static_cast<std::size_t>(first.at),
                              static_cast<std::size_t>(first.bytes));
    runs.erase(runs.begin());
  }
  runs_ = std::move(runs);
  reply(head, std::move(front));
}

void Connection::reply_source(ResponseHead head, std::unique_ptr<ReplySource> source,
                              std::chrono::seconds longest) {
  if (request_.method != Method::kHead) {
    source_ = std::move(source);
    source_time_ = longest;
  }
  reply(head, {});
}

void Connection::source_ready() {
  if (!std::exchange(source_waits_, false)) return;
  write_out();
}

// Sends at most `budget` bytes of the source. kDone: it has ended.
IoStatus Connection::write_source(std::size_t budget) {
  using Kind = ReplySource::Piece::Kind;
  while (source_) {
    const std::uint64_t size = piece_.kind == Kind::kFile ? piece_.length : piece_.bytes.size();
    if (piece_sent_ >= size) {
      piece_ = source_->next();
      piece_sent_ = 0;
      if (piece_.kind == Kind::kBroken) return IoStatus::kError;
      if (piece_.kind == Kind::kEnd) source_.reset();
      if (piece_.kind == Kind::kWait) {
        source_waits_ = true;
        return IoStatus::kAgain;
      }
      continue;
    }
    if (budget == 0) return IoStatus::kAgain;
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(size - piece_sent_, budget));
    IoResult result;
    if (piece_.kind == Kind::kFile) {
      result = transport_->send_file(piece_.fd, piece_.offset + piece_sent_, want);
    } else {
      iovec part{piece_.bytes.data() + piece_sent_, want};
      result = transport_->write_v({&part, 1}, false);
    }
    if (result.status != IoStatus::kDone) return result.status;
    piece_sent_ += result.bytes;
    bytes_sent_ += result.bytes;
    budget -= std::min(budget, result.bytes);
  }
  return IoStatus::kDone;
}

// Waits until the socket can be written.  Progress renews the client's time, up to reply_until_.
void Connection::come_back(bool progress) {
  watch_.want(source_waits_ ? short{0} : short{EV_WRITE});
  if (deadline_.armed() && !progress) return;
  const std::chrono::nanoseconds most = owner_.settings_.read().client_timeout;
  const std::chrono::nanoseconds left = reply_until_ - owner_.loop().now();
  deadline_.after(std::chrono::duration_cast<std::chrono::microseconds>(std::min(most, left)));
}

// Writes the rest of the head and of the page, of the page at most `piece`.
IoResult Connection::write_page(std::size_t& piece) {
  std::array<iovec, 2> parts{};
  std::size_t count = 0;
  const auto add = [&](std::string_view bytes) {
    if (bytes.empty()) return;
    parts[count].iov_base = const_cast<char*>(bytes.data());
    parts[count++].iov_len = bytes.size();
  };
  const std::size_t head_sent = std::min(out_sent_, out_.size());
  add(std::string_view(out_).substr(head_sent));
  add(page_.bytes.substr(out_sent_ - head_sent, piece));
  if (count == 0) return {IoStatus::kAgain, 0};
  // The last bytes share a segment with the FIN.
  const bool ends = !keep_alive_ && !source_;
  const IoResult result = transport_->write_v({parts.data(), count}, !runs_.empty() || ends);
  if (result.status == IoStatus::kDone) piece -= std::min(piece, result.bytes);
  return result;
}

// Writes the rest of the present run, at most `piece`.
IoResult Connection::write_run(std::size_t piece) {
  ReplyRun& run = runs_[run_];
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(run.bytes, piece));
  if (want == 0) return {IoStatus::kAgain, 0};
  IoResult result;
  if (run.fd >= 0) {
    result = transport_->send_file(run.fd, run.at, want);
  } else {
    iovec part{};
    part.iov_base = run.text.data() + run.at;
    part.iov_len = want;
    result = transport_->write_v({&part, 1}, run_ + 1 < runs_.size());
  }
  if (result.status != IoStatus::kDone) return result;
  run.at += result.bytes;
  run.bytes -= result.bytes;
  return result;
}

// True: the answer continues later, or the connection has ended.
bool Connection::write_failed(IoStatus status, std::uint64_t before) {
  if (status == IoStatus::kDone) return false;
  if (status == IoStatus::kAgain)
    come_back(bytes_sent_ > before);
  else
    break_off();
  return true;
}

void Connection::write_out() {
  const std::uint64_t before = bytes_sent_;
  std::size_t page_piece = kPagePiece;
  while (out_sent_ < out_.size() + page_.bytes.size()) {
    const IoResult result = write_page(page_piece);
    if (write_failed(result.status, before)) return;
    out_sent_ += result.bytes;
    bytes_sent_ += result.bytes;
  }
  std::size_t piece = kFilePiece;
  while (run_ < runs_.size()) {
    if (runs_[run_].bytes == 0) {
      ++run_;
      continue;
    }
    const IoResult result = write_run(piece);
    if (write_failed(result.status, before)) return;
    bytes_sent_ += result.bytes;
    piece -= std::min(piece, result.bytes);
  }
  if (write_failed(write_source(kFilePiece), before)) return;
  if (write_failed(transport_->flush(), before)) return;
  reply_is_out();
}

void Connection::note_access() {
  AccessFacts facts;
  std::string& line = owner_.access_line_;
  line.clear();
  append_access_request(line, request_);
  facts.ip = ip_;
  facts.user = user;
  facts.shows_user = shows_user;
  facts.request = line;
  facts.status = status_;
  facts.bytes_sent = bytes_sent_;
  facts.referer = request_.headers.get("referer");
  facts.user_agent = request_.headers.get("user-agent");
  facts.seconds =
      std::chrono::duration_cast<std::chrono::seconds>(owner_.loop().now() - request_since_)
          .count();
  if (!is_probe) owner_.access_->add(facts, owner_.loop().clock().wall());
}

void Connection::reply_is_out() {
  note_access();
  context_.reset();
  reply_lines_.clear();
  out_.clear();
  page_ = {};
  runs_.clear();
  sends_file_ = false;
  if (!keep_alive_ || owner_.leaving_) {
    if (!nothing_more_comes()) {
      linger();
      return;
    }
    // The socket is closed in this turn, because the client waits for the end.
    end();
    transport_.reset();
    return;
  }
  head_whole_ = false;
  // libshout sends three requests on one connection before its stream.
  parser_ = RequestParser();
  form_.clear();
  bytes_sent_ = 0;
  asked_ms_ = 0;
  user.clear();
  shows_user = false;
  is_probe = false;
  enter(State::kHead);
  if (leftover_.empty()) return;
  // Each pipelined request gets a turn of its own: other connections are served in between, and the
  // stack does not grow.
  owner_.loop().post([&owner = owner_, id = id_] {
    if (Connection* waiting = owner.find(id)) waiting->next_request();
  });
}

bool Connection::send_now(std::string_view bytes) {
  iovec part{};
  part.iov_base = const_cast<char*>(bytes.data());
  part.iov_len = bytes.size();
  // The empty socket buffer takes a few bytes whole.
  const IoResult result = transport_->write_v({&part, 1}, false);
  if (result.status == IoStatus::kDone) bytes_sent_ += result.bytes;
  return result.status == IoStatus::kDone && result.bytes == bytes.size();
}

}  // namespace lb
