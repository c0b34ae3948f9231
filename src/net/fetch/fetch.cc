#include "net/fetch/fetch.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "net/fetch/curl_loop.h"
#include "net/fetch/fetch_turns.h"

namespace lb {
namespace {

// The bytes kept of an answer's head; a backend that sends more is broken.
constexpr std::size_t kHeadBytes = 64 * 1024;
// How often logins are ended that wait for too long.
constexpr auto kExpiryPause = std::chrono::seconds(1);

}  // namespace

struct Fetcher::Engine {
  struct Transfer {
    std::uint64_t id = 0;
    std::string server;
    SteadyTime since{};
    FetchRequest request;
    Done done;
    CurlList headers;
    CurlEasy easy;
    FetchAnswer answer;
    std::size_t head_bytes = 0;
    bool enough = false;  // the fetcher has ended the transfer
    char detail[CURL_ERROR_SIZE] = {};
  };

  Engine(Loop& loop_given, Limits limits_given)
      : loop(loop_given),
        limits(limits_given),
        turns({limits.in_flight, limits.of_server}),
        curl(loop, [this](CURL* easy, CURLcode code) { on_done(easy, code); }) {}
  ~Engine() {
    for (auto& [easy, transfer] : running) curl.remove(easy);
    running.clear();
  }

  static void note_server(Transfer& transfer) {
    const char* ip = nullptr;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_PRIMARY_IP, &ip);
    const auto address = Address::parse(ip == nullptr ? "" : ip, 0);
    transfer.request.named_by = address ? reach_of(*address) : Reach::kPublic;
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t n, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::string_view line(bytes, n);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // a head after a redirect or a 100
      transfer.answer.headers.clear();
      if (transfer.request.is_foreign && !transfer.request.named_by) note_server(transfer);
      return n;
    }
    transfer.head_bytes += n;
    if (transfer.head_bytes > kHeadBytes) return 0;
    if (!line.empty()) transfer.answer.headers.emplace_back(line);
    return n;
  }
  static std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::string& body = transfer.answer.body;
    const std::size_t room = transfer.request.body_bytes - body.size();
    body.append(bytes, std::min(n, room));
    if (n <= room) return n;
    transfer.enough = true;
    return 0;
  }

  static Result<void> prepare(Transfer& transfer) {
    transfer.easy.reset(curl_easy_init());
    CURL* easy = transfer.easy.get();
    if (easy == nullptr) return Error::io("libcurl has no memory for another request");
    if (auto ready = prepare_curl(easy, transfer.request, transfer.headers, transfer.detail);
        !ready)
      return ready;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(transfer.request.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Engine::on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Engine::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    return {};
  }

  void begin(std::unique_ptr<Transfer> transfer) {
    if (auto ready = prepare(*transfer); !ready) {
      turns.leave(transfer->server, FetchTurns::End::kUnknown);
      return fail(std::move(transfer), ready.error());
    }
    CURL* easy = transfer->easy.get();
    running[easy] = std::move(transfer);
    curl.add(easy);
  }
  Count& count_of(const Transfer& transfer) {
    return counts[static_cast<std::size_t>(transfer.request.purpose)];
  }
  // start() never calls back at once.
  void fail(std::unique_ptr<Transfer> transfer, Error error) {
    failed.emplace_back(std::move(transfer), std::move(error));
    if (failed.size() == 1) fail_timer.after(std::chrono::microseconds(0));
  }
  void report_failed() {
    auto now = std::move(failed);
    failed.clear();
    for (const auto& [transfer, error] : now) ++count_of(*transfer).failed;
    for (auto& [transfer, error] : now) transfer->done(std::move(error));
  }

  void on_done(CURL* easy, CURLcode code) {
    const auto at = running.find(easy);
    const std::unique_ptr<Transfer> transfer = std::move(at->second);
    running.erase(at);
    const bool answered = code == CURLE_OK || transfer->enough;
    turns.leave(transfer->server, answered ? FetchTurns::End::kAnswered : FetchTurns::End::kFailed);
    next();
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->answer.status = static_cast<int>(status);
    Count& count = count_of(*transfer);
    ++(answered ? count.answered : count.failed);
    if (answered)
      transfer->done(std::move(transfer->answer));
    else
      transfer->done(curl_error(code, transfer->request, transfer->detail));
  }
  void next() {
    while (const auto id = turns.next()) begin(std::move(waiting.extract(*id).mapped()));
    if (!waiting.empty() && !expiry_timer.armed()) expiry_timer.after(kExpiryPause);
  }
  std::unique_ptr<Transfer> withdraw(std::uint64_t id) {
    auto transfer = std::move(waiting.extract(id).mapped());
    turns.withdraw(transfer->server, id);
    return transfer;
  }
  // Its listener or source has been waiting, and more of them come than the server answers.
  void expire_logins() {
    std::vector<std::uint64_t> expired;
    for (const auto& [id, transfer] : waiting)
      if (transfer->request.purpose == FetchPurpose::kLogin &&
          loop.now() - transfer->since >= transfer->request.timeout)
        expired.push_back(id);
    for (const std::uint64_t id : expired) {
      auto transfer = withdraw(id);
      Error error = Error::timeout(
          cat({shown_url(transfer->request.url), ": busy, a request waited ",
               transfer->request.timeout.count() / 1000, " s behind others and was not sent"}));
      fail(std::move(transfer), std::move(error));
    }
    next();
  }

  void drop(std::uint64_t id) {
    for (auto at = running.begin(); at != running.end(); ++at) {
      if (at->second->id != id) continue;
      const std::unique_ptr<Transfer> transfer = std::move(at->second);
      running.erase(at);
      curl.remove(transfer->easy.get());
      turns.leave(transfer->server, FetchTurns::End::kUnknown);
      next();
      return;
    }
    if (waiting.contains(id)) withdraw(id);
    std::erase_if(failed, [id](const auto& row) { return row.first->id == id; });
  }

  Loop& loop;
  const Limits limits;
  FetchTurns turns;
  CurlLoop curl;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> running;
  std::map<std::uint64_t, std::unique_ptr<Transfer>> waiting;
  std::vector<std::pair<std::unique_ptr<Transfer>, Error>> failed;
  std::uint64_t next_id = 1;
  std::array<Count, kFetchPurposeNames.size()> counts;
  Timer fail_timer{loop, [this] { report_failed(); }};
  Timer expiry_timer{loop, [this] { expire_logins(); }};
};

