#include "cluster/master_watch.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kListDeadline = 30s;
constexpr unsigned kMissingLists = 2;

}  // namespace

// A stock slave sends no more than the first two lines; proxies in front of a master want the rest.
std::string stream_list_request(const MasterPlan& plan, std::string_view user_agent) {
  std::string agent(user_agent);
  std::erase_if(agent, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return "GET /admin/streamlist.txt HTTP/1.0\r\nAuthorization: Basic " +
         base64_encode(plan.username + ":" + plan.password) + "\r\nHost: " + plan.target.host +
         "\r\nUser-Agent: " + agent + "\r\n\r\n";
}

MasterWatch::MasterWatch(Connector& connector, Log& log, Rng& rng, MasterPlan plan, Doors doors)
    : connector_(connector),
      log_(log),
      rng_(rng),
      plan_(std::move(plan)),
      doors_(std::move(doors)),
      timer_(connector.loop(), [this] { ask(); }) {
  timer_.after(0us);
}

std::string MasterWatch::name() const {
  return "master " + plan_.target.host + ":" + std::to_string(plan_.target.port) + " ";
}

void MasterWatch::ask_soon() {
  if (client_) {
    again_ = true;
    return;
  }
  const auto since = connector_.loop().now() - asked_;
  timer_.after(std::max(0us, std::chrono::ceil<std::chrono::microseconds>(doors_.least_pause - since)));
}

void MasterWatch::ask() {
  if (client_) return;
  asked_ = connector_.loop().now();
  again_ = false;
  ClientRequest request;
  request.target = plan_.target;
  request.head = stream_list_request(plan_, doors_.user_agent());
  client_ = std::make_unique<BodyClient>(connector_, std::move(request), StreamList::kMostBytes, kListDeadline,
                                         [this](Result<FetchedBody> answer) {
                                           const auto done = std::move(client_);  // is under our feet
                                           on_answer(std::move(answer));
                                         });
}

void MasterWatch::on_answer(Result<FetchedBody> answer) {
  std::string why;
  if (!answer) {
    why = answer.error().what;
  } else if (answer->response.status != 200) {
    why = "answered " + std::to_string(answer->response.status) + " " + answer->response.reason.substr(0, 60);
  } else if (auto list = parse_stream_list(answer->body); !list) {
    why = "sent " + list.error().what;
  } else {
    take(*list, answer->complete && !list->cut_off && !list->too_many);
  }
  if (!why.empty()) log_.warn("slave/master", name() + why + "; its " + std::to_string(known_.size()) + " streams stay");
  ask_later(why.empty());
}

void MasterWatch::ask_later(bool worked) {
  delay_ = worked ? 0ms : std::max(doors_.least_pause, delay_ * 2);
  const auto most = std::max<std::chrono::milliseconds>(doors_.least_pause, std::min(plan_.retry_max, plan_.interval));
  std::chrono::milliseconds wait = worked ? plan_.interval : std::min(delay_, most);
  delay_ = std::min(delay_, most);
  if (again_) wait = doors_.least_pause;
  again_ = false;
  // Slaves that were started together shall not ask together for ever.
  timer_.after(std::chrono::duration_cast<std::chrono::microseconds>(wait * (0.95 + rng_.unit() / 10)));
}

void MasterWatch::take(const StreamList& list, bool complete) {
  if (complete)
    for (auto& [mount, known] : known_) ++known.missing;
  std::size_t added = 0;
  bool moved = false;
  for (const ListedStream& stream : list.streams) {
    if (known_.size() >= StreamList::kMostMounts && !known_.contains(stream.mount)) continue;
    const auto [at, fresh] = known_.try_emplace(stream.mount, Known{stream, 0});
    added += fresh ? 1 : 0;
    moved = moved || !(at->second.stream == stream);
    at->second = Known{stream, 0};
  }
  if (list.passed_over > 0 || list.too_many || !complete)
    log_.warn("slave/master", name() + "sent a list" + (complete ? "" : " that is not complete") + " with " +
                                  std::to_string(list.streams.size()) + " streams and " +
                                  std::to_string(list.passed_over) + " lines that name none");
  const bool forgot = forget_missing();
  if (added > 0) log_.info("slave/master", name() + "has " + std::to_string(added) + " new streams");
  if (added > 0 || moved || forgot) doors_.changed();
}

bool MasterWatch::forget_missing() {
  const std::size_t before = known_.size();
  std::erase_if(known_, [this](const auto& row) {
    if (row.second.missing == 0) return false;
    const Flow flow = doors_.flow_of(row.first);
    return flow == Flow::kEnded || (flow == Flow::kNever && row.second.missing >= kMissingLists);
  });
  const std::size_t gone = before - known_.size();
  if (gone > 0) log_.info("slave/master", name() + "has " + std::to_string(gone) + " streams no more");
  return gone > 0;
}

void MasterWatch::stream_ended() {
  if (forget_missing()) doors_.changed();
}

std::vector<std::pair<std::string, Upstream>> MasterWatch::streams() const {
  std::vector<std::pair<std::string, Upstream>> out;
  out.reserve(known_.size());
  for (const auto& [mount, known] : known_) {
    Upstream upstream;
    upstream.target = plan_.target;
    upstream.mount = mount;
    if (!known.stream.host.empty()) {
      upstream.target.host = known.stream.host;
      upstream.target.port = known.stream.port;
      upstream.target.tls = known.stream.tls;
    } else if (plan_.relay_auth) {
      upstream.username = plan_.username;
      upstream.password = plan_.password;
    }
    out.emplace_back(mount, std::move(upstream));
  }
  return out;
}

}  // namespace lb