Fetcher::Fetcher(Loop& loop, Limits limits) : engine_(std::make_unique<Engine>(loop, limits)) {}

Fetcher::~Fetcher() = default;

std::uint64_t Fetcher::start(FetchRequest request, Done done) {
  engine_->loop.assert_here();
  auto transfer = std::make_unique<Engine::Transfer>();
  transfer->id = engine_->next_id++;
  const std::uint64_t id = transfer->id;
  const bool fetchable = is_fetchable(request.url);
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  if (!fetchable) {
    Error error = Error::invalid(
        cat({"\"", shown_url(transfer->request.url), "\" is not an http or https address"}));
    engine_->fail(std::move(transfer), std::move(error));
    return id;
  }
  const std::string server = server_of_url(transfer->request.url);
  transfer->server = server;
  transfer->since = engine_->loop.now();
  engine_->turns.wait(server, id);
  engine_->waiting[id] = std::move(transfer);
  engine_->next();
  if (!engine_->waiting.contains(id)) return id;
  const std::size_t most = engine_->limits.waiting, own = engine_->turns.waiting(server);
  if (engine_->waiting.size() > most || own > (most + 1) / 2) {
    transfer = engine_->withdraw(id);
    Error error = Error::limit(
        cat({shown_url(transfer->request.url), ": ", own - 1, " requests to its server and ",
             engine_->waiting.size() - (own - 1), " others wait already, this one was not sent"}));
    engine_->fail(std::move(transfer), std::move(error));
  }
  return id;
}

void Fetcher::cancel(std::uint64_t id) { engine_->drop(id); }

std::size_t Fetcher::in_flight() const noexcept { return engine_->running.size(); }

std::size_t Fetcher::waiting() const noexcept { return engine_->waiting.size(); }

Fetcher::Count Fetcher::counted(FetchPurpose purpose) const noexcept {
  return engine_->counts[static_cast<std::size_t>(purpose)];
}

std::string shown_url(std::string_view url) {
  std::string shown(url.substr(0, url.find_first_of("?#")));
  const std::size_t scheme = shown.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(shown.find('/', host), shown.size());
  // The login ends at the last @ before the path: an unencoded password may hold one.
  const std::size_t login = shown.rfind('@', end);
  if (login != std::string::npos && login >= host && login < end)
    shown.erase(host, login + 1 - host);
  return shown;
}

std::string_view FetchAnswer::header(std::string_view name) const noexcept {
  for (const std::string_view line : headers)
    if (line.size() > name.size() && line[name.size()] == ':' && istarts_with(line, name))
      return trim(line.substr(name.size() + 1));
  return {};
}

bool is_fetchable(std::string_view url) {
  if (!istarts_with(url, "http://") && !istarts_with(url, "https://")) return false;
  return std::all_of(url.begin(), url.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7f;
  });
}

}  // namespace lb
